"""Each fault of the storage protocol, one at a time: the engine's laws hold, nobody waits long."""

from __future__ import annotations

import pytest

from arco.store import keys
from arco.testing.actors import Cast, Stage
from arco.testing.campaign import judge
from arco.testing.network import Fate, Weather
from arco.testing.process import Process
from arco.testing.scheduler import SECOND_US
from arco.testing.world import CALM, Faults, World
from tests.simulation.stages import (
    client,
    fault,
    findings,
    open_database,
    play,
    run_alone,
    verdicts,
)

FIRST = keys.slot(1)
ADDS = Cast(processes=2, clients=2, wishes=3, kinds=("add",))
TALLIES = Cast(processes=2, clients=2, wishes=3, kinds=("tally",))


def test_a_request_lost_before_it_is_applied_is_sent_again_and_succeeds() -> None:
    stage = play([fault(Fate.LOST, key=FIRST, times=2)], cast=TALLIES)
    assert verdicts(stage, "tally") == ["acknowledged"] * 12


def test_a_write_whose_answer_is_lost_is_acknowledged_once() -> None:
    stage = play([fault(Fate.UNANSWERED, key=FIRST)], cast=TALLIES)
    assert verdicts(stage, "tally") == ["acknowledged"] * 12


@pytest.mark.parametrize("late_seconds", [1, 60, 3_600, 172_800])
def test_a_write_applied_long_after_the_client_gave_up_changes_nothing(late_seconds: int) -> None:
    late = fault(Fate.LATE, key=FIRST, times=2, late_us=late_seconds * SECOND_US)
    stage = play([late], cast=TALLIES)
    assert verdicts(stage, "tally") == ["acknowledged"] * 12


def test_a_zombie_that_lands_after_its_writer_died_is_found_in_the_log_and_never_repeated() -> None:
    stage = Stage(World(4, faults=CALM), open_database)
    stage.host(stage.world.process("p0"), [client("a", ("add", "counter"), ("read", ""))])
    fault(Fate.LATE, key=FIRST, late_us=SECOND_US)(stage.world)
    process = stage.world.process("p0")
    process.revival_us = 30 * SECOND_US
    stage.world.scheduler.after(2 * SECOND_US, process.crash)
    stage.world.run(lambda: stage.is_over)
    assert [reading.totals for reading in stage.history.readings] == [(("counter", 1),)]
    assert verdicts(stage, "add") == ["acknowledged"]


def test_an_own_write_answered_as_a_conflict_is_recognised() -> None:
    stage = play([fault(Fate.ECHOED, key=FIRST, times=6)], cast=TALLIES)
    assert verdicts(stage, "tally") == ["acknowledged"] * 12


def test_a_conflict_reported_for_a_free_slot_is_not_believed() -> None:
    stage = play([fault(Fate.DISOWNED, key=FIRST, times=5)], cast=TALLIES)
    assert verdicts(stage, "tally") == ["acknowledged"] * 12


def test_a_storm_of_409_429_and_503_only_delays() -> None:
    storm = fault(Fate.REFUSED, times=40)
    stage = play([storm, fault(Fate.REFUSED, "get", times=40)], cast=ADDS)
    assert verdicts(stage, "add") == ["acknowledged"] * 12


def test_clients_of_a_store_that_refuses_for_ten_minutes_hear_that_the_outcome_is_unknown() -> None:
    stage = Stage(World(1, faults=Faults(heal_after_us=600 * SECOND_US)), open_database)
    fault(Fate.REFUSED, key=FIRST, times=1_000_000)(stage.world)
    judge(stage, TALLIES)
    assert set(verdicts(stage, "tally")) == {"unknown"}


def test_an_error_status_for_a_write_that_was_applied_counts_once() -> None:
    stage = play([fault(Fate.APPLIED_REFUSED, key=FIRST, times=3)], cast=TALLIES)
    assert verdicts(stage, "tally") == ["acknowledged"] * 12


def test_a_request_delivered_twice_is_applied_once() -> None:
    stage = play([fault(Fate.REPEATED, times=100)], cast=TALLIES)
    assert verdicts(stage, "tally") == ["acknowledged"] * 12


@pytest.mark.parametrize("fate", [Fate.TRUNCATED, Fate.FLIPPED])
def test_a_damaged_body_is_noticed_and_read_again(fate: Fate) -> None:
    damaged = [fault(fate, "get", nth=nth) for nth in (1, 4, 6, 9, 12)]
    stage = play(damaged, cast=Cast(processes=3, clients=2, wishes=4))
    assert stage.is_over


def test_requests_in_a_slot_that_cannot_be_read_are_neither_failed_nor_written_twice() -> None:
    stage = Stage(World(1, faults=CALM), open_database)
    # Slot 1 holds the request that came first; the others wait and share slot 2.
    fault(Fate.ECHOED, key=keys.slot(2))(stage.world)
    fault(Fate.TRUNCATED, "get", key=keys.slot(2), times=3)(stage.world)
    crowd = [client(f"c{number}", ("tally", "counter")) for number in range(6)]
    for hurried in crowd:
        hurried.think_us = (0, 0)
    stage.host(stage.world.process("p0"), crowd)
    judge(stage, Cast(processes=0))
    assert set(verdicts(stage, "tally")) <= {"acknowledged", "unknown"}


@pytest.mark.parametrize("fate", [Fate.HINT_LOST, Fate.HINT_STALE, Fate.HINT_WRONG])
@pytest.mark.parametrize("seed", range(4))
def test_no_hint_whatever_it_says_changes_what_readers_see(fate: Fate, seed: int) -> None:
    always = Faults(weather=Weather(rates={fate: 1.0}))
    cast = Cast(processes=2, clients=3, wishes=16, kinds=("add", "read"))
    stage = Stage(World(seed, faults=always), open_database)
    cast.enter(stage)
    for process in stage.world.processes.values():
        process.revival_us = SECOND_US // 10
        stage.world.scheduler.after(SECOND_US, process.crash)
    stage.world.run(lambda: stage.is_over)
    reading = stage.witness()
    assert reading.seq == len([key for key in stage.world.store.objects if "log/" in key]) - 1


@pytest.mark.parametrize(
    "hint",
    [b"", b"\xff", b"[]", b'{"seq\xff":1}', b'{"seq":"1"}', b'{"seq":-7}', b'{"seq":1e400}']
    + [b'{"seq":%d}' % number for number in (0, 5, 10**9, 10**30)],
)
def test_a_hint_of_any_bytes_leads_to_the_same_head(hint: bytes) -> None:
    stage = play(cast=Cast(processes=1, clients=1, wishes=6, kinds=("add",)))
    before = stage.history.readings[-1]
    stage.world.store.objects[keys.HEAD] = hint

    async def head(process: Process) -> int:
        return (await open_database(stage.world, process)).seq

    assert run_alone(stage.world, head, name="newcomer") == before.seq


def test_the_engines_verifier_finds_nothing_after_a_rough_night() -> None:
    rough = {Fate.UNANSWERED: 0.2, Fate.LATE: 0.1, Fate.ECHOED: 0.1, Fate.REFUSED: 0.2}
    stage = play(cast=ADDS, faults=Faults(weather=Weather(rates=rough)))
    assert findings(stage.world) == []


def test_no_request_path_lists_the_store() -> None:
    stage = play(cast=Cast(processes=3, clients=3, wishes=5))
    assert [a for a in stage.world.store.journal if a.operation.verb == "list"] == []
