"""Clients that wish for names and counters, the processes that serve them, and what they are told.

A client outlives the process that serves it, as a customer does: after a crash it asks again with
the same token. Must not know how the engine stores anything.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Literal, Protocol, TypeAlias, TypeVar

import msgspec

from arco.engine.idempotency import Intent
from arco.engine.tokens import StateToken
from arco.errors import (
    AlreadyExists,
    ArcoError,
    Corrupt,
    Invalid,
    NotFound,
    Precondition,
    Unavailable,
)
from arco.ids import milliseconds, uuid7
from arco.model import Decision, State
from arco.testing.process import BEGINNING, Process
from arco.testing.registry import NAMES, TOTALS, add, free_name, take_name, tally
from arco.testing.scheduler import SECOND_US
from arco.testing.world import World

Seen = TypeVar("Seen")

Kind: TypeAlias = Literal[
    "take", "free", "add", "tally", "keyed", "read", "glance", "follow", "forge"
]
Verdict: TypeAlias = Literal["acknowledged", "refused", "unknown"]

KINDS: tuple[Kind, ...] = ("take", "add", "tally", "free", "read", "glance")
READS: tuple[Kind, ...] = ("read", "glance", "follow", "forge")
THINK_US = (0, 200_000)
RETRY_SECONDS = 0.5


class Receipt(Protocol):
    """Where a decision was committed, or read."""

    @property
    def seq(self) -> int: ...

    @property
    def hash(self) -> str: ...


class Follower(Protocol):
    """How a reader gets to see what somebody else was told of."""

    async def reach(self, token: StateToken) -> None: ...


class Engine(Protocol):
    """What the actors need of an engine; `arco.engine.database.Database` has it."""

    @property
    def seq(self) -> int: ...

    async def refresh(self) -> object: ...

    @property
    def reads(self) -> Follower: ...

    async def transact(self, decision: Decision, intent: Intent | None = None) -> Receipt: ...

    async def asked(self, question: Callable[[State], Seen]) -> Seen: ...


Opener: TypeAlias = Callable[[World, Process], Awaitable[Engine]]


class Wish(msgspec.Struct, frozen=True):
    """One thing a client wants; `token` is its name in the log."""

    token: str
    kind: Kind
    subject: str
    amount: int = 1
    key: str = ""
    """An idempotency key, for what no guard of its own keeps from happening twice."""

    def intent(self) -> Intent | None:
        """What its result is kept under."""
        told = self.token
        return Intent(lambda state: told, self.key, told, "client") if self.key else None

    def decision(self) -> Decision:
        """What the engine is asked to carry out."""
        if self.kind == "take":
            return take_name(self.subject, self.token)
        if self.kind == "free":
            return free_name(self.subject, self.token)
        return (add if self.kind == "add" else tally)(self.subject, self.amount, token=self.token)


class Answer(msgspec.Struct, frozen=True):
    """What a client was told, and when it had asked."""

    wish: Wish
    process: str
    asked_us: int
    answered_us: int
    verdict: Verdict
    seq: int = -1
    hash: str = ""


class Reading(msgspec.Struct, frozen=True):
    """What a reader saw: every name with its owner's token, every total."""

    process: str
    asked_us: int
    answered_us: int
    seq: int
    names: tuple[tuple[str, str], ...]
    totals: tuple[tuple[str, int], ...]
    strong: bool
    after: int = -1
    """The slot of the state token it was asked with."""


class History:
    """Everything clients were told in one world."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.readings: list[Reading] = []
        self.believed: list[StateToken] = []
        """Forged tokens that a process took for its own."""


class Client:
    """A list of wishes, fulfilled one after the other."""

    def __init__(self, wishes: Sequence[Wish], *, think_us: tuple[int, int] = THINK_US) -> None:
        self.wishes = list(wishes)
        self.think_us = think_us
        self.asked_us: int | None = None
        """When the wish at hand was first asked for; None while it was not."""

    @property
    def is_content(self) -> bool:
        """True when nothing is left to wish for."""
        return not self.wishes

    def move_on(self) -> None:
        """Strike the wish at hand off the list."""
        self.wishes.pop(0)
        self.asked_us = None


class Stage:
    """A world, an engine to try in it, and the history that results."""

    def __init__(self, world: World, opener: Opener) -> None:
        self.world = world
        self.opener = opener
        self.history = History()
        self._waiting: list[Client] = []
        """Clients, but for the last ones that were found content."""

    @property
    def is_over(self) -> bool:
        """True when every client is content."""
        while self._waiting and self._waiting[-1].is_content:
            self._waiting.pop()
        return not self._waiting

    def host(self, process: Process, clients: Sequence[Client]) -> None:
        """Let `process` serve these clients, in this life and every later one."""
        self._waiting.extend(clients)

        def main(process: Process) -> Coroutine[Any, Any, None]:
            return self._serve(process, clients)

        process.start(main)

    async def _serve(self, process: Process, clients: Sequence[Client]) -> None:
        while not all(client.is_content for client in clients):
            engine = await self._opened(process)
            await process.runtime.gather(
                self._attend(process, engine, client=client) for client in clients
            )

    async def _opened(self, process: Process) -> Engine:
        while True:
            try:
                return await self.opener(self.world, process)
            except (Unavailable, Corrupt):
                await process.runtime.sleep(RETRY_SECONDS)

    async def _attend(self, process: Process, engine: Engine, *, client: Client) -> None:
        """Fulfil wishes until none is left, or until the engine says it must be opened again."""
        try:
            while not client.is_content:
                await process.runtime.sleep(self.world.chance.between(*client.think_us) / SECOND_US)
                await self._fulfil(process, engine, client=client)
        except Corrupt:
            await process.runtime.sleep(RETRY_SECONDS)

    async def _fulfil(self, process: Process, engine: Engine, *, client: Client) -> None:
        wish = client.wishes[0]
        if wish.kind == "forge":
            await self._forge(process, engine, client=client)
        elif wish.kind in READS:
            await self._read(process, engine, client=client)
        elif wish.kind == "tally" and client.asked_us is not None:
            # Its first asking was interrupted; a tally has no guard, so nobody may ask again.
            self._told(client, process, verdict="unknown")
        else:
            await self._ask(process, engine, client=client)

    async def _ask(self, process: Process, engine: Engine, *, client: Client) -> None:
        if client.asked_us is None:
            client.asked_us = self.world.time_us
        try:
            wish = client.wishes[0]
            receipt = await engine.transact(wish.decision(), wish.intent())
        except Invalid as refusal:
            if refusal.code != "IDEMPOTENCY_KEY_EXPIRED":
                raise
            # By the clock of this process; what came of it in another nobody can ask any more.
            self._told(client, process, verdict="unknown")
        except (AlreadyExists, NotFound):
            self._told(client, process, verdict="refused")
        except Unavailable:
            await process.runtime.sleep(RETRY_SECONDS)
        else:
            self._told(client, process, verdict="acknowledged", receipt=receipt)

    def _told(
        self,
        client: Client,
        process: Process,
        *,
        verdict: Verdict,
        receipt: Receipt | None = None,
    ) -> None:
        seq, hash = (receipt.seq, receipt.hash) if receipt else (-1, "")
        asked_us, now = client.asked_us or 0, self.world.time_us
        wish = client.wishes[0]
        self.world.trace.note(now, process.name, verdict, wish.token, seq)
        answer = Answer(wish, process.name, asked_us, now, verdict, seq, hash)
        self.history.answers.append(answer)
        client.move_on()

    async def _read(self, process: Process, engine: Engine, *, client: Client) -> None:
        kind, asked_us = client.wishes[0].kind, self.world.time_us
        token = self._heard() if kind == "follow" else None
        try:
            if kind == "read":
                await engine.refresh()
            if token is not None:
                await engine.reads.reach(token)
            reading = await self.reading(process, engine, asked_us=asked_us, strong=kind == "read")
        except Unavailable:
            await process.runtime.sleep(RETRY_SECONDS)
            return
        reading = msgspec.structs.replace(reading, after=token.seq if token else -1)
        self.history.readings.append(reading)
        self.world.trace.note(reading.answered_us, process.name, "read", reading.seq)
        client.move_on()

    def _heard(self) -> StateToken | None:
        """A token that some client was told, by any process."""
        told = [each for each in self.history.answers if each.verdict == "acknowledged"]
        answer = self.world.chance.pick(told) if told else None
        return StateToken(answer.seq, answer.hash) if answer else None

    async def _forge(self, process: Process, engine: Engine, *, client: Client) -> None:
        """Ask with a token that nobody was ever told; whoever believes it is noted."""
        forged = StateToken(max(0, engine.seq + self.world.chance.between(-2, 4)), "0" * 64)
        try:
            await engine.reads.reach(forged)
            self.history.believed.append(forged)
        except Unavailable:
            await process.runtime.sleep(RETRY_SECONDS)
            return
        except Precondition:
            self.world.trace.note(self.world.time_us, process.name, "refused", forged)
        client.move_on()

    async def reading(
        self, process: Process, engine: Engine, *, asked_us: int, strong: bool
    ) -> Reading:
        """What `engine` shows at this instant."""

        def look(state: State) -> Reading:
            names = tuple((row.name, row.token) for row in state.range(NAMES))
            totals = tuple((row.counter, row.amount) for row in state.range(TOTALS))
            now = self.world.time_us
            return Reading(process.name, asked_us, now, engine.seq, names, totals, strong)

        return await engine.asked(look)

    def witness(self) -> Reading:
        """What a fresh process on a calm network reads: replay from nothing.

        Raises: Violation ("progress") when it cannot open the engine.
        """
        process = self.world.process("witness")
        found: list[Reading] = []

        async def main(process: Process) -> None:
            asked_us = self.world.time_us
            engine = await self.opener(self.world, process)
            await engine.refresh()
            found.append(await self.reading(process, engine, asked_us=asked_us, strong=True))

        process.start(main)
        self.world.run(lambda: bool(found) or bool(process.failures), seconds_max=3600)
        for task in process.failures:
            raise task.error if isinstance(task.error, ArcoError) else AssertionError(task.error)
        self.history.readings.append(found[0])
        return found[0]


class Cast(msgspec.Struct, frozen=True):
    """How many processes and clients there are, and how much they wish for."""

    processes: int = 3
    clients: int = 2
    wishes: int = 4
    names: int = 3
    kinds: tuple[Kind, ...] = KINDS

    def wishes_of(self, world: World, owner: str) -> list[Wish]:
        """What one client wants, by chance."""
        return [self._wish(world, f"{owner}.{number}") for number in range(self.wishes)]

    def _wish(self, world: World, token: str) -> Wish:
        kind = world.chance.pick(self.kinds)
        subject = f"name-{world.chance.draw(self.names)}"
        amount = world.chance.between(1, 9)
        key = ""
        if kind == "keyed":
            key = uuid7(milliseconds(BEGINNING), world.chance.entropy(74))
        return Wish(token, kind, subject, amount, key)

    def enter(self, stage: Stage) -> None:
        """Start every process with its clients."""
        for number in range(self.processes):
            process = stage.world.process(f"p{number}")
            owners = [f"p{number}.c{client}" for client in range(self.clients)]
            stage.host(process, [Client(self.wishes_of(stage.world, owner)) for owner in owners])


__all__ = [
    "KINDS",
    "Answer",
    "Cast",
    "Client",
    "Engine",
    "Follower",
    "History",
    "Kind",
    "Opener",
    "Reading",
    "Receipt",
    "Stage",
    "Wish",
]
