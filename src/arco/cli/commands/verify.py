"""`arco verify`: the log is whole, replay equals the snapshot, counters equal recounts, and every
file of every published table is there.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import msgspec

from arco.cli.options import directory_option, json_option
from arco.cli.session import existing_settings, reading, run_to_end
from arco.cli.terminal import counted, harmless, moment, print_json, table
from arco.engine import snapshot
from arco.engine.domain import DOMAIN as ENGINE
from arco.engine.rounds.standing import Standing, standing
from arco.engine.rounds.tables import Round
from arco.engine.verify import Finding, Report, Verifier
from arco.errors import Unavailable
from arco.formats.inspecting import Depth, Inspection, Place, Telling, inspect_tables
from arco.orchestration.invariants import violations
from arco.runtime import AsyncioRuntime, Runtime
from arco.service.search.checking import search_findings
from arco.service.workspace import DOMAINS, open_scope
from arco.store.port import Store

ROUND_HEADINGS = ("round", "number", "state", "began at", "objects", "read", "damages")
LINE_CHARACTERS = 79
CLEARED = "\r\x1b[K"
EPILOG = """\b
Examples:
  arco verify
  arco verify --rebuild
  arco verify --tables sizes             without reading the data of tables
  arco verify --status                   what `arco dev` found by itself
  arco verify --json | jq '.findings[]'
"""


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was checked, and everything that was found; no findings: clean."""

    slots: int
    events: int
    snapshot_slot: int | None
    snapshot_rows: int
    tables: int
    files: int
    read_bytes: int
    entries_unrecorded: int
    files_unrecorded: int
    findings: tuple[Finding, ...]


@click.command("verify", epilog=EPILOG)
@click.option("--rebuild", is_flag=True, help="First make the snapshot again, from the log alone.")
@click.option(
    "--tables",
    "depth",
    type=click.Choice([each.value for each in Depth]),
    default=Depth.CONTENTS.value,
    show_default=True,
    help="Read data files of tables whole, or look only that they are there with their size.",
)
@click.option("--status", is_flag=True, help="Only tell what a leader's own rounds have found.")
@directory_option
@json_option
def command(rebuild: bool, depth: str, status: bool, directory: Path | None, as_json: bool) -> None:
    """Read everything that is stored and check it; change nothing. Exit code 1: not clean."""
    if status:
        by_rounds = run_to_end(_standing(directory))
        print_json(by_rounds) if as_json else click.echo(rounds_told(by_rounds))
        sys.exit(1 if by_rounds.harms else 0)
    if rebuild:
        run_to_end(_rebuild(directory))
    found = run_to_end(_verify(directory, Depth(depth)))
    if as_json:
        print_json(found)
    else:
        click.echo(told(found))
    sys.exit(1 if found.findings else 0)


async def _standing(directory: Path | None) -> Standing:
    async with reading(directory) as workspace:
        await workspace.database.refresh()
        return await workspace.database.asked(standing)


def rounds_told(found: Standing) -> str:
    """The rounds for a person."""
    if not found.rounds:
        return "no round yet: a leader, such as `arco dev`, begins one within a minute"
    lines = [table(ROUND_HEADINGS, [_round_cells(row) for row in found.rounds])]
    for damage in found.damages:
        word = "MENDED" if damage.is_mended else "FOUND"
        lines.append(f"{word} {damage.subject}: {damage.problem}")
        lines += [f"  hint: {damage.hint}"] if damage.hint else []
    since = moment(found.verified_at) if found.verified_at else "not yet"
    lines.append(f"everything read and checked since: {since}")
    return "\n".join(lines)


def _round_cells(row: Round) -> tuple[Any, ...]:
    progress = "under way" if row.cursor else "complete"
    size = f"{row.size_bytes / 1_000_000:,.1f} MB"
    return row.name, row.number, progress, moment(row.began_at), row.objects, size, row.damages


async def _rebuild(directory: Path | None) -> None:
    async with reading(directory) as workspace:
        if await snapshot.rebuild(workspace.database):
            await workspace.database.close()
            slot = workspace.database.seq
            click.echo(f"the snapshot was made again from slots 0 to {slot - 1}", err=True)
            return
    raise Unavailable(
        "SNAPSHOT_NOT_REBUILT",
        "the snapshot was not made again: other processes kept on publishing, or a newer release "
        "wrote to the log",
        hint="stop `arco dev`, or upgrade, and ask again",
    )


async def _verify(directory: Path | None, depth: Depth) -> Verification:
    settings = existing_settings(directory)
    runtime = AsyncioRuntime()
    return await verification(open_scope(settings, runtime), runtime, depth=depth)


async def verification(
    store: Store, runtime: Runtime, *, depth: Depth = Depth.CONTENTS
) -> Verification:
    """What a full verification of a scope finds. Cost: every object once."""
    # Without a database on top: a log that cannot be opened is what this command explains.
    verifier = Verifier(store, runtime, (*DOMAINS, ENGINE))
    report = await verifier.run([violations])
    tables = verifier.tables
    with shown() as tell:
        inspection = await inspect_tables(store, runtime, state=tables, depth=depth, tell=tell)
    search = await search_findings(store, runtime, tables=tables)
    return _together(report, inspection, search=search)


@contextmanager
def shown() -> Iterator[Telling]:
    """What tells a person at a terminal how far it has come, in one line that goes again."""
    if not sys.stderr.isatty():
        yield lambda place: None
        return
    try:
        yield lambda place: click.echo(f"{CLEARED}{progress_line(place)}", nl=False, err=True)
    finally:
        click.echo(CLEARED, nl=False, err=True)


def progress_line(place: Place) -> str:
    """Where an inspection is."""
    read = f"{place.read_bytes / 1_000_000:,.1f} MB"
    line = f"table {place.table + 1:,} of {place.tables:,}, {read} read: {harmless(place.name)}"
    return line[:LINE_CHARACTERS]


def _together(
    report: Report, inspection: Inspection, *, search: tuple[Finding, ...]
) -> Verification:
    return Verification(
        slots=report.slots,
        events=report.events,
        snapshot_slot=report.snapshot_slot,
        snapshot_rows=report.snapshot_rows,
        tables=inspection.tables,
        files=inspection.files,
        read_bytes=inspection.read_bytes,
        entries_unrecorded=inspection.entries_unrecorded,
        files_unrecorded=inspection.files_unrecorded,
        findings=(*report.findings, *inspection.findings),
    )


def told(found: Verification) -> str:
    """The verification for a person."""
    newest = (
        "none yet"
        if found.snapshot_slot is None
        else f"slot {found.snapshot_slot:,}, {counted(found.snapshot_rows, 'row')}"
    )
    lines = [
        f"log:      {counted(found.slots, 'slot')}, {counted(found.events, 'event')}",
        f"snapshot: {newest}",
        f"tables:   {counted(found.tables, 'table')}, {counted(found.files, 'file')}, "
        f"{_compared(found.read_bytes)}",
    ]
    unrecorded = (
        f"not recorded: the hashes of {counted(found.files_unrecorded, 'file')} and "
        f"{counted(found.entries_unrecorded, 'version')} of tables; whether they hold what was "
        "written is not known"
    )
    lines += [unrecorded] if found.entries_unrecorded or found.files_unrecorded else []
    for finding in found.findings:
        lines.append(f"FOUND {finding.subject}: {finding.problem}")
        lines += [f"  hint: {finding.hint}"] if finding.hint else []
    lines.append(counted(len(found.findings), "finding") if found.findings else "clean")
    return "\n".join(lines)


def _compared(read_bytes: int) -> str:
    return f"{read_bytes:,} bytes compared" if read_bytes else "data not compared"


__all__ = [
    "Verification",
    "command",
    "progress_line",
    "rounds_told",
    "shown",
    "told",
    "verification",
]
