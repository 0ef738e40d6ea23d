"""Catalog objects: created, described, renamed, dropped, brought back, purged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from arco.catalog.decisions.asking import Surveyed
from arco.catalog.decisions.purging import purge_dropped
from arco.catalog.events import PublishedColumn, TableVersionPublishedV2
from arco.catalog.finding import EXAMINED_MAX, chain, close_names
from arco.catalog.kinds import Kind
from arco.catalog.tables import (
    COLUMNS,
    DROPPED,
    PURGED,
    SCHEMA_VERSIONS,
    TAGGED,
    TAGS,
)
from arco.errors import AlreadyExists, Conflict, Invalid, NotFound, Precondition
from arco.model import Key, Row, State, Table
from tests.unit.catalog_shop import Shop, shop_with_orders

TABLE = Kind.TABLE


class Counting:
    """A state that counts the rows it hands out of ranges."""

    def __init__(self, state: State) -> None:
        self._state = state
        self.rows = 0

    def get(self, table: Table[Row], *key: Any) -> Row | None:
        return self._state.get(table, *key)

    def range(self, table: Table[Row], *prefix: Any, after: Key | None = None) -> Iterator[Row]:
        for row in self._state.range(table, *prefix, after=after):
            self.rows += 1
            yield row


def test_a_table_stands_in_its_namespace_with_columns_in_one_spelling() -> None:
    shop = shop_with_orders()
    orders = shop.find(TABLE, "main.sales.orders")
    types = [row.type for row in shop.state.range(COLUMNS, orders.object_id)]
    nested = "array<struct<sku: string, n: integer not null>>"
    assert types == ["long", "decimal(10,2)", nested]
    assert (orders.row.owner, orders.row.table_type, orders.full_name) == (
        "ann",
        None,
        "main.sales.orders",
    )
    assert [tag.value for tag in shop.state.range(TAGS, orders.object_id)] == ["gold"]


@pytest.mark.parametrize("name", ["sales.orders", "SALES.Orders", "main.sales.orders"])
def test_one_object_answers_to_every_spelling_of_its_name(name: str) -> None:
    shop = shop_with_orders()
    assert shop.find(TABLE, name) == shop.find(TABLE, shop.find(TABLE, name).object_id)


def test_the_deepest_namespace_that_fits_wins() -> None:
    shop = shop_with_orders()
    shop.ask("create_table", "sales.eu.orders")
    assert shop.find(TABLE, "sales.eu.orders").row.namespace == "sales.eu"


def test_a_chain_leads_from_an_object_to_its_catalog() -> None:
    shop = shop_with_orders()
    shop.ask("create_view", "sales.eu.newest", texts={"duckdb": "select 1"})
    found = shop.find(Kind.VIEW, "sales.eu.newest")
    names = [each.full_name for each in chain(shop.state, found)]
    assert names == ["main.sales.eu.newest", "main.sales.eu", "main.sales", "main"]


def test_a_table_and_a_view_cannot_share_a_name() -> None:
    shop = shop_with_orders()
    with pytest.raises(AlreadyExists, match="already"):
        shop.ask("create_view", "sales.orders", texts={"duckdb": "select 1"})
    shop.ask("create_volume", "sales.orders")
    assert shop.find(Kind.VOLUME, "sales.orders").row.location.startswith("warehouse/")


def test_what_is_said_changes_and_what_is_left_out_stays() -> None:
    shop = shop_with_orders()
    shop.ask("alter", "sales.orders", kind="table", comment="One row per order.")
    shop.ask("alter", "sales.orders", kind="table", properties={"unit": "eur", "grain": "order"})
    shop.ask("alter", "sales.orders", kind="table", properties={"unit": None}, owner="bob")
    row = shop.find(TABLE, "sales.orders").row
    assert (row.comment, row.properties, row.owner) == (
        "One row per order.",
        {"grain": "order"},
        "bob",
    )


def test_asking_for_what_is_so_decides_nothing() -> None:
    shop = shop_with_orders()
    assert shop.ask("alter", "sales", kind="namespace", comment="What is sold.") == ()
    assert shop.ask("set_tags", "sales.orders", kind="table", tags={"layer": "gold"}) == ()
    assert shop.ask("move", "sales.orders", kind="table", to="main.sales.orders") == ()


def test_a_change_meant_for_another_version_is_refused() -> None:
    shop = shop_with_orders()
    etag = shop.find(TABLE, "sales.orders").etag
    shop.ask("alter", "sales.orders", kind="table", comment="a", if_match=f'"{etag}"')
    with pytest.raises(Precondition, match="since it was read"):
        shop.ask("alter", "sales.orders", kind="table", comment="b", if_match=etag)


def test_tags_stand_on_objects_and_on_columns_and_lead_back() -> None:
    shop = shop_with_orders()
    shop.ask("set_tags", "sales.orders", kind="table", column="Amount", tags={"pii": "no"})
    shop.ask("set_tags", "sales.orders", kind="table", tags={"layer": None, "tier": "1"})
    orders = shop.find(TABLE, "sales.orders").object_id
    tags = {(row.column, row.tag): row.value for row in shop.state.range(TAGS, orders)}
    assert tags == {("", "tier"): "1", ("Amount", "pii"): "no"}
    assert [row.object_id for row in shop.state.range(TAGGED, "pii", "no")] == [orders]
    assert list(shop.state.range(TAGGED, "layer")) == []


def test_a_column_that_is_not_there_can_not_be_described() -> None:
    shop = shop_with_orders()
    with pytest.raises(Invalid, match="no column 'amount'"):
        shop.ask("set_tags", "sales.orders", kind="table", column="amount", tags={"a": "b"})
    shop.ask("alter", "sales.orders", kind="table", column_comments={"Amount": "Net, in euro."})
    orders = shop.find(TABLE, "sales.orders").object_id
    assert [row.comment for row in shop.state.range(COLUMNS, orders)] == [
        None,
        "Net, in euro.",
        None,
    ]


def published(table_id: str, version: int, *columns: tuple[str, str]) -> TableVersionPublishedV2:
    return TableVersionPublishedV2(
        table_id=table_id,
        version=version,
        columns=tuple(PublishedColumn(name, kind) for name, kind in columns),
        rows=5,
        size_bytes=50,
        files=1,
        published_at=shop_with_orders().now,
    )


def test_schemas_are_history_and_comments_stay_while_the_column_stays() -> None:
    shop = shop_with_orders()
    shop.ask("alter", "sales.orders", kind="table", column_comments={"Amount": "Net."})
    shop.ask("set_tags", "sales.orders", kind="table", column="lines", tags={"pii": "yes"})
    orders = shop.find(TABLE, "sales.orders").object_id
    same = published(orders, 0, ("id", "long"), ("Amount", "decimal(12,2)"))
    shop.state.fold([same, published(orders, 1, ("id", "long"), ("Amount", "decimal(12,2)"))])
    history = list(shop.state.range(SCHEMA_VERSIONS, orders))
    assert [(row.schema_version, len(row.columns)) for row in history] == [(1, 3), (2, 2)]
    assert [row.comment for row in shop.state.range(COLUMNS, orders)] == [None, "Net."]
    assert list(shop.state.range(TAGS, orders, "lines")) == []
    row = shop.find(TABLE, "sales.orders").row
    assert (row.version, row.schema_version, row.rows) == (1, 2, 5)


def test_a_renamed_namespace_takes_everything_along_and_ids_stay() -> None:
    shop = shop_with_orders()
    shop.ask("create_table", "sales.eu.refunds")
    ids = [shop.find(TABLE, name).object_id for name in ("sales.orders", "sales.eu.refunds")]
    shop.ask("create_catalog", "archive")
    shop.ask("move", "sales", kind="namespace", to="archive.sold")
    assert [shop.find(TABLE, each).full_name for each in ids] == [
        "archive.sold.orders",
        "archive.sold.eu.refunds",
    ]
    assert shop.find(Kind.NAMESPACE, "archive.sold.eu").row.parent_id == (
        shop.find(Kind.NAMESPACE, "archive.sold").object_id
    )
    with pytest.raises(NotFound):
        shop.find(TABLE, "sales.orders")


def test_a_table_moves_to_another_namespace_with_its_tags() -> None:
    shop = shop_with_orders()
    shop.ask("move", "sales.orders", kind="table", to="sales.eu.sold")
    sold = shop.find(TABLE, "sales.eu.sold")
    assert [tag.value for tag in shop.state.range(TAGS, sold.object_id)] == ["gold"]
    shop.ask("create_table", "sales.orders")
    assert shop.find(TABLE, "sales.orders").object_id != sold.object_id


@pytest.mark.parametrize(
    ("asked", "error", "words"),
    [
        ({"change": "move", "name": "sales", "to": "sales.eu.sales"}, Invalid, "in itself"),
        ({"change": "move", "name": "sales", "to": "nowhere.sales"}, NotFound, "nowhere"),
        ({"change": "drop", "name": "sales"}, Conflict, "contains main.sales.orders"),
        ({"change": "drop", "name": "main", "kind": "catalog"}, Conflict, "it stays"),
        ({"change": "move", "name": "main", "kind": "catalog", "to": "b"}, Conflict, "it stays"),
    ],
)
def test_what_would_surprise_is_refused(
    asked: dict[str, str], error: type[Exception], words: str
) -> None:
    shop = shop_with_orders()
    change, name, *_ = asked.values()
    rest: dict[str, Any] = {"kind": "namespace", **asked}
    rest.pop("change"), rest.pop("name")
    with pytest.raises(error, match=words):
        shop.ask(change, name, **rest)


def test_a_dropped_table_comes_back_as_it_was() -> None:
    shop = shop_with_orders()
    before = shop.find(TABLE, "sales.orders")
    columns = list(shop.state.range(COLUMNS, before.object_id))
    shop.ask("drop", "sales.orders", kind="table")
    assert list(shop.state.range(COLUMNS, before.object_id)) == []
    assert list(shop.state.range(TAGGED, "layer")) == []
    shop.ask("undrop", "sales.orders", kind="table")
    after = shop.find(TABLE, "sales.orders")
    assert after.object_id == before.object_id
    assert list(shop.state.range(COLUMNS, before.object_id)) == columns
    assert len(list(shop.state.range(TAGGED, "layer"))) == 1
    assert list(shop.state.range(DROPPED)) == []


def test_a_name_can_be_used_again_and_undrop_says_so() -> None:
    shop = shop_with_orders()
    first = shop.find(TABLE, "sales.orders").object_id
    shop.ask("drop", "sales.orders", kind="table")
    shop.ask("create_table", "sales.orders")
    with pytest.raises(AlreadyExists, match="in use meanwhile"):
        shop.ask("undrop", "sales.orders", kind="table")
    shop.ask("undrop", "sales.orders", kind="table", to="sales.orders_before")
    assert shop.find(TABLE, "sales.orders_before").object_id == first


def test_the_newest_object_of_a_name_comes_back_first() -> None:
    shop = shop_with_orders()
    shop.ask("drop", "sales.orders", kind="table")
    shop.wait(days=1)
    shop.ask("create_table", "sales.orders")
    newer = shop.find(TABLE, "sales.orders").object_id
    shop.ask("drop", "sales.orders", kind="table")
    shop.ask("undrop", "main.sales.orders", kind="table")
    assert shop.find(TABLE, "sales.orders").object_id == newer


def test_a_namespace_goes_and_comes_back_with_what_it_contains() -> None:
    shop = shop_with_orders()
    shop.ask("create_view", "sales.eu.newest", texts={"duckdb": "select 1"})
    before = shop.state.dump()
    shop.ask("drop", "sales", kind="namespace", contents="drop")
    assert {row.full_name for row in shop.state.range(DROPPED)} == {
        "main.sales",
        "main.sales.orders",
        "main.sales.eu",
        "main.sales.eu.newest",
    }
    with pytest.raises(Conflict, match="went with"):
        shop.ask("undrop", "sales.eu", kind="namespace")
    shop.ask("undrop", "sales", kind="namespace", to="sold")
    assert shop.find(Kind.VIEW, "sold.eu.newest").row.catalog == "main"
    shop.ask("move", "sold", kind="namespace", to="sales")
    assert before.keys() == shop.state.dump().keys()
    assert shop.find(TABLE, "sales.orders").row.version is None


def test_what_was_dropped_long_ago_is_purged_and_its_files_are_nobodys() -> None:
    shop = shop_with_orders()
    orders = shop.find(TABLE, "sales.orders").object_id
    shop.ask("drop", "sales", kind="namespace", contents="drop")
    assert shop.state.decide(purge_dropped, shop.now) == ()
    shop.wait(days=8)
    assert len(shop.state.decide(purge_dropped, shop.now)) == 1
    assert shop.state.decide(purge_dropped, shop.now) == ()
    with pytest.raises(NotFound, match="no dropped table"):
        shop.ask("undrop", "sales.orders", kind="table")
    assert [row.object_id for row in shop.state.range(PURGED)] == [orders]
    assert list(shop.state.range(SCHEMA_VERSIONS)) == []


FOUND = Surveyed(columns=(PublishedColumn("a", "long"),), version=7, rows=3, files=1)


def test_an_external_table_has_the_schema_that_was_found_at_its_location() -> None:
    shop = shop_with_orders(**{"s3://lake/orders": FOUND})
    shop.ask("create_table", "sales.lake", location="s3://lake/orders", tags={"a": "b"})
    row = shop.find(TABLE, "sales.lake").row
    assert (row.is_external, row.version, row.rows, row.schema_version) == (True, 7, 3, 1)
    assert len(list(shop.state.range(TAGS, row.table_id))) == 1
    shop.ask("refresh", "sales.lake")
    with pytest.raises(Conflict, match="no external table"):
        shop.ask("refresh", "sales.orders")
    with pytest.raises(Invalid, match="are those of its files"):
        shop.ask(
            "create_table",
            "sales.other",
            location="s3://lake/orders",
            columns=[{"name": "a", "type": "int"}],
        )


def test_a_function_and_its_parameters_are_checked() -> None:
    shop = shop_with_orders()
    given = {"returns": "DOUBLE", "texts": {"DuckDB": "x * 1.19"}}
    parameters = [{"name": "x", "type": "double"}]
    shop.ask("create_function", "sales.gross", parameters=parameters, **given)
    row = shop.find(Kind.FUNCTION, "sales.gross").row
    assert (row.returns, row.texts) == ("double", {"duckdb": "x * 1.19"})
    with pytest.raises(Invalid, match="one name"):
        shop.ask("create_function", "sales.net", parameters=parameters * 2, **given)


def test_every_event_of_the_catalog_is_idempotent() -> None:
    shop = shop_with_orders()
    shop.ask("create_catalog", "lab", properties={"a": "b"})
    shop.ask("alter", "sales.orders", kind="table", comment="x")
    shop.ask("move", "sales.orders", kind="table", to="sales.eu.orders")
    shop.ask("drop", "sales", kind="namespace", contents="drop")
    shop.ask("undrop", "sales", kind="namespace")
    twice = Shop()
    for payload in shop.said:
        twice.state.fold([payload])
        twice.state.fold([payload])
    assert twice.state.dump() == shop.state.dump()


def test_close_names_come_from_the_neighbourhood() -> None:
    shop = shop_with_orders()
    assert close_names(shop.state, TABLE, name="sales.ordres") == ("sales.orders",)
    with pytest.raises(NotFound) as told:
        shop.find(Kind.NAMESPACE, "sale")
    assert told.value.code == "OBJECT_NOT_FOUND"
    assert "sales" in told.value.hint


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("space_07.table_0499x", "space_07.table_0499"),
        ("space_07.tabel_0012", "space_07.table_0012"),
        ("spaec_07.table_0003", "space_07.table_0003"),
    ],
)
def test_however_many_tables_there_are_a_wrong_name_looks_at_few(asked: str, meant: str) -> None:
    shop = Shop()
    for number in range(12):
        shop.ask("create_namespace", f"space_{number:02}")
    for number in range(500):
        shop.ask("create_table", f"space_07.table_{number:04}")
    counting = Counting(shop.state)
    close = close_names(counting, TABLE, name=asked)
    assert counting.rows <= 2 * EXAMINED_MAX, counting.rows
    assert meant in close, close


@pytest.mark.parametrize(
    "name", ["", ".", "\x00", "sales.\x00\x00", "\x00\x00.orders", "\ue000\ue000x"]
)
def test_a_name_of_anything_is_answered_with_what_is_close_or_nothing(name: str) -> None:
    close = close_names(shop_with_orders().state, TABLE, name=name)
    assert close in ((), ("sales.orders",))
