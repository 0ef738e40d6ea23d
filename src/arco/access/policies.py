"""Decisions about row filters and column masks.

Pure: expressions are text here; whoever reads SQL judges them, and what cannot be applied shows
nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from arco.access.events import (
    ColumnMaskRemoved,
    ColumnMaskSet,
    RowFilterRemoved,
    RowFilterSet,
)
from arco.access.principals import checked_principal
from arco.access.tables import COLUMN_MASKS, ROW_FILTERS
from arco.errors import Invalid, NotFound
from arco.model import Decision, Event, State

EXPRESSION_BYTES_MAX = 8 * 1024


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """A filter on a table's rows or, with `column`, a mask of a column's values."""

    table_id: str
    expression: str
    column: str = ""
    exempt: tuple[str, ...] = ()
    actor: str = ""


def set_policy(policy: Policy) -> Decision:
    """RowFilterSet or ColumnMaskSet; it replaces another.

    Raises: Invalid POLICY_INVALID, PRINCIPAL_INVALID.
    """

    def decide(state: State, now: datetime) -> Sequence[Event]:
        _check(policy)
        if policy.column:
            mask = ColumnMaskSet(
                table_id=policy.table_id,
                column=policy.column,
                expression=policy.expression,
                exempt=policy.exempt,
                set_at=now,
                set_by=policy.actor,
            )
            return [Event(mask, policy.actor)]
        rows = RowFilterSet(
            table_id=policy.table_id,
            predicate=policy.expression,
            exempt=policy.exempt,
            set_at=now,
            set_by=policy.actor,
        )
        return [Event(rows, policy.actor)]

    return decide


def remove_policy(policy: Policy) -> Decision:
    """RowFilterRemoved or ColumnMaskRemoved.

    Raises: NotFound POLICY_NOT_FOUND.
    """

    def decide(state: State, now: datetime) -> Sequence[Event]:
        if policy.column:
            found = state.get(COLUMN_MASKS, policy.table_id, policy.column) is not None
            removed = ColumnMaskRemoved(table_id=policy.table_id, column=policy.column)
            return [Event(removed, policy.actor)] if found else _nothing()
        found = state.get(ROW_FILTERS, policy.table_id) is not None
        freed = RowFilterRemoved(table_id=policy.table_id)
        return [Event(freed, policy.actor)] if found else _nothing()

    return decide


def _check(policy: Policy) -> None:
    size = len(policy.expression.encode())
    if not 0 < size <= EXPRESSION_BYTES_MAX:
        raise Invalid(
            "POLICY_INVALID",
            f"an expression has between 1 and {EXPRESSION_BYTES_MAX:,} bytes, not {size:,}",
            hint="write a SQL expression over the table's columns, such as region = 'eu'",
        )
    for principal in policy.exempt:
        checked_principal(principal)


def _nothing() -> Sequence[Event]:
    raise NotFound(
        "POLICY_NOT_FOUND",
        "there is no such filter or mask",
        hint="`arco sql 'select * from system.access.row_filters'` lists the filters",
    )


__all__ = ["Policy", "remove_policy", "set_policy"]
