"""What SQL is let through, what it is found to need, and how its tables are renamed."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from arco.errors import Invalid, NotFound
from arco.query.names import TableName, close_names
from arco.query.sandbox import open_database
from arco.query.statement import private_name, read_statement, readable


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = open_database(2**30)
    yield connection
    connection.close()


def needs(database: duckdb.DuckDBPyConnection, sql: str) -> list[str]:
    return [table.dotted() for table in read_statement(database, sql).tables]


@pytest.mark.parametrize(
    ("sql", "tables"),
    [
        ("SELECT 1", []),
        ("FROM sales.orders", ["sales.orders"]),
        ("TABLE sales.orders", ["sales.orders"]),
        ("DESCRIBE sales.orders", ["sales.orders"]),
        ("SHOW sales.orders", ["sales.orders"]),
        ("SUMMARIZE sales.orders", ["sales.orders"]),
        ("EXPLAIN SELECT * FROM sales.orders", ["sales.orders"]),
        ("SELECT * FROM system.catalog.tables", ["system.catalog.tables"]),
        ('SELECT * FROM "my shop"."the.orders"', ["my shop.the.orders"]),
        ("SELECT * FROM sales.orders, SALES.Orders o", ["sales.orders"]),
        ("SELECT * FROM a.x JOIN b.y USING (id)", ["a.x", "b.y"]),
        ("SELECT (SELECT max(n) FROM a.x), EXISTS (FROM b.y)", ["a.x", "b.y"]),
        ("SELECT 1 WHERE 1 IN (FROM a.x) UNION ALL FROM b.y", ["a.x", "b.y"]),
        ("SELECT [n FOR n IN (SELECT list(i) FROM a.x)]", ["a.x"]),
        ("WITH x AS (FROM a.x) FROM x", ["a.x"]),
        ("WITH x AS (FROM a.x) FROM X, main.x", ["a.x", "main.x"]),
        ("WITH x AS (SELECT 1) SELECT (WITH y AS (FROM x) SELECT count(*) FROM y)", []),
        ("SELECT (WITH x AS (SELECT 1) SELECT count(*) FROM x) FROM x", ["x"]),
        ("WITH x AS (FROM y), y AS (SELECT 1) FROM x", ["y"]),
        ("WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 5) FROM t", []),
        ("SELECT * FROM (PIVOT a.x ON k IN ('a', 'b') USING sum(v))", ["a.x"]),
        ("SELECT * FROM range(3) r, LATERAL (SELECT r.range + 1)", []),
        ("SELECT * FROM a.x AT (VERSION => 3), a.x", ["a.x", "a.x"]),
    ],
)
def test_a_statement_names_each_table_it_reads_once(
    database: duckdb.DuckDBPyConnection, sql: str, tables: list[str]
) -> None:
    assert needs(database, sql) == tables


def test_a_pinned_version_is_part_of_the_name(database: duckdb.DuckDBPyConnection) -> None:
    statement = read_statement(database, "FROM sales.orders AT (VERSION => 3)")
    assert statement.tables == (TableName("orders", "sales", version=3),)
    assert '"orders@3" AS orders' in statement.text


def test_the_metadata_catalog_is_moved_beside_duckdbs_own(
    database: duckdb.DuckDBPyConnection,
) -> None:
    statement = read_statement(
        database, "SELECT system.catalog.tables.name FROM SYSTEM.Catalog.TABLES"
    )
    assert statement.text.count("_arco_system") == 2


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO sales.orders VALUES (1)",
        "DELETE FROM sales.orders",
        "UPDATE sales.orders SET a = 1",
        "CREATE TABLE t (a INT)",
        "DROP TABLE sales.orders",
        "SET threads = 1",
        "PRAGMA database_list",
        "CALL duckdb_settings()",
        "BEGIN",
        "EXPLAIN ANALYZE SELECT 1",
        "EXPLAIN DELETE FROM sales.orders",
        "PREPARE p AS SELECT 1",
        "EXECUTE p",
        "SELECT 1; SELECT 2",
        "WITH x AS (INSERT INTO t VALUES (1) RETURNING *) FROM x",
        "WITH x AS (DELETE FROM t RETURNING *) FROM x",
        "WITH x AS (UPDATE t SET a = 1 RETURNING *) FROM x",
        "SELECT current_setting('home_directory')",
        "SELECT json_serialize_plan('SELECT * FROM read_csv(''x'')')",
        "FROM query('SELECT 1')",
        "FROM query_table('x')",
        "FROM duckdb_secrets()",
        "FROM arrow_scan(1, 2, 3)",
    ],
)
def test_what_does_more_than_read_is_refused(database: duckdb.DuckDBPyConnection, sql: str) -> None:
    with pytest.raises(Invalid) as refusal:
        read_statement(database, sql)
    assert refusal.value.code == "QUERY_NOT_READ_ONLY"
    assert refusal.value.hint


@pytest.mark.parametrize(
    "sql",
    ["", "   ", "-- nothing", "SELEC 1", "SELECT", "SHOW TABLES", "FROM a.b.c.d", "SELECT '\0"],
)
def test_what_is_not_a_query_is_invalid(database: duckdb.DuckDBPyConnection, sql: str) -> None:
    with pytest.raises(Invalid) as refusal:
        read_statement(database, sql)
    assert refusal.value.code == "QUERY_INVALID"


def test_a_query_that_nests_without_end_is_invalid_not_fatal(
    database: duckdb.DuckDBPyConnection,
) -> None:
    with pytest.raises(Invalid):
        read_statement(database, "SELECT " + "(" * 20_000 + "1" + ")" * 20_000)


def test_duckdbs_own_schemas_are_not_tables_of_ours(
    database: duckdb.DuckDBPyConnection,
) -> None:
    with pytest.raises(NotFound) as refusal:
        read_statement(database, "FROM information_schema.tables")
    assert refusal.value.code == "TABLE_NOT_FOUND"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 'it''s', E'\\n', $$q$$, x'00', 1e3, 1_000, NULL, TRUE",
        "SELECT DATE '2024-01-31' + INTERVAL 1 MONTH, {'a': [1, 2]}, MAP {'k': 1}",
        "SELECT sum(i) OVER (ORDER BY i ROWS 1 PRECEDING) FROM range(4) t(i)",
        "SELECT i, count(*) FROM range(9) t(i) GROUP BY CUBE (i) HAVING i > 3 ORDER BY ALL LIMIT 3",
        "SELECT * EXCLUDE (a) REPLACE (b + 1 AS b) FROM (VALUES (1, 2, 3)) t(a, b, c)",
        "SELECT i FROM range(9) t(i) QUALIFY row_number() OVER (ORDER BY i DESC) <= 2 ORDER BY i",
        "SELECT 'a_b' LIKE 'a$_b' ESCAPE '$', 'x' SIMILAR TO 'x|y', 5 BETWEEN 1 AND 9, -2 ** 2",
        "SELECT list_transform([1, 2], lambda x: x + 1), [x * 2 FOR x IN [1, 2] IF x > 1]",
        "(SELECT 2 AS a UNION SELECT 1) EXCEPT SELECT 3 ORDER BY a",
        "SELECT CASE 1 WHEN 1 THEN 'a' ELSE 'b' END, 1::DECIMAL(9, 3), TRY_CAST('x' AS INT)",
    ],
)
def test_renaming_does_not_change_what_a_query_means(
    database: duckdb.DuckDBPyConnection, sql: str
) -> None:
    renamed = database.execute(read_statement(database, sql).text).fetchall()
    assert renamed == database.execute(sql).fetchall()


def test_private_names_of_different_tables_never_meet() -> None:
    tables = [
        TableName("t"),
        TableName("t", "main"),
        TableName("t", "main", "main"),
        TableName("t", "catalog", "system"),
        TableName("t", "system"),
        TableName("t", "system", version=1),
    ]
    assert len({private_name(table) for table in tables}) == len(tables)


def test_messages_show_the_names_the_user_wrote() -> None:
    assert readable('no "_arco_system"."catalog".t\n\nLINE 1: ...') == 'no system."catalog".t'
    assert readable("no _arco.sales.t, but arco_x") == "no sales.t, but arco_x"


def test_close_names_find_a_typo_and_a_forgotten_namespace() -> None:
    known = ["sales.orders", "sales.refunds", "system.catalog.tables"]
    assert close_names("sales.ordres", known) == ("sales.orders",)
    assert close_names("Orders", known) == ("sales.orders",)
    assert close_names("catalog.tables", known) == ("system.catalog.tables",)
    assert close_names("zzz", known) == ()
