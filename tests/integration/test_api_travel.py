"""The past over HTTP: every read at a moment, what happened, what differs, and bringing it back."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from arco.access.callers import Caller, Method
from arco.formats.restoring import restore
from arco.ids import new_uuid7
from arco.runtime import AsyncioRuntime
from arco.service.identity import Identity
from tests.integration.api_server import Answer, Server, serving
from tests.integration.cli_project import Project

ASSETS = """
import pathlib
from arco import asset

@asset(namespace="raw")
def orders():
    return [{"order_id": each} for each in range(int(pathlib.Path("%s").read_text()))]

@asset(namespace="mart")
def totals(orders):
    return [{"orders": orders.count_rows()}]
"""
PATHS = (
    "assets",
    "tables",
    "tables/raw.orders",
    "runs",
    "lineage/raw.orders",
    "history",
    "tables/raw.orders/history",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose tables were made with three rows, and then with five."""
    folder = tmp_path_factory.mktemp("travel")
    count = folder / "count"
    project = Project(folder / "shop", ASSETS % count)
    for rows in "35":
        count.write_text(rows)
        project.arco("run", "--all")
    return project.directory


@pytest.fixture
def server(folder: Path, tmp_path: Path) -> Iterator[Server]:
    with serving(shutil.copytree(folder, tmp_path / "shop")) as server:
        yield server


def versions(server: Server, name: str = "raw.orders") -> list[dict[str, Any]]:
    """The table's versions, newest first."""
    found: list[dict[str, Any]] = server.get(f"/api/v1/tables/{name}/history").json()["versions"]
    return found


def sql(server: Server, text: str, **more: str) -> Any:
    answer = server.post("/api/v1/query", {"sql": text, **more})
    assert answer.status == 200, answer.body
    return answer.json()


def restored(server: Server, body: dict[str, Any], **headers: str) -> Answer:
    """The answer to a restore, carried to its end as whoever leads does it."""
    answer = server.ask("POST", "/api/v1/restore", body=body, headers=headers)
    if answer.status == 202:
        server.submit(restore(server.workspace, answer.json()["restore_id"]))
    return answer


def test_every_read_of_a_table_answers_about_a_moment(server: Server) -> None:
    newest, oldest = versions(server)
    assert (newest["rows"], oldest["rows"]) == (5, 3)
    then = server.get(f"/api/v1/tables/raw.orders?at={oldest['slot']}")
    assert (then.slot, then.json()["table"]["rows"]) == (oldest["slot"], 3)
    assert server.get("/api/v1/tables/raw.orders").json()["table"]["rows"] == 5
    before = quote(newest["published_at"])
    (listed,) = server.get(f"/api/v1/tables?namespace=raw&at={before}").json()["tables"]
    assert listed["rows"] in (3, 5)
    count = "select count(*) as rows from raw.orders"
    assert sql(server, count, at=str(oldest["slot"])) == [{"rows": 3}]
    assert sql(server, count) == [{"rows": 5}]
    assert sql(server, "select rows from system.catalog.tables where name = 'orders'", at="0") == []


def test_before_a_table_there_was_none(server: Server) -> None:
    answer = server.get("/api/v1/tables/raw.orders?at=0")
    assert (answer.status, answer.error()["code"]) == (404, "TABLE_NOT_FOUND")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("moment", "code"),
    [
        ("soon", "MOMENT_INVALID"),
        ("9" * 41, "MOMENT_INVALID"),
        ("999999", "SLOT_NOT_FOUND"),
        ("1999-01-01", "SLOT_NOT_FOUND"),
    ],
)
def test_what_is_no_moment_of_this_log_is_refused(
    server: Server, path: str, moment: str, code: str
) -> None:
    assert server.get(f"/api/v1/{path}?at={moment}").error()["code"] == code


@pytest.mark.parametrize("path", ["health", "diff?before=0", "openapi.json"])
def test_what_speaks_of_the_present_takes_no_moment(server: Server, path: str) -> None:
    separator = "&" if "?" in path else "?"
    assert server.get(f"/api/v1/{path}{separator}at=0").status in (400, 404)


def test_history_goes_back_page_by_page_to_the_first_slot(server: Server) -> None:
    newest = server.workspace.database.seq
    page = server.get("/api/v1/history?limit=3").json()
    slots = [line["slot"] for line in page["slots"]]
    while "next_cursor" in page:
        page = server.get(f"/api/v1/history?limit=3&cursor={page['next_cursor']}").json()
        slots += [line["slot"] for line in page["slots"]]
    assert slots == list(range(newest, -1, -1))
    then = server.get("/api/v1/history?limit=2&at=2").json()
    assert [line["slot"] for line in then["slots"]] == [2, 1]
    foreign = server.get(f"/api/v1/tables/raw.orders/history?cursor={then['next_cursor']}")
    assert foreign.error()["code"] == "CURSOR_INVALID"


def test_versions_go_back_page_by_page_to_the_first(server: Server) -> None:
    page = server.get("/api/v1/tables/raw.orders/history?limit=1").json()
    (newest,) = page["versions"]
    path = f"/api/v1/tables/raw.orders/history?limit=1&cursor={page['next_cursor']}"
    (oldest,) = server.get(path).json()["versions"]
    assert [newest, oldest] == versions(server)
    assert "next_cursor" not in server.get(path).json()
    assert server.get("/api/v1/tables/raw.nothing/history").status == 404


def test_two_moments_differ_in_tables_and_in_rows_of_the_one_that_is_named(server: Server) -> None:
    newest, oldest = versions(server)
    path = f"/api/v1/diff?before={oldest['slot']}&after={newest['slot']}"
    found = server.get(path).json()
    changed = {each["table"]: each for each in found["tables"]}
    assert changed["raw.orders"]["rows_before"] == 3
    assert changed["raw.orders"]["rows_after"] == 5
    assert found["rows"] == []
    named = server.get(f"{path}&table=catalog.tables").json()
    assert named["tables"] == []
    assert {row["kind"] for row in named["rows"]} == {"changed"}
    assert server.get(f"{path}&table=raw.nothing").error()["code"] == "TABLE_UNCHANGED"
    reversed_ = server.get(f"/api/v1/diff?before={newest['slot']}&after={oldest['slot']}")
    assert reversed_.error()["code"] == "SLOTS_REVERSED"
    assert server.get("/api/v1/diff").error()["code"] == "REQUEST_INVALID"


def test_a_table_comes_back_and_the_way_back_is_open(server: Server) -> None:
    newest, oldest = versions(server)
    body = {"tables": ["raw.orders"], "to": f"v{oldest['version']}"}
    planned = server.post("/api/v1/restore/plan", body)
    (plan,) = planned.json()["tables"]
    assert (planned.status, plan["rows_now"], plan["rows_then"]) == (200, 5, 3)
    assert versions(server)[0] == newest

    answer = restored(server, body)
    assert answer.status == 202
    summary = server.get(f"/api/v1/restores/{answer.json()['restore_id']}").json()
    assert (summary["state"], summary["versions"]) == ("PUBLISHED", {"raw.orders": 0})
    assert sql(server, "select count(*) as rows from raw.orders") == [{"rows": 3}]

    again = restored(server, body)
    assert (again.status, again.json()["tables"][0]["is_unchanged"]) == (200, True)
    back = restored(server, {"tables": ["raw.orders"], "to": str(newest["slot"])})
    assert back.status == 202
    assert sql(server, "select count(*) as rows from raw.orders") == [{"rows": 5}]
    assert server.get("/api/v1/restores/nothing").error()["code"] == "RESTORE_NOT_FOUND"


def test_a_repeated_restore_is_answered_as_the_first_time(server: Server) -> None:
    newest, oldest = versions(server)[0], versions(server)[-1]
    body = {"tables": ["raw.orders"], "to": str(oldest["slot"])}
    key = new_uuid7(AsyncioRuntime())
    first = restored(server, body, **{"Idempotency-Key": key})
    again = restored(server, body, **{"Idempotency-Key": key})
    assert (first.status, again.status) == (202, 202)
    assert first.body == again.body
    assert again.headers["Arco-Repeated"] == "true"
    assert versions(server)[0]["version"] == newest["version"] + 1


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"tables": ["raw.nothing"], "to": "1"}, "TABLE_NOT_FOUND"),
        ({"tables": ["raw.orders"], "to": "0"}, "TABLE_ABSENT_THEN"),
        ({"tables": ["raw.orders"], "to": "v99"}, "TABLE_VERSION_NOT_FOUND"),
        ({"tables": ["raw.orders", "mart.totals"], "to": "v0"}, "MOMENT_INVALID"),
        ({"tables": [], "to": "0"}, "REQUEST_INVALID"),
        ({"tables": ["raw.orders"], "to": ""}, "REQUEST_INVALID"),
    ],
)
@pytest.mark.parametrize("path", ["restore", "restore/plan"])
def test_what_cannot_be_restored_is_refused_and_changes_nothing(
    server: Server, path: str, body: dict[str, Any], code: str
) -> None:
    before = server.workspace.database.seq
    assert server.post(f"/api/v1/{path}", body).error()["code"] == code
    assert server.workspace.database.seq == before


@pytest.mark.parametrize("path", ["restore", "restore/plan"])
def test_a_table_that_nobody_published_has_no_version_to_come_back(
    server: Server, path: str
) -> None:
    namespace = path.replace("/", "_")
    name = f"{namespace}.seen"
    assert server.post("/api/v1/namespaces", {"name": namespace}).status == 201
    assert server.post("/api/v1/tables", {"name": name}).status == 201
    refusal = server.post(f"/api/v1/{path}", {"tables": [name], "to": "1"})
    assert (refusal.status, refusal.error()["code"]) == (400, "TABLE_NOT_PUBLISHED_HERE")


class Somebody(Identity):
    """Everybody who asks is a principal that was given nothing."""

    async def caller(self, authorization: str) -> Caller:
        return Caller(principal="user:eve", tenant="local", workspace="main", method=Method.TOKEN)


@pytest.mark.parametrize("path", ["history", "diff?before=0", *(f"{each}?at=1" for each in PATHS)])
def test_who_does_not_know_of_the_whole_workspace_sees_no_past(
    server: Server, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Identity, "caller", Somebody.caller)
    answer = server.get(f"/api/v1/{path}")
    assert (answer.status, answer.error()["code"]) == (403, "ACCESS_DENIED")


def test_who_may_not_write_a_table_restores_nothing(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Identity, "caller", Somebody.caller)
    for path in ("restore", "restore/plan"):
        answer = server.post(f"/api/v1/{path}", {"tables": ["raw.orders"], "to": "0"})
        assert (answer.status, answer.error()["code"]) == (403, "ACCESS_DENIED")
