"""Assets that do not begin anew: merges by keys, and cursors that move with what is published."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from arco import AssetContext, DailyPartitions, asset
from arco.errors import Invalid
from arco.formats.merging import merged
from arco.testing import Workbench
from tests.unit.test_materialize import NOON

Rows = list[dict[str, Any]]


def test_rows_take_the_place_of_those_with_their_keys_and_others_stay() -> None:
    batches = iter([[{"id": 1, "n": "a"}, {"id": 2, "n": "b"}], [{"id": 2, "n": "c"}, {"id": 3}]])

    @asset(namespace="shop", write_mode="merge", merge_keys=["id"])
    def customers() -> Rows:
        return next(batches)

    @asset(namespace="shop")
    def seen(customers: Rows) -> Rows:
        return [{"rows": len(customers)}]

    bench = Workbench(customers, seen)
    assert bench.run().succeeded
    result = bench.run()
    assert result[seen].data.to_arrow().to_pylist() == [{"rows": 3}]
    assert bench.table(customers).to_arrow().to_pylist() == [
        {"id": 1, "n": "a"},
        {"id": 2, "n": "c"},
        {"id": 3, "n": None},
    ]


def test_a_merge_stays_in_its_partition() -> None:
    @asset(
        namespace="shop",
        partitions=DailyPartitions(start="2026-03-01"),
        write_mode="merge",
        merge_keys=["id"],
    )
    def visits(context: AssetContext) -> Rows:
        return [{"id": 1, "run": context.run_id}]

    bench = Workbench(visits, now=NOON)
    bench.run(partition="2026-03-01..2026-03-02")
    assert bench.run(partition="2026-03-02").succeeded
    rows = bench.table(visits).to_arrow().sort_by("_date").to_pydict()
    assert rows["run"] == ["R1", "R2"]


def test_equal_merges_have_equal_bytes_whatever_came_before() -> None:
    before = pa.table({"id": list(range(1000)), "n": ["x"] * 1000})
    rows = pa.table({"id": [7, 999, 2000], "n": ["y"] * 3})
    first = merged(before, rows, keys=["id"])
    assert first.equals(merged(before, rows, keys=["id"]))
    assert first.column("id").to_pylist() == [
        *(n for n in range(1000) if n not in (7, 999)),
        7,
        999,
        2000,
    ]


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([{"id": 1}, {"id": 1}], "1 keys come more than once, for example [{'id': 1}]"),
        ([{"id": None}, {"id": 1}], "1 rows have no id"),
        ([{"name": "a"}], "the data has no column id"),
        ([{"id": "one"}], "keys of another type than the published ones"),
    ],
)
def test_rows_that_cannot_be_merged_are_refused_with_the_reason(rows: Rows, sentence: str) -> None:
    before = pa.table({"id": pa.array([5], pa.int64())})
    with pytest.raises(Invalid) as refused:
        merged(before, pa.Table.from_pylist(rows), keys=["id"])
    assert sentence in refused.value.message


def test_merging_needs_keys_and_keys_need_merging() -> None:
    @asset(namespace="shop", write_mode="merge")
    def keyless() -> Rows:
        return []

    @asset(namespace="shop", merge_keys=["id"])
    def appended() -> Rows:
        return []

    for wrong, sentence in (
        (keyless, "needs merge_keys=["),
        (appended, 'needs write_mode="merge"'),
    ):
        with pytest.raises(Invalid, match="cannot be deployed") as refused:
            Workbench(wrong)
        assert sentence in str(refused.value)


@asset(namespace="shop", write_mode="append", retries=1)
def events(context: AssetContext, source: Rows) -> Rows:
    since = context.cursor or 0
    found = [row for row in source if row["n"] > since]
    context.move_cursor(max((row["n"] for row in found), default=since))
    return found


def test_a_cursor_moves_only_with_what_is_published() -> None:
    grown = {"source": [{"n": 1}, {"n": 2}]}

    @asset(namespace="shop")
    def checked(events: Rows) -> None:
        return None

    bench = Workbench(events, checked, inputs={"shop.source": lambda: grown["source"]}, now=NOON)
    assert bench.run().succeeded
    grown["source"].append({"n": 3})
    bench.fail(checked)
    assert not bench.run().succeeded
    bench.fail(events)
    result = bench.run()
    assert result[events].data.to_arrow().to_pylist() == [{"n": 3}]
    assert result[events].attempts == 2
    assert bench.run()[events].data.count_rows() == 0
    assert bench.table(events).to_arrow().to_pydict() == {"n": [1, 2, 3]}


def test_a_cursor_that_would_move_without_rows_is_refused() -> None:
    @asset(namespace="shop")
    def hasty(context: AssetContext) -> None:
        context.move_cursor("2026-03-10")

    result = Workbench(hasty).run()
    assert "moved its cursor to '2026-03-10' and returned nothing" in str(result[hasty].raised)
