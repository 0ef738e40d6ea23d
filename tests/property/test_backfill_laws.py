"""The laws of backfills under any order of answers, pauses, retries, duplicates and crashes.

A script is a list of small numbers that stand for what happens next, so that a failure shrinks to a
short story.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from copy import deepcopy
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from arco.errors import ArcoError
from arco.model import Decision, Payload
from arco.orchestration import backfill_events as told
from arco.orchestration.backfills import BACKFILLS, ENDED, BackfillStage, BackfillState
from arco.orchestration.commands.backfills import (
    CreateBackfill,
    cancel_backfill,
    create_backfill,
    pause_backfill,
    resume_backfill,
    retry_backfill,
    set_concurrency,
)
from arco.orchestration.commands.runs import CancelRun, cancel_run
from arco.orchestration.controllers import standing_decisions
from arco.orchestration.definitions import Dependency
from arco.orchestration.domain import DOMAIN
from arco.orchestration.events import RunTriggered
from arco.orchestration.invariants import forbidden_moves, violations
from arco.orchestration.outcomes import Completion, ErrorCategory, TaskError
from arco.orchestration.partitions import DailyPartitions, MonthlyPartitions
from arco.orchestration.states import RunState, TaskState
from arco.orchestration.tables import DISPATCHES, RUNS, TASKS
from arco.testing.folding import MemoryState
from arco.testing.orchestration_samples import SCOPE, START, Bench, asset

DAYS = DailyPartitions(start="2026-01-25", end="2026-02-05")
MONTHS = MonthlyPartitions(start="2026-01", end="2026-03")
FAILED = Completion(error=TaskError(ErrorCategory.USER_CODE, "it broke"))
STEPS_MAX = 500

kinds = st.sampled_from([0, 0, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9])
moves = st.lists(st.tuples(kinds, st.integers(0, 9)), max_size=30)
requests = st.builds(
    CreateBackfill,
    backfill_id=st.just("B1"),
    runs_per=st.sampled_from(["partition", "chunk"]),
    which=st.sampled_from(["all", "missing", "stale"]),
    chunk_size=st.integers(1, 5),
    concurrency=st.integers(1, 6),
)


def opened(request: CreateBackfill) -> Bench:
    """Days, what goes along with them, and months that are made from them."""
    bench = Bench(5)
    bench.deploy(
        asset("raw.orders", partitions=DAYS),
        asset("marts.sales", "raw.orders", partitions=DAYS),
        asset("marts.months", partitions=MONTHS, dependencies=(Dependency("raw.orders"),)),
    )
    bench.ask(create_backfill(request))
    return bench


def decisions(bench: Bench, move: int, *, pick: int) -> Decision:
    """What somebody asks for."""
    runs = [run.run_id for run in bench.state.range(RUNS)] or ["R"]
    return {
        2: pause_backfill("B1"),
        3: resume_backfill("B1"),
        4: retry_backfill("B1"),
        5: set_concurrency("B1", pick + 1),
        6: cancel_run(CancelRun(run_id=runs[pick % len(runs)])),
        7: create_backfill(CreateBackfill(backfill_id="B2", concurrency=2)),
        8: cancel_backfill("B2" if pick else "B1"),
    }[move]


def play(bench: Bench, script: Sequence[tuple[int, int]]) -> None:
    """Let everything in the script happen; what is refused changes nothing."""
    for move, pick in script:
        if move <= 1:
            answer(bench, FAILED if move else Completion(), pick=pick)
        elif move == 9:
            bench.wait(pick)
        else:
            try:
                bench.ask(decisions(bench, move, pick=pick))
            except ArcoError:
                continue


def answer(bench: Bench, completion: Completion, *, pick: int = 0) -> bool:
    """One of the attempts that are out ends; False when none is out."""
    out = list(bench.state.range(DISPATCHES))
    if not out:
        return False
    row = out[pick % len(out)]
    task = bench.state.get(TASKS, row.run_id, row.index)
    assert task is not None
    bench.answer(task, completion)
    return True


def finished(bench: Bench) -> list[BackfillState]:
    """The states in which the backfills end once everything is resumed and answered well."""
    for row in bench.state.range(BACKFILLS):
        if row.state is BackfillState.PAUSED:
            bench.ask(resume_backfill(row.backfill_id))
    for _ in range(STEPS_MAX):
        if not answer(bench, Completion()):
            bench.wait(10)
        if all(row.state in ENDED for row in bench.state.range(BACKFILLS)):
            break
    return [row.state for row in bench.state.range(BACKFILLS)]


def replayed(history: Sequence[Payload]) -> MemoryState:
    state = MemoryState(DOMAIN)
    state.fold(history)
    return state


@given(requests, moves)
def test_every_event_of_every_backfill_keeps_the_laws(
    request: CreateBackfill, script: list[tuple[int, int]]
) -> None:
    bench = opened(request)
    play(bench, script)
    state = MemoryState(DOMAIN)
    for event in bench.history:
        before = deepcopy(state)
        state.fold([event])
        assert forbidden_moves(before, state) == []
    assert violations(state) == []
    triggered = [each.run_id for each in bench.history if isinstance(each, RunTriggered)]
    assert len(set(triggered)) == len(triggered), "no place of an attempt has two runs"


@given(requests, moves)
def test_every_backfill_ends_and_whatever_failed_can_be_made_good(
    request: CreateBackfill, script: list[tuple[int, int]]
) -> None:
    bench = opened(request)
    play(bench, script)
    states = finished(bench)
    assert set(states) <= ENDED
    for row in bench.state.range(BACKFILLS):
        if row.state is BackfillState.FAILED:
            bench.ask(retry_backfill(row.backfill_id))
            assert BackfillState.FAILED not in finished(bench)
    assert violations(bench.state) == []
    for row in bench.state.range(BACKFILLS):
        if row.state is BackfillState.SUCCEEDED:
            assert row.succeeded + row.skipped == row.total == 13
    assert bench.wait(3600) == ()


@given(requests, moves)
def test_a_partition_never_runs_before_what_it_is_made_from_in_its_backfill(
    request: CreateBackfill, script: list[tuple[int, int]]
) -> None:
    bench = opened(request)
    known: set[str] = set()
    for at in range(len(script)):
        play(bench, script[at : at + 1])
        for run in bench.state.range(RUNS):
            if run.run_id in known or run.selection != ("marts.months",):
                known.add(run.run_id)
                continue
            known.add(run.run_id)
            assert not unmade_days(bench, run.run_id, actor=run.actor)


def unmade_days(bench: Bench, run_id: str, *, actor: str) -> list[str]:
    """The days of the run's months that the same backfill is still making."""
    months = {task.partition_key[8:15] for task in bench.state.range(TASKS, run_id)}
    newest = {
        task.partition_key: task.state
        for run in sorted(bench.state.range(RUNS), key=lambda run: run.number)
        if run.actor == actor
        for task in bench.state.range(TASKS, run.run_id)
        if task.asset == "raw.orders" and task.partition_key[7:14] in months
    }
    return [key for key, state in newest.items() if state is not TaskState.SUCCEEDED]


@given(requests, moves, st.data())
def test_repeated_and_late_events_change_nothing(
    request: CreateBackfill, script: list[tuple[int, int]], data: st.DataObject
) -> None:
    bench = opened(request)
    play(bench, script)
    dump = bench.state.dump()
    assert replayed(bench.history).dump() == dump
    assert replayed([event for event in bench.history for _ in range(2)]).dump() == dump
    again = [each for each in bench.history if not isinstance(each, _SAID_ANEW)]
    bench.state.fold(data.draw(st.permutations(again)))
    assert bench.state.dump() == dump


_SAID_ANEW = (
    # Whoever says these again later asks for it again.
    told.BackfillPaused,
    told.BackfillResumed,
    told.BackfillRested,
    told.BackfillRetried,
    told.BackfillConcurrencySet,
    told.BackfillCancelRequested,
)


@given(requests, moves)
def test_the_controllers_are_quiet_when_asked_again(
    request: CreateBackfill, script: list[tuple[int, int]]
) -> None:
    bench = opened(request)
    for position in range(len(script)):
        play(bench, script[position : position + 1])
        for controller in standing_decisions(5, SCOPE):
            assert list(controller(bench.state, bench.now)) == []


@given(requests, moves, st.integers(1, 4))
def test_a_crash_between_any_two_events_changes_no_count(
    request: CreateBackfill, script: list[tuple[int, int]], every: int
) -> None:
    """A process that begins again knows only what is folded, and decides the rest as before."""
    bench = opened(request)
    for position in range(0, len(script), every):
        bench.state = replayed(bench.history)
        play(bench, script[position : position + every])
    finished(bench)
    counts = Counter(run.state for run in bench.state.range(RUNS))
    assert counts[RunState.RUNNING] == counts[RunState.TRIGGERED] == 0
    assert violations(bench.state) == []


small = st.integers(0, 3)
times = small.map(lambda seconds: START + timedelta(seconds=seconds))
ids = st.sampled_from(["B1", "B1", "B2"])
stages = st.just((BackfillStage(("n.a",), "s", (((0, 4),),), 4),))
started = st.builds(told.StartedRun, st.sampled_from(["R1", "R2"]), small, small)
any_event: st.SearchStrategy[Payload] = st.one_of(
    st.builds(
        told.BackfillCreated,
        backfill_id=ids,
        stages=stages,
        which=st.just("all"),
        runs_per=st.sampled_from(["partition", "chunk"]),
        chunk_size=small,
        concurrency=small,
        created_at=times,
    ),
    st.builds(
        told.BackfillAdvanced,
        backfill_id=ids,
        chunk=small,
        attempt=st.integers(1, 2),
        begins=small,
        through=small,
        steps=small,
        total=small,
        advanced_at=times,
        runs=st.lists(started, max_size=2).map(tuple),
        refused=st.lists(small, max_size=2).map(tuple),
    ),
    st.builds(told.BackfillRested, backfill_id=ids, continues_at=st.none() | times),
    st.builds(
        told.BackfillRunsEnded,
        backfill_id=ids,
        runs=st.lists(
            st.builds(
                told.EndedRun,
                st.sampled_from(["R1", "R2"]),
                st.sampled_from([RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED]),
            ),
            max_size=3,
        ).map(tuple),
        ended_at=times,
    ),
    st.builds(told.BackfillPaused, backfill_id=ids, paused_at=times),
    st.builds(told.BackfillResumed, backfill_id=ids, resumed_at=times),
    st.builds(told.BackfillCancelRequested, backfill_id=ids, requested_at=times),
    st.builds(told.BackfillRetried, backfill_id=ids, retried_at=times),
    st.builds(told.BackfillConcurrencySet, backfill_id=ids, concurrency=small, set_at=times),
    st.builds(
        told.BackfillEnded,
        backfill_id=ids,
        state=st.sampled_from(list(BackfillState)),
        ended_at=times,
    ),
)


@given(st.lists(any_event, min_size=5, max_size=40))
def test_no_well_typed_event_raises_in_any_state_and_moves_are_allowed(
    history: list[Payload],
) -> None:
    state = MemoryState(DOMAIN)
    for event in history:
        before = deepcopy(state)
        state.fold([event])
        assert forbidden_moves(before, state) == []
