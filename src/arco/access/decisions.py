"""May this caller do this here? One function answers, and its answer says why.

Pure: a decision follows from one state, so an answer and the rows it lets through are of one slot.
Everything is refused that no rule allows.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

import msgspec

from arco.access.callers import Caller
from arco.access.principals import EVERYONE
from arco.access.privileges import Kind, Privilege, holders_of
from arco.access.securables import COLUMN_SEPARATOR, Chain, Link, told
from arco.access.tables import GRANTS, HELD_GRANTS, MEMBERSHIPS
from arco.model import State

GROUPS_MAX = 1_000


class Rule(StrEnum):
    """Why a decision is what it is."""

    LOCAL = "local"
    """The server asks nobody for a name: whoever reaches it owns what it serves."""
    OWNER = "owner"
    GRANT = "grant"
    COLUMN = "column"
    """A column of the table may be read, so that there is such a table may be known."""
    SCOPE = "scope"
    """The credential is limited to less than its principal may do."""
    NOTHING = "nothing"
    """Nobody gave the principal, or a group of it, what this needs."""


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What was decided, and the grant or owner that decided it."""

    allowed: bool
    """Whether it may be done."""
    rule: Rule
    """Why."""
    privilege: Privilege
    """What was needed."""
    principal: str
    securable: str
    """What it was asked about."""
    held: Privilege | None = None
    """The privilege that was held, which is or contains the one that was needed."""
    holder: str = ""
    """Who holds it: the principal or a group of it."""
    held_on: str = ""
    """Where it is held: the object or what it stands in."""


def decide(state: State, caller: Caller, *, privilege: Privilege, chain: Chain) -> Decision:
    """Whether the caller holds the privilege on the first object of the chain.

    Cost: two rows by key for each object of the chain and each group.
    """
    asked = _Asked(caller, privilege, chain)
    if caller.is_local:
        return asked.decided(Rule.LOCAL)
    if not caller.may_use(privilege):
        return asked.decided(Rule.SCOPE)
    principals = principals_of(state, caller)
    for link in chain:
        if link.owner and link.owner in principals:
            return asked.decided(Rule.OWNER, held=Privilege.OWN, holder=link.owner, on=link)
        for held, holder in _held(state, link, privilege=privilege, principals=principals):
            return asked.decided(Rule.GRANT, held=held, holder=holder, on=link)
    return _by_column(state, asked, principals=principals)


def principals_of(state: State, caller: Caller) -> tuple[str, ...]:
    """The caller, every group it is in, directly or through groups, and everyone.

    Cost: the memberships on the way; at most a thousand groups.
    """
    found = dict.fromkeys((caller.principal, *caller.groups))
    for member in _growing(found):
        for row in state.range(MEMBERSHIPS, member):
            if len(found) < GROUPS_MAX:
                found.setdefault(row.group)
    found.setdefault(EVERYONE)
    return tuple(found)


def holds_below(state: State, principal: str, *, table_id: str) -> bool:
    """True when the principal may read a column of the table."""
    start = (principal, Kind.COLUMN, table_id + COLUMN_SEPARATOR)
    for row in state.range(HELD_GRANTS, principal, Kind.COLUMN, after=start):
        return row.securable_id.startswith(table_id + COLUMN_SEPARATOR)
    return False


class _Asked(msgspec.Struct, frozen=True):
    caller: Caller
    privilege: Privilege
    chain: Chain

    def decided(
        self,
        rule: Rule,
        held: Privilege | None = None,
        *,
        holder: str = "",
        on: Link | None = None,
    ) -> Decision:
        return Decision(
            allowed=rule not in (Rule.SCOPE, Rule.NOTHING),
            rule=rule,
            privilege=self.privilege,
            principal=self.caller.principal,
            securable=told(self.chain[0]),
            held=held,
            holder=holder,
            held_on=told(on) if on else "",
        )


def _growing(found: dict[str, None]) -> Iterator[str]:
    """The keys in order, those included that are added on the way."""
    done = 0
    while done < len(found):
        for name in list(found)[done:]:
            done += 1
            yield name


def _held(
    state: State, link: Link, *, privilege: Privilege, principals: tuple[str, ...]
) -> Iterator[tuple[Privilege, str]]:
    kind, name = link.securable.kind, link.securable.id
    for principal in principals:
        if privilege is Privilege.BROWSE:
            # Whatever is held on an object includes knowing it.
            for row in state.range(HELD_GRANTS, principal, kind, name):
                yield row.privilege, principal
            continue
        for held in holders_of(privilege):
            if state.get(GRANTS, kind, name, principal, held) is not None:
                yield held, principal


def _by_column(state: State, asked: _Asked, *, principals: tuple[str, ...]) -> Decision:
    first = asked.chain[0]
    if asked.privilege is Privilege.BROWSE and first.securable.kind is Kind.TABLE:
        for principal in principals:
            if holds_below(state, principal, table_id=first.securable.id):
                return asked.decided(Rule.COLUMN, held=Privilege.SELECT, holder=principal, on=first)
    return asked.decided(Rule.NOTHING)


__all__ = ["Decision", "Rule", "decide", "holds_below", "principals_of"]
