"""Sensors: how each stands, what it remembers, and what its looks came to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from litestar import Response
from litestar.params import Parameter

from arco.api.callers import CallerHere
from arco.api.paging import PAGE_SIZE, Cursor, page_of, read_cursor, write_cursor
from arco.api.session import Here, ask
from arco.model import State
from arco.orchestration.commands.sensors import find_sensor
from arco.orchestration.sensors import EvaluationOutcome, SensorEvaluation
from arco.service.sensors import SensorSummary, newest_evaluations, sensor_summary, sensors
from arco.ui.addresses import address, plain_name
from arco.ui.answering import Asked, Page, Visit, page_at
from arco.ui.markup import Child, Html, joined, tag
from arco.ui.pages.listing import run_link
from arco.ui.parts import (
    badge,
    code,
    facts,
    grid,
    link,
    moment,
    more,
    note,
    nothing,
    number,
    prose,
    section,
    span,
    strip,
)
from arco.ui.queries import filled
from arco.wire.sensors import SensorList

LOOKS = 100
SQUARES = 60
LIVE = "orchestration.sensors,orchestration.sensor_evaluations"
LIST_SQL = """SELECT name, enabled, next_at, failures, waiting, last_evaluated_at, last_outcome,
  last_message, last_run_id
FROM system.orchestration.sensors WHERE NOT removed ORDER BY name"""
ONE_SQL = """SELECT number, evaluated_at, outcome, requested, started, refused, message, run_ids,
  cursor_before, cursor_after
FROM system.orchestration.sensor_evaluations WHERE sensor = {name}
ORDER BY number DESC LIMIT 100"""
TONES = {
    EvaluationOutcome.REQUESTED: "good",
    EvaluationOutcome.NOTHING: "calm",
    EvaluationOutcome.SKIPPED: "calm",
    EvaluationOutcome.STALE: "warn",
    EvaluationOutcome.FAILED: "bad",
}
Name = Annotated[str, Parameter(max_length=200)]


class OneSensor(msgspec.Struct, frozen=True, kw_only=True):
    """One sensor: how it stands, and what its looks came to."""

    sensor: SensorSummary
    evaluations: list[SensorEvaluation]
    """The newest hundred looks, newest first."""


@page_at("/sensors")
async def show_sensors(
    session: Here, caller: CallerHere, request: Asked, cursor: Cursor = ""
) -> Response[Any]:
    """Every sensor, by name."""
    after = read_cursor(cursor, "sensors", types=(str,))

    def look(state: State) -> SensorList:
        rows = sensors(state, after=str(after[0]) if after else "")
        found = page_of(rows, limit=PAGE_SIZE, key=lambda row: (row.name,))
        return SensorList(found.rows, write_cursor(found.behind, "sensors"))

    seen = await ask(session, look, caller=caller)
    page = Page(title="Sensors", section="Sensors", sql=LIST_SQL, live=LIVE)
    return Visit(session, caller, request).shown(seen, page, body=_list_body)


@page_at("/sensors/{name:str}")
async def show_sensor(
    session: Here, caller: CallerHere, request: Asked, name: Name
) -> Response[Any]:
    """One sensor."""
    plain = plain_name(name)
    seen = await ask(session, lambda state: one_sensor(state, plain), caller=caller)
    sql = filled(ONE_SQL, name=plain)
    page = Page(title=f"Sensor {plain}", section="Sensors", sql=sql, live=LIVE)
    return Visit(session, caller, request).shown(seen, page, body=_one_body)


def one_sensor(state: State, name: str) -> OneSensor:
    """What is told of one sensor. Raises: NotFound SENSOR_UNKNOWN."""
    row = find_sensor(state, name)
    return OneSensor(
        sensor=sensor_summary(row), evaluations=newest_evaluations(state, name)[:LOOKS]
    )


def _list_body(found: SensorList) -> Child:
    rows = (
        (
            link(each.name, "sensors", each.name),
            _state(each),
            _rhythm(each),
            moment(each.next_at),
            _last(each),
            run_link(each.last_run_id) if each.last_run_id else nothing(),
        )
        for each in found.sensors
    )
    heads = ("Sensor", "State", "Looked at", "Next", "Newest look", "Newest run")
    empty = joined(
        "No sensor is deployed, or you may not know of any. ",
        code("@sensor"),
        " on a function declares one.",
    )
    return section(
        f"{len(found.sensors):,} sensors",
        grid(heads, rows, empty=empty),
        more(found.next_cursor, address("sensors", cursor=found.next_cursor)),
        name="sensors",
    )


def _state(sensor: SensorSummary) -> Html:
    return badge("ON", "good") if sensor.enabled else badge("OFF", "warn")


def _rhythm(sensor: SensorSummary) -> Child:
    if sensor.kind == "push":
        return "once for every message"
    return joined("every ", span(sensor.interval_seconds))


def _last(sensor: SensorSummary) -> Child:
    if sensor.last_outcome is None:
        return nothing()
    return joined(_outcome(sensor.last_outcome), " ", moment(sensor.last_evaluated_at))


def _outcome(outcome: EvaluationOutcome) -> Html:
    return badge(outcome.value, TONES[outcome])


def _one_body(page: OneSensor) -> Child:
    sensor = page.sensor
    return (
        tag("p", prose(sensor.description), class_="lead") if sensor.description else None,
        _trouble(sensor),
        section("About", facts(_about(sensor)), extra=_ways(sensor)),
        section("Looks", _course(page.evaluations), _looks(page.evaluations)),
    )


def _trouble(sensor: SensorSummary) -> Child:
    if not sensor.failures:
        return None
    return note(f"{sensor.failures:,} looks in a row failed: {sensor.last_message}", tone="bad")


def _about(sensor: SensorSummary) -> dict[str, Child]:
    is_told = sensor.kind == "push"
    told: dict[str, Child] = {
        "State": _state(sensor),
        "Looked at": _rhythm(sensor),
        "Next look": moment(sensor.next_at),
        "At most": span(sensor.timeout_seconds),
        "Cursor": code(sensor.cursor) if sensor.cursor else nothing(),
        "Runs": " ".join(sensor.selection) or "everything",
        "Newest run": run_link(sensor.last_run_id) if sensor.last_run_id else nothing(),
        "Project": sensor.project,
    }
    webhook: Child = "signed by a sender outside, or sent with a key"
    waiting: dict[str, Child] = {
        "Messages that wait": number(sensor.waiting),
        "Messages": webhook if sensor.takes_webhook else "sent with a key",
    }
    return {**told, **waiting} if is_told else told


def _ways(sensor: SensorSummary) -> Html:
    switch = ("Disable…", "disable") if sensor.enabled else ("Enable…", "enable")
    ways = (switch,) if sensor.kind == "push" else (switch, ("Look now…", "tick"))
    return tag(
        "span",
        *(
            tag("a", told, href=address("sensors", sensor.name, doing), class_="button")
            for told, doing in ways
        ),
        class_="buttons",
    )


def _course(looks: Sequence[SensorEvaluation]) -> Child:
    shown = looks[:SQUARES][::-1]
    squares = [
        (TONES[each.outcome], f"{each.evaluated_at:%Y-%m-%d %H:%M} {each.outcome.lower()}")
        for each in shown
    ]
    failed = sum(each.outcome is EvaluationOutcome.FAILED for each in shown)
    told = f"the newest {len(shown)} looks: {failed} failed"
    return tag("p", strip(squares, told=told)) if shown else None


def _looks(looks: Sequence[SensorEvaluation]) -> Html:
    rows = (
        (
            number(each.number),
            moment(each.evaluated_at),
            _outcome(each.outcome),
            _asked_for(each),
            joined(*(joined(run_link(run_id), " ") for run_id in each.run_ids)),
            code(each.cursor_after) if each.cursor_after else nothing(),
            joined(f"message {each.message_id}: " if each.message_id else None, each.message),
            each.actor or nothing(),
        )
        for each in looks
    )
    heads = ("Look", "Began", "Came to", "Asked for", "Runs", "Cursor", "Said", "Asked by")
    return grid(heads, rows, empty="Nobody has looked at it yet.", numbers=(0,))


def _asked_for(look: SensorEvaluation) -> Child:
    if not look.requested:
        return nothing()
    parts = (
        (look.started, "started"),
        (look.known, "known already"),
        (look.fresh, "fresh"),
        (look.conflicted, "in conflict"),
        (look.refused, "refused"),
    )
    told = ", ".join(f"{count:,} {what}" for count, what in parts if count)
    runs = "run" if look.requested == 1 else "runs"
    return f"{look.requested:,} {runs}: {told}"


__all__ = ["OneSensor", "one_sensor", "show_sensor", "show_sensors"]
