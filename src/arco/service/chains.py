"""What stands in what: from an object, or a text that names one, to the chain that grants are
looked for on.

Law: authorisation is by id, at the slot that is read. Must not know who asks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from arco.access.privileges import Kind
from arco.access.securables import WORKSPACE_CHAIN, Chain, Link, Securable, column_of
from arco.catalog.containing import Place, place_of
from arco.catalog.finding import DEFAULT_CATALOG, chain, look_up
from arco.catalog.kinds import Found
from arco.catalog.kinds import Kind as Object
from arco.catalog.tables import (
    CATALOGS,
    COLUMNS,
    NAMESPACES,
    TABLE_NAMES,
    TABLES,
    CatalogTable,
    DroppedObject,
    Namespace,
)
from arco.errors import Invalid, NotFound
from arco.model import State
from arco.orchestration.rows import Asset
from arco.orchestration.tables import ASSETS

Look: TypeAlias = Callable[[State, str], Chain | None]
FORMS = "workspace, catalog:main, namespace:sales, table:sales.orders, column:sales.orders.amount"


def chain_of(state: State, found: Found) -> Chain:
    """The object and what it stands in, up to the workspace.

    Who owns an object is a grant; the `owner` in its row only says whom to ask.
    """
    links = (
        Link(securable=Securable(Kind(each.kind.value), each.object_id), name=_called(each))
        for each in chain(state, found)
    )
    return (*links, *WORKSPACE_CHAIN)


def chain_of_place(state: State, place: Place) -> Chain:
    """What an object in that place would stand in, up to the workspace."""
    if place.namespace:
        row = state.get(NAMESPACES, place.catalog, place.namespace)
        return chain_of_namespace(state, row) if row else chain_of_catalog(state, place.catalog)
    return chain_of_catalog(state, place.catalog)


def chain_of_dropped(state: State, row: DroppedObject) -> Chain:
    """A dropped object and what it would stand in again under the name it had."""
    link = Link(securable=Securable(Kind(row.kind), row.object_id), name=row.full_name)
    catalog, _, rest = row.full_name.partition(".")
    namespace, _, name = rest.rpartition(".")
    place = place_of(state, catalog, namespace=namespace, name=name) if rest else None
    return (link, *(chain_of_place(state, place) if place else WORKSPACE_CHAIN))


def chain_of_catalog(state: State, name: str) -> Chain:
    """The catalog and the workspace; only the workspace when there is no such catalog."""
    row = state.get(CATALOGS, name)
    return WORKSPACE_CHAIN if row is None else chain_of(state, Found(Object.CATALOG, row))


def chain_of_namespace(state: State, row: Namespace) -> Chain:
    """The namespace and what it stands in."""
    return chain_of(state, Found(Object.NAMESPACE, row))


def chain_of_table(state: State, row: CatalogTable) -> Chain:
    """The table and what it stands in."""
    return chain_of(state, Found(Object.TABLE, row))


def chain_of_asset(state: State, asset: Asset) -> Chain:
    """The asset's table and what it stands in, also before anything of it is published."""
    name = state.get(TABLE_NAMES, asset.table_id)
    table = state.get(TABLES, name.namespace_id, name.name) if name else None
    if table is not None:
        return chain_of_table(state, table)
    link = Link(securable=Securable(Kind.TABLE, asset.table_id), name=asset.key)
    namespace = state.get(NAMESPACES, DEFAULT_CATALOG, asset.key.partition(".")[0])
    if namespace is not None:
        return (link, *chain_of_namespace(state, namespace))
    return (link, *chain_of_catalog(state, DEFAULT_CATALOG))


def find_chain(state: State, text: str) -> Chain:
    """The chain of the object that a text such as `table:sales.orders` names.

    Raises: Invalid SECURABLE_INVALID; NotFound SECURABLE_NOT_FOUND.
    """
    kind, _, name = text.partition(":")
    if kind == Kind.WORKSPACE and not name:
        return WORKSPACE_CHAIN
    look = LOOKS.get(kind)
    if look is None or not name:
        raise Invalid(
            "SECURABLE_INVALID",
            f"{text[:120]!r} does not name an object that privileges are held on",
            hint=f"write one of: {FORMS}",
        )
    found: Chain | None = look(state, name)
    if found is None:
        raise no_securable(text)
    return found


def no_securable(text: str) -> NotFound:
    """The error for an object that is not there or may not be seen."""
    return NotFound(
        "SECURABLE_NOT_FOUND",
        f"there is no {text[:300]}",
        hint="`arco tables` lists the tables; an asset can be named once it is deployed",
    )


def _object(kind: Object) -> Look:
    def look(state: State, name: str) -> Chain | None:
        found = look_up(state, kind, name=name)
        return chain_of(state, found) if found else None

    return look


def _table(state: State, name: str) -> Chain | None:
    found = look_up(state, Object.TABLE, name=name)
    if found is not None:
        return chain_of(state, found)
    asset = state.get(ASSETS, name)
    return chain_of_asset(state, asset) if asset else None


def _called(found: Found) -> str:
    """The name as people say it: without the catalog that names without one are read in."""
    return found.full_name.removeprefix(f"{DEFAULT_CATALOG}.")


def _column(state: State, name: str) -> Chain | None:
    table_name, _, column = name.rpartition(".")
    above = _table(state, table_name)
    if above is None:
        return None
    table_id = above[0].securable.id
    if all(row.name != column for row in state.range(COLUMNS, table_id)):
        return None
    return (Link(securable=column_of(table_id, column), name=name), *above)


LOOKS: Mapping[str, Look] = {
    **{kind.value: _object(kind) for kind in Object},
    Kind.TABLE.value: _table,
    Kind.COLUMN.value: _column,
}

__all__ = [
    "chain_of",
    "chain_of_asset",
    "chain_of_catalog",
    "chain_of_dropped",
    "chain_of_namespace",
    "chain_of_place",
    "chain_of_table",
    "find_chain",
    "no_securable",
]
