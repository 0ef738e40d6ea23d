"""Assets tried in memory: `materialize` and `Workbench` do what a workspace does, without one."""

from __future__ import annotations

import asyncio
import logging
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import polars as pl
import pytest

from arco import (
    AssetContext,
    CheckOutcome,
    DailyPartitions,
    DynamicPartitions,
    asset,
    check,
    schedule,
    sql_asset,
)
from arco.errors import Invalid, Precondition
from arco.execution import tables
from arco.execution.attempts import attempt
from arco.execution.workshops import Cancellation, workshop
from arco.orchestration.states import TaskState
from arco.runtime import AsyncioRuntime
from arco.store.local import LocalStore
from arco.testing import InjectedFault, Workbench, materialize
from tests.integration.worker_process import envelope_of

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
DAYS = DailyPartitions(start="2026-03-01")
ORDERS = [{"customer": "ada", "amount": 3}, {"customer": "bob", "amount": 4}]


@asset(namespace="shop", retries=2, retry_delay_seconds=60)
def revenue(context: AssetContext, orders: pl.DataFrame) -> pl.DataFrame:
    print("adding up")
    context.log.info("reading %s rows", orders.height)
    context.add_metadata(customers=orders["customer"].n_unique())
    return orders.select(total=pl.sum("amount"))


@asset(namespace="shop")
async def report(revenue: pd.DataFrame) -> list[dict[str, Any]]:
    await asyncio.sleep(0)
    return [{"line": f"total {revenue['total'][0]}"}]


@check(revenue)
def is_positive(data: list[dict[str, int]]) -> CheckOutcome:
    return CheckOutcome(data[0]["total"] > 0, f"total is {data[0]['total']}")


biggest = sql_asset("shop.biggest", "select max(amount) as amount from shop.orders")


@asset(namespace="shop", partitions=DAYS)
def visits(context: AssetContext) -> list[dict[str, Any]]:
    return [{"day": context.partition["date"].isoformat()}]


def test_assets_are_made_from_given_rows_with_their_checks_metadata_and_logs() -> None:
    result = materialize([revenue, report, is_positive, biggest], inputs={"shop.orders": ORDERS})
    assert result.succeeded
    assert result[revenue].data.to_arrow().to_pylist() == [{"total": 7}]
    assert result["shop.report"].data.to_arrow().to_pylist() == [{"line": "total 7"}]
    assert result[biggest].data.to_arrow().to_pylist() == [{"amount": 4}]
    assert result[revenue].metadata == {"customers": 2}
    assert result[revenue].logs == ("adding up", "INFO shop.revenue: reading 2 rows")
    assert result[revenue].checks["is_positive"].passed


def test_what_an_asset_raises_is_raised_and_a_failed_check_says_why() -> None:
    @asset(namespace="shop")
    def broken() -> None:
        raise KeyError("no such customer")

    with pytest.raises(KeyError, match="no such customer"):
        materialize([broken])
    with pytest.raises(Precondition, match="is_positive: total is 0"):
        materialize(
            [revenue, is_positive], inputs={"shop.orders": [{"customer": "a", "amount": 0}]}
        )


def test_it_works_where_a_loop_runs_already() -> None:
    async def notebook() -> str:
        result = materialize([revenue, report], inputs={"shop.orders": ORDERS})
        return str(result[report].data.to_arrow().to_pylist()[0]["line"])

    assert asyncio.run(notebook()) == "total 7"


def test_a_missing_upstream_is_named_with_the_way_out() -> None:
    with pytest.raises(Invalid, match=r"shop\.revenue: 'orders' names no asset") as refused:
        materialize([revenue])
    assert "inputs" in refused.value.hint


def test_a_given_input_takes_the_place_of_an_asset_and_of_its_upstreams() -> None:
    result = materialize([revenue, report], inputs={revenue: [{"total": 12}]})
    assert result[report].data.to_arrow().to_pylist() == [{"line": "total 12"}]
    assert "shop.orders" not in result


def test_a_given_input_of_a_partitioned_asset_gives_each_partition_its_rows() -> None:
    @asset(namespace="shop", partitions=DAYS)
    def counted(visits: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{"visits": len(visits)}]

    rows = [
        {"_date": datetime(2026, 3, 2).date(), "who": "ada"},
        {"_date": datetime(2026, 3, 2).date(), "who": "bob"},
        {"_date": datetime(2026, 3, 3).date(), "who": "bob"},
    ]
    result = materialize(
        [visits, counted], inputs={visits: rows}, partition="2026-03-02..2026-03-03", now=NOON
    )
    found = [
        result[counted, day].data.to_arrow().to_pylist() for day in ("2026-03-02", "2026-03-03")
    ]
    assert [rows[0]["visits"] for rows in found] == [2, 1]
    with pytest.raises(Invalid, match=r"2 tasks of this run are shop\.counted"):
        result[counted]


def test_a_module_counts_as_everything_it_declares() -> None:
    module = ModuleType("shop_assets")
    vars(module).update(revenue=revenue, is_positive=is_positive, biggest=biggest)
    result = materialize([module], inputs={"shop.orders": ORDERS})
    assert list(result[revenue].checks) == ["is_positive"]
    assert biggest in result


def test_retries_move_the_clock_on_instead_of_waiting() -> None:
    bench = Workbench(revenue, inputs={"shop.orders": ORDERS}, now=NOON)
    bench.fail(revenue, times=2)
    result = bench.run()
    assert (result[revenue].attempts, bench.now) == (3, NOON + timedelta(minutes=2))
    assert result.succeeded


def test_a_failure_skips_what_is_downstream_and_publishes_nothing() -> None:
    bench = Workbench(revenue, report, inputs={"shop.orders": ORDERS}, now=NOON)
    bench.fail(revenue, times=3, error=ConnectionError("no route"))
    result = bench.run()
    assert result[report].state is TaskState.SKIPPED
    assert isinstance(result[revenue].raised, ConnectionError)
    with pytest.raises(Invalid, match=r"no run published shop\.orders"):
        bench.table("shop.orders")


def test_a_lost_worker_is_not_the_assets_fault() -> None:
    bench = Workbench(report, inputs={revenue: [{"total": 1}]}, now=NOON)
    bench.lose(report)
    result = bench.run()
    assert (result[report].attempts, result.succeeded) == (2, True)
    bench.fail(report)
    assert isinstance(bench.run()[report].raised, InjectedFault)


def test_a_second_run_takes_only_what_is_stale() -> None:
    moods = iter([[{"total": 1}], [{"total": 1}], [{"total": 2}]])
    bench = Workbench(report, biggest, inputs={revenue: lambda: next(moods), "shop.orders": ORDERS})
    bench.run()
    assert bench.stale() == []
    assert bench.run(which="stale").tasks == []
    bench.run(revenue)
    assert bench.stale() == []
    bench.run(revenue)
    assert [each.asset for each in bench.stale()] == ["shop.report"]


def test_what_was_appended_is_read_on_top_of_what_was_there() -> None:
    @asset(namespace="shop", write_mode="append")
    def events() -> list[dict[str, int]]:
        return [{"a": 1}]

    @asset(namespace="shop")
    def seen(events: list[dict[str, int]]) -> list[dict[str, int]]:
        return [{"rows": len(events)}]

    bench = Workbench(events, seen)
    bench.run()
    bench.run()
    assert bench.table(events).count_rows() == 2
    assert bench.table(seen).to_arrow().to_pylist() == [{"rows": 2}]


def test_schedules_start_runs_while_time_passes() -> None:
    nightly = schedule("0 6 * * *", name="nightly", select="shop.report", which="all")
    bench = Workbench(report, nightly, inputs={revenue: [{"total": 1}]}, now=NOON)
    bench.run(revenue)
    runs = bench.wait(days=2)
    assert [run.succeeded for run in runs] == [True, True]
    assert bench.now == NOON + timedelta(days=2)


def test_partitions_can_be_added_while_it_stands() -> None:
    @asset(namespace="shop", partitions=DynamicPartitions("shops", dimension="shop"))
    def sales(context: AssetContext) -> list[dict[str, str]]:
        return [{"name": str(context.partition["shop"])}]

    bench = Workbench(sales)
    bench.add_partitions("shops", "berlin", "paris")
    assert len(bench.run().tasks) == 2
    assert bench.table(sales).to_arrow().to_pydict()["name"] == ["berlin", "paris"]


def test_the_schema_policy_refuses_what_a_table_of_files_would_refuse() -> None:
    shapes = iter([[{"a": 1}], [{"a": "one"}]])

    @asset(namespace="shop")
    def shape() -> list[dict[str, Any]]:
        return next(shapes)

    bench = Workbench(shape)
    bench.run()
    assert "~ a long -> string" in str(bench.run()[shape].raised)


def test_an_output_in_memory_has_the_schema_and_version_of_one_in_files(tmp_path: Path) -> None:
    bench = Workbench(visits, biggest, inputs={"shop.orders": ORDERS}, now=NOON)
    made = bench.run(visits, partition="2026-03-02")[visits].output
    loaded = bench.definitions.loaded
    shop = workshop(
        loaded,
        LocalStore(tmp_path, AsyncioRuntime()),
        tables=lambda: tables,
        cancellation=Cancellation(),
    )
    definition = next(
        each for each in bench.definitions.manifest.assets if each.key == "shop.visits"
    )
    envelope = envelope_of(definition, 1, partition_key="date=d:2026-03-02")
    filed = attempt(shop, envelope).output
    assert made is not None and filed is not None
    assert (made.schema, made.data_version) == (filed.schema, filed.data_version)
    assert (made.rows, made.partition_values) == (filed.rows, filed.partition_values)


def test_nothing_is_left_behind_in_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = sys.stdout, logging.getLogger().level, list(logging.getLogger().handlers)
    monkeypatch.chdir(tmp_path)
    materialize([revenue], inputs={"shop.orders": ORDERS})
    assert (sys.stdout, logging.getLogger().level, list(logging.getLogger().handlers)) == before
    assert list(tmp_path.iterdir()) == []
