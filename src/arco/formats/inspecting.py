"""Whether user tables are what the catalog says: every file of every published version is there,
with its size.

Reads everything, changes nothing. Law L6.
"""

from __future__ import annotations

from urllib.parse import unquote

import msgspec

from arco.catalog.tables import TABLES, CatalogTable
from arco.engine.verify import Finding
from arco.errors import ArcoError
from arco.formats import delta
from arco.formats.snapshot import TableSnapshot
from arco.model import State
from arco.orchestration.tables import PINS
from arco.runtime import Runtime
from arco.store import keys
from arco.store.port import Store

RESTORE_HINT = "restore the file from a backup, or run the asset again"


class Inspection(msgspec.Struct, frozen=True):
    """What was looked at and what was found."""

    tables: int
    files: int
    findings: tuple[Finding, ...]


async def inspect_tables(store: Store, runtime: Runtime, *, state: State) -> Inspection:
    """Every published table of a state that is wholly in memory, against the files.

    Cost: one LIST and one log replay per table.
    """
    findings: list[Finding] = []
    published = [row for row in state.range(TABLES) if row.version is not None]
    files = 0
    for row in published:
        findings += _pin_findings(state, row)
        location = store.location(keys.warehouse(row.table_id).rstrip("/"))
        try:
            snapshot = await runtime.thread(delta.snapshot, location, row.version or 0)
        except ArcoError as error:
            findings.append(_finding(row, error.message, hint=error.hint))
            continue
        files += len(snapshot.files)
        findings += await _file_findings(store, row, snapshot=snapshot)
    return Inspection(len(published), files, tuple(findings))


def _pin_findings(state: State, row: CatalogTable) -> list[Finding]:
    pins = [pin for pin in state.range(PINS) if pin.table_id == row.table_id]
    return [
        _finding(row, f"readers see version {row.version}, runs build on {pin.version}")
        for pin in pins
        if pin.version != row.version
    ]


async def _file_findings(
    store: Store, row: CatalogTable, *, snapshot: TableSnapshot
) -> list[Finding]:
    folder = keys.warehouse(row.table_id)
    sizes = {entry.key: entry.size_bytes for entry in await store.list(folder)}
    findings = []
    for file in snapshot.files:
        found = sizes.get(folder + unquote(file.path))
        if found is None:
            findings.append(_finding(row, f"{file.path} is missing", hint=RESTORE_HINT))
        elif found != file.size_bytes:
            problem = f"{file.path} has {found:,} bytes, its log says {file.size_bytes:,}"
            findings.append(_finding(row, problem, hint=RESTORE_HINT))
    if snapshot.rows != row.rows:
        problem = f"the catalog says {row.rows} rows, its files say {snapshot.rows}"
        findings.append(_finding(row, problem))
    return findings


def _finding(row: CatalogTable, problem: str, *, hint: str = "") -> Finding:
    return Finding(f"table {row.full_name}", problem, hint)


__all__ = ["Inspection", "inspect_tables"]
