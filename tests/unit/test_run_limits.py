"""Limits of runs: never more under way than fit, nobody is passed over, no place outlives its
run."""

from __future__ import annotations

from typing import Any

import pytest

from arco.errors import ArcoError
from arco.orchestration.commands.run_limits import limit_runs, prioritize_run, unlimit_runs
from arco.orchestration.commands.runs import CancelRun, TriggerRun, cancel_run, trigger_run
from arco.orchestration.controllers import dispatch_ready_tasks
from arco.orchestration.events import RunsQueued
from arco.orchestration.run_limits import ADMITTED_RUNS, QUEUED_RUNS, RUN_PRIORITIES, RUN_QUEUE
from arco.orchestration.states import RunState, TaskState
from arco.orchestration.tables import DISPATCHES, RUNS
from arco.orchestration.waiting import Wait, run_story, task_story
from arco.testing.orchestration_samples import Bench, asset, trigger


def bench_of(tags: dict[str, dict[str, str]], **fields: Any) -> Bench:
    """One asset per key, with its tags."""
    bench = Bench()
    bench.deploy(*(asset(key, tags=labels, **fields) for key, labels in tags.items()))
    return bench


def under_way(bench: Bench) -> list[str]:
    """The runs of which tasks are out."""
    return sorted({row.run_id for row in bench.state.range(DISPATCHES)})


def queued(bench: Bench) -> list[str]:
    """The runs that wait, in the order of their ids."""
    return [row.run_id for row in bench.state.range(QUEUED_RUNS)]


def state_of(bench: Bench, run_id: str) -> RunState:
    run = bench.state.get(RUNS, run_id)
    assert run is not None
    return run.state


def test_no_more_runs_are_under_way_than_the_limit_says() -> None:
    bench = bench_of({"raw.a": {}})
    bench.ask(limit_runs("*", 2))
    for run_id in ("R1", "R2", "R3"):
        bench.trigger(run_id, which="all")
    assert (under_way(bench), queued(bench)) == (["R1", "R2"], ["R3"])
    bench.succeed("R1", "raw.a")
    assert (under_way(bench), queued(bench)) == (["R2", "R3"], [])


def test_a_limit_covers_runs_that_have_such_an_asset_and_no_others() -> None:
    bench = bench_of({"raw.a": {"team": "blue"}, "raw.b": {"team": "red"}, "raw.c": {}})
    bench.ask(limit_runs("tag:team=blue", 1))
    bench.ask(limit_runs("asset:raw.c", 1))
    for number, key in enumerate(["raw.a", "raw.a", "raw.b", "raw.b", "raw.c", "raw.c"]):
        bench.trigger(f"R{number}", key, which="all")
    assert under_way(bench) == ["R0", "R2", "R3", "R4"]
    bench.ask(limit_runs("tag:team", 4))
    bench.trigger("R6", "raw.b", which="all")
    assert "R6" in under_way(bench)
    bench.trigger("R7", "raw.b", which="all")
    assert queued(bench) == ["R1", "R5", "R7"]


def test_the_higher_priority_is_let_in_first_and_the_earlier_run_of_the_same() -> None:
    bench = bench_of({"raw.a": {}})
    bench.ask(limit_runs("*", 1))
    bench.trigger("R1", which="all")
    bench.trigger("R2", which="all")
    bench.trigger("R3", which="all")
    bench.ask(prioritize_run("R3", 5))
    urgent: TriggerRun = trigger("R4", which="all")
    bench.ask(trigger_run(TriggerRun(**{**_fields(urgent), "priority": 9})))
    order = []
    for run_id in ("R1", "R4", "R3", "R2"):
        order += under_way(bench)
        bench.succeed(run_id, "raw.a")
    assert order == ["R1", "R4", "R3", "R2"]
    assert list(bench.state.range(RUN_PRIORITIES)) == []


def _fields(command: TriggerRun) -> dict[str, Any]:
    return {name: getattr(command, name) for name in command.__struct_fields__}


def test_who_waits_for_a_narrow_limit_leaves_the_room_of_wider_ones_to_others() -> None:
    bench = bench_of({"raw.a": {"heavy": ""}, "raw.b": {}})
    bench.ask(limit_runs("*", 3))
    bench.ask(limit_runs("tag:heavy", 1))
    for run_id, key in {"R1": "raw.a", "R2": "raw.a", "R3": "raw.b"}.items():
        bench.trigger(run_id, key, which="all")
    assert (under_way(bench), queued(bench)) == (["R1", "R3"], ["R2"])


def test_nobody_passes_a_run_that_waits_for_two_tags() -> None:
    both = {"left": "", "right": ""}
    bench = bench_of({"raw.a": {"left": ""}, "raw.b": both, "raw.c": {"right": ""}})
    bench.ask(limit_runs("tag:left", 1))
    bench.ask(limit_runs("tag:right", 1))
    for run_id, key in {"R1": "raw.a", "R2": "raw.b", "R3": "raw.c"}.items():
        bench.trigger(run_id, key, which="all")
    assert under_way(bench) == ["R1"]
    bench.succeed("R1", "raw.a")
    assert under_way(bench) == ["R2"]
    bench.succeed("R2", "raw.b")
    assert under_way(bench) == ["R3"]


def test_a_queued_run_tells_why_it_waits_and_how_many_are_before_it() -> None:
    bench = bench_of({"raw.a": {}})
    bench.ask(limit_runs("*", 1))
    for run_id in ("R1", "R2", "R3"):
        bench.trigger(run_id, which="all")
    run = bench.state.get(RUNS, "R3")
    assert run is not None
    story = run_story(bench.state, run)
    assert story.wait is Wait.LIMIT
    assert story.message == (
        "waits for limit *: 1 of 1 runs are under way; 1 runs are let in before it"
    )
    told = task_story(bench.state, bench.task("R3", "raw.a")).task
    assert (told.wait, told.message) == (Wait.LIMIT, f"its run {story.message}")


def test_a_queued_run_can_be_cancelled_and_leaves_nothing_behind() -> None:
    bench = bench_of({"raw.a": {}})
    bench.ask(limit_runs("*", 1))
    bench.trigger("R1", which="all")
    bench.trigger("R2", which="all")
    bench.ask(cancel_run(CancelRun(run_id="R2")))
    assert state_of(bench, "R2") is RunState.CANCELLED
    assert bench.task("R2", "raw.a").state is TaskState.CANCELLED
    assert (queued(bench), list(bench.state.range(RUN_QUEUE))) == ([], [])


@pytest.mark.parametrize("how", ["succeeds", "fails", "cancelled"])
def test_room_is_free_however_a_run_ends(how: str) -> None:
    bench = bench_of({"raw.a": {}})
    bench.ask(limit_runs("*", 1))
    bench.trigger("R1", which="all")
    bench.trigger("R2", which="all")
    if how == "cancelled":
        bench.ask(cancel_run(CancelRun(run_id="R1")))
        assert under_way(bench) == ["R1"]
    bench.succeed("R1", "raw.a") if how == "succeeds" else bench.fail("R1", "raw.a")
    assert [row.run_id for row in bench.state.range(ADMITTED_RUNS)] == ["R2"]


def test_a_limit_counts_the_runs_that_were_under_way_before_it_was_set() -> None:
    bench = bench_of({"raw.a": {}})
    bench.trigger("R1", which="all")
    bench.trigger("R2", which="all")
    bench.ask(limit_runs("*", 2))
    bench.trigger("R3", which="all")
    assert (under_way(bench), queued(bench)) == (["R1", "R2"], ["R3"])


def test_a_limit_that_is_set_later_covers_the_runs_that_wait() -> None:
    bench = bench_of({"raw.a": {"team": "blue"}})
    bench.ask(limit_runs("*", 1))
    for run_id in ("R1", "R2", "R3"):
        bench.trigger(run_id, which="all")
    bench.ask(limit_runs("tag:team", 2))
    bench.ask(limit_runs("*", 9))
    assert (under_way(bench), queued(bench)) == (["R1", "R2"], ["R3"])


def test_a_limit_of_none_stops_everything_and_taking_it_back_lets_all_in() -> None:
    bench = bench_of({"raw.a": {}})
    bench.ask(limit_runs("*", 0))
    bench.trigger("R1", which="all")
    bench.trigger("R2", which="all")
    run = bench.state.get(RUNS, "R1")
    assert run is not None
    assert run_story(bench.state, run).message == (
        "waits for limit *, which is 0: no such run starts"
    )
    bench.ask(unlimit_runs("*"))
    assert (under_way(bench), queued(bench)) == (["R1", "R2"], [])


def test_nothing_is_handed_out_of_a_run_before_it_is_known_whether_it_waits() -> None:
    bench = bench_of({"raw.a": {}})
    bench.ask(limit_runs("*", 1))
    bench.state.decide(trigger_run(trigger("R1")), bench.now)
    assert list(dispatch_ready_tasks.decide(bench.state, bench.now)) == []
    bench.look()
    assert under_way(bench) == ["R1"]


def test_without_limits_nothing_is_said_about_the_queue() -> None:
    bench = bench_of({"raw.a": {}})
    said = bench.trigger("R1")
    assert not any(isinstance(event, RunsQueued) for event in said)


@pytest.mark.parametrize(
    ("name", "runs_max"),
    [("*", -1), ("*", 100_001), ("everything", 1), ("tag:", 1), ("asset:a", 1), ("tag:a b", 1)],
)
def test_nonsense_limits_are_refused(name: str, runs_max: int) -> None:
    with pytest.raises(ArcoError) as caught:
        bench_of({"raw.a": {}}).ask(limit_runs(name, runs_max))
    assert caught.value.code == "RUN_LIMIT_INVALID"


def test_a_limit_that_was_never_set_cannot_be_taken_back() -> None:
    with pytest.raises(ArcoError) as caught:
        bench_of({"raw.a": {}}).ask(unlimit_runs("*"))
    assert caught.value.code == "RUN_LIMIT_UNKNOWN"


def test_a_priority_that_is_none_is_refused_and_an_ended_run_has_none() -> None:
    bench = bench_of({"raw.a": {}})
    bench.trigger("R1")
    with pytest.raises(ArcoError) as nonsense:
        bench.ask(prioritize_run("R1", 10**9))
    assert nonsense.value.code == "PRIORITY_INVALID"
    bench.succeed("R1", "raw.a")
    with pytest.raises(ArcoError) as late:
        bench.ask(prioritize_run("R1", 1))
    assert late.value.code == "RUN_ENDED"
