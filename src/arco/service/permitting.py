"""What a caller needs to be allowed before it may change the catalog: one rule for each change.

What is hidden from the caller is not there. Must not know how changes are decided.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

import msgspec

from arco.access.callers import Caller
from arco.access.decisions import decide
from arco.access.privileges import Privilege
from arco.access.securables import WORKSPACE_CHAIN, Chain
from arco.catalog import changes
from arco.catalog.changes import CatalogChange
from arco.catalog.decisions.creating import place_for
from arco.catalog.decisions.placing import find_dropped, no_dropped
from arco.catalog.finding import find
from arco.catalog.kinds import Kind
from arco.model import State
from arco.service.chains import chain_of, chain_of_dropped, chain_of_place

CREATED: Mapping[type[msgspec.Struct], Kind] = {
    changes.CreateCatalog: Kind.CATALOG,
    changes.CreateNamespace: Kind.NAMESPACE,
    changes.CreateTable: Kind.TABLE,
    changes.CreateView: Kind.VIEW,
    changes.CreateVolume: Kind.VOLUME,
    changes.CreateFunction: Kind.FUNCTION,
}
Need: TypeAlias = tuple[Privilege, Chain]


def kind_of(change: CatalogChange) -> Kind:
    """What kind of object the change is about."""
    created = CREATED.get(type(change))
    if created is not None:
        return created
    kind: Kind = getattr(change, "kind", Kind.TABLE)
    return kind


def needs(state: State, seen: State, *, change: CatalogChange, caller: Caller) -> Iterator[Need]:
    """The privileges the caller needs, each with where; `seen` is the state as the caller sees it.

    Raises: NotFound for what the caller may not know of, as for what is not there.
    """
    kind = kind_of(change)
    if type(change) in CREATED:
        yield _creating(seen, kind, name=change.name)
    elif isinstance(change, changes.Undrop):
        _refuse_hidden(state, change=change, caller=caller)
        if change.to:
            yield _creating(seen, kind, name=change.to)
    else:
        found = find(seen, kind, name=change.name)
        is_read = isinstance(change, changes.Refresh)
        yield (Privilege.MODIFY if is_read else Privilege.MANAGE), chain_of(seen, found)
        if isinstance(change, changes.Move):
            above = chain_of(seen, found)[1:]
            need = _creating(seen, kind, name=change.to)
            if need[1] != above:
                yield need


def _creating(seen: State, kind: Kind, *, name: str) -> Need:
    place = place_for(seen, kind, name=name)
    chain = WORKSPACE_CHAIN if kind is Kind.CATALOG else chain_of_place(seen, place)
    return Privilege(f"CREATE_{kind.name}"), chain


def _refuse_hidden(state: State, *, change: changes.Undrop, caller: Caller) -> None:
    """A dropped object stands in no chain any more: what is held on itself decides, or on the
    place it had.
    """
    dropped = find_dropped(state, change.kind, name=change.name)
    chain = chain_of_dropped(state, dropped)
    if not decide(state, caller, privilege=Privilege.MANAGE, chain=chain).allowed:
        raise no_dropped(change.kind, change.name)


__all__ = ["CREATED", "Need", "kind_of", "needs"]
