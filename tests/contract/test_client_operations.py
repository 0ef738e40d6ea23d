"""Every operation of the API has a method of `arco.Client` that asks it and reads the answer."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec
import pytest

import arco
from arco.wire.backfills import BackfillRequest
from arco.wire.browser import SignedUrl
from arco.wire.runs import TriggerRequest
from tests.contract.http_fixtures import stored
from tests.contract.test_http_fixtures import HANDLERS

Ask = Callable[[arco.Client], Any]
FIXTURES = stored()
RUN = "01K000000000000000000000AA"
SENT = {"type": "a.b", "payload": {}, "key": "k"}
CREATED: dict[str, Ask] = {
    "catalog": lambda client: client.catalogs.create("lab", comment="c"),
    "namespace": lambda client: client.namespaces.create("sales", tags={"a": "b"}),
    "table": lambda client: client.tables.create(
        "sales.orders", columns=[{"name": "id", "type": "bigint"}]
    ),
    "view": lambda client: client.views.create("sales.newest", {"duckdb": "select 1"}),
    "volume": lambda client: client.volumes.create("sales.files", location="s3://lake/files"),
    "function": lambda client: client.functions.create(
        "sales.net", {"duckdb": "x"}, returns="double", parameters=[{"name": "x", "type": "double"}]
    ),
}


def of_kind(kind: str) -> dict[str, Ask]:
    """How objects of one kind are asked."""

    def objects(client: arco.Client) -> Any:
        return getattr(client, f"{kind}s")

    return {
        f"create_{kind}": CREATED[kind],
        f"show_{kind}s": lambda client: list(objects(client).list(owner="user:ann")),
        f"show_{kind}": lambda client: objects(client).get("a.b"),
        f"alter_{kind}": lambda client: objects(client).alter("a.b", comment="c", if_match="e"),
        f"tag_{kind}": lambda client: objects(client).tag("a.b", {"a": "b", "c": None}),
        f"move_{kind}": lambda client: objects(client).move("a.b", "a.c"),
        f"drop_{kind}": lambda client: objects(client).drop("a.b", contents="drop"),
        f"undrop_{kind}": lambda client: objects(client).undrop("a.b", to="a.c"),
    }


ASKED: dict[str, Ask] = {
    **{name: ask for kind in CREATED for name, ask in of_kind(kind).items()},
    "show_health": lambda client: client.health(),
    "show_overview": lambda client: client.overview(),
    "search": lambda client: client.search("orders"),
    "show_assets": lambda client: list(client.assets.list()),
    "change_catalog": lambda client: client.catalog.change(
        [{"change": "drop", "kind": "table", "name": "a.b"}]
    ),
    "refresh_table": lambda client: client.tables.refresh("a.b"),
    "show_freshness": lambda client: client.tables.freshness("a.b"),
    "show_schemas": lambda client: client.tables.schemas("a.b"),
    "show_tags": lambda client: list(client.catalog.tags("layer", value="gold", kind="table")),
    "show_dropped": lambda client: list(client.catalog.dropped(kind="view")),
    "show_columns": lambda client: list(client.catalog.columns(namespace="sales")),
    "show_changes": lambda client: next(client.history.changes(tables=["catalog.tables"])),
    "show_history": lambda client: list(client.history.slots()),
    "show_versions": lambda client: list(client.history.versions("a.b")),
    "show_difference": lambda client: client.history.difference("1", "2"),
    "plan_restore": lambda client: client.restores.plan(["a.b"], "v3"),
    "start_restore": lambda client: client.restores.start(["a.b"], "v3"),
    "show_restore": lambda client: client.restores.get(RUN),
    "show_runs": lambda client: list(client.runs.list()),
    "show_run": lambda client: client.runs.get(RUN),
    "trigger_run": lambda client: client.runs.trigger("a.b"),
    "rerun_run": lambda client: client.runs.rerun(RUN, "a.b"),
    "explain_run": lambda client: client.runs.why(RUN, task="a.b"),
    "explain_asset": lambda client: client.assets.why("a.b", partition="x"),
    "show_stale": lambda client: client.assets.stale("a.b"),
    "show_checks": lambda client: list(client.assets.checks("a.b", failed=True)),
    "show_limits": lambda client: client.limits.list(),
    "limit_runs": lambda client: client.limits.set("*", 2),
    "prioritize_run": lambda client: client.runs.prioritize(RUN, 1),
    "show_plan": lambda client: client.runs.plan(TriggerRequest(selection=("a.b",))),
    "show_partitions": lambda client: client.assets.partitions("a.b"),
    "show_pools": lambda client: client.pools.list(),
    "size_pool": lambda client: client.pools.size("warehouse", 2),
    "unsize_pool": lambda client: client.pools.unsize("warehouse"),
    "cancel_run": lambda client: client.runs.cancel(RUN),
    "show_logs": lambda client: next(client.runs.logs(RUN)),
    "show_lineage": lambda client: client.lineage.walk("a.b"),
    "show_path": lambda client: client.lineage.path("a.b", "a.c"),
    "show_column_origins": lambda client: client.lineage.column_origins("a.b", "c"),
    "show_dataset_impact": lambda client: client.lineage.impact("a.b"),
    "show_column_impact": lambda client: client.lineage.column_impact("a.b", "c"),
    "show_partition_impact": lambda client: client.lineage.partition_impact("a.b", "2013"),
    "show_version_impact": lambda client: client.lineage.version_impact("a.b", 3),
    "show_edge": lambda client: client.lineage.edge("a.b", "a.c"),
    "export_lineage": lambda client: client.lineage.openlineage("a.b"),
    "show_breaches": lambda client: list(client.breaches.list(only_open=True)),
    "show_notifiers": lambda client: list(client.notifiers.list()),
    "show_notifier": lambda client: client.notifiers.get("ops"),
    "test_notifier": lambda client: client.notifiers.test("ops"),
    "show_notifications": lambda client: list(client.notifiers.notifications("ops")),
    "show_conditions": lambda client: list(client.conditions.list()),
    "show_condition": lambda client: client.conditions.get("a.b"),
    "enable_condition": lambda client: client.conditions.enable("a.b"),
    "disable_condition": lambda client: client.conditions.disable("a.b"),
    "show_schedules": lambda client: list(client.schedules.list()),
    "show_schedule": lambda client: client.schedules.get("nightly"),
    "show_ticks": lambda client: list(client.schedules.ticks("nightly")),
    "enable_schedule": lambda client: client.schedules.enable("nightly"),
    "disable_schedule": lambda client: client.schedules.disable("nightly"),
    "fire_schedule": lambda client: client.schedules.fire("nightly"),
    "show_sensors": lambda client: list(client.sensors.list()),
    "show_sensor": lambda client: client.sensors.get("files"),
    "show_sensor_evaluations": lambda client: list(client.sensors.evaluations("files")),
    "enable_sensor": lambda client: client.sensors.enable("files"),
    "disable_sensor": lambda client: client.sensors.disable("files"),
    "ask_sensor": lambda client: client.sensors.ask("files"),
    "set_sensor_cursor": lambda client: client.sensors.set_cursor("files", "a"),
    "send_sensor_message": lambda client: client.sensors.send("files", "m1", payload={"a": 1}),
    "show_backfills": lambda client: list(client.backfills.list()),
    "create_backfill": lambda client: client.backfills.create(BackfillRequest(selection=("a.b",))),
    "show_backfill": lambda client: client.backfills.get(RUN),
    "show_backfill_chunks": lambda client: list(client.backfills.chunks(RUN)),
    "pause_backfill": lambda client: client.backfills.pause(RUN),
    "resume_backfill": lambda client: client.backfills.resume(RUN),
    "cancel_backfill": lambda client: client.backfills.cancel(RUN, reason="wrong"),
    "retry_backfill": lambda client: client.backfills.retry(RUN),
    "set_backfill": lambda client: client.backfills.set(RUN, concurrency=2),
    "tick": lambda client: client.tick(),
    "report_foreign_run": lambda client: client.lineage.report({"eventType": "COMPLETE"}),
    "send_facts": lambda client: client.facts.send([SENT]),
    "list_quarantined_facts": lambda client: list(client.facts.quarantined()),
    "show_quarantined_fact": lambda client: client.facts.get_quarantined("l", 1, position=2),
    "retry_quarantined_facts": lambda client: client.facts.retry(),
    "run_query": lambda client: client.query("select 1", format="json").dicts(),
    "show_me": lambda client: client.access.me(),
    "explain_access": lambda client: client.access.explain("select", "table:a.b"),
    "show_grants": lambda client: client.access.grants(on="table:a.b"),
    "give_grant": lambda client: client.access.give("select", "table:a.b", to="user:ann"),
    "revoke_grant": lambda client: client.access.take("select", "table:a.b", principal="user:ann"),
    "show_principals": lambda client: client.access.principals(),
    "add_principal": lambda client: client.access.add_principal("group:a", description="d"),
    "remove_principal": lambda client: client.access.remove_principal("group:a"),
    "disable_principal": lambda client: client.access.disable_principal("user:ann"),
    "enable_principal": lambda client: client.access.enable_principal("user:ann"),
    "show_pins": lambda client: list(client.pins.list()),
    "create_pin": lambda client: client.pins.create("kept", slot=1, expires_hours=2.0),
    "drop_pin": lambda client: client.pins.drop("kept"),
    "add_member": lambda client: client.access.add_member("user:ann", "group:a"),
    "remove_member": lambda client: client.access.remove_member("user:ann", "group:a"),
    "show_keys": lambda client: client.access.known_keys(),
    "create_key": lambda client: client.access.create_key(name="ci", days=1),
    "rotate_key": lambda client: client.access.rotate_key("k"),
    "revoke_key": lambda client: client.access.revoke_key("k"),
    "show_policies": lambda client: client.access.policies("table:a.b"),
    "set_policy": lambda client: client.access.restrict("true", "table:a.b"),
    "remove_policy": lambda client: client.access.unrestrict("table:a.b"),
    "mint_urls": lambda client: client.browser.urls(["catalog.tables"]),
    "read_file": lambda client: client.browser.read(signed(client)),
}


def signed(client: arco.Client) -> SignedUrl:
    """A URL of the very server that the client asks."""
    place = client._asker._connections._place
    url = f"http://{place.host}:{place.port}/api/v1/browser/files/f?ends=1&size=1&signature=s"
    return SignedUrl(name="f", url=url, size_bytes=1)


class Server(ThreadingHTTPServer):
    """Answers every request as the fixture of its operation does, and remembers which it was."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.asked: list[str] = []
        self.bodies: dict[str, Any] = {}


class Answering(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: Server

    def answer(self) -> None:
        """The example of the operation that the request is for; pages are the last ones."""
        path, body = (
            self.path.partition("?")[0],
            self.rfile.read(int(self.headers.get("Content-Length") or 0)),
        )
        (name,) = operations_at(self.command, path)
        self.server.asked.append(name)
        self.server.bodies[name] = json.loads(body) if body else None
        status, example = next(iter(FIXTURES[name]["answers"].items()))
        told = example and {**example}.get("full")
        if isinstance(told, dict):
            told.pop("next_cursor", None)
        content = json.dumps(told).encode()
        self.send_response(int(status))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PATCH = do_DELETE = answer

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


def operations_at(method: str, path: str) -> list[str]:
    """The operations of this path, those with the fewest names in it."""
    fitting = [
        name
        for name, fixture in FIXTURES.items()
        if fixture.get("method") == method and re.fullmatch(pattern(fixture["path"]), path)
    ]
    fewest = min(FIXTURES[name]["path"].count("{") for name in fitting)
    return [name for name in fitting if FIXTURES[name]["path"].count("{") == fewest]


def pattern(path: str) -> str:
    """What the path matches."""
    return re.sub(r"\{[a-z_]+\}", "[^/]+", path)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[arco.Client]:
    with arco.Client(f"http://127.0.0.1:{server.server_port}", patience_seconds=0) as client:
        yield client


def test_every_operation_of_the_api_has_a_method_of_the_client() -> None:
    operations = FIXTURES.keys() - {"failure"}
    assert operations - ASKED.keys() == set(), "write a method, and how it is called into ASKED"
    assert ASKED.keys() - operations == set()


@pytest.mark.parametrize("name", sorted(ASKED))
def test_the_method_asks_what_the_server_takes_and_reads_its_answer(
    client: arco.Client, server: Server, name: str
) -> None:
    server.asked.clear()
    assert ASKED[name](client) is not None
    assert name in server.asked
    body = server.bodies[name]
    if body is not None:
        wanted = HANDLERS[name].parsed_fn_signature.parameters["data"].annotation
        msgspec.convert(body, wanted)


def test_a_field_that_no_object_has_is_refused_before_anything_is_sent(
    client: arco.Client, server: Server
) -> None:
    server.asked.clear()
    with pytest.raises(arco.errors.Invalid, match="colour"):
        client.catalog.change([{"change": "create_view", "name": "a.b", "colour": "red"}])
    with pytest.raises(arco.errors.Invalid, match="colour") as caught:
        client.tables.create("a.b", colour="red")
    assert caught.value.code == "REQUEST_INVALID"
    assert server.asked == []
