"""How the catalog's types are spelled in SQL, so that filters and masks can be tried on them."""

from __future__ import annotations

import duckdb
import pytest

from arco.query.trying import sql_type


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("long", "BIGINT"),
        ("varchar", "VARCHAR"),
        ("decimal(10,2)", "DECIMAL(10,2)"),
        ("timestamp", "TIMESTAMP WITH TIME ZONE"),
        ("timestamp_ntz", "TIMESTAMP"),
        ("map<string, array<long not null>>", "MAP(VARCHAR, BIGINT[])"),
        (
            "struct<lat: double, `a b`: struct<`c``d`: binary not null> not null>",
            'STRUCT(lat DOUBLE, "a b" STRUCT("c`d" BLOB))',
        ),
        ("variant", "VARIANT"),
        ("array<struct<v: variant>>", "STRUCT(v VARIANT)[]"),
    ],
)
def test_a_type_is_spelled_so_that_the_engine_reads_it(text: str, kind: str) -> None:
    ((told,),) = duckdb.sql(f"SELECT typeof(CAST(NULL AS {sql_type(text)}))").fetchall()
    assert told == kind


@pytest.mark.parametrize("text", ["something else", "array<>", ""])
def test_a_type_without_a_word_is_not_guessed(text: str) -> None:
    assert sql_type(text) == ""
