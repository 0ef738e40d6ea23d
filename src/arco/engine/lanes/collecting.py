"""Collecting folded batches: what no fold after the floor consumed is released, then deleted.

Law L2: a batch that was acknowledged is deleted only after a commit holds what it folded to. Names
are counted, not listed: lanes and roster are numbered without gaps. Must not know what any fact
means.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial

import msgspec

from arco.engine.collect import AreaReport
from arco.engine.database import Database
from arco.engine.garbage import collection_of
from arco.engine.lanes.keeping import (
    KEPT_LANES,
    ROSTER,
    BatchesCollected,
    BatchesReleased,
    CollectedLane,
    KeptLane,
    ReleasedLane,
    folded_to,
    kept_of,
)
from arco.engine.lanes.tables import LANES, QUARANTINE, Lane
from arco.engine.past import state_at
from arco.model import Event, State
from arco.store import keys

AREA = "fact batches"
DELETES_AT_ONCE = 16
DELETES_PER_COMMIT = 2_000

Watermarks = Mapping[str, int]
"""Lane, or `roster` -> the first slot that was not folded."""


class Doomed(msgspec.Struct, frozen=True):
    """Slots of one lane that were released and may still stand, and what the lane is without."""

    slots: tuple[int, ...]
    collected: CollectedLane


async def collect_batches(database: Database) -> AreaReport:
    """What was released now; everything that was ever released is deleted.

    Idempotent: what a pass leaves behind, the next one deletes. Cost: one past state; a DELETE for
    each batch and registration; a commit for the release and one for each 2,000 deletions; a LIST
    for each lane that ended.
    """
    marks = await watermarks_at(database, await database.asked(_floor))
    return await collect_below(database, marks)


async def collect_below(database: Database, marks: Watermarks) -> AreaReport:
    """As `collect_batches`, for watermarks that were read before."""
    report = await database.asked(partial(_report, marks=marks))
    if report.condemned:
        await database.transact(partial(_release, marks=marks))
    await _delete_released(database)
    await _forget_ended(database)
    return report


async def survey_batches(database: Database, floor: int) -> AreaReport:
    """What a pass would release if this were the floor; nothing is changed."""
    marks = await watermarks_at(database, floor)
    return await database.asked(partial(_report, marks=marks))


async def watermarks_at(database: Database, slot: int) -> Watermarks:
    """How far facts were folded at that slot of the log."""
    past = await state_at(database, slot)
    return await past.asked(watermarks)


def _floor(state: State) -> int:
    return collection_of(state).floor


def watermarks(state: State) -> Watermarks:
    """How far facts are folded in this state."""
    lanes = {lane.lane: lane.next_slot for lane in state.range(LANES)}
    return {**lanes, ROSTER: folded_to(state, ROSTER) or 0}


def _release(state: State, now: datetime, *, marks: Watermarks) -> Sequence[Event]:
    """Everything below the watermarks, but what quarantined facts stand in."""
    lanes = tuple(_releasable(state, marks))
    floor = _floor(state)
    return [Event(BatchesReleased(floor=floor, lanes=lanes, released_at=now))] if lanes else []


def _releasable(state: State, marks: Watermarks) -> Iterator[ReleasedLane]:
    for name in _names(state):
        kept_from = marks.get(name, 0)
        if kept_from > kept_of(state, name).kept_from:
            needed = [slot for slot in _quarantined(state, name) if slot < kept_from]
            yield ReleasedLane(name, kept_from, tuple(needed))


def _names(state: State) -> list[str]:
    return [ROSTER, *(lane.lane for lane in state.range(LANES))]


def _quarantined(state: State, lane: str) -> list[int]:
    """The slots of the lane that hold quarantined facts."""
    return sorted({row.slot for row in state.range(QUARANTINE, lane)})


def _report(state: State, *, marks: Watermarks) -> AreaReport:
    """How much stands, as far as it is folded, and how much of it the watermarks release."""
    objects = released = 0
    for name in _names(state):
        kept = kept_of(state, name)
        objects += (folded_to(state, name) or 0) - kept.gone_below + len(kept.spared)
        released += max(0, marks.get(name, 0) - kept.kept_from)
    return AreaReport(area=AREA, objects=objects, condemned=released, condemned_bytes=None)


async def _delete_released(database: Database) -> None:
    while doomed := await database.asked(_doomed):
        names = [_name(each.collected.lane, slot) for each in doomed for slot in each.slots]
        for start in range(0, len(names), DELETES_AT_ONCE):
            chunk = names[start : start + DELETES_AT_ONCE]
            await database.runtime.gather(database.store.delete(name) for name in chunk)
        await database.transact(partial(_collected, lanes=[each.collected for each in doomed]))


def _doomed(state: State) -> list[Doomed]:
    """What to delete next, about as much as one commit should say."""
    found: list[Doomed] = []
    count = 0
    for row in state.range(KEPT_LANES):
        if count >= DELETES_PER_COMMIT:
            break
        doomed = _doomed_of(state, row, limit=DELETES_PER_COMMIT - count)
        count += len(doomed.slots)
        found += [doomed] if doomed.collected.gone_below > row.gone_below or doomed.slots else []
    return found


def _doomed_of(state: State, row: KeptLane, *, limit: int) -> Doomed:
    gone_below = min(row.kept_from, row.gone_below + limit)
    needed = {*_quarantined(state, row.lane)} if row.spared else set()
    spared = tuple(slot for slot in row.spared if slot in needed)
    let_go = [slot for slot in row.spared if slot not in needed and slot < row.gone_below]
    fresh = [slot for slot in range(row.gone_below, gone_below) if slot not in needed]
    return Doomed((*let_go, *fresh), CollectedLane(row.lane, gone_below, spared))


def _name(lane: str, slot: int) -> str:
    return keys.roster(slot) if lane == ROSTER else keys.lane_slot(lane, slot)


async def _forget_ended(database: Database) -> None:
    """Of a lane that ended nothing is left, also not what a writer left that slept too long."""
    ended = await database.asked(_ended)
    for lane in ended:
        for entry in await database.store.list(keys.lane_folder(lane)):
            await database.store.delete(entry.key)
    if ended:
        await database.transact(partial(_collected, ended=ended))


def _collected(
    _: State,
    now: datetime,
    *,
    lanes: Sequence[CollectedLane] = (),
    ended: Sequence[str] = (),
) -> Sequence[Event]:
    event = BatchesCollected(collected_at=now, lanes=tuple(lanes), ended=tuple(ended))
    return [Event(event)]


def _ended(state: State) -> list[str]:
    return [lane.lane for lane in state.range(LANES) if lane.is_sealed and _is_gone(state, lane)]


def _is_gone(state: State, lane: Lane) -> bool:
    kept = kept_of(state, lane.lane)
    return kept.gone_below >= lane.next_slot and not kept.spared


__all__ = [
    "AREA",
    "Doomed",
    "Watermarks",
    "collect_batches",
    "collect_below",
    "survey_batches",
    "watermarks",
    "watermarks_at",
]
