"""Arrow rows as text, and results cut at their limits."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator

import duckdb
import pyarrow as pa
import pytest

from arco.errors import Invalid
from arco.query.answer import answer
from arco.query.protocol import Format, Limits
from arco.query.render import to_csv, to_json, to_text
from arco.query.sandbox import open_database


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = open_database(2**30)
    yield connection
    connection.close()


def read(ipc: bytes) -> pa.Table:
    return pa.ipc.open_stream(ipc).read_all()


def query(database: duckdb.DuckDBPyConnection, sql: str) -> pa.Table:
    found = answer(database, sql, parameters=None, limits=Limits(), format=Format.ARROW)
    return read(found.body)


def test_json_keeps_every_digit_and_says_what_it_cannot_hold(
    database: duckdb.DuckDBPyConnection,
) -> None:
    body = to_json(
        query(
            database,
            """SELECT 9007199254740993 AS i, 170141183460469231731687303715884105727::HUGEINT AS h,
            1.10::DECIMAL(9,2) AS d, 'NaN'::DOUBLE AS nan, '-inf'::DOUBLE AS inf,
            '\\xFF'::BLOB AS b, DATE '2025-01-02' AS day,
            TIMESTAMPTZ '2025-01-02 03:04:05+00' AS tz, TIME '01:02:03' AS t,
            TIMESTAMP_NS '2025-01-02 03:04:05.123456789' AS ns,
            INTERVAL '14 months 3 days 4.5 seconds' AS iv,
            MAP {'k': [{'x': 1.5}]} AS m, MAP {1: 2} AS mi, MAP {}::MAP(VARCHAR, INT) AS me,
            NULL AS n,
            'é😀' AS s, DATE '20000-01-01' AS far, 'a'::ENUM('a') AS e, true AS yes""",
        )
    )
    assert b"170141183460469231731687303715884105727" in body and b'"d":1.10' in body
    assert json.loads(body) == [
        {
            "i": 9007199254740993,
            "h": 2**127 - 1,
            "d": 1.1,
            "nan": "NaN",
            "inf": "-Infinity",
            "b": "/w==",
            "day": "2025-01-02",
            "tz": "2025-01-02T03:04:05Z",
            "t": "01:02:03",
            "ns": "2025-01-02T03:04:05.123456789",
            "iv": "P14M3DT4.5S",
            "m": {"k": [{"x": 1.5}]},
            "mi": {"1": 2},
            "me": {},
            "n": None,
            "s": "é😀",
            "far": "20000-01-01",
            "e": "a",
            "yes": True,
        }
    ]


def test_csv_reads_back_with_commas_quotes_and_nested_values(
    database: duckdb.DuckDBPyConnection,
) -> None:
    body = to_csv(query(database, "SELECT 'a,\"b\"\nc' AS t, NULL AS n, [1, 2] AS l, true AS b"))
    rows = list(csv.reader(io.StringIO(body.decode())))
    assert rows == [["t", "n", "l", "b"], ['a,"b"\nc', "", "[1,2]", "true"]]


def test_text_aligns_cuts_and_disarms(database: duckdb.DuckDBPyConnection) -> None:
    table = query(
        database,
        "FROM (VALUES (1, 'a', '表'), (1000, repeat('w', 500), e'\\x1b[31m\\n')) t(n, name, c)",
    )
    lines = to_text(table).decode().splitlines()
    assert lines[0].startswith("   n  name") and lines[1].startswith("----  ----")
    assert lines[2].startswith("   1  a ") and lines[3].startswith("1000  www")
    assert "…" in lines[3] and "\\x1b[31m\\n" in lines[3] and "\x1b" not in "".join(lines)
    assert all(len(line) < 80 for line in lines)


def test_an_empty_result_still_has_its_columns(database: duckdb.DuckDBPyConnection) -> None:
    table = query(database, "SELECT 1 AS a, 'x' AS b WHERE false")
    assert (to_json(table), to_csv(table), to_text(table)) == (b"[]", b"a,b\n", b"a  b\n-  -\n")


def test_a_result_is_cut_at_its_rows_and_says_so(database: duckdb.DuckDBPyConnection) -> None:
    exact = answer(
        database, "FROM range(10)", parameters=None, limits=Limits(rows_max=10), format=Format.JSON
    )
    cut = answer(
        database, "FROM range(11)", parameters=None, limits=Limits(rows_max=10), format=Format.JSON
    )
    assert (exact.rows, exact.truncated) == (10, False)
    assert (cut.rows, cut.truncated) == (10, True)


@pytest.mark.parametrize("format", list(Format))
def test_a_result_is_cut_at_its_bytes_and_says_so(
    database: duckdb.DuckDBPyConnection, format: Format
) -> None:
    limits = Limits(result_bytes_max=20_000)
    sql = "SELECT repeat('x', 45) AS s FROM range(50000)"
    cut = answer(database, sql, parameters=None, limits=limits, format=format)
    assert cut.truncated and cut.rows > 100 and len(cut.body) <= 20_000


def test_one_row_over_the_limit_is_an_error_not_an_empty_result(
    database: duckdb.DuckDBPyConnection,
) -> None:
    with pytest.raises(Invalid) as refusal:
        sql = "SELECT repeat('x', 1000) AS s"
        answer(
            database, sql, parameters=None, limits=Limits(result_bytes_max=100), format=Format.JSON
        )
    assert refusal.value.code == "QUERY_RESULT_TOO_LARGE"


def test_columns_of_one_name_are_told_apart(database: duckdb.DuckDBPyConnection) -> None:
    sql = "SELECT 1 AS a, 2 AS a, 3 AS a_1"
    found = answer(database, sql, parameters=None, limits=Limits(), format=Format.JSON)
    assert len({column.name for column in found.columns}) == 3
    assert sorted(json.loads(found.body)[0].values()) == [1, 2, 3]
