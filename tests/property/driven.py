"""Processes of a simulated world that do one thing at a time, when a test says so; and a clerk who
keeps a dictionary of what must be true then.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any, TypeVar

import msgspec

from arco.engine.database import Database
from arco.engine.domain import DOMAIN as ENGINE
from arco.engine.verify import Verifier
from arco.errors import ArcoError, Unavailable
from arco.model import Decision, Domain, State
from arco.testing.network import Fate, Planned
from arco.testing.process import Process
from arco.testing.registry import NAMES, TOTALS, add, free_name, take_name
from arco.testing.scheduler import SECOND_US, Task
from arco.testing.world import CALM, World

T = TypeVar("T")
Work = Callable[[Database], Coroutine[Any, Any, Any]]

TRIES_MAX = 20


class Outcome(msgspec.Struct, frozen=True):
    """What came of one piece of work; neither when its process died first."""

    result: Any = None
    error: BaseException | None = None


class Driven:
    """A world that stands still until a test lets one of its processes do something."""

    def __init__(self, domains: Sequence[Domain]) -> None:
        self.world = World(0, faults=CALM)
        self._domains = domains
        self._databases: dict[str, Database] = {}

    def do(self, name: str, work: Work) -> Any:
        """What `work` returns in the process of that name. Raises: what it raised."""
        (outcome,) = self.together([(name, work)])
        if outcome.error is not None:
            raise outcome.error
        return outcome.result

    def together(self, works: Iterable[tuple[str, Work]]) -> list[Outcome]:
        """What came of works that began at the same time."""
        begun = [(name, work, self._database(name)) for name, work in works]
        tasks = [self._spawn(name, work(database)) for name, work, database in begun]
        self.world.run(lambda: all(task.done() for task in tasks))
        return [Outcome(task.result, task.error) for task in tasks]

    def die_at(self, name: str, work: Work, *, turn: int, before: bool) -> bool:
        """True when `work` ended; False when its process died at that turn of it."""
        database, process = self._database(name), self.world.process(name)
        dies = process.crash_at_turn if before else process.crash_after_turn
        dies(process.life.turns + turn)
        task = self._spawn(name, work(database))
        self.world.run(task.done)
        survived = process.life.alive
        self.restart(name)
        return survived

    def restart(self, name: str) -> None:
        """The process dies and begins again from nothing."""
        process = self.world.process(name)
        process.crash()
        process.restart()
        self._databases.pop(name, None)

    def wait(self, seconds: float) -> None:
        """Time passes."""
        until_us = self.world.time_us + int(seconds * SECOND_US)
        self.world.scheduler.after(int(seconds * SECOND_US), lambda: None)
        self.world.run(lambda: self.world.time_us >= until_us)

    def expect(self, fate: Fate, verb: Any, *, key: str = "*", times: int = 1) -> None:
        """Let this befall the next requests of that kind."""
        self.world.network.plan(Planned(fate, verb, key, times=times))

    def problems(self) -> list[str]:
        """What a full verification finds, on a calm network."""
        self.world.network.calm()

        async def verify(database: Database) -> list[str]:
            verifier = Verifier(database.store, database.runtime, [*self._domains, ENGINE])
            return [finding.problem for finding in (await verifier.run()).findings]

        found: list[str] = self.do("verifier", verify)
        return found

    def _spawn(self, name: str, work: Coroutine[Any, Any, Any]) -> Task:
        task = self.world.process(name).life.spawn(work, name)
        # Whoever asked is told of its error.
        task.observed = True
        return task

    def _database(self, name: str) -> Database:
        process = self.world.process(name)
        for _ in range(TRIES_MAX):
            if name in self._databases:
                break
            task = self._spawn(name, self._opened(process))
            self.world.run(task.done)
            if task.error is None:
                self._databases[name] = task.result
            elif not isinstance(task.error, ArcoError):
                raise task.error
        return self._databases[name]

    async def _opened(self, process: Process) -> Database:
        store = self.world.client(process)
        return await Database.open(
            store, process.runtime, domains=self._domains, writer=process.name
        )


class Clerk:
    """Asks for names and counters until the answer is known; a dictionary says what must stand."""

    def __init__(self, driven: Driven) -> None:
        self.names: dict[str, str] = {}
        self.totals: dict[str, int] = {}
        self._driven = driven
        self._count = 0

    def token(self) -> str:
        """A token that nobody used before."""
        self._count += 1
        return f"token-{self._count}"

    def take(self, process: str, name: str) -> None:
        """The name is taken, or was."""
        token = self.token()
        told = self.settled(process, take_name(name, token))
        assert told == ("NAME_TAKEN" if name in self.names else "")
        self.names.setdefault(name, token)

    def free(self, process: str, name: str) -> None:
        """The name is free, or was."""
        told = self.settled(process, free_name(name, self.token()))
        assert told == ("" if name in self.names else "NAME_FREE")
        self.names.pop(name, None)

    def toggle(self, process: str, name: str) -> None:
        """The name is taken when it was free, and free when it was taken."""
        (self.free if name in self.names else self.take)(process, name)

    def add(self, process: str, counter: str, *, amount: int) -> None:
        """The counter has grown."""
        assert self.settled(process, add(counter, amount, token=self.token())) == ""
        self.totals[counter] = self.totals.get(counter, 0) + amount

    def settled(self, process: str, decision: Decision) -> str:
        """The code of the refusal; empty when it was carried out."""
        for _ in range(TRIES_MAX):
            try:
                self._driven.do(process, lambda database: database.transact(decision))
                return ""
            except Unavailable:
                continue
            except ArcoError as refusal:
                return refusal.code
        raise AssertionError("nobody knows the outcome")

    def check(self, process: str) -> None:
        """A strong read of the process shows what must stand."""

        async def look(database: Database) -> Any:
            await database.refresh()
            return await database.asked(registered)

        self._driven.world.network.calm()
        assert self._driven.do(process, look) == (self.names, self.totals)


def registered(state: State) -> tuple[dict[str, str], dict[str, int]]:
    """Names with the tokens that took them, and totals."""
    names = {row.name: row.token for row in state.range(NAMES)}
    return names, {row.counter: row.amount for row in state.range(TOTALS)}


__all__ = ["Clerk", "Driven", "Outcome", "registered"]
