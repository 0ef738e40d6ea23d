"""What a caller may know of, worked out once and kept until a grant or a name changes.

Law: nothing is shown that no rule shows. A set is made of one state and thrown away with the first
change that touches it, so a revocation cannot leak.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence

from arco.access.callers import Caller
from arco.access.decisions import principals_of
from arco.access.privileges import Kind
from arco.access.securables import Chain, Securable
from arco.catalog.finding import chain
from arco.catalog.kinds import Found, by_id
from arco.catalog.kinds import Kind as Object
from arco.catalog.tables import NAMESPACES, CatalogTable, DroppedObject, Namespace
from arco.errors import Invalid, NotFound
from arco.model import State
from arco.orchestration.selection import select_assets
from arco.orchestration.tables import ASSETS, PLANS
from arco.orchestration.views import DeployedDefinitions
from arco.service.chains import (
    chain_of,
    chain_of_asset,
    chain_of_catalog,
    chain_of_dropped,
    chain_of_namespace,
)
from arco.service.holdings import Holdings

RUNS_REMEMBERED_MAX = 10_000
SELECTIONS_REMEMBERED_MAX = 1_000
LEAVES = {
    Kind.VIEW: Object.VIEW,
    Kind.VOLUME: Object.VOLUME,
    Kind.FUNCTION: Object.FUNCTION,
}


class Visible:
    """The objects that one caller may know of, in one state."""

    def __init__(self, state: State, holdings: Holdings) -> None:
        self.principals = holdings.principals
        self.tables = holdings.tables
        """Tables that are visible by themselves, besides those of visible namespaces."""
        self.names = holdings.names
        """Namespace id -> the names of those tables, sorted."""
        self._held = holdings.objects
        self._within: dict[str, bool] = {}
        self._runs: dict[str, bool] = {}
        self._selections: dict[tuple[str, ...], bool] = {}
        self.everything = Securable(Kind.WORKSPACE) in self._held
        self._namespaces, self._catalogs = self._containers(state)

    def rests_on(self, object_id: str) -> bool:
        """True when something is held on this very object, so that its place matters."""
        return object_id in self.tables or any(each.id == object_id for each in self._held)

    def is_within(self, state: State, row: CatalogTable) -> bool:
        """True when the whole namespace of the table is visible."""
        known = self._within.get(row.namespace_id)
        if known is None:
            chain = chain_of(state, Found(Object.TABLE, row))[1:]
            known = self._within[row.namespace_id] = self._holds(chain)
        return known

    def sees_all_within(self, state: State, namespace: Namespace) -> bool:
        """True when everything is visible that stands in the namespace itself."""
        known = self._within.get(namespace.namespace_id)
        if known is None:
            chain = chain_of(state, Found(Object.NAMESPACE, namespace))
            known = self._within[namespace.namespace_id] = self._holds(chain)
        return known

    def leaves(self) -> Iterator[tuple[Object, str]]:
        """Kind and id of everything in namespaces that is visible by itself."""
        yield from ((Object.TABLE, each) for each in self.tables)
        yield from ((LEAVES[each.kind], each.id) for each in self._held if each.kind in LEAVES)

    def sees_table(self, state: State, row: CatalogTable) -> bool:
        """True for a table that may be known of."""
        return row.table_id in self.tables or self.is_within(state, row)

    def sees_namespace(self, state: State, row: Namespace) -> bool:
        """True for a namespace that is visible, or holds something that is."""
        return row.namespace_id in self._namespaces or self._holds(chain_of_namespace(state, row))

    def sees_catalog(self, state: State, name: str) -> bool:
        """True for a catalog that is visible, or holds something that is."""
        return name in self._catalogs or self._holds(chain_of_catalog(state, name))

    def sees(self, state: State, found: Found) -> bool:
        """True for an object of any kind that may be known of."""
        if found.kind is Object.TABLE:
            return self.sees_table(state, found.row)
        if found.kind is Object.NAMESPACE:
            return self.sees_namespace(state, found.row)
        if found.kind is Object.CATALOG:
            return self.sees_catalog(state, found.row.name)
        return self._holds(chain_of(state, found))

    def sees_dropped(self, state: State, row: DroppedObject) -> bool:
        """True for a dropped object that could be known of, if it stood again."""
        return row.object_id in self.tables or self._holds(chain_of_dropped(state, row))

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

    def sees_selection(self, state: State, selection: Sequence[str]) -> bool:
        """True for terms that name something, of which every asset may be known of.

        Cost: the assets that the terms name, once; of a glob, a tag or a group all that there are.
        """
        terms = tuple(selection)
        known = self._selections.get(terms)
        if known is None:
            known = self._sees_all(state, terms)
            if len(self._selections) < SELECTIONS_REMEMBERED_MAX:
                self._selections[terms] = known
        return known

    def next_name(self, namespace_id: str, after: str) -> str | None:
        """The first name behind `after` of a table that is visible by itself."""
        names = self.names.get(namespace_id, [])
        place = bisect_right(names, after)
        return names[place] if place < len(names) else None

    def _sees_all(self, state: State, terms: tuple[str, ...]) -> bool:
        if not terms:
            keys = [row.key for row in state.range(ASSETS) if not row.removed]
        else:
            try:
                keys = list(select_assets(DeployedDefinitions(state), terms))
            except (Invalid, NotFound):
                return False
        return bool(keys) and all(self.sees_asset(state, key) for key in keys)

    def _holds(self, chain: Chain) -> bool:
        return any(
            link.securable in self._held or (link.owner and link.owner in self.principals)
            for link in chain
        )

    def _containers(self, state: State) -> tuple[set[str], set[str]]:
        """Namespaces and catalogs that hold something visible, at any depth."""
        namespaces, catalogs = set[str](), set[str]()
        for row in self._places(state):
            for each in chain(state, Found(Object.NAMESPACE, row)):
                if each.kind is Object.NAMESPACE:
                    namespaces.add(each.object_id)
                else:
                    catalogs.add(each.row.name)
        return namespaces, catalogs

    def _places(self, state: State) -> Iterator[Namespace]:
        """The namespaces that are visible, or that something visible stands in itself."""
        ids = set(self.names)
        for held in self._held:
            if held.kind is Kind.NAMESPACE:
                ids.add(held.id)
            elif held.kind in (Kind.VIEW, Kind.VOLUME, Kind.FUNCTION):
                found = by_id(state, held.id)
                ids |= {found.row.namespace_id} if found else set()
        rows = {each: by_id(state, each) for each in ids}
        yield from (found.row for found in rows.values() if found is not None)
        # Namespaces of the first release have no way from their ids: there are few of them.
        unknown = {each for each, found in rows.items() if found is None}
        if unknown:
            yield from (row for row in state.range(NAMESPACES) if row.namespace_id in unknown)


def visible_to(state: State, caller: Caller) -> Visible:
    """What the caller may know of in this state, worked out at once.

    Cost: all grants that the caller and its groups hold, and the names of what they are on.
    """
    holdings = Holdings(principals_of(state, caller))
    holdings.gather(state)
    return Visible(state, holdings)


__all__ = ["Visible", "visible_to"]
