"""A put-if-absent log in its smallest honest form, and the ways to get it wrong.

It proves the simulator: the honest one must survive every seed, each mutant must be caught.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import msgspec

from arco.engine.idempotency import Intent
from arco.errors import Unavailable
from arco.ids import sha256
from arco.model import Decision, Drop, Event, Key, Put, Row, State, Table
from arco.runtime import Runtime
from arco.store import keys
from arco.store.port import Store, StoreFault
from arco.testing.process import Process
from arco.testing.registry import REGISTRY
from arco.testing.world import World

PAYLOADS = {REGISTRY.event_type(payload): payload for payload in REGISTRY.reducers}
TRIES_MAX = 30
Seen = TypeVar("Seen")


class Receipt(msgspec.Struct, frozen=True):
    seq: int
    hash: str


class Rows:
    """A `State` of plain dicts."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[Key, Any]] = {table.name: {} for table in REGISTRY.tables}

    def get(self, table: Table[Row], *key: Any) -> Row | None:
        row: Row | None = self.tables[table.name].get(key)
        return row

    def range(self, table: Table[Row], *prefix: Any, after: Key | None = None) -> Iterator[Row]:
        rows = self.tables[table.name]
        return iter([rows[key] for key in sorted(rows) if key[: len(prefix)] == prefix])

    def apply(self, change: Put | Drop) -> None:
        rows = self.tables[change.table.name]
        if isinstance(change, Put):
            rows[change.table.key_of(change.row)] = change.row
        else:
            rows.pop(change.key, None)


class ExampleLog:
    """One writer at a time; asks the same bytes again until the answer is definite."""

    def __init__(self, store: Store, runtime: Runtime) -> None:
        self.store = store
        self.runtime = runtime
        self.rows = Rows()
        self.seq = -1
        self.hash = "0" * 64
        self._busy = False

    async def refresh(self) -> None:
        while (data := await self.read(self.seq + 1)) is not None:
            self.fold(data)

    async def transact(self, decision: Decision, intent: Intent | None = None) -> Receipt:
        """Its callers repeat no request, so nothing is remembered of one."""
        while self._busy:
            await self.runtime.sleep(0.01)
        self._busy = True
        try:
            return await self.commit(decision)
        finally:
            self._busy = False

    async def asked(self, question: Callable[[State], Seen]) -> Seen:
        return question(self.rows)

    async def commit(self, decision: Decision) -> Receipt:
        while True:
            await self.refresh()
            events = decision(self.rows, self.runtime.now())
            if not events:
                return Receipt(self.seq, self.hash)
            data = self.encode(events)
            standing = await self.create(self.seq + 1, data)
            self.fold(standing)
            if standing == data:
                return Receipt(self.seq, self.hash)

    async def create(self, seq: int, data: bytes) -> bytes:
        """The bytes that stand at `seq`, whoever wrote them."""
        for _ in range(TRIES_MAX):
            try:
                if await self.store.create(keys.slot(seq), data):
                    return data
                standing = await self.read(seq)
                if standing is not None:
                    return standing
            except StoreFault:
                pass
            await self.runtime.sleep(0.1)
        raise Unavailable("OUTCOME_UNKNOWN", "the store did not say")

    async def read(self, seq: int) -> bytes | None:
        for _ in range(TRIES_MAX):
            try:
                data = await self.store.get(keys.slot(seq))
            except StoreFault:
                await self.runtime.sleep(0.1)
                continue
            if data is None or _is_whole(data):
                return data
        raise Unavailable("OUTCOME_UNKNOWN", "the store cannot be read")

    def encode(self, events: Any) -> bytes:
        return _sealed(
            {
                "cid": f"{self.runtime.entropy(128):032x}",
                "events": [
                    {"type": REGISTRY.event_type(type(event.payload)), "payload": event.payload}
                    for event in events
                ],
                "prev": self.hash,
                "seq": self.seq + 1,
            }
        )

    def fold(self, data: bytes) -> None:
        commit = msgspec.json.decode(data)
        if commit["seq"] != self.seq + 1:
            return
        for wire in commit["events"]:
            self.reduce(Event(msgspec.convert(wire["payload"], PAYLOADS[wire["type"]])))
        self.seq, self.hash = commit["seq"], sha256(data)

    def reduce(self, event: Event) -> None:
        for change in REGISTRY.reducers[type(event.payload)](self.rows, event.payload):
            self.rows.apply(change)


def _sealed(fields: dict[str, Any]) -> bytes:
    return _with_check(msgspec.json.encode(fields, order="sorted")[1:])


def _with_check(rest: bytes) -> bytes:
    return b'{"check":"' + sha256(rest).encode() + b'",' + rest


def _is_whole(data: bytes) -> bool:
    return data == _with_check(data[76:])


async def open_example(world: World, process: Process) -> ExampleLog:
    """The honest log, at its newest slot."""
    log = ExampleLog(world.client(process), process.runtime)
    await log.refresh()
    return log
