"""Stores around a store: they count what is asked, slow it down, or lose it on the way.

A wrapped store without faults keeps every promise of the Store port (a contract test says so). The
faults happen *between* client and store: what is stored is always what a correct store would hold.
Must not know which store it wraps, and draws no chance but from its seed.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from enum import Enum
from fnmatch import fnmatchcase
from typing import Literal, Protocol, TypeVar

import msgspec

from arco.runtime import Runtime
from arco.store.port import Entry, Lock, Locks, Store, StoreFault

T = TypeVar("T")
Verb = Literal["create", "get", "put", "delete", "list", "confirm", "try_lock"]
Answer = Callable[[], Awaitable[T]]

LATE_CALLS = 3
CHANCES = 1 << 32


class Call(msgspec.Struct, frozen=True):
    """One question to a store."""

    verb: Verb
    key: str
    sent_bytes: int = 0


class WrappedStore:
    """Another store, with `around` called about every question; by itself it changes nothing."""

    def __init__(self, store: Store) -> None:
        self._store = store
        if isinstance(store, Locks):
            # Only then: whoever asks whether a store has locks gets the wrapped store's answer.
            self.try_lock = self._try_lock

    async def around(self, call: Call, answer: Answer[T]) -> T:
        """What the client gets; `answer()` asks the wrapped store."""
        return await answer()

    async def create(self, key: str, data: bytes) -> bool:
        call = Call("create", key, len(data))
        return await self.around(call, lambda: self._store.create(key, data))

    async def get(self, key: str, *, start: int = 0, end: int | None = None) -> bytes | None:
        return await self.around(
            Call("get", key), lambda: self._store.get(key, start=start, end=end)
        )

    async def put(self, key: str, data: bytes) -> None:
        await self.around(Call("put", key, len(data)), lambda: self._store.put(key, data))

    async def delete(self, key: str) -> None:
        await self.around(Call("delete", key), lambda: self._store.delete(key))

    async def list(self, prefix: str) -> list[Entry]:
        return await self.around(Call("list", prefix), lambda: self._store.list(prefix))

    async def confirm(self, key: str) -> None:
        await self.around(Call("confirm", key), lambda: self._store.confirm(key))

    def location(self, key: str) -> str:
        return self._store.location(key)

    async def _try_lock(self, key: str) -> Lock | None:
        store = self._store
        assert isinstance(store, Locks)
        locks: Locks = store
        return await self.around(Call("try_lock", key), lambda: locks.try_lock(key))


class CountingStore(WrappedStore):
    """Remembers every call, so that a test can state what an operation costs.

    >>> from arco.runtime import run
    >>> from arco.store.memory import MemoryStore
    >>> store = CountingStore(MemoryStore())
    >>> run(store.create("log/1", b"four"))
    True
    >>> store.counts(), store.bytes_written
    (Counter({'create': 1}), 4)
    """

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.calls: list[Call] = []
        self.bytes_written = 0
        self.bytes_read = 0

    async def around(self, call: Call, answer: Answer[T]) -> T:
        """The answer, after the call was noted."""
        self.calls.append(call)
        self.bytes_written += call.sent_bytes
        result = await answer()
        if isinstance(result, bytes):
            self.bytes_read += len(result)
        return result

    def counts(self, glob: str = "*") -> Counter[str]:
        """How often each verb was asked about keys that match; `*` matches any characters."""
        return Counter(call.verb for call in self.calls if fnmatchcase(call.key, glob))

    def reset(self) -> None:
        """Forget what was counted, so that the next operation is counted alone."""
        self.calls.clear()
        self.bytes_written = 0
        self.bytes_read = 0


class LatencyStore(WrappedStore):
    """Takes `seconds[verb]` for a round trip, half of it before the store acts and half after."""

    def __init__(self, store: Store, runtime: Runtime, seconds: Mapping[Verb, float]) -> None:
        super().__init__(store)
        self._runtime = runtime
        self._seconds = dict(seconds)

    async def around(self, call: Call, answer: Answer[T]) -> T:
        """The answer, after a round trip."""
        half = self._seconds.get(call.verb, 0.0) / 2
        if not half:
            return await answer()
        await self._runtime.sleep(half)
        result = await answer()
        await self._runtime.sleep(half)
        return result


class Fault(Enum):
    """What may happen to one question on its way."""

    LOST = "lost"
    """It never arrives: StoreFault, and nothing happened."""
    UNANSWERED = "unanswered"
    """It is applied and the answer is lost: StoreFault, although it happened."""
    LATE = "late"
    """StoreFault now; a write is applied `LATE_CALLS` calls later, or at `settle()`."""
    TRUNCATED = "truncated"
    """A read returns the first half of the bytes."""
    FLIPPED = "flipped"
    """A read returns the bytes with one bit changed."""


WRITES = frozenset({"create", "put", "delete"})
DAMAGES = frozenset({Fault.TRUNCATED, Fault.FLIPPED})


class FaultPlan(Protocol):
    """Which call meets which fault."""

    def fault(self, call: Call) -> Fault | None:
        """The fault of this call; asked exactly once for each call, in their order."""
        ...


class Rule(msgspec.Struct, frozen=True):
    """From the `nth` call (1 is the first) of this verb on a matching key, `times` calls fail."""

    verb: Verb
    glob: str
    nth: int
    fault: Fault
    times: int = 1


class ScriptedFaults:
    """Faults exactly where the rules say; the first rule that applies decides."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = list(rules)
        self._seen = [0] * len(self._rules)

    def fault(self, call: Call) -> Fault | None:
        found: Fault | None = None
        for index, rule in enumerate(self._rules):
            if call.verb != rule.verb or not fnmatchcase(call.key, rule.glob):
                continue
            self._seen[index] += 1
            if rule.nth <= self._seen[index] < rule.nth + rule.times:
                found = found or rule.fault
        return found


class SeededFaults:
    """Faults by chance, the same for the same seed whatever order tasks run in.

    `rates` are probabilities per fault. A call's chance hangs on the seed, its verb, its key and
    how often that was asked. A fault that strikes stays for `storm_calls` calls of that verb and
    key.
    """

    def __init__(self, seed: int, rates: Mapping[Fault, float], *, storm_calls: int = 1) -> None:
        assert sum(rates.values()) <= 1, "the rates of all faults are at most 1 together"
        assert storm_calls >= 1, "a storm has at least one call"
        self._seed = seed
        self._rates = dict(rates)
        self._storm_calls = storm_calls
        self._asked: Counter[tuple[str, str]] = Counter()
        self._storms: dict[tuple[str, str], tuple[Fault, int]] = {}

    def fault(self, call: Call) -> Fault | None:
        spot = (call.verb, call.key)
        self._asked[spot] += 1
        fault, calls_left = self._storms.pop(spot, (None, 0))
        if fault is None:
            fault, calls_left = self._drawn(call, self._asked[spot]), self._storm_calls
        if fault is not None and calls_left > 1:
            self._storms[spot] = (fault, calls_left - 1)
        return fault

    def _drawn(self, call: Call, nth: int) -> Fault | None:
        drawn = _chance(f"{self._seed}:{call.verb}:{call.key}:{nth}")
        for fault, rate in self._rates.items():
            drawn -= rate
            if drawn < 0:
                return fault
        return None


def _chance(text: str) -> float:
    """A number in [0, 1) that looks random and is a function of the text."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4]) / CHANCES


class FaultyStore(WrappedStore):
    """Loses, delays or damages what travels between the client and a correct store.

    `faults` lists what was done, for the message of a failing test. A late write is applied before
    a later call is answered, as the network does with a request its client has given up.
    """

    def __init__(self, store: Store, plan: FaultPlan) -> None:
        super().__init__(store)
        self._plan = plan
        self._late: list[tuple[int, Callable[[], Awaitable[object]]]] = []
        self._calls = 0
        self.faults: list[tuple[Call, Fault]] = []

    async def around(self, call: Call, answer: Answer[T]) -> T:
        """The answer, or what the plan makes of it."""
        self._calls += 1
        await self._apply_due(self._calls)
        fault = self._plan.fault(call)
        if fault is None:
            return await answer()
        self.faults.append((call, fault))
        if fault in DAMAGES:
            return _damaged(await answer(), fault)
        if call.verb in WRITES:
            await self._still_written(fault, answer)
        raise StoreFault(f"{call.verb} {call.key}: no answer ({fault.value})")

    async def _still_written(self, fault: Fault, answer: Callable[[], Awaitable[object]]) -> None:
        if fault is Fault.UNANSWERED:
            await answer()
        elif fault is Fault.LATE:
            self._late.append((self._calls + LATE_CALLS, answer))

    async def settle(self) -> int:
        """How many late writes were applied, now that all of them have arrived."""
        return await self._apply_due(self._calls + LATE_CALLS)

    async def _apply_due(self, until: int) -> int:
        due = [answer for at, answer in self._late if at <= until]
        self._late = [(at, answer) for at, answer in self._late if at > until]
        for answer in due:
            await answer()
        return len(due)


def _damaged(result: T, fault: Fault) -> T:
    """What the reader sees instead; an answer without bytes arrives as it is."""
    if not isinstance(result, bytes) or not result:
        return result
    middle = len(result) // 2
    damaged = result[:middle]
    if fault is Fault.FLIPPED:
        damaged += bytes([result[middle] ^ 1]) + result[middle + 1 :]
    assert isinstance(damaged, type(result))
    return damaged


__all__ = [
    "LATE_CALLS",
    "WRITES",
    "Call",
    "CountingStore",
    "Fault",
    "FaultPlan",
    "FaultyStore",
    "LatencyStore",
    "Rule",
    "ScriptedFaults",
    "SeededFaults",
    "Verb",
    "WrappedStore",
]
