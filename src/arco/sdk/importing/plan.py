"""The graph that an import would make: assets, checks, schedules, and what has no counterpart.

Values only. Must not know where they come from.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Literal, TypeAlias

import msgspec

from arco.orchestration.definitions import SourceLine

Tool: TypeAlias = Literal["dbt", "dagster", "airflow"]
PlannedKind: TypeAlias = Literal["sql", "python", "seed", "external"]


class PlannedCheck(msgspec.Struct, frozen=True, kw_only=True):
    """A test that would become a check."""

    name: str
    what: str = ""
    """What it tests, such as `not_null(id)`."""
    blocking: bool = True
    outcome: str = ""
    """What it came to when it last ran there; empty: nobody knows."""


class PlannedAsset(msgspec.Struct, frozen=True, kw_only=True):
    """Something that would become an asset."""

    key: str
    """`namespace.name`, as it would be called here."""
    kind: PlannedKind
    """What would make it; external: something else does."""
    origin: str
    """What it is called there."""
    upstreams: tuple[str, ...] = ()
    """The keys of what it is made from."""
    checks: tuple[PlannedCheck, ...] = ()
    description: str = ""
    group: str = ""
    source: SourceLine = SourceLine("", 0)
    outcome: str = ""
    """What its newest run there came to; empty: nobody knows."""


class PlannedSchedule(msgspec.Struct, frozen=True, kw_only=True):
    """Something that would become a schedule."""

    name: str
    cron: str
    timezone: str = "UTC"
    selection: tuple[str, ...] = ()
    """The keys of what it would run; empty: every asset."""


class ImportPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What an import would make."""

    tool: Tool
    assets: tuple[PlannedAsset, ...] = ()
    """Sorted by key."""
    schedules: tuple[PlannedSchedule, ...] = ()
    """Sorted by name."""
    notes: tuple[str, ...] = ()
    """What has no counterpart or cannot be read without running it, a sentence each."""


def key_of(*parts: str) -> str:
    """An asset key of these names: lower case, and what no name may hold as an underscore.

    >>> key_of("Raw Data", "2024-orders")
    'raw_data.n2024_orders'
    """
    words = [re.sub(r"[^a-z0-9_]+", "_", part.lower()).strip("_") or "x" for part in parts]
    return ".".join(word if word[0].isalpha() else f"n{word}" for word in words)


def collisions(assets: Iterable[PlannedAsset]) -> Iterator[str]:
    """A sentence for each key that two things there would share."""
    seen: dict[str, str] = {}
    for each in assets:
        if each.key in seen:
            yield f"{seen[each.key]} and {each.origin} would both be {each.key}: rename one"
        seen.setdefault(each.key, each.origin)


__all__ = [
    "ImportPlan",
    "PlannedAsset",
    "PlannedCheck",
    "PlannedKind",
    "PlannedSchedule",
    "Tool",
    "collisions",
    "key_of",
]
