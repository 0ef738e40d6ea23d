"""Running an earlier run again: what is taken over from it, what runs again, and why."""

from __future__ import annotations

from typing import Any

import pytest

from arco.errors import ArcoError
from arco.model import Payload
from arco.orchestration.adopting import Repetition
from arco.orchestration.commands.reruns import RerunRun, again, rerun_run, rerun_triggered
from arco.orchestration.commands.runs import CancelRun, cancel_run
from arco.orchestration.events import RunTriggered, StagedOutputsExpired
from arco.orchestration.outcomes import Completion, Read
from arco.orchestration.partitions import StaticPartitions
from arco.orchestration.rows import Run
from arco.orchestration.states import RunState
from arco.orchestration.tables import RUN_KEY_CONFLICTS, RUNS, TASKS
from arco.testing.orchestration_samples import Bench, asset, graph

CHAIN: dict[str, tuple[str, ...]] = {"raw.a": (), "mid.b": ("raw.a",), "end.c": ("mid.b",)}


def deployed(edges: dict[str, tuple[str, ...]] | None = None, **fields: Any) -> Bench:
    bench = Bench()
    bench.deploy(*graph(edges or CHAIN, **fields))
    return bench


def failed(bench: Bench) -> Bench:
    """R1 staged `raw.a` and failed in `mid.b`."""
    bench.trigger()
    bench.succeed("R1", "raw.a", data="v1")
    bench.fail("R1", "mid.b")
    return bench


def rerun(bench: Bench, parent: str = "R1", **asked: Any) -> tuple[Payload, ...]:
    return bench.ask(rerun_run(command(parent, **asked)))


def command(parent: str = "R1", **asked: Any) -> RerunRun:
    fields = {"run_id": "R2", "which": "unsuccessful", **asked}
    return RerunRun(tenant="t", workspace="w", parent=parent, **fields)


def states(bench: Bench, run_id: str = "R2") -> dict[str, str]:
    return {task.asset: task.state.value for task in bench.state.range(TASKS, run_id)}


def run_row(bench: Bench, run_id: str = "R2") -> Run:
    run = bench.state.get(RUNS, run_id)
    assert run is not None
    return run


def reasons(bench: Bench, **asked: Any) -> dict[str, Repetition]:
    made = again(bench.state, bench.now, command=command(**asked))
    repeated = made.adoption.repeated.items()
    return {made.plan.tasks[index].asset: reason for index, reason in repeated}


def refusal(bench: Bench, **asked: Any) -> str:
    with pytest.raises(ArcoError) as refused:
        rerun(bench, **asked)
    return refused.value.code


def test_a_rerun_from_failure_adopts_what_succeeded_and_runs_the_rest() -> None:
    bench = failed(deployed())
    rerun(bench)
    assert list(states(bench).values()) == ["SUCCEEDED", "DISPATCHED", "BLOCKED"]
    adopted = bench.task("R2", "raw.a")
    assert adopted.adopted_from == "R1"
    assert adopted.output is not None and adopted.output.data_version == "v1"
    assert (run_row(bench).parent, run_row(bench).staged) == ("R1", 1)


def test_results_of_older_code_are_not_adopted_and_the_reason_is_told() -> None:
    bench = failed(deployed())
    bench.deploy(*graph(CHAIN, version="2"))
    assert reasons(bench) == {"raw.a": Repetition.CODE_CHANGED}
    rerun(bench)
    assert list(states(bench).values()) == ["DISPATCHED", "BLOCKED", "BLOCKED"]


def test_what_is_below_a_task_that_runs_again_runs_again_too() -> None:
    bench = deployed({"raw.a": (), "mid.b": ("raw.a",), "end.c": ()})
    bench.trigger()
    bench.succeed("R1", "raw.a")
    bench.succeed("R1", "mid.b")
    bench.fail("R1", "end.c")
    changed = (asset("raw.a", version="2"), asset("mid.b", "raw.a"), asset("end.c"))
    bench.deploy(*changed)
    assert reasons(bench) == {
        "raw.a": Repetition.CODE_CHANGED,
        "mid.b": Repetition.UPSTREAM_RUNS_AGAIN,
    }


def test_a_result_whose_input_was_published_anew_is_not_adopted() -> None:
    bench = deployed({"raw.a": (), "mid.b": ("raw.a",), "end.c": ("mid.b",)})
    bench.trigger("R0", "raw.a")
    bench.succeed("R0", "raw.a")
    bench.trigger("R1", "mid.b", "end.c")
    read = Read("raw.a", "raw_a", ("",), ("R0/raw/a:materialize",))
    bench.answer(bench.task("R1", "mid.b"), Completion(reads=(read,)))
    bench.fail("R1", "end.c")
    assert reasons(bench) == {}
    bench.trigger("R3", "raw.a", which="all")
    bench.succeed("R3", "raw.a")
    assert reasons(bench) == {"mid.b": Repetition.UPSTREAM_CHANGED}
    rerun(bench)
    assert states(bench) == {"mid.b": "DISPATCHED", "end.c": "BLOCKED"}


def test_staged_files_that_are_given_up_are_not_adopted() -> None:
    bench = failed(deployed())
    bench.state.fold([StagedOutputsExpired(through=1, expired_at=bench.now)])
    assert reasons(bench) == {"raw.a": Repetition.STAGED_DATA_EXPIRED}
    rerun(bench)
    assert run_row(bench).staged == 0


def test_a_cancelled_run_is_taken_up_where_it_stopped() -> None:
    bench = deployed()
    bench.trigger()
    bench.succeed("R1", "raw.a", data="v1")
    bench.ask(cancel_run(CancelRun(run_id="R1")))
    assert refusal(bench) == "RUN_ACTIVE"
    bench.fail("R1", "mid.b")
    assert run_row(bench, "R1").state is RunState.CANCELLED
    rerun(bench)
    assert states(bench) == {"raw.a": "SUCCEEDED", "mid.b": "DISPATCHED", "end.c": "BLOCKED"}


def test_a_rerun_of_a_rerun_adopts_from_where_the_result_was_made() -> None:
    bench = failed(deployed())
    rerun(bench)
    bench.fail("R2", "mid.b")
    rerun(bench, "R2", run_id="R3")
    assert bench.task("R3", "raw.a").adopted_from == "R1"
    assert run_row(bench, "R3").parent == "R2"


def test_without_a_limit_every_task_runs_again() -> None:
    bench = failed(deployed())
    rerun(bench, which="all")
    assert states(bench) == {"raw.a": "DISPATCHED", "mid.b": "BLOCKED", "end.c": "BLOCKED"}


def test_only_what_is_named_runs_again_on_what_stands_above_it() -> None:
    bench = failed(deployed())
    rerun(bench, which="all", only=("mid.*",))
    assert states(bench) == {"raw.a": "SUCCEEDED", "mid.b": "DISPATCHED"}
    assert bench.task("R2", "raw.a").adopted_from == "R1"


def test_a_part_of_a_published_run_is_run_again_on_published_data() -> None:
    bench = deployed()
    bench.trigger()
    for key in CHAIN:
        bench.succeed("R1", key)
    assert refusal(bench) == "RUN_SUCCEEDED"
    rerun(bench, which="all", only=("mid.b+",))
    assert states(bench) == {"mid.b": "DISPATCHED", "end.c": "BLOCKED"}


def test_one_task_is_named_by_its_partition() -> None:
    bench = Bench()
    bench.deploy(asset("raw.p", partitions=StaticPartitions(("x", "y"))))
    bench.trigger()
    tasks = list(bench.state.range(TASKS, "R1"))
    for task in tasks:
        bench.answer(task, Completion())
    rerun(bench, which="all", only=("raw.p[y]",))
    assert [task.task_key for task in bench.state.range(TASKS, "R2")] == [tasks[1].task_key]
    assert refusal(bench, which="all", only=("raw.p[z]",), run_id="R3") == "TASK_NOT_FOUND"


def test_asking_twice_under_one_run_key_makes_one_run() -> None:
    bench = failed(deployed())
    rerun(bench, run_key="mend")
    again_asked = command(run_id="R3", run_key="mend")
    assert bench.ask(rerun_run(again_asked)) == ()
    assert rerun_triggered(bench.state, again_asked) == "R2"
    rerun(bench, run_id="R4", run_key="mend", which="all")
    assert len(list(bench.state.range(RUN_KEY_CONFLICTS))) == 1
    with pytest.raises(ArcoError, match="stands for another request"):
        rerun_triggered(bench.state, command(run_id="R4", run_key="mend", which="all"))


def test_the_same_run_id_is_triggered_once() -> None:
    bench = failed(deployed())
    assert any(isinstance(said, RunTriggered) for said in rerun(bench))
    assert rerun(bench) == ()


def test_assets_that_are_deployed_no_more_are_left_out_by_naming_the_others() -> None:
    bench = deployed({"raw.a": (), "raw.b": ()})
    bench.trigger()
    bench.succeed("R1", "raw.a", data="v1")
    bench.fail("R1", "raw.b")
    bench.deploy(asset("raw.a"))
    assert refusal(bench) == "ASSET_REMOVED"
    rerun(bench, which="all", only=("raw.a",))
    assert states(bench) == {"raw.a": "DISPATCHED"}


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"parent": "R9"}, "RUN_UNKNOWN"),
        ({"only": ("raw.a",)}, "RERUN_INVALID"),
        ({"which": "all", "only": ("no.such",)}, "ASSET_UNKNOWN"),
        ({"which": "all", "only": ("tag:none",)}, "SELECTION_EMPTY"),
        ({"run_key": "x" * 300}, "RUN_KEY_INVALID"),
    ],
)
def test_a_rerun_that_cannot_be_is_refused(asked: dict[str, Any], code: str) -> None:
    assert refusal(failed(deployed()), **asked) == code
