"""A universe from one number: processes, a store, a network and a clock that obey the seed.

The same seed is the same history, down to the trace hash. Must not know what the processes do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import msgspec

from arco.testing.chance import Chance
from arco.testing.model_store import ModelStore
from arco.testing.network import Fate, Network, SimulatedStore, Weather
from arco.testing.process import Process
from arco.testing.scheduler import SECOND_US, Scheduler, Trace

HOUR_US = 3_600 * SECOND_US
DAY_US = 24 * HOUR_US
YEAR_US = 365 * DAY_US
STEPS_MAX = 200_000


class Violation(AssertionError):
    """A law does not hold in this world."""

    def __init__(self, law: str, what: str) -> None:
        super().__init__(f"{law}: {what}")
        self.law = law


class Mishaps(msgspec.Struct, frozen=True):
    """What befalls processes, each kind equally often, one every `interval_us` or so."""

    crash: bool = False
    pause: bool = False
    suspend: bool = False
    step: bool = False
    freeze: bool = False
    drift: bool = False
    interval_us: tuple[int, int] = (10_000, 10 * SECOND_US)
    absence_us: tuple[int, int] = (1_000, HOUR_US)
    pause_us: tuple[int, int] = (SECOND_US, 2 * DAY_US)

    def kinds(self) -> list[str]:
        """The names of those that are switched on."""
        names = ("crash", "pause", "suspend", "step", "freeze", "drift")
        return [name for name in names if getattr(self, name)]


class Faults(msgspec.Struct, frozen=True):
    """Everything that goes wrong in a world, until it heals."""

    weather: Weather = Weather()
    mishaps: Mishaps = Mishaps()
    heal_after_us: int = 120 * SECOND_US


CALM = Faults()


class World:
    """One seeded universe."""

    def __init__(
        self, seed: int, *, faults: Faults | None = None, tape: Sequence[int] | None = None
    ) -> None:
        self.seed = seed
        self.chance = Chance(seed, tape)
        self.trace = Trace()
        self.scheduler = Scheduler(self.chance, self.trace)
        self.store = ModelStore()
        self.network = Network(self.scheduler, self.chance, self.store)
        self.processes: dict[str, Process] = {}
        self.faults = swarm(self.chance) if faults is None else faults
        self.healed = False
        self.network.change(self.faults.weather)
        self.scheduler.after(self.faults.heal_after_us, self.heal)
        self._expect_mishap()

    @property
    def time_us(self) -> int:
        """True time since the beginning, in microseconds."""
        return self.scheduler.time_us

    @property
    def met(self) -> Counter[str]:
        """How often each fault was met so far."""
        return self.network.met

    @property
    def tape(self) -> list[int]:
        """Every decision so far; `World(seed, tape=...)` takes them again."""
        return self.chance.tape

    def process(self, name: str) -> Process:
        """The process of that name, with its own clocks."""
        if name not in self.processes:
            self.processes[name] = Process(name, self.scheduler, self.chance)
        return self.processes[name]

    def client(self, process: Process) -> SimulatedStore:
        """The store as `process` sees it."""
        return SimulatedStore(self.network, process)

    def run(self, until: Callable[[], bool], *, seconds_max: float = 30 * 86_400) -> None:
        """Let time pass until `until` holds.

        Raises: Violation ("progress") when it does not within `seconds_max` or `STEPS_MAX`.
        """
        end_us = self.time_us + int(seconds_max * SECOND_US)
        if not self.scheduler.run(until, steps_max=STEPS_MAX, end_us=end_us):
            raise Violation("progress", f"still waiting after {self.time_us / SECOND_US:.1f} s")

    def end(self) -> None:
        """Kill every process and let everything that is still under way arrive."""
        self.heal()
        self.kill()
        self.scheduler.run(lambda: False)

    def kill(self) -> None:
        """Kill every process for good."""
        for process in self.processes.values():
            process.revival_us = None
            process.crash()

    def heal(self) -> None:
        """Stop inventing faults; revive the dead. Late requests and pauses keep their course."""
        if self.healed:
            return
        self.healed = True
        self.trace.note(self.time_us, "world healed")
        self.network.calm()
        for process in self.processes.values():
            process.restart()

    def _expect_mishap(self) -> None:
        if self.faults.mishaps.kinds():
            delay_us = self.chance.spread(*self.faults.mishaps.interval_us)
            self.scheduler.after(delay_us, self._strike)

    def _strike(self) -> None:
        if self.healed:
            return
        mishaps, chance = self.faults.mishaps, self.chance
        if self.processes and chance.happens(0.5):
            process = chance.pick(list(self.processes.values()))
            kind = chance.pick(mishaps.kinds())
            self.network.met[kind] += 1
            befall(process, kind, mishaps=mishaps, chance=chance)
        self._expect_mishap()


def befall(process: Process, kind: str, *, mishaps: Mishaps, chance: Chance) -> None:
    """Let one mishap of this kind happen to `process`."""
    if kind == "crash":
        process.revival_us = chance.spread(*mishaps.absence_us)
        process.crash()
    elif kind == "pause":
        process.pause(chance.spread(*mishaps.pause_us))
    elif kind == "suspend":
        process.suspend(chance.spread(*mishaps.pause_us))
    elif kind == "step":
        size_us = chance.spread(1_000, YEAR_US)
        process.step_clock(chance.pick((size_us, -size_us)))
    elif kind == "freeze":
        process.pace_clock(0)
    elif kind == "drift":
        process.pace_clock(chance.between(950_000, 1_050_000))


def swarm(chance: Chance) -> Faults:
    """A random subset of all faults at random rates: rare combinations need the others away."""
    rates: dict[Fate, float] = {
        fate: chance.pick((0.02, 0.1, 0.3))
        for fate in Fate
        if fate is not Fate.DELIVERED and chance.happens(0.3)
    }
    likely = 0.3
    mishaps = Mishaps(
        crash=chance.happens(likely),
        pause=chance.happens(likely),
        suspend=chance.happens(likely),
        step=chance.happens(likely),
        freeze=chance.happens(likely),
        drift=chance.happens(likely),
    )
    weather = Weather(
        rates=rates,
        latency_us=chance.pick(((1_000, 30_000), (100, 1_000), (20_000, 200_000))),
        storm_rate=chance.pick((0.0, 0.0, 0.02)),
    )
    return Faults(weather=weather, mishaps=mishaps)


__all__ = [
    "CALM",
    "DAY_US",
    "HOUR_US",
    "YEAR_US",
    "Faults",
    "Mishaps",
    "Violation",
    "World",
    "befall",
    "swarm",
]
