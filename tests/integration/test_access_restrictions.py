"""What a caller may not know of, on every route, answers exactly like what is not there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest

from arco.access.privileges import Privilege
from arco.api.openapi import openapi_document
from arco.lineage.events import ObservedRead, ReadsRecorded
from arco.model import Event, State
from arco.orchestration.backfill_events import BackfillCreated, BackfillPaused
from arco.orchestration.backfills import BackfillStage
from arco.orchestration.commands.notifications import DefineNotifiers, define_notifiers
from arco.orchestration.commands.schedules import DefineSchedules, define_schedules
from arco.orchestration.commands.sensors import DefineSensors, define_sensors
from arco.orchestration.definitions import (
    CodeReference,
    NotifierDefinition,
    ScheduleDefinition,
    SensorDefinition,
)
from arco.service.leases import Lease, take_lease
from arco.testing.stores import CountingStore
from tests.integration.api_server import Answer
from tests.integration.guarded_server import HIDDEN, Guarded, guarding
from tests.integration.operations import KINDS, REFUSED, SPEAKING, TELLING, Spoken

HIDDEN_TABLE = "hr.people"
BACKFILL = "01KAJZ0000HIDDENBACKF00000"
NO_BACKFILL = "01KAJZ0000NOSVCHBACKF00000"
HIDDEN_OBJECTS = {
    "catalog": "vault",
    "namespace": "hr",
    "table": HIDDEN_TABLE,
    "view": "hr.rich",
    "volume": "hr.scans",
    "function": "hr.rank",
    "schedule": "payroll",
    "sensor": "salaries",
    "notifier": "payroll_desk",
    "backfill": BACKFILL,
}
NO_OBJECTS = {
    "catalog": "wault",
    "namespace": "hq",
    "table": "hq.peeple",
    "view": "hq.rixh",
    "volume": "hq.scams",
    "function": "hq.rang",
    "schedule": "pairoll",
    "sensor": "celeries",
    "notifier": "peyroll_desk",
    "backfill": NO_BACKFILL,
}
NO_RUN = "01KAJZ0000NOSUCHRVN0000000"
CHANGING_HEADERS = {"date", "traceparent"}


class World(msgspec.Struct, frozen=True):
    """The server, a caller who may know `sales`, and what it may not know."""

    guarded: Guarded
    ann: str
    hidden: dict[str, str]
    absent: dict[str, str]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with guarding(tmp_path_factory.mktemp("store")) as guarded:
        guarded.grant(Privilege.SELECT, "namespace:sales", to="user:ann")
        body = {"selection": [HIDDEN_TABLE], "which": "all"}
        run_id = guarded.ask(guarded.owner, ("POST", "/api/v1/runs"), body=body).json()["run_id"]
        hide_objects(guarded)
        theirs = guarded.key("user:bob", key_id="b" * 16)
        assert theirs
        yield World(
            guarded,
            guarded.key("user:ann"),
            {
                **HIDDEN_OBJECTS,
                "run": run_id,
                "schedule": "payroll",
                "backfill": BACKFILL,
                "key": "b" * 16,
            },
            {
                **NO_OBJECTS,
                "run": NO_RUN,
                "schedule": "pairoll",
                "backfill": NO_BACKFILL,
                "key": "c" * 16,
            },
        )


def hidden_backfill(state: State, now: datetime) -> Sequence[Event]:
    """One of the hidden table, which nothing carries out: its partitions are made up."""
    created = BackfillCreated(
        backfill_id=BACKFILL,
        stages=(BackfillStage((HIDDEN_TABLE,), "shape", (((0, 3),),), 3),),
        which="all",
        runs_per="partition",
        chunk_size=1,
        concurrency=1,
        created_at=now,
    )
    paused = BackfillPaused(backfill_id=BACKFILL, paused_at=now)
    return (Event(created), Event(paused))


def hide_objects(guarded: Guarded) -> None:
    """A hidden object of each kind that was not published, a schedule, and one that was dropped."""
    payroll = ScheduleDefinition(name="payroll", cron="@monthly", selection=(HIDDEN_TABLE,))
    schedules = DefineSchedules(project="shop", deployment_id="D", schedules=(payroll,))
    guarded.decide(define_schedules(schedules))
    salaries = SensorDefinition(
        name="salaries", code=CodeReference("shop", "salaries", "1"), selection=(HIDDEN_TABLE,)
    )
    sensors = DefineSensors(project="shop", deployment_id="D", sensors=(salaries,))
    guarded.decide(define_sensors(sensors))
    desk = NotifierDefinition(name="payroll_desk", channel="slack", address="env:DESK_URL")
    notifiers = DefineNotifiers(project="shop", deployment_id="D", notifiers=(desk,))
    guarded.decide(define_notifiers(notifiers))
    guarded.decide(hidden_backfill)
    texts = {"texts": {"duckdb": "SELECT * FROM hr.people"}}
    bodies: dict[str, dict[str, Any]] = {
        "catalog": {},
        "view": texts,
        "volume": {},
        "function": {"returns": "bigint", **texts},
    }
    for kind, body in bodies.items():
        named = {"name": HIDDEN_OBJECTS[kind], "tags": {"hidden": "yes"}, **body}
        made = guarded.ask(guarded.owner, ("POST", f"/api/v1/{KINDS[kind]}"), body=named)
        assert made.status == 201, made.body
    gone = {"name": "hr.gone", **texts}
    assert guarded.ask(guarded.owner, ("POST", "/api/v1/views"), body=gone).status == 201
    dropped = guarded.ask(guarded.owner, ("DELETE", "/api/v1/views/hr.gone"), body=b"")
    assert dropped.status == 200, dropped.body


def ask(world: World, spoken: Spoken, *, name: str = "", key: str = "") -> Answer:
    body = spoken.body
    if body is not None and not isinstance(body, bytes):
        body = msgspec.json.decode(msgspec.json.encode(body).decode().replace("{it}", name))
    elif spoken.method == "DELETE":
        body = b""
    return world.guarded.ask(
        key or world.ann,
        (spoken.method, spoken.path.replace("{it}", name)),
        body=body,
        headers={"X-Request-Id": "the-same"},
    )


def told(answer: Answer, name: str) -> tuple[int, list[tuple[str, str]], str]:
    """Everything about the answer but the time, with the name taken out."""
    headers = [
        (key.lower(), value)
        for key, value in answer.headers.items()
        if key.lower() not in CHANGING_HEADERS
    ]
    text = answer.body.decode()
    for part in (name, name.partition(".")[2] or name):
        text = text.replace(part, "{it}")
    text = text.replace(f"namespace {name.partition('.')[0]}", "namespace {it}")
    return answer.status, headers, text


def test_every_operation_is_tried_as_a_restricted_caller() -> None:
    operations = {
        operation["operationId"]
        for methods in msgspec.json.decode(openapi_document())["paths"].values()
        for operation in methods.values()
    }
    # A file has no caller, its URL is the credential, and a tick has a timer: both have tests.
    assert operations - {"read_file", "tick"} <= SPEAKING.keys() | TELLING.keys() | REFUSED.keys()


@pytest.mark.parametrize(
    ("operation", "spoken"),
    [(operation, each) for operation, all_of in SPEAKING.items() for each in all_of],
    ids=lambda each: each if isinstance(each, str) else None,
)
def test_what_is_hidden_answers_like_what_is_not_there(
    world: World, operation: str, spoken: Spoken
) -> None:
    hidden, absent = world.hidden[spoken.of], world.absent[spoken.of]
    assert len(hidden) == len(absent)
    # One look first: what is worked out once is not part of the comparison.
    ask(world, spoken, name=absent)
    answers = [told(ask(world, spoken, name=name), name) for name in (hidden, absent)]
    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    ("operation", "spoken"),
    [(operation, each) for operation, all_of in SPEAKING.items() for each in all_of],
    ids=lambda each: each if isinstance(each, str) else None,
)
def test_what_is_hidden_costs_as_many_requests_to_the_store_as_what_is_not_there(
    world: World, operation: str, spoken: Spoken
) -> None:
    log = world.guarded.server.workspace.database.log
    counted = []
    absent, hidden = world.absent[spoken.of], world.hidden[spoken.of]
    # The first refusals open a lane for their audit, whatever they refused.
    for name in (absent, absent, absent, hidden, absent):
        store, log._store = log._store, CountingStore(log._store)
        try:
            ask(world, spoken, name=name)
            counted.append([(call.verb, call.key) for call in log._store.calls])
        finally:
            log._store = store
    assert counted[-2] == counted[-1]


@pytest.mark.parametrize("operation", TELLING)
def test_nothing_hidden_stands_in_what_is_told(world: World, operation: str) -> None:
    answer = ask(world, TELLING[operation])
    assert answer.status == 200
    text = answer.body.decode()
    assert not [word for word in (*HIDDEN, "vault", world.hidden["run"], "b" * 16) if word in text]


@pytest.mark.parametrize("operation", TELLING)
def test_who_holds_nothing_is_told_of_nothing(world: World, operation: str) -> None:
    loader = world.guarded.key("service:loader")
    if operation == "show_lineage":
        assert ask(world, TELLING[operation], key=loader).status == 404
        return
    text = ask(world, TELLING[operation], key=loader).body.decode()
    assert not [word for word in ("sales", "orders", "refunds", *HIDDEN) if word in text]


def test_nothing_hidden_is_a_bridge_of_lineage(world: World) -> None:
    ends = ("sales.orders", HIDDEN_TABLE, "sales.refunds")
    reads = tuple(ObservedRead(upstream=up, downstream=down) for up, down in pairwise(ends))
    now = world.guarded.server.workspace.runtime.now()
    event = Event(ReadsRecorded(run_id="bridge", reads=reads, recorded_at=now))
    world.guarded.decide(lambda state, now: [event])
    way = Spoken("GET", "/api/v1/lineage/path?upstream=sales.orders&downstream=sales.refunds")
    assert ask(world, way, key=world.guarded.owner).json()["datasets"] == list(ends)
    assert ask(world, way).json()["datasets"] == []
    walk = Spoken("GET", "/api/v1/lineage/sales.orders?down=5&details=true")
    assert ask(world, walk).json()["downstream"] == []


@pytest.mark.parametrize("operation", REFUSED)
def test_what_is_for_others_is_refused_and_changes_nothing(world: World, operation: str) -> None:
    seq = world.guarded.server.workspace.database.seq
    answer = ask(world, REFUSED[operation])
    assert (answer.status, answer.error()["code"]) == (403, "ACCESS_DENIED")
    assert world.guarded.server.workspace.database.seq == seq


def test_an_owner_sees_what_is_hidden_from_others(world: World) -> None:
    owner = world.guarded.owner
    assert ask(world, SPEAKING["show_table"][0], name=HIDDEN_TABLE, key=owner).status == 200
    listed = ask(world, TELLING["show_tables"], key=owner).json()["tables"]
    assert HIDDEN_TABLE in [f"{row['namespace']}.{row['name']}" for row in listed]


@pytest.mark.parametrize("path", ["/api/v1/overview", "/api/v1/health"])
def test_where_the_leader_runs_is_told_to_who_may_know_of_everything(
    world: World, path: str
) -> None:
    workspace = world.guarded.server.workspace

    async def lead() -> Lease:
        lease = await take_lease(workspace, "http://10.20.30.40:8321")
        assert lease is not None
        return lease

    async def resign(lease: Lease) -> None:
        await lease.resign(workspace.database)

    lease = world.guarded.server.submit(lead())
    try:
        told = world.guarded.ask(world.guarded.owner, ("GET", path)).body.decode()
        assert "10.20.30.40" in told
        assert workspace.database.writer in told
        told = world.guarded.ask(world.ann, ("GET", path)).body.decode()
        assert "10.20.30.40" not in told
        assert workspace.database.writer not in told
        sql = {"sql": "SELECT * FROM system.engine.leases"}
        answer = world.guarded.ask(world.ann, ("POST", "/api/v1/query"), body=sql)
        assert "10.20.30.40" not in answer.body.decode()
    finally:
        world.guarded.server.submit(resign(lease))


def test_an_alert_names_nothing_to_who_may_know_of_a_part(world: World) -> None:
    server, future = world.guarded.server, f"999999.{'0' * 64}"
    asked = {"Arco-State": future}
    refused = world.guarded.ask(world.ann, ("GET", "/api/v1/health"), headers=asked)
    assert refused.error()["code"] == "HISTORY_ROLLBACK"
    alerts = {}
    for name, key in (("owner", world.guarded.owner), ("ann", world.ann)):
        alerts[name] = world.guarded.ask(key, ("GET", "/api/v1/health")).json()["alerts"]
    server.workspace.database.reads.rollback = None
    assert [each["code"] for each in alerts["ann"]] == ["HISTORY_ROLLBACK"]
    assert "999999" in str(alerts["owner"])
    assert "999999" not in str(alerts["ann"])


def test_a_grant_shows_at_once_and_its_end_hides_at_once(tmp_path: Path) -> None:
    with guarding(tmp_path) as guarded:
        ann = guarded.key("user:ann")
        path = f"/api/v1/tables/{HIDDEN_TABLE}"
        assert guarded.ask(ann, ("GET", path)).status == 404
        guarded.grant(Privilege.BROWSE, f"table:{HIDDEN_TABLE}", to="user:ann")
        assert guarded.ask(ann, ("GET", path)).status == 200
        assert guarded.sql(ann, f"SELECT * FROM {HIDDEN_TABLE}").status == 403
        guarded.revoke(Privilege.BROWSE, f"table:{HIDDEN_TABLE}", principal="user:ann")
        assert guarded.ask(ann, ("GET", path)).status == 404


def test_the_past_is_read_with_the_privileges_of_the_present(tmp_path: Path) -> None:
    with guarding(tmp_path) as guarded:
        guarded.grant(Privilege.OWN, "workspace", to="user:ann")
        ann, then = guarded.key("user:ann"), guarded.server.workspace.database.seq
        paths = (f"/api/v1/tables?at={then}", f"/api/v1/assets?at={then}", "/api/v1/history")
        assert {guarded.ask(ann, ("GET", path)).status for path in paths} == {200}
        guarded.revoke(Privilege.OWN, "workspace", principal="user:ann")
        assert {guarded.ask(ann, ("GET", path)).status for path in paths} == {403}
        query = {"sql": "SELECT * FROM hr.people", "at": str(then)}
        assert guarded.ask(ann, ("POST", "/api/v1/query"), body=query).status == 403
        for path in ("keys", "grants", "principals", "me"):
            answer = guarded.ask(ann, ("GET", f"/api/v1/access/{path}?at={then}"))
            assert (answer.status, answer.error()["code"]) == (400, "PARAMETER_UNKNOWN")


def test_a_group_shows_what_it_holds_to_who_is_in_it(world: World) -> None:
    guarded = world.guarded
    bob = guarded.key("user:bob")
    guarded.grant(Privilege.BROWSE, "table:sales.refunds", to="group:analysts")
    tables = guarded.ask(bob, ("GET", "/api/v1/tables")).json()["tables"]
    assert [row["name"] for row in tables] == ["refunds"]


def test_who_may_only_look_neither_runs_nor_changes(world: World) -> None:
    guarded = world.guarded
    body = {"selection": ["sales.orders"], "which": "all"}
    answer = guarded.ask(world.ann, ("POST", "/api/v1/runs"), body=body)
    assert (answer.status, answer.error()["code"]) == (403, "ACCESS_DENIED")
    ours = guarded.ask(guarded.owner, ("POST", "/api/v1/runs"), body=body).json()["run_id"]
    assert guarded.ask(world.ann, ("GET", f"/api/v1/runs/{ours}")).status == 200
    answer = guarded.ask(world.ann, ("POST", f"/api/v1/runs/{ours}/cancel"), body={})
    assert (answer.status, answer.error()["code"]) == (403, "ACCESS_DENIED")
