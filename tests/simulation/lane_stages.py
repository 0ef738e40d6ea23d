"""Lanes on a stage: producers that send until they are acknowledged, and folders that race.

The checker reads the store's journal and the folded rows; it knows the storage format and nothing
of how ingesting or folding works.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from typing import Any

import msgspec

from arco.engine.database import Database
from arco.engine.lanes.batches import Fact
from arco.engine.lanes.folder import Folder
from arco.engine.lanes.ingest import Accepted, Ingester
from arco.engine.lanes.tables import FOLDINGS, LANES, OPEN_LANES, QUARANTINE
from arco.errors import ArcoError, Corrupt, TooManyRequests, Unavailable
from arco.model import State
from arco.store import keys
from arco.testing.chance import Chance
from arco.testing.ledger import BALANCES, LEDGER, NOTES, noted
from arco.testing.process import Process
from arco.testing.scheduler import SECOND_US
from arco.testing.world import Faults, Violation, World, swarm

FACTS_MAX = 4
SILENT_SECONDS = 0.3
DRAIN_STEPS_MAX = 200


class Acknowledged(msgspec.Struct, frozen=True):
    """Tokens that a producer was told are taken, where, and when."""

    tokens: tuple[str, ...]
    accepted: Accepted
    told_us: int


class Parcel(msgspec.Struct):
    """What a producer sends next; it is sent again until it is acknowledged."""

    first: int
    count: int
    amount: int = 1


def impatient(database: Database) -> Folder:
    """A folder that seals the lanes of the living too: they must not lose anything by it."""
    return Folder(database, silent_seconds=SILENT_SECONDS)


class LaneStage:
    """A world in which every process ingests for its producers, and folds."""

    def __init__(
        self,
        world: World,
        *,
        ingester: Callable[[Database], Ingester] = Ingester,
        folder: Callable[[Database], Folder] = impatient,
        keyed: bool = False,
    ) -> None:
        self.world = world
        self.told: list[Acknowledged] = []
        self.sent: set[str] = set()
        self._ingester = ingester
        self._folder = folder
        self._keyed = keyed
        self._parcels: dict[str, list[Parcel]] = {}

    @property
    def is_over(self) -> bool:
        """True when every producer was told that everything it sent is taken."""
        return not any(self._parcels.values())

    def enter(self, *, processes: int = 3, parcels: int = 4) -> None:
        """Start every process; each serves a producer that outlives it."""
        chance = self.world.chance
        for number in range(processes):
            name, seq = f"p{number}", 0
            self._parcels[name] = []
            for _ in range(parcels):
                count = chance.between(1, FACTS_MAX)
                amount = -1 if chance.happens(0.2) else 1
                self._parcels[name].append(Parcel(seq, count, amount))
                seq += count
            self.world.process(name).start(self._serve)

    async def _serve(self, process: Process) -> None:
        database = await self._opened(process)
        work = [self._produce(process, self._ingester(database)), self._fold(process, database)]
        await process.runtime.gather(work)

    async def _opened(self, process: Process) -> Database:
        while True:
            try:
                return await open_ledger(self.world, process)
            except (Unavailable, Corrupt):
                await process.runtime.sleep(0.5)

    async def _produce(self, process: Process, ingester: Ingester) -> None:
        parcels = self._parcels[process.name]
        while parcels:
            await process.runtime.sleep(self.world.chance.between(0, 400_000) / SECOND_US)
            await self._send(process, ingester, parcels=parcels)
        await self._end(ingester)

    async def _send(self, process: Process, ingester: Ingester, *, parcels: list[Parcel]) -> None:
        parcel = parcels[0]
        numbers = range(parcel.first, parcel.first + parcel.count)
        facts = [noted(process.name, seq, amount=parcel.amount) for seq in numbers]
        if self._keyed:
            facts = [msgspec.structs.replace(fact, **_keyed(fact)) for fact in facts]
        tokens = tuple(f"{process.name}.0.{seq}" for seq in numbers)
        self.sent.update(tokens)
        try:
            accepted = await ingester.append(facts)
        except (Unavailable, Corrupt, TooManyRequests):
            await process.runtime.sleep(0.5)
            return
        self.world.trace.note(f"{self.world.time_us} {process.name} told {accepted}")
        if parcel.amount < 0:
            # Nobody can fold it: it is sent again, mended, under its old numbers.
            parcel.amount = 1
            return
        self.told.append(Acknowledged(tokens, accepted, self.world.time_us))
        parcels.pop(0)

    async def _end(self, ingester: Ingester) -> None:
        if self.world.chance.happens(0.5):
            await ingester.close()

    async def _fold(self, process: Process, database: Database) -> None:
        folder = self._folder(database)
        while not self.is_over:
            await process.runtime.sleep(self.world.chance.between(50_000, 900_000) / SECOND_US)
            try:
                await folder.step()
            except ArcoError:
                await process.runtime.sleep(0.5)

    def drained(self) -> dict[str, Any]:
        """What a fresh process folds and reads on a calm network."""
        found: list[dict[str, Any]] = []

        async def main(process: Process) -> None:
            database = await open_ledger(self.world, process)
            folder = self._folder(database)
            for _ in range(DRAIN_STEPS_MAX):
                # A step that only seals a silent lane leaves the seal to the next one.
                before = database.seq, len(self.world.store.objects)
                await folder.step()
                if (database.seq, len(self.world.store.objects)) == before:
                    break
            found.append(await database.asked(rows_of))

        self._run_alone(main, done=lambda: bool(found))
        return found[0]

    def _run_alone(
        self,
        main: Callable[[Process], Coroutine[Any, Any, None]],
        *,
        done: Callable[[], bool],
    ) -> None:
        process = self.world.process("witness")
        process.start(main)
        self.world.run(lambda: done() or bool(process.failures), seconds_max=7200)
        for task in process.failures:
            raise task.error or AssertionError(task.name)


def _keyed(fact: Fact) -> dict[str, Any]:
    """The fact known by a key of its own instead of its producer's number."""
    return {"key": f"{fact.producer}.{fact.seq}", "producer": "", "seq": -1}


async def open_ledger(world: World, process: Process) -> Database:
    """The engine with the domain of facts."""
    return await Database.open(
        world.client(process), process.runtime, domains=[LEDGER], writer=process.name
    )


def rows_of(state: State) -> dict[str, Any]:
    """Everything a checker looks at."""
    return {
        "notes": {row.token: row.times for row in state.range(NOTES)},
        "balances": {row.account: row.amount for row in state.range(BALANCES)},
        "lanes": {row.lane: row for row in state.range(LANES)},
        "open": [row.lane for row in state.range(OPEN_LANES)],
        "foldings": list(state.range(FOLDINGS)),
        "quarantine": list(state.range(QUARANTINE)),
    }


def perform_lanes(seed: int, *, faults: Faults | None = None, **parts: Any) -> LaneStage:
    """The stage of this seed, after a play in which every law held."""
    stage = LaneStage(World(seed, faults=faults or rough(seed)), **parts)
    judge_lanes(stage)
    return stage


def rough(seed: int) -> Faults:
    """The faults the seed decides on, absences kept short: folders look twice a second, and every
    tick of a lonely night costs.
    """
    faults = swarm(Chance(seed + 1))
    mishaps = msgspec.structs.replace(
        faults.mishaps,
        interval_us=(20_000, 2 * SECOND_US),
        absence_us=(1_000, 20 * SECOND_US),
        pause_us=(1_000, 90 * SECOND_US),
    )
    weather = msgspec.structs.replace(
        faults.weather, late_us=(SECOND_US, 120 * SECOND_US), storm_us=(SECOND_US, 20 * SECOND_US)
    )
    return Faults(weather=weather, mishaps=mishaps, heal_after_us=60 * SECOND_US)


def judge_lanes(stage: LaneStage) -> None:
    """Play to the end and check every law. Raises: Violation."""
    rows = play(stage)
    check_acknowledged_first(stage)
    check_counted_once(stage, rows)


def play(stage: LaneStage) -> dict[str, Any]:
    """The rows when everybody was told and a fresh process folded what was left."""
    world = stage.world
    stage.enter()
    try:
        world.run(lambda: stage.is_over or _surprised(world))
        _check_tasks(world)
        world.end()
        return stage.drained()
    finally:
        world.kill()


def check_acknowledged_first(stage: LaneStage) -> None:
    """L2: batch and registration stood before the producer was told."""
    store = stage.world.store
    registered = {
        msgspec.json.decode(data)["lane"]: store.written_us[key]
        for key, data in store.objects.items()
        if key.startswith("lanes/roster/")
    }
    for told in stage.told:
        key = keys.lane_slot(told.accepted.lane, told.accepted.slot)
        if store.written_us.get(key, told.told_us + 1) > told.told_us:
            raise Violation("L2 durable first", f"{told} came before its batch")
        if registered.get(told.accepted.lane, told.told_us + 1) > told.told_us:
            raise Violation("L2 registered first", f"{told} came before its registration")


def check_counted_once(stage: LaneStage, rows: dict[str, Any]) -> None:
    """L2, L3: what was acknowledged counts once, nothing counts twice, nothing is invented."""
    notes: dict[str, int] = rows["notes"]
    for told in stage.told:
        for token in told.tokens:
            if token not in notes:
                raise Violation("L2 acknowledged fact stands", f"{token} of {told} is not folded")
    twice = {token: times for token, times in notes.items() if times != 1}
    if twice:
        raise Violation("L3 nothing twice", f"counted more than once: {twice}")
    if not stage.sent >= notes.keys():
        raise Violation("nothing invented", f"{notes.keys() - stage.sent} were never sent")
    if sum(rows["balances"].values()) != len(notes):
        raise Violation("recount", f"{rows['balances']} for {len(notes)} facts")


def _check_tasks(world: World) -> None:
    for task in _failures(world):
        raise Violation("no surprise", f"{task.name} died of {task.error!r}") from task.error


def _surprised(world: World) -> bool:
    return any(True for _ in _failures(world))


def _failures(world: World) -> Iterable[Any]:
    for process in world.processes.values():
        yield from (task for task in process.failures if not task.observed)


__all__ = [
    "Acknowledged",
    "LaneStage",
    "check_acknowledged_first",
    "check_counted_once",
    "impatient",
    "judge_lanes",
    "open_ledger",
    "perform_lanes",
    "play",
    "rough",
    "rows_of",
]
