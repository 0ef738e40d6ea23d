"""What the counting, slow and faulty stores do when they are told to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Coroutine
from typing import Any

import pytest

from arco.runtime import AsyncioRuntime, run
from arco.store.memory import MemoryStore
from arco.store.port import StoreFault
from arco.testing.stores import (
    LATE_CALLS,
    Call,
    CountingStore,
    Fault,
    FaultyStore,
    LatencyStore,
    Rule,
    ScriptedFaults,
    SeededFaults,
)

SLOT = "log/000000000000/00000000000000000001.json"


def faulty(*rules: Rule) -> FaultyStore:
    return FaultyStore(MemoryStore(), ScriptedFaults(rules))


def fails(question: Coroutine[Any, Any, object]) -> bool:
    with pytest.raises(StoreFault) as fault:
        run(question)
    return not fault.value.fatal


def test_the_counting_store_knows_verbs_bytes_and_keys() -> None:
    store = CountingStore(MemoryStore())
    run(store.create(SLOT, b"12345"))
    run(store.create(SLOT, b"12345"))
    run(store.get(SLOT))
    run(store.get("log/missing"))
    run(store.put("head.json", b"{}"))
    assert store.counts() == Counter(create=2, get=2, put=1)
    assert store.counts("log/*") == Counter(create=2, get=2)
    assert (store.bytes_written, store.bytes_read) == (12, 5)
    assert store.calls[-1] == Call("put", "head.json", 2)


def test_a_reset_counts_the_next_operation_alone() -> None:
    store = CountingStore(MemoryStore())
    run(store.create(SLOT, b"12345"))
    store.reset()
    run(store.list("log/"))
    assert store.counts() == Counter(list=1)
    assert (store.bytes_written, store.bytes_read) == (0, 0)


def test_the_slow_store_takes_its_time_for_the_verbs_it_was_told() -> None:
    runtime = AsyncioRuntime()
    store = LatencyStore(MemoryStore(runtime), runtime, {"create": 0.02})

    async def timed() -> tuple[float, float]:
        begun = runtime.monotonic()
        await store.create(SLOT, b"1")
        created = runtime.monotonic()
        await store.get(SLOT)
        return created - begun, runtime.monotonic() - created

    create_seconds, get_seconds = run(timed())
    assert create_seconds >= 0.02
    assert get_seconds < create_seconds


def test_a_lost_create_has_not_happened() -> None:
    store = faulty(Rule("create", "log/*", 1, Fault.LOST))
    assert fails(store.create(SLOT, b"mine"))
    assert run(store.get(SLOT)) is None
    assert run(store.create(SLOT, b"mine")) is True


def test_an_unanswered_create_has_happened() -> None:
    store = faulty(Rule("create", "log/*", 1, Fault.UNANSWERED))
    assert fails(store.create(SLOT, b"mine"))
    assert run(store.create(SLOT, b"mine")) is False
    assert run(store.get(SLOT)) == b"mine"


def test_a_late_create_happens_after_the_client_gave_up() -> None:
    store = faulty(Rule("create", "log/*", 1, Fault.LATE))
    assert fails(store.create(SLOT, b"mine"))
    seen = [run(store.get(SLOT)) for _ in range(LATE_CALLS)]
    assert seen == [None] * (LATE_CALLS - 1) + [b"mine"]


def test_a_late_create_loses_to_the_one_that_came_meanwhile() -> None:
    store = faulty(Rule("create", "log/*", 1, Fault.LATE))
    assert fails(store.create(SLOT, b"late"))
    assert run(store.create(SLOT, b"prompt")) is True
    assert run(store.settle()) == 1
    assert run(store.get(SLOT)) == b"prompt"


def test_settling_applies_every_late_write_once() -> None:
    store = faulty(Rule("put", "*", 1, Fault.LATE, times=2))
    assert fails(store.put("head.json", b"1"))
    assert fails(store.put("head.json", b"2"))
    assert run(store.settle()) == 2
    assert run(store.settle()) == 0
    assert run(store.get("head.json")) == b"2"


def test_a_late_read_is_only_a_lost_one() -> None:
    store = faulty(Rule("get", "*", 1, Fault.LATE))
    assert fails(store.get(SLOT))
    assert run(store.settle()) == 0


def test_a_storm_lasts_as_many_calls_as_it_was_told() -> None:
    store = faulty(Rule("create", "*", 2, Fault.LOST, times=3))
    assert run(store.create("a", b"1")) is True
    assert [fails(store.create(SLOT, b"1")) for _ in range(3)] == [True] * 3
    assert run(store.create(SLOT, b"1")) is True
    assert [fault for _, fault in store.faults] == [Fault.LOST] * 3


def test_a_rule_counts_only_calls_of_its_verb_and_its_keys() -> None:
    store = faulty(Rule("create", "log/*", 2, Fault.LOST))
    for key in ("data/1", "data/2", "log/1"):
        assert run(store.create(key, b"1")) is True
    assert run(store.get("log/1")) == b"1"
    assert fails(store.create("log/2", b"1"))


def test_damaged_reads_differ_and_the_stored_bytes_do_not() -> None:
    store = faulty(
        Rule("get", "*", 1, Fault.TRUNCATED),
        Rule("get", "*", 2, Fault.FLIPPED),
    )
    run(store.create(SLOT, b"0123456789"))
    assert run(store.get(SLOT)) == b"01234"
    assert run(store.get(SLOT)) == b"01234" + bytes([ord("5") ^ 1]) + b"6789"
    assert run(store.get(SLOT)) == b"0123456789"


def test_a_damaged_answer_without_bytes_arrives_as_it_is() -> None:
    store = faulty(Rule("get", "*", 1, Fault.FLIPPED, times=2))
    run(store.create("empty", b""))
    assert run(store.get(SLOT)) is None
    assert run(store.get("empty")) == b""


def test_the_same_seed_gives_the_same_faults_whatever_the_order() -> None:
    calls = [Call("create", f"log/{number}") for number in range(50)]
    rates = {Fault.LOST: 0.2, Fault.UNANSWERED: 0.2}
    forwards, backwards = SeededFaults(7, rates), SeededFaults(7, rates)
    first = {call.key: forwards.fault(call) for call in calls}
    second = {call.key: backwards.fault(call) for call in reversed(calls)}
    assert first == second
    other = SeededFaults(8, rates)
    assert first != {call.key: other.fault(call) for call in calls}


def test_seeded_faults_come_about_as_often_as_their_rates() -> None:
    plan = SeededFaults(1, {Fault.LOST: 0.1, Fault.LATE: 0.3})
    drawn = Counter(plan.fault(Call("create", f"log/{number}")) for number in range(2000))
    assert 120 < drawn[Fault.LOST] < 280
    assert 500 < drawn[Fault.LATE] < 700


def test_a_seeded_storm_stays_at_its_key() -> None:
    plan = SeededFaults(3, {Fault.LOST: 0.2}, storm_calls=3)
    asked = [plan.fault(Call("create", SLOT)) for _ in range(200)]
    text = "".join("x" if fault else "." for fault in asked)
    storms = [storm for storm in text.split(".") if storm]
    assert storms
    assert all(len(storm) % 3 == 0 for storm in storms[:-1])
