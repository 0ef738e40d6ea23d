"""SQL assets: which tables a SELECT names, and its rows over the tables a task may read.

Must not know stores, versions or the worker. DuckDB loads on first use.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from arco.errors import Invalid
from arco.orchestration.sql_text import plain_sql

if TYPE_CHECKING:
    import duckdb


def table_names(sql: str) -> tuple[str, ...]:
    """The tables a SELECT reads, lower-case, sorted; its own common table expressions are left out.

    >>> table_names("with a as (select 1) select * from a join raw.flights using (x), {{b}}")
    ('b', 'raw.flights')

    Raises: Invalid SQL_INVALID unless it is exactly one SELECT.
    """
    import duckdb

    text = plain_sql(sql)
    with duckdb.connect() as connection:
        row = connection.execute("select json_serialize_sql(?::varchar)", [text]).fetchone()
    tree: dict[str, Any] = json.loads(row[0] if row else "{}")
    if tree.get("error"):
        raise Invalid("SQL_INVALID", str(tree.get("error_message")), hint=ONE_SELECT)
    statements = tree.get("statements", [])
    if len(statements) != 1:
        raise Invalid("SQL_INVALID", f"there are {len(statements)} statements", hint=ONE_SELECT)
    return tuple(sorted(set(_tables(statements, frozenset()))))


ONE_SELECT = "write one SELECT, without a semicolon inside"


def select(sql: str, tables: Mapping[str, Any], *, variables: Mapping[str, Any]) -> Any:
    """The rows of the statement as a DuckDB relation.

    `tables` are Arrow datasets by the name the statement uses; `variables` answer `getvariable`.
    """
    import duckdb

    connection = duckdb.connect()
    connection.execute("set enable_progress_bar = false; set timezone = 'UTC'")
    for name, value in variables.items():
        connection.execute(f"set variable {_quoted(name)} = ?", [value])
    for name, data in tables.items():
        connection.register(name, data)
        _qualify(connection, name)
    return connection.sql(plain_sql(sql))


def read_csv(file: Path, *, delimiter: str, types: Mapping[str, str]) -> Any:
    """The rows of a file with a line of names, as a DuckDB relation; `types` of some columns."""
    import duckdb

    connection = duckdb.connect()
    return connection.read_csv(str(file), header=True, sep=delimiter, dtype=dict(types))


def _qualify(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    *parents, table = name.split(".")
    if not parents:
        return
    if len(parents) > 1:
        connection.execute(f"attach if not exists ':memory:' as {_quoted(parents[0])}")
    schema = ".".join(map(_quoted, parents))
    connection.execute(f"create schema if not exists {schema}")
    view = f"{schema}.{_quoted(table)}"
    connection.execute(f"create view {view} as select * from memory.main.{_quoted(name)}")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _tables(node: Any, hidden: frozenset[str]) -> Iterator[str]:
    if isinstance(node, list):
        for item in node:
            yield from _tables(item, hidden)
    if not isinstance(node, dict):
        return
    if node.get("type") == "RECURSIVE_CTE_NODE":
        hidden |= {str(node.get("cte_name", "")).lower()}
    for entry in node.get("cte_map", {}).get("map", []):
        name = str(entry["key"]).lower()
        yield from _tables(entry["value"], hidden | _own_name(entry, name))
        hidden |= {name}
    if node.get("type") == "BASE_TABLE":
        parts = [node.get("catalog_name"), node.get("schema_name"), node["table_name"]]
        name = ".".join(part for part in parts if part).lower()
        if name not in hidden:
            yield name
    for field, value in node.items():
        if field != "cte_map":
            yield from _tables(value, hidden)


def _own_name(entry: Mapping[str, Any], name: str) -> frozenset[str]:
    # A recursive expression names itself; any other one means a table of that name.
    recursive = "RECURSIVE_CTE_NODE" in json.dumps(entry["value"])
    return frozenset({name}) if recursive else frozenset()


__all__ = ["read_csv", "select", "table_names"]
