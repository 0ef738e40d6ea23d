"""`arco diff`: what differs between two slots or times."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import msgspec

from arco.cli.options import json_option
from arco.cli.session import reading, run_to_end
from arco.cli.terminal import print_json, table
from arco.cli.where import Where, where_option
from arco.service.differences import (
    Difference,
    PartitionDifference,
    RowDifference,
    TableDifference,
    difference,
    only_about,
)
from arco.service.past import slot_of

SYSTEM_HEADINGS = ("table", "added", "changed", "removed")
SIGNS = {"added": "+", "changed": "~", "removed": "-"}
PARTITIONS_SHOWN_MAX = 20
ROWS_SHOWN_MAX = 200
EPILOG = """\b
Examples:
  arco diff 120                          since slot 120
  arco diff 2026-03-01 2026-03-02        in one day
  arco diff 120 180 --table marts.daily_delays
  arco diff 2h --table system.orchestration.runs --json
"""


@click.command("diff", epilog=EPILOG)
@click.argument("before")
@click.argument("after", default="")
@click.option("--table", "name", default="", help="Only this user table or system table.")
@where_option
@json_option
def command(before: str, after: str, name: str, where: Where, as_json: bool) -> None:
    """Show what differs between two moments: a slot, a time, or how long ago (90m, 2h, 3d).

    User tables with their versions, columns and partitions, then how many rows of system tables
    differ; with --table of a system table, these rows. Without AFTER: the present.
    """
    client = where.client()
    if client is not None:
        found = client.history.difference(before, after, table=name)
    else:
        found = run_to_end(_difference(before, after, directory=where.directory))
        found = only_about(found, name) if name else found
    if as_json:
        print_json(found if name else msgspec.structs.replace(found, rows=()))
    else:
        click.echo("\n".join(told(found, rows=bool(name))))


async def _difference(before: str, after: str, *, directory: Path | None) -> Difference:
    async with reading(directory) as workspace:
        first = await slot_of(workspace, before)
        last = await slot_of(workspace, after) if after else workspace.database.seq
        return await difference(workspace, first, after=last)


def told(found: Difference, *, rows: bool) -> list[str]:
    """The difference for a person."""
    lines = [f"from slot {found.slot_before} to slot {found.slot_after}"]
    for each in found.tables:
        lines += _table_lines(each)
    if rows:
        lines += [_row_line(row) for row in found.rows[:ROWS_SHOWN_MAX]]
        more = len(found.rows) - ROWS_SHOWN_MAX
        lines += [f"… and {more:,} more rows: --json shows all"] if more > 0 else []
    elif found.system:
        cells = [(each.table, each.added, each.changed, each.removed) for each in found.system]
        lines += ["", table(SYSTEM_HEADINGS, cells)]
    return lines if len(lines) > 1 else [*lines, "nothing differs"]


def _table_lines(each: TableDifference) -> Iterator[str]:
    version = _step(each.version_before, each.version_after)
    rows = _step(each.rows_before, each.rows_after)
    yield f"{each.table}: version {version}, rows {rows}" if version else each.table
    yield from (f"  {line}" for line in each.columns)
    for partition in each.partitions[:PARTITIONS_SHOWN_MAX]:
        if partition.partition:
            yield f"  {_partition_line(partition)}"
    more = len(each.partitions) - PARTITIONS_SHOWN_MAX
    if more > 0:
        yield f"  … and {more:,} more partitions: --json shows all"


def _partition_line(each: PartitionDifference) -> str:
    rows = _step(each.rows_before, each.rows_after)
    return f"{SIGNS[each.kind]} partition {each.partition}: rows {rows}"


def _row_line(row: RowDifference) -> str:
    key = ", ".join(map(str, row.key))
    if row.kind != "changed":
        return f"{SIGNS[row.kind]} {row.table} {key}"
    before, after = msgspec.to_builtins(row.before), msgspec.to_builtins(row.after)
    fields = [
        f"{name} {before.get(name)} -> {after.get(name)}"
        for name in dict.fromkeys((*before, *after))
        if before.get(name) != after.get(name)
    ]
    return f"~ {row.table} {key}: {'; '.join(fields)}"


def _step(before: int | None, after: int | None) -> str:
    """`1 -> 2`, one number where both are the same, nothing where neither is known."""
    spelled = ["none" if value is None else f"{value:,}" for value in (before, after)]
    if before is None and after is None:
        return ""
    return spelled[0] if before == after else " -> ".join(spelled)


__all__ = ["command", "told"]
