"""A table as one caller may read it: its columns, the rows that the filter lets through, its masks.

Law: the whole restriction is applied before any of the caller's SQL sees a row, so neither an error
nor the order of evaluation tells of what was left out. An expression is judged like a query, and
reads nothing but its table.
"""

from __future__ import annotations

from typing import Any

import duckdb

from arco.errors import Invalid
from arco.query.names import TableName, fold
from arco.query.protocol import Restriction
from arco.query.statement import private_name, read_statement

RAW = TableName("restricted")


def restricted(
    connection: duckdb.DuckDBPyConnection, data: Any, *, restriction: Restriction
) -> Any:
    """The rows that are left, as an Arrow table.

    Raises: Invalid RESTRICTION_FAILED, which tells nothing of the rows.
    """
    catalog, schema, name = (quoted(part) for part in private_name(RAW))
    connection.register("_arco_raw", data)
    connection.execute(f"ATTACH IF NOT EXISTS ':memory:' AS {catalog}")
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {catalog}.{schema}")
    connection.execute(f"CREATE VIEW {catalog}.{schema}.{name} AS FROM temp.main._arco_raw")
    try:
        statement = read_statement(connection, _text(restriction))
        if statement.tables != (RAW,):
            raise _failed()
        return connection.execute(statement.text, _parameters(restriction)).to_arrow_table()
    except (duckdb.Error, Invalid) as error:
        raise _failed() from error
    finally:
        connection.execute(f"DROP VIEW {catalog}.{schema}.{name}")
        connection.unregister("_arco_raw")


def quoted(name: str) -> str:
    """The name as SQL takes it, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'


def _text(restriction: Restriction) -> str:
    # A line of its own for each expression: a comment in one does not swallow what follows.
    masks = {name: f"(\n{text}\n)" for name, text in restriction.masks.items()}
    if restriction.columns:
        # SQL does not tell cases apart, so neither does a mask.
        folded = {fold(name): text for name, text in masks.items()}
        taken = ", ".join(
            f"{folded.get(fold(name), quoted(name))} AS {quoted(name)}"
            for name in restriction.columns
        )
    else:
        replaced = ", ".join(f"{text} AS {quoted(name)}" for name, text in masks.items())
        taken = f"* REPLACE ({replaced})" if replaced else "*"
    where = f"\nWHERE (\n{restriction.predicate}\n)" if restriction.predicate else ""
    return f"SELECT {taken} FROM {RAW.name}{where}"


def _parameters(restriction: Restriction) -> dict[str, Any]:
    """What the expressions may ask of the caller: `$caller`, `$groups`."""
    text = _text(restriction)
    given = {"caller": restriction.caller, "groups": list(restriction.groups)}
    return {name: value for name, value in given.items() if f"${name}" in text}


def _failed() -> Invalid:
    return Invalid(
        "RESTRICTION_FAILED",
        "the table's row filter or a column mask cannot be applied",
        hint="whoever manages the table can mend it: `arco access restrictions`",
    )


__all__ = ["quoted", "restricted"]
