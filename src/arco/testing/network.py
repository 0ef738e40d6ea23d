"""The seeded network between processes and the model store: it loses, repeats, delays and garbles.

The fate of a request is drawn when it is sent, or written down beforehand by a test. A client gives
up at its deadline; what it sent may still arrive hours later. Must not know what the bytes mean.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

import msgspec

from arco.store import keys
from arco.store.port import Entry, StoreFault
from arco.testing.chance import CERTAIN, Chance
from arco.testing.model_store import ModelStore, Operation, Verb
from arco.testing.process import Process
from arco.testing.scheduler import SECOND_US, Resume, Scheduler, Suspension

HINTS = frozenset({keys.HEAD, keys.LEAD})
REFUSALS = ("409 conflict", "429 slow down", "500 internal error", "503 unavailable")


class Fate(StrEnum):
    """What becomes of one request."""

    DELIVERED = "delivered"
    SLOW = "slow"
    """Applied and answered, just before the deadline."""
    LOST = "lost"
    """Never applied; the client waits until its deadline."""
    UNANSWERED = "unanswered"
    """Applied, but the answer is lost."""
    LATE = "late"
    """Applied seconds to hours after the client gave up."""
    REPEATED = "repeated"
    """Applied and answered, and applied once more later."""
    ECHOED = "echoed"
    """Applied twice; the client gets the second answer and sees its own write as a conflict."""
    REFUSED = "refused"
    """An error status at once; nothing was applied."""
    APPLIED_REFUSED = "applied_refused"
    """An error status although it was applied."""
    DISOWNED = "disowned"
    """A create is answered "taken" although nothing stands there: a 409 misread by the driver."""
    TRUNCATED = "truncated"
    """The first part of the body."""
    FLIPPED = "flipped"
    """The body with one bit flipped."""
    HINT_LOST = "hint_lost"
    HINT_STALE = "hint_stale"
    """What the hint said some time ago."""
    HINT_WRONG = "hint_wrong"
    """Junk, or a slot far in the future."""


WRITE_FATES = (
    Fate.SLOW,
    Fate.LOST,
    Fate.UNANSWERED,
    Fate.LATE,
    Fate.REPEATED,
    Fate.ECHOED,
    Fate.REFUSED,
    Fate.APPLIED_REFUSED,
)
GET_FATES = (Fate.SLOW, Fate.LOST, Fate.REFUSED, Fate.TRUNCATED, Fate.FLIPPED)
HINT_FATES = (Fate.LOST, Fate.REFUSED, Fate.HINT_LOST, Fate.HINT_STALE, Fate.HINT_WRONG)
POSSIBLE = {
    "get": GET_FATES,
    "hint": HINT_FATES,
    "slot": (*WRITE_FATES, Fate.DISOWNED),
    "write": WRITE_FATES,
    "other": (Fate.SLOW, Fate.LOST, Fate.REFUSED),
}


class Weather(msgspec.Struct, frozen=True):
    """How the network behaves: the rate of each fate, and the times it takes."""

    rates: Mapping[Fate, float] = {}
    latency_us: tuple[int, int] = (1_000, 30_000)
    deadline_us: int = 10 * SECOND_US
    late_us: tuple[int, int] = (SECOND_US, 7_200 * SECOND_US)
    storm_rate: float = 0.0
    storm_us: tuple[int, int] = (SECOND_US, 600 * SECOND_US)


class Planned(msgspec.Struct, frozen=True):
    """A fate a test writes down: for the `nth` request of this kind, and `times - 1` after it."""

    fate: Fate
    verb: Verb
    key: str = "*"
    process: str = "*"
    nth: int = 1
    times: int = 1
    late_us: int | None = None

    def concerns(self, process: str, operation: Operation) -> bool:
        """True for a request of this kind."""
        return (
            operation.verb == self.verb
            and fnmatchcase(operation.key, self.key)
            and fnmatchcase(process, self.process)
        )


class Call(msgspec.Struct, frozen=True):
    """A request under way, and where its answer is awaited."""

    process: str
    operation: Operation
    resume: Resume
    late_us: int | None = None


class Network:
    """Carries requests to the store, or does worse."""

    def __init__(self, scheduler: Scheduler, chance: Chance, store: ModelStore) -> None:
        self._scheduler = scheduler
        self._chance = chance
        self._store = store
        self.met: Counter[str] = Counter()
        """How often each fate but the ordinary one was met."""
        self._storm_until_us = 0
        self._plans: list[tuple[Planned, list[int]]] = []
        self.change(Weather())
        self._carriers: dict[Fate, Callable[[Call], None]] = {
            Fate.SLOW: self._slow,
            Fate.LOST: self._give_up,
            Fate.UNANSWERED: self._unanswered,
            Fate.LATE: self._late,
            Fate.REPEATED: self._repeated,
            Fate.ECHOED: self._echoed,
            Fate.REFUSED: self._refuse,
            Fate.APPLIED_REFUSED: self._applied_refused,
            Fate.DISOWNED: lambda call: call.resume.later(self._trip(), False),
            Fate.HINT_LOST: lambda call: call.resume.later(self._trip(), None),
            Fate.HINT_STALE: self._hint_stale,
            Fate.HINT_WRONG: self._hint_wrong,
        }
        self._spoilers: dict[Fate, Callable[[bytes], bytes]] = {
            Fate.TRUNCATED: lambda data: data[: self._chance.draw(max(1, len(data)))],
            Fate.FLIPPED: self._flipped,
        }

    def change(self, weather: Weather) -> None:
        """From now on requests meet this weather."""
        self.weather = weather
        self._odds = {kind: _odds(weather, fates) for kind, fates in POSSIBLE.items()}

    def plan(self, planned: Planned) -> None:
        """Write a fate down; it goes before the weather."""
        self._plans.append((planned, [0]))

    def calm(self) -> None:
        """From now on every new request is delivered; what is under way keeps its fate."""
        self.change(Weather(latency_us=self.weather.latency_us))
        self._storm_until_us = 0
        self._plans.clear()

    def send(self, process: str, operation: Operation, *, resume: Resume) -> None:
        """Take a request over: `resume` continues with an answer or a `StoreFault`."""
        fate, late_us = self._fate(process, operation)
        now = self._scheduler.time_us
        self._scheduler.trace.note(now, process, "sends", operation.verb, operation.key, fate)
        call = Call(process, operation, resume, late_us)
        if fate is Fate.DELIVERED:
            self._deliver(call, fate)
            return
        self.met[fate.value] += 1
        carry = self._carriers.get(fate)
        self._deliver(call, fate) if carry is None else carry(call)

    def _fate(self, process: str, operation: Operation) -> tuple[Fate, int | None]:
        for planned, seen in self._plans:
            if planned.concerns(process, operation):
                seen[0] += 1
                if planned.nth <= seen[0] < planned.nth + planned.times:
                    return planned.fate, planned.late_us
        if self._is_storm():
            return Fate.REFUSED, None
        return self._drawn(operation), None

    def _is_storm(self) -> bool:
        if self._scheduler.time_us >= self._storm_until_us:
            if not self._chance.happens(self.weather.storm_rate):
                return False
            lasts_us = self._chance.spread(*self.weather.storm_us)
            self._storm_until_us = self._scheduler.time_us + lasts_us
        return self._chance.happens(0.9)

    def _drawn(self, operation: Operation) -> Fate:
        if not self.weather.rates:
            return Fate.DELIVERED
        drawn = CERTAIN - self._chance.draw(CERTAIN)
        for limit, fate in self._odds[_kind(operation)]:
            if drawn <= limit:
                return fate
        return Fate.DELIVERED

    def _trip(self) -> int:
        return self._chance.between(*self.weather.latency_us)

    def _apply(self, call: Call) -> Any:
        now = self._scheduler.time_us
        applied = self._store.apply(call.operation, process=call.process, time_us=now)
        self._scheduler.trace.note(applied)
        return applied.answer

    def _apply_after(self, delay_us: int, call: Call) -> None:
        self._scheduler.after(delay_us, lambda: self._apply(call))

    def _deliver(self, call: Call, fate: Fate) -> None:
        def arrive() -> None:
            answer = self._apply(call)
            if isinstance(answer, bytes) and fate in self._spoilers:
                answer = self._spoilers[fate](answer)
            call.resume.later(back_us, answer)

        out_us, back_us = self._trip(), self._trip()
        self._scheduler.after(out_us, arrive)

    def _slow(self, call: Call) -> None:
        out_us = self._chance.between(self.weather.deadline_us // 2, self.weather.deadline_us - 1)
        self._scheduler.after(out_us, lambda: call.resume.later(0, self._apply(call)))

    def _give_up(self, call: Call) -> None:
        fault = StoreFault(f"no answer to {call.operation.verb} {call.operation.key} in time")
        call.resume.later(self.weather.deadline_us, error=fault)

    def _unanswered(self, call: Call) -> None:
        self._apply_after(self._trip(), call)
        self._give_up(call)

    def _late(self, call: Call) -> None:
        late_us = call.late_us or self._chance.spread(*self.weather.late_us)
        self._apply_after(self.weather.deadline_us + late_us, call)
        self._give_up(call)

    def _repeated(self, call: Call) -> None:
        self._deliver(call, Fate.DELIVERED)
        self._apply_after(self._chance.spread(*self.weather.late_us), call)

    def _echoed(self, call: Call) -> None:
        self._apply_after(0, call)
        self._scheduler.after(self._trip(), lambda: self._deliver(call, Fate.DELIVERED))

    def _refuse(self, call: Call) -> None:
        fault = StoreFault(self._chance.pick(REFUSALS))
        call.resume.later(self._trip(), error=fault)

    def _applied_refused(self, call: Call) -> None:
        self._apply_after(0, call)
        self._refuse(call)

    def _hint_stale(self, call: Call) -> None:
        former = self._store.former.get(call.operation.key, [])
        call.resume.later(self._trip(), self._chance.pick([None, *former]))

    def _hint_wrong(self, call: Call) -> None:
        future = self._chance.between(1, 1 << 40)
        seq = b'{"seq":%d,"hash":"00"}' % future
        wrong = (b"", b"\x00\xff junk", b'{"seq":-1}', b'{"seq\xff":1}', seq)
        call.resume.later(self._trip(), self._chance.pick(wrong))

    def _flipped(self, data: bytes) -> bytes:
        if not data:
            return data
        at, bit = self._chance.draw(len(data)), self._chance.draw(8)
        return data[:at] + bytes([data[at] ^ (1 << bit)]) + data[at + 1 :]


def _kind(operation: Operation) -> str:
    """Which of `POSSIBLE` a request is."""
    if operation.verb == "get":
        return "hint" if operation.key in HINTS else "get"
    if operation.verb == "create":
        return "slot" if operation.key.startswith("log/") else "write"
    return "write" if operation.verb in ("put", "delete") else "other"


def _odds(weather: Weather, fates: Sequence[Fate]) -> list[tuple[int, Fate]]:
    """The fates that happen in this weather, each with the largest draw that means it."""
    found, limit = [], 0
    for fate in fates:
        share = int(weather.rates.get(fate, 0.0) * CERTAIN)
        limit += share
        if share:
            found.append((limit, fate))
    return found


class SimulatedStore:
    """One process's `Store`: every call crosses the network."""

    def __init__(self, network: Network, process: Process) -> None:
        self._network = network
        self._process = process

    async def create(self, key: str, data: bytes) -> bool:
        """True if ours, False if the name is taken."""
        answer: bool = await self._ask(Operation("create", key, bytes(data)))
        return answer

    async def get(self, key: str, *, start: int = 0, end: int | None = None) -> bytes | None:
        """The bytes, or None."""
        answer: bytes | None = await self._ask(Operation("get", key, b"", start, end))
        return answer

    async def put(self, key: str, data: bytes) -> None:
        """Overwrite a hint."""
        await self._ask(Operation("put", key, bytes(data)))

    async def delete(self, key: str) -> None:
        """Remove the object."""
        await self._ask(Operation("delete", key))

    async def list(self, prefix: str) -> list[Entry]:
        """Objects under a folder."""
        answer: list[Entry] = await self._ask(Operation("list", prefix))
        return answer

    async def confirm(self, key: str) -> None:
        """Nothing to do, and no round trip: what stands here is durable."""

    def location(self, key: str) -> str:
        """A name nobody outside the world can follow."""
        return f"world:///{key}"

    async def _ask(self, operation: Operation) -> Any:
        name = self._process.name
        return await Suspension(lambda resume: self._network.send(name, operation, resume=resume))


__all__ = ["WRITE_FATES", "Call", "Fate", "Network", "Planned", "SimulatedStore", "Weather"]
