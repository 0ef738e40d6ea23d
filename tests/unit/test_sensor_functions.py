"""Sensor functions: what they are given, what they say, and how a test asks them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from arco import RunRequest, SensorContext, SkipReason, asset, resource, sensor, webhook
from arco.errors import Invalid
from arco.orchestration.definitions import SensorDefinition
from arco.orchestration.sensors import REQUESTS_MAX
from arco.sdk.declarations import declared_by
from arco.sdk.project import Loaded, Project
from arco.sdk.sensors import compile_sensors
from arco.testing import evaluate_sensor


class Folder(msgspec.Struct):
    names: tuple[str, ...] = ()


@asset(namespace="raw")
def files() -> None: ...


@sensor(select=files, interval_seconds=5)
def landing(context: SensorContext, folder: Folder, *, lake: Any) -> Any:
    """New files."""
    new = [name for name in (*folder.names, *lake) if name > str(context.cursor or "")]
    if not new:
        return SkipReason("no file is new")
    context.cursor = new[-1]
    return [RunRequest(run_key=name, select=files) for name in new]


@resource
def lake() -> list[str]:
    return []


@sensor(on="message")
def told(context: SensorContext) -> RunRequest:
    assert context.message is not None
    return RunRequest(partition=context.message.payload["day"])


def compiled(*things: Any) -> tuple[SensorDefinition, ...]:
    declarations = tuple(each for thing in things for each in declared_by(thing))
    project = Project(Path(__file__).parent, "shop", "main", ())
    return compile_sensors(Loaded(project, declarations, ()))


def test_a_test_asks_a_sensor_as_a_server_would() -> None:
    supplies = {"folder": Folder(("a", "b")), "lake": ["c"]}
    result = evaluate_sensor(landing, cursor="a", supplies=supplies)
    assert [request.run_key for request in result.requests] == ["b", "c"]
    assert result.cursor == "c"
    assert evaluate_sensor(landing, cursor="c", supplies=supplies).skipped == "no file is new"


def test_a_message_is_what_the_sensor_finds() -> None:
    (request,) = evaluate_sensor(told, message={"day": "2026-03-01"}).requests
    assert request.partition == "2026-03-01"


def test_ten_million_requests_are_read_until_they_are_too_many() -> None:
    read = itertools.count()

    @sensor
    def endless() -> Iterator[RunRequest]:
        for number in range(10_000_000):
            next(read)
            yield RunRequest(run_key=str(number))

    assert len(evaluate_sensor(endless).requests) == REQUESTS_MAX + 1
    assert next(read) == REQUESTS_MAX + 1


def test_what_a_sensor_raises_is_raised_as_it_was() -> None:
    @sensor
    def broken() -> None:
        raise LookupError("away")

    with pytest.raises(LookupError, match="away"):
        evaluate_sensor(broken)


def test_an_async_sensor_is_asked_to_its_end() -> None:
    @sensor
    async def later(context: SensorContext) -> SkipReason:
        return SkipReason(context.now.isoformat())

    now = datetime(2026, 3, 1, tzinfo=UTC)
    assert evaluate_sensor(later, now=now).skipped == now.isoformat()


@pytest.mark.parametrize(
    ("said", "code"),
    [("a.csv", "SENSOR_ANSWER_INVALID"), ([1], "SENSOR_ANSWER_INVALID")],
)
def test_an_answer_of_another_kind_says_what_to_return(said: Any, code: str) -> None:
    @sensor
    def confused() -> Any:
        return said

    with pytest.raises(Invalid) as error:
        evaluate_sensor(confused)
    assert error.value.code == code
    assert "RunRequest" in error.value.hint


@pytest.mark.parametrize("value", [True, 1.5, ["a"], datetime(2026, 3, 1, tzinfo=UTC)])
def test_a_cursor_is_a_text_or_a_whole_number(value: Any) -> None:
    context = SensorContext("s", now=datetime(2026, 3, 1, tzinfo=UTC))
    with pytest.raises(Invalid) as error:
        context.cursor = value
    assert error.value.code == "SENSOR_CURSOR_INVALID"


def test_a_sensor_is_compiled_with_what_it_selects_and_the_hash_of_its_code() -> None:
    first, second = compiled(files, landing, lake, told)
    assert (first.name, first.selection, first.interval_ms) == ("landing", ("raw.files",), 5_000)
    assert (first.kind, second.kind) == ("poll", "push")
    assert first.description == "New files."
    assert first.code.version != second.code.version


def test_a_sensor_with_a_webhook_is_told_by_messages() -> None:
    @sensor(webhook=webhook("env:HOOK", format="github"))
    def hooked() -> None: ...

    (definition,) = compiled(hooked)
    assert definition.kind == "push"
    assert definition.webhook is not None
    assert (definition.webhook.secret, definition.webhook.format) == ("env:HOOK", "github")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"on": "tuesday"}, 'use "interval" or "message"'),
        ({"on": "message", "interval_seconds": 5}, "interval_seconds has no meaning"),
        ({"on": "interval", "webhook": webhook("env:HOOK")}, 'it is on="message"'),
        ({"timeout_seconds": "long"}, "timeout_seconds: Expected `int`"),
        ({"select": object()}, "is no asset"),
    ],
)
def test_every_problem_of_a_declaration_is_named(options: dict[str, Any], sentence: str) -> None:
    @sensor(**options)
    def wrong() -> None: ...

    with pytest.raises(Invalid) as error:
        compiled(files, wrong)
    assert sentence in str(error.value.details["problems"])


def test_a_parameter_that_nobody_supplies_is_named() -> None:
    @sensor
    def hungry(food: str) -> None: ...

    with pytest.raises(Invalid) as error:
        compiled(hungry)
    assert "parameter 'food'" in str(error.value.details["problems"])


def test_an_option_that_does_not_exist_is_refused_with_the_closest_one() -> None:
    with pytest.raises(Invalid) as error:
        sensor(interval_second=5)  # type: ignore[call-overload]
    assert "interval_seconds" in error.value.hint
