"""The projections of access: who there is, who holds what, and which keys open the door.

Law: every table here is private; strangers' files and signed URLs never hold it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from arco.access.privileges import Kind, Privilege
from arco.model import Table


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """A user, a group or a service account."""

    principal: str
    description: str = ""
    disabled: bool = False
    """True: whoever comes by this name is refused."""
    added_at: datetime
    added_by: str = ""


class Membership(msgspec.Struct, frozen=True, kw_only=True):
    """A principal is in a group; what the group holds, it holds."""

    member: str
    group: str
    added_at: datetime
    added_by: str = ""


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """The membership seen from the group."""

    group: str
    member: str


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """A principal holds a privilege on an object and everything in it."""

    kind: Kind
    securable_id: str
    principal: str
    privilege: Privilege
    granted_at: datetime
    granted_by: str = ""


class HeldGrant(msgspec.Struct, frozen=True, kw_only=True):
    """The grant seen from its principal."""

    principal: str
    kind: Kind
    securable_id: str
    privilege: Privilege


class RowFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Who reads the table by SQL sees the rows for which the predicate holds, and no others."""

    table_id: str
    predicate: str
    """A SQL expression over the table's columns and `caller()`, `in_group('group:...')`."""
    exempt: tuple[str, ...] = ()
    """Principals that see every row."""
    set_at: datetime
    set_by: str = ""


class ColumnMask(msgspec.Struct, frozen=True, kw_only=True):
    """Who reads the column by SQL sees the expression's value in its place."""

    table_id: str
    column: str
    expression: str
    """A SQL expression over the table's columns."""
    exempt: tuple[str, ...] = ()
    """Principals that see the values."""
    set_at: datetime
    set_by: str = ""


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key that opens the API for a principal; its secret is known to its holder alone."""

    key_id: str
    principal: str
    name: str = ""
    secret_sha256: str
    scopes: tuple[Privilege, ...] = ()
    """The most that the key may do; none: whatever its principal may."""
    created_at: datetime
    created_by: str = ""
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    replaced_by: str = ""
    """The key that took its place."""


class KeyOf(msgspec.Struct, frozen=True, kw_only=True):
    """The key seen from its principal."""

    principal: str
    key_id: str


PRINCIPALS = Table("access.principals", Principal, ("principal",), public=False)
MEMBERSHIPS = Table("access.memberships", Membership, ("member", "group"), public=False)
MEMBERS = Table("access.members", Member, ("group", "member"), public=False)
GRANTS = Table(
    "access.grants", Grant, ("kind", "securable_id", "principal", "privilege"), public=False
)
HELD_GRANTS = Table(
    "access.held_grants",
    HeldGrant,
    ("principal", "kind", "securable_id", "privilege"),
    public=False,
)
ROW_FILTERS = Table("access.row_filters", RowFilter, ("table_id",), public=False)
COLUMN_MASKS = Table("access.column_masks", ColumnMask, ("table_id", "column"), public=False)
KEYS = Table("access.keys", ApiKey, ("key_id",), public=False)
KEYS_OF = Table("access.keys_of", KeyOf, ("principal", "key_id"), public=False)

ALL: tuple[Table[Any], ...] = (
    PRINCIPALS,
    MEMBERSHIPS,
    MEMBERS,
    GRANTS,
    HELD_GRANTS,
    ROW_FILTERS,
    COLUMN_MASKS,
    KEYS,
    KEYS_OF,
)

__all__ = [
    "ALL",
    "COLUMN_MASKS",
    "GRANTS",
    "HELD_GRANTS",
    "KEYS",
    "KEYS_OF",
    "MEMBERS",
    "MEMBERSHIPS",
    "PRINCIPALS",
    "ROW_FILTERS",
    "ApiKey",
    "ColumnMask",
    "Grant",
    "HeldGrant",
    "KeyOf",
    "Member",
    "Membership",
    "Principal",
    "RowFilter",
]
