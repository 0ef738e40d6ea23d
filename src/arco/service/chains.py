"""What stands in what: from an object, or a text that names one, to the chain that grants are
looked for on.

Law: authorisation is by id, at the slot that is read. Must not know who asks.
"""

from __future__ import annotations

from arco.access.privileges import Kind
from arco.access.securables import WORKSPACE_CHAIN, Chain, Link, Securable, column_of
from arco.catalog.commands import DEFAULT_CATALOG
from arco.catalog.tables import (
    CATALOGS,
    COLUMNS,
    NAMESPACES,
    TABLE_NAMES,
    TABLES,
    CatalogTable,
    Namespace,
)
from arco.errors import Invalid, NotFound
from arco.model import State
from arco.orchestration.rows import Asset
from arco.orchestration.tables import ASSETS

FORMS = "workspace, catalog:main, namespace:sales, table:sales.orders, column:sales.orders.amount"


def chain_of_catalog(state: State, name: str) -> Chain:
    """The catalog and the workspace; only the workspace when there is no such catalog."""
    row = state.get(CATALOGS, name)
    if row is None:
        return WORKSPACE_CHAIN
    link = Link(securable=Securable(Kind.CATALOG, row.catalog_id), name=row.name)
    return (link, *WORKSPACE_CHAIN)


def chain_of_namespace(state: State, row: Namespace) -> Chain:
    """The namespace and what it stands in."""
    link = Link(securable=Securable(Kind.NAMESPACE, row.namespace_id), name=row.name)
    return (link, *chain_of_catalog(state, row.catalog))


def chain_of_table(state: State, row: CatalogTable) -> Chain:
    """The table and what it stands in."""
    link = Link(securable=Securable(Kind.TABLE, row.table_id), name=row.full_name)
    namespace = Link(securable=Securable(Kind.NAMESPACE, row.namespace_id), name=row.namespace)
    return (link, namespace, *chain_of_catalog(state, row.catalog))


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


def _catalog(state: State, name: str) -> Chain | None:
    chain = chain_of_catalog(state, name)
    return chain if len(chain) > 1 else None


def _namespace(state: State, name: str) -> Chain | None:
    row = state.get(NAMESPACES, DEFAULT_CATALOG, name)
    return chain_of_namespace(state, row) if row else None


def _table(state: State, name: str) -> Chain | None:
    namespace, _, short = name.partition(".")
    row = state.get(NAMESPACES, DEFAULT_CATALOG, namespace)
    table = state.get(TABLES, row.namespace_id, short) if row else None
    if table is not None:
        return chain_of_table(state, table)
    asset = state.get(ASSETS, name)
    return chain_of_asset(state, asset) if asset else None


def _column(state: State, name: str) -> Chain | None:
    table_name, _, column = name.rpartition(".")
    chain = _table(state, table_name)
    if chain is None:
        return None
    table_id = chain[0].securable.id
    if all(row.name != column for row in state.range(COLUMNS, table_id)):
        return None
    return (Link(securable=column_of(table_id, column), name=name), *chain)


LOOKS = {
    Kind.CATALOG.value: _catalog,
    Kind.NAMESPACE.value: _namespace,
    Kind.TABLE.value: _table,
    Kind.COLUMN.value: _column,
}

__all__ = [
    "chain_of_asset",
    "chain_of_catalog",
    "chain_of_namespace",
    "chain_of_table",
    "find_chain",
    "no_securable",
]
