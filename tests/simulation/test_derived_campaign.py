"""Derived files under every fault: with what changed since their snapshot, they say what the rows
do, whoever made them, of whatever version.

Law: what is derived and published says nothing that the rows do not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import msgspec
import pytest

from arco.engine import snapshot
from arco.engine.commit import SnapshotReference
from arco.engine.database import Database
from arco.engine.derived import Derivation, Files
from arco.engine.domain import NEWEST, SNAPSHOTS
from arco.engine.index import Derived, Index, TableFiles
from arco.engine.parquet import Changed
from arco.model import State, Table
from arco.testing.actors import Cast, Opener, Stage
from arco.testing.campaign import Tally, judge
from arco.testing.process import Process
from arco.testing.registry import NAMES
from arco.testing.world import CALM, Faults, World
from tests.simulation.stages import open_database, open_with_snapshots, run_alone
from tests.simulation.test_garbage_campaign import CAST as LONG_CAST
from tests.simulation.test_garbage_campaign import FAULTS as LONG_FAULTS
from tests.simulation.test_garbage_campaign import open_and_collect
from tests.simulation.test_snapshot_campaign import PLAY

CAMPAIGN = "derived files"
SHARE_OF_SEEDS = 200
MUTANT_SEEDS = range(60)
OLD_RELEASE = "p0"
Sin = Callable[[pytest.MonkeyPatch], None]


class Spelled(msgspec.Struct, frozen=True):
    """A name and its token; no token: the name is free."""

    name: str
    token: str


ROLL = Table("roll.names", Spelled, ("name",))


class Roll:
    """The names that are taken, as files; version 1 spells tokens backwards."""

    name = "roll"

    def __init__(self, database: Database, version: int) -> None:
        self.version = version
        self.is_distrusted = False
        self._database = database

    async def derive(
        self, files: Files, before: Derived | None, *, changes: Mapping[str, Sequence[Changed]]
    ) -> Derived:
        """All names anew, or those that changed over the ones before. Fails now and then."""
        if self._database.runtime.entropy(2) == 0:
            raise ValueError("this is not one of its better moments")
        if before is None:
            rows = await self._database.asked(lambda state: list(state.range(NAMES)))
            lines = [Spelled(row.name, self._spelled(row.token)) for row in rows]
            runs: tuple[Any, ...] = ()
        else:
            changed = changes.get(NAMES.name, ())
            lines = [Spelled(each.key[0], self._token(each.row)) for each in changed]
            runs = before.tables[ROLL.name].deltas
        if lines:
            runs = (*runs, await files.rows_file(ROLL, lines))
        return Derived(version=self.version, tables={ROLL.name: TableFiles(deltas=runs)})

    def _token(self, row: Any) -> str:
        return self._spelled(row.token) if row else ""

    def _spelled(self, token: str) -> str:
        return token[::-1] if self.version == 1 else token


async def open_with_roll(world: World, process: Process, *, below: Opener) -> Database:
    """An engine that publishes the roll, too; one process is of an earlier release."""
    database = await below(world, process)
    assert isinstance(database, Database)
    version = 1 if process.name == OLD_RELEASE else 2
    database.derivations = (Roll(database, version),)
    return database


def told(world: World) -> tuple[dict[str, str], dict[str, str]] | None:
    """What a fresh process finds in the newest roll and what changed since, and in the rows; None
    when the newest snapshot has no roll.
    """

    async def read(process: Process) -> tuple[dict[str, str], dict[str, str]] | None:
        database = await open_database(world, process)
        index = await newest_index(database)
        roll = index.derived.get(Roll.name) if index is not None else None
        if index is None or roll is None:
            return None
        found: dict[str, str] = {}
        for file in roll.tables[ROLL.name].deltas:
            lines = await database.replay.reader.newest_first(ROLL, TableFiles(base=(file,)))
            found |= {row.name: row.token for _, row in lines}
        if roll.version == 1:
            found = {name: token[::-1] for name, token in found.items()}
        return await database.asked(partial(brought_up, database=database, found=found, at=index))

    seen: tuple[dict[str, str], dict[str, str]] | None = run_alone(world, read, name="reader")
    return seen


def brought_up(
    state: State, *, database: Database, found: dict[str, str], at: Index
) -> tuple[dict[str, str], dict[str, str]]:
    """The roll with what changed after its snapshot, and the rows."""
    rows = {row.name: row.token for row in state.range(NAMES)}
    since = [key[0] for key in database.tables.memory[NAMES.name].changed(at.slot)]
    present = found | {name: rows.get(name, "") for name in since}
    return {name: token for name, token in present.items() if token}, rows


async def newest_index(database: Database) -> Index | None:
    """What the newest snapshot names."""
    newest = await database.asked(lambda state: state.get(SNAPSHOTS, NEWEST))
    if newest is None:
        return None
    reference = SnapshotReference(newest.slot, newest.index, newest.sha256)
    return await database.replay.reader.index(reference)


def broken(
    seeds: Iterable[int],
    opener: Opener = open_with_snapshots,
    *,
    cast: Cast = PLAY.cast,
    faults: Faults | None = PLAY.faults,
    tally: Tally | None = None,
) -> str:
    """The first seed in which the roll says something else than the rows; empty when none does."""
    for seed in seeds:
        stage = Stage(World(seed, faults=faults), partial(open_with_roll, below=opener))
        judge(stage, cast)
        try:
            seen = told(stage.world)
        except Exception as error:
            return f"seed {seed}: {error!r}"
        if seen is not None and seen[0] != seen[1]:
            return f"seed {seed}: the roll says {seen[0]}, the rows {seen[1]}"
        if tally is not None:
            tally.add(stage.world, stage.history)
    return ""


@pytest.mark.timeout(0)
def test_no_world_with_derived_files_breaks_a_law(shard: range, tally: Tally) -> None:
    assert broken(shard, tally=tally) == ""


def test_collectors_spare_what_a_snapshot_derives() -> None:
    assert broken(range(4), open_and_collect, cast=LONG_CAST, faults=LONG_FAULTS) == ""


def test_a_world_without_faults_ends_with_a_roll() -> None:
    stage = Stage(World(1, faults=CALM), partial(open_with_roll, below=open_with_snapshots))
    judge(stage, Cast(processes=2, clients=2, wishes=20, kinds=("take", "free")))
    seen = told(stage.world)
    assert seen is not None and seen[0] == seen[1] != {}


def kept_although_it_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What could not be worked out is taken over as it was."""
    right = snapshot.derived

    async def kept(
        derivations: Sequence[Derivation], files: Files, *, before: Index | None, **more: Any
    ) -> dict[str, Derived]:
        made = await right(derivations, files, before=before, **more)
        return {**(before.derived if before is not None else {}), **made}

    monkeypatch.setattr(snapshot, "derived", kept)


def laid_over_another_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """What another release worked out is continued."""
    right = snapshot.derived

    async def laid(
        derivations: Sequence[Derivation], files: Files, *, before: Index | None, **more: Any
    ) -> dict[str, Derived]:
        if before is not None:
            version = derivations[0].version
            known = {
                name: msgspec.structs.replace(each, version=version)
                for name, each in before.derived.items()
            }
            before = msgspec.structs.replace(before, derived=known)
        return await right(derivations, files, before=before, **more)

    monkeypatch.setattr(snapshot, "derived", laid)


def rows_that_went_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A derivation is not told of rows that are gone."""
    right = snapshot.derived

    async def fewer(
        *named: Any, changes: Mapping[str, Sequence[Changed]], **more: Any
    ) -> dict[str, Derived]:
        kept = {
            name: [line for line in lines if line.row is not None]
            for name, lines in changes.items()
        }
        return await right(*named, changes=kept, **more)

    monkeypatch.setattr(snapshot, "derived", fewer)


def not_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A snapshot is said to need the files of its tables and no others."""
    monkeypatch.setattr("arco.engine.reader.all_files", lambda index: [*index.tables.values()])


RESTLESS = Cast(processes=3, clients=2, wishes=8, kinds=("take", "free"))
CAUGHT: list[tuple[Sin, Cast]] = [
    (kept_although_it_failed, RESTLESS),
    (laid_over_another_version, PLAY.cast),
    (rows_that_went_left_out, RESTLESS),
]


@pytest.mark.parametrize(("sin", "cast"), CAUGHT, ids=[sin.__name__ for sin, _ in CAUGHT])
def test_a_wrong_publisher_of_derived_files_breaks_their_law(
    sin: Sin, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    sin(monkeypatch)
    assert "the roll says" in broken(MUTANT_SEEDS, cast=cast)


def test_a_collector_that_overlooks_derived_files_breaks_their_law(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    not_named(monkeypatch)
    problem = broken(MUTANT_SEEDS, open_and_collect, cast=LONG_CAST, faults=LONG_FAULTS)
    assert "Corrupt" in problem
