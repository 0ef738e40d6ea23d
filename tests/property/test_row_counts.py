"""How many rows a state says it has is how many it tells, whatever was laid over it."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from arco.engine.tables import Overlay, Tables
from arco.model import Change, Drop, Put, State, Table, row_count

MANY = 100


class Mark(msgspec.Struct, frozen=True):
    """One of a few rows."""

    name: str


MARKS = Table("marks.marks", Mark, ("name",))
CHANGES = st.lists(
    st.one_of(
        st.sampled_from("abcde").map(lambda name: Put(MARKS, Mark(name))),
        st.sampled_from("abcde").map(lambda name: Drop(MARKS, (name,))),
    ),
    max_size=8,
)


def told(state: State) -> int:
    return len(list(state.range(MARKS)))


@given(st.lists(CHANGES, max_size=4), CHANGES, CHANGES)
def test_rows_are_counted_through_everything_that_is_laid_over_them(
    slots: list[list[Change]], under: list[Change], over: list[Change]
) -> None:
    tables = Tables([MARKS])
    for seq, changes in enumerate(slots):
        tables.apply(changes, seq)
        assert tables.count(MARKS) == told(tables)
    lower = Overlay(tables)
    lower.apply(under)
    upper = Overlay(lower)
    upper.apply(over)
    for state in (lower, upper):
        assert state.count(MARKS) == told(state)
        assert row_count(state, MARKS, most=MANY) == told(state)
        assert row_count(state, MARKS, most=1) == min(1, told(state))
