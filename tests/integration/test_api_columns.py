"""Columns of many tables in one answer: the same rows as lines, as Arrow and as pages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from arco.access.callers import Caller, Method
from arco.access.commands import (
    AddPrincipal,
    ChangeGrant,
    add_principal,
    give_grant,
)
from arco.access.privileges import Kind, Privilege
from arco.access.securables import Securable
from arco.engine import snapshot
from arco.service.identity import Identity
from tests.integration.api_server import Server, serving

TABLES = 60
COLUMNS = 5
ARROW = "application/vnd.apache.arrow.stream"
LINES = "application/x-ndjson"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with sixty tables of five columns in three namespaces, in a snapshot."""
    folder = tmp_path_factory.mktemp("columns")
    with serving(folder) as server:
        changes: list[dict[str, Any]] = [
            {"change": "create_namespace", "name": f"n{number}"} for number in range(3)
        ]
        changes += [table(number) for number in range(TABLES)]
        answer = server.post("/api/v1/catalog/changes", {"changes": changes})
        assert answer.status == 200, answer.body
        server.submit(snapshot.publish(server.workspace.database))
    return folder


def table(number: int) -> dict[str, Any]:
    columns = [{"name": f"c{each}", "type": "bigint"} for each in range(COLUMNS)]
    name = f"n{number % 3}.t{number:03d}"
    return {"change": "create_table", "name": name, "columns": columns}


@pytest.fixture
def server(folder: Path) -> Iterator[Server]:
    with serving(folder) as server:
        yield server


def columns(server: Server, query: str = "") -> list[dict[str, Any]]:
    """All columns, page by page."""
    page = server.get(f"/api/v1/columns?{query}").json()
    found: list[dict[str, Any]] = page["columns"]
    while "next_cursor" in page:
        page = server.get(f"/api/v1/columns?{query}&cursor={page['next_cursor']}").json()
        found += page["columns"]
    return found


def test_one_answer_holds_the_columns_of_every_table_in_order(server: Server) -> None:
    found = columns(server)
    assert len(found) == TABLES * COLUMNS
    names = [(each["namespace"], each["table"], each["ordinal"]) for each in found]
    assert names == sorted(set(names))
    assert columns(server, "limit=7") == found
    inside = [each for each in found if each["namespace"] == "n1"]
    assert columns(server, "namespace=n1&limit=3") == inside


@pytest.mark.parametrize("fields", ["name", "type,table,name"])
def test_every_form_tells_only_the_fields_that_were_asked_for(server: Server, fields: str) -> None:
    names = fields.split(",")
    expected = [{name: each[name] for name in names} for each in columns(server)]
    assert columns(server, f"fields={fields}&limit=7") == expected
    path = f"/api/v1/columns?fields={fields}"
    lines = server.get(path, Accept=LINES).body
    assert [json.loads(line) for line in lines.splitlines()] == expected
    stream = pa.ipc.open_stream(server.get(path, Accept=ARROW).body)
    assert stream.read_all().to_pylist() == expected
    refused = server.get("/api/v1/columns?fields=nothing").json()
    assert refused["error"]["code"] == "FIELD_UNKNOWN"


def test_lines_and_arrow_say_the_same_as_pages(server: Server) -> None:
    expected = columns(server)
    lines = server.get("/api/v1/columns", Accept=LINES)
    assert lines.headers["Content-Type"] == LINES
    assert [json.loads(line) for line in lines.body.splitlines()] == expected
    arrow = server.get("/api/v1/columns", Accept=ARROW)
    assert arrow.headers["Content-Type"] == ARROW
    assert pa.ipc.open_stream(arrow.body).read_all().to_pylist() == expected
    assert arrow.headers["Arco-Next-Cursor"] is None
    cut = server.get("/api/v1/columns?limit=10", Accept=LINES)
    assert len(cut.body.splitlines()) == 10 * COLUMNS
    cursor = cut.headers["Arco-Next-Cursor"]
    rest = server.get(f"/api/v1/columns?cursor={cursor}", Accept=LINES)
    assert cut.body + rest.body == lines.body


def test_the_columns_of_a_moment_are_told(server: Server) -> None:
    assert columns(server, "at=0") == []
    assert len(columns(server, f"at={server.workspace.database.seq}")) == TABLES * COLUMNS


class Analyst(Identity):
    """Everybody who asks is one and the same principal."""

    async def caller(self, authorization: str) -> Caller:
        return Caller(principal="user:ana", tenant="local", workspace="main", method=Method.TOKEN)


def test_only_tables_that_the_caller_may_know_of_have_columns(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = [each for each in columns(server) if each["table"] == "t007"]
    securable = Securable(Kind.TABLE, mine[0]["table_id"])
    grant = ChangeGrant(securable=securable, principal="user:ana", privilege=Privilege.SELECT)
    transact = server.workspace.database.transact
    server.submit(transact(add_principal(AddPrincipal(principal="user:ana"))))
    monkeypatch.setattr(Identity, "caller", Analyst.caller)
    assert columns(server) == []
    server.submit(transact(give_grant(grant)))
    assert columns(server) == mine
    assert server.get("/api/v1/columns", Accept=LINES).body.count(b"\n") == COLUMNS
