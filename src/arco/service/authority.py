"""Who may do and know what, as everything that serves people asks it.

`require` refuses, `visible` hides, `guarded` asks again when the commit is decided. Law: a refusal
carries the decision it follows from, so that it can be recorded before it is told.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, TypeAlias

from arco.access.callers import Caller
from arco.access.decisions import Decision as Judgement
from arco.access.decisions import decide, principals_of
from arco.access.privileges import Privilege
from arco.access.securables import WORKSPACE_CHAIN, Chain
from arco.access.tables import HELD_GRANTS, KEYS, MEMBERSHIPS, PRINCIPALS
from arco.catalog.tables import CATALOGS, NAMESPACES, OBJECT_NAMES, TABLE_NAMES
from arco.engine.applied import Applied
from arco.engine.database import Database
from arco.errors import Forbidden, Unauthenticated
from arco.model import Change, Decision, Drop, Event, Key, State, Table
from arco.orchestration.tables import ASSETS
from arco.service.holdings import Holdings
from arco.service.views import RULES, View
from arco.service.visibility import Visible, visible_to

CALLERS_REMEMBERED_MAX = 1_000
TABLES_REMEMBERED_MAX = 1_000_000
"""So many tables are remembered of all callers together, about 150 bytes each."""
GATHERING_MAX = 100
GRANTS_AT_ONCE = 4_096
BITS_MAX = 1_000
PLACES = frozenset({CATALOGS.name, NAMESPACES.name, ASSETS.name})
"""Changes of these rows may show or hide anything to anybody."""
HOLDERS = frozenset({HELD_GRANTS.name, MEMBERSHIPS.name})
"""The first part of their keys is whom they tell something to."""
OBJECTS = frozenset({TABLE_NAMES.name, OBJECT_NAMES.name})
"""The first part of their keys is what stands somewhere."""
Check: TypeAlias = Callable[[State], object]
Name: TypeAlias = tuple[str, ...]


class Denial(Exception):
    """The cause of a refusal: what was decided. It is told to the audit, not to the caller."""

    def __init__(self, decision: Judgement) -> None:
        super().__init__(decision.rule.value)
        self.decision = decision


class Authority:
    """The authority of one workspace."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._tables = database.tables
        self._visible: OrderedDict[Name, Visible] = OrderedDict()
        self._gathering: dict[Name, Holdings] = {}
        database.listeners.append(self._forget)

    def visible(self, state: State, caller: Caller) -> State:
        """The state without what the caller may not know of.

        Cost: nothing for who may know of everything; the caller's grants at first, then a look-up.
        """
        if caller.is_local:
            return state
        self.check(state, caller)
        # What is worked out on a state that may lose its race must not be kept.
        is_kept = state is self._database.tables
        seen = self._seen(state, caller) if is_kept else visible_to(state, caller)
        return state if seen.everything else View(state, seen)

    def check(self, state: State, caller: Caller) -> None:
        """Nothing, while what the caller came with still opens the door.

        Raises: Unauthenticated CREDENTIALS_ENDED.
        """
        key = state.get(KEYS, caller.key_id) if caller.key_id else None
        holder = state.get(PRINCIPALS, caller.principal)
        is_revoked = bool(caller.key_id) and (key is None or key.revoked_at is not None)
        if is_revoked or (holder is not None and holder.disabled):
            raise Unauthenticated(
                "CREDENTIALS_ENDED",
                "these credentials do not open this server any more",
                hint="ask whoever administers it for others",
            )

    def sight(self, state: State, caller: Caller) -> Visible | None:
        """What the caller may know of now, for reading a past state; None: everything.

        A past state has past grants: who was shut out since must not come back in by it.
        """
        if caller.is_local:
            return None
        self.check(state, caller)
        seen = visible_to(state, caller)
        return None if seen.everything else seen

    def shows(self, state: State, caller: Caller, *, table: Table[Any], row: Any) -> bool:
        """Whether the caller may know of this row, by what it may know of now."""
        if caller.is_local:
            return True
        self.check(state, caller)
        is_kept = state is self._database.tables
        seen = self._seen(state, caller) if is_kept else visible_to(state, caller)
        shown = RULES.get(table.name)
        return seen.everything or (shown is not None and shown(seen, state, row=row))

    async def acquainted(self, caller: Caller) -> None:
        """What the caller may know of is worked out before it is asked for, bit by bit: others are
        answered meanwhile, and no more rows are in memory than one bit needs.

        Cost: nothing for who was here since its grants changed.
        """
        for _ in range(0 if caller.is_local else BITS_MAX):
            if await self._database.asked(partial(self._gather, caller=caller)):
                return
            await self._database.runtime.sleep(0)

    def _gather(self, state: State, caller: Caller) -> bool:
        self._start_anew_on(state)
        name = _name(caller)
        if name in self._visible:
            return True
        holdings = self._gathering.get(name)
        if holdings is None:
            while len(self._gathering) >= GATHERING_MAX:
                self._gathering.pop(next(iter(self._gathering)))
            holdings = self._gathering[name] = Holdings(principals_of(state, caller))
        if not holdings.gather(state, GRANTS_AT_ONCE):
            return False
        self._keep(name, Visible(state, holdings))
        del self._gathering[name]
        return True

    def _seen(self, state: State, caller: Caller) -> Visible:
        self._start_anew_on(state)
        name = _name(caller)
        known = self._visible.get(name)
        if known is None:
            known = visible_to(state, caller)
            self._keep(name, known)
        self._visible.move_to_end(name)
        return known

    def _keep(self, name: Name, seen: Visible) -> None:
        self._visible[name] = seen
        tables = sum(len(each.tables) for each in self._visible.values())
        while len(self._visible) > CALLERS_REMEMBERED_MAX or tables > TABLES_REMEMBERED_MAX:
            _, oldest = self._visible.popitem(last=False)
            tables -= len(oldest.tables)

    def _start_anew_on(self, state: State) -> None:
        if self._tables is not state:
            self._forget_all()
            self._tables = self._database.tables

    def _forget_all(self) -> None:
        self._visible.clear()
        self._gathering.clear()

    def _forget(self, applied: Applied) -> None:
        if not self._visible and not self._gathering:
            return
        for change in applied.changes:
            name = change.table.name
            if name in PLACES:
                self._forget_all()
                return
            if name in HOLDERS:
                self._forget_holder(_key_of(change)[0])
            elif name in OBJECTS:
                self._forget_object(_key_of(change)[0])

    def _forget_holder(self, principal: str) -> None:
        for known in (self._visible, self._gathering):
            for name in [each for each, seen in known.items() if principal in seen.principals]:
                del known[name]

    def _forget_object(self, object_id: str) -> None:
        for name in [each for each, seen in self._visible.items() if seen.rests_on(object_id)]:
            del self._visible[name]
        # What is still being gathered may have met it or not.
        self._gathering.clear()


def _name(caller: Caller) -> Name:
    return (caller.principal, *caller.groups)


def _key_of(change: Change) -> Key:
    return change.key if isinstance(change, Drop) else change.table.key_of(change.row)


def require(state: State, caller: Caller, *, privilege: Privilege, chain: Chain) -> Judgement:
    """The decision that allows it.

    Raises: Forbidden ACCESS_DENIED, caused by a `Denial`. Ask this of what the caller sees: what
    is hidden from it is refused by not being there.
    """
    whole = state.whole if isinstance(state, View) else state
    decision = decide(whole, caller, privilege=privilege, chain=chain)
    if decision.allowed:
        return decision
    raise Forbidden(
        "ACCESS_DENIED",
        f"{caller.principal} may not {privilege} {decision.securable}",
        hint="who owns it can give the privilege: "
        f"`arco grant {privilege} --on {decision.securable} --to {caller.principal}`",
        privilege=privilege.value,
        securable=decision.securable,
    ) from Denial(decision)


def require_on_workspace(state: State, caller: Caller, *, privilege: Privilege) -> Judgement:
    """The decision that allows it on the workspace.

    Raises: Forbidden ACCESS_DENIED.
    """
    return require(state, caller, privilege=privilege, chain=WORKSPACE_CHAIN)


def owns_workspace(state: State, caller: Caller) -> bool:
    """True for who administers principals and keys."""
    return decide(state, caller, privilege=Privilege.OWN, chain=WORKSPACE_CHAIN).allowed


def guarded(decision: Decision, check: Check) -> Decision:
    """The decision, refused when the state it is made on does not allow it (any more)."""

    def decided(state: State, now: datetime) -> Sequence[Event]:
        check(state)
        return decision(state, now)

    return decided


__all__ = [
    "Authority",
    "Check",
    "Denial",
    "guarded",
    "owns_workspace",
    "require",
    "require_on_workspace",
]
