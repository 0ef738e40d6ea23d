"""Laws of sensors, on random looks of two processes that crash, repeat themselves and come late."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from arco.orchestration.bridging import RunAsked
from arco.orchestration.commands.evaluations import (
    Answer,
    Look,
    RecordEvaluation,
    due_looks,
    record_evaluation,
)
from arco.orchestration.commands.sensors import (
    DefineSensors,
    SendMessage,
    define_sensors,
    disable_sensor,
    enable_sensor,
    send_message,
)
from arco.orchestration.definitions import CodeReference, SensorDefinition
from arco.orchestration.sensors import (
    SENSOR_EVALUATIONS,
    SENSOR_MESSAGES,
    SENSORS,
    EvaluationOutcome,
    MessageState,
)
from arco.orchestration.tables import RUN_KEY_CONFLICTS, RUNS
from arco.testing.orchestration_samples import SCOPE, Bench, asset

SELECTIONS = ("raw.a", "raw.b")
CODE = CodeReference("project", "files", "1")
UNCOUNTED = (EvaluationOutcome.STALE, EvaluationOutcome.FAILED)

requests = st.lists(st.tuples(st.integers(0, 2), st.sampled_from(SELECTIONS)), max_size=4)
answers = st.tuples(st.just("answer"), st.integers(0, 5), requests, st.integers(0, 3))
moves = st.lists(
    st.one_of(
        st.just(("look",)),
        answers,
        st.just(("crash",)),
        st.just(("wait",)),
        st.just(("switch",)),
        st.tuples(st.just("send"), st.integers(0, 3)),
    ),
    max_size=25,
)


def bench_of(kind: Any) -> Bench:
    bench = Bench()
    bench.deploy(*(asset(key) for key in SELECTIONS))
    sensor = SensorDefinition(name="files", code=CODE, kind=kind)
    bench.ask(define_sensors(DefineSensors(project="demo", deployment_id="D", sensors=(sensor,))))
    return bench


class Play:
    """A script on a bench: looks that are out, in whatever process, and what was asked for."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.out: list[Look] = []

    def move(self, move: tuple[Any, ...]) -> None:
        """One move; what makes no sense at the moment is left out."""
        bench, verb = self.bench, move[0]
        if verb == "look":
            self.out += due_looks(bench.state, bench.now)
        elif verb == "answer" and self.out:
            # An answer stays out: it may arrive again.
            self._answer(self.out[move[1] % len(self.out)], move[2], step=move[3])
        elif verb == "crash":
            self.out = self.out[1:]
        elif verb == "wait":
            bench.wait(700)
        elif verb == "switch":
            row = bench.state.get(SENSORS, "files")
            assert row is not None
            bench.ask(disable_sensor("files") if row.enabled else enable_sensor("files"))
        elif verb == "send":
            message = SendMessage(name="files", message_id=f"m{move[1]}", payload=str(move[1]))
            row = bench.state.get(SENSORS, "files")
            if row is not None and row.definition.kind == "push":
                bench.ask(send_message(message))

    def _answer(self, look: Look, asked: list[tuple[int, str]], *, step: int) -> None:
        cursor = int(look.cursor or 0) + step
        command = RecordEvaluation(
            look=look,
            answer=Answer(
                requests=tuple(
                    RunAsked(run_key=f"k{key}", selection=(selection,)) for key, selection in asked
                ),
                cursor=str(cursor),
            ),
            evaluated_at=self.bench.now,
            ended_at=self.bench.now,
            scope=SCOPE,
        )
        self.bench.ask(record_evaluation(command))


def played(kind: str, script: list[tuple[Any, ...]]) -> Bench:
    play = Play(bench_of(kind))
    for move in script:
        play.move(move)
    return play.bench


@given(st.sampled_from(["poll", "push"]), moves)
def test_a_key_is_one_run_and_each_other_request_under_it_one_conflict(
    kind: str, script: list[tuple[Any, ...]]
) -> None:
    bench = played(kind, script)
    runs = list(bench.state.range(RUNS))
    assert len({run.run_key for run in runs}) == len(runs)
    conflicts = list(bench.state.range(RUN_KEY_CONFLICTS))
    # There are two requests for each key: one is its run, the other at most one conflict.
    assert len({row.run_key for row in conflicts}) == len(conflicts)
    looks = list(bench.state.range(SENSOR_EVALUATIONS, "files"))
    assert sum(row.started for row in looks) == len(runs)
    assert bool(conflicts) is any(row.conflicted for row in looks)


@given(st.sampled_from(["poll", "push"]), moves)
def test_the_cursor_goes_from_each_answer_that_counts_to_the_next(
    kind: str, script: list[tuple[Any, ...]]
) -> None:
    bench = played(kind, script)
    cursor = ""
    for number, look in enumerate(bench.state.range(SENSOR_EVALUATIONS, "files"), 1):
        assert (look.number, look.cursor_before) == (number, cursor)
        assert look.outcome not in UNCOUNTED or look.cursor_after == cursor
        cursor = look.cursor_after
    row = bench.state.get(SENSORS, "files")
    assert row is not None
    assert row.cursor == cursor


@given(moves)
def test_a_message_is_handled_by_one_look_whoever_looked(script: list[tuple[Any, ...]]) -> None:
    bench = played("push", script)
    messages = list(bench.state.range(SENSOR_MESSAGES, "files"))
    handled = [row.evaluation for row in messages if row.state is MessageState.HANDLED]
    assert len(set(handled)) == len(handled)
    row = bench.state.get(SENSORS, "files")
    assert row is not None
    waiting = sum(each.state is MessageState.WAITING for each in messages)
    assert (row.waiting, row.messages) == (waiting, len(messages))


@given(st.sampled_from(["poll", "push"]), moves)
def test_a_sensor_that_is_on_and_has_something_to_look_at_is_due(
    kind: str, script: list[tuple[Any, ...]]
) -> None:
    bench = played(kind, script)
    bench.wait(3600)
    row = bench.state.get(SENSORS, "files")
    assert row is not None
    wanted = row.enabled and (kind == "poll" or row.waiting > 0)
    assert len(list(due_looks(bench.state, bench.now))) == wanted


@given(st.sampled_from(["poll", "push"]), moves)
def test_folding_the_history_again_changes_nothing(
    kind: str, script: list[tuple[Any, ...]]
) -> None:
    bench = played(kind, script)
    before = bench.state.dump()
    bench.state.fold(bench.history)
    assert bench.state.dump() == before
