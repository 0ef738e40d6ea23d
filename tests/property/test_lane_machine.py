"""Any sequence of sending, folding, sealing, collecting and dying counts every fact once."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from arco.engine import snapshot
from arco.engine.database import Database
from arco.engine.lanes.batches import Fact
from arco.engine.lanes.collecting import collect_below, watermarks
from arco.engine.lanes.folder import Folder
from arco.engine.lanes.ingest import Ingester
from arco.engine.lanes.tables import QUARANTINE
from arco.errors import ArcoError, TooManyRequests, Unavailable
from arco.model import State
from arco.testing.ledger import BALANCES, LEDGER, NOTES, noted
from arco.testing.network import WRITE_FATES, Fate
from tests.property.driven import Driven

PROCESSES = ("p0", "p1")
WHO = st.sampled_from(PROCESSES)
PRODUCER = st.sampled_from(["a", "b"])
COUNT = st.integers(1, 3)
SILENT_SECONDS = 30.0
FOLDS_MAX = 50
TRIES_MAX = 20
STEPS = 30
pytestmark = pytest.mark.timeout(600)


class LaneMachine(RuleBasedStateMachine):
    """Two processes that ingest and fold; a dictionary of facts that were acknowledged."""

    def __init__(self) -> None:
        super().__init__()
        self.driven = Driven([LEDGER])
        self.taken: dict[str, Fact] = {}
        self.refused_max = 0
        self._numbers = {"a": 0, "b": 0}
        self._lanes: dict[str, tuple[Database, Ingester, Folder]] = {}

    @rule(process=WHO, producer=PRODUCER, count=COUNT)
    def send(self, process: str, *, producer: str, count: int) -> None:
        self._handed_in(process, self._fresh(producer, count))

    @rule(process=WHO, count=COUNT)
    def send_with_keys(self, process: str, *, count: int) -> None:
        """Facts that no number tells apart, but a key of their own."""
        facts = [
            msgspec.structs.replace(fact, key=f"key-{fact.seq}", producer="", seq=-1)
            for fact in self._fresh("b", count)
        ]
        self._handed_in(process, facts)

    @rule(process=WHO, share=st.floats(0, 1), count=COUNT)
    def send_again(self, process: str, *, share: float, count: int) -> None:
        """What was acknowledged is sent again, by whomever: it changes nothing."""
        known = list(self.taken.values())
        start = round(share * len(known))
        if known[start : start + count]:
            self._sent(process, known[start : start + count])

    @rule(process=WHO, count=COUNT)
    def send_what_cannot_be_folded(self, process: str, *, count: int) -> None:
        """It waits in quarantine and uses no number up: the same numbers come again, mended. From
        another lane they may come first; then it is a duplicate.
        """
        facts = self._fresh("a", count)
        tries = self._sent(process, [_spoiled(fact) for fact in facts])
        self.refused_max += tries * count
        self._handed_in(process, facts)

    @rule(process=WHO, turn=st.integers(1, 30), before=st.booleans(), other=WHO)
    def die_while_sending(self, process: str, *, turn: int, before: bool, other: str) -> None:
        """Nobody heard whether it was taken: it is sent again, perhaps to another process."""
        facts = self._fresh("a", 2)
        work = self._work(process, lambda ingester, _: ingester.append(facts))
        self.driven.die_at(process, work, turn=turn, before=before)
        self._handed_in(other, facts)

    @rule(process=WHO, turn=st.integers(1, 60), before=st.booleans())
    def die_while_folding(self, process: str, *, turn: int, before: bool) -> None:
        work = self._work(process, lambda _, folder: folder.step())
        self.driven.die_at(process, work, turn=turn, before=before)

    @rule(process=WHO)
    def fold(self, process: str) -> None:
        self._tried(process, lambda _, folder: folder.step())

    @rule()
    def fold_together(self) -> None:
        """Two folders race: one wins, the other has worked in vain."""
        fold = [(each, self._work(each, lambda _, folder: folder.step())) for each in PROCESSES]
        for outcome in self.driven.together(fold):
            assert outcome.error is None or isinstance(outcome.error, ArcoError)

    @rule(process=WHO)
    def close(self, process: str) -> None:
        """The lane is sealed by its owner, who opens another for the next fact."""
        self._tried(process, lambda ingester, _: ingester.close())

    @rule(process=WHO)
    def restart(self, process: str) -> None:
        self.driven.restart(process)

    @rule(process=WHO)
    def collect(self, process: str) -> None:
        """Everything that is folded is deleted."""

        async def work(database: Database) -> None:
            await collect_below(database, await database.asked(watermarks))

        self._asked(process, work)

    @rule(process=WHO)
    def publish(self, process: str) -> None:
        self._asked(process, snapshot.publish)

    @rule(seconds=st.sampled_from([1, 40, 7_200]))
    def wait(self, seconds: int) -> None:
        """Long enough that the silent are taken for dead."""
        self.driven.wait(seconds)

    @rule(fate=st.sampled_from(WRITE_FATES), key=st.sampled_from(["lanes/*", "log/*"]))
    def lose_what_is_written(self, fate: Fate, *, key: str) -> None:
        self.driven.expect(fate, "create", key=key)

    @rule(process=WHO)
    def read(self, process: str) -> None:
        """Nothing counts twice, and nothing that nobody sent."""
        self.driven.world.network.calm()
        notes, _, _ = self._rows(process)
        assert set(notes.values()) <= {1}
        assert notes.keys() <= self.taken.keys()

    def teardown(self) -> None:
        self.driven.world.network.calm()
        for _ in range(FOLDS_MAX):
            if not self.driven.do("witness", self._work("witness", lambda _, each: each.step())):
                break
        for process in (*PROCESSES, "witness"):
            notes, balances, quarantined = self._rows(process)
            assert notes == dict.fromkeys(self.taken, 1)
            assert sum(balances.values()) == len(self.taken)
            assert quarantined <= self.refused_max
        assert self.driven.problems() == []

    def _fresh(self, producer: str, count: int) -> list[Fact]:
        first = self._numbers[producer]
        self._numbers[producer] += count
        return [noted(producer, seq) for seq in range(first, first + count)]

    def _handed_in(self, process: str, facts: list[Fact]) -> None:
        self._sent(process, facts)
        self.taken.update({_token(fact): fact for fact in facts})

    def _sent(self, process: str, facts: list[Fact]) -> int:
        """How often it was sent until it was acknowledged."""
        work = self._work(process, lambda each, _: each.append(facts))
        for tries in range(1, TRIES_MAX):
            try:
                self.driven.do(process, work)
                return tries
            except TooManyRequests:
                # Too much waits for somebody to fold it.
                self._tried(process, lambda _, folder: folder.step())
            except Unavailable:
                self.driven.wait(1)
        raise AssertionError("nobody takes the facts")

    def _work(self, process: str, use: Any) -> Any:
        """Work with the ingester and the folder of the process's present life."""

        async def work(database: Database) -> Any:
            known = self._lanes.get(process)
            if known is None or known[0] is not database:
                folder = Folder(database, silent_seconds=SILENT_SECONDS)
                known = self._lanes[process] = (database, Ingester(database), folder)
            return await use(known[1], known[2])

        return work

    def _tried(self, process: str, use: Any) -> None:
        self._asked(process, self._work(process, use))

    def _asked(self, process: str, work: Any) -> None:
        try:
            self.driven.do(process, work)
        except ArcoError:
            return

    def _rows(self, process: str) -> Any:
        async def look(database: Database) -> Any:
            await database.refresh()
            return await database.asked(rows_of)

        return self.driven.do(process, look)


def test_a_fold_of_two_lanes_is_folded_again_in_the_order_it_names() -> None:
    """A fact stands twice, spoiled in one lane and mended in both: what overtakes what is kept."""
    machine = LaneMachine()
    machine.send_what_cannot_be_folded(process="p0", count=1)
    machine.send_what_cannot_be_folded(process="p0", count=1)
    machine.close(process="p0")
    machine.send_again(process="p0", share=0.5, count=1)
    machine.teardown()


def rows_of(state: State) -> tuple[dict[str, int], dict[str, int], int]:
    """How often each fact counts, what that sums up to, and how many facts could not be folded."""
    notes = {row.token: row.times for row in state.range(NOTES)}
    balances = {row.account: row.amount for row in state.range(BALANCES)}
    return notes, balances, len(list(state.range(QUARANTINE)))


def _token(fact: Fact) -> str:
    token: str = msgspec.json.decode(fact.payload)["token"]
    return token


def _spoiled(fact: Fact) -> Fact:
    return noted(fact.producer, fact.seq, amount=-1)


class TestLanes(LaneMachine.TestCase):  # type: ignore[name-defined,misc]
    settings = settings(stateful_step_count=STEPS)
