"""Access's reducers: guards on rows make a repeated event change nothing (law F3)."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from arco.access.events import (
    ColumnMaskRemoved,
    ColumnMaskSet,
    GrantGiven,
    GrantRevoked,
    KeyCreated,
    KeyReplaced,
    KeyRevoked,
    MemberAdded,
    MemberRemoved,
    PrincipalAdded,
    PrincipalDisabled,
    PrincipalEnabled,
    PrincipalRemoved,
    RowFilterRemoved,
    RowFilterSet,
    SecurableForgotten,
)
from arco.access.privileges import Kind
from arco.access.tables import (
    COLUMN_MASKS,
    GRANTS,
    HELD_GRANTS,
    KEYS,
    KEYS_OF,
    MEMBERS,
    MEMBERSHIPS,
    PRINCIPALS,
    ROW_FILTERS,
    ApiKey,
    ColumnMask,
    Grant,
    HeldGrant,
    KeyOf,
    Member,
    Membership,
    Principal,
    RowFilter,
)
from arco.model import Change, Drop, Put, State


def principal_added(state: State, event: PrincipalAdded) -> Iterator[Change]:
    """The principal; one that is there is described anew."""
    known = state.get(PRINCIPALS, event.principal)
    if known is None:
        row = Principal(
            principal=event.principal,
            description=event.description,
            added_at=event.added_at,
            added_by=event.added_by,
        )
        yield Put(PRINCIPALS, row)
    elif event.description and event.description != known.description:
        yield Put(PRINCIPALS, msgspec.structs.replace(known, description=event.description))


def principal_disabled(state: State, event: PrincipalDisabled) -> Iterator[Change]:
    """The principal is refused."""
    known = state.get(PRINCIPALS, event.principal)
    if known is not None and not known.disabled:
        yield Put(PRINCIPALS, msgspec.structs.replace(known, disabled=True))


def principal_enabled(state: State, event: PrincipalEnabled) -> Iterator[Change]:
    """The principal is let in."""
    known = state.get(PRINCIPALS, event.principal)
    if known is not None and known.disabled:
        yield Put(PRINCIPALS, msgspec.structs.replace(known, disabled=False))


def principal_removed(state: State, event: PrincipalRemoved) -> Iterator[Change]:
    """The principal goes with all it held, so that a later one of its name begins with nothing."""
    name = event.principal
    if state.get(PRINCIPALS, name) is not None:
        yield Drop(PRINCIPALS, (name,))
    for held in state.range(HELD_GRANTS, name):
        yield from _dropped_grant(held)
    for above in state.range(MEMBERSHIPS, name):
        yield from _dropped_membership(above.group, name)
    for below in state.range(MEMBERS, name):
        yield from _dropped_membership(name, below.member)
    for owned in state.range(KEYS_OF, name):
        key = state.get(KEYS, owned.key_id)
        if key is not None and key.revoked_at is None:
            yield Put(KEYS, msgspec.structs.replace(key, revoked_at=event.removed_at))


def member_added(state: State, event: MemberAdded) -> Iterator[Change]:
    """The membership, unless it is there."""
    if state.get(MEMBERSHIPS, event.member, event.group) is None:
        row = Membership(
            member=event.member,
            group=event.group,
            added_at=event.added_at,
            added_by=event.added_by,
        )
        yield Put(MEMBERSHIPS, row)
        yield Put(MEMBERS, Member(group=event.group, member=event.member))


def member_removed(state: State, event: MemberRemoved) -> Iterator[Change]:
    """No membership."""
    if state.get(MEMBERSHIPS, event.member, event.group) is not None:
        yield from _dropped_membership(event.group, event.member)


def grant_given(state: State, event: GrantGiven) -> Iterator[Change]:
    """The grant, unless it is there."""
    key = (event.kind, event.securable_id, event.principal, event.privilege)
    if state.get(GRANTS, *key) is not None:
        return
    row = Grant(
        kind=event.kind,
        securable_id=event.securable_id,
        principal=event.principal,
        privilege=event.privilege,
        granted_at=event.granted_at,
        granted_by=event.granted_by,
    )
    yield Put(GRANTS, row)
    held = HeldGrant(
        principal=event.principal,
        kind=event.kind,
        securable_id=event.securable_id,
        privilege=event.privilege,
    )
    yield Put(HELD_GRANTS, held)


def grant_revoked(state: State, event: GrantRevoked) -> Iterator[Change]:
    """No grant."""
    row = state.get(GRANTS, event.kind, event.securable_id, event.principal, event.privilege)
    if row is not None:
        yield from _dropped_grant(row)


def securable_forgotten(state: State, event: SecurableForgotten) -> Iterator[Change]:
    """Nobody holds anything on the object any more."""
    for grant in state.range(GRANTS, event.kind, event.securable_id):
        yield from _dropped_grant(grant)
    if event.kind is Kind.TABLE:
        if state.get(ROW_FILTERS, event.securable_id) is not None:
            yield Drop(ROW_FILTERS, (event.securable_id,))
        for mask in state.range(COLUMN_MASKS, event.securable_id):
            yield Drop(COLUMN_MASKS, (mask.table_id, mask.column))


def row_filter_set(state: State, event: RowFilterSet) -> Iterator[Change]:
    """The table's filter; it replaces another."""
    row = RowFilter(
        table_id=event.table_id,
        predicate=event.predicate,
        exempt=event.exempt,
        set_at=event.set_at,
        set_by=event.set_by,
    )
    if state.get(ROW_FILTERS, event.table_id) != row:
        yield Put(ROW_FILTERS, row)


def row_filter_removed(state: State, event: RowFilterRemoved) -> Iterator[Change]:
    """No filter."""
    if state.get(ROW_FILTERS, event.table_id) is not None:
        yield Drop(ROW_FILTERS, (event.table_id,))


def column_mask_set(state: State, event: ColumnMaskSet) -> Iterator[Change]:
    """The column's mask; it replaces another."""
    row = ColumnMask(
        table_id=event.table_id,
        column=event.column,
        expression=event.expression,
        exempt=event.exempt,
        set_at=event.set_at,
        set_by=event.set_by,
    )
    if state.get(COLUMN_MASKS, event.table_id, event.column) != row:
        yield Put(COLUMN_MASKS, row)


def column_mask_removed(state: State, event: ColumnMaskRemoved) -> Iterator[Change]:
    """No mask."""
    if state.get(COLUMN_MASKS, event.table_id, event.column) is not None:
        yield Drop(COLUMN_MASKS, (event.table_id, event.column))


def key_created(state: State, event: KeyCreated) -> Iterator[Change]:
    """The key, unless its id is taken."""
    if state.get(KEYS, event.key_id) is not None:
        return
    row = ApiKey(
        key_id=event.key_id,
        principal=event.principal,
        name=event.name,
        secret_sha256=event.secret_sha256,
        scopes=event.scopes,
        created_at=event.created_at,
        created_by=event.created_by,
        expires_at=event.expires_at,
    )
    yield Put(KEYS, row)
    yield Put(KEYS_OF, KeyOf(principal=event.principal, key_id=event.key_id))


def key_replaced(state: State, event: KeyReplaced) -> Iterator[Change]:
    """The key ends when the overlap does, or before, and never later than it would have."""
    row = state.get(KEYS, event.key_id)
    if row is None or row.replaced_by:
        return
    ends = min(row.expires_at or event.expires_at, event.expires_at)
    yield Put(KEYS, msgspec.structs.replace(row, replaced_by=event.replaced_by, expires_at=ends))


def key_revoked(state: State, event: KeyRevoked) -> Iterator[Change]:
    """The key is revoked, once."""
    row = state.get(KEYS, event.key_id)
    if row is not None and row.revoked_at is None:
        yield Put(KEYS, msgspec.structs.replace(row, revoked_at=event.revoked_at))


def _dropped_grant(row: Grant | HeldGrant) -> Iterator[Change]:
    yield Drop(GRANTS, (row.kind, row.securable_id, row.principal, row.privilege))
    yield Drop(HELD_GRANTS, (row.principal, row.kind, row.securable_id, row.privilege))


def _dropped_membership(group: str, member: str) -> Iterator[Change]:
    yield Drop(MEMBERSHIPS, (member, group))
    yield Drop(MEMBERS, (group, member))


__all__ = [
    "column_mask_removed",
    "column_mask_set",
    "grant_given",
    "grant_revoked",
    "key_created",
    "key_replaced",
    "key_revoked",
    "member_added",
    "member_removed",
    "principal_added",
    "principal_disabled",
    "principal_enabled",
    "principal_removed",
    "row_filter_removed",
    "row_filter_set",
    "securable_forgotten",
]
