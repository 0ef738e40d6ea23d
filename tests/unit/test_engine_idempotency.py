"""Idempotency keys: asked again is answered again, and what is forgotten is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec
import pytest

from arco.engine import snapshot
from arco.engine.database import Database
from arco.engine.idempotency import (
    ANSWER_BYTES_MAX,
    FORGETTING,
    KEY_AGE_MAX,
    RESULTS,
    Intent,
    ResultKept,
    check_key,
)
from arco.errors import AlreadyExists, ArcoError, Invalid
from arco.ids import milliseconds, new_uuid7, uuid7
from arco.model import State
from arco.runtime import AsyncioRuntime, run
from arco.store.memory import MemoryStore
from arco.store.port import Store
from arco.testing.registry import NAMES, REGISTRY, add, take_name
from arco.testing.stores import Call, CountingStore, Fault, FaultyStore


class Clock(AsyncioRuntime):
    """The real runtime, whose wall clock a test moves."""

    ahead = timedelta()

    def now(self) -> datetime:
        return super().now() + self.ahead


class Line:
    """A line to the store that does with every create what it is told."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def fault(self, call: Call) -> Fault | None:
        return self.faults.pop(0) if call.verb == "create" and self.faults else None


def names_of(state: State) -> str:
    return " ".join(row.name for row in state.range(NAMES))


def intent(
    key: str, request: str = "r", *, answer: Callable[[State], str] = names_of, principal: str = ""
) -> Intent:
    return Intent(answer, key, request, principal)


async def opened(store: Store, runtime: Clock) -> Database:
    return await Database.open(store, runtime, domains=(REGISTRY,), writer="test")


async def refusal(database: Database, asked: Intent, *, name: str = "z") -> str:
    with pytest.raises(ArcoError) as caught:
        await database.transact(take_name(name, f"t-{name}"), asked)
    return caught.value.code


def test_a_repeated_request_is_answered_with_its_first_result_and_not_done_again() -> None:
    async def main() -> None:
        runtime = Clock()
        database = await opened(MemoryStore(), runtime)
        key = new_uuid7(runtime)
        first = await database.transact(add("c", 1, token="t1"), intent(key))
        await database.transact(take_name("later", "t2"))
        seq = database.seq
        again = await database.transact(add("c", 1, token="t3"), intent(key))
        assert (again.repeats, again.answer, again.events) == (first.seq, "", ())
        assert (first.repeats, first.answer) == (None, "")
        assert database.seq == seq

    run(main())


def test_two_requests_with_one_key_in_one_batch_are_done_once() -> None:
    async def main() -> None:
        runtime = Clock()
        database = await opened(MemoryStore(), runtime)
        key = new_uuid7(runtime)
        receipts = await runtime.gather(
            database.transact(take_name("a", f"t{number}"), intent(key)) for number in range(5)
        )
        assert {receipt.answer for receipt in receipts} == {"a"}
        assert sum(receipt.repeats is None for receipt in receipts) == 1

    run(main())


def test_the_result_stands_in_the_same_slot_as_what_was_decided() -> None:
    async def main() -> None:
        runtime = Clock()
        store = CountingStore(MemoryStore())
        database = await opened(store, runtime)
        heard: list[list[str]] = []
        database.listeners.append(
            lambda slot: heard.append([type(each.payload).__name__ for each in slot.events])
        )
        store.reset()
        receipt = await database.transact(take_name("a", "t1"), intent(new_uuid7(runtime)))
        assert store.counts("log/*") == {"create": 1}
        assert heard == [["NameTaken", "ResultKept"]]
        (row,) = database.state.range(RESULTS)
        assert (row.slot, row.answer) == (receipt.seq, "a")

    run(main())


def test_the_same_key_with_another_request_is_refused() -> None:
    async def main() -> None:
        runtime = Clock()
        database = await opened(MemoryStore(), runtime)
        key = new_uuid7(runtime)
        await database.transact(take_name("a", "t1"), intent(key))
        assert await refusal(database, intent(key, "other")) == "IDEMPOTENCY_KEY_REUSED"

    run(main())


def test_a_key_of_another_principal_is_another_key() -> None:
    async def main() -> None:
        runtime = Clock()
        database = await opened(MemoryStore(), runtime)
        key = new_uuid7(runtime)
        await database.transact(take_name("a", "t1"), intent(key, principal="ann"))
        other = await database.transact(take_name("b", "t2"), intent(key, principal="bob"))
        assert other.repeats is None
        assert other.answer == "a b"

    run(main())


def test_a_refusal_is_not_kept() -> None:
    async def main() -> None:
        runtime = Clock()
        database = await opened(MemoryStore(), runtime)
        key = new_uuid7(runtime)
        await database.transact(take_name("a", "t0"))
        with pytest.raises(AlreadyExists):
            await database.transact(take_name("a", "t1"), intent(key))
        assert (await database.transact(take_name("b", "t2"), intent(key))).repeats is None

    run(main())


def test_a_decision_without_events_is_told_and_not_kept() -> None:
    async def main() -> None:
        runtime = Clock()
        database = await opened(MemoryStore(), runtime)
        await database.transact(take_name("a", "t0"))
        receipt = await database.transact(lambda state, now: (), intent(new_uuid7(runtime)))
        assert receipt.answer == "a"
        assert not list(database.state.range(RESULTS))

    run(main())


@pytest.mark.parametrize(
    "key", ["", "x", "00000000-0000-4000-8000-000000000000", "0190F3E2-0000-7000-8000-000000000000"]
)
def test_a_key_that_is_no_uuid7_is_refused(key: str) -> None:
    with pytest.raises(Invalid) as caught:
        check_key(key)
    assert caught.value.code == "IDEMPOTENCY_KEY_INVALID"


def test_a_key_that_is_too_old_or_from_the_future_is_refused_without_a_look() -> None:
    async def main() -> None:
        runtime = Clock()
        database = await opened(MemoryStore(), runtime)
        now = runtime.now()
        for made in (now - KEY_AGE_MAX - timedelta(seconds=1), now + timedelta(minutes=6)):
            key = uuid7(milliseconds(made), 1)
            assert await refusal(database, intent(key)) == "IDEMPOTENCY_KEY_EXPIRED"
        assert names_of(database.state) == ""

    run(main())


def test_results_are_forgotten_after_their_time_and_their_number_stays_bounded() -> None:
    async def main() -> None:
        runtime = Clock()
        database = await opened(MemoryStore(), runtime)
        most = 0
        for day in range(40):
            runtime.ahead = timedelta(days=day)
            for number in range(10):
                token = f"{day}.{number}"
                await database.transact(add("c", 1, token=token), intent(new_uuid7(runtime)))
            most = max(most, sum(1 for _ in database.state.range(RESULTS)))
        assert 70 <= most <= 90

    run(main())


def test_a_key_whose_hour_was_forgotten_by_a_process_with_a_fast_clock_is_refused_everywhere() -> (
    None
):
    async def main() -> None:
        store, honest, hasty = MemoryStore(), Clock(), Clock()
        one = await opened(store, honest)
        key = new_uuid7(honest)
        await one.transact(add("c", 1, token="t1"), intent(key))
        hasty.ahead = timedelta(days=30)
        other = await opened(store, hasty)
        await other.transact(add("c", 1, token="t2"), intent(new_uuid7(hasty)))
        assert other.state.get(FORGETTING, "results") is not None
        assert await refusal(one, intent(key)) == "IDEMPOTENCY_KEY_EXPIRED"

    run(main())


def test_a_large_answer_is_made_again_from_the_state() -> None:
    async def main() -> None:
        runtime = Clock()
        database = await opened(MemoryStore(), runtime)
        key = new_uuid7(runtime)
        asked = intent(key, answer=lambda state: names_of(state) + "." * ANSWER_BYTES_MAX)
        first = await database.transact(take_name("a", "t1"), asked)
        (row,) = database.state.range(RESULTS)
        assert row.answer is None
        again = await database.transact(take_name("a", "t1"), asked)
        assert again.answer == first.answer
        assert again.repeats == first.seq

    run(main())


def test_a_result_outlives_the_process_and_the_snapshot() -> None:
    async def main() -> None:
        store, runtime = MemoryStore(), Clock()
        database = await opened(store, runtime)
        key = new_uuid7(runtime)
        first = await database.transact(take_name("a", "t1"), intent(key))
        assert await snapshot.publish(database)
        again = await (await opened(store, runtime)).transact(take_name("b", "t2"), intent(key))
        assert (again.repeats, again.answer) == (first.seq, "a")

    run(main())


def test_a_write_whose_answer_was_lost_is_found_by_its_key() -> None:
    async def main() -> None:
        runtime, memory = Clock(), MemoryStore()
        await opened(memory, runtime)
        line = Line()
        database = await opened(FaultyStore(memory, line), runtime)
        line.faults = [Fault.UNANSWERED, *[Fault.LOST] * 1000]
        database.outcome_seconds = 0.1
        key = new_uuid7(runtime)
        with pytest.raises(ArcoError) as caught:
            await database.transact(add("c", 1, token="t1"), intent(key))
        assert caught.value.code == "OUTCOME_UNKNOWN"
        line.faults = []
        database.outcome_seconds = 20.0
        again = await database.transact(add("c", 1, token="t2"), intent(key))
        assert again.repeats == 1
        assert database.seq == 1

    run(main())


def test_an_answer_that_cannot_be_told_writes_nothing() -> None:
    def untellable(state: State) -> str:
        raise Invalid("X", "y")

    async def main() -> None:
        runtime = Clock()
        database = await opened(MemoryStore(), runtime)
        with pytest.raises(Exception, match="y"):
            await database.transact(take_name("a", "t1"), Intent(untellable))
        assert names_of(database.state) == ""

    run(main())


def test_a_result_event_that_comes_twice_changes_nothing() -> None:
    async def main() -> None:
        runtime = Clock()
        database = await opened(MemoryStore(), runtime)
        key = new_uuid7(runtime)
        await database.transact(take_name("a", "t1"), intent(key))
        (row,) = database.state.range(RESULTS)
        event = ResultKept(key, "other", 99, runtime.now(), "forged")
        changes = list(database.registry.reducer(event)(database.state, event))
        assert changes == []
        assert msgspec.structs.asdict(row)["answer"] == "a"

    run(main())
