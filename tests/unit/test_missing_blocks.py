"""Rows that many parts of one question miss are read together: each file once, the question asked
as often as its deepest part misses, however many parts there are.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from arco.access.callers import Caller, Method, local_owner
from arco.access.events import GrantGiven
from arco.access.privileges import Kind, Privilege
from arco.catalog.changes import CatalogChange
from arco.catalog.tables import TABLES
from arco.engine import snapshot
from arco.engine.database import Database
from arco.engine.lanes.batches import Fact
from arco.engine.lanes.events import LaneOpened
from arco.engine.lanes.folding import Gathered, fold_facts
from arco.engine.lanes.reading import ReadSlot, read_facts
from arco.engine.sizes import Sizes
from arco.errors import AlreadyExists
from arco.model import Decision, Domain, Event, Misses, NotLoaded, State
from arco.runtime import AsyncioRuntime, run
from arco.service.changing import Changing
from arco.service.settings import Settings
from arco.service.workspace import DOMAINS, workspace_of
from arco.store.memory import MemoryStore
from arco.store.port import Store
from arco.store.scoped import ScopedStore
from arco.testing.ledger import BALANCES, LEDGER
from arco.testing.registry import NAMES, NameTaken, take_name
from arco.testing.registry import REGISTRY as DOMAIN
from arco.testing.stores import CountingStore

RUNTIME = AsyncioRuntime()
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SMALL_BLOCKS = Sizes(small_rows=0, hot_changes=1, rows_per_group=2, rows_per_file=1_000)
ROWS = 60
ANN = Caller(principal="user:ann", tenant="local", workspace="main", method=Method.KEY)


async def opened(store: Store, *domains: Domain) -> Database:
    return await Database.open(store, RUNTIME, domains=domains, writer="test", sizes=SMALL_BLOCKS)


async def cold_registry(taken: Iterable[int]) -> tuple[Database, CountingStore]:
    """A process that has just started; the names that are taken stand in files."""
    store = CountingStore(MemoryStore())
    before = await opened(store, DOMAIN)
    await asyncio.gather(*(before.transact(take_name(name_of(n), f"before {n:04}")) for n in taken))
    assert await snapshot.publish(before)
    cold = await opened(store, DOMAIN)
    store.calls.clear()
    return cold, store


def name_of(number: int) -> str:
    return f"name {number:04}"


def counted(decision: Decision, asked: Counter[Decision]) -> Decision:
    def decide(state: State, now: datetime) -> Sequence[Event]:
        asked[decision] += 1
        return decision(state, now)

    return decide


def reads(store: CountingStore) -> Counter[str]:
    """How often each file of a snapshot was read."""
    return Counter(call.key for call in store.calls if call.key.endswith(".parquet"))


def test_decisions_of_one_batch_miss_their_rows_together() -> None:
    async def main() -> None:
        cold, store = await cold_registry(range(0, 2 * ROWS, 2))
        asked: Counter[Decision] = Counter()
        fresh = [take_name(name_of(n), f"after {n:04}") for n in range(1, 2 * ROWS, 2)]
        receipts = await asyncio.gather(
            *(cold.transact(counted(decision, asked)) for decision in fresh)
        )
        assert len({receipt.seq for receipt in receipts}) <= 2
        assert max(asked.values()) <= 6
        assert max(reads(store).values()) == 1

    run(main())


def test_events_of_one_decision_miss_their_rows_together() -> None:
    async def main() -> None:
        cold, store = await cold_registry(range(0, 2 * ROWS, 2))
        asked: Counter[Decision] = Counter()
        await cold.transact(counted(take_the_others, asked))
        assert max(asked.values()) <= 4
        assert max(reads(store).values()) == 1
        assert len(await cold.asked(lambda state: list(state.range(NAMES)))) == 2 * ROWS

    run(main())


def test_another_process_folds_such_a_commit_with_as_few_reads() -> None:
    async def main() -> None:
        cold, store = await cold_registry(range(0, 2 * ROWS, 2))
        writer = await opened(store, DOMAIN)
        await writer.transact(take_the_others)
        store.calls.clear()
        await cold.refresh()
        assert max(reads(store).values()) == 1
        assert len(await cold.asked(lambda state: list(state.range(NAMES)))) == 2 * ROWS

    run(main())


def take_the_others(state: State, now: datetime) -> list[Event]:
    """Names between those that stand in files, taken without a look."""
    return [Event(NameTaken(name_of(n), f"before {n:04}")) for n in range(1, 2 * ROWS, 2)]


def test_a_refusal_is_heard_only_when_nothing_before_it_is_missing() -> None:
    async def main() -> None:
        cold, _ = await cold_registry([1, 2])

        def decide(state: State, now: datetime) -> list[Event]:
            misses = Misses()
            for part in (lambda: state.get(NAMES, name_of(1)), refuse):
                with misses:
                    part()
            misses.settle()
            return []

        with pytest.raises(AlreadyExists):
            await cold.transact(decide)
        with pytest.raises(NotLoaded):
            decide((await reopened(cold)).state, NOON)

    run(main())


def refuse() -> None:
    raise AlreadyExists("NAME_TAKEN", "it is taken", hint="choose another")


async def reopened(database: Database) -> Database:
    return await opened(database.store, DOMAIN)


def test_changes_of_one_request_miss_their_rows_together(tmp_path: Path) -> None:
    async def main() -> None:
        store = CountingStore(MemoryStore())
        settings = Settings(directory=tmp_path)
        scoped = ScopedStore(store, settings.scope)
        names = [f"sales.t{n:03}" for n in range(60)]
        tables = [{"change": "create_table", "name": name} for name in names]
        drops = [{"change": "drop", "kind": "table", "name": name} for name in names]
        before = await opened(scoped, *DOMAINS)
        await change(settings, before, {"change": "create_namespace", "name": "sales"}, *tables)
        assert await snapshot.publish(before)
        cold = await opened(scoped, *DOMAINS)
        store.calls.clear()
        asked = await change(settings, cold, *drops)
        assert asked <= 12
        assert max(reads(store).values()) <= 2 * asked

    run(main())


def test_tables_that_somebody_was_given_are_missed_together(tmp_path: Path) -> None:
    async def main() -> None:
        store = CountingStore(MemoryStore())
        settings = Settings(directory=tmp_path)
        scoped = ScopedStore(store, settings.scope)
        names = [f"sales.t{n:03}" for n in range(ROWS)]
        tables = [{"change": "create_table", "name": name} for name in names]
        before = await opened(scoped, *DOMAINS)
        await change(settings, before, {"change": "create_namespace", "name": "sales"}, *tables)
        rows = await before.asked(lambda state: list(state.range(TABLES)))
        await before.transact(lambda state, now: [given(row.table_id, now) for row in rows])
        assert await snapshot.publish(before)
        cold = await opened(scoped, *DOMAINS)
        authority = workspace_of(settings, RUNTIME, store=scoped, database=cold).authority
        asked: Counter[str] = Counter()

        def seen(state: State) -> int:
            asked["seen"] += 1
            return sum(1 for _ in authority.visible(state, ANN).range(TABLES))

        assert await cold.asked(seen) == ROWS
        assert asked["seen"] <= 20

    run(main())


def given(table_id: str, now: datetime) -> Event:
    """Ann may read the table."""
    return Event(
        GrantGiven(
            kind=Kind.TABLE,
            securable_id=table_id,
            principal=ANN.principal,
            privilege=Privilege.SELECT,
            granted_at=now,
            granted_by="user:local",
        )
    )


async def change(settings: Settings, database: Database, *bodies: dict[str, Any]) -> int:
    """How often the changes were asked for until they happened."""
    scoped = database.store
    assert isinstance(scoped, ScopedStore)
    workspace = workspace_of(settings, RUNTIME, store=scoped, database=database)
    changes: list[Any] = msgspec.convert(bodies, list[CatalogChange])
    changing = Changing(workspace, changes, caller=local_owner("local", "main"))
    asked: Counter[Decision] = Counter()
    await database.transact(counted(changing.decide, asked))
    return max(asked.values())


def test_facts_of_one_fold_miss_their_rows_together() -> None:
    async def main() -> None:
        store = CountingStore(MemoryStore())
        before = await opened(store, LEDGER)
        await fold(before, lane="before", first=0)
        assert await snapshot.publish(before)
        cold = await opened(store, LEDGER)
        store.calls.clear()
        assert await fold(cold, lane="after", first=ROWS) <= 5
        assert max(reads(store).values()) == 1
        rows = await cold.asked(lambda state: list(state.range(BALANCES)))
        assert [row.amount for row in rows] == [2] * ROWS

    run(main())


async def fold(database: Database, *, lane: str, first: int) -> int:
    """Facts about as many accounts are folded; how often the fold was asked for."""
    facts = [
        Fact(
            type="ledger.amount_noted",
            key=f"{first + n:04}",
            payload=msgspec.Raw(
                msgspec.json.encode(
                    {"account": f"account {n:04}", "amount": 1, "token": f"{lane} {n}"}
                )
            ),
        )
        for n in range(ROWS)
    ]
    found = read_facts(database.registry, facts)
    slot = ReadSlot(lane, 0, found)
    opening = LaneOpened(lane, "test", NOON)
    roster = 0 if lane == "before" else 1
    gathered = Gathered(roster_first=roster, opened=(opening,), slots=(slot,))
    asked: Counter[Decision] = Counter()

    def decide(state: State, now: datetime) -> list[Event]:
        folded = fold_facts(database.registry, state, gathered=gathered, now=now)
        return [Event(folded)] if folded else []

    await database.transact(counted(decide, asked))
    return max(asked.values())
