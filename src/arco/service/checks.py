"""How checks stand: of each check on each partition the newest result.

Reads state, changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from typing import Any

import msgspec

from arco.model import Key, State
from arco.orchestration.partitions import display
from arco.orchestration.rows import Check
from arco.orchestration.tables import CHECKS

BEHIND_RUN_IDS = "~"
"""Sorts behind every run id."""


class CheckLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The newest result of one check on one partition."""

    asset: str
    partition: str
    """As people say it; empty: the asset is one whole."""
    partition_key: str = ""
    name: str
    passed: bool
    blocking: bool
    """Whether data that does not pass is kept from being published."""
    checked_at: datetime
    run_id: str
    message: str = ""
    metadata: dict[str, Any] = {}
    results: int
    """How many results there are of it."""


def check_lines(state: State, *, asset: str = "", after: Key | None = None) -> Iterator[CheckLine]:
    """The newest results by asset, partition and name, behind the line with this key.

    Cost: the results of the asset, of all without one.
    """
    behind = (*after, BEHIND_RUN_IDS) if after else None
    rows = state.range(CHECKS, *((asset,) if asset else ()), after=behind)
    for _, results in groupby(rows, key=lambda row: (row.asset, row.partition_key, row.name)):
        yield _line(list(results))


def _line(results: list[Check]) -> CheckLine:
    newest = max(results, key=lambda row: row.checked_at)
    return CheckLine(
        asset=newest.asset,
        partition=display(newest.partition_key) if newest.partition_key else "",
        partition_key=newest.partition_key,
        name=newest.name,
        passed=newest.passed,
        blocking=newest.blocking,
        checked_at=newest.checked_at,
        run_id=newest.run_id,
        message=newest.message,
        metadata=newest.metadata,
        results=len(results),
    )


__all__ = ["CheckLine", "check_lines"]
