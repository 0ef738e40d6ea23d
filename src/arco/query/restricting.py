"""A table as one caller may read it: its columns, the rows that the filter lets through, its masks.

Law: the whole restriction is applied before any of the caller's SQL sees a row, so neither an error
nor the order of evaluation tells of what was left out. An expression is judged like a query, and
reads nothing but its table.
"""

from __future__ import annotations

from typing import Any

import duckdb

from arco.errors import Invalid
from arco.query.protocol import Restriction
from arco.query.statement import private_name, read_statement
from arco.query.wording import RAW, parameters_of, quoted, select_of


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
        statement = read_statement(connection, select_of(restriction))
        if statement.tables != (RAW,):
            raise _failed()
        return connection.execute(statement.text, parameters_of(restriction)).to_arrow_table()
    except (duckdb.Error, Invalid) as error:
        raise _failed() from error
    finally:
        connection.execute(f"DROP VIEW {catalog}.{schema}.{name}")
        connection.unregister("_arco_raw")


def _failed() -> Invalid:
    return Invalid(
        "RESTRICTION_FAILED",
        "the table's row filter or a column mask cannot be applied",
        hint="whoever manages the table can mend it: `arco access restrictions`",
    )


__all__ = ["restricted"]
