"""Assets that are made from their own earlier partitions: the order of a run, staleness, bounds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from arco import AssetContext, AssetRef, DailyPartitions, TimeWindowMapping, asset
from arco.errors import Invalid
from arco.orchestration.definitions import Dependency
from arco.orchestration.outcomes import Completion
from arco.orchestration.staleness import StaleReason
from arco.testing import Workbench
from arco.testing.orchestration_samples import asset as definition
from tests.unit.test_backfills import create, finish, named, out, row, shop

Rows = list[dict[str, Any]]
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
DAYS = DailyPartitions(start="2026-03-01")
YESTERDAY = TimeWindowMapping(start_offset=-1, end_offset=-1)


def balance_of(moved: dict[int, int]) -> Any:
    @asset(
        namespace="shop",
        partitions=DAYS,
        inputs={"before": AssetRef("shop.balance", mapping=YESTERDAY)},
    )
    def balance(context: AssetContext, before: Rows) -> Rows:
        held = before[0]["amount"] if before is not None else 100
        return [{"amount": held + moved[context.partition["date"].day]}]  # type: ignore[union-attr]

    return balance


def amounts(bench: Workbench, balance: Any) -> list[int]:
    return bench.table(balance).to_arrow().sort_by("_date").column("amount").to_pylist()


def test_each_day_is_made_from_the_day_before_and_the_first_from_nothing() -> None:
    balance = balance_of({1: 1, 2: 10, 3: 1000})
    bench = Workbench(balance, now=NOON)
    result = bench.run()
    assert result.succeeded
    assert amounts(bench, balance) == [101, 111, 1111]


def test_an_earlier_day_that_changes_makes_every_later_day_stale() -> None:
    moved = {1: 1, 2: 10, 3: 1000}
    balance = balance_of(moved)
    bench = Workbench(balance, now=NOON)
    bench.run()
    assert bench.stale() == []
    moved[1] = 2
    bench.run(partition="2026-03-01")
    stale = {each.partition_key: each for each in bench.stale()}
    assert sorted(stale) == ["date=d:2026-03-02", "date=d:2026-03-03"]
    last = stale["date=d:2026-03-03"]
    assert last.reason is StaleReason.UPSTREAM_CHANGED
    assert [key for _, key in last.path][-1] == "date=d:2026-03-01"
    assert bench.run(which="stale").succeeded
    assert amounts(bench, balance) == [102, 112, 1112]
    assert bench.stale() == []


def test_a_day_whose_day_before_is_missing_says_so() -> None:
    balance = balance_of({3: 1})
    result = Workbench(balance, now=NOON).run(partition="2026-03-03")
    (failed,) = result.failures
    assert failed.error is not None
    assert "shop.balance was never materialized for date=d:2026-03-02" in failed.error.message


@pytest.mark.parametrize("mapping", [None, TimeWindowMapping(start_offset=-1)])
def test_an_asset_that_would_wait_for_itself_is_refused(mapping: TimeWindowMapping | None) -> None:
    @asset(
        namespace="shop",
        partitions=DAYS,
        inputs={"before": AssetRef("shop.balance", mapping=mapping)},
    )
    def balance(before: Rows) -> Rows:
        return before

    with pytest.raises(Invalid, match="An asset reads itself only of earlier time"):
        Workbench(balance)


def test_a_backfill_makes_one_day_after_the_other_and_stops_behind_one_that_fails() -> None:
    days = DailyPartitions(start="2026-01-01", end="2026-01-05")
    before = Dependency("shop.balance", parameter="before", mapping=YESTERDAY)
    bench = shop(definition("shop.balance", partitions=days, dependencies=(before,)))
    create(bench, "shop.balance", runs_per="partition")
    assert named(out(bench)) == ["shop.balance 2026-01-01"]
    bench.answer(out(bench)[0], Completion())
    assert named(out(bench)) == ["shop.balance 2026-01-02"]
    finish(bench, "shop.balance 2026-01-02")
    assert row(bench).failed == 3
