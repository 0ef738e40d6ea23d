"""Who may do and know what, as everything that serves people asks it.

`require` refuses, `visible` hides, `guarded` asks again when the commit is decided. Law: a refusal
carries the decision it follows from, so that it can be recorded before it is told.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from arco.access.callers import Caller
from arco.access.decisions import Decision as Judgement
from arco.access.decisions import decide
from arco.access.domain import DOMAIN as ACCESS
from arco.access.privileges import Privilege
from arco.access.securables import WORKSPACE_CHAIN, Chain
from arco.catalog.tables import CATALOGS, NAMESPACES, TABLE_NAMES
from arco.engine.applied import Applied
from arco.engine.database import Database
from arco.errors import Forbidden
from arco.model import Change, Decision, Drop, Event, State, Table
from arco.orchestration.tables import ASSETS
from arco.service.views import RULES, View
from arco.service.visibility import Visible

CALLERS_REMEMBERED_MAX = 1_000
# Changes of these rows may show or hide anything.
TELLING = frozenset({table.name for table in ACCESS.tables}) | {CATALOGS.name, NAMESPACES.name}
Check: TypeAlias = Callable[[State], object]


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
        self._visible: OrderedDict[tuple[str, ...], Visible] = OrderedDict()
        database.listeners.append(self._forget)

    def visible(self, state: State, caller: Caller) -> State:
        """The state without what the caller may not know of.

        Cost: nothing for who may know of everything; the caller's grants at first, then a look-up.
        """
        if caller.is_local:
            return state
        # What is worked out on a state that may lose its race must not be kept.
        is_kept = state is self._database.tables
        seen = self._seen(state, caller) if is_kept else Visible(state, caller)
        return state if seen.everything else View(state, seen)

    def shows(self, state: State, caller: Caller, *, table: Table[Any], row: Any) -> bool:
        """Whether the caller may know of this row, by what it may know of now."""
        if caller.is_local:
            return True
        is_kept = state is self._database.tables
        seen = self._seen(state, caller) if is_kept else Visible(state, caller)
        shown = RULES.get(table.name)
        return seen.everything or (shown is not None and shown(seen, state, row=row))

    def _seen(self, state: State, caller: Caller) -> Visible:
        if self._tables is not state:
            self._visible.clear()
            self._tables = self._database.tables
        name = (caller.principal, *caller.groups)
        known = self._visible.get(name)
        if known is None:
            known = self._visible[name] = Visible(state, caller)
            if len(self._visible) > CALLERS_REMEMBERED_MAX:
                self._visible.popitem(last=False)
        self._visible.move_to_end(name)
        return known

    def _forget(self, applied: Applied) -> None:
        for change in applied.changes:
            name = change.table.name
            if name in TELLING or name == ASSETS.name:
                self._visible.clear()
                return
            if name == TABLE_NAMES.name:
                self._forget_table(change)

    def _forget_table(self, change: Change) -> None:
        table_id = change.key[0] if isinstance(change, Drop) else change.table.key_of(change.row)[0]
        for name in [each for each, seen in self._visible.items() if table_id in seen.tables]:
            del self._visible[name]


def require(state: State, caller: Caller, *, privilege: Privilege, chain: Chain) -> Judgement:
    """The decision that allows it.

    Raises: Forbidden ACCESS_DENIED, caused by a `Denial`. Ask this of what the caller sees: what
    is hidden from it is refused by not being there.
    """
    decision = decide(state, caller, privilege=privilege, chain=chain)
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


def guarded(decision: Decision, check: Check) -> Decision:
    """The decision, refused when the state it is made on does not allow it (any more)."""

    def decided(state: State, now: datetime) -> Sequence[Event]:
        check(state)
        return decision(state, now)

    return decided


__all__ = ["Authority", "Check", "Denial", "guarded", "require", "require_on_workspace"]
