"""What a dbt manifest declares: keys, SQL, checks, and what cannot run here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from arco.dbt import dbt_project
from arco.errors import Invalid
from arco.formats.arrow import convert
from arco.sdk.context import CheckOutcome
from arco.sdk.declarations import AssetDeclaration, CheckDeclaration, Declaration, collecting

ORDERS = '"db"."main"."orders"'


def node(kind: str, name: str, *upstreams: str, sql: str | None = None, **more: Any) -> Any:
    return {
        "unique_id": f"{kind}.shop.{name}",
        "resource_type": kind,
        "name": name,
        "schema": "main",
        "language": "sql",
        "compiled_code": sql,
        "relation_name": f'"db"."main"."{name}"',
        "depends_on": {"nodes": list(upstreams)},
        "original_file_path": f"{kind}s/{name}.{'csv' if kind == 'seed' else 'sql'}",
        "config": {},
        **more,
    }


class Shop:
    """A dbt project as its `target/` tells of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "target").mkdir()
        (folder / "seeds").mkdir()
        (folder / "seeds" / "raw_orders.csv").write_text("id;zip\n1;01067\n2;02826\n")
        self.nodes = [
            node("seed", "raw_orders", config={"delimiter": ";", "column_types": {"zip": "text"}}),
            node("model", "orders", "seed.shop.raw_orders", sql='from "db"."main"."raw_orders";'),
        ]
        self.sources: list[Any] = []

    def declared(self, **options: Any) -> list[Declaration]:
        """What it declares, as it stands."""
        manifest = {
            "nodes": {each["unique_id"]: each for each in self.nodes},
            "sources": {each["unique_id"]: each for each in self.sources},
        }
        (self.folder / "target" / "manifest.json").write_text(json.dumps(manifest))
        with collecting() as found:
            dbt_project(self.folder, **options)
        return list(found)

    def assets(self, **options: Any) -> dict[str, AssetDeclaration]:
        """Key -> what is declared under it."""
        found = (each for each in self.declared(**options) if isinstance(each, AssetDeclaration))
        return {each.label: each for each in found}

    def check(self) -> CheckDeclaration:
        """The only check."""
        (found,) = (each for each in self.declared() if isinstance(each, CheckDeclaration))
        return found

    def add_test(self, sql: str, *reads: str, **config: Any) -> None:
        """A test that reads these nodes."""
        self.nodes.append(node("test", "none_is_bad", *reads, sql=sql, config=config))


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    yield Shop(tmp_path)


def judged(check: CheckDeclaration, **columns: list[Any]) -> CheckOutcome:
    """What the check says to a table of these columns."""
    outcome: CheckOutcome = check.function(convert(pa.table(columns)))
    return outcome


def test_a_model_reads_the_keys_of_what_dbt_calls_tables(shop: Shop) -> None:
    shop.nodes += [
        node("model", "orders_old", "model.shop.orders", sql=f"from {ORDERS} where 1 = 1"),
        node(
            "model",
            "both",
            "model.shop.orders",
            "model.shop.orders_old",
            sql="select * from db.main.orders join db.main.orders_old on db.main.orders.id = 1",
        ),
    ]
    for each in shop.nodes:
        if each["name"] == "both":
            continue
        each["relation_name"] = each["relation_name"].replace('"', "")
        each["compiled_code"] = (each["compiled_code"] or "").replace('"', "")
    assets = shop.assets()
    assert assets["main.orders"].sql == "from {{main.raw_orders}}"
    assert assets["main.orders_old"].sql == "from {{main.orders}} where 1 = 1"
    assert "{{main.orders}} join {{main.orders_old}} on" in assets["main.both"].sql


def test_schemas_have_the_names_that_are_given_and_sources_are_left_to_others(shop: Shop) -> None:
    source = node("source", "customers", relation_name='"db"."crm"."customers"')
    shop.sources.append({**source, "unique_id": "source.shop.crm.customers", "source_name": "crm"})
    reads = "source.shop.crm.customers"
    shop.nodes.append(node("model", "people", reads, sql='from "db"."crm"."customers"'))
    assets = shop.assets(namespaces={"main": "tea"})
    assert sorted(assets) == ["tea.orders", "tea.people", "tea.raw_orders"]
    assert assets["tea.people"].sql == "from {{crm.customers}}"


def test_a_seed_is_read_as_it_says_and_is_other_code_with_other_rows(shop: Shop) -> None:
    seed = shop.assets()["main.raw_orders"]
    assert seed.function is not None
    assert seed.function().fetchall() == [(1, "01067"), (2, "02826")]
    (shop.folder / "seeds" / "raw_orders.csv").write_text("id;zip\n1;01067\n")
    again = shop.assets()["main.raw_orders"]
    assert again.options["code_version"] != seed.options["code_version"]
    (shop.folder / "seeds" / "raw_orders.csv").unlink()
    with pytest.raises(Invalid, match=r"seed\.shop\.raw_orders cannot be read"):
        shop.declared()


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (node("snapshot", "x", sql="select 1"), "its own earlier rows"),
        (node("model", "x", sql="def model(dbt, session): ...", language="python"), "in python"),
        (node("model", "x"), "its SQL is not in the manifest"),
        (node("model", "x", sql='from "db"."main"."x"'), "to add to its own rows"),
    ],
)
def test_what_is_no_select_is_refused_until_it_is_left_out(
    shop: Shop, made: dict[str, Any], reason: str
) -> None:
    shop.nodes.append(made)
    with pytest.raises(Invalid, match=reason) as error:
        shop.declared()
    assert error.value.code == "DBT_NODES_UNRUNNABLE"
    assert "exclude=" in error.value.hint
    assert sorted(shop.assets(exclude=["x*"])) == ["main.orders", "main.raw_orders"]


def test_a_test_of_one_table_is_a_check_of_it(shop: Shop) -> None:
    shop.add_test(f"select id from {ORDERS} where id < 0;", "model.shop.orders")
    check = shop.check()
    assert (check.asset, check.name, check.blocking) == ("main.orders", "none_is_bad", True)
    assert judged(check, id=[1, 2]) == CheckOutcome(True, "", {"failures": 0})
    assert judged(check, id=[1, -2]) == CheckOutcome(False, "it finds 1", {"failures": 1})


def test_a_test_that_warns_holds_nothing_up_and_counts_as_it_says(shop: Shop) -> None:
    config = {"severity": "warn", "warn_if": "> 5", "fail_calc": "sum(id)"}
    shop.add_test(f"from {ORDERS}", "model.shop.orders", **config)
    check = shop.check()
    assert not check.blocking
    assert judged(check, id=[2, 3]).passed
    assert judged(check, id=[2, 4]).message == "it finds 6"


def test_a_test_of_several_tables_is_a_table_of_what_it_finds(shop: Shop) -> None:
    reads = ("model.shop.orders", "seed.shop.raw_orders")
    shop.add_test(f'from {ORDERS} anti join "db"."main"."raw_orders" using (id)', *reads)
    assert shop.assets()["main.none_is_bad"].sql.startswith("from {{main.orders}} anti join")
    check = shop.check()
    assert check.asset == "main.none_is_bad"
    assert judged(check, id=[]).passed
    assert not judged(check, id=[7]).passed


def test_a_test_of_what_is_left_out_is_left_out(shop: Shop) -> None:
    shop.add_test(f"from {ORDERS}", "model.shop.orders")
    assert [each.source.line for each in shop.declared(exclude=["orders"])] == [1]
