"""One function, several assets: one task does the work, and all end with it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from arco.execution.answers import misfit
from arco.execution.envelopes import build_envelope
from arco.orchestration.backfill_events import BackfillCreated
from arco.orchestration.commands.backfills import CreateBackfill, create_backfill
from arco.orchestration.commands.conditions import DefineConditions, define_conditions
from arco.orchestration.commands.reruns import RerunRun, rerun_run
from arco.orchestration.commands.runs import CancelRun, cancel_run
from arco.orchestration.conditions import ConditionDefinition
from arco.orchestration.definitions import AssetDefinition, CodeReference, Dependency, Manifest
from arco.orchestration.events import RunTriggered, TasksDispatched, TaskSucceeded
from arco.orchestration.events_joint import OtherTask, TaskFailedV2, TaskSucceededV3
from arco.orchestration.invariants import violations
from arco.orchestration.manifest_problems import manifest_problems
from arco.orchestration.outcomes import CheckResult, Completion, ErrorCategory, Made, TaskError
from arco.orchestration.partitions import StaticPartitions
from arco.orchestration.rows import Task
from arco.orchestration.staleness import stale_partitions
from arco.orchestration.states import TaskState
from arco.orchestration.tables import (
    ASSETS,
    CHECKS,
    DISPATCHES,
    PARTITION_STATUS,
    PUBLICATIONS,
    RUNS,
    TASKS,
)
from arco.orchestration.views import asset_view
from arco.orchestration.waiting import Wait, task_story
from arco.sdk.conditions import on_missing
from arco.service.plans import PlanReason, plan_answer
from arco.testing.orchestration_samples import Bench, asset, staged, trigger

CITIES = StaticPartitions(("ams", "ber"), dimension="city")
FAMILY = ("shop.lines", "shop.orders")
SOURCE = CodeReference("project", "split", "1")


def family(*upstreams: str, **fields: Any) -> list[AssetDefinition]:
    """`shop.lines` and `shop.orders`, which one function makes."""
    fields = {"code": SOURCE, "made_with": FAMILY, **fields}
    return [asset(key, *upstreams, **fields) for key in FAMILY]


def shop(**fields: Any) -> Bench:
    """A source, the two that are made from it, and one that is made from both."""
    bench = Bench()
    bench.deploy(
        asset("raw.a", **fields), *family("raw.a", **fields), asset("mart.m", *FAMILY, **fields)
    )
    return bench


def made(bench: Bench, key: str, *, data: str, checks: tuple[CheckResult, ...] = ()) -> Made:
    row = bench.state.get(ASSETS, key)
    assert row is not None
    output = staged(key, table_id=row.table_id, data_version=data)
    return Made(asset=key, output=output, checks=checks)


def both(bench: Bench, **fields: Any) -> Completion:
    """The answer of an attempt that made both."""
    lines = made(bench, "shop.lines", data="L")
    return Completion(output=lines.output, others=(made(bench, "shop.orders", data="O"),), **fields)


def states(bench: Bench, run_id: str = "R1") -> dict[str, TaskState]:
    return {task.asset: task.state for task in bench.state.range(TASKS, run_id)}


def out(bench: Bench) -> list[Task]:
    rows = [bench.state.get(TASKS, row.run_id, row.index) for row in bench.state.range(DISPATCHES)]
    return [row for row in rows if row is not None]


def test_one_task_is_handed_out_and_the_others_end_with_it() -> None:
    bench = shop()
    bench.trigger("R1")
    bench.succeed("R1", "raw.a", data="A")
    assert [task.asset for task in out(bench)] == ["shop.lines"]
    said = bench.answer(bench.task("R1", "shop.lines"), both(bench))
    ended = next(each for each in said if isinstance(each, TaskSucceededV3))
    orders = bench.task("R1", "shop.orders")
    assert [other.index for other in ended.others] == [orders.index]
    assert (orders.state, orders.attempt) == (TaskState.SUCCEEDED, 0)
    assert orders.made_by == bench.task("R1", "shop.lines").index
    assert orders.output is not None
    assert orders.output.data_version == "O"
    assert orders.code_version == "1"
    assert [task.asset for task in out(bench)] == ["mart.m"]
    assert violations(bench.state) == []


def test_what_they_made_is_published_with_the_run_and_not_before() -> None:
    bench = shop()
    bench.trigger("R1", "+shop.orders")
    bench.succeed("R1", "raw.a", data="A")
    assert not list(bench.state.range(PUBLICATIONS))
    bench.answer(bench.task("R1", "shop.lines"), both(bench))
    run, publication = bench.state.get(RUNS, "R1"), bench.state.get(PUBLICATIONS, "R1")
    assert run is not None
    assert publication is not None
    assert (run.succeeded, run.staged, len(publication.table_ids)) == (3, 3, 3)


def test_an_answer_that_is_repeated_changes_nothing() -> None:
    bench = shop()
    bench.trigger("R1")
    bench.succeed("R1", "raw.a")
    lines = bench.task("R1", "shop.lines")
    said = bench.answer(lines, both(bench))
    before = list(bench.state.range(TASKS))
    assert bench.answer(lines, both(bench)) == ()
    bench.state.fold([each for each in said if isinstance(each, TaskSucceededV3)])
    assert list(bench.state.range(TASKS)) == before


def test_a_failure_is_the_failure_of_all() -> None:
    bench = shop()
    bench.trigger("R1")
    bench.succeed("R1", "raw.a")
    said = bench.answer(
        bench.task("R1", "shop.lines"),
        Completion(error=TaskError(ErrorCategory.USER_CODE, "it broke")),
    )
    failed = next(each for each in said if isinstance(each, TaskFailedV2))
    assert failed.others == (OtherTask(index=bench.task("R1", "shop.orders").index),)
    assert states(bench) == {
        "raw.a": TaskState.SUCCEEDED,
        "shop.lines": TaskState.FAILED,
        "shop.orders": TaskState.SKIPPED,
        "mart.m": TaskState.SKIPPED,
    }
    status = bench.state.get(PARTITION_STATUS, "shop.orders", "")
    assert status is not None
    assert status.attempt is not None
    assert status.attempt.state is TaskState.FAILED
    assert violations(bench.state) == []


def test_a_blocking_check_of_one_keeps_all_from_being_published() -> None:
    bench = shop()
    bench.trigger("R1", "+shop.lines")
    bench.succeed("R1", "raw.a", data="A")
    wrong = CheckResult("positive", False, True, "one is below 0")
    completion = msgspec.structs.replace(
        both(bench), others=(made(bench, "shop.orders", data="O", checks=(wrong,)),)
    )
    bench.answer(bench.task("R1", "shop.lines"), completion)
    lines = bench.task("R1", "shop.lines")
    assert lines.error is not None
    assert "shop.orders positive: one is below 0" in lines.error.message
    rows = list(bench.state.range(CHECKS, "shop.orders", ""))
    assert [(row.name, row.passed) for row in rows] == [("positive", False)]
    run = bench.state.get(RUNS, "R1")
    assert run is not None
    assert (run.state, run.publication) == ("FAILED", None)


def test_a_retry_makes_all_of_them() -> None:
    bench = Bench()
    retry = msgspec.structs.replace(family()[0].retry, max_attempts=2)
    bench.deploy(*family(retry=retry))
    bench.trigger("R1")
    bench.fail("R1", "shop.lines")
    assert states(bench)["shop.orders"] is TaskState.BLOCKED
    bench.wait(1)
    bench.answer(bench.task("R1", "shop.lines"), both(bench))
    assert set(states(bench).values()) == {TaskState.SUCCEEDED}


def test_to_run_one_is_to_run_all() -> None:
    bench = shop()
    said = bench.trigger("R1", "shop.orders")
    triggered = next(each for each in said if isinstance(each, RunTriggered))
    assert [task.asset for task in triggered.tasks] == list(FAMILY)
    plan = plan_answer(bench.state, bench.now, asked=trigger("", "shop.orders", which="all")).plan
    assert [(each.asset, each.reason, each.made_by) for each in plan.tasks] == [
        ("shop.lines", PlanReason.MADE_TOGETHER, ""),
        ("shop.orders", PlanReason.ASKED, "shop/lines:materialize"),
    ]


def test_partitions_of_which_one_is_missing_run_of_all() -> None:
    bench = Bench()
    alone = msgspec.structs.replace(family(partitions=CITIES)[0], made_with=())
    bench.deploy(alone)
    bench.trigger("R1", partition="ams")
    (task,) = out(bench)
    bench.answer(task, Completion())
    bench.deploy(*family(partitions=CITIES))
    view = asset_view(bench.state, bench.now)
    assert [stale.asset for stale in stale_partitions(view, FAMILY)].count("shop.lines") == 1
    plan = plan_answer(bench.state, bench.now, asked=trigger("", "shop.lines")).plan
    assert [(each.asset, each.partition, each.reason) for each in plan.tasks] == [
        ("shop.lines", "ams", PlanReason.MADE_TOGETHER),
        ("shop.lines", "ber", PlanReason.NEVER_MATERIALIZED),
        ("shop.orders", "ams", PlanReason.NEVER_MATERIALIZED),
        ("shop.orders", "ber", PlanReason.NEVER_MATERIALIZED),
    ]
    bench.trigger("R2", "shop.lines")
    assert [(task.asset, task.partition_key) for task in out(bench)] == [
        ("shop.lines", task.partition_key) for task in bench.state.range(TASKS, "R2")
    ][:2]


def test_one_that_an_answer_does_not_speak_of_has_an_attempt_of_its_own() -> None:
    bench = shop()
    bench.trigger("R1", "shop.lines")
    said = bench.answer(bench.task("R1", "shop.lines"), Completion())
    assert any(type(each) is TaskSucceeded for each in said)
    assert any(isinstance(each, TasksDispatched) for each in said)
    (alone,) = out(bench)
    assert alone.asset == "shop.orders"
    dispatch = next(iter(bench.state.range(DISPATCHES)))
    envelope = build_envelope(bench.state, dispatch, now=bench.now)
    assert envelope is not None
    assert (envelope.asset.key, envelope.others) == ("shop.orders", ())


def test_a_waiting_one_tells_which_task_makes_it() -> None:
    bench = shop()
    bench.trigger("R1", "shop.orders")
    story = task_story(bench.state, bench.task("R1", "shop.orders"))
    assert story.task.wait is Wait.UPSTREAM
    said = "is made together with shop.lines, by the task shop/lines:materialize"
    assert story.task.message == said
    assert [root.asset for root in story.roots] == ["shop.lines"]


def test_a_rerun_takes_over_all_of_them_or_none() -> None:
    bench = shop()
    bench.trigger("R1")
    bench.succeed("R1", "raw.a", data="A")
    bench.answer(bench.task("R1", "shop.lines"), both(bench))
    bench.fail("R1", "mart.m")
    bench.ask(rerun_run(rerun("R2", which="unsuccessful")))
    taken = {task.asset: task.adopted_from for task in bench.state.range(TASKS, "R2")}
    assert taken == {"raw.a": "R1", "shop.lines": "R1", "shop.orders": "R1", "mart.m": ""}
    assert bench.task("R2", "shop.orders").made_by is None
    bench.ask(cancel_run(CancelRun(run_id="R2")))
    bench.answer(bench.task("R2", "mart.m"), Completion())
    bench.ask(rerun_run(rerun("R3", only=("shop.orders",))))
    taken = {task.asset: task.adopted_from for task in bench.state.range(TASKS, "R3")}
    assert taken == {"raw.a": "R1", "shop.lines": "", "shop.orders": ""}
    assert violations(bench.state) == []


def test_what_merges_makes_the_others_again_too() -> None:
    bench = Bench()
    lines, orders = family()
    merging = msgspec.structs.replace(orders, write_mode="merge", merge_keys=("id",))
    bench.deploy(lines, merging, asset("mart.m", *FAMILY))
    bench.trigger("R1")
    bench.answer(bench.task("R1", "shop.lines"), both(bench))
    bench.fail("R1", "mart.m")
    bench.ask(rerun_run(rerun("R2", which="unsuccessful")))
    assert not any(task.adopted_from for task in bench.state.range(TASKS, "R2"))


def test_a_condition_of_one_starts_one_run_of_all() -> None:
    bench = Bench()
    bench.deploy(*family())
    conditions = tuple(
        ConditionDefinition(asset=key, condition=on_missing(), watches=()) for key in FAMILY
    )
    command = DefineConditions(project="demo", deployment_id="D0", conditions=conditions)
    said = bench.ask(define_conditions(command))
    runs = [each for each in said if isinstance(each, RunTriggered)]
    assert [[task.asset for task in run.tasks] for run in runs] == [list(FAMILY)]


def test_a_backfill_of_one_is_a_backfill_of_all() -> None:
    bench = Bench()
    bench.deploy(*family(partitions=CITIES))
    command = CreateBackfill(backfill_id="B1", selection=("shop.orders",))
    said = bench.ask(create_backfill(command))
    created = next(each for each in said if isinstance(each, BackfillCreated))
    assert [stage.assets for stage in created.stages] == [FAMILY]
    runs = [each for each in said if isinstance(each, RunTriggered)]
    assert [[task.asset for task in run.tasks] for run in runs] == [list(FAMILY)] * 2


def test_the_answer_of_a_stranger_for_one_of_them_is_refused() -> None:
    bench = shop()
    bench.trigger("R1", "shop.lines")
    lines = bench.task("R1", "shop.lines")
    row = bench.state.get(ASSETS, "shop.orders")
    assert row is not None
    strange = msgspec.structs.replace(both(bench), output=None)
    wrong = misfit(lines, {row.key: row}, asset=None, completion=strange)
    assert wrong == "it names a file that the attempt did not write"
    wrong = misfit(lines, {}, asset=None, completion=strange)
    assert wrong == "it speaks of shop.orders, which is not made with shop.lines"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"made_with": ("shop.orders",)}, "sort them, itself included"),
        ({"made_with": ("shop.lines", "shop.x")}, "made with shop.x, which is not made like it"),
        ({"partitions": CITIES}, "made with shop.orders, which is not made like it"),
        ({"dependencies": (Dependency("shop.orders"),)}, "reads shop.orders, which it is made"),
    ],
)
def test_a_manifest_says_the_same_of_all(change: dict[str, Any], said: str) -> None:
    lines, orders = family()
    wrong = msgspec.structs.replace(lines, **change)
    problems = manifest_problems(Manifest("demo", (wrong, orders)), {})
    assert any(said in problem for problem in problems)


def rerun(run_id: str, **asked: Any) -> RerunRun:
    return RerunRun(run_id=run_id, tenant="t", workspace="w", parent="R1", **asked)
