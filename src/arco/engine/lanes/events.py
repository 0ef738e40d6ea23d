"""The fold commit: which lane ranges were consumed, and the rows that came of it, in one event.

Input positions and output are one commit, so a fold happens wholly or not at all, and once: its
number must follow the last one's. Must not know what any fact means.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from arco.engine.lanes.laid import Laid
from arco.engine.lanes.tables import (
    FACTS,
    FOLDINGS,
    LANES,
    OPEN_LANES,
    Folding,
    Lane,
    OpenLane,
)
from arco.model import Change, Drop, Key, Payload, Put, Row, State, Table, field_types

NO_ROWS = msgspec.Raw(b"[]")
NO_TABLES: Mapping[str, Table[Any]] = {}
_ENCODE = msgspec.json.Encoder(order="sorted").encode
_DECODERS: dict[Table[Any], msgspec.json.Decoder[Any]] = {}


class LaneOpened(msgspec.Struct, frozen=True):
    """A registration that was read from the roster."""

    lane: str
    writer: str
    opened_at: datetime


class LaneRange(msgspec.Struct, frozen=True, omit_defaults=True):
    """The slots `[first, next)` of one lane; `sealed`: its seal is the last of them."""

    lane: str
    first: int
    next: int
    sealed: bool = False


class TableChanges(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of one table's rows: those that stand now, and keys under which none does."""

    table: str
    puts: msgspec.Raw = NO_ROWS
    """Rows that stand now, in key order: a JSON array, read as a whole."""
    drops: tuple[tuple[Any, ...], ...] = ()


class FactsFolded(Payload, frozen=True):
    """Facts became rows: what was read, and every row that differs."""

    number: int
    roster_next: int
    folded_at: datetime
    opened: tuple[LaneOpened, ...] = ()
    ranges: tuple[LaneRange, ...] = ()
    retried: tuple[tuple[str, int, int], ...] = ()
    """Quarantined facts (lane, slot, position) that were tried again."""
    changes: tuple[TableChanges, ...] = ()
    facts: int = 0
    duplicates: int = 0


class FactsFoldedV2(FactsFolded, frozen=True):
    """Facts became rows, and the keys and numbers among them are remembered by the hour."""

    VERSION = 2


def facts_folded(
    state: State, event: FactsFolded, *, tables: Mapping[str, Table[Any]] = NO_TABLES
) -> Iterator[Change]:
    """The rows of the fold and the new watermarks, if it follows the last fold."""
    before = state.get(FOLDINGS, FACTS)
    if event.number != (before.number if before else 0) + 1:
        return
    yield Put(
        FOLDINGS,
        Folding(
            name=FACTS,
            number=event.number,
            roster_next=event.roster_next,
            facts=(before.facts if before else 0) + event.facts,
            duplicates=(before.duplicates if before else 0) + event.duplicates,
            folded_at=event.folded_at,
        ),
    )
    yield from _moved(state, event)
    for changes in event.changes:
        yield from _decoded(tables[changes.table], changes)


def _moved(state: State, event: FactsFolded) -> Iterator[Change]:
    """The lanes as they stand after the fold."""
    moved = {item.lane: item for item in event.ranges}
    opened = {item.lane: item for item in event.opened}
    for name in [*opened, *(lane for lane in moved if lane not in opened)]:
        read = moved.get(name)
        lane = state.get(LANES, name) or (_fresh(opened[name]) if name in opened else None)
        if lane is None or lane.is_sealed:
            continue
        if read is not None:
            lane = msgspec.structs.replace(lane, next_slot=read.next, is_sealed=read.sealed)
        yield Put(LANES, lane)
        if lane.is_sealed:
            yield Drop(OPEN_LANES, (name,))
        else:
            yield Put(OPEN_LANES, OpenLane(name))


def _fresh(opened: LaneOpened) -> Lane:
    return Lane(
        lane=opened.lane,
        next_slot=0,
        is_sealed=False,
        writer=opened.writer,
        opened_at=opened.opened_at,
    )


def encode_changes(tables: Mapping[str, Laid]) -> tuple[TableChanges, ...]:
    """The last word on every key, by table; tables and keys sorted: same fold, same bytes."""
    return tuple(_encoded(name, tables[name]) for name in sorted(tables) if tables[name])


def _encoded(name: str, laid: Laid) -> TableChanges:
    ordered: Sequence[Key] = sorted(laid)
    rows = [row for row in map(laid.__getitem__, ordered) if row is not None]
    drops = tuple(key for key in ordered if laid[key] is None) if len(rows) < len(laid) else ()
    return TableChanges(name, msgspec.Raw(_ENCODE(rows)) if rows else NO_ROWS, drops)


def rows_of(table: Table[Row], changes: TableChanges) -> Sequence[Row]:
    """The rows that stand now."""
    if changes.puts is NO_ROWS:
        return ()
    decoder = _DECODERS.get(table)
    if decoder is None:
        kind: Any = list[table.row]  # type: ignore[name-defined]
        decoder = _DECODERS[table] = msgspec.json.Decoder(kind)
    found: Sequence[Row] = decoder.decode(changes.puts)
    return found


def _decoded(table: Table[Any], changes: TableChanges) -> Iterator[Change]:
    for row in rows_of(table, changes):
        yield Put(table, row)
    types = field_types(table.row)
    for key in changes.drops:
        parts = (
            msgspec.convert(part, type=types[name], strict=False)
            for name, part in zip(table.key, key, strict=True)
        )
        yield Drop(table, tuple(parts))


__all__ = [
    "NO_TABLES",
    "FactsFolded",
    "FactsFoldedV2",
    "LaneOpened",
    "LaneRange",
    "TableChanges",
    "encode_changes",
    "facts_folded",
    "rows_of",
]
