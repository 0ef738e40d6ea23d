"""The catalog over HTTP: every kind of object through its whole life, over a real server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import write_deltalake

from arco.ids import new_uuid7
from tests.integration.api_server import Answer, Server, serving

API = "/api/v1"
BODIES: dict[str, dict[str, Any]] = {
    "catalogs": {"name": "lab"},
    "namespaces": {"name": "sales.eu"},
    "tables": {"name": "sales.orders", "columns": [{"name": "id", "type": "bigint"}]},
    "views": {"name": "sales.newest", "texts": {"duckdb": "select 1 as one"}},
    "volumes": {"name": "sales.invoices"},
    "functions": {
        "name": "sales.net",
        "parameters": [{"name": "gross", "type": "double"}],
        "returns": "double",
        "texts": {"duckdb": "gross / 1.2"},
    },
}
ORDERS = pa.table({"id": pa.array([1, 2, 3], pa.int64()), "amount": [1.5, 2.5, 3.5]})


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path) as server:
        assert create(server, "namespaces", name="sales").status == 201
        yield server


def create(server: Server, plural: str, **body: Any) -> Answer:
    """The answer to a creation."""
    return server.post(f"{API}/{plural}", body)


def full(plural: str) -> str:
    """The object of `BODIES` with every part of its name."""
    name = str(BODIES[plural]["name"])
    return name if plural == "catalogs" else f"main.{name}"


@pytest.mark.parametrize("plural", BODIES)
def test_an_object_is_made_described_renamed_dropped_and_brought_back(
    server: Server, plural: str
) -> None:
    kind, name = plural.removesuffix("s"), BODIES[plural]["name"]
    made = create(server, plural, **BODIES[plural], comment="first", tags={"layer": "gold"})
    assert made.status == 201, made.body
    assert made.json()["full_name"] == full(plural)
    path = f"{API}/{plural}/{name}"
    shown = server.get(path)
    assert shown.json()[kind]["comment"] == "first"
    assert [tag["value"] for tag in shown.json()["tags"]] == ["gold"]
    assert shown.headers["ETag"] == f'"{made.json()["etag"]}"'

    altered = server.ask("PATCH", path, body={"comment": "second", "properties": {"unit": "eur"}})
    assert altered.status == 200, altered.body
    tagged = server.post(f"{path}/tags", {"tags": {"layer": None, "owner_team": "sales"}})
    assert tagged.status == 200, tagged.body
    row = server.get(path).json()[kind]
    assert (row["comment"], row["properties"]) == ("second", {"unit": "eur"})

    to = "archive" if plural == "catalogs" else "sales.archive"
    moved = server.post(f"{path}/move", {"to": to})
    assert moved.json()["object_id"] == made.json()["object_id"]
    assert server.get(path).status == 404
    path = f"{API}/{plural}/{to}"
    assert server.ask("DELETE", path, body={}).status == 200
    assert server.get(path).error()["code"] in {"TABLE_NOT_FOUND", "OBJECT_NOT_FOUND"}
    (dropped,) = server.get(f"{API}/dropped?kind={kind}").json()["dropped"]
    assert dropped["object_id"] == made.json()["object_id"]
    assert server.post(f"{path}/undrop", {}).status == 200
    back = server.get(f"{API}/{plural}/{made.json()['object_id']}").json()
    assert back[kind]["comment"] == "second"
    assert [tag["tag"] for tag in back["tags"]] == ["owner_team"]
    assert server.get(f"{API}/dropped").json() == {"dropped": []}


@pytest.mark.parametrize("plural", BODIES)
def test_lists_show_what_was_made_and_pages_join_without_gap(server: Server, plural: str) -> None:
    count = 5
    for index in range(count):
        name = f"{BODIES[plural]['name']}_{index}"
        assert create(server, plural, **{**BODIES[plural], "name": name}).status == 201
    found: list[str] = []
    path = cursor = f"{API}/{plural}?limit=2"
    while cursor:
        page = server.get(path).json()
        found += [row["name"] for row in page[plural]]
        cursor = page.get("next_cursor", "")
        path = f"{API}/{plural}?limit=2&cursor={cursor}"
    assert found == sorted(found)
    ends = [f"_{index}" for index in range(count)]
    assert [name[-2:] for name in found if name[-2:] in ends] == ends


@pytest.mark.parametrize("plural", BODIES)
def test_every_list_is_narrowed_to_an_owner(server: Server, plural: str) -> None:
    assert create(server, plural, **BODIES[plural], owner="user:ann").status == 201
    listed = server.get(f"{API}/{plural}?owner=user:ann&fields=name,owner").json()
    assert [row["owner"] for row in listed[plural]] == ["user:ann"]
    assert server.get(f"{API}/{plural}?owner=user:bob").json()[plural] == []


def test_changes_of_many_objects_are_one_commit_or_none(server: Server) -> None:
    before = server.get(f"{API}/health").slot
    changes = [
        {"change": "create_namespace", "name": "raw"},
        {"change": "create_table", "name": "raw.orders"},
        {"change": "set_tags", "kind": "table", "name": "raw.orders", "tags": {"pii": "yes"}},
        {"change": "alter", "kind": "namespace", "name": "sales", "comment": "sold things"},
        {"change": "drop", "kind": "namespace", "name": "raw", "contents": "drop"},
        {"change": "undrop", "kind": "namespace", "name": "raw", "to": "raw2"},
    ]
    answer = server.post(f"{API}/catalog/changes", {"changes": changes})
    assert answer.status == 200, answer.body
    assert answer.slot == before + 1
    names = [each["full_name"] for each in answer.json()["changed"]]
    assert names[:3] == ["main.raw2", "main.raw2.orders", "main.raw2.orders"]
    (bearer,) = server.get(f"{API}/tags?tag=pii&value=yes&kind=table").json()["tags"]
    assert bearer["full_name"] == "main.raw2.orders"
    assert server.get(f"{API}/tags?tag=pii&value=no").json() == {"tags": []}

    bad = [{"change": "create_namespace", "name": "half"}, {**changes[4], "name": "no.such"}]
    refused = server.post(f"{API}/catalog/changes", {"changes": bad})
    assert refused.error()["code"] == "OBJECT_NOT_FOUND"
    assert server.get(f"{API}/namespaces/half").status == 404


def test_a_repeated_request_is_answered_again_and_not_done_again(server: Server) -> None:
    key = {"Idempotency-Key": new_uuid7(server.workspace.runtime)}
    first = server.ask("POST", f"{API}/tables", body=BODIES["tables"], headers=key)
    again = server.ask("POST", f"{API}/tables", body=BODIES["tables"], headers=key)
    assert (first.status, first.body) == (again.status, again.body)
    assert again.headers["Arco-Repeated"] == "true"
    fresh = create(server, "tables", **BODIES["tables"])
    assert fresh.error()["code"] == "NAME_TAKEN"


def test_an_outdated_change_is_refused_by_header_and_in_a_batch(server: Server) -> None:
    made = create(server, "tables", **BODIES["tables"]).json()
    path = f"{API}/tables/sales.orders"
    headers = {"If-Match": server.get(path).headers["ETag"]}
    assert server.ask("PATCH", path, body={"comment": "a"}, headers=headers).status == 200
    late = server.ask("PATCH", path, body={"comment": "b"}, headers=headers)
    assert late.error()["code"] == "ETAG_MISMATCH"
    drop = {"change": "drop", "kind": "table", "name": "sales.orders", "if_match": made["etag"]}
    batch = server.post(f"{API}/catalog/changes", {"changes": [drop]})
    assert batch.error()["code"] == "OBJECT_CHANGED"
    assert server.get(path).json()["table"]["comment"] == "a"


def test_a_list_is_filtered_and_shows_only_fields_asked_for(server: Server) -> None:
    create(server, "catalogs", name="lab")
    create(server, "namespaces", name="lab.tests")
    create(server, "views", **BODIES["views"])
    create(server, "views", name="lab.tests.newest", texts={"duckdb": "select 2"})
    found = server.get(f"{API}/views?catalog=lab&fields=name,catalog").json()
    assert found == {"views": [{"name": "newest", "catalog": "lab"}]}
    assert len(server.get(f"{API}/views?namespace=sales").json()["views"]) == 1
    assert server.get(f"{API}/views?fields=secret").error()["code"] == "FIELD_UNKNOWN"
    assert [row["name"] for row in server.get(f"{API}/namespaces?catalog=lab").json()["namespaces"]]


def lay(format: str, folder: Path) -> None:
    """A table of that format in the folder."""
    if format == "delta":
        write_deltalake(str(folder), ORDERS)
        return
    folder.mkdir()
    pq.write_table(ORDERS, folder / "part-0.parquet")


@pytest.mark.parametrize("format", ["delta", "parquet"])
def test_a_table_that_stands_already_is_registered_shown_and_refreshed(
    server: Server, tmp_path: Path, format: str
) -> None:
    folder = tmp_path / "lake"
    lay(format, folder)
    body = {"name": "sales.old", "location": str(folder), "format": format}
    assert create(server, "tables", **body).status == 201
    shown = server.get(f"{API}/tables/sales.old").json()
    assert [(each["name"], each["type"]) for each in shown["columns"]] == [
        ("id", "long"),
        ("amount", "double"),
    ]
    table = shown["table"]
    assert (table["rows"], table["files"], table["table_type"]) == (3, 1, "external")

    wider = ORDERS.append_column("note", pa.array(["a", "b", "c"]))
    if format == "delta":
        write_deltalake(str(folder), wider, mode="append", schema_mode="merge")
    else:
        pq.write_table(wider, folder / "part-0.parquet")
    refreshed = server.ask("POST", f"{API}/tables/sales.old/refresh", body={})
    assert refreshed.status == 200, refreshed.body
    shown = server.get(f"{API}/tables/sales.old").json()
    assert [each["name"] for each in shown["columns"]] == ["id", "amount", "note"]
    schemas = server.get(f"{API}/tables/sales.old/schemas").json()["schemas"]
    assert [len(each["columns"]) for each in schemas] == [3, 2]


def test_an_empty_location_registers_nothing_and_a_managed_table_is_not_refreshed(
    server: Server, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    body = {"name": "sales.old", "location": str(tmp_path / "empty")}
    assert create(server, "tables", **body).error()["code"] == "LOCATION_EMPTY"
    create(server, "tables", **BODIES["tables"])
    refused = server.ask("POST", f"{API}/tables/sales.orders/refresh", body={})
    assert refused.error()["code"] == "TABLE_NOT_EXTERNAL"
    nothing = server.ask("POST", f"{API}/tables/sales.nothing/refresh", body={})
    assert nothing.error()["code"] == "TABLE_NOT_FOUND"


def test_a_namespace_that_holds_something_goes_only_on_demand(server: Server) -> None:
    create(server, "tables", **BODIES["tables"])
    path = f"{API}/namespaces/sales"
    assert server.ask("DELETE", path, body={}).error()["code"] == "NOT_EMPTY"
    assert server.ask("DELETE", f"{path}?contents=drop", body={}).status == 200
    create(server, "namespaces", name="sales")
    taken = server.post(f"{path}/undrop", {}).error()
    assert taken["code"] == "NAME_TAKEN"
    assert server.post(f"{path}/undrop", {"to": "sold"}).status == 200
    assert server.get(f"{API}/tables/sold.orders").status == 200
