"""The write loop when something breaks beside it: every waiter gets an answer, nothing twice."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime
from typing import Any, TypeVar

import pytest

from arco.engine import database as databases
from arco.engine import snapshot
from arco.engine.applied import Applied
from arco.engine.database import Database
from arco.engine.domain import DOMAIN as ENGINE
from arco.engine.domain import LeaseTaken
from arco.engine.sizes import SIZES
from arco.engine.verify import Verifier
from arco.errors import AlreadyExists, ArcoError
from arco.model import Event, State
from arco.runtime import AsyncioRuntime, run
from arco.store import keys
from arco.store.memory import MemoryStore
from arco.store.port import Store, StoreFault
from arco.testing.registry import NAMES, TOKENS, TOTALS, Total, add, take_name
from arco.testing.registry import REGISTRY as DOMAIN
from arco.testing.stores import Call, WrappedStore

RUNTIME = AsyncioRuntime()
T = TypeVar("T")


class HeldStore(WrappedStore):
    """Calls that `holds` names wait for `release`; what `fails` names is lost on the way."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.holds: Callable[[Call], bool] = lambda call: False
        self.fails: Callable[[Call], bool] = lambda call: False
        self.arrived = asyncio.Event()
        self.release = asyncio.Event()

    async def around(self, call: Call, answer: Callable[[], Awaitable[T]]) -> T:
        await asyncio.sleep(0)
        if self.fails(call):
            raise StoreFault(f"{call.verb} {call.key} was lost")
        if self.holds(call):
            self.arrived.set()
            await self.release.wait()
        return await answer()


def create_of_slot(call: Call) -> bool:
    return call.verb == "create" and call.key.startswith("log/")


def read_of_registry(call: Call) -> bool:
    return call.verb == "get" and call.key.startswith("data/registry/")


async def opened(store: Store) -> Database:
    return await Database.open(store, RUNTIME, domains=(DOMAIN,), writer="test")


async def names(database: Database) -> list[str]:
    return await database.asked(lambda state: [row.name for row in state.range(NAMES)])


async def soon(work: Coroutine[Any, Any, T]) -> T:
    async with asyncio.timeout(5):
        return await work


async def problems(store: Store) -> tuple[str, ...]:
    report = await Verifier(store, RUNTIME, domains=(DOMAIN, ENGINE)).run()
    return tuple(finding.problem for finding in report.findings)


def test_a_listener_that_breaks_neither_fails_a_durable_write_nor_repeats_it() -> None:
    def breaks(applied: Applied) -> None:
        raise ZeroDivisionError("a bug in a listener")

    async def main() -> None:
        store = MemoryStore()
        database = await opened(store)
        heard: list[int] = []
        database.listeners += [breaks, lambda applied: heard.append(applied.seq)]
        decided = 0

        def decision(state: State, now: datetime) -> list[Event]:
            nonlocal decided
            decided += 1
            return list(take_name("a", f"t{decided}")(state, now))

        before = database.seq
        receipt = await soon(database.transact(decision))
        assert (receipt.seq, database.seq, decided, heard) == (before + 1,) * 2 + (1, [before + 1])
        other = await opened(store)
        await other.transact(take_name("b", "t-b"))
        assert await soon(database.refresh()) == other.seq

    run(main())


def test_a_controller_that_breaks_does_not_stop_what_people_decide() -> None:
    def breaks(state: State, now: datetime) -> list[Event]:
        raise KeyError("a bug in a controller")

    async def main() -> None:
        database = await opened(MemoryStore())
        database.controllers = (breaks,)
        await soon(database.transact(take_name("a", "t1")))
        assert await names(database) == ["a"]

    run(main())


def test_controllers_that_never_come_to_rest_do_not_stop_what_people_decide() -> None:
    async def main() -> None:
        database = await opened(MemoryStore())
        count = 0

        def restless(state: State, now: datetime) -> list[Event]:
            nonlocal count
            count += 1
            return list(take_name(f"n{count}", f"c{count}")(state, now))

        database.controllers = (restless,)
        await soon(database.transact(take_name("a", "t1")))
        assert await names(database) == ["a"]

    run(main())


def test_waiters_get_an_answer_when_the_write_loop_is_cancelled_and_the_next_write_works() -> None:
    async def main() -> None:
        store = HeldStore(MemoryStore())
        database = await opened(store)
        store.holds = create_of_slot
        waiting = [asyncio.create_task(refused(database, name)) for name in ("a", "b")]
        await soon(store.arrived.wait())
        late = asyncio.create_task(refused(database, "c"))
        await asyncio.sleep(0)
        (writer,) = [each for each in asyncio.all_tasks() if each.get_name() == "arco-commit"]
        writer.cancel()
        assert await soon(asyncio.gather(*waiting, late)) == ["OUTCOME_UNKNOWN"] * 3
        store.holds = lambda call: False
        await soon(database.transact(take_name("d", "t-d")))
        assert await names(database) == ["d"]

    async def refused(database: Database, name: str) -> str:
        with pytest.raises(ArcoError) as caught:
            await database.transact(take_name(name, f"t-{name}"))
        return caught.value.code

    run(main())


def test_a_write_nobody_waits_for_any_more_leaves_the_queue(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(databases, "OUTCOME_SECONDS", 0.05)

    async def main() -> None:
        store = HeldStore(MemoryStore())
        database = await opened(store)
        store.holds = create_of_slot
        first = asyncio.create_task(database.transact(take_name("a", "t-a")))
        await soon(store.arrived.wait())
        for number in range(20):
            with pytest.raises(ArcoError, match="did not say"):
                await database.transact(take_name(f"n{number}", f"t{number}"))
        with pytest.raises(ArcoError, match="did not say"):
            await first
        store.release.set()
        await soon(database.transact(lambda state, now: ()))
        assert await names(database) == ["a"]

    run(main())


def test_a_refresh_that_meets_our_own_commit_in_flight_applies_it_once() -> None:
    class Unanswered(WrappedStore):
        """The slot is there, but its creator has not heard of it."""

        def __init__(self, store: Store) -> None:
            super().__init__(store)
            self.created, self.answer = asyncio.Event(), asyncio.Event()

        async def around(self, call: Call, answer: Callable[[], Awaitable[T]]) -> T:
            result = await answer()
            if create_of_slot(call) and call.key != keys.slot(0):
                self.created.set()
                await self.answer.wait()
            return result

    async def main() -> None:
        store = Unanswered(MemoryStore())
        database = await opened(store)
        applied: list[int] = []
        database.listeners.append(lambda each: applied.append(each.seq))
        writing = asyncio.create_task(database.transact(take_name("a", "t-a")))
        await soon(store.created.wait())
        assert await soon(database.refresh()) == 1
        store.answer.set()
        receipt = await soon(writing)
        assert (receipt.seq, applied, await names(database)) == (1, [1], ["a"])

    run(main())


def test_cold_rows_that_arrive_after_newer_commits_do_not_undo_them() -> None:
    async def main() -> None:
        plain = MemoryStore()
        first = await opened(plain)
        for name in ("a", "b", "c"):
            await first.transact(take_name(name, f"t-{name}"))
        assert await snapshot.publish(first)
        store = HeldStore(plain)
        cold = await opened(store)
        store.holds = read_of_registry
        reading = asyncio.create_task(names(cold))
        await soon(store.arrived.wait())
        await first.transact(take_name("d", "t-d"))
        store.holds = lambda call: False
        await soon(cold.refresh())
        store.release.set()
        assert await soon(reading) == ["a", "b", "c", "d"]
        assert await problems(plain) == ()

    run(main())


def test_a_rebuild_keeps_up_with_commits_that_arrive_meanwhile() -> None:
    async def main() -> None:
        plain = MemoryStore()
        first = await opened(plain)
        for number in range(30):
            await first.transact(take_name(f"n{number:02d}", f"t{number}"))
        assert await snapshot.publish(first)
        for entry in await plain.list("data/registry/"):
            if "names" in entry.key:
                await plain.put(entry.key, b"damaged")
        survivor = await opened(HeldStore(plain))
        await survivor.asked(lambda state: state.get(TOKENS, "t0"))
        readers = []
        for number in range(60):
            readers.append(asyncio.create_task(names(survivor)))
            await first.transact(add("counter", 1, token=f"c{number}"))
            await survivor.refresh()
        expected = [f"n{number:02d}" for number in range(30)]
        assert await soon(asyncio.gather(*readers)) == [expected] * 60
        assert await survivor.asked(lambda state: state.get(TOTALS, "counter")) == Total(
            "counter", 60
        )

    run(main())


def test_damage_found_while_publishing_is_mended_by_the_next_snapshot() -> None:
    async def main() -> None:
        store = MemoryStore()
        live = await opened(store)
        for number in range(SIZES.fan_out - 1):
            await live.transact(take_name(f"n{number}", f"t{number}"))
            assert await snapshot.publish(live)
        for entry in await store.list("data/registry/"):
            await store.put(entry.key, b"damaged")
        await live.transact(take_name("z", "t-z"))
        assert await snapshot.publish(live)
        assert live.replay.damage is None
        assert await problems(store) == ()
        assert len(await names(await opened(store))) == SIZES.fan_out

    run(main())


def test_damage_found_after_a_snapshot_began_is_not_forgotten_when_it_stands() -> None:
    async def main() -> None:
        plain = MemoryStore()
        first = await opened(plain)
        for name in ("a", "b"):
            await first.transact(take_name(name, f"t-{name}"))
        assert await snapshot.publish(first)
        damaged = [entry.key for entry in await plain.list("data/registry/")]
        store = HeldStore(plain)
        cold = await opened(store)
        await cold.transact(add("counter", 1, token="t-c"))
        store.holds = lambda call: call.verb == "create" and "index" in call.key
        publishing = asyncio.create_task(snapshot.publish(cold))
        await soon(store.arrived.wait())
        for key in damaged:
            await plain.put(key, b"damaged")
        assert await names(cold) == ["a", "b"]
        store.release.set()
        assert await soon(publishing)
        assert snapshot.is_due(cold, age_seconds_max=60.0)
        assert await soon(snapshot.publish(cold))
        assert await problems(plain) == ()

    run(main())


def test_what_was_committed_while_a_snapshot_was_written_still_counts_as_its_tail() -> None:
    async def main() -> None:
        store = HeldStore(MemoryStore())
        database = await opened(store)
        await database.transact(take_name("a", "t-a"))
        store.holds = lambda call: call.verb == "create" and "index" in call.key
        publishing = asyncio.create_task(snapshot.publish(database))
        await soon(store.arrived.wait())
        await soon(database.transact(take_name("b", "t-b")))
        store.release.set()
        assert await soon(publishing)
        assert database.tail.commits == 1
        assert snapshot.is_due(database, age_seconds_max=0.0)
        assert await soon(snapshot.publish(database))
        assert database.tail.commits == 0

    run(main())


def test_the_first_write_of_a_process_finds_what_every_commit_names_still_cold() -> None:
    def take_lease(state: State, now: datetime) -> list[Event]:
        return [Event(LeaseTaken(epoch=3, writer="w", address="", taken_at=now))]

    async def main() -> None:
        store = MemoryStore()
        first = await opened(store)
        await first.transact(take_lease)
        for name in ("a", "b"):
            await first.transact(take_name(name, f"t-{name}"))
            assert await snapshot.publish(first)
        second = await opened(store)
        receipt = await soon(second.transact(take_name("c", "t-c")))
        slot = await second.log.read(receipt.seq)
        assert slot is not None and slot.commit.epoch == 3
        assert slot.commit.snapshot is not None
        assert await snapshot.publish(second)
        assert await problems(store) == ()

    run(main())


def test_a_reader_far_behind_catches_up_in_bounded_steps() -> None:
    async def main() -> None:
        store = MemoryStore()
        first = await opened(store)
        late = await opened(store)
        for number in range(200):
            await first.transact(take_name(f"n{number:03d}", f"t{number}"))
        window = await late.log.after(late.seq)
        assert 0 < len(window) < 100
        assert await late.refresh() == first.seq
        assert len(await names(late)) == 200

    run(main())


def test_a_refusal_is_answered_though_a_later_commit_of_the_same_name_is_in_flight() -> None:
    async def main() -> None:
        database = await opened(MemoryStore())
        works = [database.transact(take_name("a", f"t{n}")) for n in range(50)]
        answers = await soon(asyncio.gather(*works, return_exceptions=True))
        won = [each for each in answers if not isinstance(each, BaseException)]
        lost = [each for each in answers if isinstance(each, AlreadyExists)]
        assert (len(won), len(lost)) == (1, 49)

    run(main())
