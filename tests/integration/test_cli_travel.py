"""Looking back from the command line: history, differences, and everything as it was."""

from __future__ import annotations

import msgspec
import pytest

from tests.integration.cli_project import SHOP, Project

FOUR = 'pa.table({"order_id": [1, 2, 3, 4], "note": ["a", "b", "c", "d"]})'
THREE = 'pa.table({"order_id": [1, 2, 3], "amount": [10.0, 5.5, 7.0]})'


class Shop(msgspec.Struct, frozen=True, eq=False):
    """A project that was run, changed and run again, and the slot in between."""

    project: Project
    slot: int


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    project = Project(tmp_path_factory.mktemp("travel") / "shop", SHOP)
    project.arco("run")
    slot = project.arco("history", "--limit", "1", "--json").json()[0]["slot"]
    project.write(SHOP.replace(THREE, FOUR))
    project.arco("run")
    return Shop(project, slot)


def test_the_history_says_when_what_and_in_which_run(shop: Shop) -> None:
    slots = shop.project.arco("history", "--limit", "1000", "--json").json()
    assert [line["slot"] for line in slots] == list(range(len(slots) - 1, -1, -1))
    runs = {run for line in slots for run in line["runs"]}
    assert len(runs) == 2
    deployed = [line for line in slots if "orchestration.deployed" in line["events"]]
    assert [line["actors"] for line in deployed] == [["cli"], ["cli"]]
    told = shop.project.arco("history").out
    assert "run_published, table_version_published x 2" in told


def test_the_history_of_a_table_is_its_versions(shop: Shop) -> None:
    versions = shop.project.arco("history", "raw.orders", "--json").json()
    assert [(line["version"], line["rows"]) for line in versions] == [(1, 4), (0, 3)]
    assert versions[1]["slot"] <= shop.slot < versions[0]["slot"]
    assert len(shop.project.arco("history", "raw.orders", "--limit", "1", "--json").json()) == 1
    assert "did you mean raw.orders" in shop.project.arco("history", "raw.order", code=1).err


def test_a_difference_names_tables_columns_partitions_and_rows(shop: Shop) -> None:
    out = shop.project.arco("diff", str(shop.slot)).out
    assert "raw.orders: version 0 -> 1, rows 3 -> 4" in out
    assert "+ note string" in out
    assert "~ partition 2024-02: rows 1" in out
    assert "system.orchestration.runs" in out
    one = shop.project.arco("diff", str(shop.slot), "--table", "raw.orders").out
    assert "mart.totals" not in one and "system." not in one
    rows = shop.project.arco("diff", str(shop.slot), "--table", "orchestration.pins", "--json")
    found = rows.json()["rows"]
    assert [(row["before"]["version"], row["after"]["version"]) for row in found] == [
        (0, 1),
        (0, 1),
    ]
    same = str(shop.slot)
    assert "nothing differs" in shop.project.arco("diff", same, same).out


def test_sql_tables_and_lineage_answer_as_they_did_then(shop: Shop) -> None:
    at = ("--at", str(shop.slot))
    query = "select sum(amount) s, max(order_id) n from raw.orders"
    assert shop.project.arco("sql", query, "--json", *at).json() == [{"s": 22.5, "n": 3}]
    runs = (
        "select count(*) n, (select max(seq) from system.commits) m from system.orchestration.runs"
    )
    assert shop.project.arco("sql", runs, "--json", *at).json() == [{"n": 1, "m": shop.slot}]
    tables = shop.project.arco("tables", "--json", *at).json()
    assert {row["version"] for row in tables} == {0}
    preview = shop.project.arco("tables", "--preview", "raw.orders", *at).out
    assert "amount" in preview
    walk = shop.project.arco("lineage", "mart.totals", "--json", *at).json()
    assert walk["up"]["steps"][0]["upstream"] == "raw.orders"
    assert "no tables then" in shop.project.arco("tables", "--at", "0").out
    gone = shop.project.arco("lineage", "raw.orders", "--at", "0", code=1)
    assert "error TABLE_NOT_FOUND" in gone.err


def test_a_time_is_a_moment_too(shop: Shop) -> None:
    slots = shop.project.arco("history", "--limit", "1000", "--json").json()
    published = next(line for line in slots[::-1] if "catalog.table_registered" in line["events"])
    out = shop.project.arco("tables", "--json", "--at", published["committed_at"]).json()
    assert [row["version"] for row in out] == [0, 0]
    assert shop.project.arco("tables", "--at", "2h ago", code=1).err.startswith(
        "error SLOT_NOT_FOUND"
    )
    assert "error MOMENT_INVALID" in shop.project.arco("tables", "--at", "noon", code=1).err
    assert "the newest is" in shop.project.arco("tables", "--at", "99999", code=1).err
