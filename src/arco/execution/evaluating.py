"""One look at a sensor: its function is asked, and what it says becomes an answer.

Law: whatever user code does, short of ending the process, becomes an answer. Must not know the
stream the answer travels on, nor what becomes of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any

import msgspec

from arco.errors import Invalid
from arco.execution.failures import task_error
from arco.execution.supplies import Supplies
from arco.execution.workshops import Workshop, call
from arco.orchestration.bridging import RunAsked
from arco.orchestration.commands.evaluations import Answer, Look
from arco.orchestration.sensors import REQUESTS_MAX
from arco.sdk.declarations import Function
from arco.sdk.names import NameIndex
from arco.sdk.parameters import CONTEXT, names_of
from arco.sdk.secrets import redacted
from arco.sdk.selecting import selected, several
from arco.sdk.sensing import Message, RunRequest, SensorContext, SkipReason

RETURNS = "return or yield RunRequest(...), SkipReason(...) or nothing"


class Said(msgspec.Struct, frozen=True):
    """What a sensor's function said, as it said it."""

    requests: tuple[RunRequest, ...]
    skipped: str
    context: SensorContext


def evaluate(shop: Workshop, look: Look, *, now: datetime) -> Answer:
    """What the sensor answers; never raises."""
    try:
        function = shop.sensors.get(look.sensor)
        if function is None:
            raise Invalid(
                "SENSOR_NOT_LOADED",
                f"the code this worker loaded declares no sensor {look.sensor}",
                hint="deploy the project again, so that the workers load what was deployed",
            )
        with shop.supplies.task():
            said = heard(function, context_of(look, now), supplies=shop.supplies)
        return answer_of(said, NameIndex(shop.assets), namespace=shop.namespace)
    except BaseException as error:
        told = task_error(error, shop.project)
        return Answer(error=f"{told.message} {told.hint}".strip() or type(error).__name__)


def context_of(look: Look, now: datetime) -> SensorContext:
    """What the function receives as `context`."""
    message = None
    if look.message_id:
        message = Message(look.message_id, msgspec.json.decode(look.payload))
    cursor = msgspec.json.decode(look.cursor) if look.cursor else None
    return SensorContext(look.sensor, now=now, cursor=cursor, message=message)


def heard(function: Function, context: SensorContext, *, supplies: Supplies) -> Said:
    """What the function says, up to one request too many.

    Raises: what it raises; Invalid SENSOR_ANSWER_INVALID.
    """
    arguments = supplies.arguments(function, f"sensor {context.name}")
    if CONTEXT in names_of(function):
        arguments[CONTEXT] = context
    requests: list[RunRequest] = []
    skipped = ""
    for said in islice(_each(call(function, arguments)), REQUESTS_MAX + 1):
        if isinstance(said, RunRequest):
            requests.append(said)
        elif isinstance(said, SkipReason):
            skipped = said.message
        else:
            raise Invalid(
                "SENSOR_ANSWER_INVALID",
                f"sensor {context.name} said {type(said).__name__}",
                hint=RETURNS,
            )
    return Said(tuple(requests), skipped, context)


def answer_of(said: Said, names: NameIndex, *, namespace: str) -> Answer:
    """The same in values that travel. Raises: Invalid SENSOR_ANSWER_INVALID."""
    cursor = said.context.cursor
    return Answer(
        requests=tuple(_asked(each, names, namespace=namespace) for each in said.requests),
        cursor="" if cursor is None else msgspec.json.encode(cursor).decode(),
        skipped=redacted(said.skipped),
    )


def _each(said: object) -> Iterator[object]:
    if isinstance(said, Iterable) and not isinstance(said, str | bytes | msgspec.Struct):
        yield from said
    elif said is not None:
        yield said


def _asked(request: RunRequest, names: NameIndex, *, namespace: str) -> RunAsked:
    terms, wrong = selected(several(request.select), names, namespace=namespace)
    if wrong:
        raise _unreadable(wrong[0])
    given: dict[str, Any] = {**msgspec.structs.asdict(request), "selection": terms}
    given.pop("select")
    try:
        return msgspec.convert(given, RunAsked)
    except msgspec.ValidationError as error:
        raise _unreadable(str(error)) from None


def _unreadable(sentence: str) -> Invalid:
    return Invalid(
        "SENSOR_ANSWER_INVALID",
        f"a run that the sensor asks for cannot be read: {sentence}",
        hint="RunRequest(run_key=..., select=..., partition=...) takes texts and assets",
    )


__all__ = ["Said", "answer_of", "context_of", "evaluate", "heard"]
