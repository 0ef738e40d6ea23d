"""Columns of many tables are gathered in turns, and are of one state all the same."""

from __future__ import annotations

from arco.api.columns import BEGUN_MAX, Found, Gathering
from arco.api.listing import Among
from arco.catalog.kinds import Kind
from arco.testing.folding import MemoryState
from tests.unit.catalog_shop import Shop

TABLES = 9
COLUMNS = [{"name": "id", "type": "bigint"}, {"name": "amount", "type": "double"}]


class Moving:
    """A catalog whose state moves on when it is told to."""

    def __init__(self) -> None:
        self.shop = Shop()
        self.shop.ask("create_namespace", "sales")
        for number in range(TABLES):
            self.shop.ask("create_table", f"sales.t{number}", columns=COLUMNS)
        self.seq = 1

    @property
    def state(self) -> MemoryState:
        """As it stands."""
        return self.shop.state

    def move(self) -> None:
        """One more table, behind all others and before them."""
        self.seq += 1
        self.shop.ask("create_table", f"sales.a{self.seq}", columns=COLUMNS)

    def gathering(self, at_once: int) -> Gathering:
        """All columns, so many tables at once."""
        among = Among(kind=Kind.TABLE)
        return Gathering(lambda: self.seq, None, limit=1000, among=among, at_once=at_once)


def tables(found: Found) -> list[str]:
    """The tables in the order of the answer."""
    return list(dict.fromkeys(line.table for line in found.lines))


def test_turns_join_to_what_one_go_gives() -> None:
    moving = Moving()
    whole = moving.gathering(1000)(moving.state)
    gathering, turns = moving.gathering(2), 0
    while (found := gathering(moving.state)) is None:
        turns += 1
    assert whole is not None and found.lines == whole.lines
    assert turns == TABLES // 2


def test_a_state_that_moves_meanwhile_is_gathered_from_its_beginning() -> None:
    moving = Moving()
    gathering = moving.gathering(5)
    assert gathering(moving.state) is None
    moving.move()
    assert gathering(moving.state) is None
    found = gathering(moving.state)
    assert found is not None
    assert tables(found) == ["a2", *(f"t{number}" for number in range(TABLES))]


def test_a_state_that_keeps_moving_is_gathered_in_one_go_in_the_end() -> None:
    moving = Moving()
    gathering = moving.gathering(1)
    for _ in range(BEGUN_MAX):
        assert gathering(moving.state) is None
        moving.move()
    found = gathering(moving.state)
    assert found is not None
    assert len(tables(found)) == TABLES + BEGUN_MAX
