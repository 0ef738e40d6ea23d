"""Collecting garbage: what nothing kept leads to is condemned in one commit and deleted later.

Law L6: an object is deleted only after a commit said that nobody may refer to it, so no later
commit does. Each step is idempotent and may be the last one of a process. Must not know what the
objects mean: an area says what it has and who needs what.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol, TypeAlias, TypeVar

import msgspec

from arco.engine.database import Database
from arco.engine.fold import fold
from arco.engine.garbage import (
    CONDEMNATIONS,
    CONDEMNED,
    Condemnation,
    NamesCollected,
    NamesCondemned,
    collection_of,
)
from arco.engine.retention import Policy
from arco.engine.tables import Overlay
from arco.model import Decision, Event, State
from arco.store import keys
from arco.store.port import Entry

MARKS_MAX = 5
DELETES_AT_ONCE = 16

T = TypeVar("T")
Judge: TypeAlias = Callable[[State, Sequence[str]], Sequence[str] | None]
"""Those of the names that nobody needs in this state; None: it was marked for an older one."""


class Ask(Protocol):
    """The answer of a question about the state, asked until everything it needs is in memory."""

    async def __call__(self, question: Callable[[State], T], /) -> T: ...


Mark: TypeAlias = Callable[[Ask, Sequence[str]], Awaitable[Judge]]


class Area(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """One kind of objects that become garbage."""

    name: str
    grace: timedelta
    """Objects this young are left alone, whoever needs them."""
    listed: Callable[[Ask], Awaitable[Sequence[Entry]]]
    """What there is: candidates and nothing else."""
    mark: Mark
    """Reads what it takes to judge these names."""
    is_final: Callable[[State, Sequence[str]], bool] = lambda state, names: True
    """Whether no event could be accepted any more that would refer to these names."""


class AreaReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a pass found in one area."""

    area: str
    objects: int
    """How many there are."""
    condemned: int
    """How many of them nobody needs, as of this pass."""
    condemned_bytes: int | None
    """None: nobody looked."""


class Pass(msgspec.Struct, frozen=True, kw_only=True):
    """What one pass did, or would do."""

    floor: int
    """From this slot on everything is kept."""
    areas: tuple[AreaReport, ...]
    deleted: int
    """Objects that were condemned before and whose time has come."""
    deleted_bytes: int
    waiting: int
    """Condemned objects that still stand."""
    waiting_bytes: int
    next_delete_at: datetime | None
    is_complete: bool
    """False: there is more than one pass may condemn."""


async def collect(
    database: Database, areas: Sequence[Area], *, policy: Policy, begin: Decision
) -> Pass:
    """What a pass did: `begin`, deleting what is due, condemning what is needed by nobody.

    Idempotent: racing and repeated passes waste work, nothing else.
    Cost: a LIST and a mark per area, a DELETE per object, a commit per condemnation and per end of
    one.
    """
    await database.refresh()
    await database.transact(begin)
    deleted = await _delete_due(database, {area.name: area for area in areas})
    found = [await _condemn(database, area, policy=policy) for area in areas]
    reports = tuple(report for report, _ in found)
    complete = all(is_complete for _, is_complete in found)
    return await _told(database.asked, reports, deleted=deleted, is_complete=complete)


async def survey(
    database: Database, areas: Sequence[Area], *, policy: Policy, begin: Decision
) -> Pass:
    """What a pass would do now; nothing is written or deleted."""
    await database.refresh()
    now = database.runtime.now()
    ask = _after(database, begin, now=now)
    due = await ask(partial(_due, now=now))
    reports = []
    for area in areas:
        entries = await _grown(database, area, ask=ask)
        unneeded, objects = await _unneeded(area, ask, entries=entries[0]), entries[1]
        reports.append(_report(area, unneeded, objects=objects))
    return await _told(ask, tuple(reports), deleted=due, is_complete=True)


def _after(database: Database, begin: Decision, *, now: datetime) -> Ask:
    async def ask(question: Callable[[State], T]) -> T:
        def laid_over(state: State) -> T:
            overlay = Overlay(state)
            fold(database.registry, overlay, events=begin(overlay, now))
            return question(overlay)

        return await database.asked(laid_over)

    return ask


async def _told(
    ask: Ask, reports: tuple[AreaReport, ...], *, deleted: Sequence[Condemnation], is_complete: bool
) -> Pass:
    gone = {condemnation.number for condemnation in deleted}
    standing = await ask(lambda state: list(state.range(CONDEMNATIONS)))
    waiting = [each for each in standing if each.number not in gone]
    return Pass(
        floor=await ask(lambda state: collection_of(state).floor),
        areas=reports,
        deleted=sum(len(each.names) for each in deleted),
        deleted_bytes=sum(each.size_bytes for each in deleted),
        waiting=sum(len(each.names) for each in waiting),
        waiting_bytes=sum(each.size_bytes for each in waiting),
        next_delete_at=min((each.not_before for each in waiting), default=None),
        is_complete=is_complete,
    )


def _due(state: State, *, now: datetime) -> list[Condemnation]:
    return [row for row in state.range(CONDEMNATIONS) if row.not_before <= now]


async def _delete_due(database: Database, areas: dict[str, Area]) -> list[Condemnation]:
    due = await database.asked(partial(_due, now=database.runtime.now()))
    for condemnation in due:
        await _delete(database, condemnation.names)
        area = areas.get(condemnation.area)
        if area is not None:
            await database.transact(partial(_collected, condemnation=condemnation, area=area))
    return due


async def _delete(database: Database, names: Sequence[str]) -> None:
    for name in names:
        assert name.startswith(keys.COLLECTABLE), name
    for start in range(0, len(names), DELETES_AT_ONCE):
        chunk = names[start : start + DELETES_AT_ONCE]
        await database.runtime.gather(database.store.delete(name) for name in chunk)


def _collected(
    state: State, now: datetime, *, condemnation: Condemnation, area: Area
) -> Sequence[Event]:
    """Forgets the names only when nobody can refer to them any more: until then the rows are what
    refuses it.
    """
    if state.get(CONDEMNATIONS, condemnation.number) is None:
        return ()
    if not area.is_final(state, condemnation.names):
        return ()
    return (Event(NamesCollected(condemnation.number, now)),)


async def _condemn(database: Database, area: Area, *, policy: Policy) -> tuple[AreaReport, bool]:
    """What was condemned, and whether that is everything nobody needs."""
    condemned: list[Entry] = []
    for _ in range(MARKS_MAX):
        entries, objects = await _grown(database, area, ask=database.asked)
        judge = await area.mark(database.asked, [entry.key for entry in entries])
        garbage = await database.asked(partial(_judged, entries=entries, judge=judge))
        if garbage is None:
            continue
        chunks = _chunks(garbage, policy.names_per_commit)
        for chunk in chunks[: policy.condemnations_per_pass]:
            charge = Charge(area.name, chunk, judge, policy.delay)
            receipt = await database.transact(partial(_condemned, charge=charge))
            if not receipt.events:
                break
            condemned += _named(chunk, receipt.events)
        else:
            is_complete = len(chunks) <= policy.condemnations_per_pass
            return _report(area, condemned, objects=objects), is_complete
    return _report(area, condemned, objects=objects), False


async def _grown(database: Database, area: Area, *, ask: Ask) -> tuple[list[Entry], int]:
    """What is past its grace and not condemned yet, and how many objects there are."""
    entries = await area.listed(ask)
    newest = database.runtime.now().timestamp() - area.grace.total_seconds()
    old = [entry for entry in entries if entry.modified_at <= newest]

    def fresh(state: State) -> list[Entry]:
        return [entry for entry in old if state.get(CONDEMNED, entry.key) is None]

    return await ask(fresh), len(entries)


async def _unneeded(area: Area, ask: Ask, *, entries: Sequence[Entry]) -> list[Entry]:
    judge = await area.mark(ask, [entry.key for entry in entries])
    return await ask(partial(_judged, entries=entries, judge=judge)) or []


def _judged(state: State, *, entries: Sequence[Entry], judge: Judge) -> list[Entry] | None:
    if not entries:
        return []
    unneeded = judge(state, [entry.key for entry in entries])
    if unneeded is None:
        return None
    names = set(unneeded)
    return [entry for entry in entries if entry.key in names]


class Charge(msgspec.Struct, frozen=True, eq=False):
    """Objects that nobody needed when they were marked, and who judges them again."""

    area: str
    entries: Sequence[Entry]
    judge: Judge
    delay: timedelta


def _condemned(state: State, now: datetime, *, charge: Charge) -> Sequence[Event]:
    """Judged again in the very state the condemnation follows: what came between counts."""
    fresh = [entry for entry in charge.entries if state.get(CONDEMNED, entry.key) is None]
    garbage = _judged(state, entries=fresh, judge=charge.judge)
    if not garbage:
        return ()
    condemned = NamesCondemned(
        number=collection_of(state).condemnations + 1,
        area=charge.area,
        names=tuple(entry.key for entry in garbage),
        size_bytes=sum(entry.size_bytes for entry in garbage),
        condemned_at=now,
        not_before=now + charge.delay,
    )
    return (Event(condemned),)


def _named(entries: Sequence[Entry], events: Sequence[Event]) -> list[Entry]:
    names = {
        name
        for event in events
        if isinstance(event.payload, NamesCondemned)
        for name in event.payload.names
    }
    return [entry for entry in entries if entry.key in names]


def _chunks(entries: Sequence[Entry], size: int) -> list[Sequence[Entry]]:
    return [entries[start : start + size] for start in range(0, len(entries), size)]


def _report(area: Area, condemned: Sequence[Entry], *, objects: int) -> AreaReport:
    return AreaReport(
        area=area.name,
        objects=objects,
        condemned=len(condemned),
        condemned_bytes=sum(entry.size_bytes for entry in condemned),
    )


__all__ = ["Area", "AreaReport", "Ask", "Charge", "Judge", "Mark", "Pass", "collect", "survey"]
