"""The Parquet columns of every table, as one line of text each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from arco.engine.domain import DOMAIN as ENGINE
from arco.engine.parquet import schema_of
from arco.model import Table
from arco.service.workspace import DOMAINS
from tests.golden.folders import SCHEMAS

TABLES: dict[str, Table[Any]] = {
    table.name: table for domain in (*DOMAINS, ENGINE) for table in domain.tables
}
Columns = dict[str, tuple[str, bool]]


def columns_of(table: Table[Any]) -> Columns:
    """Column -> its Arrow type, and whether it may be null."""
    return {field.name: (str(field.type), field.nullable) for field in schema_of(table)}


def spelled(table: Table[Any]) -> str:
    """What the golden file of the table says."""
    lines = [f"key {' '.join(table.key)}"]
    for name, (kind, nullable) in columns_of(table).items():
        lines.append(f"{name}: {kind}{' nullable' if nullable else ''}")
    return "\n".join(lines) + "\n"


def read(text: str) -> tuple[tuple[str, ...], Columns]:
    """The key and the columns that a golden file names."""
    first, *rest = text.splitlines()
    columns: Columns = {}
    for line in rest:
        name, _, kind = line.partition(": ")
        columns[name] = (kind.removesuffix(" nullable"), kind.endswith(" nullable"))
    return tuple(first.split()[1:]), columns


def breaches(table: Table[Any], golden: str) -> Iterator[str]:
    """Differences that rows stored by an earlier release would not survive."""
    key, before = read(golden)
    after = columns_of(table)
    if key != table.key:
        yield f"its key was {key} and is {table.key}"
    for name, described in before.items():
        if name not in after:
            yield f"column {name} is gone"
        elif after[name] != described:
            yield f"column {name} was {described} and is {after[name]}"
    for name in after.keys() - before.keys():
        if not after[name][1]:
            yield f"column {name} was added and may not be null"
    shared = [name for name in after if name in before]
    if shared != [name for name in before if name in after]:
        yield "its columns stand in another order"


def write() -> None:
    """The golden file of every table that has none, and of those that only grew."""
    SCHEMAS.mkdir(exist_ok=True)
    for name, table in TABLES.items():
        path = SCHEMAS / f"{name}.txt"
        found = list(breaches(table, path.read_text("utf-8"))) if path.is_file() else []
        if found:
            raise SystemExit(f"{name}: nullable additions only; {'; '.join(found)}")
        path.write_text(spelled(table), "utf-8")
