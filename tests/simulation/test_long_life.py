"""A workspace that lives for days: what it keeps stays whole, what it does not keep goes.

Processes die and restart, facts arrive, snapshots are published, pinned, collected and brought
back; once a day everything is counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from arco.engine import snapshot
from arco.engine.collect import collect
from arco.engine.database import Database
from arco.engine.garbage import CONDEMNED
from arco.engine.lanes.batches import Fact
from arco.engine.lanes.collecting import collect_batches
from arco.engine.lanes.folder import Folder
from arco.engine.lanes.ingest import Ingester
from arco.engine.lanes.remembering import FACT_HOURS, FACTS_SEEN
from arco.engine.lanes.tables import FACT_KEYS, LANES, PRODUCERS
from arco.engine.past import state_at
from arco.engine.pins import CreatePin, create_pin, drop_pin
from arco.engine.retention import Policy, begin_pass
from arco.engine.snapshot_files import kept_snapshots, snapshot_files
from arco.model import State
from arco.testing.invariants import chronicle
from arco.testing.keeping import check_keeping
from arco.testing.ledger import LEDGER, NOTES, keyed, noted
from arco.testing.network import WRITE_FATES
from arco.testing.registry import REGISTRY
from tests.property.driven import Clerk, Driven, registered

HOUR_SECONDS = 3_600
GRACE = timedelta(hours=1)
WINDOW = timedelta(hours=24)
POLICY = Policy(
    window=WINDOW,
    snapshots_newest=2,
    snapshots_daily=2,
    grace=GRACE,
    delay=timedelta(hours=1),
)
DAYS_MIN, DAYS_MAX = 3, 60
SEEDS_PER_DAY = 5_000
CHANGES_PER_HOUR = 6
COLLECT_EVERY_HOURS = 6
REMEMBERED_HOURS = 24
FACTS_REMEMBERED_MAX = 3 * (REMEMBERED_HOURS + 6)
"""An hour brings one key and one epoch, and one row more for each that says when."""
REMEMBERED = (FACT_KEYS, PRODUCERS, FACTS_SEEN, FACT_HOURS)
NAMES = "abcdefgh"


class Life:
    """Two processes on one workspace, hour after hour."""

    def __init__(self) -> None:
        self.driven = Driven([REGISTRY, LEDGER])
        self.clerk = Clerk(self.driven)
        self.chance = self.driven.world.chance
        self.facts = 0
        self.restored = 0
        self._slots: list[int] = []
        self._pins: list[str] = []
        self._lanes: dict[str, tuple[Database, Ingester, Folder]] = {}
        self._sent_last: list[Fact] = []
        """Sent again by whoever heard no answer: it counts once."""

    def day(self) -> None:
        """A day passes."""
        for hour in range(24):
            for _ in range(CHANGES_PER_HOUR):
                self._change(self._somebody())
            self._note(self._somebody())
            self.driven.do(self._somebody(), snapshot.publish)
            if hour % COLLECT_EVERY_HOURS == 0:
                self._mishap(self._somebody())
                self.driven.do(self._somebody(), one_pass)
            self.driven.wait(HOUR_SECONDS)
        self._bring_back(self._somebody())
        self._pin(self._somebody())

    def _somebody(self) -> str:
        return self.chance.pick(("p0", "p1"))

    def _change(self, process: str) -> None:
        if self.chance.happens(0.1):
            self.driven.expect(self.chance.pick(WRITE_FATES), "create")
        if self.chance.happens(0.5):
            self.clerk.toggle(process, self.chance.pick(NAMES))
        else:
            self.clerk.add(process, self.chance.pick(NAMES), amount=1)

    def _note(self, process: str) -> None:
        """Facts arrive and are folded."""
        self.driven.world.network.calm()
        counted = [noted("producer", self.facts + number) for number in range(3)]
        begun = noted("restarting", 0, epoch=self.facts)
        fresh = [*counted, begun, keyed(f"key-{self.facts}")]
        sent = [*fresh, *self._sent_last]
        self.driven.do(process, self._laned(process, lambda each, _: each.append(sent)))
        self.facts += len(fresh)
        self._sent_last = fresh
        folder = self._somebody()
        self.driven.do(folder, self._laned(folder, lambda _, each: each.step()))

    def _laned(self, process: str, use: Any) -> Any:
        async def work(database: Database) -> Any:
            known = self._lanes.get(process)
            if known is None or known[0] is not database:
                folder = Folder(database, remembered_hours=REMEMBERED_HOURS)
                known = (database, Ingester(database), folder)
                self._lanes[process] = known
            return await use(known[1], known[2])

        return work

    def _mishap(self, process: str) -> None:
        """A process dies: idle, while it publishes, or while it collects."""
        work = self.chance.pick((None, snapshot.publish, one_pass))
        if work is None:
            self.driven.restart(process)
        else:
            turn = self.chance.between(1, 80)
            self.driven.die_at(process, work, turn=turn, before=self.chance.happens(0.5))

    def _bring_back(self, process: str) -> None:
        """The names of a day ago come back, as commits of their own."""
        told = chronicle(self.driven.world.store)
        self._slots.append(len(told.chapters) - 1)
        slot = self._slots[max(0, len(self._slots) - 2)]
        names, totals = self.driven.do(process, lambda database: shown_at(database, slot))
        assert (names, totals) == (told.book(slot).names, told.book(slot).totals)
        for name in names.keys() ^ self.clerk.names.keys():
            self.clerk.toggle(process, name)
            self.restored += 1
        assert self.clerk.names.keys() == names.keys()

    def _pin(self, process: str) -> None:
        """Two pins stand at most."""
        seq = self.driven.do(process, newest)
        self._pins.append(f"pin-{seq}")
        command = CreatePin(name=self._pins[-1], slot=seq)
        assert self.clerk.settled(process, create_pin(command)) == ""
        if len(self._pins) > 2:
            assert self.clerk.settled(process, drop_pin(self._pins.pop(0))) == ""

    def check(self) -> None:
        """What stands outside the log is needed, waits to be deleted, or is young."""
        world = self.driven.world
        self.driven.do("collector", one_pass)
        needed, waiting, lanes, remembered = self.driven.do("collector", accounted)
        for key in [key for key in world.store.objects if key.startswith(("data/", "lanes/"))]:
            age = timedelta(microseconds=world.time_us - world.store.written_us[key])
            # A batch is released once the floor has passed it, and the floor is some hours behind.
            limit = GRACE if key.startswith("data/") else WINDOW + timedelta(hours=12)
            assert key in needed or key in waiting or age <= limit, f"{key} of {age} ago"
        assert max(remembered) <= FACTS_REMEMBERED_MAX, remembered
        assert len(lanes) <= 2 * 24 * (WINDOW + timedelta(hours=12)) / timedelta(hours=24)
        for process in ("p0", "p1", "witness"):
            self.clerk.check(process)
            self.driven.restart("witness")


async def one_pass(database: Database) -> None:
    """A pass of the collector over snapshots and lanes."""
    areas = [snapshot_files(database, POLICY)]
    await collect(database, areas, policy=POLICY, begin=begin_pass(POLICY))
    await collect_batches(database)


async def newest(database: Database) -> int:
    """The newest slot."""
    return await database.refresh()


async def shown_at(database: Database, slot: int) -> Any:
    """What stood at the slot."""
    past = await state_at(database, slot)
    return await past.asked(registered)


async def accounted(database: Database) -> tuple[set[str], set[str], list[str], list[int]]:
    """What kept snapshots need, what is condemned, the lanes that are known, and how many rows say
    which facts counted.
    """
    needed: set[str] = set()
    for reference in await database.asked(kept_snapshots):
        index = await database.replay.reader.index(reference)
        needed |= {reference.index, *await database.replay.reader.objects(index)}
    return (
        needed,
        await database.asked(lambda state: {row.name for row in state.range(CONDEMNED)}),
        await database.asked(lambda state: [row.lane for row in state.range(LANES)]),
        await database.asked(lambda state: [len([*state.range(each)]) for each in REMEMBERED]),
    )


def counted(state: State) -> Iterator[int]:
    """How often each fact counts."""
    return (row.times for row in state.range(NOTES))


@pytest.fixture
def days(request: pytest.FixtureRequest) -> int:
    """How long it lives: longer, the more worlds a run plays."""
    seeds = int(request.config.getoption("--seeds"))
    return max(DAYS_MIN, min(DAYS_MAX, seeds // SEEDS_PER_DAY))


@pytest.mark.timeout(0)
def test_a_long_life_keeps_what_is_kept_and_nothing_else(days: int) -> None:
    life, sizes = Life(), []
    for _ in range(days):
        life.day()
        life.check()
        objects = life.driven.world.store.objects
        sizes.append(sum(not key.startswith(("log/", "payload/")) for key in objects))
    keeper = check_keeping(life.driven.world.store, grace_seconds=GRACE.total_seconds())
    counts = life.driven.do("witness", lambda each: each.asked(lambda state: [*counted(state)]))
    assert counts == [1] * life.facts
    assert keeper.deleted > 50 * days and keeper.published > 12 * days and life.restored > 0
    assert max(sizes[2:]) <= 1.5 * max(sizes[1:3])
    assert life.driven.problems() == []
