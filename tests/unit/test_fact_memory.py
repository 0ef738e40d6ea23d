"""How long facts are remembered that count once: a window of hours, and nothing beyond it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from arco.engine.database import Database
from arco.engine.domain import DOMAIN as ENGINE
from arco.engine.idempotency import HOUR_MS
from arco.engine.lanes.batches import Fact
from arco.engine.lanes.folder import Folder
from arco.engine.lanes.ingest import Ingester
from arco.engine.lanes.remembering import (
    FACT_HOURS,
    FACTS_SEEN,
    PRODUCERS_SEEN,
    FactsForgotten,
)
from arco.engine.lanes.tables import FACT_KEYS, FOLDINGS, PRODUCERS
from arco.engine.verify import Verifier
from arco.model import Event, State, Table
from arco.runtime import run
from arco.store.memory import MemoryStore
from arco.testing.ledger import BALANCES, LEDGER, noted
from tests.unit.garbage_world import MovedClock
from tests.unit.lane_workplace import amount

HOURS = 3
REMEMBERED: tuple[Table[object], ...] = (
    FACT_KEYS,
    PRODUCERS,
    FACTS_SEEN,
    PRODUCERS_SEEN,
    FACT_HOURS,
)


class Desk:
    """A process that takes facts and folds them, remembering few hours."""

    def __init__(self, database: Database, clock: MovedClock) -> None:
        self.database = database
        self.clock = clock
        self._ingester = Ingester(database, linger_seconds=0.001)
        self._folder = Folder(database, remembered_hours=HOURS)

    async def take(self, *facts: Fact) -> None:
        """The facts are folded."""
        await self._ingester.append(list(facts))
        await self._folder.step()

    async def hours_pass(self, count: int) -> None:
        """Hour after hour one fact arrives that neither has a key nor is numbered."""
        for _ in range(count):
            self.clock.ahead += timedelta(hours=1)
            await self.take(noted(f"clock-{self.hour}", 0, amount=0))

    @property
    def hour(self) -> int:
        """Hours since 1970."""
        return int(self.clock.now().timestamp() * 1000) // HOUR_MS

    @property
    def balance(self) -> int:
        """What counted."""
        (row,) = self.database.state.range(BALANCES)
        return row.amount

    def count(self, table: Table[object]) -> int:
        """Rows of a table."""
        return sum(1 for _ in self.database.state.range(table))


async def desk() -> Desk:
    clock = MovedClock()
    store = MemoryStore(clock)
    database = await Database.open(store, clock, domains=[LEDGER], writer="test")
    return Desk(database, clock)


@pytest.mark.parametrize("sent", [amount(1, key="k"), noted("p", 7, epoch=2)])
def test_a_fact_counts_once_within_the_window_and_again_beyond_it(sent: Fact) -> None:
    async def main() -> None:
        here = await desk()
        await here.take(sent)
        await here.hours_pass(HOURS - 1)
        await here.take(sent)
        assert here.balance == 1
        await here.hours_pass(3)
        await here.take(sent)
        assert here.balance == 2
        verifier = Verifier(here.database.store, here.clock, (LEDGER, ENGINE))
        assert (await verifier.run()).findings == ()

    run(main())


def test_what_is_remembered_does_not_grow_with_the_number_of_facts() -> None:
    async def main() -> None:
        here = await desk()
        sizes = []
        for hour in range(5 * HOURS):
            keyed = [amount(1, f"t-{hour}-{n}", key=f"{hour}-{n}") for n in range(20)]
            await here.take(*keyed, noted("p", hour, epoch=hour))
            here.clock.ahead += timedelta(hours=1)
            sizes.append([here.count(table) for table in REMEMBERED])
        assert here.balance == 21 * 5 * HOURS
        assert sizes[-1] == sizes[2 * HOURS]
        assert here.count(FACT_KEYS) <= 20 * (HOURS + 2)
        assert here.count(FACT_HOURS) <= HOURS + 2

    run(main())


def test_an_epoch_that_is_still_counted_on_is_remembered_from_its_first_number() -> None:
    async def main() -> None:
        here = await desk()
        for seq in range(4 * HOURS):
            await here.take(noted("p", seq))
            here.clock.ahead += timedelta(hours=1)
        await here.take(*[noted("p", seq) for seq in range(4 * HOURS)])
        assert here.balance == 4 * HOURS
        assert here.count(PRODUCERS) == here.count(FACTS_SEEN) == 1
        assert here.count(FACT_HOURS) <= HOURS + 1

    run(main())


def test_a_clock_that_jumps_ahead_forgets_nothing_early() -> None:
    async def main() -> None:
        here = await desk()
        await here.take(amount(1, key="k"))
        here.clock.ahead += timedelta(days=365)
        for number in range(5):
            await here.take(noted("p", number))
        await here.take(amount(1, key="k"))
        assert here.balance == 6
        here.clock.ahead -= timedelta(days=365)
        for number in range(2 * HOURS):
            here.clock.ahead += timedelta(minutes=1)
            await here.take(noted("q", number))
        await here.take(amount(1, key="k"))
        assert here.balance == 6 + 2 * HOURS

    run(main())


def test_forgetting_the_same_again_changes_nothing() -> None:
    async def main() -> None:
        here = await desk()
        await here.take(*[amount(1, f"t{n}", key=f"k{n}") for n in range(5)])
        hour = here.hour
        event = FactsForgotten(hour=hour, fact_key="k2")

        def again(state: State, now: datetime) -> list[Event]:
            return [Event(event), Event(event)]

        await here.database.transact(again)
        assert [row.fact_key for row in here.database.state.range(FACT_KEYS)] == ["k3", "k4"]
        assert here.count(FACTS_SEEN) == 2 and here.count(FACT_HOURS) == 1
        rest = FactsForgotten(hour=hour, fact_key="k4")
        await here.database.transact(lambda state, now: [Event(rest)])
        assert [here.count(table) for table in REMEMBERED] == [0] * len(REMEMBERED)
        assert here.count(FOLDINGS) == 1

    run(main())


def test_hours_are_those_of_the_fold() -> None:
    async def main() -> None:
        here = await desk()
        await here.take(amount(1, key="k"))
        (folding,) = here.database.state.range(FOLDINGS)
        (known,) = here.database.state.range(FACT_HOURS)
        assert datetime.fromtimestamp(known.hour * HOUR_MS / 1000, UTC) <= folding.folded_at

    run(main())
