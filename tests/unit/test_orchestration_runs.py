"""Runs from trigger to end, told as events: what is decided, and what the rows say afterwards."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from arco.errors import Conflict, NotFound
from arco.ids import dispatch_id
from arco.orchestration.commands.attempts import (
    CompleteAttempt,
    LoseAttempt,
    StartAttempt,
    complete_attempt,
    is_current,
    lose_attempt,
    should_cancel,
    start_attempt,
)
from arco.orchestration.commands.runs import (
    CancelRun,
    cancel_run,
    trigger_run,
    triggered_run,
)
from arco.orchestration.controllers import next_due
from arco.orchestration.definitions import RetryPolicy
from arco.orchestration.domain import DOMAIN
from arco.orchestration.events import RunKeyConflicted, RunTriggered, TaskFailed, TasksDispatched
from arco.orchestration.outcomes import CheckResult, Completion, ErrorCategory, TaskError
from arco.orchestration.rows import PlannedTask, Run
from arco.orchestration.states import RunState, TaskState
from arco.orchestration.tables import (
    ACTIVE_RUNS,
    CHECKS,
    DISPATCHES,
    NEWEST_RUNS,
    PARTITION_STATUS,
    READY,
    RETRIES,
    RUN_KEY_CONFLICTS,
    RUNS,
    SETTLED_RUNS,
    TASKS,
)
from arco.testing.folding import MemoryState
from arco.testing.orchestration_samples import Bench, asset, graph, trigger

CHAIN: dict[str, tuple[str, ...]] = {"raw.a": (), "mid.b": ("raw.a",), "end.c": ("mid.b",)}


def deployed(edges: dict[str, tuple[str, ...]] | None = None, **fields: Any) -> Bench:
    bench = Bench()
    bench.deploy(*graph(edges or CHAIN, **fields))
    return bench


def run_row(bench: Bench, run_id: str = "R1") -> Run:
    run = bench.state.get(RUNS, run_id)
    assert run is not None
    return run


def states(bench: Bench, run_id: str = "R1") -> list[str]:
    return [task.state.value for task in bench.state.range(TASKS, run_id)]


def dispatch_of(bench: Bench, asset_key: str, *, run_id: str = "R1") -> str:
    task = bench.task(run_id, asset_key)
    return dispatch_id(run_id, task.task_key, task.attempt)


def lose(bench: Bench, asset_key: str) -> None:
    dispatch = dispatch_of(bench, asset_key)
    bench.ask(lose_attempt(LoseAttempt(dispatch_id=dispatch, reason="worker died")))


def test_a_trigger_dispatches_what_has_no_upstream() -> None:
    bench = deployed()
    said = bench.trigger()
    assert [type(event) for event in said] == [RunTriggered, TasksDispatched]
    assert states(bench) == ["DISPATCHED", "BLOCKED", "BLOCKED"]
    assert run_row(bench).state is RunState.RUNNING


def test_a_success_readies_and_dispatches_the_next_task_at_once() -> None:
    bench = deployed()
    bench.trigger()
    bench.succeed("R1", "raw.a")
    assert states(bench) == ["SUCCEEDED", "DISPATCHED", "BLOCKED"]


def test_a_run_without_output_succeeds_and_moves_its_materializations() -> None:
    bench = deployed()
    bench.trigger()
    for key in CHAIN:
        bench.succeed("R1", key)
    assert run_row(bench).state is RunState.SUCCEEDED
    status = bench.state.get(PARTITION_STATUS, "end.c", "")
    assert status is not None and status.materialization is not None
    assert status.materialization.run_id == "R1"
    assert status.attempt is not None and status.attempt.state is TaskState.SUCCEEDED
    for index in (ACTIVE_RUNS, SETTLED_RUNS, READY, DISPATCHES):
        assert list(bench.state.range(index)) == []


def test_a_failure_skips_everything_downstream_and_ends_the_run() -> None:
    bench = deployed()
    bench.trigger()
    bench.fail("R1", "raw.a")
    assert states(bench) == ["FAILED", "SKIPPED", "SKIPPED"]
    run = run_row(bench)
    assert run.state is RunState.FAILED
    assert (run.failed, run.skipped) == (1, 2)
    assert "raw/a:materialize" in run.message
    assert bench.task("R1", "end.c").cause == 0


def test_a_failure_leaves_independent_tasks_alone() -> None:
    bench = deployed({"raw.a": (), "raw.b": (), "end.c": ("raw.a",), "end.d": ("raw.b",)})
    bench.trigger()
    bench.fail("R1", "raw.a")
    bench.succeed("R1", "raw.b")
    assert states(bench) == ["FAILED", "SUCCEEDED", "SKIPPED", "DISPATCHED"]
    bench.succeed("R1", "end.d")
    assert run_row(bench).state is RunState.FAILED


def test_a_failed_run_materializes_nothing_but_records_the_attempt() -> None:
    bench = deployed()
    bench.trigger()
    bench.succeed("R1", "raw.a")
    bench.fail("R1", "mid.b")
    status = bench.state.get(PARTITION_STATUS, "raw.a", "")
    assert status is not None and status.materialization is None
    assert status.attempt is not None and status.attempt.run_id == "R1"


def test_a_user_error_is_retried_after_the_delay_of_the_policy() -> None:
    bench = deployed(retry=RetryPolicy(max_attempts=2, delay_ms=5000))
    bench.trigger()
    bench.fail("R1", "raw.a")
    assert states(bench)[0] == "RETRY_WAIT"
    assert next_due(bench.state) == bench.now + timedelta(seconds=5)
    bench.wait(4.9)
    assert states(bench)[0] == "RETRY_WAIT"
    bench.wait(0.1)
    assert states(bench)[0] == "DISPATCHED"
    assert bench.task("R1", "raw.a").attempt == 2
    bench.fail("R1", "raw.a")
    assert states(bench) == ["FAILED", "SKIPPED", "SKIPPED"]


@pytest.mark.parametrize("category", [ErrorCategory.DATA_QUALITY, ErrorCategory.CONFIGURATION])
def test_errors_that_repeat_themselves_are_not_retried(category: ErrorCategory) -> None:
    bench = deployed(retry=RetryPolicy(max_attempts=5))
    bench.trigger()
    bench.fail("R1", "raw.a", category=category)
    assert states(bench)[0] == "FAILED"


def test_lost_attempts_have_their_own_budget() -> None:
    bench = deployed()
    bench.trigger()
    for _ in range(3):
        lose(bench, "raw.a")
        bench.wait(10)
        assert states(bench)[0] == "DISPATCHED"
    task = bench.task("R1", "raw.a")
    assert (task.user_attempts, task.infra_attempts, task.attempt) == (0, 3, 4)
    lose(bench, "raw.a")
    assert states(bench)[0] == "FAILED"


def test_a_late_answer_of_an_older_attempt_changes_nothing() -> None:
    bench = deployed()
    bench.trigger()
    old = dispatch_of(bench, "raw.a")
    lose(bench, "raw.a")
    assert not is_current(bench.state, old)
    assert should_cancel(bench.state, old)
    late = CompleteAttempt(
        dispatch_id=old, started_at=bench.now, ended_at=bench.now, completion=Completion()
    )
    assert bench.ask(complete_attempt(late)) == ()
    assert bench.task("R1", "raw.a").attempt == 2


def test_a_start_is_recorded_once() -> None:
    bench = deployed()
    bench.trigger()
    dispatch = dispatch_of(bench, "raw.a")
    started = start_attempt(StartAttempt(dispatch_id=dispatch, started_at=bench.now))
    assert len(bench.ask(started)) == 1
    assert bench.ask(started) == ()
    assert states(bench)[0] == "RUNNING"


def test_a_blocking_check_that_fails_fails_the_task_and_a_warning_does_not() -> None:
    bench = deployed({"raw.a": (), "raw.b": ()})
    bench.trigger()
    bad = CheckResult(name="no_nulls", passed=False, message="3 nulls")
    warning = CheckResult(name="fresh", passed=False, blocking=False)
    bench.answer(bench.task("R1", "raw.a"), Completion(checks=(bad, warning)))
    bench.answer(bench.task("R1", "raw.b"), Completion(checks=(warning,)))
    assert states(bench) == ["FAILED", "SUCCEEDED"]
    error = bench.task("R1", "raw.a").error
    assert error is not None and error.category is ErrorCategory.DATA_QUALITY
    assert "no_nulls: 3 nulls" in error.message
    assert [check.name for check in bench.state.range(CHECKS, "raw.a")] == ["fresh", "no_nulls"]


def test_cancelling_stops_what_waits_and_converges_when_what_runs_answers() -> None:
    bench = deployed({"raw.a": (), "raw.b": (), "end.c": ("raw.a", "raw.b")})
    bench.trigger()
    bench.ask(cancel_run(CancelRun(run_id="R1", actor="ada")))
    assert states(bench) == ["DISPATCHED", "DISPATCHED", "CANCELLED"]
    assert should_cancel(bench.state, dispatch_of(bench, "raw.a"))
    bench.succeed("R1", "raw.a")
    assert run_row(bench).state is RunState.RUNNING
    bench.fail("R1", "raw.b")
    run = run_row(bench)
    assert run.state is RunState.CANCELLED
    assert (run.succeeded, run.failed, run.cancelled) == (1, 0, 2)


def test_a_retry_does_not_resurrect_a_cancelled_run() -> None:
    bench = deployed(retry=RetryPolicy(max_attempts=9, delay_ms=60_000))
    bench.trigger()
    bench.fail("R1", "raw.a")
    bench.ask(cancel_run(CancelRun(run_id="R1")))
    assert list(bench.state.range(RETRIES)) == []
    bench.wait(3600)
    assert states(bench) == ["CANCELLED"] * 3
    assert run_row(bench).state is RunState.CANCELLED


def test_a_failure_with_a_retry_that_comes_after_the_cancel_is_a_cancellation() -> None:
    bench = deployed()
    bench.trigger()
    bench.ask(cancel_run(CancelRun(run_id="R1")))
    error = TaskError(ErrorCategory.USER_CODE, "it broke")
    failed = TaskFailed(
        run_id="R1", index=0, attempt=1, ended_at=bench.now, error=error, retry_at=bench.now
    )
    bench.state.fold([failed])
    assert states(bench) == ["CANCELLED"] * 3
    assert list(bench.state.range(RETRIES)) == []


def test_cancelling_is_idempotent_and_refused_once_the_run_ended() -> None:
    bench = deployed({"raw.a": ()})
    bench.trigger()
    bench.ask(cancel_run(CancelRun(run_id="R1")))
    assert bench.ask(cancel_run(CancelRun(run_id="R1"))) == ()
    with pytest.raises(NotFound) as unknown:
        bench.ask(cancel_run(CancelRun(run_id="R9")))
    assert unknown.value.code == "RUN_UNKNOWN"
    bench.trigger("R2")
    bench.succeed("R2", "raw.a")
    with pytest.raises(Conflict) as ended:
        bench.ask(cancel_run(CancelRun(run_id="R2")))
    assert ended.value.code == "RUN_ENDED"


def test_one_run_key_stands_for_one_request() -> None:
    bench = deployed()
    first = trigger("R1", "raw.a", run_key="daily")
    again = trigger("R2", "raw.a", run_key="daily")
    other = trigger("R3", "mid.b", run_key="daily")
    bench.ask(trigger_run(first))
    assert bench.ask(trigger_run(again)) == ()
    assert triggered_run(bench.state, again) == "R1"
    assert [type(event) for event in bench.ask(trigger_run(other))] == [RunKeyConflicted]
    assert bench.ask(trigger_run(other)) == ()
    assert len(list(bench.state.range(RUN_KEY_CONFLICTS))) == 1
    with pytest.raises(Conflict) as conflict:
        triggered_run(bench.state, other)
    details = conflict.value.details
    assert details["fingerprint"] != details["requested_fingerprint"]
    assert details["run_id"] == "R1"


def test_what_is_fresh_does_not_run_unless_all_is_asked_for() -> None:
    bench = deployed({"raw.a": ()})
    bench.trigger()
    bench.succeed("R1", "raw.a")
    assert bench.trigger("R2") == ()
    assert triggered_run(bench.state, trigger("R2")) is None
    assert bench.trigger("R3", which="all") != ()
    assert triggered_run(bench.state, trigger("R3")) == "R3"


def test_the_window_bounds_attempts_and_priority_comes_first() -> None:
    bench = Bench(window=2)
    assets = graph({f"raw.a{number}": () for number in range(4)})
    bench.deploy(*assets, asset("raw.zz", priority=9))
    bench.trigger()
    assert sorted(dispatch.index for dispatch in bench.state.range(DISPATCHES)) == [0, 4]
    bench.succeed("R1", "raw.a0")
    assert len(list(bench.state.range(DISPATCHES))) == 2


def test_earlier_runs_are_dispatched_before_later_ones_whatever_their_ids() -> None:
    bench = Bench(window=1)
    bench.deploy(*graph({"raw.a": (), "raw.b": ()}))
    bench.trigger("Z", which="all")
    bench.trigger("A", which="all")
    bench.succeed("Z", "raw.a")
    assert next(iter(bench.state.range(DISPATCHES))).run_id == "Z"
    assert [row.run_id for row in bench.state.range(NEWEST_RUNS)] == ["A", "Z"]


def test_a_plan_that_names_one_task_twice_changes_nothing() -> None:
    state = MemoryState(DOMAIN)
    at = datetime(2026, 1, 1, tzinfo=UTC)
    twice = (PlannedTask(asset="n.a"), PlannedTask(asset="n.a"))
    state.fold([RunTriggered(run_id="R1", tasks=twice, fingerprint="", triggered_at=at)])
    assert state.get(RUNS, "R1") is None
