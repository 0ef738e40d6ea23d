"""Law: a column that a trace does not name changes nothing, whatever stands in it.

DuckDB is the judge: the query runs over random rows, then again with every unnamed column replaced.
"""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from arco.ids import sha256
from arco.lineage.columns import ROWS
from arco.lineage.tracing import ReadTable, trace_query

TABLES = [
    ReadTable("a", "a", ("k", "g", "x", "y")),
    ReadTable("b", "b", ("k", "z", "w")),
]
QUERIES = [
    "select k, x + 1 as n, case when y > 2 then g end as c from a",
    "select g, sum(x) as s, count(*) filter (where y > 2) as n from a group by all",
    "select a.k, z from a join b on a.k = b.k where w > 1",
    "select a.k, z from a left join b using (k)",
    "select k, row_number() over (partition by g order by x, k) as r from a qualify r <= 2",
    "select distinct g from a where x > 1",
    "select k from a where x in (select z from b)",
    "select k, (select max(z) from b where b.k = a.k) as m from a",
    "with c as (select k, x as v from a where y > 1) select c.v, w from c join b on c.k = b.k",
    "select k as v from a union all select z from b",
    "select k as v from a except select z from b",
    "select k, g from a order by x, k limit 3",
    "select g, min(x) as lo from a group by g having max(y) > 2",
    "select a.k from a semi join b on a.k = b.k",
    "select a.k from a anti join b on a.k = b.w",
    "select k, s.t from a join (select k as j, sum(z) as t from b group by k) s on s.j = a.k",
    "select unnest([x, y]) as e, k from a",
]


Column = tuple[str, str]
EVERY_COLUMN = frozenset((table.name, column) for table in TABLES for column in table.columns)


class Judge:
    """DuckDB with both tables, filled again for each question."""

    def __init__(self) -> None:
        self._connection = duckdb.connect()
        self._connection.execute("set threads = 1")

    def columns(self, sql: str) -> list[str]:
        """The names of the query's columns, in lower case."""
        self.fill(0, frozenset())
        found = self._connection.execute(sql).description or []
        return [each[0].lower() for each in found]

    def rows(self, sql: str, seed: int, *, replaced: frozenset[Column]) -> list[dict[str, Any]]:
        """The query's rows over the rows of the seed; a replaced column has other values."""
        self.fill(seed, replaced)
        found = self._connection.execute(sql)
        names = [each[0].lower() for each in found.description or []]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def fill(self, seed: int, replaced: frozenset[Column]) -> None:
        """Both tables hold the rows of the seed."""
        for table in TABLES:
            columns = [
                column_values(seed, table.name, column=each, replaced=replaced)
                for each in table.columns
            ]
            rows = ", ".join(str(row) for row in zip(*columns, strict=True))
            self._connection.execute(
                f"create or replace table {table.name} as "
                f"select * from (values {rows}) as t({', '.join(table.columns)})"
            )


def column_values(seed: int, table: str, *, column: str, replaced: frozenset[Column]) -> list[int]:
    salt = "other" if (table, column) in replaced else "same"
    named = f"{seed}/{table}/{column}/{salt}"
    return [int(sha256(f"{named}/{row}".encode())[:8], 16) % 5 for row in range(12)]


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge()


@pytest.mark.parametrize("sql", QUERIES)
def test_what_a_trace_does_not_name_changes_nothing(sql: str, judge: Judge) -> None:
    found = trace_query(sql, TABLES)
    for column in judge.columns(sql):
        named = {(s.upstream, s.upstream_column) for s in found if s.column in (column, ROWS)}
        for seed in range(8):
            before = judge.rows(sql, seed, replaced=frozenset())
            after = judge.rows(sql, seed, replaced=EVERY_COLUMN - named)
            assert values(before, column) == values(after, column), column


@pytest.mark.parametrize("sql", QUERIES)
def test_what_a_trace_names_can_make_a_difference(sql: str, judge: Judge) -> None:
    for source in trace_query(sql, TABLES):
        replaced = frozenset({(source.upstream, source.upstream_column)})
        assert any(
            judge.rows(sql, seed, replaced=frozenset()) != judge.rows(sql, seed, replaced=replaced)
            for seed in range(25)
        ), source


def values(rows: list[dict[str, Any]], column: str) -> list[str]:
    return sorted(str(row[column]) for row in rows)
