"""What an attempt stores is stored once, also when answers get lost, and never for ever."""

from __future__ import annotations

import pytest

from arco.runtime import AsyncioRuntime, run
from arco.store import creating
from arco.store.creating import TRIES, create_alone, create_patiently
from arco.store.memory import MemoryStore
from arco.store.port import StoreFault
from arco.testing.stores import CountingStore, Fault, FaultyStore, Rule, ScriptedFaults

RUNTIME = AsyncioRuntime()
KEY = "data/file"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(creating, "RETRY_SECONDS", 0.0)


def created(memory: MemoryStore, *rules: Rule, data: bytes = b"ours") -> bool:
    store = FaultyStore(memory, ScriptedFaults(rules))
    return run(create_patiently(store, RUNTIME, key=KEY, data=data))


@pytest.mark.parametrize("fault", [Fault.LOST, Fault.UNANSWERED])
@pytest.mark.parametrize("times", range(TRIES))
def test_an_object_is_ours_however_its_creation_was_answered(fault: Fault, times: int) -> None:
    memory = MemoryStore()
    assert created(memory, Rule("create", KEY, 1, fault, times))
    assert run(memory.get(KEY)) == b"ours"


def test_one_definite_answer_costs_one_request() -> None:
    counting = CountingStore(MemoryStore())
    assert run(create_patiently(counting, RUNTIME, key=KEY, data=b"ours"))
    assert counting.counts() == {"create": 1}


@pytest.mark.parametrize("theirs", [b"theirs", b"ours"])
def test_a_name_that_is_taken_at_the_first_asking_is_somebody_elses(theirs: bytes) -> None:
    memory = MemoryStore()
    run(memory.create(KEY, theirs))
    assert not created(memory)


def test_a_name_that_somebody_took_while_an_answer_was_lost_is_theirs() -> None:
    memory = MemoryStore()
    run(memory.create(KEY, b"theirs"))
    assert not created(memory, Rule("create", KEY, 1, Fault.LOST))
    assert run(memory.get(KEY)) == b"theirs"


def test_a_store_that_stays_silent_is_given_up() -> None:
    rules = [Rule("create", KEY, 1, Fault.LOST, 1000)]
    silent = FaultyStore(MemoryStore(), ScriptedFaults(rules))
    with pytest.raises(StoreFault):
        run(create_patiently(silent, RUNTIME, key=KEY, data=b""))
    assert len(silent.faults) == TRIES


def test_a_process_that_must_not_write_any_more_does_not_ask_again() -> None:
    asked = []

    class Broken(MemoryStore):
        async def create(self, key: str, data: bytes) -> bool:
            asked.append(key)
            raise StoreFault("the disk is broken", fatal=True)

    with pytest.raises(StoreFault):
        run(create_patiently(Broken(), RUNTIME, key=KEY, data=b""))
    assert asked == [KEY]


def test_a_name_of_ones_own_that_is_said_to_be_taken_is_looked_at() -> None:
    memory = MemoryStore()
    run(create_alone(memory, RUNTIME, key=KEY, data=b"ours"))
    run(create_alone(memory, RUNTIME, key=KEY, data=b"ours"))
    with pytest.raises(StoreFault, match="does not stand there"):
        run(create_alone(memory, RUNTIME, key=KEY, data=b"other"))


@pytest.mark.parametrize("fault", [Fault.LOST, Fault.UNANSWERED])
@pytest.mark.parametrize("times", range(TRIES + 1))
def test_a_name_of_ones_own_is_asked_for_again_after_a_lost_answer(
    fault: Fault, times: int
) -> None:
    memory = MemoryStore()
    store = FaultyStore(memory, ScriptedFaults([Rule("create", KEY, 1, fault, times)]))
    if times < TRIES:
        run(create_alone(store, RUNTIME, key=KEY, data=b"ours"))
        assert run(memory.get(KEY)) == b"ours"
    else:
        with pytest.raises(StoreFault, match="no answer"):
            run(create_alone(store, RUNTIME, key=KEY, data=b"ours"))
