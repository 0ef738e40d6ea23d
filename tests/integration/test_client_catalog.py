"""`arco.Client` and a running server: objects through their whole life, access, files, the feed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import arco
from arco import errors
from tests.integration.api_server import Server, serving

COLUMNS = [{"name": "id", "type": "bigint"}, {"name": "amount", "type": "double"}]
PARQUET = b"PAR1"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("client")) as server:
        yield server


@pytest.fixture
def client(server: Server) -> Iterator[arco.Client]:
    with arco.Client(server.address, patience_seconds=2.0) as client:
        yield client


def test_objects_live_their_whole_life(client: arco.Client) -> None:
    client.namespaces.create("sales", comment="what is sold")
    made = client.tables.create("sales.orders", columns=COLUMNS, owner="user:ann")
    client.views.create("sales.newest", {"duckdb": "select 1 as one"})
    client.volumes.create("sales.invoices")
    client.functions.create("sales.net", {"duckdb": "gross / 1.2"}, returns="double")
    assert [row.name for row in client.tables.list(owner="user:ann")] == ["orders"]
    assert [row.name for row in client.namespaces.list()] == ["sales"]
    altered = client.tables.alter("sales.orders", comment="orders", if_match=made.etag)
    with pytest.raises(errors.Precondition, match="If-Match"):
        client.tables.alter("sales.orders", comment="again", if_match=made.etag)
    client.tables.tag("sales.orders", {"layer": "gold"})
    client.tables.tag("sales.orders", {"pii": "no"}, column="amount")
    assert [(each.full_name, each.column) for each in client.catalog.tags("pii")] == [
        ("main.sales.orders", "amount")
    ]
    assert client.tables.get("sales.orders").table.comment == "orders"
    assert altered.object_id == client.tables.move("sales.orders", "sales.archive").object_id
    assert client.tables.drop("sales.archive").full_name == ""
    assert [each.full_name for each in client.catalog.dropped()] == ["main.sales.archive"]
    back = client.tables.undrop("sales.archive", to="sales.orders")
    assert (back.object_id, back.full_name) == (made.object_id, "main.sales.orders")


def test_many_changes_are_one_commit_or_none(client: arco.Client) -> None:
    before = client.health().seq
    made = client.catalog.change(
        [
            {"change": "create_namespace", "name": "lab"},
            {"change": "create_table", "name": "lab.runs", "columns": COLUMNS},
        ]
    )
    assert [each.full_name for each in made] == ["main.lab", "main.lab.runs"]
    assert client.health().seq == before + 1
    with pytest.raises(errors.NotFound):
        client.catalog.change(
            [
                {"change": "create_namespace", "name": "other"},
                {"change": "drop", "kind": "table", "name": "lab.nothing"},
            ]
        )
    assert client.health().seq == before + 1
    columns = [(each.table, each.name) for each in client.catalog.columns(namespace="lab")]
    assert columns == [("runs", "id"), ("runs", "amount")]
    (page,) = client.catalog.column_pages(namespace="lab")
    assert page.arrow().column("name").to_pylist() == ["id", "amount"]
    assert page.count == 2


def test_a_reader_of_changes_goes_on_where_it_was(client: arco.Client) -> None:
    client.namespaces.create("fed")
    seen = list(client.history.changes(tables=["catalog.namespaces"]))
    assert seen[-1].row["name"] == "fed"
    assert list(client.history.changes(seen[-1].position)) == []
    following = client.history.follow(seen[-1].position, tables=["catalog.namespaces"])
    client.namespaces.create("fed.again")
    assert next(following).row["name"] == "fed.again"


def test_privileges_are_given_explained_and_taken(client: arco.Client) -> None:
    client.namespaces.create("secret")
    assert client.access.add_principal("user:bob")
    assert client.access.give("select", "namespace:secret", to="user:bob")
    assert not client.access.give("select", "namespace:secret", to="user:bob")
    held = client.access.grants(principal="user:bob")
    assert [(each.privilege, each.on) for each in held] == [("SELECT", "namespace:secret")]
    why = client.access.explain("select", "namespace:secret", principal="user:bob")
    assert why.allowed and why.held == "SELECT"
    assert client.access.take("select", "namespace:secret", principal="user:bob")
    key = client.access.create_key(principal="user:bob", name="ci")
    assert key.key.startswith("arco_")
    assert [each.key_id for each in client.access.known_keys()] == [key.key_id]
    assert client.access.revoke_key(key.key_id)


def test_a_principal_is_refused_and_let_in_again(client: arco.Client) -> None:
    client.access.add_principal("user:eve")
    assert client.access.disable_principal("user:eve")
    (eve,) = [each for each in client.access.principals() if each.principal == "user:eve"]
    assert eve.disabled and eve.added_at is not None
    assert client.access.enable_principal("user:eve")
    assert not client.access.enable_principal("user:eve")


def test_a_slot_is_kept_under_a_name_until_it_is_let_go(client: arco.Client) -> None:
    client.namespaces.create("pinned")
    kept = client.pins.create("audit", reason="quarter", expires_hours=24)
    assert kept.slot == client.health().seq - 1
    assert kept.expires_at is not None and kept.expires_at > kept.pinned_at
    assert [each.name for each in client.pins.list()] == ["audit"]
    with pytest.raises(errors.AlreadyExists):
        client.pins.create("audit", slot=0)
    with pytest.raises(errors.NotFound):
        client.pins.create("later", slot=10_000)
    assert client.pins.drop("audit")
    assert list(client.pins.list()) == []


def test_a_signed_url_gives_the_file_it_names(client: arco.Client) -> None:
    told = client.browser.urls(["catalog.namespaces"])
    data = client.browser.read(told.files[0])
    assert (data[:4], data[-4:], len(data)) == (PARQUET, PARQUET, told.files[0].size_bytes)


def test_a_server_of_another_release_is_named(client: arco.Client) -> None:
    with pytest.raises(errors.NotFound) as caught:
        client.ask("GET", "/invented/later")
    assert "the server is of release 1.2.3" in caught.value.hint
    assert caught.value.details["server_version"] == "1.2.3"
    with pytest.raises(errors.Invalid) as refused:
        client.ask("GET", "/tables", query={"colour": "red"})
    assert refused.value.code == "PARAMETER_UNKNOWN"
    assert refused.value.details["server_version"] == "1.2.3"
    with pytest.raises(errors.NotFound) as missing:
        client.tables.get("no.such")
    assert "release" not in missing.value.hint
