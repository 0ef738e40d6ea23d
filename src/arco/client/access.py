"""Access on a server: who holds what, who is in which group, keys, filters and masks.

Every change says whether it was otherwise before, and takes a `key`, a UUIDv7 by which it is
idempotent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from arco.access.decisions import Decision
from arco.access.privileges import Privilege
from arco.client.asking import Asked, Asker
from arco.client.operation import Operation
from arco.client.operations import (
    ADD_MEMBER,
    ADD_PRINCIPAL,
    CREATE_KEY,
    DISABLE_PRINCIPAL,
    ENABLE_PRINCIPAL,
    EXPLAIN_ACCESS,
    GIVE_GRANT,
    REMOVE_MEMBER,
    REMOVE_POLICY,
    REMOVE_PRINCIPAL,
    REVOKE_GRANT,
    REVOKE_KEY,
    ROTATE_KEY,
    SET_POLICY,
    SHOW_GRANTS,
    SHOW_KEYS,
    SHOW_ME,
    SHOW_POLICIES,
    SHOW_PRINCIPALS,
)
from arco.client.paging import paged
from arco.service.granting import GrantLine, KeyLine, PrincipalLine
from arco.service.policing import PolicyLine
from arco.wire.access import (
    OVERLAP_HOURS,
    AccessOutcome,
    CreatedKey,
    GrantRequest,
    KeyRequest,
    MemberRequest,
    Myself,
    PolicyRequest,
    PrincipalRequest,
    RotationRequest,
)


class Access:
    """Who may do what. An object is `table:sales.orders`, a principal `group:analysts`."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    def me(self) -> Myself:
        """Who the server takes you for."""
        return self._asker.ask(SHOW_ME)

    def explain(self, privilege: Privilege | str, on: str, *, principal: str = "") -> Decision:
        """Whether you, or a principal, may do it, and which grant says so."""
        query = {"privilege": _spelled(privilege), "on": on, "principal": principal}
        return self._asker.ask(EXPLAIN_ACCESS, Asked(query=query))

    def grants(self, *, on: str = "", principal: str = "") -> Sequence[GrantLine]:
        """What is held on an object, or by a principal; with neither, by you."""
        query = {"on": on, "principal": principal}
        return list(paged(self._asker, SHOW_GRANTS, rows=lambda page: page.grants, only=query))

    def give(self, privilege: Privilege | str, on: str, *, to: str, key: str = "") -> bool:
        """Give a privilege on an object to a principal."""
        body = GrantRequest(privilege=Privilege(_spelled(privilege)), on=on, to=to)
        return self._changed(GIVE_GRANT, body=body, key=key)

    def take(self, privilege: Privilege | str, on: str, *, principal: str, key: str = "") -> bool:
        """Take a privilege on an object from a principal."""
        query = {"privilege": _spelled(privilege), "on": on, "principal": principal}
        return self._changed(REVOKE_GRANT, query=query, key=key)

    def principals(self) -> Sequence[PrincipalLine]:
        """Users, groups and service accounts."""
        return list(paged(self._asker, SHOW_PRINCIPALS, rows=lambda page: page.principals))

    def add_principal(self, principal: str, *, description: str = "", key: str = "") -> bool:
        """Add a user, a group or a service account, or describe it anew."""
        body = PrincipalRequest(principal=principal, description=description)
        return self._changed(ADD_PRINCIPAL, body=body, key=key)

    def remove_principal(self, principal: str, *, key: str = "") -> bool:
        """Remove a principal with its grants, memberships and keys."""
        return self._changed(REMOVE_PRINCIPAL, place={"principal": principal}, key=key)

    def disable_principal(self, principal: str, *, key: str = "") -> bool:
        """Refuse whoever comes as the principal, by key or by token."""
        return self._changed(DISABLE_PRINCIPAL, place={"principal": principal}, key=key)

    def enable_principal(self, principal: str, *, key: str = "") -> bool:
        """Let the principal in again."""
        return self._changed(ENABLE_PRINCIPAL, place={"principal": principal}, key=key)

    def add_member(self, member: str, group: str, *, key: str = "") -> bool:
        """Put a principal into a group."""
        body = MemberRequest(group=group, member=member)
        return self._changed(ADD_MEMBER, body=body, key=key)

    def remove_member(self, member: str, group: str, *, key: str = "") -> bool:
        """Take a principal out of a group."""
        query = {"group": group, "member": member}
        return self._changed(REMOVE_MEMBER, query=query, key=key)

    def known_keys(self, *, principal: str = "") -> Sequence[KeyLine]:
        """Your keys; all of them, or those of a principal, for who owns the workspace."""
        only = {"principal": principal}
        return list(paged(self._asker, SHOW_KEYS, rows=lambda page: page.keys, only=only))

    def create_key(
        self,
        *,
        principal: str = "",
        name: str = "",
        scopes: Sequence[Privilege] = (),
        days: float = 90,
        key: str = "",
    ) -> CreatedKey:
        """A key, told this once: for you, or for a principal; 0 days never expire."""
        body = KeyRequest(principal=principal, name=name, scopes=tuple(scopes), days=days)
        return self._asker.ask(CREATE_KEY, Asked(body=body, key=key))

    def rotate_key(
        self, key_id: str, *, overlap_hours: float = OVERLAP_HOURS, days: float = 90, key: str = ""
    ) -> CreatedKey:
        """The key that takes the place of this one, which opens the API until the overlap ends."""
        body = RotationRequest(overlap_hours=overlap_hours, days=days)
        return self._asker.ask(ROTATE_KEY, Asked(place={"key_id": key_id}, body=body, key=key))

    def revoke_key(self, key_id: str, *, key: str = "") -> bool:
        """Revoke a key, at once and on every server."""
        return self._changed(REVOKE_KEY, place={"key_id": key_id}, key=key)

    def policies(self, on: str) -> Sequence[PolicyLine]:
        """The filter on a table's rows, then the masks of its columns."""
        only = {"on": on}
        return list(paged(self._asker, SHOW_POLICIES, rows=lambda page: page.policies, only=only))

    def restrict(
        self, expression: str, on: str, *, exempt: Sequence[str] = (), key: str = ""
    ) -> bool:
        """Show readers of a table only rows for which it holds, or of a column what it gives."""
        body = PolicyRequest(on=on, expression=expression, exempt=tuple(exempt))
        return self._changed(SET_POLICY, body=body, key=key)

    def unrestrict(self, on: str, *, key: str = "") -> bool:
        """Show readers of the table every row, or of the column its values."""
        return self._changed(REMOVE_POLICY, query={"on": on}, key=key)

    def _changed(
        self,
        operation: Operation[AccessOutcome],
        *,
        place: Mapping[str, str] | None = None,
        **asked: Any,
    ) -> bool:
        return self._asker.ask(operation, Asked(place=place or {}, **asked)).changed


def _spelled(privilege: Privilege | str) -> str:
    return str(privilege).upper()


__all__ = ["Access"]
