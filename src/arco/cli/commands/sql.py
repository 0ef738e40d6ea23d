"""`arco sql`: one SELECT over user tables and `system.*`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from arco.cli.options import at_option
from arco.cli.querying import query
from arco.cli.session import reading, run_to_end
from arco.cli.terminal import counted
from arco.cli.where import Where, where_option
from arco.query.pool import Result
from arco.query.protocol import Format

FORMATS = {"table": Format.TEXT, "json": Format.JSON, "csv": Format.CSV}
EPILOG = """\b
Examples:
  arco sql "select carrier, count(*) from staging.flights group by all order by 2 desc"
  arco sql "select * from raw.planes at (version => 0)" --format csv > planes.csv
  arco sql "select count(*) from staging.flights" --at 2h
  arco sql "select asset, state, rows from system.orchestration.tasks"
  echo "select 1" | arco sql -
"""


@click.command("sql", epilog=EPILOG)
@click.argument("select")
@click.option(
    "--format", "shape", type=click.Choice(list(FORMATS)), default="table", help="Default: table."
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@at_option
@where_option
def command(select: str, shape: str, as_json: bool, moment: str, where: Where) -> None:
    """Run one SELECT; "-" reads it from standard input.

    Tables are NAMESPACE.NAME at their published version; metadata is system.catalog.tables,
    system.catalog.columns, system.orchestration.runs, .tasks, .checks, system.lineage.edges,
    system.commits and more. With --at, all of them are what they were then.
    """
    text = sys.stdin.read() if select == "-" else select
    format = Format.JSON if as_json else FORMATS[shape]
    client = where.client(moment)
    if client is not None:
        rows = client.query(text, format=format)
        _write(rows.body, format)
        if format is Format.TEXT or rows.is_truncated:
            click.echo(f"({_counted(rows.count, is_cut=rows.is_truncated)})", err=True)
        return
    result = run_to_end(_ask(text, format, moment=moment, directory=where.directory))
    _write(result.body, format)
    if format is Format.TEXT or result.truncated:
        click.echo(_footer(result), err=True)


async def _ask(text: str, format: Format, *, moment: str, directory: Path | None) -> Result:
    async with reading(directory) as workspace:
        return await query(workspace, text, format=format, moment=moment)


def _write(body: bytes, format: Format) -> None:
    sys.stdout.buffer.write(body)
    if format is Format.JSON:
        sys.stdout.buffer.write(b"\n")
    sys.stdout.buffer.flush()


def _footer(result: Result) -> str:
    rows = _counted(result.rows, is_cut=result.truncated)
    return f"({rows}, {result.elapsed_ms:,.0f} ms)"


def _counted(rows: int, *, is_cut: bool) -> str:
    return counted(rows, "row") + (", more were left off" if is_cut else "")


__all__ = ["command"]
