"""What some principals hold by grants, gathered bit by bit: there may be a hundred thousand.

Law: a bit that misses rows leaves nothing behind, so it can be asked again. Must not know what is
shown for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

from arco.access.privileges import Kind
from arco.access.securables import COLUMN_SEPARATOR, Securable
from arco.access.tables import HELD_GRANTS, HeldGrant
from arco.catalog.tables import TABLE_NAMES, TableName
from arco.model import Key, Misses, State

PROBED_SHARE = 64
WORKSPACE = Securable(Kind.WORKSPACE)


class Holdings:
    """The objects that somebody holds anything on."""

    def __init__(self, principals: Iterable[str]) -> None:
        self.principals = frozenset(principals)
        self.objects: set[Securable] = set()
        """Everything but tables."""
        self.tables: set[str] = set()
        """Tables on which, or on a column of which, something is held."""
        self.names: dict[str, list[str]] = {}
        """Namespace id -> the names of those tables, sorted once all are gathered."""
        self._ahead = sorted(self.principals)
        self._after: Key | None = None
        self._looked = False

    def gather(self, state: State, count: int | None = None) -> bool:
        """Look at so many more grants, or at all; True once there are no others.

        Who holds something on the workspace may know of everything, and nothing else is looked at.
        """
        if not self._looked:
            self._look_above(state)
        if not self._ahead:
            return True
        start = self._after
        rows = list(islice(state.range(HELD_GRANTS, self._ahead[-1], after=start), count))
        fresh = {table for row in rows if (table := _table_of(row))} - self.tables
        self._keep(rows, fresh, named=_named(state, sorted(fresh)))
        if count is not None and len(rows) == count:
            self._after = HELD_GRANTS.key_of(rows[-1])
            return False
        self._after = None
        self._ahead.pop()
        return self._ended() if not self._ahead else count is None and self.gather(state)

    def _look_above(self, state: State) -> None:
        place = (WORKSPACE.kind, WORKSPACE.id)
        if any(True for each in self._ahead for _ in state.range(HELD_GRANTS, each, *place)):
            self.objects.add(WORKSPACE)
            self._ahead = []
        self._looked = True

    def _keep(
        self, rows: Sequence[HeldGrant], fresh: set[str], *, named: Sequence[TableName]
    ) -> None:
        self.tables |= fresh
        for name in named:
            self.names.setdefault(name.namespace_id, []).append(name.name)
        others = (row for row in rows if not _table_of(row))
        self.objects |= {Securable(row.kind, row.securable_id) for row in others}

    def _ended(self) -> bool:
        for names in self.names.values():
            names.sort()
        return True


def _table_of(row: HeldGrant) -> str:
    """The table that a grant is on, or on a column of; empty: it is on something else."""
    if row.kind is Kind.TABLE:
        return row.securable_id
    if row.kind is Kind.COLUMN:
        return row.securable_id.partition(COLUMN_SEPARATOR)[0]
    return ""


def _named(state: State, tables: Sequence[str]) -> list[TableName]:
    """The names of the tables that stand, in the order of their ids."""
    # Those between two that stand near each other are loaded with them.
    _rows(state, tables[::PROBED_SHARE])
    return _rows(state, tables)


def _rows(state: State, tables: Sequence[str]) -> list[TableName]:
    misses, found = Misses(), []
    for table_id in tables:
        with misses:
            name = state.get(TABLE_NAMES, table_id)
            if name is not None:
                found.append(name)
    misses.settle()
    return found


__all__ = ["Holdings"]
