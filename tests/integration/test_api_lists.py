"""Every list is read the same way: by pages that follow each other, and by the fields one wants."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from arco.access.privileges import Privilege
from arco.catalog.commands import PublishedVersion, PublishVersions, publish_versions
from arco.catalog.events import PublishedColumn
from arco.store import keys
from tests.integration.guarded_server import Guarded, guarding

ON = "on=table:sales.orders"
MASKED = ("amount", "email", "region")
LISTS = {
    "grants on an object": (f"/access/grants?{ON}", "grants"),
    "grants of a principal": ("/access/grants?principal=user:ann", "grants"),
    "principals": ("/access/principals?", "principals"),
    "all keys": ("/access/keys?", "keys"),
    "the keys of a principal": ("/access/keys?principal=user:ann", "keys"),
    "policies": (f"/access/policies?{ON}", "policies"),
    "schemas": ("/tables/sales.refunds/schemas?", "schemas"),
}
BULK = {"show_columns"}
"""Made for programs that want everything, in forms without fields to choose."""


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    with guarding(tmp_path_factory.mktemp("project")) as guarded:
        for privilege in (Privilege.SELECT, Privilege.MODIFY, Privilege.BROWSE):
            for on in ("table:sales.orders", "namespace:sales", "workspace"):
                guarded.grant(privilege, on, to="user:ann")
            guarded.grant(privilege, "table:sales.orders", to="user:bob")
        for _ in range(3):
            guarded.key("user:ann")
        for column in MASKED:
            body = {"on": f"column:sales.orders.{column}", "expression": "NULL"}
            told(guarded, "/access/policies", body=body)
        told(guarded, "/access/policies", body={"on": "table:sales.orders", "expression": "id > 0"})
        for version in range(1, 4):
            publish(guarded, version)
        yield guarded


def publish(guarded: Guarded, version: int) -> None:
    """A version of a table that has a column more than the one before."""
    table_id = guarded.table_id("sales.refunds")
    published = PublishedVersion(
        table_id=table_id,
        namespace="sales",
        name="refunds",
        version=version,
        columns=tuple(PublishedColumn(f"column_{each}", "bigint") for each in range(version)),
        rows=0,
        size_bytes=0,
        files=0,
        location=keys.warehouse(table_id),
    )
    command = PublishVersions(versions=(published,), mint=str, run_id="", actor="")
    guarded.decide(lambda state, now: publish_versions(command, state, now=now))


def told(guarded: Guarded, path: str, *, key: str = "", body: Any = None) -> Any:
    """What the workspace's owner, or the holder of the key, is told."""
    route = ("GET" if body is None else "POST", f"/api/v1{path}")
    answer = guarded.ask(key or guarded.owner, route, body=body)
    assert answer.status < 300, answer.body
    return answer.json()


def pages(guarded: Guarded, path: str, *, limit: int) -> list[dict[str, Any]]:
    """All pages of the list."""
    found = [told(guarded, f"{path}&limit={limit}")]
    while "next_cursor" in found[-1]:
        cursor = found[-1]["next_cursor"]
        found.append(told(guarded, f"{path}&limit={limit}&cursor={cursor}"))
    return found


@pytest.mark.parametrize("name", LISTS)
def test_the_pages_of_a_list_are_the_list(guarded: Guarded, name: str) -> None:
    path, field = LISTS[name]
    whole = told(guarded, path)[field]
    assert len(whole) > 2
    for limit in (1, 2, len(whole)):
        found = pages(guarded, path, limit=limit)
        assert [row for page in found for row in page[field]] == whole
        assert all(len(page[field]) <= limit for page in found)


@pytest.mark.parametrize("name", LISTS)
def test_of_each_row_only_the_fields_are_told_that_were_asked_for(
    guarded: Guarded, name: str
) -> None:
    path, field = LISTS[name]
    whole = told(guarded, path)[field]
    wanted = sorted(whole[0])[:2]
    rows = told(guarded, f"{path}&fields={','.join(wanted)}")[field]
    assert rows == [{each: row[each] for each in wanted if each in row} for row in whole]
    answer = guarded.ask(guarded.owner, ("GET", f"/api/v1{path}&fields=secret_sha256"))
    assert (answer.status, answer.error()["code"]) == (400, "FIELD_UNKNOWN")


@pytest.mark.parametrize("name", LISTS)
def test_a_cursor_of_one_list_opens_no_other(guarded: Guarded, name: str) -> None:
    for other in LISTS.values():
        if other == LISTS[name]:
            continue
        cursor = told(guarded, f"{other[0]}&limit=1")["next_cursor"]
        answer = guarded.ask(guarded.owner, ("GET", f"/api/v1{LISTS[name][0]}&cursor={cursor}"))
        assert (answer.status, answer.error()["code"]) == (400, "CURSOR_INVALID")


def test_a_page_of_grants_on_an_object_that_moved_begins_anew(tmp_path: Path) -> None:
    with guarding(tmp_path) as guarded:
        for privilege in (Privilege.SELECT, Privilege.MODIFY):
            guarded.grant(privilege, "namespace:sales", to="user:ann")
        told(guarded, "/namespaces", body={"name": "archive"})
        told(
            guarded,
            "/tables",
            body={"name": "sales.plain", "columns": [{"name": "id", "type": "bigint"}]},
        )
        path = "/access/grants?on=table:sales.plain"
        second = told(guarded, f"{path}&limit=2")["next_cursor"]
        table_id = told(guarded, "/tables/sales.plain")["table"]["table_id"]
        moved = {"change": "move", "kind": "table", "name": "sales.plain", "to": "archive.plain"}
        told(guarded, "/catalog/changes", body={"changes": [moved]})
        path = f"/api/v1/access/grants?on=table:{table_id}"
        answer = guarded.ask(guarded.owner, ("GET", f"{path}&limit=2&cursor={second}"))
        assert (answer.status, answer.error()["code"]) == (400, "CURSOR_INVALID")


def test_who_asks_for_the_keys_of_another_sees_none(guarded: Guarded) -> None:
    bob = guarded.key("user:bob")
    assert told(guarded, "/access/keys?principal=user:ann", key=bob)["keys"] == []
    assert len(told(guarded, "/access/keys?principal=user:bob", key=bob)["keys"]) >= 1


def test_grants_name_every_kind_of_object_as_people_do(guarded: Guarded) -> None:
    told(guarded, "/volumes", body={"name": "sales.files"})
    guarded.grant(Privilege.BROWSE, "volume:sales.files", to="service:loader")
    held = told(guarded, "/access/grants?principal=service:loader")["grants"]
    assert [each["on"] for each in held] == ["volume:main.sales.files"]


def test_every_list_of_the_document_has_cursors_and_fields(guarded: Guarded) -> None:
    document = guarded.ask(guarded.owner, ("GET", "/openapi.json")).json()
    schemas = document["components"]["schemas"]
    lists = 0
    for methods in document["paths"].values():
        operation = methods.get("get", {})
        content = operation.get("responses", {}).get("200", {}).get("content", {})
        name = content.get("application/json", {}).get("schema", {}).get("$ref", "")
        shape = schemas.get(name.rpartition("/")[2], {}).get("properties", {})
        if "next_cursor" in shape and operation["operationId"] not in BULK:
            lists += 1
            taken = {each["name"] for each in operation["parameters"] if each["in"] == "query"}
            assert {"cursor", "limit", "fields"} <= taken, operation["operationId"]
    assert lists >= 20
