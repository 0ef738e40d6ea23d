"""Sensors: what a look asks for becomes runs once, and every look is on record."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from arco.errors import ArcoError, Conflict, Invalid, NotFound, TooManyRequests
from arco.orchestration.bridging import RunAsked
from arco.orchestration.commands.evaluations import (
    MESSAGE_ATTEMPTS_MAX,
    Answer,
    Look,
    RecordEvaluation,
    due_looks,
    following_look,
    record_evaluation,
)
from arco.orchestration.commands.sensors import (
    DefineSensors,
    SendMessage,
    ask_sensor,
    define_sensors,
    disable_sensor,
    enable_sensor,
    send_message,
    sensor_problems,
    set_sensor_cursor,
)
from arco.orchestration.definitions import (
    CodeReference,
    SensorDefinition,
    WebhookDefinition,
)
from arco.orchestration.rows import Run
from arco.orchestration.sensors import (
    CURSOR_BYTES_MAX,
    EVALUATIONS_KEPT,
    MESSAGE_BYTES_MAX,
    MESSAGES_WAITING_MAX,
    REQUESTS_MAX,
    SENSOR_EVALUATIONS,
    SENSOR_MESSAGES,
    SENSORS,
    EvaluationOutcome,
    MessageState,
    Sensor,
    SensorEvaluation,
)
from arco.orchestration.tables import RUN_KEY_CONFLICTS, RUNS
from arco.testing.orchestration_samples import SCOPE, Bench, asset

CODE = CodeReference("project", "files", "1")
CALM = {EvaluationOutcome.NOTHING, EvaluationOutcome.REQUESTED, EvaluationOutcome.SKIPPED}


def files(**declared: Any) -> SensorDefinition:
    return SensorDefinition(**{"name": "files", "code": CODE, **declared})


def defined(bench: Bench, *sensors: SensorDefinition, project: str = "demo") -> Bench:
    """The bench, with these sensors and no others."""
    command = DefineSensors(project=project, deployment_id="D", sensors=sensors)
    bench.ask(define_sensors(command))
    return bench


def shop(**declared: Any) -> Bench:
    """Two assets and a sensor."""
    bench = Bench()
    bench.deploy(asset("raw.orders"), asset("marts.sales", "raw.orders"))
    return defined(bench, files(**declared))


def row(bench: Bench) -> Sensor:
    found = bench.state.get(SENSORS, "files")
    assert found is not None
    return found


def look(bench: Bench) -> Look:
    """The look that is due."""
    (due,) = due_looks(bench.state, bench.now)
    return due


def answered(bench: Bench, due: Look, **said: Any) -> SensorEvaluation:
    """What is on record once the look was answered."""
    command = RecordEvaluation(
        look=due,
        answer=Answer(**said),
        evaluated_at=bench.now,
        ended_at=bench.now,
        scope=SCOPE,
    )
    bench.ask(record_evaluation(command))
    return evaluations(bench)[-1]


def evaluations(bench: Bench) -> list[SensorEvaluation]:
    return list(bench.state.range(SENSOR_EVALUATIONS, "files"))


def runs(bench: Bench) -> list[Run]:
    return sorted(bench.state.range(RUNS), key=lambda run: run.number)


def asked(key: str = "", *selection: str) -> RunAsked:
    return RunAsked(run_key=key, selection=selection)


def sent(bench: Bench, message_id: str, *, payload: Any = None) -> Bench:
    text = msgspec.json.encode(payload).decode()
    bench.ask(send_message(SendMessage(name="files", message_id=message_id, payload=text)))
    return bench


def test_a_look_moves_the_cursor_and_starts_its_runs_in_one_piece() -> None:
    bench = shop()
    evaluation = answered(bench, look(bench), requests=(asked("a"), asked("b")), cursor='"b"')
    assert (evaluation.outcome, evaluation.started) == (EvaluationOutcome.REQUESTED, 2)
    assert [run.run_key for run in runs(bench)] == ["sensor:files:key:a", "sensor:files:key:b"]
    assert {run.actor for run in runs(bench)} == {"sensor:files"}
    assert evaluation.run_ids == tuple(run.run_id for run in runs(bench))
    assert (row(bench).cursor, row(bench).last_run_id) == ('"b"', runs(bench)[-1].run_id)
    assert list(due_looks(bench.state, bench.now)) == []


def test_the_next_look_is_due_an_interval_after_the_answer() -> None:
    bench = shop(interval_ms=90_000)
    answered(bench, look(bench), skipped="no file")
    following = following_look(bench.state, bench.now)
    assert following is not None
    assert (following - bench.now).total_seconds() == 90
    bench.wait(90)
    assert look(bench).version == 2


def test_a_key_that_is_asked_for_again_is_the_run_there_is() -> None:
    bench = shop()
    answered(bench, look(bench), requests=(asked("a"), asked("a")))
    bench.wait(30)
    again = answered(bench, look(bench), requests=(asked("a"),))
    assert (again.started, again.known) == (0, 1)
    assert len(runs(bench)) == 1
    assert evaluations(bench)[0].known == 1


def test_another_request_under_a_key_is_one_conflict_however_often_it_comes() -> None:
    bench = shop()
    different = asked("a", "raw.orders")
    first = answered(bench, look(bench), requests=(asked("a"), different, different))
    bench.wait(30)
    second = answered(bench, look(bench), requests=(different, asked("a")))
    assert (first.started, first.conflicted) == (1, 2)
    assert (second.started, second.conflicted, second.known) == (0, 1, 1)
    assert len(runs(bench)) == 1
    assert len(list(bench.state.range(RUN_KEY_CONFLICTS))) == 1


def test_a_request_without_a_key_is_a_run_of_its_own() -> None:
    bench = shop()
    answered(bench, look(bench), requests=(asked(), asked()))
    assert len({run.run_id for run in runs(bench)}) == 2


def test_requests_that_cannot_be_planned_keep_no_other_from_its_run() -> None:
    bench = shop()
    evaluation = answered(
        bench, look(bench), requests=(asked("x", "raw.nothing"), asked("y", "raw.orders"))
    )
    assert (evaluation.refused, evaluation.started) == (1, 1)
    assert "raw.nothing" in evaluation.message


def test_the_second_answer_to_one_look_is_on_record_and_changes_nothing() -> None:
    bench = shop()
    due = look(bench)
    answered(bench, due, requests=(asked("a"),), cursor="1")
    late = answered(bench, due, requests=(asked("b"),), cursor="2")
    assert late.outcome is EvaluationOutcome.STALE
    assert (row(bench).cursor, len(runs(bench))) == ("1", 1)


@pytest.mark.parametrize(
    "change",
    [
        lambda bench: bench.ask(disable_sensor("files")),
        lambda bench: bench.ask(set_sensor_cursor("files", "7")),
        lambda bench: defined(bench, files(interval_ms=5_000)),
    ],
    ids=["switched off", "its cursor moved", "declared anew"],
)
def test_an_answer_counts_for_the_sensor_that_was_looked_at(change: Any) -> None:
    bench = shop()
    due = look(bench)
    change(bench)
    late = answered(bench, due, requests=(asked("a"),), cursor="9")
    assert late.outcome is EvaluationOutcome.STALE
    assert runs(bench) == []


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"error": "ValueError: boom"}, "boom"),
        ({"requests": (RunAsked(),) * (REQUESTS_MAX + 1)}, "more than 1000 runs"),
        ({"cursor": "3"}, "which is not behind it"),
        ({"cursor": '"later"'}, "which is not behind it"),
        ({}, "was forgotten"),
        ({"cursor": "[1]"}, "a text, a whole number"),
        ({"cursor": "{"}, "no JSON"),
        ({"cursor": f'"{"x" * CURSOR_BYTES_MAX}"'}, "more than"),
    ],
)
def test_an_answer_that_cannot_be_starts_nothing_and_says_why(
    said: dict[str, Any], told: str
) -> None:
    bench = shop()
    answered(bench, look(bench), cursor="5")
    bench.wait(30)
    evaluation = answered(bench, look(bench), **said)
    assert evaluation.outcome is EvaluationOutcome.FAILED
    assert told in evaluation.message
    assert (row(bench).cursor, row(bench).failures, runs(bench)) == ("5", 1, [])


def test_an_opaque_cursor_may_become_anything() -> None:
    bench = shop(cursor="opaque")
    for cursor in ('"z"', '"a"', "1", ""):
        assert answered(bench, look(bench), cursor=cursor).outcome in CALM
        bench.wait(30)


def test_looks_that_fail_are_made_less_and_less_often_until_one_succeeds() -> None:
    bench = shop(interval_ms=10_000)
    waits = []
    for _ in range(8):
        answered(bench, look(bench), error="boom")
        following = following_look(bench.state, bench.now)
        assert following is not None
        waits.append((following - bench.now).total_seconds())
        bench.now = following
    assert waits == [10, 20, 40, 80, 160, 320, 600, 600]
    answered(bench, look(bench))
    assert row(bench).failures == 0


def test_a_sensor_that_is_off_is_looked_at_when_somebody_asks() -> None:
    bench = shop(enabled=False)
    assert list(due_looks(bench.state, bench.now)) == []
    bench.ask(ask_sensor("files", actor="ann"))
    bench.ask(ask_sensor("files", actor="bob"))
    evaluation = answered(bench, look(bench))
    assert evaluation.actor == "ann"
    bench.wait(3600)
    assert list(due_looks(bench.state, bench.now)) == []
    bench.ask(enable_sensor("files"))
    assert look(bench).sensor == "files"


def test_messages_are_looked_at_one_by_one_in_their_order() -> None:
    bench = shop(kind="push")
    assert list(due_looks(bench.state, bench.now)) == []
    sent(bench, "m1", payload={"file": 1})
    sent(bench, "m2", payload={"file": 2})
    assert look(bench).payload == '{"file":1}'
    answered(bench, look(bench), requests=(asked("1"),))
    assert look(bench).message_id == "m2"
    answered(bench, look(bench))
    assert list(due_looks(bench.state, bench.now)) == []
    assert [each.message_id for each in evaluations(bench)] == ["m1", "m2"]
    states = {each.state for each in bench.state.range(SENSOR_MESSAGES, "files")}
    assert states == {MessageState.HANDLED}


def test_a_message_id_is_taken_for_ever() -> None:
    bench = shop(kind="push")
    sent(bench, "m1", payload={"file": 1})
    answered(bench, look(bench))
    sent(bench, "m1", payload={"file": 1})
    assert list(due_looks(bench.state, bench.now)) == []
    with pytest.raises(Conflict, match="said something else"):
        sent(bench, "m1", payload={"file": 2})


def test_a_message_at_which_the_sensor_fails_is_given_up_and_blocks_no_other() -> None:
    bench = shop(kind="push")
    sent(bench, "bad")
    sent(bench, "good")
    for _ in range(MESSAGE_ATTEMPTS_MAX):
        due = following_look(bench.state, bench.now)
        bench.now = due or bench.now
        assert answered(bench, look(bench), error="boom").message_id == "bad"
    failed = bench.state.get(SENSOR_MESSAGES, "files", "bad")
    assert failed is not None
    assert (failed.state, failed.evaluation) == (MessageState.FAILED, MESSAGE_ATTEMPTS_MAX)
    assert answered(bench, look(bench)).message_id == "good"


def test_messages_wait_while_their_sensor_is_off() -> None:
    bench = shop(kind="push")
    bench.ask(disable_sensor("files"))
    sent(bench, "m1")
    assert list(due_looks(bench.state, bench.now)) == []
    bench.ask(enable_sensor("files"))
    assert look(bench).message_id == "m1"


@pytest.mark.parametrize("project", [(), (files(),)], ids=["removed", "told by the clock now"])
def test_messages_of_a_sensor_that_takes_none_any_more_are_told_so(
    project: tuple[SensorDefinition, ...],
) -> None:
    bench = shop(kind="push")
    sent(bench, "m1")
    defined(bench, *project)
    message = bench.state.get(SENSOR_MESSAGES, "files", "m1")
    assert message is not None
    assert message.state is MessageState.REMOVED
    assert row(bench).waiting == 0


def test_a_sensor_that_comes_back_knows_where_it_was() -> None:
    bench = shop()
    answered(bench, look(bench), cursor='"2026-03"')
    defined(bench)
    assert list(due_looks(bench.state, bench.now)) == []
    defined(bench, files())
    assert look(bench).cursor == '"2026-03"'


def test_old_looks_are_forgotten_and_their_number_goes_on() -> None:
    bench = shop()
    for _ in range(EVALUATIONS_KEPT + 2):
        bench.now = row(bench).next_at or bench.now
        answered(bench, look(bench))
    kept = evaluations(bench)
    assert (len(kept), kept[0].number, kept[-1].number) == (EVALUATIONS_KEPT, 3, 1002)


def test_folding_the_history_again_changes_nothing() -> None:
    bench = shop(kind="push")
    due = look(sent(bench, "m1"))
    answered(bench, due, requests=(asked("a"),), cursor="1")
    answered(bench, due)
    before = bench.state.dump()
    bench.state.fold(bench.history)
    assert bench.state.dump() == before


@pytest.mark.parametrize(
    ("refused", "code"),
    [
        (ask_sensor("ghost", actor="ann"), "SENSOR_UNKNOWN"),
        (set_sensor_cursor("files", "[]"), "SENSOR_CURSOR_INVALID"),
        (ask_sensor("files", actor="ann"), "SENSOR_NEEDS_MESSAGE"),
        (send_message(SendMessage(name="files", message_id="", payload="1")), "MESSAGE_INVALID"),
        (
            send_message(
                SendMessage(name="files", message_id="m", payload="x" * (MESSAGE_BYTES_MAX + 1))
            ),
            "MESSAGE_INVALID",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_code(refused: Any, code: str) -> None:
    bench = shop(kind="push")
    with pytest.raises((NotFound, Conflict, Invalid)) as error:
        bench.ask(refused)
    assert error.value.code == code


def test_a_sensor_of_the_clock_takes_no_messages() -> None:
    with pytest.raises(Conflict) as error:
        sent(shop(), "m1")
    assert error.value.code == "SENSOR_POLLS"


def test_a_sensor_has_only_so_many_messages_waiting() -> None:
    bench = shop(kind="push")
    full = msgspec.structs.replace(row(bench), waiting=MESSAGES_WAITING_MAX)

    class Full:
        def get(self, table: Any, *key: Any) -> Any:
            return full if table is SENSORS else bench.state.get(table, *key)

        def range(self, table: Any, *prefix: Any, after: Any = None) -> Any:
            return bench.state.range(table, *prefix, after=after)

    command = SendMessage(name="files", message_id="m1", payload="1")
    with pytest.raises(TooManyRequests) as error:
        send_message(command)(Full(), bench.now)
    assert error.value.code == "MESSAGES_WAITING"


def test_a_name_belongs_to_one_project() -> None:
    bench = shop()
    with pytest.raises(ArcoError) as error:
        defined(bench, files(), project="other")
    assert error.value.code == "SENSOR_TAKEN"


@pytest.mark.parametrize(
    ("declared", "sentence"),
    [
        ({"name": "Files"}, "its name is lower-case"),
        ({"interval_ms": 10}, "interval_seconds is 0.01"),
        ({"timeout_ms": 0}, "timeout_seconds is 0"),
        ({"selection": ("raw.nothing",)}, "raw.nothing"),
        ({"webhook": WebhookDefinition("s3cr3t")}, "never as its value"),
        ({"webhook": WebhookDefinition("env:HOOK", tolerance_seconds=0)}, "tolerance_seconds"),
    ],
)
def test_every_problem_of_a_definition_is_named(declared: dict[str, Any], sentence: str) -> None:
    assets = {"raw.orders": asset("raw.orders")}
    (problem,) = sensor_problems((files(**declared),), assets)
    assert sentence in problem[1]
