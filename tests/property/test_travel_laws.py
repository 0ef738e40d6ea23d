"""Any state of the past is the fold of the log up to it, whatever snapshots stand or are gone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arco.engine import snapshot
from arco.engine.database import Database
from arco.engine.past import Past, state_at
from arco.engine.travel import WINDOW, changes_between, events_between, slot_at
from arco.errors import Invalid, NotFound
from arco.model import Event, Payload
from arco.runtime import AsyncioRuntime, run
from arco.store.memory import MemoryStore
from arco.testing.folding import MemoryState
from arco.testing.registry import REGISTRY as DOMAIN
from tests.property.test_engine_laws import PAYLOADS, TABLES

RUNTIME = AsyncioRuntime()
HISTORIES = st.lists(PAYLOADS, min_size=1, max_size=25)
START = datetime(2026, 1, 1, tzinfo=UTC)
Rows = dict[str, list[Any]]


class HandClock(AsyncioRuntime):
    """The clock says what the test wants."""

    def __init__(self) -> None:
        super().__init__()
        self.at = START

    def now(self) -> datetime:
        return self.at


async def written(history: Sequence[Payload], published_after: set[int]) -> Database:
    database = await Database.open(MemoryStore(), RUNTIME, domains=(DOMAIN,), writer="test")
    for number, payload in enumerate(history):
        await database.transact(lambda state, now, payload=payload: [Event(payload)])
        if number in published_after:
            await snapshot.publish(database)
    return database


async def reopened(database: Database) -> Database:
    return await Database.open(database.store, RUNTIME, domains=(DOMAIN,), writer="other")


async def rows_of(past: Past) -> Rows:
    return await past.asked(lambda state: {t.name: list(state.range(t)) for t in TABLES})


async def folded(database: Database, slot: int) -> Rows:
    """The fold of slots 0 to `slot`, by the shortest possible fold."""
    state = MemoryState(DOMAIN)
    async for _, wires in events_between(database, 0, last=slot):
        for wire in wires:
            event = database.registry.decode(wire)
            assert event is not None
            if type(event.payload) in DOMAIN.reducers:
                state.fold([event.payload])
    return {table.name: list(state.range(table)) for table in TABLES}


@given(HISTORIES, st.sets(st.integers(0, 24), max_size=6), st.randoms(use_true_random=False))
def test_the_state_at_any_slot_is_the_fold_up_to_it(
    history: list[Payload], published_after: set[int], chance: Any
) -> None:
    async def main() -> None:
        live = await written(history, published_after)
        objects = [entry.key for entry in await live.store.list("data/")]
        cold = await reopened(live)
        for key in objects:
            if chance.random() < 0.3:
                await live.store.delete(key)
        for slot in range(live.seq + 1):
            past = await state_at(cold, slot)
            assert past.seq == slot
            assert await rows_of(past) == await folded(live, slot)

    run(main())


@given(HISTORIES, st.sets(st.integers(0, 24), max_size=4), st.data())
def test_the_changes_between_two_slots_lead_from_one_state_to_the_other(
    history: list[Payload], published_after: set[int], data: st.DataObject
) -> None:
    async def main() -> None:
        database = await written(history, published_after)
        before = data.draw(st.integers(0, database.seq))
        after = data.draw(st.integers(before, database.seq))
        rows = {
            (table.name, table.key_of(row)): row
            for table in TABLES
            for row in (await folded(database, before))[table.name]
        }
        for change in await changes_between(database, before, after=after):
            if not change.table.name.startswith("registry."):
                continue
            key = (change.table.name, change.key)
            assert rows.pop(key, None) == change.before != change.after
            if change.after is not None:
                rows[key] = change.after
        expected = await folded(database, after)
        found = {table.name: [] for table in TABLES}
        for (name, _), row in sorted(rows.items()):
            found[name].append(row)
        assert found == expected

    run(main())


@given(st.lists(st.one_of(st.integers(0, 90), st.just(3600)), min_size=1, max_size=40), st.data())
def test_a_time_means_the_newest_slot_committed_by_then(
    steps: list[int], data: st.DataObject
) -> None:
    async def main() -> None:
        clock = HandClock()
        database = await Database.open(MemoryStore(), clock, domains=(DOMAIN,), writer="test")
        right, ahead = START, 0
        for number, seconds in enumerate(steps):
            # An hour is a process whose clock is ahead; it commits once, the others go on.
            is_ahead = seconds == 3600 and ahead < WINDOW - 1
            ahead = ahead + 1 if is_ahead else 0
            right += timedelta(seconds=min(seconds, 90))
            clock.at = right + timedelta(hours=1) if is_ahead else right
            payload = data.draw(PAYLOADS, label=str(number))
            await database.transact(lambda state, now, payload=payload: [Event(payload)])
        slots = [slot async for slot, _ in events_between(database, 0, last=database.seq)]
        moment = START + timedelta(seconds=data.draw(st.integers(0, 8000)))
        newest = max(slot.commit.seq for slot in slots if slot.commit.committed_at <= moment)
        assert await slot_at(database, moment) == newest

    run(main())


def test_what_is_not_in_the_log_is_refused_with_what_is() -> None:
    async def main() -> None:
        database = await written([], set())
        with pytest.raises(NotFound, match="the newest is 0"):
            await state_at(database, 1)
        with pytest.raises(NotFound, match="had not begun"):
            await slot_at(database, START - timedelta(days=9999))
        with pytest.raises(Invalid, match="stands before"):
            await changes_between(database, 1, after=0)

    run(main())
