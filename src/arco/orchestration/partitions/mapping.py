"""Which upstream partitions a partition is made from.

The law: mapping a set gives the union of mapping its keys, and only partitions that exist. Must
not know assets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import msgspec


class IdentityMapping(
    msgspec.Struct, frozen=True, omit_defaults=True, tag_field="kind", tag="identity"
):
    """The upstream partition with the same key."""


class AllMapping(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="kind", tag="all"):
    """Every upstream partition."""


class LastMapping(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="kind", tag="last"):
    """The latest upstream window, or the last listed value; shared dimensions stay fixed."""


class TimeWindowMapping(
    msgspec.Struct, frozen=True, omit_defaults=True, tag_field="kind", tag="time_window"
):
    """The upstream windows that overlap the window, its ends moved by so many upstream windows.

    `TimeWindowMapping(start_offset=-6)` on daily partitions: the day and the six before it.
    """

    start_offset: int = 0
    end_offset: int = 0


class StaticMapping(
    msgspec.Struct, frozen=True, omit_defaults=True, tag_field="kind", tag="static"
):
    """A table from partition to upstream partitions, each as `arco run --partition` takes it."""

    table: Mapping[str, Sequence[str]]

    def __post_init__(self) -> None:
        for key, selectors in self.table.items():
            if isinstance(selectors, str):
                raise TypeError(
                    f"table[{key!r}] is a list of strings, not the string {selectors!r}"
                )
        table = {key: tuple(selectors) for key, selectors in self.table.items()}
        msgspec.structs.force_setattr(self, "table", table)


PartitionMapping: TypeAlias = (
    IdentityMapping | AllMapping | LastMapping | TimeWindowMapping | StaticMapping
)

__all__ = [
    "AllMapping",
    "IdentityMapping",
    "LastMapping",
    "PartitionMapping",
    "StaticMapping",
    "TimeWindowMapping",
]
