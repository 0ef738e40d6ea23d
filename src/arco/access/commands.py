"""Decisions about principals and grants.

Pure: times come with the state they are made on. Who may ask is decided before, on the same state;
must not know objects beyond their ids.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec

from arco.access.events import (
    GrantGiven,
    GrantRevoked,
    MemberAdded,
    MemberRemoved,
    PrincipalAdded,
    PrincipalDisabled,
    PrincipalEnabled,
    PrincipalRemoved,
    SecurableForgotten,
)
from arco.access.principals import EVERYONE, GROUP, checked_principal, kind_of
from arco.access.privileges import GRANTABLE_ON, Privilege
from arco.access.securables import Securable
from arco.access.tables import GRANTS, MEMBERSHIPS, PRINCIPALS, Principal
from arco.errors import Conflict, Invalid, NotFound
from arco.model import Decision, Event, Payload, State

Decide = Callable[[State, datetime], Sequence[Payload]]


class AddPrincipal(msgspec.Struct, frozen=True, kw_only=True):
    """Let a user, group or service account be granted privileges."""

    principal: str
    description: str = ""
    actor: str = ""


class ChangeMember(msgspec.Struct, frozen=True, kw_only=True):
    """Put a principal into a group, or take it out."""

    group: str
    member: str
    actor: str = ""


class ChangeGrant(msgspec.Struct, frozen=True, kw_only=True):
    """Give a privilege on an object to a principal, or take it."""

    securable: Securable
    principal: str
    privilege: Privilege
    actor: str = ""


def add_principal(command: AddPrincipal) -> Decision:
    """PrincipalAdded; nothing when it is there and described so.

    Raises: Invalid PRINCIPAL_INVALID.
    """

    def decide(state: State, now: datetime) -> Sequence[Payload]:
        known = state.get(PRINCIPALS, checked_principal(command.principal))
        if known is not None and command.description in ("", known.description):
            return ()
        added = PrincipalAdded(
            principal=command.principal,
            description=command.description,
            added_at=now,
            added_by=command.actor,
        )
        return (added,)

    return _signed(decide, command.actor)


def disable_principal(principal: str, actor: str = "") -> Decision:
    """PrincipalDisabled; nothing when it is.

    Raises: NotFound PRINCIPAL_NOT_FOUND.
    """

    def decide(state: State, now: datetime) -> Sequence[Payload]:
        row = known_principal(state, principal)
        return () if row.disabled else (PrincipalDisabled(principal=principal),)

    return _signed(decide, actor)


def enable_principal(principal: str, actor: str = "") -> Decision:
    """PrincipalEnabled; nothing when it is.

    Raises: NotFound PRINCIPAL_NOT_FOUND.
    """

    def decide(state: State, now: datetime) -> Sequence[Payload]:
        row = known_principal(state, principal)
        return (PrincipalEnabled(principal=principal),) if row.disabled else ()

    return _signed(decide, actor)


def remove_principal(principal: str, actor: str = "") -> Decision:
    """PrincipalRemoved, with all it held.

    Raises: NotFound PRINCIPAL_NOT_FOUND.
    """

    def decide(state: State, now: datetime) -> Sequence[Payload]:
        known_principal(state, principal)
        return (PrincipalRemoved(principal=principal, removed_at=now),)

    return _signed(decide, actor)


def add_member(command: ChangeMember) -> Decision:
    """MemberAdded; nothing when it is in the group.

    Raises: Invalid GROUP_INVALID; NotFound PRINCIPAL_NOT_FOUND; Conflict GROUP_CYCLE.
    """

    def decide(state: State, now: datetime) -> Sequence[Payload]:
        _check_membership(state, command)
        if state.get(MEMBERSHIPS, command.member, command.group) is not None:
            return ()
        added = MemberAdded(
            group=command.group, member=command.member, added_at=now, added_by=command.actor
        )
        return (added,)

    return _signed(decide, command.actor)


def remove_member(command: ChangeMember) -> Decision:
    """MemberRemoved.

    Raises: NotFound MEMBER_NOT_FOUND.
    """

    def decide(state: State, now: datetime) -> Sequence[Payload]:
        if state.get(MEMBERSHIPS, command.member, command.group) is None:
            raise NotFound(
                "MEMBER_NOT_FOUND",
                f"{command.member} is not in {command.group}",
                hint="`arco principal list` shows the groups of each principal",
            )
        return (MemberRemoved(group=command.group, member=command.member),)

    return _signed(decide, command.actor)


def give_grant(command: ChangeGrant) -> Decision:
    """GrantGiven; nothing when it is held.

    Raises: NotFound PRINCIPAL_NOT_FOUND; Invalid PRIVILEGE_MISPLACED.
    """

    def decide(state: State, now: datetime) -> Sequence[Payload]:
        check_place(command)
        if command.principal != EVERYONE:
            known_principal(state, command.principal)
        if state.get(GRANTS, *_key(command)) is not None:
            return ()
        given = GrantGiven(
            kind=command.securable.kind,
            securable_id=command.securable.id,
            principal=command.principal,
            privilege=command.privilege,
            granted_at=now,
            granted_by=command.actor,
        )
        return (given,)

    return _signed(decide, command.actor)


def revoke_grant(command: ChangeGrant) -> Decision:
    """GrantRevoked.

    Raises: NotFound GRANT_NOT_FOUND.
    """

    def decide(state: State, now: datetime) -> Sequence[Payload]:
        if state.get(GRANTS, *_key(command)) is None:
            raise NotFound(
                "GRANT_NOT_FOUND",
                f"{command.principal} was not given {command.privilege} there",
                hint="it may be held on what the object stands in, or by a group: "
                "`arco access explain` says where",
            )
        revoked = GrantRevoked(
            kind=command.securable.kind,
            securable_id=command.securable.id,
            principal=command.principal,
            privilege=command.privilege,
        )
        return (revoked,)

    return _signed(decide, command.actor)


def forget_securable(securable: Securable, actor: str = "") -> Decision:
    """SecurableForgotten: for an object that is gone for good."""

    def decide(state: State, now: datetime) -> Sequence[Payload]:
        return (SecurableForgotten(kind=securable.kind, securable_id=securable.id),)

    return _signed(decide, actor)


def known_principal(state: State, principal: str) -> Principal:
    """The principal's row.

    Raises: Invalid PRINCIPAL_INVALID; NotFound PRINCIPAL_NOT_FOUND.
    """
    row = state.get(PRINCIPALS, checked_principal(principal))
    if row is None:
        raise NotFound(
            "PRINCIPAL_NOT_FOUND",
            f"there is no {principal}",
            hint=f"`arco principal add {principal}` adds it",
        )
    return row


def check_place(command: ChangeGrant) -> None:
    """Nothing, when the privilege can be held on such an object.

    Raises: Invalid PRIVILEGE_MISPLACED.
    """
    kinds = GRANTABLE_ON[command.privilege]
    if command.securable.kind not in kinds:
        listed = ", ".join(sorted(kind.value for kind in kinds))
        raise Invalid(
            "PRIVILEGE_MISPLACED",
            f"{command.privilege} cannot be held on a {command.securable.kind.value}",
            hint=f"it can be held on: {listed}",
        )


def _check_membership(state: State, command: ChangeMember) -> None:
    if kind_of(checked_principal(command.group)) != GROUP or command.group == EVERYONE:
        raise Invalid(
            "GROUP_INVALID",
            f"nobody can be put into {command.group}",
            hint="name a group, such as group:analysts; group:everyone has everyone in it",
        )
    known_principal(state, command.group)
    known_principal(state, command.member)
    if command.member == command.group or _is_above(state, command.group, group=command.member):
        raise Conflict(
            "GROUP_CYCLE",
            f"{command.group} is in {command.member} already",
            hint="take one of the two out first",
        )


def _is_above(state: State, member: str, *, group: str) -> bool:
    """True when `member` is in `group`, directly or through groups."""
    seen, waiting = {member}, [member]
    while waiting:
        for row in state.range(MEMBERSHIPS, waiting.pop()):
            if row.group == group:
                return True
            if row.group not in seen:
                seen.add(row.group)
                waiting.append(row.group)
    return False


def _key(command: ChangeGrant) -> tuple[object, ...]:
    securable = command.securable
    return securable.kind, securable.id, command.principal, command.privilege


def _signed(decide: Decide, actor: str) -> Decision:
    return lambda state, now: [Event(payload, actor) for payload in decide(state, now)]


__all__ = [
    "AddPrincipal",
    "ChangeGrant",
    "ChangeMember",
    "add_member",
    "add_principal",
    "check_place",
    "disable_principal",
    "enable_principal",
    "forget_securable",
    "give_grant",
    "known_principal",
    "remove_member",
    "remove_principal",
    "revoke_grant",
]
