"""What publications write is what other Delta readers read."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from arco.errors import Invalid
from arco.formats import delta, reading, steps
from tests.integration.delta_table import TABLE_ID, Table, publication


@pytest.fixture
def table(tmp_path: Path) -> Table:
    return Table(tmp_path / "t")


def actions(table: Table, version: int) -> list[str]:
    return [next(iter(action)) for action in table.entry(version)]


EVERY_TYPE = pa.table(
    {
        "string": ["a", None],
        "long": pa.array([-(2**63), 2**63 - 1]),
        "integer": pa.array([1, None], pa.int32()),
        "short": pa.array([1, None], pa.int16()),
        "byte": pa.array([1, None], pa.int8()),
        "float": pa.array([0.5, float("inf")], pa.float32()),
        "double": [0.1, None],
        "boolean": [True, None],
        "binary": [b"\x00\xff", None],
        "date": [dt.date(2013, 1, 1), None],
        "moment": pa.array([dt.datetime(2013, 1, 1, 5, 0, 0, 1), None], pa.timestamp("us", "UTC")),
        "naive": pa.array([dt.datetime(2013, 1, 1, 5, 0, 0, 1), None], pa.timestamp("us")),
        "decimal": pa.array([Decimal("12.345"), None], pa.decimal128(12, 3)),
        "wide": pa.array([Decimal(2**64 - 1), None], pa.decimal128(38, 0)),
        "array": pa.array([[1, None], None], pa.list_(pa.int64())),
        "struct": [{"a": "x", "b": [1]}, None],
        "map": pa.array([[("k", 1.5)], None], pa.map_(pa.string(), pa.float64())),
    }
)


def test_every_type_round_trips(table: Table) -> None:
    table.publish(table.stage(EVERY_TYPE))
    assert reading.dataset(table.location, 0).to_table().equals(EVERY_TYPE)
    assert len(table.rows()) == 2


def test_a_plain_table_asks_nothing_special_of_readers(table: Table) -> None:
    table.publish(table.stage([{"x": 1}]))
    protocol = DeltaTable(table.location).protocol()
    assert (protocol.min_reader_version, protocol.min_writer_version) == (1, 2)
    assert str(DeltaTable(table.location).metadata().id) == TABLE_ID


def test_a_timestamp_without_zone_switches_its_feature_on_when_it_comes(table: Table) -> None:
    table.publish(table.stage([{"x": 1}]))
    table.publish(table.stage([{"x": 1, "t": dt.datetime(2013, 1, 1)}]))
    assert actions(table, 1)[:3] == ["commitInfo", "protocol", "metaData"]
    protocol = DeltaTable(table.location).protocol()
    assert (protocol.min_reader_version, protocol.min_writer_version) == (3, 7)
    table.publish(table.stage([{"x": 2, "t": dt.datetime(2014, 1, 1)}]))
    assert actions(table, 2) == ["commitInfo", "remove", "add"]
    assert [row["x"] for row in table.rows()] == [2]


def test_replace_takes_the_whole_unpartitioned_table(table: Table) -> None:
    table.publish(table.stage([{"x": 1}]))
    table.publish(table.stage([{"x": 2}, {"x": 3}]))
    assert table.rows() == [{"x": 2}, {"x": 3}]
    assert table.rows(version=0) == [{"x": 1}]


def test_replace_takes_only_the_partitions_that_were_written(table: Table) -> None:
    first = [table.stage([{"x": i}], region=region) for i, region in enumerate(["eu", None, "us"])]
    table.publish(*first)
    table.publish(table.stage([{"x": 9}], region=None))
    assert {(row["region"], row["x"]) for row in table.rows()} == {("eu", 0), (None, 9), ("us", 2)}


def test_append_adds_and_removes_nothing(table: Table) -> None:
    table.publish(table.stage([{"x": 1}]), mode="append")
    table.publish(table.stage([{"x": 2}]), mode="append")
    assert table.rows() == [{"x": 1}, {"x": 2}]
    assert actions(table, 1) == ["commitInfo", "add"]


SPECIAL = ["a b", "a/b", "../up", "%41", "ü+é", "k=v&w", "#?", "'\"", "__HIVE_DEFAULT_PARTITION__"]


def test_any_text_is_a_partition_value(table: Table) -> None:
    table.publish(*[table.stage([{"x": i}], p=text) for i, text in enumerate(SPECIAL)])
    assert {row["p"]: row["x"] for row in table.rows()} == {p: i for i, p in enumerate(SPECIAL)}
    assert {entry.name for entry in table.folder.iterdir() if entry.is_dir()} == {"_delta_log"}


@pytest.mark.parametrize(
    "value",
    [
        7,
        True,
        dt.date(2013, 1, 1),
        dt.datetime(2013, 1, 1, 5, 0, 0, 123_000, tzinfo=dt.UTC),
        Decimal("1.50"),
    ],
    ids=str,
)
def test_partition_columns_are_typed(table: Table, value: Any) -> None:
    table.publish(table.stage([{"x": 1}], p=value, q="eu"))
    assert table.rows() == [{"p": value, "q": "eu", "x": 1}]
    table.publish(table.stage([{"x": 2}], p=value, q="eu"))
    assert table.rows() == [{"p": value, "q": "eu", "x": 2}]


def test_no_rows_make_an_empty_table_with_its_columns(table: Table) -> None:
    table.publish(table.stage(pa.table({"x": pa.array([], pa.int64())}), region="eu"))
    assert table.rows() == []
    assert DeltaTable(table.location).schema().to_arrow().names == ["x", "region"]


def test_no_rows_empty_the_partition_they_replace(table: Table) -> None:
    table.publish(table.stage([{"x": 1}], region="eu"), table.stage([{"x": 2}], region="us"))
    table.publish(table.stage(pa.table({"x": pa.array([], pa.int64())}), region="eu"))
    assert table.rows() == [{"region": "us", "x": 2}]


def test_evolve_fills_absent_columns_with_null_on_both_sides(table: Table) -> None:
    table.publish(table.stage([{"x": 1, "was": "a"}], p="1"))
    table.publish(table.stage([{"x": 2, "new": "b"}], p="2"))
    assert table.rows() == [
        {"new": "b", "p": "2", "was": None, "x": 2},
        {"new": None, "p": "1", "was": "a", "x": 1},
    ]


def test_strict_refuses_a_new_column_and_writes_nothing(table: Table) -> None:
    table.publish(table.stage([{"x": 1}]))
    with pytest.raises(Invalid, match=r"\+ new string"):
        table.publish(table.stage([{"x": 2, "new": "b"}]), schema_policy="strict")
    assert table.rows() == [{"x": 1}]


def test_overwrite_changes_types_when_every_row_is_replaced(table: Table) -> None:
    table.publish(table.stage([{"x": 1, "was": 1}]))
    table.publish(table.stage([{"x": "one"}]), schema_policy="overwrite")
    assert table.rows() == [{"x": "one"}]


def test_overwrite_cannot_retype_a_column_other_partitions_still_hold(table: Table) -> None:
    table.publish(table.stage([{"x": 1}], p="1"), table.stage([{"x": 1}], p="2"))
    with pytest.raises(Invalid, match="~ x long -> string"):
        table.prepare(table.stage([{"x": "one"}], p="1"), schema_policy="overwrite")


def test_other_partition_columns_need_overwrite_and_start_the_table_anew(table: Table) -> None:
    table.publish(table.stage([{"x": 1, "p": "1"}]))
    partitioned = table.stage([{"x": 2}], p="2")
    with pytest.raises(Invalid) as refused:
        table.prepare(partitioned)
    assert refused.value.code == "PARTITIONING_CHANGED"
    table.publish(partitioned, schema_policy="overwrite")
    assert table.rows() == [{"p": "2", "x": 2}]
    assert DeltaTable(table.location).metadata().partition_columns == ["p"]


def test_partition_columns_declared_in_another_order_are_the_same_table(table: Table) -> None:
    table.publish(table.stage([{"x": 1}], p="1", q="1"))
    table.publish(table.stage([{"x": 2}], q="1", p="1"))
    assert table.rows() == [{"p": "1", "q": "1", "x": 2}]
    assert actions(table, 1) == ["commitInfo", "remove", "add"]


def test_outputs_staged_for_other_partition_columns_are_refused(table: Table) -> None:
    with pytest.raises(Invalid) as refused:
        table.prepare(table.stage([{"x": 1}], p="1"), partition_columns=("q",))
    assert refused.value.code == "PARTITIONING_CHANGED"


def test_an_empty_publication_is_refused(table: Table) -> None:
    with pytest.raises(Invalid, match="nothing to publish"):
        table.prepare()


def test_the_same_publication_is_the_same_bytes(table: Table) -> None:
    outputs = [table.stage([{"x": i}], p=str(i)) for i in range(3)]
    assert table.prepare(*outputs) == table.prepare(*reversed(outputs))


def test_an_entry_is_recognised_by_its_run(table: Table) -> None:
    entry = table.prepare(table.stage([{"x": 1}]), run_id="RUN1")
    assert delta.is_ours(entry, "RUN1")
    assert not delta.is_ours(entry, "RUN2")
    assert not delta.is_ours(b'not json\n{"add":{}}\n[]\n', "RUN1")


def test_publishing_files_that_are_part_of_the_table_changes_nothing(table: Table) -> None:
    output = table.stage([{"x": 1}])
    table.publish(output)
    table.publish(output)
    assert actions(table, 1) == ["commitInfo"]
    assert table.rows() == [{"x": 1}]


def test_a_foreign_append_in_between_is_built_upon(table: Table) -> None:
    table.publish(table.stage([{"x": 1}], p="1"))
    prepared = table.prepare(table.stage([{"x": 2}], p="2"))
    write_deltalake(table.location, pa.table({"x": [3], "p": ["3"]}), mode="append")
    foreign = (table.folder / "_delta_log" / f"{1:020d}.json").read_bytes()
    assert not delta.is_ours(foreign, "RUN") and delta.is_ours(prepared, "RUN")
    table.publish(table.stage([{"x": 4}], p="3"), table.stage([{"x": 2}], p="2"))
    assert [(row["p"], row["x"]) for row in table.rows()] == [("1", 1), ("2", 2), ("3", 4)]


def test_files_of_a_foreign_writer_in_odd_folders_are_replaced(table: Table) -> None:
    for _ in range(2):
        rows = pa.table({"x": range(len(SPECIAL)), "p": SPECIAL})
        write_deltalake(table.location, rows, mode="overwrite", partition_by=["p"])
    assert len(table.rows()) == len(SPECIAL)
    table.publish(*[table.stage([{"x": -1}], p=text) for text in SPECIAL[:3]])
    assert sorted(row["x"] for row in table.rows()) == [-1, -1, -1, 3, 4, 5, 6, 7, 8]


def test_a_table_that_asks_more_of_writers_is_left_alone(table: Table) -> None:
    write_deltalake(
        table.location, pa.table({"x": [1]}), configuration={"delta.appendOnly": "true"}
    )
    with pytest.raises(Invalid, match="appendOnly"):
        table.prepare(table.stage([{"x": 2}]))
    table.publish(table.stage([{"x": 2}]), mode="append")
    assert table.rows() == [{"x": 1}, {"x": 2}]
    DeltaTable(table.location).alter.add_constraint({"positive": "x > 0"})
    with pytest.raises(Invalid, match="asks writers"):
        table.prepare(table.stage([{"x": 3}]), mode="append")


def test_metadata_set_by_others_survives_a_schema_change(table: Table) -> None:
    table.publish(table.stage([{"x": 1}]))
    DeltaTable(table.location).alter.set_table_name("flights")
    DeltaTable(table.location).alter.set_table_properties(
        {"delta.logRetentionDuration": "interval 9 days"}
    )
    table.publish(table.stage([{"x": 1, "y": 2}]))
    metadata = DeltaTable(table.location).metadata()
    assert (metadata.name, str(metadata.id)) == ("flights", TABLE_ID)
    assert metadata.configuration == {"delta.logRetentionDuration": "interval 9 days"}
    assert metadata.created_time == 1_700_000_000_000


def test_statistics_let_other_readers_skip_files(table: Table) -> None:
    table.publish(*[table.stage([{"x": i, "s": f"v{i}"}], p=i) for i in range(5)])
    adds = pa.table(DeltaTable(table.location).get_add_actions(flatten=True)).to_pylist()
    assert {(row["min.x"], row["max.x"], row["min.s"], row["num_records"]) for row in adds} == {
        (i, i, f"v{i}", 1) for i in range(5)
    }


def test_prepare_needs_no_table_to_say_version_zero(table: Table) -> None:
    entry = delta.entry(steps.written(publication(table.stage([{"x": 1}])), None), None)
    assert entry.count(b"\n") == 4
    assert entry.endswith(b"\n")
