"""The SQL that turns snapshot files into the tables they are, for an engine that is not ours.

Of each key the newest line counts, unless that is a drop. Must not know where the files are: it
names them, and whoever runs it says what stands behind a name.
Source: storage format, "Reading with DuckDB alone".
"""

from __future__ import annotations

from typing import Any

from arco.engine.parquet import schema_of
from arco.model import Table
from arco.service.minting import PublicTable

TYPES = {
    "bool": "BOOLEAN",
    "date32[day]": "DATE",
    "double": "DOUBLE",
    "int64": "BIGINT",
    "list<element: string>": "VARCHAR[]",
    "list<item: string>": "VARCHAR[]",
    "string": "VARCHAR",
    "timestamp[us, tz=UTC]": "TIMESTAMPTZ",
}


def view_sql(table: Table[Any], files: PublicTable) -> str:
    """A statement that makes the table a view `{domain}.{table}`, whether it has files or not."""
    schema, _, name = table.name.partition(".")
    parts = [f"SELECT {_columns(table)} WHERE false"]
    key = ", ".join(map(_quoted, table.key))
    newest = f"FROM {_read([file.name for file in files.deltas])}"
    if files.base:
        kept = f" ANTI JOIN (SELECT {key} {newest}) USING ({key})" if files.deltas else ""
        parts.append(f"SELECT * FROM {_read([file.name for file in files.base])}{kept}")
    if files.deltas:
        order = f"OVER (PARTITION BY {key} ORDER BY _seq DESC) = 1"
        lines = f"SELECT * {newest} QUALIFY row_number() {order}"
        parts.append(f"SELECT * EXCLUDE (_op, _seq) FROM ({lines}) WHERE _op = 'put'")
    made = f"CREATE OR REPLACE VIEW {_quoted(schema)}.{_quoted(name)} AS\n"
    return f"CREATE SCHEMA IF NOT EXISTS {_quoted(schema)};\n" + made + _union(parts) + ";"


def _columns(table: Table[Any]) -> str:
    return ", ".join(
        f"NULL::{TYPES.get(str(field.type), 'VARCHAR')} AS {_quoted(field.name)}"
        for field in schema_of(table)
    )


def _read(names: list[str]) -> str:
    listed = ", ".join("'" + name.replace("'", "''") + "'" for name in names)
    return f"read_parquet([{listed}], union_by_name = true)"


def _union(parts: list[str]) -> str:
    return "\nUNION ALL BY NAME\n".join(parts)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


__all__ = ["view_sql"]
