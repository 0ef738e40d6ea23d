"""Which data version a reader of a pinned table version has read."""

from __future__ import annotations

from datetime import UTC, datetime

from arco.orchestration.inputs import pinned_data_version
from arco.orchestration.rows import Materialization, PartitionStatus


def status(table_version: int | None) -> PartitionStatus:
    made = Materialization(
        run_id="r",
        index=0,
        code_version="c",
        data_version="dv_new",
        materialized_at=datetime(2026, 1, 1, tzinfo=UTC),
        table_version=table_version,
    )
    return PartitionStatus(asset="raw.flights", partition_key="", materialization=made)


def test_what_stands_at_the_pin_is_what_was_read() -> None:
    assert pinned_data_version(status(3), 3) == "dv_new"
    assert pinned_data_version(status(2), 3) == "dv_new"
    assert pinned_data_version(status(None), None) == "dv_new"


def test_what_was_published_after_the_pin_was_not_read() -> None:
    assert pinned_data_version(status(4), 3) == "table-version:3"


def test_nothing_materialized_is_no_version() -> None:
    assert pinned_data_version(None, 3) == ""
    assert pinned_data_version(PartitionStatus(asset="a", partition_key=""), 3) == ""
