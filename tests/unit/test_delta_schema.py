"""Schemas travel between Arrow and Delta, and a policy decides what may change."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest
from deltalake import Schema

from arco.errors import Corrupt, Invalid
from arco.formats import schema as schemas

EVERY_TYPE = pa.schema(
    [
        ("string", pa.string()),
        ("long", pa.int64()),
        ("integer", pa.int32()),
        ("short", pa.int16()),
        ("byte", pa.int8()),
        ("float", pa.float32()),
        ("double", pa.float64()),
        ("boolean", pa.bool_()),
        ("binary", pa.binary()),
        ("date", pa.date32()),
        ("timestamp", pa.timestamp("us", "UTC")),
        ("timestamp_ntz", pa.timestamp("us")),
        ("decimal", pa.decimal128(12, 3)),
        ("array", pa.list_(pa.struct([("a", pa.int64())]))),
        ("struct", pa.struct([("a", pa.string()), ("b", pa.list_(pa.int8()))])),
        ("map", pa.map_(pa.string(), pa.list_(pa.float64()))),
    ]
)


def delta(**columns: pa.DataType) -> str:
    return schemas.to_delta(pa.schema(list(columns.items())))


PUBLISHED = delta(x=pa.int64(), carrier=pa.string())


def test_every_type_survives_the_round_trip() -> None:
    assert schemas.to_arrow(schemas.to_delta(EVERY_TYPE)).equals(EVERY_TYPE)


def test_another_delta_library_reads_the_same_schema() -> None:
    spelled = schemas.to_delta(EVERY_TYPE)
    theirs = json.loads(Schema.from_json(spelled).to_json())
    assert theirs == json.loads(spelled)


def test_an_unknown_type_in_a_table_log_is_named() -> None:
    with pytest.raises(Corrupt, match="variant"):
        schemas.to_arrow(PUBLISHED.replace('"long"', '"variant"'))


@pytest.mark.parametrize("policy", ["strict", "evolve", "overwrite"])
def test_equal_columns_in_another_order_are_no_change(policy: schemas.SchemaPolicy) -> None:
    staged = delta(carrier=pa.string(), x=pa.int64())
    assert schemas.compare(PUBLISHED, staged, policy=policy) is None


def test_evolve_appends_new_columns() -> None:
    merged = schemas.compare(PUBLISHED, delta(gate=pa.string(), x=pa.int64()), policy="evolve")
    assert merged == delta(x=pa.int64(), carrier=pa.string(), gate=pa.string())


def test_evolve_keeps_columns_the_data_no_longer_has() -> None:
    assert schemas.compare(PUBLISHED, delta(x=pa.int64()), policy="evolve") is None


def test_overwrite_takes_the_staged_schema() -> None:
    staged = delta(x=pa.string())
    assert schemas.compare(PUBLISHED, staged, policy="overwrite") == staged


@pytest.mark.parametrize(
    "columns",
    [
        {"x": pa.float64(), "carrier": pa.string()},
        {"x": pa.int32(), "carrier": pa.string()},
        {"X": pa.int64(), "carrier": pa.string()},
    ],
)
def test_evolve_refuses_another_type_or_another_spelling(columns: dict[str, pa.DataType]) -> None:
    with pytest.raises(Invalid) as refused:
        schemas.compare(PUBLISHED, delta(**columns), policy="evolve")
    assert refused.value.code == "SCHEMA_CHANGED"


def test_evolve_refuses_data_without_a_required_column() -> None:
    required = PUBLISHED.replace('"nullable":true', '"nullable":false', 1)
    with pytest.raises(Invalid, match="- x long"):
        schemas.compare(required, delta(carrier=pa.string()), policy="evolve")


def test_the_message_shows_the_difference_and_the_next_step() -> None:
    staged = delta(x=pa.list_(pa.float64()), gate=pa.struct([("n", pa.int64())]))
    with pytest.raises(Invalid) as refused:
        schemas.compare(PUBLISHED, staged, policy="strict")
    assert refused.value.message.splitlines()[1:] == [
        "- carrier string",
        "~ x long -> array<double>",
        "+ gate struct<n: long>",
    ]
    assert 'schema_policy="evolve"' in refused.value.hint


def test_parts_of_one_table_are_united_or_refused() -> None:
    parts = [delta(x=pa.int64()), delta(y=pa.map_(pa.string(), pa.int64()), x=pa.int64())]
    assert schemas.to_arrow(schemas.unite(parts)).names == ["x", "y"]
    with pytest.raises(Invalid, match="~ x long -> string"):
        schemas.unite([delta(x=pa.int64()), delta(x=pa.string())])


@pytest.mark.parametrize(
    ("kind", "naive"),
    [
        (pa.timestamp("us"), True),
        (pa.timestamp("us", "UTC"), False),
        (pa.list_(pa.struct([("t", pa.timestamp("us"))])), True),
        (pa.map_(pa.string(), pa.timestamp("us")), True),
        (pa.struct([("timestamp_ntz", pa.string())]), False),
    ],
    ids=str,
)
def test_a_timestamp_without_zone_is_found_at_any_depth(kind: pa.DataType, naive: bool) -> None:
    assert schemas.has_naive_timestamp(delta(c=kind)) is naive
