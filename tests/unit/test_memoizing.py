"""Memoized assets: what is left out of a run, what is not, and what is told of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from arco import AssetContext, asset, check, resource
from arco.errors import NotFound
from arco.execution.compile import compile_project
from arco.orchestration.commands.reruns import RerunRun, rerun_run
from arco.orchestration.commands.runs import TriggerRun
from arco.orchestration.rows import Materialization, PlanRow
from arco.orchestration.tables import PARTITION_STATUS, PLANS, TASKS
from arco.orchestration.waiting import task_story
from arco.service.plans import plan_answer
from arco.testing import RunResult, Workbench

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
WORLD = {"amount": 3}


class Knob(msgspec.Struct):
    times: int = 1


@asset(namespace="raw")
def orders() -> list[dict[str, Any]]:
    return [{"amount": WORLD["amount"]}]


@asset(namespace="mid", memoize=True)
def sizes(orders: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"is_large": orders[0]["amount"] > 10}]


@asset(namespace="end", memoize=True)
def report(sizes: list[dict[str, Any]], knob: Knob) -> list[dict[str, Any]]:
    return [{"said": f"large: {sizes[0]['is_large']}" * knob.times}]


@pytest.fixture(autouse=True)
def world() -> Iterator[None]:
    WORLD["amount"] = 3
    yield
    WORLD["amount"] = 3


def bench(**more: Any) -> Workbench:
    return Workbench(orders, sizes, report, now=NOON, **more)


def left_out(run: RunResult) -> list[str]:
    return [task.asset for task in run.tasks if task.memoized_from]


def held(work: Workbench, asset: str) -> Materialization:
    status = work.state.get(PARTITION_STATUS, asset, "")
    assert status is not None and status.materialization is not None
    return status.materialization


def test_what_would_come_out_as_it_did_is_left_out_with_everything_below() -> None:
    work = bench()
    first = work.run()
    assert left_out(first) == []
    again = work.run()
    assert again.succeeded
    assert left_out(again) == ["mid.sizes", "end.report"]
    assert [task.attempts for task in again.tasks] == [1, 0, 0]
    assert {task.memoized_from for task in again.tasks[1:]} == {first.run_id}


def test_a_result_that_equals_the_old_one_cuts_off_what_is_below_it() -> None:
    work = bench()
    work.run()
    WORLD["amount"] = 4
    run = work.run()
    assert left_out(run) == ["end.report"], "sizes read other orders, and came to the same"
    WORLD["amount"] = 40
    assert left_out(work.run()) == []


def test_what_is_left_out_keeps_its_materialization_and_nothing_is_published_anew() -> None:
    work = bench()
    first = work.run()
    before = held(work, "end.report")
    work.wait(hours=1)
    work.run()
    after = held(work, "end.report")
    assert (after.run_id, after.table_version) == (first.run_id, before.table_version)
    assert after.materialized_at == before.materialized_at
    assert after.confirmed_at == NOON + timedelta(hours=1)
    assert work.stale() == []


def test_a_run_that_asks_for_it_performs_everything() -> None:
    work = bench()
    work.run()
    assert left_out(work.run(unchanged="perform")) == []


def test_other_settings_perform_the_assets_that_read_them() -> None:
    work = bench()
    work.run()
    own: dict[str, Any] = {"settings": {"knob": {"times": 2}}}
    assert left_out(work.run(**own)) == ["mid.sizes"]
    assert left_out(work.run(**own)) == ["mid.sizes", "end.report"]
    assert left_out(work.run()) == ["mid.sizes"], "the project's settings hold again"


def test_a_result_that_a_failed_run_did_not_publish_is_not_relied_upon() -> None:
    work = bench()
    work.run()
    WORLD["amount"] = 40
    work.fail("end.report")
    assert not work.run().succeeded
    assert left_out(work.run()) == [], "what is published is still of the first orders"


def test_an_asset_that_remembers_something_is_performed() -> None:
    @asset(namespace="mid", memoize=True)
    def seen(context: AssetContext, orders: list[dict[str, Any]]) -> list[dict[str, Any]]:
        context.move_cursor((context.cursor or 0) + 1)
        return [{"looks": 1}]

    work = Workbench(orders, seen)
    work.run()
    assert left_out(work.run()) == []


def test_a_memoized_upstream_is_read_as_it_is_published() -> None:
    @asset(namespace="end")
    def copies(sizes: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return sizes

    work = Workbench(orders, sizes, copies)
    work.run()
    again = work.run()
    assert left_out(again) == ["mid.sizes"]
    assert again[copies].data.to_arrow().to_pylist() == [{"is_large": False}]


def test_a_result_that_was_left_out_says_which_run_has_it() -> None:
    work = bench()
    first = work.run()
    with pytest.raises(NotFound, match=f"as run {first.run_id} made it"):
        _ = work.run()[report].data


def test_why_says_that_the_task_was_not_performed() -> None:
    work = bench()
    work.run()
    work.run()
    (task,) = (row for row in work.state.range(TASKS, "R2") if row.asset == "end.report")
    assert "was not performed: its code, its settings" in task_story(work.state, task).task.message


def planned(work: Workbench, **asked: Any) -> dict[str, str]:
    fields = {"which": "all", **asked}
    command = TriggerRun(run_id="", tenant="t", workspace="w", **fields)
    answer = plan_answer(work.state, work.now, asked=command)
    return {each.asset: each.unchanged for each in answer.plan.tasks}


def test_a_plan_foresees_what_is_left_out() -> None:
    work = bench()
    assert planned(work) == {"raw.orders": "", "mid.sizes": "perhaps", "end.report": "perhaps"}
    work.run()
    assert planned(work, selection=("mid.*", "end.*")) == {"mid.sizes": "yes", "end.report": "yes"}
    assert planned(work, selection=("mid.*",), unchanged="perform") == {"mid.sizes": ""}


def test_a_rerun_from_failure_leaves_out_what_the_run_may_and_a_whole_one_nothing() -> None:
    work = bench()
    work.run()
    work.fail("raw.orders")
    failed = work.run()
    found: dict[str, tuple[int, ...]] = {}
    for which in ("all", "unsuccessful"):
        command = RerunRun(
            run_id=which, tenant="t", workspace="w", parent=failed.run_id, which=which
        )
        (event,) = rerun_run(command)(work.state, work.now)
        found[which] = getattr(event.payload, "memoized", ())
    assert found == {"all": (), "unsuccessful": (1, 2)}


def test_a_confirmed_partition_keeps_its_freshness() -> None:
    @asset(namespace="mid", memoize=True, freshness=timedelta(hours=2))
    def kept(orders: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return orders

    work = Workbench(orders, kept, now=NOON)
    work.run()
    work.wait(hours=1)
    work.run()
    assert held(work, "mid.kept").confirmed_at == NOON + timedelta(hours=1)


def test_only_tasks_of_memoized_assets_are_marked_in_the_plan() -> None:
    work = bench()
    run = work.run()
    plan = work.state.get(PLANS, run.run_id)
    assert isinstance(plan, PlanRow) and plan.memoized == (1, 2)
    plain = work.run("raw.orders")
    row = work.state.get(PLANS, plain.run_id)
    assert row is not None and row.memoized is None


def version(*things: Any, **supplies: Any) -> str:
    found = Workbench(orders, *things, supplies=supplies).definitions.manifest.assets
    return next(each.code.version for each in found if each.key == "mid.made")


def test_the_version_of_a_memoized_asset_covers_its_settings_checks_and_resources() -> None:
    @resource
    def tool() -> int:
        return 1

    @asset(namespace="mid", name="made", memoize=True)
    def made(orders: list[dict[str, Any]], tool: int, *, knob: Knob) -> list[dict[str, Any]]:
        return orders * tool * knob.times

    @check(made)
    def is_there(data: list[dict[str, Any]]) -> bool:
        return bool(data)

    plain = version(made, tool)
    assert plain == version(made, tool)
    assert version(made, tool, is_there) != plain
    assert version(made, tool, knob={"times": 2}) != plain

    @resource(name="tool")
    def other() -> int:
        return 2

    assert version(made, other) != plain


REFUSED = """
from arco import asset

@asset(namespace="raw")
def orders():
    return [{"n": 1}]

@asset(namespace="raw", memoize=True)
def rooted():
    return [{"n": 1}]

@asset(namespace="mid", memoize=True, write_mode="append")
def appended(orders):
    return orders

@asset(namespace="mid", memoize=True, deps=["raw.orders"])
def ordered(rooted):
    return rooted
"""


def test_what_nobody_can_compare_is_refused_at_deploy(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.arco]\nmodules = ["memoized_wrongly"]\n')
    (tmp_path / "memoized_wrongly.py").write_text(REFUSED)
    said = [each.sentence for each in compile_project(tmp_path).problems]
    assert [each.partition(": ")[0] for each in said] == [
        "raw.rooted cannot be memoized",
        "mid.appended cannot be memoized",
        "mid.ordered cannot be memoized",
    ]
    assert "raw.orders is not known: take it as a parameter" in said[2]
