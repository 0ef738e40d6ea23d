"""From rows to documents: what each object is found by, and which objects a changed row concerns.

Law: a document follows from the state alone, and `touched` names every object whose document a
change of a row may change. Must not know segments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import chain, islice
from typing import Any, TypeAlias

import msgspec

from arco.catalog.finding import DEFAULT_CATALOG
from arco.catalog.kinds import SHELVES, Found, Kind, at_key, by_id
from arco.catalog.search.documents import Document
from arco.catalog.search.words import words_of
from arco.catalog.tables import (
    COLUMNS,
    NAMESPACES,
    TABLE_NAMES,
    TABLES,
    TAGS,
    CatalogTable,
    Namespace,
)
from arco.lineage.tables import CONSUMERS
from arco.model import Key, State
from arco.orchestration.definitions import AssetDefinition
from arco.orchestration.rows import Asset
from arco.orchestration.tables import ASSETS

ASSET = "asset"
"""The kind of an asset whose table does not stand yet."""
KINDS: tuple[str, ...] = (*(kind.value for kind in Kind), ASSET)
DEGREES = (1, 3, 6, 15)
"""So many readers make a dataset popular, more popular and so on."""
Object: TypeAlias = tuple[str, Key]
"""A kind, and the key of the row of an object of it."""
Texts: TypeAlias = tuple[str | None, str | None]


def document_of(state: State, object_: Object) -> Document | None:
    """The object as search knows it; None when there is no such object."""
    kind, key = object_
    if kind == ASSET:
        return _of_asset(state, key)
    found = at_key(state, Kind(kind), key=key)
    if found is None:
        return None
    return _of_table(state, found) if found.kind is Kind.TABLE else _of_other(state, found)


def all_objects(state: State, kind: str, *, after: Key | None = None) -> Iterator[Object]:
    """Every object of a kind, in the order of keys, behind one."""
    table: Any = ASSETS if kind == ASSET else SHELVES[Kind(kind)].table
    for row in state.range(table, after=after):
        yield kind, table.key_of(row)


def touched(state: State, table: str, *, key: Key) -> Iterator[Object]:
    """The objects that the change of a row concerns, as they are called now."""
    find = TOUCHED.get(table)
    if find is not None:
        yield from find(state, key)


def asset_key(row: CatalogTable) -> str:
    """The asset that may produce a table; empty for tables that none can."""
    return row.full_name if row.catalog == DEFAULT_CATALOG else ""


def definition_of(state: State, row: CatalogTable) -> AssetDefinition | None:
    """How the table is produced, if it is by an asset that is defined now."""
    asset = state.get(ASSETS, asset_key(row))
    if asset is None or asset.removed or asset.table_id != row.table_id:
        return None
    return asset.definition


def found_table(state: State, asset: Asset) -> Found | None:
    """The table of an asset, if it stands."""
    name = state.get(TABLE_NAMES, asset.table_id)
    return at_key(state, Kind.TABLE, key=(name.namespace_id, name.name)) if name else None


def _of_table(state: State, found: Found) -> Document:
    columns = [(row.name, row.comment) for row in state.range(COLUMNS, found.object_id)]
    tags = [(row.tag, row.value) for row in state.range(TAGS, found.object_id)]
    return dressed(bare_table(state, found.row), columns, tags=tags)


def bare_table(state: State, row: CatalogTable) -> Document:
    """The table without its columns and its own tags, which other tables hold by its id."""
    definition = definition_of(state, row)
    tags, owners = _tags_of(definition), _owners(row.owner, definition)
    about = _about(row, tags, owners=owners, definition=definition)
    said = [row.comment, row.description, definition.description if definition else ""]
    return Document(
        kind=Kind.TABLE.value,
        key=TABLES.key_of(row),
        full_name=Found(Kind.TABLE, row).full_name,
        name=words_of(row.name),
        about=_words(about),
        said=_words(said),
        room=f"{row.catalog}.{row.namespace}",
        tags=tags,
        owners=owners,
        fresh_on=_fresh_on(row),
        popularity=_popularity(state, asset_key(row)),
    )


def dressed(document: Document, columns: Sequence[Texts], *, tags: Sequence[Texts]) -> Document:
    """The table with its columns, each with its comment, and its tags, each with its value."""
    own = sorted(each for tag, value in tags for each in _spelled(tag, value))
    names, comments = (name for name, _ in columns), (comment for _, comment in columns)
    return msgspec.structs.replace(
        document,
        tags=_unique((*document.tags, *own)),
        about=_unique((*document.about, *_words((*own, *names)))),
        said=_unique((*document.said, *_words(comments))),
    )


def _of_other(state: State, found: Found) -> Document:
    row = found.row
    tags = _unique(
        each for tag in state.range(TAGS, found.object_id) for each in _spelled(tag.tag, tag.value)
    )
    owners = _owners(row.owner, None)
    above = found.full_name.rpartition(".")[0]
    return Document(
        kind=found.kind.value,
        key=found.key,
        full_name=found.full_name,
        name=words_of(found.name),
        about=_words([above, *tags, *owners]),
        said=_words([row.comment]),
        room=above,
        tags=tags,
        owners=owners,
    )


def _of_asset(state: State, key: Key) -> Document | None:
    asset = state.get(ASSETS, *key)
    if asset is None or asset.removed or found_table(state, asset) is not None:
        return None
    definition = asset.definition
    tags, owners = _tags_of(definition), _owners(None, definition)
    above = f"{DEFAULT_CATALOG} {definition.namespace}"
    return Document(
        kind=ASSET,
        key=key,
        full_name=f"{DEFAULT_CATALOG}.{asset.key}",
        name=words_of(definition.name),
        about=_words([above, *tags, *owners, definition.group]),
        said=_words([definition.description]),
        room=f"{DEFAULT_CATALOG}.{definition.namespace}",
        tags=tags,
        owners=owners,
        popularity=_popularity(state, asset.key),
    )


CONTAINERS = (Kind.CATALOG, Kind.NAMESPACE)


def _about(
    row: CatalogTable,
    tags: Iterable[str],
    *,
    owners: Iterable[str],
    definition: AssetDefinition | None,
) -> Iterator[str]:
    yield f"{row.catalog} {row.namespace}"
    yield from tags
    yield from owners
    if definition is not None:
        yield definition.group


def _words(texts: Iterable[str | None]) -> tuple[str, ...]:
    return _unique(chain.from_iterable(words_of(text) for text in texts if text))


def _unique(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))


def _spelled(tag: str | None, value: str | None) -> tuple[str, ...]:
    """`pii` and `pii=high`."""
    return (tag or "", f"{tag}={value}") if value else (tag or "",)


def _tags_of(definition: AssetDefinition | None) -> tuple[str, ...]:
    pairs = definition.tags.items() if definition is not None else ()
    return _unique(each for tag, value in pairs for each in _spelled(tag, value))


def _owners(owner: str | None, definition: AssetDefinition | None) -> tuple[str, ...]:
    named = (owner or "", *(definition.owners if definition is not None else ()))
    return _unique(each for each in named if each)


def _fresh_on(row: CatalogTable) -> date | None:
    """The day its data last changed; rows of the first release say when the row did."""
    moment = row.materialized_at or (row.updated_at if row.version is not None else None)
    return moment.date() if moment is not None else None


def _popularity(state: State, asset: str) -> int:
    """How many degrees popular the dataset is."""
    readers = sum(1 for _ in islice(state.range(CONSUMERS, asset), DEGREES[-1])) if asset else 0
    return sum(readers >= degree for degree in DEGREES)


def _itself(kind: Kind) -> Callable[[State, Key], Iterator[Object]]:
    def itself(state: State, key: Key) -> Iterator[Object]:
        yield kind.value, key

    return itself


def _by_table_key(state: State, key: Key) -> Iterator[Object]:
    """The table, and the asset that is told of in its own right while no table stands."""
    yield Kind.TABLE.value, key
    namespace = _namespace(state, key[0])
    if namespace is not None and namespace.catalog == DEFAULT_CATALOG:
        asset = f"{namespace.name}.{key[1]}"
        if state.get(ASSETS, asset) is not None:
            yield ASSET, (asset,)


def _namespace(state: State, namespace_id: str) -> Namespace | None:
    found = by_id(state, namespace_id)
    if found is not None:
        row: Namespace = found.row
        return row
    # Namespaces of the first release have no way from their ids: there are few of them.
    rows = state.range(NAMESPACES, DEFAULT_CATALOG)
    return next((row for row in rows if row.namespace_id == namespace_id), None)


def _by_object_id(state: State, key: Key) -> Iterator[Object]:
    found = by_id(state, key[0])
    if found is not None:
        yield found.kind.value, found.key


def _by_asset(state: State, key: Key) -> Iterator[Object]:
    """The asset of that name, and the table of that name."""
    yield ASSET, (key[0],)
    asset = state.get(ASSETS, key[0])
    found = found_table(state, asset) if asset is not None else None
    if found is not None:
        yield Kind.TABLE.value, found.key


TOUCHED: Mapping[str, Callable[[State, Key], Iterator[Object]]] = {
    **{SHELVES[kind].table.name: _itself(kind) for kind in Kind},
    TABLES.name: _by_table_key,
    COLUMNS.name: _by_object_id,
    TAGS.name: _by_object_id,
    ASSETS.name: _by_asset,
    CONSUMERS.name: _by_asset,
}
"""Tables whose rows documents are made of."""

__all__ = [
    "ASSET",
    "CONTAINERS",
    "KINDS",
    "TOUCHED",
    "Object",
    "all_objects",
    "asset_key",
    "bare_table",
    "definition_of",
    "document_of",
    "dressed",
    "found_table",
    "touched",
]
