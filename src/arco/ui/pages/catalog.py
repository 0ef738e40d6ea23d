"""The catalog as a tree: catalogs, their namespaces, and what stands in one of them."""

from __future__ import annotations

from itertools import islice
from typing import Annotated, Any

import msgspec
from litestar import Response
from litestar.params import Parameter

from arco.api.callers import CallerHere
from arco.api.listing import Among, object_page
from arco.api.paging import Cursor
from arco.api.session import Here, ask
from arco.catalog.kinds import Kind
from arco.catalog.tables import (
    CATALOGS,
    NAMESPACES,
    CatalogTable,
    Function,
    Namespace,
    View,
    Volume,
)
from arco.catalog.tables import Catalog as CatalogRow
from arco.model import State
from arco.service.objects import NamespaceDetail, find_detail
from arco.ui.addresses import address, plain_name
from arco.ui.answering import Asked, Page, Visit, page_at
from arco.ui.markup import Child, Html, tag
from arco.ui.parts import (
    code,
    facts,
    grid,
    link,
    moment,
    more,
    note,
    nothing,
    number,
    section,
    tags,
)
from arco.ui.queries import filled

ROWS = 100
NAMESPACES_MAX = 500
LIVE = "catalog.catalogs,catalog.namespaces,catalog.tables,catalog.views,catalog.volumes"
TREE_SQL = """SELECT catalog, name, comment, owner, created_at
FROM system.catalog.namespaces ORDER BY catalog, name"""
TABLES_SQL = """SELECT name, format, version, rows, size_bytes, materialized_at, comment
FROM system.catalog.tables WHERE catalog = {catalog} AND namespace = {namespace} ORDER BY name"""
Name = Annotated[str, Parameter(max_length=4096)]


class Branch(msgspec.Struct, frozen=True):
    """One catalog with its namespaces."""

    catalog: CatalogRow
    namespaces: list[Namespace]
    is_cut: bool
    """True: there are more namespaces than are told."""


class Tree(msgspec.Struct, frozen=True):
    """Every catalog."""

    catalogs: list[Branch]


class Shelf(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in one namespace itself."""

    detail: NamespaceDetail
    tables: list[CatalogTable]
    views: list[View]
    volumes: list[Volume]
    functions: list[Function]
    next_cursor: str
    """Where the next page of tables starts."""


@page_at("/catalog")
async def show_catalog(session: Here, caller: CallerHere, request: Asked) -> Response[Any]:
    """Every catalog with its namespaces."""
    seen = await ask(session, _tree, caller=caller)
    page = Page(title="Catalog", section="Catalog", sql=TREE_SQL, live=LIVE)
    return Visit(session, caller, request).shown(seen, page, body=_tree_body)


@page_at("/catalog/{name:str}")
async def show_namespace(
    session: Here, caller: CallerHere, request: Asked, name: Name, cursor: Cursor = ""
) -> Response[Any]:
    """One namespace and everything that stands in it."""
    asked = plain_name(name)
    seen = await ask(session, lambda state: shelf_of(state, asked, cursor=cursor), caller=caller)
    row = seen.value.detail.namespace
    sql = filled(TABLES_SQL, catalog=row.catalog, namespace=row.name)
    page = Page(title=row.full_name, section="Catalog", sql=sql, live=LIVE)
    return Visit(session, caller, request).shown(seen, page, body=_shelf_body)


def shelf_of(state: State, name: str, *, cursor: str = "") -> Shelf:
    """What stands in the namespace with that name or id.

    Raises: NotFound with close names; Invalid CURSOR_INVALID.
    """
    detail = find_detail(state, Kind.NAMESPACE, name=name)
    row = detail.namespace

    def standing(kind: Kind, cursor: str = "") -> tuple[list[Any], str]:
        among = Among(kind=kind, catalog=row.catalog, namespace=row.name)
        return object_page(state, among, limit=ROWS, cursor=cursor)

    tables, next_cursor = standing(Kind.TABLE, cursor)
    return Shelf(
        detail=detail,
        tables=tables,
        views=standing(Kind.VIEW)[0],
        volumes=standing(Kind.VOLUME)[0],
        functions=standing(Kind.FUNCTION)[0],
        next_cursor=next_cursor,
    )


def _tree(state: State) -> Tree:
    found = []
    for row in state.range(CATALOGS):
        names = list(islice(state.range(NAMESPACES, row.name), NAMESPACES_MAX + 1))
        found.append(Branch(row, names[:NAMESPACES_MAX], len(names) > NAMESPACES_MAX))
    return Tree(found)


def _tree_body(tree: Tree) -> Child:
    if not tree.catalogs:
        return note(
            "There is no catalog yet: a first deployment or `arco catalog create` makes one."
        )
    return [_branch(each) for each in tree.catalogs]


def _branch(branch: Branch) -> Html:
    row = branch.catalog
    rows = (
        (
            link(each.name, "catalog", each.full_name),
            each.comment,
            each.owner,
            moment(each.created_at),
        )
        for each in branch.namespaces
    )
    heads = ("Namespace", "Comment", "Owner", "Created")
    return section(
        row.name,
        tag("p", row.comment, class_="lead") if row.comment else None,
        grid(heads, rows, empty="Nothing stands in it."),
        note("There are more; the search finds them.") if branch.is_cut else None,
        name=f"catalog-{row.name}",
    )


def _shelf_body(shelf: Shelf) -> Child:
    row = shelf.detail.namespace
    told: dict[str, Child] = {
        "Catalog": link(row.catalog, "catalog"),
        "Owner": row.owner or nothing(),
        "Created": moment(row.created_at),
        "Tags": tags({each.tag: each.value for each in shelf.detail.tags}),
    }
    following = address("catalog", row.full_name, cursor=shelf.next_cursor)
    return (
        tag("p", row.comment, class_="lead") if row.comment else None,
        section("About", facts(told)),
        section("Tables", _tables(shelf.tables), more(shelf.next_cursor, following)),
        _others("Views", shelf.views),
        _others("Volumes", shelf.volumes),
        _others("Functions", shelf.functions),
    )


def _tables(rows: list[CatalogTable]) -> Html:
    found = (
        (
            link(row.name, "tables", f"{row.catalog}.{row.full_name}"),
            row.format,
            number(row.version),
            number(row.rows),
            moment(row.materialized_at or row.updated_at),
            row.comment or row.description,
        )
        for row in rows
    )
    heads = ("Table", "Format", "Version", "Rows", "Made", "Comment")
    return grid(heads, found, empty="No table stands in it.", numbers=(2, 3))


def _others(title: str, rows: list[Any]) -> Child:
    if not rows:
        return None
    found = (
        (
            row.name,
            code(getattr(row, "location", "") or " ".join(getattr(row, "texts", {}).values())),
            row.owner,
            row.comment,
            moment(row.created_at),
        )
        for row in rows
    )
    return section(title, grid(("Name", "What", "Owner", "Comment", "Created"), found, empty=""))


__all__ = ["Branch", "Shelf", "Tree", "shelf_of", "show_catalog", "show_namespace"]
