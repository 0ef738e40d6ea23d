"""The fold laws on the real engine, with random histories of a tiny domain."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arco.engine import snapshot
from arco.engine.database import Database
from arco.engine.domain import DOMAIN as ENGINE
from arco.engine.verify import Verifier
from arco.model import Domain, Event, Payload, State
from arco.runtime import AsyncioRuntime, run
from arco.store.memory import MemoryStore
from arco.testing.registry import NAMES, TOKENS, TOTALS, Added, NameFreed, NameTaken
from arco.testing.registry import REGISTRY as DOMAIN

RUNTIME = AsyncioRuntime()
TABLES = (NAMES, TOTALS, TOKENS)
NAMES_DRAWN = st.sampled_from(["a", "b", "c"])
TOKENS_DRAWN = st.integers(0, 30).map("t{}".format)
PAYLOADS = st.one_of(
    st.builds(NameTaken, name=NAMES_DRAWN, token=TOKENS_DRAWN),
    st.builds(NameFreed, name=NAMES_DRAWN, token=TOKENS_DRAWN),
    st.builds(Added, counter=NAMES_DRAWN, amount=st.integers(-5, 5), token=TOKENS_DRAWN),
)
HISTORIES = st.lists(PAYLOADS, max_size=30)
Rows = dict[str, list[Any]]


async def opened(store: MemoryStore, domains: Sequence[Domain] = (DOMAIN,)) -> Database:
    return await Database.open(store, RUNTIME, domains=domains, writer="test")


async def rows_of(database: Database) -> Rows:
    found: Rows = {}

    def question(state: State) -> None:
        found.update({table.name: list(state.range(table)) for table in TABLES})

    await database.asked(question)
    return found


async def committed(history: Sequence[Payload], cuts: Sequence[int]) -> MemoryStore:
    store = MemoryStore()
    database = await opened(store)
    edges = sorted({0, len(history), *(cut for cut in cuts if cut <= len(history))})
    for start, end in pairwise(edges):
        events = [Event(payload) for payload in history[start:end]]
        await database.transact(lambda state, now, events=events: events)
    return store


@given(HISTORIES, st.lists(st.integers(0, 30)), st.lists(st.integers(0, 30)))
def test_f2_any_cut_into_commits_gives_the_same_state(
    history: list[Payload], one: list[int], other: list[int]
) -> None:
    async def main() -> tuple[Rows, Rows]:
        stores = [await committed(history, one), await committed(history, other)]
        first, second = [await rows_of(await opened(store)) for store in stores]
        return first, second

    first, second = run(main())
    assert first == second


@given(HISTORIES)
def test_f3_a_repeated_event_changes_nothing(history: list[Payload]) -> None:
    async def main() -> tuple[Rows, Rows]:
        once = await rows_of(await opened(await committed(history, [])))
        twice = [payload for payload in history for _ in range(2)]
        return once, await rows_of(await opened(await committed(twice, [])))

    once, twice = run(main())
    assert once == twice


@given(HISTORIES, st.lists(st.integers(0, 30)))
def test_f4_replay_is_live(history: list[Payload], cuts: list[int]) -> None:
    async def main() -> tuple[Rows, Rows]:
        store = MemoryStore()
        live = await opened(store)
        for payload in history:
            await live.transact(lambda state, now, payload=payload: [Event(payload)])
        return await rows_of(live), await rows_of(await opened(store))

    live, replayed = run(main())
    assert live == replayed


@given(HISTORIES, st.sets(st.integers(0, 30), max_size=12))
def test_f6_a_snapshot_and_its_tail_are_the_fold(
    history: list[Payload], published_after: set[int]
) -> None:
    async def main() -> tuple[Rows, Rows, Any]:
        store = MemoryStore()
        live = await opened(store)
        for number, payload in enumerate(history):
            await live.transact(lambda state, now, payload=payload: [Event(payload)])
            if number in published_after:
                assert await snapshot.publish(live)
        cold = await opened(store)
        report = await Verifier(store, RUNTIME, domains=(DOMAIN, ENGINE)).run()
        return await rows_of(live), await rows_of(cold), report.findings

    live, cold, findings = run(main())
    assert live == cold
    assert findings == ()


def test_f1_the_same_rows_make_the_same_snapshot_bytes() -> None:
    async def files() -> list[bytes]:
        history = [NameTaken(name=f"n{i}", token=f"t{i}") for i in range(50)]
        store = await committed(history, [])
        await snapshot.publish(await opened(store))
        entries = await store.list("data/registry/")
        return [await store.get(entry.key) or b"" for entry in entries]

    first, second = run(files()), run(files())
    assert first
    assert first == second


class NameBlessed(Payload, frozen=True):
    """An event that only a newer release knows."""

    name: str


def test_f7_a_process_that_meets_an_unknown_event_reads_on_but_neither_commits_nor_snapshots() -> (
    None
):
    newer = Domain(
        "registry", DOMAIN.tables, {**DOMAIN.reducers, NameBlessed: lambda state, event: ()}
    )

    async def main() -> None:
        store = MemoryStore()
        new = await opened(store, (newer,))
        await new.transact(lambda state, now: [Event(NameTaken(name="a", token="t1"))])
        await new.transact(lambda state, now: [Event(NameBlessed(name="a"))])
        await new.transact(lambda state, now: [Event(NameTaken(name="b", token="t2"))])
        old = await opened(store)
        assert [row.name for row in old.state.range(NAMES)] == ["a", "b"]
        assert not await snapshot.publish(old)
        with pytest.raises(Exception, match="does not know"):
            await old.transact(lambda state, now: [Event(NameTaken(name="c", token="t3"))])
        assert old.seq == new.seq

    run(main())
