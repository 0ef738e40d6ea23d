"""Plans of imports: what projects of other tools would become, read without running them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from arco.cli.main import arco
from arco.errors import Invalid
from arco.sdk.importing.airflow import airflow_plan
from arco.sdk.importing.dagster import dagster_plan
from arco.sdk.importing.dbt import dbt_plan
from arco.sdk.importing.plan import ImportPlan

RUINOUS = "open('ran', 'w').write('it ran')\n"


def node(kind: str, name: str, *upstreams: str, **more: Any) -> dict[str, Any]:
    return {
        "unique_id": f"{kind}.shop.{name}",
        "resource_type": kind,
        "name": name,
        "schema": "Main",
        "depends_on": {"nodes": list(upstreams), "macros": []},
        "original_file_path": f"models/{name}.sql",
        "config": {"materialized": "table"},
        "checksum": {"name": "sha256"},
        **more,
    }


def shop(folder: Path) -> Path:
    """A dbt project as its `target/` tells of it."""
    test = node(
        "test",
        "unique_orders_id",
        "model.shop.orders",
        test_metadata={"name": "unique"},
        column_name="id",
        config={"severity": "warn"},
    )
    own = node("test", "no_negative_amount", "model.shop.orders")
    nodes = [
        node("seed", "raw_orders"),
        node("model", "stg_orders", "seed.shop.raw_orders", config={"materialized": "view"}),
        node("model", "orders", "model.shop.stg_orders", "source.shop.crm.customers"),
        node("model", "daily", "model.shop.orders", config={"materialized": "incremental"}),
        node("model", "helper", "model.shop.orders", config={"materialized": "ephemeral"}),
        test,
        own,
    ]
    source = {**node("source", "customers"), "unique_id": "source.shop.crm.customers"}
    manifest = {
        "metadata": {"dbt_schema_version": "v12"},
        "nodes": {each["unique_id"]: each for each in nodes},
        "sources": {"source.shop.crm.customers": {**source, "source_name": "crm"}},
        "exposures": {"exposure.shop.page": {}},
    }
    results = {
        "results": [
            {"unique_id": "model.shop.orders", "status": "success"},
            {"unique_id": "test.shop.unique_orders_id", "status": "fail"},
        ]
    }
    target = folder / "target"
    target.mkdir()
    (target / "manifest.json").write_text(json.dumps(manifest))
    (target / "run_results.json").write_text(json.dumps(results))
    return folder


def graph(plan: ImportPlan) -> dict[str, tuple[str, ...]]:
    return {each.key: each.upstreams for each in plan.assets}


def test_a_dbt_project_becomes_assets_checks_and_lineage(tmp_path: Path) -> None:
    plan = dbt_plan(shop(tmp_path))
    assert graph(plan) == {
        "crm.customers": (),
        "main.daily": ("main.orders",),
        "main.orders": ("crm.customers", "main.stg_orders"),
        "main.raw_orders": (),
        "main.stg_orders": ("main.raw_orders",),
    }
    orders = next(each for each in plan.assets if each.key == "main.orders")
    assert orders.outcome == "success"
    assert [(c.what, c.blocking, c.outcome) for c in orders.checks] == [
        ("a query that finds no row", True, ""),
        ("unique(id)", False, "fail"),
    ]
    assert [each.kind for each in plan.assets] == ["external", "sql", "sql", "seed", "sql"]


def test_what_reads_an_ephemeral_model_reads_what_that_reads(tmp_path: Path) -> None:
    folder = shop(tmp_path)
    file = folder / "target" / "manifest.json"
    manifest = json.loads(file.read_text())
    manifest["nodes"]["model.shop.top"] = node("model", "top", "model.shop.helper")
    file.write_text(json.dumps(manifest))
    assert graph(dbt_plan(folder))["main.top"] == ("main.orders",)


def test_what_dbt_has_and_this_has_not_is_said(tmp_path: Path) -> None:
    notes = "\n".join(dbt_plan(shop(tmp_path)).notes)
    assert "model.shop.helper is ephemeral" in notes
    assert "model.shop.daily is incremental" in notes
    assert "1 exposures have no counterpart" in notes


@pytest.mark.parametrize("text", ["", "{", "[]", '{"nodes": {"a": 1}}'])
def test_a_manifest_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(Invalid, match=r"manifest\.json cannot be read"):
        dbt_plan(tmp_path)


def test_a_folder_without_a_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"holds no manifest\.json"):
        dbt_plan(tmp_path)


DAGSTER = '''
import dagster as dg

@dg.asset(key_prefix=["raw"], group_name="ingest")
def orders():
    """All orders."""

@dg.asset(deps=[orders, "crm/customers"])
def sales(context): ...

@dg.asset(name="Report-1")
def report(sales): ...

@dg.asset_check(asset=orders, blocking=True)
def not_empty(orders): ...

@dg.sensor(job_name="x")
def watch(): ...

nightly = dg.ScheduleDefinition(
    name="nightly", job_name="x", cron_schedule="0 6 * * *", execution_timezone="Europe/Berlin"
)
'''


def test_dagster_definitions_are_read_and_never_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "defs.py").write_text(RUINOUS + DAGSTER)
    plan = dagster_plan(tmp_path)
    assert graph(plan) == {
        "main.report_1": ("main.sales",),
        "main.sales": ("crm.customers", "raw.orders"),
        "raw.orders": (),
    }
    orders = plan.assets[-1]
    assert (orders.group, orders.description) == ("ingest", "All orders.")
    assert [(each.name, each.blocking) for each in orders.checks] == [("not_empty", True)]
    (schedule,) = plan.schedules
    assert (schedule.cron, schedule.timezone) == ("0 6 * * *", "Europe/Berlin")
    assert any("sensors are declared anew" in note for note in plan.notes)
    assert not (tmp_path / "ran").exists()


AIRFLOW = '''
from airflow import DAG
from airflow.decorators import dag, task
from airflow.operators.bash import BashOperator

with DAG("shop-etl", schedule="0 6 * * *") as d:
    extract = BashOperator(task_id="extract", bash_command="x")
    clean = BashOperator(task_id="clean", bash_command="x")
    load, report = BashOperator(task_id="load"), BashOperator(task_id="report")
    publish = BashOperator(task_id="publish", bash_command="x")
    extract >> clean >> [publish]
    publish.set_upstream(extract)

@task
def fetch():
    """Fetches."""

@task.branch()
def store(rows): ...

@dag(schedule=None)
def flow():
    rows = fetch()
    store(rows)

flow()
'''


def test_airflow_dags_are_read_and_never_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dags.py").write_text(RUINOUS + AIRFLOW)
    plan = airflow_plan(tmp_path)
    assert graph(plan) == {
        "flow.fetch": (),
        "flow.store": ("flow.fetch",),
        "shop_etl.clean": ("shop_etl.extract",),
        "shop_etl.extract": (),
        "shop_etl.load": (),
        "shop_etl.publish": ("shop_etl.clean", "shop_etl.extract"),
        "shop_etl.report": (),
    }
    (schedule,) = plan.schedules
    assert (schedule.name, schedule.cron, schedule.selection) == (
        "shop_etl",
        "0 6 * * *",
        ("shop_etl.*",),
    )
    assert not (tmp_path / "ran").exists()


def test_a_file_that_is_no_python_is_a_note_and_the_others_are_read(tmp_path: Path) -> None:
    (tmp_path / "good.py").write_text(DAGSTER)
    (tmp_path / "bad.py").write_text("def broken(:\n")
    plan = dagster_plan(tmp_path)
    assert len(plan.assets) == 3
    assert plan.notes[0].startswith("bad.py cannot be read")


def test_two_things_of_one_name_are_a_note(tmp_path: Path) -> None:
    text = "import dagster as dg\n@dg.asset\ndef a(): ...\n@dg.asset(name='A')\ndef b(): ...\n"
    (tmp_path / "defs.py").write_text(text)
    assert any("would both be main.a" in note for note in dagster_plan(tmp_path).notes)


def test_the_command_shows_the_graph(tmp_path: Path) -> None:
    told = CliRunner().invoke(arco, ["import-plan", "dbt", str(shop(tmp_path))])
    assert told.exit_code == 0, told.output
    assert told.output.startswith("dbt: 5 assets, 2 checks, 0 schedules")
    assert "dbt_project(PATH)" in told.output
    assert "crm.customers, main.stg_orders" in told.output
    as_json = CliRunner().invoke(arco, ["import-plan", "dbt", str(tmp_path), "--json"])
    assert json.loads(as_json.output)["tool"] == "dbt"
