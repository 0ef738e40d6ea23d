"""Attempts as rows: each of them once, with what it came to, whatever became of its task later."""

from __future__ import annotations

import pytest

from arco.ids import dispatch_id
from arco.model import Event, State
from arco.orchestration.attempts import Attempt, attempts_of
from arco.orchestration.commands.attempts import (
    LoseAttempt,
    StartAttempt,
    lose_attempt,
    start_attempt,
)
from arco.orchestration.commands.reruns import RerunRun, rerun_run
from arco.orchestration.commands.runs import CancelRun, cancel_run
from arco.orchestration.definitions import RetryPolicy
from arco.orchestration.events import RetriesReleased
from arco.orchestration.invariants import violations
from arco.orchestration.outcomes import Completion, ErrorCategory, TaskError
from arco.orchestration.states import TaskState
from arco.testing.orchestration_samples import Bench, asset

RETRY = RetryPolicy(max_attempts=3, delay_ms=10_000)
KEY = "raw.a"


@pytest.fixture
def bench() -> Bench:
    bench = Bench()
    bench.deploy(asset(KEY, retry=RETRY), asset("end.b", KEY))
    bench.trigger("R1")
    return bench


def told(state: State) -> list[tuple[str, int, TaskState]]:
    return [(row.run_id, row.attempt, row.outcome) for row in attempts_of(state)]


def only(state: State) -> Attempt:
    (row,) = attempts_of(state)
    return row


def test_every_attempt_of_a_task_that_was_retried_is_told_with_what_it_came_to(
    bench: Bench,
) -> None:
    first = bench.task("R1", KEY)
    bench.ask(start_attempt(StartAttempt(dispatch_id=_dispatch(bench), started_at=bench.now)))
    bench.fail("R1", KEY)
    failed_at = bench.now
    assert told(bench.state) == [("R1", 1, TaskState.FAILED)]
    bench.wait(20)
    bench.ask(lose_attempt(LoseAttempt(dispatch_id=_dispatch(bench), reason="the worker is gone")))
    bench.wait(20)
    assert told(bench.state)[2] == ("R1", 3, TaskState.DISPATCHED)
    bench.succeed("R1", KEY, data="x")
    one, two, three = [row for row in attempts_of(bench.state) if row.asset == KEY]
    assert (one.outcome, one.error_category, one.message, one.ended_at) == (
        TaskState.FAILED,
        ErrorCategory.USER_CODE,
        "it broke",
        failed_at,
    )
    assert one.started_at is not None and one.dispatched_at == first.dispatched_at
    assert (two.outcome, two.error_category) == (TaskState.FAILED, ErrorCategory.INFRASTRUCTURE)
    assert two.message == "the worker is gone"
    assert (three.outcome, three.error_category, three.message) == (TaskState.SUCCEEDED, None, "")
    assert len({one.attempt_id, two.attempt_id, three.attempt_id}) == 3
    assert violations(bench.state) == []


def test_an_attempt_that_failed_before_its_run_was_cancelled_did_fail(bench: Bench) -> None:
    bench.fail("R1", KEY)
    bench.ask(cancel_run(CancelRun(run_id="R1")))
    assert bench.task("R1", KEY).state is TaskState.CANCELLED
    assert (only(bench.state).outcome, only(bench.state).message) == (TaskState.FAILED, "it broke")


def test_an_attempt_that_was_cancelled_has_no_error_of_the_one_before(bench: Bench) -> None:
    bench.fail("R1", KEY)
    bench.wait(20)
    bench.ask(cancel_run(CancelRun(run_id="R1")))
    stopped = TaskError(ErrorCategory.CANCELLED, "the run was cancelled")
    bench.answer(bench.task("R1", KEY), Completion(error=stopped))
    one, two = attempts_of(bench.state)
    assert (one.outcome, two.outcome) == (TaskState.FAILED, TaskState.CANCELLED)
    assert (two.error_category, two.message) == (None, "")


def test_an_attempt_whose_task_waits_to_be_handed_out_again_is_told_once(bench: Bench) -> None:
    bench.fail("R1", KEY)
    index = bench.task("R1", KEY).index
    released = RetriesReleased(run_id="R1", tasks=((index, 1),), released_at=bench.now)
    bench.state.decide(lambda state, now: [Event(released)], bench.now)
    assert told(bench.state) == [("R1", 1, TaskState.FAILED)], "as an earlier release left it"


def test_what_a_run_took_over_from_another_is_no_attempt_of_its_own(bench: Bench) -> None:
    bench.succeed("R1", KEY, data="x")
    bench.fail("R1", "end.b")
    command = RerunRun(
        run_id="R2", tenant="tenant", workspace="main", parent="R1", which="unsuccessful"
    )
    bench.ask(rerun_run(command))
    ours = [(row.asset, row.attempt) for row in attempts_of(bench.state) if row.run_id == "R2"]
    assert ours == [("end.b", 1)]


def _dispatch(bench: Bench) -> str:
    task = bench.task("R1", KEY)
    return dispatch_id(task.run_id, task.task_key, task.attempt)
