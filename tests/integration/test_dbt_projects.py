"""A dbt project runs from its manifest, without dbt, and comes to what dbt came to."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tests.integration.cli_project import Project

SHOP = Path(__file__).parent / "teashop"
CODE = """
from arco.dbt import dbt_project

dbt_project("teashop", namespaces={"shop_dbt_test__audit": "shop_tests"})
"""
ROWS = "SELECT * EXCLUDE (first_order), first_order::varchar AS first_order FROM shop.guests"
CHECKS = """SELECT asset, count(*) AS checks FROM system.orchestration.checks
WHERE passed GROUP BY asset ORDER BY asset"""
ORDERS = SHOP / "seeds" / "raw_orders.csv"


def test_a_dbt_project_comes_to_what_dbt_came_to_and_its_tests_hold_up_bad_data(
    tmp_path: Path,
) -> None:
    project = Project(tmp_path / "shop", CODE)
    shutil.copytree(SHOP, project.directory / "teashop")
    assert "run" in project.arco("run").text
    expected = json.loads((SHOP / "guests.json").read_text())
    assert project.arco("sql", ROWS, "--json").json() == expected
    assert project.arco("sql", CHECKS, "--json").json() == [
        {"asset": "shop.guests", "checks": 2},
        {"asset": "shop.orders", "checks": 3},
        {"asset": "shop_staging.stg_guests", "checks": 2},
        {"asset": "shop_staging.stg_orders", "checks": 1},
        {"asset": "shop_tests.guests_paid_what_orders_cost", "checks": 1},
        {
            "asset": "shop_tests.relationships_orders_guest_id__guest_id__ref_stg_guests",
            "checks": 1,
        },
    ]
    # The ephemeral model is part of what reads it.
    above = project.arco("lineage", "shop.orders", "--json").json()
    assert "shop_staging.stg_payments" in json.dumps(above)
    seed = project.directory / "teashop" / "seeds" / "raw_orders.csv"
    seed.write_text(ORDERS.read_text().replace("4,3,2024", "4,99,2024"))
    refused = project.arco("run", code=1)
    assert "relationships_orders_guest_id__guest_id__ref_stg_guests: it finds 1" in refused.text
    assert "raw_guests" not in refused.text
    assert project.arco("sql", ROWS, "--json").json() == expected
