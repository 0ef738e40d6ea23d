"""Pools: never more out than fits, nobody is passed over, no slot outlives its attempt."""

from __future__ import annotations

from typing import Any

import pytest

from arco.errors import ArcoError
from arco.orchestration.commands.attempts import LoseAttempt, lose_attempt
from arco.orchestration.commands.pools import size_pool, unsize_pool
from arco.orchestration.commands.runs import CancelRun, cancel_run
from arco.orchestration.controllers import dispatch_ready_tasks
from arco.orchestration.definitions import RetryPolicy
from arco.orchestration.partitions import StaticPartitions
from arco.orchestration.pools import PASSED_MAX, Slots, startable
from arco.orchestration.tables import DISPATCHES, READY
from arco.orchestration.waiting import Wait, task_story
from arco.service.pools import pool_list
from arco.testing.orchestration_samples import Bench, asset


def deployed(needs: dict[str, dict[str, int]], window: int = 64, **fields: Any) -> Bench:
    """One asset per key, with the pools it needs."""
    bench = Bench(window)
    bench.deploy(*(asset(key, pools=pools, **fields) for key, pools in needs.items()))
    return bench


def out(bench: Bench) -> list[str]:
    """The assets of which attempts are out."""
    rows = sorted(bench.state.range(DISPATCHES), key=lambda row: (row.run_id, row.index))
    slots = Slots(bench.state, ())
    plans = [(slots.plan(row.run_id), row.index) for row in rows]
    return [plan.tasks[index].asset for plan, index in plans if plan]


def test_no_more_tasks_are_out_than_the_pool_has_slots() -> None:
    bench = deployed({f"raw.a{number}": {"warehouse": 1} for number in range(4)})
    bench.ask(size_pool("warehouse", 2))
    bench.trigger()
    assert out(bench) == ["raw.a0", "raw.a1"]
    bench.succeed("R1", "raw.a1")
    assert out(bench) == ["raw.a0", "raw.a2"]


def test_a_pool_that_nobody_sized_has_one_slot() -> None:
    bench = deployed({"raw.a": {"warehouse": 1}, "raw.b": {"warehouse": 1}})
    bench.trigger()
    assert out(bench) == ["raw.a"]


def test_what_needs_no_pool_passes_what_waits_for_one() -> None:
    bench = deployed({"raw.a": {"p": 1}, "raw.b": {"p": 1}, "raw.c": {"q": 1}, "raw.d": {}})
    bench.trigger()
    assert out(bench) == ["raw.a", "raw.c", "raw.d"]


def test_nobody_passes_a_task_that_waits_for_several_slots() -> None:
    bench = deployed({"raw.a": {"p": 1}, "raw.b": {"p": 2}, "raw.c": {"p": 1}})
    bench.ask(size_pool("p", 2))
    bench.trigger()
    assert out(bench) == ["raw.a"]
    bench.succeed("R1", "raw.a")
    assert out(bench) == ["raw.b"]
    bench.succeed("R1", "raw.b")
    assert out(bench) == ["raw.c"]


def test_the_higher_priority_takes_the_slot_first() -> None:
    bench = Bench()
    bench.deploy(
        asset("raw.a", pools={"p": 1}),
        asset("raw.b", pools={"p": 1}),
        asset("raw.c", pools={"p": 1}, priority=5),
    )
    bench.trigger("R1", "raw.a")
    bench.trigger("R2", "raw.b")
    bench.trigger("R3", "raw.c")
    bench.succeed("R1", "raw.a")
    assert out(bench) == ["raw.c"]


def test_a_task_that_needs_more_than_there_is_takes_the_whole_pool() -> None:
    bench = deployed({"raw.a": {"p": 9}, "raw.b": {"p": 1}})
    bench.ask(size_pool("p", 2))
    bench.trigger()
    assert out(bench) == ["raw.a"]
    bench.succeed("R1", "raw.a")
    assert out(bench) == ["raw.b"]


def test_a_closed_pool_starts_nothing_until_it_is_opened() -> None:
    bench = deployed({"raw.a": {"p": 1}})
    bench.ask(size_pool("p", 0))
    bench.trigger()
    assert out(bench) == []
    assert "closed" in task_story(bench.state, bench.task("R1", "raw.a")).task.message
    bench.ask(unsize_pool("p"))
    assert out(bench) == ["raw.a"]


@pytest.mark.parametrize("how", ["fails", "lost", "cancelled"])
def test_a_slot_is_free_however_its_attempt_ends(how: str) -> None:
    bench = deployed({"raw.a": {"p": 1}}, retry=RetryPolicy(max_attempts=3, delay_ms=60_000))
    bench.trigger("R1")
    bench.trigger("R2", which="all")
    (dispatch,) = bench.state.range(DISPATCHES)
    if how == "lost":
        bench.ask(lose_attempt(LoseAttempt(dispatch_id=dispatch.dispatch_id, reason="gone")))
    if how == "cancelled":
        bench.ask(cancel_run(CancelRun(run_id="R1")))
        assert [row.run_id for row in bench.state.range(DISPATCHES)] == ["R1"]
    if how != "lost":
        bench.fail("R1", "raw.a")
    # A lost attempt is repeated at once, and stands first in the queue.
    follows = ("R1", 2) if how == "lost" else ("R2", 1)
    assert [(row.run_id, row.attempt) for row in bench.state.range(DISPATCHES)] == [follows]


def test_a_smaller_pool_lets_what_runs_go_on_and_starts_nothing_more() -> None:
    bench = deployed({f"raw.a{number}": {"p": 1} for number in range(4)})
    bench.ask(size_pool("p", 3))
    bench.trigger()
    bench.ask(size_pool("p", 1))
    assert out(bench) == ["raw.a0", "raw.a1", "raw.a2"]
    bench.succeed("R1", "raw.a0")
    bench.succeed("R1", "raw.a1")
    assert out(bench) == ["raw.a2"]


def test_tasks_that_wait_alike_are_passed_in_one_step() -> None:
    values = StaticPartitions(tuple(f"v{number}" for number in range(3 * PASSED_MAX)))
    bench = Bench(window=8)
    bench.deploy(asset("raw.many", partitions=values, pools={"p": 1}), asset("raw.other"))
    bench.trigger()
    assert out(bench) == ["raw.many", "raw.other"]
    assert list(startable(bench.state, Slots(bench.state, bench.state.range(DISPATCHES)))) == []
    assert len(list(bench.state.range(READY))) == 3 * PASSED_MAX - 1
    assert dispatch_ready_tasks.decide(bench.state, bench.now, window=8) == []


def test_the_list_of_pools_tells_what_is_taken_and_what_waits() -> None:
    bench = deployed({"raw.a": {"p": 1}, "raw.b": {"p": 1}, "raw.c": {"q": 2}})
    bench.ask(size_pool("q", 2))
    bench.ask(size_pool("r", 7))
    bench.trigger()
    told = {each.name: (each.slots, each.taken, each.waiting) for each in pool_list(bench.state)}
    assert told == {"p": (1, 1, 1), "q": (2, 2, 0), "r": (7, 0, 0)}
    waits = task_story(bench.state, bench.task("R1", "raw.b")).task
    assert (waits.wait, waits.message) == (
        Wait.POOL,
        "waits for 1 of the 1 slots of pool p; 1 are taken",
    )


@pytest.mark.parametrize(("name", "slots"), [("Warehouse", 1), ("", 1), ("p" * 65, 1), ("p", -1)])
def test_what_is_no_pool_is_refused(name: str, slots: int) -> None:
    with pytest.raises(ArcoError) as refused:
        Bench().ask(size_pool(name, slots))
    assert refused.value.code == "POOL_INVALID"


def test_a_size_is_set_once_and_taken_back_once() -> None:
    bench = Bench()
    assert len(bench.ask(size_pool("p", 2))) == 1
    assert bench.ask(size_pool("p", 2)) == ()
    assert len(bench.ask(unsize_pool("p"))) == 1
    with pytest.raises(ArcoError) as refused:
        bench.ask(unsize_pool("p"))
    assert refused.value.code == "POOL_UNKNOWN"
