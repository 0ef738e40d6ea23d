"""Grants by the names people use: given, taken, listed and explained.

Who manages an object gives what is held on it; only who owns it gives OWN and MANAGE. Who owns the
workspace administers principals and keys: a key or a membership could make anybody its owner. Must
not know HTTP.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TypeAlias

import msgspec

from arco.access.callers import Caller, Method
from arco.access.commands import ChangeGrant, give_grant, revoke_grant
from arco.access.decisions import Decision as Judgement
from arco.access.decisions import decide
from arco.access.keys import NewKey
from arco.access.principals import checked_principal
from arco.access.privileges import OWNERS_ONLY, Kind, Privilege
from arco.access.securables import COLUMN_SEPARATOR, Chain, Link, Securable, told
from arco.access.tables import (
    GRANTS,
    HELD_GRANTS,
    KEYS,
    KEYS_OF,
    MEMBERSHIPS,
    PRINCIPALS,
    ApiKey,
    Grant,
)
from arco.catalog.kinds import by_id
from arco.catalog.tables import CATALOGS, NAMESPACES, TABLE_NAMES, TABLES
from arco.errors import Invalid
from arco.model import Decision, Event, Key, State
from arco.orchestration.tables import ASSETS
from arco.runtime import Runtime
from arco.service.authority import (
    Authority,
    guarded,
    owns_workspace,
    require,
    require_on_workspace,
)
from arco.service.chains import find_chain
from arco.service.views import View


class GrantWish(msgspec.Struct, frozen=True, kw_only=True):
    """A privilege that shall be given or taken, by names."""

    privilege: Privilege
    on: str
    principal: str


class GrantLine(msgspec.Struct, frozen=True, kw_only=True):
    """A privilege that a principal holds on an object."""

    privilege: Privilege
    """Such as `SELECT`."""
    on: str
    """The object, such as `table:sales.orders`."""
    principal: str
    granted_at: datetime
    granted_by: str


class PrincipalLine(msgspec.Struct, frozen=True, kw_only=True):
    """A principal and the groups it was put into."""

    principal: str
    description: str
    disabled: bool
    """Whether it is refused."""
    groups: tuple[str, ...]
    """The groups it was put into."""
    added_at: datetime | None = None


class KeyLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An API key, without what could open anything."""

    key_id: str
    principal: str
    name: str = ""
    scopes: tuple[Privilege, ...] = ()
    created_at: datetime
    created_by: str = ""
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    replaced_by: str = ""


KeyedGrant: TypeAlias = tuple[Key, GrantLine]
"""A grant as it is told, and its key."""


class KeyLabel(msgspec.Struct, frozen=True, kw_only=True):
    """What a key is for, and the most it may do."""

    name: str = ""
    scopes: tuple[Privilege, ...] = ()


def granting(wish: GrantWish, *, caller: Caller, authority: Authority) -> Decision:
    """The grant, if the caller may give it.

    Raises: as `give_grant`; NotFound SECURABLE_NOT_FOUND; Forbidden ACCESS_DENIED.
    """

    def decision(state: State, now: datetime) -> Sequence[Event]:
        command = _change(state, wish, caller=caller, authority=authority)
        return give_grant(command)(state, now)

    return decision


def revoking(wish: GrantWish, *, caller: Caller, authority: Authority) -> Decision:
    """The end of the grant, if the caller may take it.

    Raises: as `revoke_grant`; NotFound SECURABLE_NOT_FOUND; Forbidden ACCESS_DENIED.
    """

    def decision(state: State, now: datetime) -> Sequence[Event]:
        command = _change(state, wish, caller=caller, authority=authority)
        return revoke_grant(command)(state, now)

    return decision


def as_owner(decision: Decision, caller: Caller) -> Decision:
    """The decision, if the caller owns the workspace.

    Raises: Forbidden ACCESS_DENIED.
    """
    return guarded(
        decision, lambda state: require_on_workspace(state, caller, privilege=Privilege.OWN)
    )


def principals_behind(state: State, after: Key | None = None) -> Iterator[PrincipalLine]:
    """Every principal with its groups, by name."""
    for row in state.range(PRINCIPALS, after=after):
        yield PrincipalLine(
            principal=row.principal,
            description=row.description,
            disabled=row.disabled,
            groups=tuple(each.group for each in state.range(MEMBERSHIPS, row.principal)),
            added_at=row.added_at,
        )


def grants_on(
    state: State, caller: Caller, *, on: str, after: Key | None = None
) -> Iterator[KeyedGrant]:
    """What is held on the object, then on what it stands in, from behind the key of a grant.

    Raises: NotFound SECURABLE_NOT_FOUND; Forbidden ACCESS_DENIED; Invalid CURSOR_INVALID when the
    object does not stand there any more.
    """
    chain = find_chain(state, on)
    require(state, caller, privilege=Privilege.MANAGE, chain=chain)
    whole = state.whole if isinstance(state, View) else state
    return _held_on(whole, _links_from(chain, after), after=after)


def grants_of(
    state: State, caller: Caller, *, principal: str, after: Key | None = None
) -> Iterator[KeyedGrant]:
    """What the principal holds itself, not through groups, from behind the key of a grant.

    Raises: Invalid PRINCIPAL_INVALID; Forbidden ACCESS_DENIED.
    """
    if checked_principal(principal) != caller.principal:
        require_on_workspace(state, caller, privilege=Privilege.OWN)
    whole = state.whole if isinstance(state, View) else state
    names = Names(whole)
    # A grant's key names the principal in the middle, that of what is held first.
    start = None if after is None else (principal, *after[:2], after[3])
    held = whole.range(HELD_GRANTS, principal, after=start)
    rows = (whole.get(GRANTS, e.kind, e.securable_id, principal, e.privilege) for e in held)
    return (
        (GRANTS.key_of(row), _line(row, names.told(Securable(row.kind, row.securable_id))))
        for row in rows
        if row is not None
    )


def keys_behind(
    state: State, caller: Caller, *, principal: str = "", after: Key | None = None
) -> Iterator[KeyLine]:
    """The keys that the caller may see, by id: its own, or all for who owns the workspace; only
    those of a principal where one is named.
    """
    whole = state.whole if isinstance(state, View) else state
    is_owner = owns_workspace(whole, caller)
    if is_owner and not principal:
        yield from map(key_line, whole.range(KEYS, after=after))
        return
    holder = principal or caller.principal
    if not is_owner and holder != caller.principal:
        return
    start = None if after is None else (holder, *after)
    own = (whole.get(KEYS, row.key_id) for row in whole.range(KEYS_OF, holder, after=start))
    yield from (key_line(row) for row in own if row is not None)


def explained(state: State, caller: Caller, *, wish: GrantWish) -> Judgement:
    """The decision about the principal, which has not asked.

    Raises: NotFound SECURABLE_NOT_FOUND; Forbidden ACCESS_DENIED about others on what the caller
    does not manage.
    """
    chain = find_chain(state, wish.on)
    whole = state.whole if isinstance(state, View) else state
    if wish.principal in ("", caller.principal):
        return decide(whole, caller, privilege=wish.privilege, chain=chain)
    require(state, caller, privilege=Privilege.MANAGE, chain=chain)
    other = Caller(
        principal=checked_principal(wish.principal),
        tenant=caller.tenant,
        workspace=caller.workspace,
        method=Method.TOKEN,
    )
    return decide(whole, other, privilege=wish.privilege, chain=chain)


def key_line(row: ApiKey) -> KeyLine:
    """The key as it may be told."""
    return msgspec.convert(row, KeyLine, from_attributes=True)


def fresh_key(
    runtime: Runtime, principal: str, *, label: KeyLabel, days: float, actor: str
) -> NewKey:
    """A key that nobody knows yet; `days` 0: it does not expire."""
    return NewKey(
        key_id=f"{runtime.entropy(64):016x}",
        secret=f"{runtime.entropy(256):064x}",
        principal=principal,
        name=label.name,
        scopes=label.scopes,
        expires_at=runtime.now() + timedelta(days=days) if days else None,
        actor=actor,
    )


class Names:
    """What people call the objects that grants name by id."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._containers: dict[Securable, str] = {}
        for catalog in state.range(CATALOGS):
            self._containers[Securable(Kind.CATALOG, catalog.catalog_id)] = catalog.name
        for row in state.range(NAMESPACES):
            self._containers[Securable(Kind.NAMESPACE, row.namespace_id)] = row.name

    def told(self, securable: Securable) -> str:
        """`table:sales.orders`; the bare id for an object that is gone."""
        return told(Link(securable=securable, name=self._name(securable)))

    def _name(self, securable: Securable) -> str:
        if securable.kind is Kind.TABLE:
            return self._table(securable.id)
        if securable.kind is Kind.COLUMN:
            table_id, _, column = securable.id.partition(COLUMN_SEPARATOR)
            table = self._table(table_id)
            return f"{table}.{column}" if table else ""
        if securable in self._containers or securable.kind is Kind.WORKSPACE:
            return self._containers.get(securable, "")
        found = by_id(self._state, securable.id)
        return found.full_name if found else ""

    def _table(self, table_id: str) -> str:
        name = self._state.get(TABLE_NAMES, table_id)
        row = self._state.get(TABLES, name.namespace_id, name.name) if name else None
        return row.full_name if row else self._asset(table_id)

    def _asset(self, table_id: str) -> str:
        return next((row.key for row in self._state.range(ASSETS) if row.table_id == table_id), "")


def _held_on(state: State, links: Chain, *, after: Key | None) -> Iterator[KeyedGrant]:
    for link in links:
        place = (link.securable.kind, link.securable.id)
        start = after if after is not None and after[:2] == place else None
        for row in state.range(GRANTS, *place, after=start):
            yield GRANTS.key_of(row), _line(row, told(link))


def _links_from(chain: Chain, after: Key | None) -> Chain:
    """The links whose grants are yet to be told."""
    for at, link in enumerate(chain):
        if after is None or (link.securable.kind, link.securable.id) == after[:2]:
            return chain[at:]
    raise Invalid(
        "CURSOR_INVALID",
        "the object does not stand where it stood when the cursor was given",
        hint="begin without a cursor",
    )


def _change(state: State, wish: GrantWish, *, caller: Caller, authority: Authority) -> ChangeGrant:
    seen = authority.visible(state, caller)
    chain = find_chain(seen, wish.on)
    needed = Privilege.OWN if wish.privilege in OWNERS_ONLY else Privilege.MANAGE
    require(state, caller, privilege=needed, chain=chain)
    return ChangeGrant(
        securable=chain[0].securable,
        principal=wish.principal,
        privilege=wish.privilege,
        actor=caller.principal,
    )


def _line(row: Grant, on: str) -> GrantLine:
    return GrantLine(
        privilege=row.privilege,
        on=on,
        principal=row.principal,
        granted_at=row.granted_at,
        granted_by=row.granted_by,
    )


__all__ = [
    "GrantLine",
    "GrantWish",
    "KeyLabel",
    "KeyLine",
    "KeyedGrant",
    "Names",
    "PrincipalLine",
    "as_owner",
    "explained",
    "fresh_key",
    "granting",
    "grants_of",
    "grants_on",
    "key_line",
    "keys_behind",
    "principals_behind",
    "revoking",
]
