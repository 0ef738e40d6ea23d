"""Assets whose data is not kept, and data that somebody else writes: versions, reads, staleness."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import write_deltalake

from arco import AssetContext, asset, check, external_asset
from arco.errors import Invalid
from arco.orchestration.staleness import StaleReason
from arco.orchestration.tables import PARTITION_STATUS
from arco.testing import Workbench, materialize

Rows = list[dict[str, Any]]


def version(bench: Workbench, key: str) -> str:
    status = bench.state.get(PARTITION_STATUS, key, "")
    assert status is not None and status.materialization is not None
    return status.materialization.data_version


def test_a_value_that_is_not_kept_leaves_its_version_its_facts_and_its_cursor() -> None:
    told = iter(["a", "a", "b"])

    @asset(namespace="shop", format="none")
    def notified(context: AssetContext) -> str:
        context.add_metadata(sent=3)
        context.move_cursor((context.cursor or 0) + 1)
        return next(told)

    @asset(namespace="shop", deps=["shop.notified"])
    def report() -> Rows:
        return [{"n": 1}]

    bench = Workbench(notified, report)
    result = bench.run()
    assert result[notified].metadata == {"sent": 3, "arco.cursor": 1}
    assert result[notified].output is None
    assert version(bench, "shop.notified") == "value:a"
    bench.run(notified)
    assert version(bench, "shop.notified") == "value:a"
    assert bench.run(notified)[notified].metadata["arco.cursor"] == 3
    assert version(bench, "shop.notified") == "value:b"


@pytest.mark.parametrize(
    ("value", "begins"),
    [(7, "value:7"), ({"b": 1, "a": [2]}, "json:"), (pa.table({"a": [1]}), ""), (None, "R1/")],
)
def test_equal_values_have_equal_versions_and_none_is_new_each_time(
    value: Any, begins: str
) -> None:
    def versions() -> tuple[str, str]:
        @asset(namespace="shop", format="none")
        def step() -> Any:
            return value

        bench = Workbench(step)
        bench.run()
        first = version(bench, "shop.step")
        bench.run()
        return first, version(bench, "shop.step")

    first, second = versions()
    assert first.startswith(begins)
    assert (first == second) is (value is not None)


def test_what_nobody_keeps_cannot_be_read_or_checked() -> None:
    @asset(namespace="shop", format="none", write_mode="append")
    def step() -> None: ...

    @asset(namespace="shop")
    def report(step: Rows) -> Rows:
        return step

    @check(step)
    def fine(step: Rows) -> bool:
        return True

    with pytest.raises(Invalid) as refused:
        Workbench(step, report)
    assert 'format="none" keeps no data, so that write_mode says nothing' in refused.value.message
    step.__arco_declaration__.options.pop("write_mode")
    with pytest.raises(Invalid) as refused:
        Workbench(step, report, fine)
    assert "shop.report cannot read shop.step, which keeps no data" in refused.value.message
    assert "shop.step keeps no data that check fine could look at" in refused.value.message


def test_an_external_delta_table_is_read_at_the_version_that_was_observed(tmp_path: Path) -> None:
    where = str(tmp_path / "events")
    write_deltalake(where, pa.table({"n": [1, 2]}))
    events = external_asset("raw.events", location=where)

    @asset(namespace="shop")
    def total(raw_events: Rows) -> Rows:
        return [{"n": sum(row["n"] for row in raw_events)}]

    bench = Workbench(events, total)
    result = bench.run()
    assert result[events].metadata["rows"] == 2
    assert bench.table(total).to_arrow().to_pylist() == [{"n": 3}]
    write_deltalake(where, pa.table({"n": [10]}), mode="append")
    assert bench.stale() == []
    bench.run(total)
    assert bench.table(total).to_arrow().to_pylist() == [{"n": 3}]
    bench.run(events)
    (stale,) = bench.stale()
    assert (stale.asset, stale.reason) == ("shop.total", StaleReason.UPSTREAM_CHANGED)
    bench.run(which="stale")
    assert bench.table(total).to_arrow().to_pylist() == [{"n": 13}]


def test_external_parquet_files_change_their_version_when_one_is_written_again(
    tmp_path: Path,
) -> None:
    pq.write_table(pa.table({"n": [1]}), tmp_path / "a.parquet")
    events = external_asset("raw.events", location=str(tmp_path), format="parquet")

    @asset(namespace="shop")
    def total(raw_events: Rows) -> Rows:
        return [{"n": sum(row["n"] for row in raw_events)}]

    bench = Workbench(events, total)
    bench.run()
    seen = version(bench, "raw.events")
    bench.run(events)
    assert version(bench, "raw.events") == seen
    pq.write_table(pa.table({"n": [5]}), tmp_path / "b.parquet")
    bench.run(events)
    assert version(bench, "raw.events") != seen
    bench.run(which="stale")
    assert bench.table(total).to_arrow().to_pylist() == [{"n": 6}]


def test_an_observe_function_names_the_version_of_what_cannot_be_looked_at() -> None:
    tags = iter(["v1", "v1", "v2"])
    release = external_asset("raw.release", observe=lambda: next(tags))

    @asset(namespace="shop", deps=[release])
    def mirror() -> Rows:
        return [{"n": 1}]

    bench = Workbench(release, mirror)
    assert bench.run().succeeded
    assert version(bench, "raw.release") == "value:v1"


def test_checks_look_at_external_data_and_a_blocking_one_stops_what_reads_it(
    tmp_path: Path,
) -> None:
    write_deltalake(str(tmp_path), pa.table({"n": [-1]}))
    events = external_asset("raw.events", location=str(tmp_path))

    @check(events)
    def positive(events: Rows) -> tuple[bool, str]:
        return all(row["n"] > 0 for row in events), "negative"

    @asset(namespace="shop")
    def total(raw_events: Rows) -> Rows:
        return raw_events

    result = Workbench(events, positive, total).run()
    assert [each.asset for each in result.failures] == ["raw.events"]
    assert result[total].state == "SKIPPED"


def test_external_data_that_is_not_there_or_that_a_test_gives(tmp_path: Path) -> None:
    events = external_asset("raw.events", location=str(tmp_path / "none"))

    @asset(namespace="shop")
    def total(raw_events: Rows) -> Rows:
        return raw_events

    (failed,) = Workbench(events, total).run().failures
    assert failed.error is not None and "no table stands at" in failed.error.message
    result = materialize([events, total], inputs={"raw.events": [{"n": 1}]})
    assert result[total].data.to_arrow().to_pylist() == [{"n": 1}]


def test_an_external_asset_of_which_nothing_is_known_is_refused() -> None:
    with pytest.raises(Invalid, match="say where its data stands, location="):
        Workbench(external_asset("raw.events"))
    strange: Any = "csv"
    with pytest.raises(Invalid, match="format is 'csv'; delta and parquet can be read"):
        Workbench(external_asset("raw.events", location="x", format=strange))
