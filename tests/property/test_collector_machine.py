"""Any sequence of publishing, pinning, collecting and dying keeps what is kept, and no more."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from arco.engine import snapshot
from arco.engine.collect import collect
from arco.engine.database import Database
from arco.engine.garbage import CONDEMNATIONS, CONDEMNED
from arco.engine.past import state_at
from arco.engine.pins import CreatePin, create_pin, drop_pin
from arco.engine.retention import Policy, begin_pass
from arco.engine.snapshot_files import snapshot_files
from arco.errors import ArcoError
from arco.testing.invariants import chronicle
from arco.testing.keeping import check_keeping
from arco.testing.network import WRITE_FATES, Fate
from arco.testing.registry import REGISTRY
from tests.property.driven import Clerk, Driven, registered

PROCESSES = ("p0", "p1")
WHO = st.sampled_from(PROCESSES)
NAME = st.sampled_from("abcd")
PIN = st.sampled_from(["first", "second"])
HOUR_SECONDS = 3_600
GRACE = timedelta(hours=1)
POLICY = Policy(
    window=timedelta(hours=24),
    snapshots_newest=2,
    snapshots_daily=0,
    grace=GRACE,
    delay=timedelta(hours=1),
    names_per_commit=3,
    condemnations_per_pass=4,
)
PASSES_MAX = 40
STEPS = 20
pytestmark = pytest.mark.timeout(600)


class CollectorMachine(RuleBasedStateMachine):
    """Two processes that publish and collect, and what pins must show."""

    def __init__(self) -> None:
        super().__init__()
        self.driven = Driven([REGISTRY])
        self.clerk = Clerk(self.driven)
        self.pinned: dict[str, tuple[int, Any]] = {}

    @rule(process=WHO, name=NAME)
    def change(self, process: str, *, name: str) -> None:
        self.clerk.toggle(process, name)

    @rule(process=WHO, name=NAME)
    def change_and_publish(self, process: str, *, name: str) -> None:
        self.clerk.toggle(process, name)
        self._tried(process, snapshot.publish)

    @rule(process=WHO)
    def abandon(self, process: str) -> None:
        """Files of a snapshot that nobody will ever hear of."""
        self._tried(process, snapshot._written)

    @rule(process=WHO, turn=st.integers(1, 60), before=st.booleans())
    def die_while_publishing(self, process: str, *, turn: int, before: bool) -> None:
        self.driven.die_at(process, snapshot.publish, turn=turn, before=before)

    @rule()
    def publish_together(self) -> None:
        self._together(snapshot.publish)

    @rule(process=WHO, name=PIN)
    def pin(self, process: str, *, name: str) -> None:
        if name in self.pinned or not self._tried(process, newest):
            return
        database = self._tried(process, itself)
        command = CreatePin(name=name, slot=database.seq)
        shown = self._tried(process, lambda each: each.asked(registered))
        if self.clerk.settled(process, create_pin(command)) == "":
            self.pinned[name] = (command.slot, shown)

    @rule(process=WHO, name=PIN)
    def drop(self, process: str, *, name: str) -> None:
        if name in self.pinned:
            self.clerk.settled(process, drop_pin(name))
            del self.pinned[name]

    @rule(hours=st.integers(1, 40))
    def wait(self, hours: int) -> None:
        self.driven.wait(hours * HOUR_SECONDS)

    @rule(process=WHO)
    def collect(self, process: str) -> None:
        self._tried(process, one_pass)

    @rule()
    def collect_together(self) -> None:
        self._together(one_pass)

    @rule(process=WHO, turn=st.integers(1, 120), before=st.booleans())
    def die_while_collecting(self, process: str, *, turn: int, before: bool) -> None:
        self.driven.die_at(process, one_pass, turn=turn, before=before)

    @rule(process=WHO)
    def restart(self, process: str) -> None:
        self.driven.restart(process)

    @rule(fate=st.sampled_from(WRITE_FATES), verb=st.sampled_from(["create", "delete"]))
    def lose_what_is_written(self, fate: Fate, *, verb: str) -> None:
        self.driven.expect(fate, verb)

    @rule(process=WHO)
    def read(self, process: str) -> None:
        self.clerk.check(process)

    @rule(process=WHO, share=st.floats(0, 1))
    def look_back(self, process: str, *, share: float) -> None:
        """The log alone shows every slot, whatever was collected."""
        told = chronicle(self.driven.world.store)
        slot = round(share * (len(told.chapters) - 1))
        if told.chapters:
            self.driven.world.network.calm()
            shown = self.driven.do(process, lambda database: shown_at(database, slot))
            assert shown == (told.book(slot).names, told.book(slot).totals)

    def teardown(self) -> None:
        """All laws held all the time, and after some quiet passes nothing is left to collect."""
        self.driven.world.network.calm()
        check_keeping(self.driven.world.store, grace_seconds=GRACE.total_seconds())
        for process in (*PROCESSES, "witness"):
            self.clerk.check(process)
            for slot, shown in self.pinned.values():
                assert self.driven.do(process, lambda each, at=slot: shown_at(each, at)) == shown
        # Names of a slot that no snapshot reached yet stay condemned until one does.
        self.clerk.toggle("witness", "a")
        self.driven.do("witness", snapshot.publish)
        for _ in range(PASSES_MAX):
            self.driven.wait(2 * HOUR_SECONDS)
            if self.driven.do("witness", one_pass).is_complete and self._nothing_waits():
                break
        assert self._nothing_waits()
        check_keeping(self.driven.world.store, grace_seconds=GRACE.total_seconds())
        assert self.driven.problems() == []

    def _nothing_waits(self) -> bool:
        async def look(database: Database) -> bool:
            def waiting(state: Any) -> bool:
                return any(True for table in (CONDEMNATIONS, CONDEMNED) for _ in state.range(table))

            return not await database.asked(waiting)

        return bool(self.driven.do("witness", look))

    def _together(self, work: Any) -> None:
        for outcome in self.driven.together((each, work) for each in PROCESSES):
            assert outcome.error is None or isinstance(outcome.error, ArcoError)

    def _tried(self, process: str, work: Any) -> Any:
        try:
            return self.driven.do(process, work)
        except ArcoError:
            return None


async def newest(database: Database) -> bool:
    """True once everything that was acknowledged is in memory."""
    await database.refresh()
    return True


async def itself(database: Database) -> Database:
    """The database of the process."""
    return database


async def one_pass(database: Database) -> Any:
    """What a pass of the collector did."""
    areas = [snapshot_files(database, POLICY)]
    return await collect(database, areas, policy=POLICY, begin=begin_pass(POLICY))


async def shown_at(database: Database, slot: int) -> Any:
    """What stood at the slot."""
    past = await state_at(database, slot)
    return await past.asked(registered)


class TestCollector(CollectorMachine.TestCase):  # type: ignore[name-defined,misc]
    settings = settings(stateful_step_count=STEPS)
