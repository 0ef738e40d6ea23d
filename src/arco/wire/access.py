"""Access as it is told and asked for: one declaration for the server and its clients."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from arco.access.callers import Method
from arco.access.privileges import Privilege
from arco.service.granting import GrantLine, KeyLine, PrincipalLine
from arco.service.policing import PolicyLine

DAYS_MAX = 3_660
OVERLAP_HOURS = 24.0
Days = Annotated[float, msgspec.Meta(ge=0, le=DAYS_MAX)]
Name = Annotated[str, msgspec.Meta(max_length=512)]


class AccessOutcome(msgspec.Struct, frozen=True):
    """What came of a change."""

    changed: bool
    """Whether it was otherwise before."""


class Myself(msgspec.Struct, frozen=True, kw_only=True):
    """Who the server takes you for."""

    principal: str
    method: Method
    """How you proved it."""
    tenant: str
    """The tenant that the credential is for."""
    workspace: str
    """The workspace that it is for."""
    groups: tuple[str, ...]
    """Every group you are in, by your token or by memberships kept here."""
    scopes: tuple[Privilege, ...] | None
    """The most that your credential may do; null: whatever you may."""


class PrincipalList(msgspec.Struct, frozen=True, omit_defaults=True):
    """Principals by name."""

    principals: list[PrincipalLine]
    """The principals."""
    next_cursor: str = ""
    """Where the next page starts, as `cursor`; absent on the last page."""


class GrantList(msgspec.Struct, frozen=True, omit_defaults=True):
    """Privileges that are held."""

    grants: list[GrantLine]
    """The privileges, each with where it is held."""
    next_cursor: str = ""
    """Where the next page starts, as `cursor`; absent on the last page."""


class GrantRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A privilege on an object, for a principal."""

    privilege: Privilege
    """Such as `SELECT`."""
    on: Name
    """The object, such as `table:sales.orders`."""
    to: Name
    """The principal, such as `group:analysts`."""


class PrincipalRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A user, group or service account."""

    principal: Name
    description: Annotated[str, msgspec.Meta(max_length=4096)] = ""


class MemberRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A principal in a group."""

    group: Name
    member: Name


class KeyRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A key that opens the API for a principal."""

    principal: Annotated[str, msgspec.Meta(max_length=512)] = ""
    """Whose key it is; empty: yours."""
    name: Annotated[str, msgspec.Meta(max_length=256)] = ""
    """What it is for."""
    scopes: tuple[Privilege, ...] = ()
    """The most that it may do; none: whatever its principal may."""
    days: Days = 90
    """When it expires; 0: never."""


class RotationRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long both keys open the API."""

    overlap_hours: Annotated[float, msgspec.Meta(ge=0, le=24 * 90)] = OVERLAP_HOURS
    """How long."""
    days: Days = 90
    """When the new key expires; 0: never."""


class CreatedKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key, told this once."""

    key: str
    """What to send as `Authorization: Bearer`; empty in the answer to a repeated request."""
    key_id: str
    expires_at: datetime | None


class KeyList(msgspec.Struct, frozen=True, omit_defaults=True):
    """Keys by id."""

    keys: list[KeyLine]
    """The keys."""
    next_cursor: str = ""
    """Where the next page starts, as `cursor`; absent on the last page."""


class PolicyRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A filter on a table's rows, or a mask on a column's values."""

    on: Name
    """The table, `table:sales.orders`, or the column, `column:sales.orders.email`."""
    expression: Annotated[str, msgspec.Meta(min_length=1, max_length=8192)]
    """SQL over the table's columns; `$caller` and `$groups` say who asks."""
    exempt: Annotated[tuple[Name, ...], msgspec.Meta(max_length=100)] = ()
    """Principals for whom it does not count."""


class PolicyList(msgspec.Struct, frozen=True, omit_defaults=True):
    """Filters and masks."""

    policies: list[PolicyLine]
    """What stands between the table and its readers."""
    next_cursor: str = ""
    """Where the next page starts, as `cursor`; absent on the last page."""


__all__ = [
    "OVERLAP_HOURS",
    "AccessOutcome",
    "CreatedKey",
    "GrantList",
    "GrantRequest",
    "KeyList",
    "KeyRequest",
    "MemberRequest",
    "Myself",
    "PolicyList",
    "PolicyRequest",
    "PrincipalList",
    "PrincipalRequest",
    "RotationRequest",
]
