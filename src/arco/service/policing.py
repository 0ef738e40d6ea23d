"""Row filters and column masks by the names people use: set, removed, listed.

Who manages a table decides what others see of its rows and values. Must not know SQL, nor HTTP.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import chain

import msgspec

from arco.access.callers import Caller
from arco.access.policies import Policy, remove_policy, set_policy
from arco.access.privileges import Kind, Privilege
from arco.access.securables import COLUMN_SEPARATOR
from arco.access.tables import COLUMN_MASKS, ROW_FILTERS
from arco.errors import Invalid
from arco.model import Decision, Event, Key, State
from arco.service.authority import Authority, require
from arco.service.chains import find_chain
from arco.service.views import View


class PolicyWish(msgspec.Struct, frozen=True, kw_only=True):
    """A filter on a table, `table:sales.orders`, or a mask on a column of it."""

    on: str
    expression: str = ""
    exempt: tuple[str, ...] = ()


class PolicyLine(msgspec.Struct, frozen=True, kw_only=True):
    """What stands between a table and its readers."""

    column: str
    """The column that is masked; empty: the rows are filtered."""
    expression: str
    """The rows for which it holds are shown; of a mask, the value that is shown."""
    exempt: tuple[str, ...]
    """Principals for whom it does not count."""
    set_at: datetime
    set_by: str


def policing(wish: PolicyWish, *, caller: Caller, authority: Authority) -> Decision:
    """The filter or mask, if the caller manages the table; it replaces another.

    Raises: as `set_policy`; NotFound SECURABLE_NOT_FOUND; Forbidden ACCESS_DENIED.
    """

    def decision(state: State, now: datetime) -> Sequence[Event]:
        policy = _policy(state, wish, caller=caller, authority=authority)
        return set_policy(policy)(state, now)

    return decision


def freeing(wish: PolicyWish, *, caller: Caller, authority: Authority) -> Decision:
    """The end of the filter or mask, if the caller manages the table.

    Raises: as `remove_policy`; NotFound SECURABLE_NOT_FOUND; Forbidden ACCESS_DENIED.
    """

    def decision(state: State, now: datetime) -> Sequence[Event]:
        policy = _policy(state, wish, caller=caller, authority=authority)
        return remove_policy(policy)(state, now)

    return decision


def policies_on(
    state: State, caller: Caller, *, on: str, after: Key | None = None
) -> Iterator[PolicyLine]:
    """The table's filter, then its masks, from behind the column of one (empty: the filter).

    Raises: NotFound SECURABLE_NOT_FOUND; Forbidden ACCESS_DENIED.
    """
    table_id, _ = policed_place(state, caller, on=on)
    whole = state.whole if isinstance(state, View) else state
    rows = whole.get(ROW_FILTERS, table_id) if after is None else None
    filters = [_line(rows, "", expression=rows.predicate)] if rows else []
    masks = whole.range(COLUMN_MASKS, table_id, after=after and (table_id, *after))
    told = (_line(mask, mask.column, expression=mask.expression) for mask in masks)
    return chain(filters, told)


def _policy(state: State, wish: PolicyWish, *, caller: Caller, authority: Authority) -> Policy:
    table_id, column = policed_place(authority.visible(state, caller), caller, on=wish.on)
    return Policy(
        table_id=table_id,
        column=column,
        expression=wish.expression,
        exempt=wish.exempt,
        actor=caller.principal,
    )


def policed_place(state: State, caller: Caller, *, on: str) -> tuple[str, str]:
    """The table's id and, for a column, its name, for a caller who manages the table.

    Raises: NotFound SECURABLE_NOT_FOUND; Forbidden ACCESS_DENIED; Invalid POLICY_MISPLACED.
    """
    links = find_chain(state, on)
    securable = links[0].securable
    if securable.kind not in (Kind.TABLE, Kind.COLUMN):
        raise Invalid(
            "POLICY_MISPLACED",
            f"rows and values of a {securable.kind.value} cannot be restricted",
            hint="name a table, table:sales.orders, or a column, column:sales.orders.email",
        )
    require(state, caller, privilege=Privilege.MANAGE, chain=links)
    table_id, _, column = securable.id.partition(COLUMN_SEPARATOR)
    return table_id, column


def _line(row: msgspec.Struct, column: str, *, expression: str) -> PolicyLine:
    told = msgspec.structs.asdict(row) | {"column": column, "expression": expression}
    return PolicyLine(**{name: told[name] for name in PolicyLine.__struct_fields__})


__all__ = ["PolicyLine", "PolicyWish", "freeing", "policed_place", "policies_on", "policing"]
