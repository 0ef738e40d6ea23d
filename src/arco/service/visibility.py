"""What a caller may know of, worked out once and kept until a grant or a name changes.

Law: nothing is shown that no rule shows. A set is made of one state and thrown away with the first
change that touches it, so a revocation cannot leak.
"""

from __future__ import annotations

from bisect import bisect_right

from arco.access.callers import Caller
from arco.access.decisions import principals_of
from arco.access.privileges import Kind
from arco.access.securables import COLUMN_SEPARATOR, Chain, Securable
from arco.access.tables import HELD_GRANTS
from arco.catalog.tables import NAMESPACES, TABLE_NAMES, CatalogTable, Namespace
from arco.model import State
from arco.orchestration.tables import ASSETS, PLANS
from arco.service.chains import (
    chain_of_asset,
    chain_of_catalog,
    chain_of_namespace,
    chain_of_table,
)

RUNS_REMEMBERED_MAX = 10_000


class Visible:
    """The objects that one caller may know of, in one state."""

    def __init__(self, state: State, caller: Caller) -> None:
        self.principals = frozenset(principals_of(state, caller))
        self._held: set[Securable] = set()
        self.tables: set[str] = set()
        """Tables that are visible by themselves, besides those of visible namespaces."""
        self.names: dict[str, list[str]] = {}
        """Namespace id -> the names of those tables, sorted."""
        self._within: dict[str, bool] = {}
        self._runs: dict[str, bool] = {}
        self._collect(state)
        self.everything = Securable(Kind.WORKSPACE) in self._held
        self._namespaces, self._catalogs = self._containers(state)

    def is_within(self, state: State, row: CatalogTable) -> bool:
        """True when the whole namespace of the table is visible."""
        known = self._within.get(row.namespace_id)
        if known is None:
            known = self._within[row.namespace_id] = self._holds(chain_of_table(state, row)[1:])
        return known

    def sees_table(self, state: State, row: CatalogTable) -> bool:
        """True for a table that may be known of."""
        return row.table_id in self.tables or self.is_within(state, row)

    def sees_namespace(self, state: State, row: Namespace) -> bool:
        """True for a namespace that is visible, or holds something that is."""
        return row.namespace_id in self._namespaces or self._holds(chain_of_namespace(state, row))

    def sees_catalog(self, state: State, name: str) -> bool:
        """True for a catalog that is visible, or holds something that is."""
        return name in self._catalogs or self._holds(chain_of_catalog(state, name))

    def sees_asset(self, state: State, key: str) -> bool:
        """True for an asset whose table may be known of."""
        row = state.get(ASSETS, key)
        if row is None:
            return False
        return row.table_id in self.tables or self._holds(chain_of_asset(state, row))

    def sees_run(self, state: State, run_id: str) -> bool:
        """True for a run of which every asset may be known of."""
        known = self._runs.get(run_id)
        if known is None:
            plan = state.get(PLANS, run_id)
            assets = {task.asset for task in plan.tasks} if plan else set()
            known = bool(assets) and all(self.sees_asset(state, asset) for asset in assets)
            if len(self._runs) < RUNS_REMEMBERED_MAX:
                self._runs[run_id] = known
        return known

    def next_name(self, namespace_id: str, after: str) -> str | None:
        """The first name behind `after` of a table that is visible by itself."""
        names = self.names.get(namespace_id, [])
        place = bisect_right(names, after)
        return names[place] if place < len(names) else None

    def _holds(self, chain: Chain) -> bool:
        return any(
            link.securable in self._held or (link.owner and link.owner in self.principals)
            for link in chain
        )

    def _collect(self, state: State) -> None:
        for principal in self.principals:
            for row in state.range(HELD_GRANTS, principal):
                if row.kind is Kind.TABLE:
                    self.tables.add(row.securable_id)
                elif row.kind is Kind.COLUMN:
                    self.tables.add(row.securable_id.partition(COLUMN_SEPARATOR)[0])
                else:
                    self._held.add(Securable(row.kind, row.securable_id))
        for table_id in self.tables:
            name = state.get(TABLE_NAMES, table_id)
            if name is not None:
                self.names.setdefault(name.namespace_id, []).append(name.name)
        for names in self.names.values():
            names.sort()

    def _containers(self, state: State) -> tuple[set[str], set[str]]:
        """Namespaces and catalogs that hold something visible."""
        namespaces, catalogs = set(self.names), set()
        for row in state.range(NAMESPACES):
            held = Securable(Kind.NAMESPACE, row.namespace_id) in self._held
            if held or row.namespace_id in namespaces:
                catalogs.add(row.catalog)
        return namespaces, catalogs


__all__ = ["Visible"]
