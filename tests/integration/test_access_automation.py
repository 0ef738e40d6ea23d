"""What starts runs and what is told of them, as somebody sees it who may know of some assets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from arco.access.privileges import Privilege
from arco.api.openapi import openapi_document
from arco.model import Event
from arco.orchestration.bridging import RunAsked
from arco.orchestration.commands.evaluations import (
    Answer,
    RecordEvaluation,
    look_at,
    record_evaluation,
)
from arco.orchestration.commands.freshness import DefineFreshness, define_freshness
from arco.orchestration.commands.notifications import (
    DefineNotifiers,
    define_notifiers,
    try_notifier,
)
from arco.orchestration.commands.schedules import DefineSchedules, define_schedules
from arco.orchestration.commands.sensors import DefineSensors, define_sensors
from arco.orchestration.definitions import (
    CodeReference,
    FreshnessDefinition,
    NotifierDefinition,
    ScheduleDefinition,
    SensorDefinition,
)
from arco.orchestration.freshness import FreshnessMissed
from arco.orchestration.schedules import ScheduleTicked, TickOutcome
from arco.orchestration.sensors import SENSORS
from arco.orchestration.ticking import RunScope
from arco.sdk.conditions import fresh
from tests.integration.guarded_server import OWNER, Guarded, guarding

SCHEDULES = {
    "ours": ("sales.*",),
    "everything": (),
    "both": ("sales.orders", "hr.people"),
    "below": ("sales.orders+",),
    "lost": ("sales.gone",),
}
SENSORS_HERE = {"landing": ("sales.orders",), "any": (), "salaries": ("hr.people",)}
ASSETS = ("sales.orders", "hr.people")
ROWS = "SELECT {columns} FROM system.orchestration.{table} ORDER BY ALL"


class Place:
    """The server, its owner, and Ann, who may know `sales`."""

    def __init__(self, guarded: Guarded) -> None:
        self.guarded = guarded
        guarded.grant(Privilege.BROWSE, "namespace:sales", to="user:ann")
        self.ann = guarded.key("user:ann")

    @property
    def now(self) -> datetime:
        return self.guarded.server.workspace.runtime.now()

    def names(self, path: str, key: str = "") -> list[str]:
        """The names in a list of the API."""
        kind = path.rpartition("/")[2]
        answer = self.guarded.ask(key or self.ann, ("GET", path))
        assert answer.status == 200, answer.body
        return [each["name"] for each in answer.json()[kind]]

    def rows(self, table: str, columns: str, *, key: str = "") -> list[dict[str, Any]]:
        """What SQL finds."""
        sql = ROWS.format(columns=columns, table=table)
        found: list[dict[str, Any]] = self.guarded.rows(key or self.ann, sql)
        return found

    def say(self, *payloads: Any) -> None:
        """This happened."""
        self.guarded.decide(lambda state, now: [Event(each) for each in payloads])

    def look(self, sensor: str, *requests: RunAsked) -> None:
        """A look at the sensor asked for these runs."""
        now = self.now

        def decide(state: Any, at: datetime) -> Any:
            row = state.get(SENSORS, sensor)
            command = RecordEvaluation(
                look=look_at(state, row),
                answer=Answer(requests=requests),
                evaluated_at=now,
                ended_at=now,
                scope=RunScope("default", "default"),
            )
            return record_evaluation(command)(state, at)

        self.guarded.decide(decide)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with guarding(tmp_path_factory.mktemp("store")) as guarded:
        schedules = tuple(
            ScheduleDefinition(name=name, cron="@yearly", selection=selection)
            for name, selection in SCHEDULES.items()
        )
        code = CodeReference("shop", "look", "1")
        sensors = tuple(
            SensorDefinition(name=name, code=code, selection=selection)
            for name, selection in SENSORS_HERE.items()
        )
        named = {"project": "shop", "deployment_id": "D"}
        guarded.decide(define_schedules(DefineSchedules(schedules=schedules, **named)))
        guarded.decide(define_sensors(DefineSensors(sensors=sensors, **named)))
        yield Place(guarded)


def run_of(place: Place, asset: str) -> str:
    body = {"selection": [asset], "which": "all"}
    answer = place.guarded.ask(place.guarded.owner, ("POST", "/api/v1/runs"), body=body)
    run_id: str = answer.json()["run_id"]
    return run_id


def ticked(place: Place, name: str, **told: Any) -> ScheduleTicked:
    now = place.now
    given = {"outcome": TickOutcome.STARTED, **told}
    return ScheduleTicked(name=name, scheduled_for=now, decided_at=now, **given)


def test_a_schedule_is_seen_by_who_may_know_of_all_that_it_selects(place: Place) -> None:
    assert place.names("/api/v1/schedules") == ["ours"]
    assert len(place.names("/api/v1/schedules", place.guarded.owner)) == len(SCHEDULES)
    assert place.rows("schedules", "name") == [{"name": "ours"}]
    for name, status in {"ours": 200, "below": 404, "lost": 404}.items():
        for path in (f"/api/v1/schedules/{name}", f"/schedules/{name}"):
            assert place.guarded.ask(place.ann, ("GET", path)).status == status, path
    switched = place.guarded.ask(place.ann, ("POST", "/api/v1/schedules/ours/disable"), body=b"")
    assert (switched.status, switched.error()["code"]) == (403, "ACCESS_DENIED")
    fired = place.guarded.ask(place.ann, ("POST", "/api/v1/schedules/ours/tick"), body=b"")
    assert (fired.status, fired.error()["code"]) == (403, "ACCESS_DENIED")


@pytest.mark.parametrize(("kind", "name"), [("schedules", "lost"), ("sensors", "any")])
def test_a_change_of_what_somebody_else_changed_is_refused_and_the_document_says_so(
    place: Place, kind: str, name: str
) -> None:
    owner, path = place.guarded.owner, f"/api/v1/{kind}/{name}"
    tag = place.guarded.ask(owner, ("GET", path)).headers["ETag"]
    kept = place.guarded.ask(owner, ("GET", path), headers={"If-None-Match": tag})
    assert kept.status == 304
    answers = [
        place.guarded.ask(owner, ("POST", f"{path}/disable"), body=b"", headers={"If-Match": tag})
        for _ in range(2)
    ]
    assert [answer.status for answer in answers] == [200, 412]
    paths = json.loads(openapi_document())["paths"]
    assert "304" in paths[f"/api/v1/{kind}/{{name}}"]["get"]["responses"]
    assert "412" in paths[f"/api/v1/{kind}/{{name}}/disable"]["post"]["responses"]


def test_a_tick_shows_neither_a_hidden_run_nor_why_another_was_refused(place: Place) -> None:
    hidden, known = run_of(place, "hr.people"), run_of(place, "sales.orders")
    place.say(ticked(place, "ours", run_id=hidden))
    assert place.names("/api/v1/schedules") == []
    place.say(ticked(place, "ours", run_id=known))
    refused = {"outcome": TickOutcome.REFUSED, "message": "There is no asset 'hr.people'."}
    place.say(ticked(place, "ours", **refused), ticked(place, "both", run_id=known))
    place.say(ticked(place, "ours", actor="user:ann", **refused | {"message": "asked by hand"}))
    assert place.names("/api/v1/schedules") == ["ours"]
    ticks = place.rows("schedule_ticks", "schedule, run_id, message")
    assert ticks == [
        {"schedule": "ours", "run_id": "", "message": "asked by hand"},
        {"schedule": "ours", "run_id": known, "message": ""},
    ]
    answer = place.guarded.ask(place.ann, ("GET", "/api/v1/schedules/ours/ticks"))
    assert len(answer.json()["ticks"]) == 2
    assert len(place.rows("schedule_ticks", "run_id", key=place.guarded.owner)) == 5


def test_a_sensor_is_hidden_while_its_newest_look_tells_of_something_hidden(place: Place) -> None:
    def shown() -> list[str]:
        return place.names("/api/v1/sensors")

    assert shown() == ["landing"]
    assert len(place.names("/api/v1/sensors", place.guarded.owner)) == len(SENSORS_HERE)
    place.look("landing", RunAsked(run_key="1", which="all"))
    assert shown() == ["landing"]
    place.look("landing", RunAsked(run_key="2", which="all", selection=("hr.people",)))
    assert shown() == []
    assert place.guarded.ask(place.ann, ("GET", "/api/v1/sensors/landing")).status == 404
    place.look("landing", RunAsked(run_key="3", which="all"))
    assert shown() == ["landing"]
    place.look("landing", RunAsked(run_key="4", selection=("hr.peopel",)))
    assert shown() == []
    place.look("landing")
    place.look("salaries", RunAsked(run_key="5", which="all"))
    looks = place.rows("sensor_evaluations", "sensor, number, message")
    assert [(row["sensor"], row["number"]) for row in looks] == [
        ("landing", 1),
        ("landing", 3),
        ("landing", 5),
    ]
    assert len(place.rows("sensor_evaluations", "number", key=place.guarded.owner)) == 6


def test_news_is_seen_by_who_may_know_of_what_it_is_about(place: Place) -> None:
    desk = NotifierDefinition(
        name="desk", channel="slack", address="env:DESK", kinds=("freshness_missed",)
    )
    named = {"project": "shop", "deployment_id": "D"}
    place.guarded.decide(define_notifiers(DefineNotifiers(notifiers=(desk,), **named)))
    policy = fresh(within=timedelta(hours=1))
    policies = tuple(FreshnessDefinition(asset=key, policy=policy) for key in ASSETS)
    place.guarded.decide(define_freshness(DefineFreshness(policies=policies, **named)))
    now = place.now
    for key in ASSETS:
        place.say(FreshnessMissed(asset=key, deadline_at=now, missed_at=now))
    place.guarded.decide(try_notifier("desk", actor=OWNER))
    answer = place.guarded.ask(place.ann, ("GET", "/api/v1/notifications"))
    assert [row["subject"] for row in answer.json()["notifications"]] == ["sales.orders"]
    assert "hr." not in answer.body.decode()
    assert place.rows("notifications", "subject, kind") == [
        {"subject": "sales.orders", "kind": "freshness_missed"}
    ]
    assert len(place.rows("notifications", "number", key=place.guarded.owner)) == 3
    page = place.guarded.ask(place.ann, ("GET", "/notifications")).body.decode()
    assert "sales.orders is late" in page and "hr." not in page
    # Where somebody is reached is nobody's business who may know of a part.
    assert place.names("/api/v1/notifiers") == []
    assert place.rows("notifiers", "name") == []
    assert place.names("/api/v1/notifiers", place.guarded.owner) == ["desk"]


def test_a_grant_shows_what_it_completes_and_its_end_hides_it(place: Place) -> None:
    place.guarded.grant(Privilege.BROWSE, "table:hr.people", to="user:bob")
    place.guarded.grant(Privilege.BROWSE, "namespace:sales", to="user:bob")
    bob = place.guarded.key("user:bob")
    everything = sorted(SCHEDULES.keys() - {"lost"})
    assert place.names("/api/v1/schedules", bob) == everything
    place.guarded.revoke(Privilege.BROWSE, "table:hr.people", principal="user:bob")
    assert place.names("/api/v1/schedules", bob) == ["ours"]
