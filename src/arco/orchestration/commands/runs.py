"""Commands about runs: trigger, cancel, and what every trigger has in common.

A command returns a decision; deciding twice is harmless. Must not know dispatching.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

import msgspec

from arco.canonical import canonical_json
from arco.errors import Conflict, Invalid, NotFound
from arco.ids import sha256
from arco.model import Decision, Event, State
from arco.orchestration.choosing import Chosen, choose_partitions
from arco.orchestration.definitions import Unchanged, Which
from arco.orchestration.events import (
    RunCancelRequested,
    RunKeyConflicted,
    RunPrioritized,
    RunTriggered,
)
from arco.orchestration.events_of_runs import RunTriggeredV2
from arco.orchestration.plan import plan_run
from arco.orchestration.rows import PlannedTask, Run
from arco.orchestration.run_limits import check_priority
from arco.orchestration.run_settings import Settings, accepted_settings, encoded
from arco.orchestration.selection import select_assets
from arco.orchestration.settling import is_running
from arco.orchestration.states import PublicationState, RunState
from arco.orchestration.tables import PINS, RUN_KEY_CONFLICTS, RUN_KEYS, RUNS
from arco.orchestration.views import AssetView, asset_view

RUN_KEY_BYTES_MAX = 256


class TriggerRun(msgspec.Struct, frozen=True, kw_only=True):
    """Run these assets: a named partition, or `which` of all their partitions."""

    run_id: str
    tenant: str
    workspace: str
    selection: tuple[str, ...] = ()
    """Terms of the selection language; none: every asset."""
    partition: str = ""
    """What `--partition` takes: `2013-05`, `month=2013-01..2013-06`, a canonical key."""
    which: Which = "stale"
    run_key: str = ""
    actor: str = ""
    priority: int = 0
    """Higher goes first where runs have to wait."""
    unchanged: Unchanged = "skip"
    """What becomes of tasks of memoized assets that would come out as they did."""
    settings: Settings = {}
    """What holds for this run in place of what the project gives; text is read as its field is."""


class CancelRun(msgspec.Struct, frozen=True, kw_only=True):
    """Stop a run."""

    run_id: str
    actor: str = ""
    reason: str = ""


class KeyUse(msgspec.Struct, frozen=True):
    """What is asked for under a run key."""

    run_id: str
    """The run that would answer, were the key fresh."""
    run_key: str
    fingerprint: str
    actor: str


def trigger_run(command: TriggerRun) -> Decision:
    """RunTriggered, or RunKeyConflicted when the run key stands for another request.

    Nothing when everything is fresh or the run key's first run answers; the caller reads the
    answer with `triggered_run`.

    Idempotent: by `run_id` and by `run_key`.
    Raises: NotFound ASSET_UNKNOWN, SELECTION_EMPTY; Invalid PARTITION_UNKNOWN,
    PLAN_TOO_LARGE, RUN_KEY_INVALID, PRIORITY_INVALID, SETTING_UNKNOWN, SETTING_INVALID,
    SETTING_SECRET, SETTINGS_TOO_LARGE.
    """
    return partial(_trigger, command=command)


def triggered_run(state: State, command: TriggerRun) -> str | None:
    """The run that answers the trigger once its decision is folded; None: everything was fresh.

    Raises: Conflict RUN_KEY_CONFLICT with both fingerprints.
    """
    return answering_run(state, key_use(command))


def answering_run(state: State, use: KeyUse) -> str | None:
    """The run that answers what was asked; None: there is none.

    Raises: Conflict RUN_KEY_CONFLICT with both fingerprints.
    """
    owner = state.get(RUN_KEYS, use.run_key) if use.run_key else None
    if owner is None:
        return use.run_id if state.get(RUNS, use.run_id) is not None else None
    if owner.fingerprint != use.fingerprint:
        raise Conflict(
            "RUN_KEY_CONFLICT",
            f"Run key {use.run_key!r} stands for another request: run {owner.run_id}.",
            hint="Use a new run key, or repeat the first request exactly.",
            run_id=owner.run_id,
            fingerprint=owner.fingerprint,
            requested_fingerprint=use.fingerprint,
        )
    return owner.run_id


def answered(state: State, now: datetime, *, use: KeyUse) -> Sequence[Event] | None:
    """What is left to decide when a run answers already; None: a run has to be triggered.

    Raises: Invalid RUN_KEY_INVALID.
    """
    if len(use.run_key.encode()) > RUN_KEY_BYTES_MAX:
        message = f"A run key has at most {RUN_KEY_BYTES_MAX} bytes."
        raise Invalid("RUN_KEY_INVALID", message, hint="Hash the long part.")
    if state.get(RUNS, use.run_id) is not None:
        return ()
    owner = state.get(RUN_KEYS, use.run_key) if use.run_key else None
    if owner is None:
        return None
    known = state.get(RUN_KEY_CONFLICTS, use.run_key, use.fingerprint)
    if owner.fingerprint == use.fingerprint or known is not None:
        return ()
    conflicted = RunKeyConflicted(
        run_key=use.run_key, request=use.fingerprint, conflicted_at=now, actor=use.actor
    )
    return (Event(conflicted, use.actor),)


def cancel_run(command: CancelRun) -> Decision:
    """RunCancelRequested; nothing when it was requested or done before.

    Raises: NotFound RUN_UNKNOWN; Conflict RUN_ENDED, RUN_PUBLISHING.
    """
    return partial(_cancel, command=command)


def request_fingerprint(command: TriggerRun) -> str:
    """What makes two triggers with one run key the same request."""
    request: dict[str, Any] = {
        "selection": sorted(command.selection),
        "partition": command.partition,
        "which": command.which,
    }
    if command.unchanged != "skip":
        request["unchanged"] = command.unchanged
    if command.settings:
        request["settings"] = encoded(command.settings).decode()
    return "sha256:" + sha256(canonical_json(request))


def key_use(command: TriggerRun) -> KeyUse:
    """What the trigger asks for under its run key."""
    return KeyUse(command.run_id, command.run_key, request_fingerprint(command), command.actor)


def pins_of(view: AssetView, chosen: Chosen) -> dict[str, int]:
    """The published versions that a run of these may read, merge into or leave as they are, fixed
    at this slot.
    """
    definitions = [view.definitions[key] for key in chosen]
    upstream = {each.upstream for asset in definitions for each in asset.dependencies}
    own = {asset.key for asset in definitions if asset.write_mode == "merge" or asset.memoize}
    pins = ((key, view.state.get(PINS, key)) for key in sorted(upstream | own))
    return {key: pin.version for key, pin in pins if pin is not None}


def _trigger(state: State, now: datetime, *, command: TriggerRun) -> Sequence[Event]:
    before = answered(state, now, use=key_use(command))
    if before is not None:
        return before
    view = asset_view(state, now)
    assets = select_assets(view.definitions, command.selection)
    settings = accepted_settings((view.definitions[key] for key in assets), command.settings)
    view = msgspec.structs.replace(view, settings=settings)
    chosen = choose_partitions(view, assets, partition=command.partition, which=command.which)
    if not chosen:
        return ()
    event = triggered(view, chosen, command=command)
    return (event, *prioritized(command.run_id, command.priority, now=now, actor=command.actor))


def prioritized(run_id: str, priority: int, *, now: datetime, actor: str) -> Sequence[Event]:
    """What is said of a run's priority when it is triggered. Raises: Invalid PRIORITY_INVALID."""
    check_priority(priority)
    if not priority:
        return ()
    said = RunPrioritized(
        run_id=run_id, priority=priority, version=1, prioritized_at=now, actor=actor
    )
    return (Event(said, actor),)


def triggered(view: AssetView, chosen: Chosen, *, command: TriggerRun) -> Event:
    """RunTriggered of exactly these partitions. Raises: Invalid PLAN_TOO_LARGE."""
    plan = plan_run(
        view.definitions,
        chosen,
        at=view.at,
        tenant=command.tenant,
        workspace=command.workspace,
    )
    event = RunTriggered(
        run_id=command.run_id,
        tasks=plan.tasks,
        fingerprint=plan.fingerprint,
        triggered_at=view.at.now,
        pins=pins_of(view, chosen),
        selection=command.selection,
        partition=command.partition,
        run_key=command.run_key,
        request=request_fingerprint(command) if command.run_key else "",
        actor=command.actor,
    )
    memoized = memoizable(view, plan.tasks) if command.unchanged == "skip" else ()
    return Event(with_more(event, settings=view.settings, memoized=memoized), command.actor)


def memoizable(view: AssetView, tasks: Sequence[PlannedTask]) -> tuple[int, ...]:
    """The tasks whose assets ask to be left out when they would come out as they did."""
    return tuple(place for place, task in enumerate(tasks) if view.definitions[task.asset].memoize)


def with_more(
    event: RunTriggered, *, settings: Settings, memoized: tuple[int, ...]
) -> RunTriggered:
    """The event, which says what holds for its run alone and may be left out, if anything."""
    if not settings and not memoized:
        return event
    own = {name: dict(fields) for name, fields in settings.items()}
    return RunTriggeredV2(**msgspec.structs.asdict(event), settings=own, memoized=memoized)


def _cancel(state: State, now: datetime, *, command: CancelRun) -> Sequence[Event]:
    run = known_run(state, command.run_id)
    if run.cancel_requested or run.state is RunState.CANCELLED:
        return ()
    if not is_running(run):
        raise Conflict(
            "RUN_ENDED",
            f"Run {run.run_id} already ended: {run.state}.",
            hint="There is nothing left to cancel.",
        )
    if run.publication is PublicationState.STARTED:
        raise Conflict(
            "RUN_PUBLISHING",
            f"Run {run.run_id} is being published; from there it only goes forward.",
            hint="It ends within moments; earlier versions of its tables stay readable.",
        )
    requested = RunCancelRequested(
        run_id=run.run_id, requested_at=now, actor=command.actor, reason=command.reason
    )
    return (Event(requested, command.actor),)


def known_run(state: State, run_id: str) -> Run:
    """The run.

    Raises: NotFound RUN_UNKNOWN.
    """
    run = state.get(RUNS, run_id)
    if run is None:
        hint = "`arco status` lists the newest runs."
        raise NotFound("RUN_UNKNOWN", f"There is no run {run_id!r}.", hint=hint)
    return run


__all__ = [
    "RUN_KEY_BYTES_MAX",
    "CancelRun",
    "KeyUse",
    "TriggerRun",
    "answered",
    "answering_run",
    "cancel_run",
    "key_use",
    "known_run",
    "memoizable",
    "pins_of",
    "prioritized",
    "request_fingerprint",
    "trigger_run",
    "triggered",
    "triggered_run",
    "with_more",
]
