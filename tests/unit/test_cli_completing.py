"""Names that a shell completes: what begins so, in the words that were begun."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from arco.catalog.kinds import Kind
from arco.cli.completing import NAMES_MAX, names_begun
from arco.service.objects import objects_behind
from tests.unit.catalog_shop import Shop, shop_with_orders


def names(shop: Shop, kind: Kind, *, begun: str) -> list[str]:
    def listing(kind: Kind, **of: str) -> Iterator[Any]:
        return objects_behind(shop.state, kind, after=None, **of)

    return names_begun(listing, kind, begun=begun)


@pytest.mark.parametrize(
    ("begun", "found"),
    [
        ("", ["sales.orders", "sales.eu.bills"]),
        ("sa", ["sales.orders", "sales.eu.bills"]),
        ("sales.o", ["sales.orders"]),
        ("sales.e", ["sales.eu.bills"]),
        ("main.sales.o", ["main.sales.orders"]),
        ("sales.orders.", []),
        ("nothing.at.all", []),
    ],
)
def test_a_name_is_completed_as_it_was_begun(begun: str, found: list[str]) -> None:
    shop = shop_with_orders()
    shop.ask("create_table", "sales.eu.bills")
    assert names(shop, Kind.TABLE, begun=begun) == found


def test_catalogs_namespaces_and_views_are_completed_too() -> None:
    shop = shop_with_orders()
    shop.ask("create_catalog", "lab")
    shop.ask("create_view", "sales.newest", texts={"duckdb": "select 1"})
    assert names(shop, Kind.CATALOG, begun="l") == ["lab"]
    assert names(shop, Kind.NAMESPACE, begun="sales.") == ["sales.eu"]
    assert names(shop, Kind.VIEW, begun="sales") == ["sales.newest"]


def test_no_more_names_are_offered_than_somebody_reads() -> None:
    shop = shop_with_orders()
    for number in range(NAMES_MAX + 20):
        shop.ask("create_table", f"sales.t{number:03}")
    assert len(names(shop, Kind.TABLE, begun="sales.t")) == NAMES_MAX
