"""What of a table a caller may read: all of it, some columns, some rows, values behind masks.

Law: deny by default. A filter or a mask holds for everyone who is not exempt, owners included. Must
not know SQL beyond carrying it.
"""

from __future__ import annotations

import msgspec

from arco.access.callers import Caller
from arco.access.decisions import decide, principals_of
from arco.access.privileges import Kind, Privilege
from arco.access.securables import COLUMN_SEPARATOR
from arco.access.tables import COLUMN_MASKS, HELD_GRANTS, ROW_FILTERS
from arco.catalog.tables import CatalogTable
from arco.model import State
from arco.service.authority import require
from arco.service.chains import chain_of_table


class Readable(msgspec.Struct, frozen=True, kw_only=True):
    """What is left of a table for one caller."""

    columns: tuple[str, ...] = ()
    """The only columns it may read; none: all."""
    predicate: str = ""
    """The rows it may read; empty: all."""
    masks: dict[str, str] = {}
    """Column -> the expression that stands in its place."""
    caller: str = ""
    groups: tuple[str, ...] = ()


def readable(state: State, caller: Caller, *, table: CatalogTable) -> Readable | None:
    """What the caller may read of the table; None: everything.

    Raises: Forbidden ACCESS_DENIED when that is nothing.
    """
    if caller.is_local:
        return None
    principals = principals_of(state, caller)
    columns = _columns(state, caller, table=table, principals=principals)
    mine = frozenset(principals)
    rows = state.get(ROW_FILTERS, table.table_id)
    predicate = rows.predicate if rows and not mine & set(rows.exempt) else ""
    masks = {
        mask.column: mask.expression
        for mask in state.range(COLUMN_MASKS, table.table_id)
        if not mine & set(mask.exempt)
    }
    if not columns and not predicate and not masks:
        return None
    return Readable(
        columns=columns,
        predicate=predicate,
        masks=masks,
        caller=caller.principal,
        groups=principals[1:],
    )


def _columns(
    state: State, caller: Caller, *, table: CatalogTable, principals: tuple[str, ...]
) -> tuple[str, ...]:
    chain = chain_of_table(state, table)
    if decide(state, caller, privilege=Privilege.SELECT, chain=chain).allowed:
        return ()
    start = table.table_id + COLUMN_SEPARATOR
    found = {
        row.securable_id.removeprefix(start)
        for principal in principals
        for row in state.range(HELD_GRANTS, principal, Kind.COLUMN)
        if row.securable_id.startswith(start) and row.privilege is Privilege.SELECT
    }
    if not found or not caller.may_use(Privilege.SELECT):
        require(state, caller, privilege=Privilege.SELECT, chain=chain)
    return tuple(sorted(found))


__all__ = ["Readable", "readable"]
