"""Leaving tasks out never changes what the data comes to, over random projects and histories.

Two worlds live the same story; in one, memoized assets are left out when they would come out as
they did. What an asset comes to is a coarse function of its code, settings and inputs, so that
different inputs often come out alike: that is where an early cut-off may go wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import msgspec
from hypothesis import settings as profile

from arco.execution.attempts import read_of
from arco.execution.envelopes import build_envelope
from arco.execution.protocol import Envelope
from arco.ids import sha256
from arco.orchestration.commands.publications import (
    StartPublication,
    publish_run,
    start_publication,
    startable_publications,
)
from arco.orchestration.definitions import (
    AssetDefinition,
    CodeReference,
    SettingDefinition,
    SettingsDefinition,
    Unchanged,
)
from arco.orchestration.events_of_runs import TaskMemoized
from arco.orchestration.invariants import violations
from arco.orchestration.outcomes import Completion
from arco.orchestration.partitions import StaticPartitions
from arco.orchestration.rows import PreparedTable
from arco.orchestration.selection import select_assets
from arco.orchestration.tables import ASSETS, DISPATCHES, PARTITION_STATUS
from arco.testing.chance import Chance
from arco.testing.orchestration_samples import Bench, asset, staged

GRAPHS_PER_EXAMPLE = 5
STEPS = 5
REGIONS = StaticPartitions(("eu", "us"), dimension="region")
REST = timedelta(minutes=1)
KNOB = SettingsDefinition("knob", (SettingDefinition("n", '{"type":"integer"}'),))


class World:
    """One project, its sources, and a worker that computes data versions."""

    def __init__(self, assets: list[AssetDefinition], unchanged: Unchanged) -> None:
        self.bench = Bench()
        self.assets = {each.key: each for each in assets}
        self.source: dict[str, int] = {}
        self._unchanged = unchanged
        self._versions: dict[str, int] = {}
        self.bench.deploy(*assets)

    def edit(self, key: str, version: str) -> None:
        """The asset has other code from now on."""
        before = self.assets[key]
        code = CodeReference(before.code.module, before.code.qualname, version)
        self.assets[key] = msgspec.structs.replace(before, code=code)
        self.bench.deploy(*self.assets.values())

    def run(self, run_id: str, *selection: str, **asked: Any) -> None:
        """A run of the selection, to its end."""
        self.bench.trigger(run_id, *selection, unchanged=self._unchanged, **asked)
        while dispatches := list(self.bench.state.range(DISPATCHES)):
            for dispatch in dispatches:
                envelope = build_envelope(self.bench.state, dispatch, now=self.bench.now)
                assert envelope is not None
                task = self.bench.task(
                    run_id, envelope.asset.key, partition_key=envelope.partition_key
                )
                self.bench.answer(task, self._made(envelope))
        for publication in startable_publications(self.bench.state):
            tables = tuple(map(self._prepared, publication.table_ids))
            started = StartPublication(run_id=publication.run_id, tables=tables)
            self.bench.ask(start_publication(started))
            self.bench.ask(publish_run(publication.run_id))
        self.bench.now += REST
        assert violations(self.bench.state) == []

    def held(self) -> dict[tuple[str, str], str]:
        """What every partition holds."""
        rows = self.bench.state.range(PARTITION_STATUS)
        return {
            (row.asset, row.partition_key): row.materialization.data_version
            for row in rows
            if row.materialization is not None
        }

    def _made(self, envelope: Envelope) -> Completion:
        key = envelope.asset.key
        reads = tuple(map(read_of, envelope.inputs))
        inputs = sorted((read.upstream, read.partition_keys, read.data_versions) for read in reads)
        said = (
            key,
            envelope.asset.code.version,
            sorted(envelope.settings.items()),
            inputs or self.source.get(key, 0),
        )
        # Three outcomes for anything: different inputs often come out alike.
        coarse = int(sha256(repr(said).encode())[:8], 16) % 3
        output = staged(key, table_id=envelope.table_id, data_version=f"{key}:{coarse}")
        output = msgspec.structs.replace(output, partition_key=envelope.partition_key)
        return Completion(output=output, reads=reads)

    def _prepared(self, table_id: str) -> PreparedTable:
        version = self._versions[table_id] = self._versions.get(table_id, -1) + 1
        named = next(key for key in self.assets if self._table_of(key) == table_id)
        return PreparedTable(table_id=table_id, asset=named, version=version, sha256="")

    def _table_of(self, key: str) -> str:
        row = self.bench.state.get(ASSETS, key)
        assert row is not None
        return row.table_id


def project(chance: Chance) -> list[AssetDefinition]:
    """Up to seven assets in any shape; those that read something may be memoized."""
    keys = [f"n.a{number}" for number in range(2 + chance.draw(6))]
    partitions = (None, None, REGIONS)[chance.draw(3)]
    found = []
    for place, key in enumerate(keys):
        above = {keys[chance.draw(place)] for _ in range(chance.draw(3) if place else 0)}
        made = asset(key, *sorted(above), partitions=partitions)
        memoize = bool(above) and chance.happens(0.8)
        knobs = (KNOB,) if chance.happens(0.3) else ()
        found.append(msgspec.structs.replace(made, memoize=memoize, settings=knobs))
    return found


def reads_knob(world: World, selection: tuple[str, ...]) -> bool:
    """Whether somebody who is selected reads the settings: others may not be given them."""
    chosen = select_assets(world.assets, selection)
    return any(world.assets[key].settings for key in chosen)


def story(chance: Chance, worlds: tuple[World, ...]) -> Iterator[None]:
    """The same things happen in every world, one after the other."""
    keys = sorted(worlds[0].assets)
    for step in range(STEPS):
        key, number = keys[chance.draw(len(keys))], chance.draw(4)
        selection = (("n.*", f"{key}+", key, f"+{key}")[chance.draw(4)],)
        own = {"knob": {"n": number}} if chance.happens(0.3) else {}
        which = ("all", "stale", "refresh")[chance.draw(3)]
        change = ("source", "source", "code", "")[chance.draw(4)]
        for world in worlds:
            if change == "source":
                world.source[key] = number
            elif change == "code":
                world.edit(key, f"v{number}")
            known = {"settings": own} if own and reads_knob(world, selection) else {}
            world.run(f"R{step}", *selection, which=which, **known)
        yield


def test_leaving_out_what_is_unchanged_never_changes_what_the_data_comes_to() -> None:
    left_out = 0
    for seed in range(profile().max_examples * GRAPHS_PER_EXAMPLE):
        chance = Chance(seed)
        assets = project(chance)
        worlds = World(assets, "skip"), World(assets, "perform")
        for _ in story(chance, worlds):
            assert worlds[0].held() == worlds[1].held(), f"graph {seed}"
        said = worlds[0].bench.history
        left_out += sum(isinstance(each, TaskMemoized) for each in said)
        assert not any(isinstance(each, TaskMemoized) for each in worlds[1].bench.history)
    assert left_out > profile().max_examples, "the law was not tried"
