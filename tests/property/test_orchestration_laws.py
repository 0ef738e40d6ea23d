"""The laws under random projects, random answers and random histories.

A script is a list of small numbers that stand for what happens next, so that a failure shrinks to a
short story.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from arco.model import Decision, Payload
from arco.orchestration import (
    backfill_events,
    breaches,
    evaluations,
    events,
    events_of_runs,
    freshness,
    maintenance,
    notifications,
    pools,
    restores,
    schedules,
    sensors,
)
from arco.orchestration.commands.attempts import (
    CompleteAttempt,
    LoseAttempt,
    StartAttempt,
    complete_attempt,
    lose_attempt,
    start_attempt,
)
from arco.orchestration.commands.pools import size_pool
from arco.orchestration.commands.publications import (
    StartPublication,
    publish_run,
    start_publication,
    startable_publications,
    started_publications,
)
from arco.orchestration.commands.run_limits import limit_runs, prioritize_run
from arco.orchestration.commands.runs import CancelRun, cancel_run
from arco.orchestration.controllers import standing_decisions
from arco.orchestration.definitions import AssetDefinition, RetryPolicy
from arco.orchestration.domain import DOMAIN
from arco.orchestration.events_joint import EVENTS as JOINT_EVENTS
from arco.orchestration.invariants import forbidden_moves, overdrawn_pools, violations
from arco.orchestration.outcomes import Completion, ErrorCategory, Made, TaskError
from arco.orchestration.rows import PreparedTable
from arco.orchestration.run_limit_invariants import overfull_limits
from arco.orchestration.run_limits import RUN_LIMITS
from arco.orchestration.settling import is_running
from arco.orchestration.states import RUN_MOVES, RUN_OWNERS, TASK_MOVES, TASK_OWNERS, is_terminal
from arco.orchestration.tables import ASSETS, DISPATCHES, RUNS, TASKS
from arco.orchestration.together import waiting_with
from arco.testing.folding import MemoryState
from arco.testing.orchestration_samples import SCOPE, Bench, graph, staged
from tests.property.orchestration_events import any_event, any_trigger

RUN_IDS = ("R3", "R1", "R2")
STEPS_TO_FINISH_MAX = 400


@st.composite
def projects(draw: st.DrawFn) -> dict[str, tuple[str, ...]]:
    """A random acyclic project of up to seven assets."""
    size = draw(st.integers(1, 7))
    edges: dict[str, tuple[str, ...]] = {}
    for number in range(size):
        upstream = draw(st.sets(st.integers(0, number - 1), max_size=3)) if number else set()
        edges[f"n.a{number}"] = tuple(f"n.a{up}" for up in sorted(upstream))
    return edges


kinds = st.sampled_from([0, 0, 0, 0, 1, 2, 2, 2, 3, 4, 5, 5, 6, 6, 7, 8, 8, 9, 10, 11])
moves = st.lists(st.tuples(kinds, st.integers(0, 20)), min_size=15, max_size=60)


def opened(edges: dict[str, tuple[str, ...]], window: int = 3) -> Bench:
    bench = Bench(window)
    assets = graph(edges, retry=RetryPolicy(max_attempts=2, delay_ms=1000))
    if len(edges) % 2 == 0:
        assets = joined(assets)
    needs: list[dict[str, int]] = [{}, {"narrow": 1}, {"wide": 2, "narrow": 1}, {"wide": 1}]
    bench.deploy(
        *(
            msgspec.structs.replace(
                each, pools=needs[number % len(needs)], tags={"odd": ""} if number % 2 else {}
            )
            for number, each in enumerate(assets)
        )
    )
    bench.ask(size_pool("wide", 2))
    return bench


def joined(assets: Sequence[AssetDefinition]) -> list[AssetDefinition]:
    """The same assets; those with the same upstreams are made by one function."""
    families: dict[tuple[str, ...], list[AssetDefinition]] = {}
    for each in assets:
        families.setdefault(tuple(up.upstream for up in each.dependencies), []).append(each)
    return [
        msgspec.structs.replace(
            each, code=members[0].code, made_with=tuple(member.key for member in members)
        )
        if len(members) > 1
        else each
        for members in families.values()
        for each in members
    ]


def made_beside(bench: Bench, dispatch: str) -> tuple[Made, ...]:
    """What the attempt makes for the tasks that wait for it."""
    row = bench.state.get(DISPATCHES, dispatch)
    task = bench.state.get(TASKS, row.run_id, row.index) if row else None
    waiting = waiting_with(bench.state, task) if task else []
    output = staged("n.a0", table_id="T", data_version=f"{dispatch}:beside")
    return tuple(Made(asset=each.asset, output=output) for each in waiting)


def answers(bench: Bench, dispatch: str, *, move: int) -> Decision:
    """What a worker says about the dispatch."""
    error = None
    output = None
    if move == 1:
        error = TaskError(ErrorCategory.USER_CODE, "it broke")
    if move == 2:
        row = bench.state.get(DISPATCHES, dispatch)
        output = staged("n.a0", table_id="T", data_version=dispatch) if row else None
    others = () if move == 5 else made_beside(bench, dispatch)
    return complete_attempt(
        CompleteAttempt(
            dispatch_id=dispatch,
            started_at=bench.now,
            ended_at=bench.now,
            completion=Completion(error=error, output=output, others=others),
        )
    )


def attempt_move(bench: Bench, move: int, *, known: list[str], pick: int) -> None:
    """An answer for some dispatch that is out, or was once: late answers are normal."""
    known += [row.dispatch_id for row in bench.state.range(DISPATCHES)]
    if not known:
        return
    dispatch = known[-1 - pick % min(len(known), 6)]
    if move == 3:
        bench.ask(lose_attempt(LoseAttempt(dispatch_id=dispatch, reason="gone")))
    elif move == 4:
        bench.ask(start_attempt(StartAttempt(dispatch_id=dispatch, started_at=bench.now)))
    else:
        bench.ask(answers(bench, dispatch, move=move))


def cancel(bench: Bench, run_id: str) -> None:
    run = bench.state.get(RUNS, run_id)
    if is_running(run) and not started_publications(bench.state):
        bench.ask(cancel_run(CancelRun(run_id=run_id)))


def publish(bench: Bench) -> None:
    for waiting in startable_publications(bench.state):
        tables = tuple(
            PreparedTable(table_id=table_id, asset="n.a0", version=1, sha256="")
            for table_id in waiting.table_ids
        )
        bench.ask(start_publication(StartPublication(run_id=waiting.run_id, tables=tables)))
    for publication in started_publications(bench.state):
        bench.ask(publish_run(publication.run_id))


def play(bench: Bench, script: Sequence[tuple[int, int]]) -> None:
    """Let everything in the script happen."""
    known: list[str] = []
    for move, pick in script:
        run_id = RUN_IDS[pick % len(RUN_IDS)]
        if move <= 4:
            attempt_move(bench, move, known=known, pick=pick)
        elif move == 5:
            bench.wait(pick / 4)
        elif move == 6 and bench.state.get(RUNS, run_id) is None:
            bench.trigger(run_id, which="all")
        elif move == 7:
            cancel(bench, run_id)
        elif move == 8:
            publish(bench)
        elif move == 9:
            bench.ask(size_pool("wide", 1 + pick % 3))
        elif move == 10:
            bench.ask(limit_runs(("*", "tag:odd")[pick % 2], pick % 3))
        elif move == 11 and is_running(bench.state.get(RUNS, run_id)):
            bench.ask(prioritize_run(run_id, pick))


def replayed(history: Sequence[Payload]) -> MemoryState:
    state = MemoryState(DOMAIN)
    state.fold(history)
    return state


@given(projects(), moves)
def test_every_event_of_every_history_keeps_the_laws(
    edges: dict[str, tuple[str, ...]], script: list[tuple[int, int]]
) -> None:
    bench = opened(edges)
    bench.trigger("R0")
    play(bench, script)
    state = MemoryState(DOMAIN)
    for event in bench.history:
        before = deepcopy(state)
        state.fold([event])
        assert violations(state) == []
        assert forbidden_moves(before, state) == []
        assert overdrawn_pools(before, state) == []
        assert overfull_limits(before, state) == []


@given(projects(), moves)
def test_a_history_folds_again_to_the_same_state_and_a_repeated_event_changes_nothing(
    edges: dict[str, tuple[str, ...]], script: list[tuple[int, int]]
) -> None:
    bench = opened(edges)
    bench.trigger("R0")
    play(bench, script)
    assert replayed(bench.history).dump() == bench.state.dump()
    twice = [event for event in bench.history for _ in range(2)]
    assert replayed(twice).dump() == bench.state.dump()
    assert replayed([*bench.history, *bench.history]).dump() == bench.state.dump()


@given(projects(), moves, st.data())
def test_late_repetitions_in_any_order_change_nothing(
    edges: dict[str, tuple[str, ...]], script: list[tuple[int, int]], data: st.DataObject
) -> None:
    bench = opened(edges)
    bench.trigger("R0")
    play(bench, script)
    before = bench.state.dump()
    bench.state.fold(data.draw(st.permutations(bench.history)))
    assert bench.state.dump() == before


@given(projects(), moves, st.data())
def test_events_in_any_order_never_raise_and_keep_the_laws(
    edges: dict[str, tuple[str, ...]],
    script: list[tuple[int, int]],
    data: st.DataObject,
) -> None:
    bench = opened(edges)
    bench.trigger("R0")
    play(bench, script)
    state = replayed(data.draw(st.permutations(bench.history)))
    state.fold(bench.history)
    assert violations(state) == []


@given(any_trigger, st.lists(any_event, min_size=15, max_size=60))
def test_no_well_typed_event_raises_in_any_state_and_every_law_holds(
    first: Payload, history: list[Payload]
) -> None:
    state = MemoryState(DOMAIN)
    state.fold([first])
    for event in history:
        before = deepcopy(state)
        state.fold([event])
        assert violations(state) == []
        assert forbidden_moves(before, state) == []


@given(projects(), moves)
def test_controllers_are_quiet_when_asked_again(
    edges: dict[str, tuple[str, ...]], script: list[tuple[int, int]]
) -> None:
    bench = opened(edges)
    bench.trigger("R0")
    for position in range(len(script)):
        play(bench, script[position : position + 1])
        for controller in standing_decisions(3, SCOPE):
            assert list(controller(bench.state, bench.now)) == []


@given(projects(), moves)
def test_every_run_ends_once_every_attempt_is_answered(
    edges: dict[str, tuple[str, ...]], script: list[tuple[int, int]]
) -> None:
    bench = opened(edges)
    bench.trigger("R0")
    play(bench, script)
    for closed in (row for row in bench.state.range(RUN_LIMITS) if not row.runs_max):
        bench.ask(limit_runs(closed.name, 1))
    for _ in range(STEPS_TO_FINISH_MAX):
        publish(bench)
        out = [row.dispatch_id for row in bench.state.range(DISPATCHES)]
        if out:
            bench.ask(answers(bench, out[0], move=0))
        else:
            bench.wait(10)
        if not any(is_running(run) for run in bench.state.range(RUNS)):
            break
    assert [run.run_id for run in bench.state.range(RUNS) if is_running(run)] == []
    assert bench.wait(3600) == ()


def test_every_state_that_is_not_terminal_has_an_owner() -> None:
    assert set(TASK_OWNERS) == {state for state in TASK_MOVES if not is_terminal(TASK_MOVES, state)}
    assert set(RUN_OWNERS) == {state for state in RUN_MOVES if not is_terminal(RUN_MOVES, state)}


def test_every_event_has_a_reducer() -> None:
    modules = (
        backfill_events,
        breaches,
        evaluations,
        events,
        freshness,
        maintenance,
        notifications,
        pools,
        restores,
        schedules,
        sensors,
        events_of_runs,
    )
    known = {each for module in modules for each in module.EVENTS}
    assert set(DOMAIN.reducers) == known.union(JOINT_EVENTS)


@given(projects())
def test_deploying_again_changes_nothing(edges: dict[str, tuple[str, ...]]) -> None:
    bench = opened(edges)
    before = bench.state.dump()
    bench.state.fold(bench.history)
    assert bench.state.dump() == before
    assert {row.key for row in bench.state.range(ASSETS)} == set(edges)
