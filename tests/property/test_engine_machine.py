"""Any sequence of steps of three processes on one log leaves what a dictionary says."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from arco.engine import snapshot
from arco.engine.batch import Receipt
from arco.engine.database import Database
from arco.engine.idempotency import Intent
from arco.engine.past import state_at
from arco.engine.tokens import StateToken
from arco.engine.travel import changes_between
from arco.errors import ArcoError, Unavailable
from arco.ids import milliseconds, uuid7
from arco.testing.invariants import Book, chronicle
from arco.testing.network import WRITE_FATES, Fate
from arco.testing.registry import NAMES, REGISTRY, add, take_name, tally
from tests.property.driven import Clerk, Driven, registered

PROCESSES = ("p0", "p1", "p2")
WHO = st.sampled_from(PROCESSES)
NAME = st.sampled_from("abc")
SHARE = st.floats(0, 1)
KEYED_MAX = 3
STEPS = 30


class EngineMachine(RuleBasedStateMachine):
    """Three processes, their clerk, and the results of keyed requests."""

    def __init__(self) -> None:
        super().__init__()
        self.driven = Driven([REGISTRY])
        self.clerk = Clerk(self.driven)
        self.keyed: dict[str, Receipt] = {}
        self.newest = StateToken(-1, "")

    @rule(process=WHO, name=NAME)
    def take(self, process: str, *, name: str) -> None:
        self.clerk.take(process, name)

    @rule(process=WHO, name=NAME)
    def free(self, process: str, *, name: str) -> None:
        self.clerk.free(process, name)

    @rule(process=WHO, counter=NAME, amount=st.integers(-3, 3))
    def add(self, process: str, *, counter: str, amount: int) -> None:
        self.clerk.add(process, counter, amount=amount)

    @rule(name=NAME)
    def race(self, name: str) -> None:
        """All want one name at once: one gets it, if it was free."""
        tokens = {process: self.clerk.token() for process in PROCESSES}

        def wish(token: str) -> Any:
            return lambda database: database.transact(take_name(name, token))

        outcomes = self.driven.together((each, wish(tokens[each])) for each in PROCESSES)
        # Whoever does not know yet asks again, with the same token.
        told = {
            process: self.clerk.settled(process, take_name(name, tokens[process]))
            if isinstance(outcome.error, Unavailable)
            else getattr(outcome.error, "code", "")
            for process, outcome in zip(PROCESSES, outcomes, strict=True)
        }
        winners = [process for process, code in told.items() if not code]
        assert len(winners) == (0 if name in self.clerk.names else 1)
        assert {*told.values()} <= {"", "NAME_TAKEN"}
        for winner in winners:
            self.clerk.names[name] = tokens[winner]

    @rule(process=WHO, number=st.integers(0, KEYED_MAX), other=st.booleans())
    def ask_with_a_key(self, process: str, *, number: int, other: bool) -> None:
        """A decision without a guard of its own: only the key keeps it from happening twice."""
        now = self.driven.world.process("keys").runtime.now()
        known = list(self.keyed)
        key = known[number] if number < len(known) else uuid7(milliseconds(now), number)
        before = self.keyed.get(key)
        receipt = self._keyed(process, Intent(lambda state: process, key, "tally"))
        if before is None:
            self.keyed[key] = receipt
            self.clerk.totals["keyed"] = self.clerk.totals.get("keyed", 0) + 1
        else:
            assert (receipt.answer, receipt.events) == (before.answer, ())
            assert before.repeats in (None, receipt.repeats)
        if other:
            with pytest.raises(ArcoError, match="another request"):
                self._keyed(process, Intent(lambda state: "", key, "other"))

    def _keyed(self, process: str, intent: Intent) -> Receipt:
        decision = tally("keyed", 1, token=self.clerk.token())
        while True:
            try:
                receipt: Receipt = self.driven.do(
                    process, lambda database: database.transact(decision, intent)
                )
                return receipt
            except Unavailable:
                continue

    @rule(process=WHO, counter=NAME, turn=st.integers(1, 25), before=st.booleans())
    def die_while_adding(self, process: str, *, counter: str, turn: int, before: bool) -> None:
        """The request is sent by a process that dies, and asked again of its next life."""
        decision = add(counter, 1, token=self.clerk.token())
        self.driven.die_at(
            process, lambda database: database.transact(decision), turn=turn, before=before
        )
        assert self.clerk.settled(process, decision) == ""
        self.clerk.totals[counter] = self.clerk.totals.get(counter, 0) + 1

    @rule(process=WHO)
    def publish(self, process: str) -> None:
        self._tried(process, snapshot.publish)

    @rule(process=WHO, turn=st.integers(1, 40))
    def die_while_publishing(self, process: str, *, turn: int) -> None:
        self.driven.die_at(process, snapshot.publish, turn=turn, before=False)

    @rule(process=WHO)
    def restart(self, process: str) -> None:
        self.driven.restart(process)

    @rule(seconds=st.sampled_from([1, 60, 7_200]))
    def wait(self, seconds: int) -> None:
        self.driven.wait(seconds)

    @rule(fate=st.sampled_from([*WRITE_FATES, Fate.DISOWNED]), times=st.integers(1, 3))
    def lose_what_is_written(self, fate: Fate, *, times: int) -> None:
        self.driven.expect(fate, "create", times=times)

    @rule(fate=st.sampled_from([Fate.LOST, Fate.REFUSED, Fate.TRUNCATED, Fate.FLIPPED]))
    def lose_what_is_read(self, fate: Fate) -> None:
        self.driven.expect(fate, "get")

    @rule(process=WHO)
    def read(self, process: str) -> None:
        self.clerk.check(process)

    @rule(process=WHO)
    def glance(self, process: str) -> None:
        """What a process has in memory is the state at some slot, and no mixture."""

        async def look(database: Database) -> Any:
            return await database.asked(lambda state: (database.seq, registered(state)))

        answer = self._tried(process, look)
        if answer is not None:
            assert answer[1] == self._book(answer[0])

    @rule(process=WHO)
    def follow_a_token(self, process: str) -> None:
        """Whoever has read a state never sees an older one, wherever it asks."""

        async def follow(database: Database) -> StateToken:
            if self.newest.seq >= 0:
                await database.reads.reach(self.newest)
            return database.token

        token = self._tried(process, follow)
        if token is not None:
            assert token.seq >= self.newest.seq
            self.newest = token

    @rule(process=WHO, ahead=st.integers(-3, 3))
    def forge_a_token(self, process: str, *, ahead: int) -> None:
        """It is refused, and nothing stops."""

        async def forge(database: Database) -> None:
            await database.reads.reach(StateToken(max(0, database.seq + ahead), "0" * 64))

        with pytest.raises(ArcoError) as refusal:
            self.driven.do(process, forge)
        assert refusal.value.code in ("HISTORY_ROLLBACK", "STORE_FAULT", "SLOT_DAMAGED")

    @rule(process=WHO, first=SHARE, last=SHARE)
    def look_back(self, process: str, *, first: float, last: float) -> None:
        """Any slot shows what stood then, and what differs between two of them is that."""
        head = len(chronicle(self.driven.world.store).chapters) - 1
        before, after = sorted((round(first * head), round(last * head)))

        async def look(database: Database) -> Any:
            past = await state_at(database, before)
            found = await changes_between(database, before, after=after)
            return await past.asked(registered), {
                each.key[0]: each for each in found if each.table is NAMES
            }

        answer = self._tried(process, look) if head >= 0 else None
        if answer is not None:
            (names, totals), changed = answer
            assert (names, totals) == self._book(before)
            later, _ = self._book(after)
            differ = {name for name in {*names, *later} if names.get(name) != later.get(name)}
            assert changed.keys() == differ

    def teardown(self) -> None:
        self.driven.world.network.calm()
        for process in (*PROCESSES, "witness"):
            self.clerk.check(process)
        head = len(chronicle(self.driven.world.store).chapters) - 1
        assert self._book(head) == (self.clerk.names, self.clerk.totals)
        assert self.driven.problems() == []

    def _book(self, seq: int) -> tuple[dict[str, str], dict[str, int]]:
        """What the log alone says, folded by somebody else."""
        book: Book = chronicle(self.driven.world.store).book(seq)
        return book.names, book.totals

    def _tried(self, process: str, work: Any) -> Any:
        """The result, or None when the store did not say."""
        try:
            return self.driven.do(process, work)
        except ArcoError:
            return None


class TestEngine(EngineMachine.TestCase):  # type: ignore[name-defined,misc]
    settings = settings(stateful_step_count=STEPS)
