"""The change feed: every change once, in the order of the log, for whoever may know of it."""

from __future__ import annotations

import http.client
import json
import signal
import threading
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest

from arco.access.callers import Caller, Method
from arco.access.commands import (
    AddPrincipal,
    ChangeGrant,
    add_principal,
    give_grant,
    revoke_grant,
)
from arco.access.privileges import Kind, Privilege
from arco.access.securables import Securable
from arco.orchestration.tables import ASSETS as ASSETS_TABLE
from arco.service.identity import Identity
from tests.integration.api_server import Answer, Server, deploy_shop, serving
from tests.integration.cli_project import Project, until
from tests.integration.served import ASSETS, Served, triggered
from tests.integration.served import serving as served


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path) as server:
        deploy_shop(server)
        yield server


def run_once(server: Server) -> str:
    answer = server.post("/api/v1/runs", {"which": "all"})
    assert answer.status == 202
    return str(answer.json()["run_id"])


def page(server: Server, query: str = "after=start") -> dict[str, Any]:
    answer = server.get(f"/api/v1/changes?{query}")
    assert answer.status == 200, answer.body
    found: dict[str, Any] = answer.json()
    return found


def everything(server: Server, *, limit: int, query: str = "") -> list[dict[str, Any]]:
    """All changes, page by page."""
    found: list[dict[str, Any]] = []
    position = "start"
    while True:
        answer = page(server, f"after={position}&limit={limit}{query}")
        assert len(answer["changes"]) <= limit
        if answer["position"] == position:
            return found
        found += answer["changes"]
        position = answer["position"]


def test_whatever_the_size_of_pages_every_change_is_told_once_in_order(server: Server) -> None:
    run_once(server)
    whole = everything(server, limit=1000)
    assert whole
    for limit in (1, 2, 7):
        assert everything(server, limit=limit) == whole
    positions = [tuple(map(int, change["position"].split("."))) for change in whole]
    assert positions == sorted(set(positions))


def test_what_is_told_adds_up_to_the_tables_as_they_stand(server: Server) -> None:
    run_id = run_once(server)
    server.post(f"/api/v1/runs/{run_id}/cancel", {})
    rows: dict[tuple[str, str], Any] = {}
    for change in everything(server, limit=50):
        name = (change["table"], json.dumps(change["key"]))
        assert (name in rows) is (change["kind"] != "added")
        rows[name] = change["row"]
        if change["kind"] == "removed":
            del rows[name]
    told = {key for table, key in rows if table == "system.orchestration.assets"}
    assert told == {'["raw.orders"]', '["shop.daily"]'}
    (shown,) = [row for (table, _), row in rows.items() if table == "system.orchestration.runs"]
    assert shown["state"] == server.get(f"/api/v1/runs/{run_id}").json()["run"]["state"]


def test_a_reader_that_waits_hears_of_a_change_when_it_happens(server: Server) -> None:
    position = page(server, "")["position"]
    assert position == str(server.workspace.database.seq)
    heard: list[Answer] = []
    asking = threading.Thread(
        target=lambda: heard.append(server.get(f"/api/v1/changes?after={position}&wait=20"))
    )
    asking.start()
    run_id = run_once(server)
    asking.join(20)
    (answer,) = heard
    assert run_id in answer.body.decode()
    nothing = page(server, f"after={answer.json()['position']}&wait=1&table=catalog.tables")
    assert nothing["changes"] == []


def test_only_the_tables_that_are_named_are_told(server: Server) -> None:
    run_once(server)
    names = "catalog.tables,system.orchestration.runs"
    found = everything(server, limit=100, query=f"&table={names}")
    assert {change["table"] for change in found} == {"system.orchestration.runs"}


@pytest.mark.parametrize("after", ["soon", "-1", "1.2.3", "99999", "1.", "%D9%A3", "1e3"])
def test_what_is_no_position_is_refused(server: Server, after: str) -> None:
    answer = server.get(f"/api/v1/changes?after={after}")
    assert (answer.status, answer.error()["code"]) == (400, "POSITION_INVALID")


class Stream:
    """An open stream of events."""

    def __init__(self, server: Server, query: str, **headers: str) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        asked = {"Accept": "text/event-stream", **headers}
        self.connection.request("GET", f"/api/v1/changes?{query}", headers=asked)
        self.response = self.connection.getresponse()
        assert self.response.status == 200
        assert self.response.headers["Content-Type"].startswith("text/event-stream")

    def event(self) -> dict[str, Any]:
        """The next event: its name, id and data."""
        lines = takewhile(bytes.strip, iter(self.response.readline, b""))
        fields = dict(line.decode().strip().split(": ", 1) for line in lines)
        return {"id": fields["id"], "event": fields["event"], "data": json.loads(fields["data"])}

    def changes(self, count: int) -> list[dict[str, Any]]:
        """The next so many changes."""
        found: list[dict[str, Any]] = []
        while len(found) < count:
            event = self.event()
            if event["event"] == "change":
                assert event["id"] == event["data"]["position"]
                found.append(event["data"])
        return found


def test_a_stream_tells_changes_as_they_happen_and_goes_on_from_any_of_them(
    server: Server,
) -> None:
    stream = Stream(server, "")
    first = stream.event()
    assert (first["event"], first["id"]) == ("position", str(server.workspace.database.seq))
    run_once(server)
    expected = page(server, f"after={first['id']}")["changes"]
    assert stream.changes(len(expected)) == expected
    stream.connection.close()
    resumed = Stream(server, "", **{"Last-Event-ID": expected[1]["position"]})
    assert resumed.changes(len(expected) - 2) == expected[2:]
    resumed.connection.close()


class Analyst(Identity):
    """Everybody who asks is one and the same principal."""

    async def caller(self, authorization: str) -> Caller:
        return Caller(principal="user:ana", tenant="local", workspace="main", method=Method.TOKEN)


def test_changes_are_told_to_whoever_may_know_of_them_now(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_once(server)
    asset = server.workspace.database.state.get(ASSETS_TABLE, "raw.orders")
    assert asset is not None
    securable = Securable(Kind.TABLE, asset.table_id)
    grant = ChangeGrant(securable=securable, principal="user:ana", privilege=Privilege.SELECT)
    transact = server.workspace.database.transact
    server.submit(transact(add_principal(AddPrincipal(principal="user:ana"))))
    server.submit(transact(give_grant(grant)))
    whole = everything(server, limit=1000)
    monkeypatch.setattr(Identity, "caller", Analyst.caller)
    seen = everything(server, limit=1000)
    assert [each for each in whole if each in seen] == seen
    assert {tuple(each["key"]) for each in seen if "assets" in each["table"]} == {("raw.orders",)}
    assert "shop.daily" not in json.dumps(seen)
    server.submit(transact(revoke_grant(grant)))
    assert "raw.orders" not in json.dumps(everything(server, limit=1000))


def test_a_reader_that_dies_with_its_server_hears_every_change_once(tmp_path: Path) -> None:
    project = Project(tmp_path / "shop", ASSETS)
    project.arco("deploy")
    heard: list[dict[str, Any]] = []
    position = "start"
    for _ in range(3):
        with served(project) as server:
            until(server.leads)
            triggered(server)
            for _ in range(4):
                status, answer = server.ask(f"/api/v1/changes?after={position}&limit=5&wait=5")
                assert status == 200
                heard += answer["changes"]
                position = answer["position"]
            server.process.send_signal(signal.SIGKILL)
            server.process.wait()
    with served(project, "--no-lead") as server:
        rest = _drained(server, position)
        assert [*heard, *rest] == _drained(server, "start")
    assert len({each["position"] for each in heard}) == len(heard) > 20
    assert project.arco("verify").out.endswith("clean\n")


def _drained(server: Served, position: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    before = ""
    while position != before:
        before = position
        answer = server.ask(f"/api/v1/changes?after={position}&limit=100")[1]
        found += answer["changes"]
        position = answer["position"]
    return found


def test_the_command_line_goes_on_where_another_reader_stopped(tmp_path: Path) -> None:
    project = Project(tmp_path / "shop", ASSETS)
    project.arco("run")
    lines = project.arco("changes", "--after", "start", "--json").out.splitlines()
    whole = [json.loads(line) for line in lines]
    middle = whole[len(whole) // 2]["position"]
    rest = project.arco("changes", "--after", middle, "--json").out.splitlines()
    assert rest == lines[len(whole) // 2 + 1 :]
    assert "system.catalog.tables" in project.arco("changes").out
    following = project.start("changes", "-f", "--json", "--table", "catalog.tables")
    assert following.stdout is not None
    heard: list[str] = []
    stdout = following.stdout
    reading = threading.Thread(target=lambda: heard.append(stdout.readline()))
    reading.start()
    while reading.is_alive():
        project.arco("run", "--all")
        reading.join(1)
    following.send_signal(signal.SIGINT)
    following.communicate()
    assert json.loads(heard[0])["kind"] == "changed"
