"""What differs between two slots, as people ask: which tables, columns and partitions, which rows.

Made from the rows that changed, so that what stayed costs nothing. Must not know how it is shown.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable
from typing import Any

import msgspec

from arco.catalog.tables import COLUMNS, TABLES, CatalogTable, Column
from arco.engine.travel import ChangeKind, RowChange, changes_between
from arco.errors import NotFound
from arco.orchestration.partitions import display
from arco.orchestration.rows import Materialization, PartitionStatus
from arco.orchestration.tables import PARTITION_STATUS
from arco.service.workspace import Workspace

CLOSE_MAX = 2


class PartitionDifference(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One partition whose content is not the same; the empty name of an unpartitioned table."""

    partition: str
    kind: ChangeKind
    rows_before: int | None = None
    """How many rows it held at the earlier slot."""
    rows_after: int | None = None
    """How many rows it held at the later slot."""


class TableDifference(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One user table that is not the same."""

    table: str
    version_before: int | None = None
    """The version readers saw at the earlier slot."""
    version_after: int | None = None
    """The version readers see at the later slot."""
    rows_before: int | None = None
    """Its rows at the earlier slot."""
    rows_after: int | None = None
    """Its rows at the later slot."""
    columns: tuple[str, ...] = ()
    """`+ name type`, `- name type` or `~ name type -> type`."""
    partitions: tuple[PartitionDifference, ...] = ()
    """Partitions whose content is not the same."""


class SystemDifference(msgspec.Struct, frozen=True, kw_only=True):
    """How many rows of one system table are not the same."""

    table: str
    added: int
    changed: int
    """Rows that stand at both slots and are not the same."""
    removed: int


class RowDifference(msgspec.Struct, frozen=True, kw_only=True):
    """One row of a system table that is not the same."""

    table: str
    key: tuple[Any, ...]
    kind: ChangeKind
    before: Any
    """The row at the earlier slot; null: it was not there."""
    after: Any
    """The row at the later slot; null: it is gone."""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that differs between two slots."""

    slot_before: int
    """The earlier slot."""
    slot_after: int
    """The later slot."""
    tables: tuple[TableDifference, ...]
    system: tuple[SystemDifference, ...]
    """System tables in which a row differs."""
    rows: tuple[RowDifference, ...]


async def difference(workspace: Workspace, before: int, *, after: int) -> Difference:
    """What differs between two slots; private tables are left out.

    Raises and costs: what `changes_between` does.
    """
    changes = await changes_between(workspace.database, before, after=after)
    public = [change for change in changes if change.table.public]
    return Difference(
        slot_before=before,
        slot_after=after,
        tables=tuple(_tables(public)),
        system=tuple(_system(public)),
        rows=tuple(map(_row, public)),
    )


def only_about(found: Difference, name: str) -> Difference:
    """What of it is about one table.

    Raises: NotFound TABLE_UNCHANGED when nothing is.
    """
    system = {name, f"system.{name}"}
    kept = msgspec.structs.replace(
        found,
        tables=tuple(each for each in found.tables if each.table == name),
        system=tuple(each for each in found.system if each.table in system),
        rows=tuple(each for each in found.rows if each.table in system),
    )
    if kept.tables or kept.system:
        return kept
    known = [each.table for each in found.tables] + [each.table for each in found.system]
    close = difflib.get_close_matches(name, known, CLOSE_MAX)
    anything = "leave the table out to see what does"
    changed = f"did you mean {' or '.join(close)}?" if close else anything
    raise NotFound("TABLE_UNCHANGED", f"nothing of a table {name} differs", hint=changed)


def _tables(changes: Iterable[RowChange]) -> list[TableDifference]:
    names: dict[str, str] = {}
    found: dict[str, TableDifference] = {}
    columns: dict[str, list[RowChange]] = {}
    partitions: dict[str, list[PartitionDifference]] = {}
    for change in changes:
        if change.table is TABLES:
            table = _table(change)
            found[table.table] = table
            names[_present(change).table_id] = table.table
        elif change.table is COLUMNS:
            columns.setdefault(change.key[0], []).append(change)
        elif change.table is PARTITION_STATUS:
            partitions.setdefault(change.key[0], []).extend(_partition(change))
    named = {names[table_id]: _columns(rows) for table_id, rows in columns.items()}
    for name in sorted({*found, *(key for key, parts in partitions.items() if parts)}):
        found[name] = msgspec.structs.replace(
            found.get(name, TableDifference(table=name)),
            columns=named.get(name, ()),
            partitions=tuple(partitions.get(name, ())),
        )
    return [found[name] for name in sorted(found)]


def _present(change: RowChange) -> Any:
    return change.before if change.after is None else change.after


def _table(change: RowChange) -> TableDifference:
    before, after = change.before, change.after
    assert before is None or isinstance(before, CatalogTable)
    assert after is None or isinstance(after, CatalogTable)
    return TableDifference(
        table=_present(change).full_name,
        version_before=before.version if before else None,
        version_after=after.version if after else None,
        rows_before=before.rows if before else None,
        rows_after=after.rows if after else None,
    )


def _columns(changes: Iterable[RowChange]) -> tuple[str, ...]:
    before = {row.name: row.type for c in changes if isinstance(row := c.before, Column)}
    after = {row.name: row.type for c in changes if isinstance(row := c.after, Column)}
    return (
        *(f"- {name} {kind}" for name, kind in before.items() if name not in after),
        *(
            f"~ {name} {before[name]} -> {kind}"
            for name, kind in after.items()
            if before.get(name, kind) != kind
        ),
        *(f"+ {name} {kind}" for name, kind in after.items() if name not in before),
    )


def _partition(change: RowChange) -> list[PartitionDifference]:
    """The change of what the partition holds; nothing when only an attempt ended."""
    before, after = _content(change.before), _content(change.after)
    if (before and before.data_version) == (after and after.data_version):
        return []
    kind: ChangeKind = "changed" if before and after else "added" if after else "removed"
    key = change.key[1]
    return [
        PartitionDifference(
            partition=display(key) if key else "",
            kind=kind,
            rows_before=before.rows if before else None,
            rows_after=after.rows if after else None,
        )
    ]


def _content(row: msgspec.Struct | None) -> Materialization | None:
    return row.materialization if isinstance(row, PartitionStatus) else None


def _system(changes: Iterable[RowChange]) -> list[SystemDifference]:
    counts: dict[str, Counter[str]] = {}
    for change in changes:
        counts.setdefault(change.table.name, Counter())[change.kind] += 1
    return [
        SystemDifference(
            table=f"system.{name}",
            added=count["added"],
            changed=count["changed"],
            removed=count["removed"],
        )
        for name, count in sorted(counts.items())
    ]


def _row(change: RowChange) -> RowDifference:
    return RowDifference(
        table=f"system.{change.table.name}",
        key=change.key,
        kind=change.kind,
        before=change.before,
        after=change.after,
    )


__all__ = [
    "Difference",
    "PartitionDifference",
    "RowDifference",
    "SystemDifference",
    "TableDifference",
    "difference",
    "only_about",
]
