"""What contains what: an object's contents, its place, and itself in another place.

A name is text in the rows of everything below it, so a move rewrites those rows; ids stay.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from arco.catalog.kinds import LEAVES, SHELVES, Found, Kind
from arco.catalog.tables import CATALOGS, NAMESPACES, Namespace
from arco.model import Key, State


class Place(msgspec.Struct, frozen=True):
    """Where an object may stand: under a name in a namespace, in a catalog, or as a catalog."""

    catalog: str
    namespace: str
    """The path of the namespace in the catalog; empty: in the catalog itself."""
    namespace_id: str
    name: str

    @property
    def path(self) -> str:
        """The name as the path of a namespace."""
        return f"{self.namespace}.{self.name}" if self.namespace else self.name


def place_of(state: State, catalog: str, *, namespace: str, name: str) -> Place | None:
    """The place of that name; None when what it is in does not stand.

    For a catalog, `catalog` and `namespace` are empty.
    """
    if catalog and state.get(CATALOGS, catalog) is None:
        return None
    if not namespace:
        return Place(catalog, "", "", name)
    row = state.get(NAMESPACES, catalog, namespace)
    return Place(catalog, namespace, row.namespace_id, name) if row else None


def key_at(kind: Kind, place: Place) -> tuple[str, ...]:
    """The key of an object of this kind in that place."""
    if kind is Kind.CATALOG:
        return (place.name,)
    if kind is Kind.NAMESPACE:
        return (place.catalog, place.path)
    return (place.namespace_id, place.name)


def contents(state: State, found: Found) -> Iterator[Found]:
    """Everything the object contains at any depth, containers before what they contain."""
    for namespace in namespaces_in(state, found):
        if namespace.namespace_id != found.object_id:
            yield Found(Kind.NAMESPACE, namespace)
        yield from leaves_in(state, namespace.namespace_id)


def namespaces_in(state: State, found: Found) -> Iterator[Namespace]:
    """A namespace and those below it, or all of a catalog; of anything else none."""
    if found.kind is Kind.CATALOG:
        yield from state.range(NAMESPACES, found.row.name)
    elif found.kind is Kind.NAMESPACE:
        yield found.row
        yield from below(state, found.row.catalog, path=found.row.name)


def below(state: State, catalog: str, *, path: str) -> Iterator[Namespace]:
    """The namespaces below a path, at any depth."""
    start: Key = (catalog, f"{path}.")
    for row in state.range(NAMESPACES, catalog, after=start):
        if not row.name.startswith(f"{path}."):
            return
        yield row


def leaves_in(state: State, namespace_id: str) -> Iterator[Found]:
    """What stands in a namespace itself and contains nothing."""
    for kind in LEAVES:
        for row in state.range(SHELVES[kind].table, namespace_id):
            yield Found(kind, row)


def placed(found: Found, *, root: Found, to: Place) -> Found:
    """The object as it is once `root`, which it is or which contains it, stands at `to`."""
    row, kind = found.row, found.kind
    if root.kind is Kind.CATALOG:
        field = "name" if kind is Kind.CATALOG else "catalog"
        return Found(kind, msgspec.structs.replace(row, **{field: to.name}))
    if root.kind is not Kind.NAMESPACE:
        standing = msgspec.structs.replace(
            row,
            catalog=to.catalog,
            namespace=to.namespace,
            namespace_id=to.namespace_id,
            name=to.name,
        )
        return Found(kind, standing)
    field = "name" if kind is Kind.NAMESPACE else "namespace"
    path = to.path + getattr(row, field)[len(root.row.name) :]
    changed = {"catalog": to.catalog, field: path}
    if found.object_id == root.object_id:
        changed["parent_id"] = to.namespace_id or None
    return Found(kind, msgspec.structs.replace(row, **changed))


__all__ = [
    "Place",
    "below",
    "contents",
    "key_at",
    "leaves_in",
    "namespaces_in",
    "place_of",
    "placed",
]
