"""Why: what a task waits for, why an asset is stale, how checks stand."""

from __future__ import annotations

from typing import Any

import pytest

from arco.errors import ArcoError
from arco.orchestration.commands.attempts import StartAttempt, start_attempt
from arco.orchestration.commands.publications import StartPublication, start_publication
from arco.orchestration.commands.runs import CancelRun, cancel_run
from arco.orchestration.definitions import RetryPolicy
from arco.orchestration.outcomes import CheckResult, Completion, Read
from arco.orchestration.partitions import StaticPartitions
from arco.orchestration.rows import PreparedTable
from arco.orchestration.staleness import StaleReason
from arco.orchestration.tables import DISPATCHES, PUBLICATIONS
from arco.orchestration.waiting import RunStory, TaskStory, Wait, task_story
from arco.service.checks import check_lines
from arco.service.stale import asset_story, stale_list
from arco.service.stories import explain_run
from arco.testing.orchestration_samples import Bench, asset, graph

CHAIN: dict[str, tuple[str, ...]] = {"raw.a": (), "mid.b": ("raw.a",), "end.c": ("mid.b",)}


def running(
    edges: dict[str, tuple[str, ...]] | None = None, window: int = 64, **fields: Any
) -> Bench:
    bench = Bench(window)
    bench.deploy(*graph(edges or CHAIN, **fields))
    bench.trigger()
    return bench


def story(bench: Bench, key: str, *, run_id: str = "R1") -> TaskStory:
    return task_story(bench.state, bench.task(run_id, key))


def run_told(bench: Bench, run_id: str = "R1") -> RunStory:
    return explain_run(bench.state, run_id).run


def test_a_blocked_task_names_the_first_tasks_above_it_that_will_move() -> None:
    told = story(running(), "end.c")
    assert (told.task.wait, told.task.state.value) == (Wait.UPSTREAM, "BLOCKED")
    assert [(root.asset, root.wait) for root in told.roots] == [("raw.a", Wait.WORKER)]


def test_a_ready_task_knows_its_place_in_the_queue() -> None:
    bench = running({f"raw.a{number}": () for number in range(4)}, window=1)
    assert [story(bench, f"raw.a{n}").task.ahead for n in range(4)] == [None, 0, 1, 2]
    assert story(bench, "raw.a1").task.message.startswith("is ready and handed out next")
    assert "2 tasks are handed out before it" in story(bench, "raw.a3").task.message


def test_a_running_task_says_since_when_and_until_when_at_most() -> None:
    bench = running(timeout_ms=60_000)
    (dispatch,) = bench.state.range(DISPATCHES)
    bench.ask(start_attempt(StartAttempt(dispatch_id=dispatch.dispatch_id, started_at=bench.now)))
    told = story(bench, "raw.a").task
    assert told.wait is Wait.CODE
    assert told.since is not None and told.until is not None
    assert (told.until - told.since).total_seconds() == 60
    bench.ask(cancel_run(CancelRun(run_id="R1")))
    assert "being cancelled" in story(bench, "raw.a").task.message
    assert run_told(bench).message == "it is being cancelled; 1 of 3 tasks are left"


def test_a_retry_says_why_and_when() -> None:
    bench = running(retry=RetryPolicy(max_attempts=2, delay_ms=5000))
    bench.fail("R1", "raw.a")
    told = story(bench, "raw.a").task
    assert told.wait is Wait.RETRY and told.message.endswith("tried again: it broke")
    assert told.since is not None and told.until is not None
    assert (told.until - told.since).total_seconds() == 5


def test_a_skipped_task_names_the_task_that_failed() -> None:
    bench = running()
    bench.fail("R1", "raw.a")
    told = story(bench, "end.c")
    assert told.task.message == "skipped, because a task above it failed"
    assert [(root.asset, root.message) for root in told.roots] == [("raw.a", "failed: it broke")]
    assert [root.asset for root in run_told(bench).roots] == ["raw.a"]


def test_a_cancelled_task_says_whose_wish_it_was() -> None:
    bench = running({"raw.a": (), "raw.b": ()}, window=1)
    bench.ask(cancel_run(CancelRun(run_id="R1", reason="wrong day")))
    assert story(bench, "raw.b").task.message == "cancelled: its run was cancelled: wrong day"


def test_a_succeeded_task_says_whether_its_result_is_published() -> None:
    bench = running({"raw.a": (), "mid.b": ("raw.a",)})
    bench.succeed("R1", "raw.a", data="v1")
    assert "together with the rest of the run" in story(bench, "raw.a").task.message
    bench.fail("R1", "mid.b")
    assert "not published: the run failed" in story(bench, "raw.a").task.message


def test_a_run_whose_tasks_have_ended_names_the_run_that_holds_its_table() -> None:
    bench = running({"raw.a": ()})
    bench.succeed("R1", "raw.a", data="v1")
    assert run_told(bench).wait is Wait.PUBLICATION
    bench.trigger("R2", which="all")
    bench.succeed("R2", "raw.a", data="v2")
    assert "run R1, triggered earlier" in run_told(bench, "R2").message
    publication = bench.state.get(PUBLICATIONS, "R1")
    assert publication is not None
    prepared = tuple(
        PreparedTable(table_id=table_id, asset="raw.a", version=1, sha256="")
        for table_id in publication.table_ids
    )
    bench.ask(start_publication(StartPublication(run_id="R1", tables=prepared)))
    assert "only goes forward" in run_told(bench).message
    assert "run R1 is being published" in run_told(bench, "R2").message


def test_tasks_are_named_as_people_name_them() -> None:
    bench = Bench()
    bench.deploy(asset("raw.p", partitions=StaticPartitions(("x", "y"))))
    bench.trigger()
    (by_partition,) = explain_run(bench.state, "R1", task="raw.p[x]").tasks
    assert explain_run(bench.state, "R1", task="0").tasks == (by_partition,)
    assert len(explain_run(bench.state, "R1", task="raw.p").tasks) == 2
    with pytest.raises(ArcoError) as refused:
        explain_run(bench.state, "R1", task="raw.q")
    assert refused.value.code == "TASK_NOT_FOUND"


def test_stale_partitions_are_grouped_by_reason_and_root() -> None:
    bench = Bench()
    xyz = StaticPartitions(("x", "y", "z", "w"))
    bench.deploy(asset("raw.a"), asset("mid.p", "raw.a", partitions=xyz))
    first, second = stale_list(bench.state, bench.now).groups
    assert (first.asset, first.partitions, first.root) == ("raw.a", 1, "raw.a")
    assert (second.asset, second.partitions) == ("mid.p", 4)
    assert second.reason is StaleReason.NEVER_MATERIALIZED
    assert second.examples == ("x", "y", "z")
    bench.trigger("R1", "raw.a")
    bench.succeed("R1", "raw.a")
    bench.trigger("R2", "mid.p")
    read = Read("raw.a", "raw_a", ("",), ("R1/raw/a:materialize",))
    for task in [bench.task("R2", "mid.p", partition_key=key) for key in keys(bench)]:
        bench.answer(task, Completion(reads=(read,)))
    assert stale_list(bench.state, bench.now).groups == []
    bench.trigger("R3", "raw.a", which="all")
    bench.succeed("R3", "raw.a")
    (only,) = stale_list(bench.state, bench.now, selection=("mid.p",)).groups
    assert (only.reason, only.root_reason) == (StaleReason.UPSTREAM_CHANGED,) * 2
    assert only.path == ("mid.p", "raw.a")


def keys(bench: Bench) -> list[str]:
    tasks = explain_run(bench.state, "R2", task="mid.p").tasks
    return [told.task.partition_key for told in tasks]


def test_an_asset_tells_of_one_partition_and_of_runs_that_are_at_it() -> None:
    bench = Bench()
    bench.deploy(asset("raw.p", partitions=StaticPartitions(("x", "y"))))
    bench.trigger("R1", "raw.p")
    whole = asset_story(bench.state, bench.now, asset="raw.p")
    assert (whole.partitions, whole.stale, len(whole.tasks)) == (2, 2, 2)
    one = asset_story(bench.state, bench.now, asset="raw.p", partition="y")
    assert (one.partitions, one.stale, len(one.tasks)) == (1, 1, 1)
    assert one.tasks[0].task.wait is Wait.WORKER
    for name, code in (("raw.q", "ASSET_UNKNOWN"), ("raw.p", "PARTITION_UNKNOWN")):
        with pytest.raises(ArcoError) as refused:
            asset_story(bench.state, bench.now, asset=name, partition="q")
        assert refused.value.code == code


def test_of_each_check_the_newest_result_is_told() -> None:
    bench = running({"raw.a": ()})
    for run_id, passed in (("R1", True), ("R0", False)):
        if run_id == "R0":
            bench.wait(60)
            bench.trigger("R0", which="all")
        checks = (CheckResult("few", passed, blocking=False), CheckResult("many", True))
        bench.answer(bench.task(run_id, "raw.a"), Completion(checks=checks))
    lines = list(check_lines(bench.state))
    assert [(each.name, each.passed, each.run_id, each.results) for each in lines] == [
        ("few", False, "R0", 2),
        ("many", True, "R0", 2),
    ]
    assert [each.name for each in check_lines(bench.state, after=("raw.a", "", "few"))] == ["many"]
