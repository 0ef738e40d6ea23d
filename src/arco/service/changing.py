"""Changes of the catalog as one commit: each is decided on what those before it made.

Law: all of them happen or none does. What the caller may not know of is not there for its changes
either; whether it may change what it sees is asked on the very state that is changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from arco.access.callers import Caller
from arco.access.events import GrantGiven
from arco.access.privileges import Kind as SecurableKind
from arco.access.privileges import Privilege
from arco.catalog.changes import (
    CHANGES_MAX,
    Alter,
    CatalogChange,
    DropObject,
    Move,
    SetTags,
    Undrop,
)
from arco.catalog.containing import contents
from arco.catalog.decisions.asking import Asker, Seen
from arco.catalog.decisions.deciding import decide
from arco.catalog.decisions.placing import find_dropped
from arco.catalog.finding import find
from arco.catalog.kinds import Kind, by_id
from arco.engine.fold import fold
from arco.engine.tables import Overlay
from arco.errors import Invalid
from arco.ids import new_uuid7
from arco.model import Event, Misses, State
from arco.service.authority import require
from arco.service.objects import Changed
from arco.service.permitting import CREATED, kind_of, needs
from arco.service.view_lineage import READABLE, dataset_of, retraced
from arco.service.workspace import Workspace
from arco.store import keys


class Changing:
    """One request: decided as often as it takes, with the same ids each time."""

    def __init__(
        self,
        workspace: Workspace,
        changes: Sequence[CatalogChange],
        *,
        caller: Caller,
        surveyed: Mapping[str, Seen] | None = None,
    ) -> None:
        if not 0 < len(changes) <= CHANGES_MAX:
            raise Invalid(
                "CHANGES_TOO_MANY",
                f"one commit takes 1 to {CHANGES_MAX} changes, not {len(changes)}",
                hint="send them in several requests",
            )
        self._workspace = workspace
        self._changes = tuple(changes)
        self._caller = caller
        self._surveyed = {} if surveyed is None else surveyed
        self._ids: dict[str, str] = {}
        self._abouts: list[tuple[Kind, str]] = []
        self._renamed: list[str] = []
        """What views may read otherwise from now on."""

    def decide(self, state: State, now: datetime) -> Sequence[Event]:
        """The events of every change, in order.

        Raises: what the first change that cannot happen raises; NotLoaded, for what any of them
        misses.
        """
        overlay = Overlay(state)
        events: list[Event] = []
        self._abouts, self._renamed = [], []
        misses = Misses()
        for index, change in enumerate(self._changes):
            with misses:
                events += self._decided(overlay, change, index=index, now=now)
        misses.settle()
        traced = retraced(overlay, self._renamed, now=now)
        return [*events, *(Event(payload, self._caller.principal) for payload in traced)]

    def changed(self, state: State) -> tuple[Changed, ...]:
        """What the changes were about, in their order, as it stands in the state they led to."""
        return tuple(_told(state, kind, object_id=object_id) for kind, object_id in self._abouts)

    def _decided(
        self, overlay: Overlay, change: CatalogChange, *, index: int, now: datetime
    ) -> list[Event]:
        """The change's events, which are folded."""
        registry = self._workspace.database.registry
        self._allow(overlay, change)
        about = self._about(overlay, change)
        self._renamed += _readable(overlay, change, about=about)
        made = list(decide(change, self._asker(index), state=overlay, now=now))
        fold(registry, overlay, events=made)
        if about is None:
            kind = kind_of(change)
            about = (kind, find(overlay, kind, name=change.name).object_id)
            owned = self._owned(about, now=now)
            fold(registry, overlay, events=owned)
            made += owned
        self._abouts.append(about)
        self._renamed += _readable(overlay, change, about=about)
        return made

    def _allow(self, overlay: Overlay, change: CatalogChange) -> None:
        if self._caller.is_local:
            return
        seen = self._workspace.authority.visible(overlay, self._caller)
        for privilege, chain in needs(overlay, seen, change=change, caller=self._caller):
            # Grants are no rows that a view shows: what is hidden is not in the chain already.
            require(overlay, self._caller, privilege=privilege, chain=chain)

    def _about(self, overlay: Overlay, change: CatalogChange) -> tuple[Kind, str] | None:
        """The object the change is about, before it happens; None: it is yet to be created."""
        kind = kind_of(change)
        if type(change) in CREATED:
            return None
        if isinstance(change, Undrop):
            return kind, find_dropped(overlay, kind, name=change.name).object_id
        return kind, find(overlay, kind, name=change.name).object_id

    def _asker(self, index: int) -> Asker:
        return Asker(
            actor=self._caller.principal,
            owner="" if self._caller.is_local else self._caller.principal,
            mint=lambda name: self._mint(f"{index}:{name}"),
            folder=keys.warehouse,
            surveyed=self._surveyed,
            undrop_for=timedelta(days=self._workspace.settings.undrop_days),
        )

    def _mint(self, name: str) -> str:
        known = self._ids.get(name)
        if known is None:
            known = self._ids[name] = new_uuid7(self._workspace.runtime)
        return known

    def _owned(self, about: tuple[Kind, str], *, now: datetime) -> list[Event]:
        """Who creates an object owns it; on a server that asks nobody for a name, everybody does
        anyway.
        """
        if self._caller.is_local:
            return []
        principal = self._caller.principal
        given = GrantGiven(
            kind=SecurableKind(about[0].value),
            securable_id=about[1],
            principal=principal,
            privilege=Privilege.OWN,
            granted_at=now,
            granted_by=principal,
        )
        return [Event(given, principal)]


def _readable(state: State, change: CatalogChange, *, about: tuple[Kind, str] | None) -> list[str]:
    """The tables and views of which the change may change the name, the columns or the text."""
    found = by_id(state, about[1]) if about is not None else None
    says_no_more = isinstance(change, Alter) and change.texts is None
    if found is None or says_no_more or isinstance(change, SetTags):
        return []
    if found.kind not in (Kind.CATALOG, Kind.NAMESPACE):
        return [dataset_of(found)] if found.kind in READABLE else []
    if not isinstance(change, (Move, DropObject, Undrop)):
        return []
    return [dataset_of(each) for each in contents(state, found) if each.kind in READABLE]


def _told(state: State, kind: Kind, *, object_id: str) -> Changed:
    found = by_id(state, object_id)
    if found is None:
        return Changed(kind=kind, object_id=object_id)
    return Changed(kind=kind, object_id=object_id, full_name=found.full_name, etag=found.etag)


__all__ = ["Changing"]
