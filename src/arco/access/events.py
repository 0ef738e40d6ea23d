"""What can happen to principals, grants and keys; every id and time is inside."""

from __future__ import annotations

from datetime import datetime

from arco.access.privileges import Kind, Privilege
from arco.model import Payload


class PrincipalAdded(Payload, frozen=True):
    """A principal can be granted privileges, or is described anew."""

    principal: str
    added_at: datetime
    added_by: str = ""
    description: str = ""


class PrincipalDisabled(Payload, frozen=True):
    """Whoever comes by this name is refused from here on."""

    principal: str


class PrincipalEnabled(Payload, frozen=True):
    """Whoever comes by this name is let in again."""

    principal: str


class PrincipalRemoved(Payload, frozen=True):
    """The principal is gone, with its grants, memberships and keys."""

    principal: str
    removed_at: datetime


class MemberAdded(Payload, frozen=True):
    """A principal is in a group."""

    group: str
    member: str
    added_at: datetime
    added_by: str = ""


class MemberRemoved(Payload, frozen=True):
    """A principal is in a group no more."""

    group: str
    member: str


class GrantGiven(Payload, frozen=True):
    """A principal holds a privilege on an object."""

    kind: Kind
    securable_id: str
    principal: str
    privilege: Privilege
    granted_at: datetime
    granted_by: str = ""


class GrantRevoked(Payload, frozen=True):
    """A principal does not hold the privilege on the object any more."""

    kind: Kind
    securable_id: str
    principal: str
    privilege: Privilege


class SecurableForgotten(Payload, frozen=True):
    """An object is gone for good: its grants, filters and masks are, too."""

    kind: Kind
    securable_id: str


class RowFilterSet(Payload, frozen=True):
    """Readers of the table see the rows for which the predicate holds."""

    table_id: str
    predicate: str
    set_at: datetime
    set_by: str = ""
    exempt: tuple[str, ...] = ()


class RowFilterRemoved(Payload, frozen=True):
    """Readers of the table see every row."""

    table_id: str


class ColumnMaskSet(Payload, frozen=True):
    """Readers of the column see the expression's value in its place."""

    table_id: str
    column: str
    expression: str
    set_at: datetime
    set_by: str = ""
    exempt: tuple[str, ...] = ()


class ColumnMaskRemoved(Payload, frozen=True):
    """Readers of the column see its values."""

    table_id: str
    column: str


class KeyCreated(Payload, frozen=True):
    """A key opens the API for a principal."""

    key_id: str
    principal: str
    secret_sha256: str
    created_at: datetime
    created_by: str = ""
    name: str = ""
    scopes: tuple[Privilege, ...] = ()
    expires_at: datetime | None = None


class KeyReplaced(Payload, frozen=True):
    """Another key takes its place; this one opens the API until `expires_at`."""

    key_id: str
    replaced_by: str
    expires_at: datetime


class KeyRevoked(Payload, frozen=True):
    """The key opens nothing any more."""

    key_id: str
    revoked_at: datetime


__all__ = [
    "ColumnMaskRemoved",
    "ColumnMaskSet",
    "GrantGiven",
    "GrantRevoked",
    "KeyCreated",
    "KeyReplaced",
    "KeyRevoked",
    "MemberAdded",
    "MemberRemoved",
    "PrincipalAdded",
    "PrincipalDisabled",
    "PrincipalEnabled",
    "PrincipalRemoved",
    "RowFilterRemoved",
    "RowFilterSet",
    "SecurableForgotten",
]
