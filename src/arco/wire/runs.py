"""Runs as requests and answers name them: one declaration for the server and its clients."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from arco.orchestration.commands.reruns import RerunWhich
from arco.orchestration.definitions import Unchanged, Which
from arco.service.summaries import RunSummary
from arco.wire.run_limits import Priority

# What a person says is kept in the log for ever: it is a line, not a file.
Text = Annotated[str, msgspec.Meta(max_length=4096)]
TERMS_MAX = 1000
SETTINGS_MAX = 100


class RunList(msgspec.Struct, frozen=True, omit_defaults=True):
    """Runs, newest first."""

    runs: list[RunSummary]
    next_cursor: str = ""
    """Where the next page starts, as `cursor`; absent on the last page."""


class TriggerRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to run. Empty: every asset that is missing or stale."""

    selection: Annotated[tuple[Text, ...], msgspec.Meta(max_length=TERMS_MAX)] = ()
    """Terms of the selection language, such as `raw.flights+`; none: every asset."""
    partition: Text = ""
    """`2013-05`, `month=2013-01..2013-06`; what is named runs, fresh or not."""
    which: Which = "stale"
    run_key: Text = ""
    """The same key with the same request is answered by the same run."""
    priority: Priority = 0
    """Where runs have to wait, higher goes first."""
    unchanged: Unchanged = "skip"
    """What becomes of tasks of memoized assets that would come out as they did."""
    settings: Annotated[dict[str, dict[str, Any]], msgspec.Meta(max_length=SETTINGS_MAX)] = {}
    """Name of the settings -> field -> value that holds for this run alone; never a secret."""


class Triggered(msgspec.Struct, frozen=True, omit_defaults=True):
    """The run that answers the request, or `fresh`: nothing had to run."""

    run_id: str = ""
    fresh: bool = False


class RerunRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What of an earlier run is run again. Empty: all of it."""

    which: RerunWhich = "all"
    """`unsuccessful`: what did not succeed; results that would come out the same are taken over."""
    only: Annotated[tuple[Text, ...], msgspec.Meta(max_length=TERMS_MAX)] = ()
    """Terms of the selection language, or tasks such as `mart.totals[2024-01]`; none: no limit."""
    run_key: Text = ""
    """The same key with the same request is answered by the same run."""


class CancelRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a run is stopped."""

    reason: Text = ""


__all__ = [
    "SETTINGS_MAX",
    "TERMS_MAX",
    "CancelRequest",
    "RerunRequest",
    "RunList",
    "Text",
    "TriggerRequest",
    "Triggered",
]
