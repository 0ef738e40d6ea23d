"""Objects by name or id, and what they stand in: every look-up is by key, nothing scans.

A name without a catalog is one of `main`; the deepest namespace that fits wins. Law L4: what is not
there and what must not be seen are told apart by nobody here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from heapq import nlargest
from itertools import islice, pairwise

from arco.catalog.kinds import LEAVES, SHELVES, Found, Kind, at_key, by_id
from arco.catalog.names import parts_of
from arco.catalog.tables import CATALOGS, NAMESPACES, CatalogTable
from arco.errors import Invalid, NotFound
from arco.ids import is_uuid
from arco.model import State

DEFAULT_CATALOG = "main"
EXAMINED_MAX = 240
EXAMINED_AT_ONCE = 40
SPACES_MAX = 8
COMPARED_MAX = 10
"""Pairs of letters are told of all that are examined; the most alike are laid beside the name."""
CLOSE_MAX = 3


def find_table(state: State, full_name: str) -> CatalogTable:
    """The table of that name or id.

    Raises: NotFound TABLE_NOT_FOUND with close names.
    """
    row: CatalogTable = find(state, Kind.TABLE, name=full_name).row
    return row


def find(state: State, kind: Kind, *, name: str) -> Found:
    """The object of this kind with that name or id.

    Raises: NotFound with close names.
    """
    found = look_up(state, kind, name=name)
    if found is None:
        raise missing(state, kind, name=name)
    return found


def look_up(state: State, kind: Kind, *, name: str) -> Found | None:
    """The object of this kind with that name or id; None when there is none.

    Cost: a few look-ups by key for each part of the name.
    """
    if is_uuid(name):
        found = by_id(state, name)
        return found if found is not None and found.kind is kind else None
    try:
        parts = parts_of(name)
    except Invalid:
        return None
    readings = _readings(state, kind, parts=parts)
    return next((found for found in readings if found is not None), None)


def missing(state: State, kind: Kind, *, name: str) -> NotFound:
    """The error for an object that is not there. Cost: at most some hundred rows."""
    close = close_names(state, kind, name=name)
    meant = f"did you mean {' or '.join(close)}?"
    if kind is Kind.TABLE:
        hint = meant if close else "`arco tables` lists what there is"
        return NotFound(
            "TABLE_NOT_FOUND", f"there is no table {name[:200]}", hint=hint, close=close
        )
    hint = meant if close else f"`arco {kind} list` lists what there is"
    return NotFound("OBJECT_NOT_FOUND", f"there is no {kind} {name[:200]}", hint=hint, close=close)


def close_names(state: State, kind: Kind, *, name: str) -> tuple[str, ...]:
    """Names that may have been meant, out of the neighbourhood of this one.

    Cost: some hundred rows, whatever the catalog's size.
    """
    near = islice(_near(state, kind, name=name), EXAMINED_MAX)
    known = list(dict.fromkeys(each.full_name.removeprefix(f"{DEFAULT_CATALOG}.") for each in near))
    wanted = name.lower().removeprefix(f"{DEFAULT_CATALOG}.")
    close = get_close_matches(wanted, _alike(wanted, known, count=COMPARED_MAX), n=CLOSE_MAX)
    close += [each for each in known if each.endswith(f".{wanted}") and each not in close]
    return tuple(close[:CLOSE_MAX])


def _alike(wanted: str, known: Sequence[str], *, count: int) -> list[str]:
    """Those that share most pairs of letters with the name, for how long they are."""
    pairs = _pairs(wanted)
    size = len(wanted) + 1
    return nlargest(count, known, key=lambda each: len(pairs & _pairs(each)) / (size + len(each)))


def _pairs(name: str) -> set[tuple[str, str]]:
    return set(pairwise(name))


def chain(state: State, found: Found) -> Iterator[Found]:
    """The object, then what it stands in, up to its catalog; the workspace comes after that."""
    yield found
    row = found.row
    if found.kind is Kind.CATALOG:
        return
    path = row.name if found.kind is Kind.NAMESPACE else f"{row.namespace}."
    while "." in path:
        path = path.rpartition(".")[0]
        namespace = state.get(NAMESPACES, row.catalog, path)
        if namespace is not None:
            yield Found(Kind.NAMESPACE, namespace)
    catalog = state.get(CATALOGS, row.catalog)
    if catalog is not None:
        yield Found(Kind.CATALOG, catalog)


def _readings(state: State, kind: Kind, *, parts: tuple[str, ...]) -> Iterator[Found | None]:
    """What the name may mean, the likeliest first."""
    if kind is Kind.CATALOG:
        yield at_key(state, kind, key=(".".join(parts),))
        return
    for catalog, rest in ((DEFAULT_CATALOG, parts), (parts[0], parts[1:])):
        if kind is Kind.NAMESPACE:
            yield at_key(state, kind, key=(catalog, ".".join(rest))) if rest else None
            continue
        for split in range(len(rest) - 1, 0, -1):
            namespace = state.get(NAMESPACES, catalog, ".".join(rest[:split]))
            if namespace is not None:
                key = (namespace.namespace_id, ".".join(rest[split:]))
                yield at_key(state, kind, key=key)


def _near(state: State, kind: Kind, *, name: str) -> Iterator[Found]:
    """Objects of this kind around the name, of the namespaces it may mean."""
    table = SHELVES[kind].table
    if kind not in LEAVES:
        yield from (Found(kind, row) for row in state.range(table))
        return
    space, _, last = name.lower().removeprefix(f"{DEFAULT_CATALOG}.").rpartition(".")
    for namespace_id in _spaces(state, space):
        for start in _starts(last):
            rows = state.range(table, namespace_id, after=(namespace_id, start))
            yield from (Found(kind, row) for row in islice(rows, EXAMINED_AT_ONCE))


def _spaces(state: State, wanted: str) -> list[str]:
    """The ids of the namespaces that the name may mean, the likeliest first."""
    found: dict[str, str] = {}
    for start in _starts(wanted):
        rows = state.range(NAMESPACES, DEFAULT_CATALOG, after=(DEFAULT_CATALOG, start))
        found |= {row.name: row.namespace_id for row in islice(rows, EXAMINED_AT_ONCE)}
    return [found[name] for name in _alike(wanted, list(found), count=SPACES_MAX)]


def _starts(name: str) -> tuple[str, ...]:
    """Where to look for names like this one: around it, where its first letters are, at first."""
    return tuple(dict.fromkeys((_before(name[:-1]), _before(name[:2]), "")))


def _before(name: str) -> str:
    """A name that stands before this one and after all but its neighbours."""
    return f"{name[:-1]}{chr(ord(name[-1]) - 1)}~" if name and name.isprintable() else ""


__all__ = [
    "DEFAULT_CATALOG",
    "EXAMINED_MAX",
    "chain",
    "close_names",
    "find",
    "find_table",
    "look_up",
    "missing",
]
