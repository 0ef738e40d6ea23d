"""Collectors that race writers, snapshots, pins and each other: nothing that is kept ever goes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from arco.engine import batch, collect, pins, retention, snapshot, snapshot_files
from arco.engine.collect import Area, Judge
from arco.engine.commit import SnapshotReference
from arco.engine.database import Database
from arco.engine.domain import NEWEST, SNAPSHOTS
from arco.engine.garbage import CONDEMNATIONS, PINS, Condemnation, PastSnapshot, collection_of
from arco.engine.pins import CreatePin, create_pin
from arco.engine.retention import Policy, begin_pass
from arco.engine.writing import Attempt
from arco.errors import AlreadyExists, Corrupt, Precondition, Unavailable
from arco.model import Event, State
from arco.runtime import Runtime
from arco.store.port import Store, StoreFault
from arco.testing.actors import Cast, Stage
from arco.testing.campaign import Tally, judge
from arco.testing.keeping import Keeper, check_keeping
from arco.testing.network import Fate, Weather
from arco.testing.process import Process
from arco.testing.scheduler import SECOND_US
from arco.testing.world import CALM, Faults, Mishaps, Violation, World
from tests.simulation.stages import findings, open_with_snapshots

CAMPAIGN = "collectors"
SHARE_OF_SEEDS = 200
MUTANT_SEEDS = range(150)
GRACE = timedelta(seconds=0.5)
POLICY = Policy(
    window=timedelta(seconds=2),
    snapshots_newest=1,
    snapshots_daily=0,
    grace=GRACE,
    delay=timedelta(seconds=0.3),
)
COLLECT_SECONDS = 0.2
CAST = Cast(processes=2, clients=2, wishes=40)
ROUGH = Weather(
    rates={
        Fate.UNANSWERED: 0.05,
        Fate.REPEATED: 0.05,
        Fate.REFUSED: 0.05,
        Fate.TRUNCATED: 0.03,
        Fate.HINT_STALE: 0.1,
    }
)
# True clocks: grace and delay are promises about time, the laws about what is kept are not.
ABSENCES = Mishaps(
    crash=True,
    pause=True,
    interval_us=(50_000, 2 * SECOND_US),
    absence_us=(1_000, 10 * SECOND_US),
    pause_us=(1_000, 10 * SECOND_US),
)
FAULTS = Faults(weather=ROUGH, mishaps=ABSENCES, heal_after_us=40 * SECOND_US)


async def open_and_collect(world: World, process: Process) -> Database:
    """The engine with its snapshots, a collector of its own, and a pin now and then."""
    database = await open_with_snapshots(world, process)
    process.runtime.spawn(tend(database), "collector")
    return database


async def tend(database: Database) -> None:
    area = snapshot_files.snapshot_files(database, POLICY)
    while True:
        await database.runtime.sleep(COLLECT_SECONDS)
        try:
            await collect.collect(database, [area], policy=POLICY, begin=begin_pass(POLICY))
            name = f"pin-{database.runtime.entropy(2)}"
            await database.transact(create_pin(CreatePin(name=name, slot=database.seq)))
        except (Unavailable, Corrupt, AlreadyExists, Precondition):
            # The next round begins where this one ended.
            continue


def survived(seed: int, faults: Faults = FAULTS, *, tally: Tally | None = None) -> Keeper:
    """What was kept in this seed's world, in which all laws held."""
    stage = Stage(World(seed, faults=faults), open_and_collect)
    try:
        judge(stage, CAST)
    finally:
        # A reader that finds nothing usually does so because something kept was deleted.
        keeper = check_keeping(stage.world.store, grace_seconds=GRACE.total_seconds())
    if tally is not None:
        tally.add(stage.world, stage.history)
    return keeper


def broken(seeds: Iterable[int], faults: Faults = FAULTS, *, tally: Tally | None = None) -> str:
    """The first law that a seed breaks; empty when all hold."""
    for seed in seeds:
        try:
            survived(seed, faults, tally=tally)
        except Violation as violation:
            return f"{violation.law}: seed {seed}: {violation}"
    return ""


@pytest.mark.timeout(0)
def test_no_world_with_collectors_breaks_a_law(shard: range, tally: Tally) -> None:
    assert broken(shard, tally=tally) == ""


def test_in_a_calm_world_garbage_goes_and_what_remains_verifies() -> None:
    stage = Stage(World(3, faults=CALM), open_and_collect)
    judge(stage, CAST)
    keeper = check_keeping(stage.world.store, grace_seconds=GRACE.total_seconds())
    assert keeper.deleted > 20 and keeper.published > 5
    assert findings(stage.world) == []


def test_rough_worlds_really_publish_and_delete() -> None:
    keepers = [survived(seed) for seed in range(8)]
    assert sum(keeper.deleted for keeper in keepers) > 40
    assert sum(keeper.published for keeper in keepers) > 40


def test_racing_collectors_delete_nothing_that_is_kept_and_everything_else_once() -> None:
    for seed in range(4):
        stage = Stage(World(seed, faults=CALM), open_and_collect)
        judge(stage, Cast(processes=3, clients=1, wishes=40))
        keeper = check_keeping(stage.world.store, grace_seconds=GRACE.total_seconds())
        collectors = {
            applied.process
            for applied in stage.world.store.journal
            if applied.operation.verb == "delete"
        }
        assert len(collectors) > 1 and keeper.deleted > 20


def condemned_names_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (batch, snapshot):
        monkeypatch.setattr(module, "first_condemned", lambda state, names: None)


def forgotten_too_early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot_files, "is_final", lambda state, names: True)


def grace_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    area_of = snapshot_files.snapshot_files

    def graceless(database: Database, policy: Policy) -> Area:
        return msgspec.structs.replace(area_of(database, policy), grace=timedelta(0))

    monkeypatch.setattr(snapshot_files, "snapshot_files", graceless)


def pins_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = snapshot_files.kept_snapshots

    def without_pins(state: State) -> frozenset[SnapshotReference]:
        return kept(state) - {pins.snapshot_of(pin) for pin in state.range(PINS)}

    monkeypatch.setattr(snapshot_files, "kept_snapshots", without_pins)


def newest_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = snapshot_files.kept_snapshots

    def without_newest(state: State) -> frozenset[SnapshotReference]:
        newest = state.get(SNAPSHOTS, NEWEST)
        return frozenset(each for each in kept(state) if newest is None or each.slot < newest.slot)

    monkeypatch.setattr(snapshot_files, "kept_snapshots", without_newest)


def deleted_before_condemned(monkeypatch: pytest.MonkeyPatch) -> None:
    condemn = collect._condemn

    async def hasty(database: Database, area: Area, *, policy: Policy) -> object:
        entries, _ = await collect._grown(database, area, ask=database.asked)
        names = [entry.key for entry in entries]
        found = (await area.mark(database.asked, names))(database.state, names)
        for name in found or ():
            await database.store.delete(name)
        return await condemn(database, area, policy=policy)

    monkeypatch.setattr(collect, "_condemn", hasty)


def judged_only_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was unneeded when it was marked is condemned, whatever happened since."""
    area_of = snapshot_files.snapshot_files

    def stale(database: Database, policy: Policy) -> Area:
        area = area_of(database, policy)

        async def mark(ask: collect.Ask, names: Sequence[str]) -> Judge:
            judged = (await area.mark(ask, names))(database.state, names) or []
            return lambda state, asked: [name for name in asked if name in judged]

        return msgspec.structs.replace(area, mark=mark)

    monkeypatch.setattr(snapshot_files, "snapshot_files", stale)


def floor_lowered(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pass forgets where the last one had raised the floor to."""
    floor_at = retention.floor_at

    def lowered(past: Sequence[PastSnapshot], *, before: datetime, floor: int) -> int:
        return 0 if floor else floor_at(past, before=before, floor=0)

    monkeypatch.setattr(retention, "floor_at", lowered)


def pinned_below_the_floor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Anything may be pinned, however long ago it was given up."""
    create = pins._create

    def low(state: State, now: datetime, *, command: CreatePin) -> Sequence[Event]:
        oldest = msgspec.structs.replace(command, slot=max(0, command.slot - 30))
        floor = collection_of(state).floor
        if oldest.slot >= floor or state.get(PINS, command.name) is not None:
            return create(state, now, command=command)
        return (Event(pins._pin(state, now, command=oldest)),)

    monkeypatch.setattr(pins, "_create", low)


def deleted_without_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is condemned is deleted by the next pass, although readers may have begun with it."""

    def due(state: State, *, now: datetime) -> list[Condemnation]:
        return list(state.range(CONDEMNATIONS))

    monkeypatch.setattr(collect, "_due", due)


def published_before_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """An index is published while its files are still under way."""
    create = Attempt._create

    async def begun(self: Attempt, *args: Any, **more: Any) -> str:
        store = self._database.store
        late = Late(store, self._database.runtime)
        self._database.store = late  # type: ignore[assignment]
        try:
            return await create(self, *args, **more)
        finally:
            self._database.store = store

    monkeypatch.setattr(Attempt, "_create", begun)


class Late:
    """A store whose creates are only begun."""

    def __init__(self, store: Store, runtime: Runtime) -> None:
        self._store = store
        self._runtime = runtime

    async def create(self, key: str, data: bytes) -> bool:
        self._runtime.spawn(self._try(key, data), "late")
        return True

    async def _try(self, key: str, data: bytes) -> None:
        with suppress(StoreFault):
            await self._store.create(key, data)


def deleted_without_record(monkeypatch: pytest.MonkeyPatch) -> None:
    """A condemnation whose end nobody records is carried out again and again: a waste, no harm."""

    def never(state: State, now: object, *, condemnation: Condemnation, area: Area) -> list[Event]:
        return []

    monkeypatch.setattr(collect, "_collected", never)


CAUGHT: list[tuple[Callable[[pytest.MonkeyPatch], None], str]] = [
    (condemned_names_forgotten, "L6"),
    (forgotten_too_early, "L6"),
    (grace_ignored, "grace"),
    (pins_forgotten, "L6"),
    (newest_forgotten, "L6"),
    (deleted_before_condemned, "condemned first"),
    (judged_only_once, "L6"),
    (floor_lowered, "the floor never falls"),
    (pinned_below_the_floor, "no pin below the floor"),
    (deleted_without_delay, "delay"),
    (published_before_written, "L6"),
]


@pytest.mark.parametrize(("sin", "law"), CAUGHT)
def test_a_wrong_collector_breaks_its_law(
    sin: Callable[[pytest.MonkeyPatch], None], law: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sin(monkeypatch)
    found = broken(MUTANT_SEEDS)
    assert found.startswith(law), found or f"it survived {len(MUTANT_SEEDS)} seeds"


def test_a_condemnation_whose_end_nobody_records_is_harmless(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    deleted_without_record(monkeypatch)
    assert broken(range(10)) == ""
