"""What the command line says about runs, told from summaries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from arco.cli.live import chosen
from arco.cli.progress import AssetLine, LineState, asset_lines, spelled
from arco.cli.starter import files_for, project_name
from arco.cli.telling import beginning, deployment_line, ending, remainder
from arco.execution.deploying import Deployment
from arco.orchestration.outcomes import ErrorCategory, TaskError
from arco.orchestration.states import RunState, TaskState
from arco.service.summaries import CheckSummary, RunDetail, RunSummary, TaskSummary

NOW = datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)
ERROR = TaskError(ErrorCategory.USER_CODE, "ValueError: no rate", traceback="line 1", hint="mend")


def task(asset: str, state: TaskState, **fields: Any) -> TaskSummary:
    given = {"partition": "", "partition_key": "", "attempt": 1, "attempt_id": "", "index": 0}
    return TaskSummary(asset=asset, task_key=asset, state=state, **{**given, **fields})


def detail(*tasks: TaskSummary, state: RunState = RunState.RUNNING, **fields: Any) -> RunDetail:
    count = {
        name: sum(each.state.lower() == name for each in tasks)
        for name in ("succeeded", "failed", "skipped", "cancelled")
    }
    checks = fields.pop("checks", ())
    run = RunSummary(
        run_id="R", number=1, state=state, triggered_at=NOW, total=len(tasks), **count, **fields
    )
    return RunDetail(run=run, tasks=tasks, checks=checks)


@pytest.mark.parametrize(
    ("states", "line"),
    [
        ([TaskState.SUCCEEDED, TaskState.SUCCEEDED], (LineState.DONE, 2)),
        ([TaskState.SUCCEEDED, TaskState.READY], (LineState.RUNNING, 1)),
        ([TaskState.BLOCKED, TaskState.DISPATCHED], (LineState.WAITING, 0)),
        ([TaskState.RUNNING, TaskState.FAILED], (LineState.FAILED, 1)),
        ([TaskState.SKIPPED, TaskState.CANCELLED], (LineState.CANCELLED, 2)),
    ],
)
def test_an_asset_stands_where_its_worst_task_stands(
    states: list[TaskState], line: tuple[LineState, int]
) -> None:
    (found,) = asset_lines(detail(*(task("a.x", state) for state in states)), NOW)
    assert (found.state, found.done) == line


def test_a_running_asset_counts_its_seconds_until_now() -> None:
    began = NOW - timedelta(seconds=3)
    running = task("a.x", TaskState.RUNNING, started_at=began, rows=None)
    (line,) = asset_lines(detail(running), NOW)
    assert line.seconds == 3.0 and not line.is_finished
    assert spelled(line).endswith("3.0 s")


def test_with_little_room_what_fails_and_runs_is_shown_in_plan_order() -> None:
    states = [LineState.DONE, LineState.RUNNING, LineState.WAITING, LineState.FAILED]
    lines = [
        AssetLine(asset=f"a.{at}", state=state, done=0, total=1, rows=None, seconds=None)
        for at, state in enumerate(states)
    ]
    assert [line.asset for line in chosen(lines, 2)] == ["a.1", "a.3"]
    assert chosen(lines, 4) == lines


def test_an_ending_shows_errors_then_warnings_then_the_count() -> None:
    failed = task("a.x", TaskState.FAILED, partition="2024-01", error=ERROR)
    warned = CheckSummary(asset="a.y", partition="", name="few", passed=False, blocking=False)
    blocked = CheckSummary(asset="a.y", partition="", name="no", passed=False, blocking=True)
    text = ending(
        detail(
            failed,
            task("a.y", TaskState.SKIPPED),
            state=RunState.FAILED,
            message="1 of 2 tasks failed",
            checks=(warned, blocked),
        ),
        where=" --dir d",
    )
    assert text.splitlines() == [
        "FAILED a.x[2024-01]: ValueError: no rate",
        "    line 1",
        "  hint: mend",
        "  logs: arco logs R --task 'a.x[2024-01]' --dir d",
        "warning: check few on a.y: failed",
        "run R failed: 1 failed, 1 skipped in ",
    ]


def test_only_a_few_failures_are_shown_in_full() -> None:
    failed = [task(f"a.{at}", TaskState.FAILED, error=ERROR) for at in range(7)]
    text = ending(detail(*failed, state=RunState.FAILED))
    assert text.count("FAILED") == 5 and "2 more: arco status R" in text


def test_a_run_that_could_not_be_published_says_why() -> None:
    text = ending(detail(state=RunState.FAILED, message="the schema changed"))
    assert text.endswith("\n  the schema changed")


def test_an_interruption_names_who_continues() -> None:
    halfway = detail(task("a.x", TaskState.SUCCEEDED), task("a.y", TaskState.READY))
    alone = remainder(halfway, again="arco run", where="")
    assert "stands at 1 of 2 tasks" in alone and "`arco run` continues it" in alone
    beside = remainder(halfway, again="", where=" --dir d")
    assert "the leading process goes on" in beside and "`arco cancel R --dir d`" in beside


def test_a_beginning_says_which_partitions_run() -> None:
    one = task("a.x", TaskState.READY)
    assert beginning(detail(one), which="stale").endswith("every missing or stale partition")
    assert beginning(detail(one), which="all").endswith("every partition")
    named = beginning(detail(one, partition="2024-01"), which="stale")
    assert named == "run R: 1 task in 1 asset, partition 2024-01"


def test_a_run_with_settings_of_its_own_is_told_with_them() -> None:
    own = detail(task("a.x", TaskState.READY), settings={"source": {"pages": 3, "mode": "full"}})
    assert beginning(own, which="all").endswith("with source.pages=3, source.mode=full")


def test_what_was_left_out_is_counted_among_what_succeeded() -> None:
    done = task("a.x", TaskState.SUCCEEDED)
    same = task("a.y", TaskState.SUCCEEDED, memoized_from="Q")
    text = ending(detail(done, same, state=RunState.SUCCEEDED))
    assert "2 succeeded, 1 of them unchanged" in text
    assert "unchanged" not in ending(detail(done, state=RunState.SUCCEEDED))


def test_a_deployment_is_told_by_what_it_changed() -> None:
    changed = Deployment(project="p", assets=3, added=("a.x",), removed=("a.y", "a.z"), seq=1)
    assert deployment_line(changed) == "deployed p: 3 assets (1 new, 2 removed)"
    assert not changed.is_unchanged
    assert Deployment(project="p", assets=3, seq=1).is_unchanged


def test_every_file_of_a_new_project_carries_its_name(tmp_path: Any) -> None:
    files = files_for(project_name(tmp_path / "My Shop"))
    assert 'namespace="my_shop"' in files["assets.py"]
    assert "{name}" not in "".join(files.values())
