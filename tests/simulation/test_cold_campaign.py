"""Processes that keep next to nothing in memory: what they answer from files is still one slot's.

Files hold four rows, runs are merged soon, the base is listed in pages, and no block outlives the
question it was read for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from arco.engine.index import File, TableFiles
from arco.engine.memory import MemoryTable
from arco.engine.reader import Reader
from arco.engine.stored import Missing, StoredTable
from arco.model import Change, Drop, Key
from arco.testing.actors import Cast, Stage
from arco.testing.campaign import Play, Tally, campaign, judge, shrunk
from arco.testing.world import CALM, World
from tests.simulation.stages import findings, open_cramped
from tests.simulation.test_snapshot_campaign import PLAY

CAMPAIGN = "cold"
SHARE_OF_SEEDS = 400
MUTANT_SEEDS = range(60)
COLD = Play(open_cramped, Cast(processes=3, clients=2, wishes=12, names=6), PLAY.faults)
Sin = Callable[[pytest.MonkeyPatch], None]


@pytest.mark.timeout(0)
def test_no_world_that_keeps_nothing_in_memory_breaks_a_law(shard: range, tally: Tally) -> None:
    failure = campaign(COLD, shard, tally=tally)
    assert failure is None, shrunk(COLD, failure).report()


def test_cold_worlds_really_have_pages_bases_and_runs() -> None:
    stage = Stage(World(3, faults=CALM), open_cramped)
    world = judge(stage, Cast(processes=2, clients=2, wishes=20, names=6))
    names = [key for key in world.store.objects if key.startswith("data/")]
    assert any(name.endswith(".json.zst") for name in names)
    assert findings(world) == []


def changes_evicted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that changed since the snapshot leave memory with those that stand in its files."""
    stand_on = MemoryTable.stand_on

    def clean(self: MemoryTable, *below: Any) -> None:
        stand_on(self, *below)
        self.rows.clear()

    monkeypatch.setattr(MemoryTable, "stand_on", clean)


def drops_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that is dropped while it stands in a file comes back from there."""
    apply = MemoryTable.apply

    def forgetful(self: MemoryTable, change: Change, *at: int) -> None:
        apply(self, change, *at)
        if isinstance(change, Drop):
            self.rows.pop(change.key, None)

    monkeypatch.setattr(MemoryTable, "apply", forgetful)


def cold_taken_for_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not in memory is said not to be there."""
    get = StoredTable.get

    def hasty(self: StoredTable, key: Key) -> Any:
        try:
            return get(self, key)
        except Missing:
            return None

    monkeypatch.setattr(StoredTable, "get", hasty)


def older_runs_win(monkeypatch: pytest.MonkeyPatch) -> None:
    """What an older file says of a key goes before what a newer one says."""
    open_files = StoredTable.open

    def upside_down(self: StoredTable, base: Sequence[File]) -> None:
        open_files(self, base)
        if self._runs is not None:
            self._runs.reverse()

    monkeypatch.setattr(StoredTable, "open", upside_down)


def pages_overlooked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A base that is listed in pages is taken for an empty one."""

    async def inline(self: Reader, files: TableFiles) -> tuple[File, ...]:
        return files.base

    monkeypatch.setattr(Reader, "base", inline)


CAUGHT: list[tuple[Sin, str]] = [
    (changes_evicted, "L4|unique|refusals|strong|L3|no surprise"),
    (drops_not_remembered, "L4|unique|refusals|strong"),
    (cold_taken_for_absent, "L4|unique|refusals|strong|L3|no surprise"),
    (older_runs_win, "L4|unique|refusals|strong|L3|no surprise"),
    (pages_overlooked, "L4|unique|refusals|strong|L3"),
]


@pytest.mark.parametrize(("sin", "laws"), CAUGHT, ids=[s.__name__ for s, _ in CAUGHT])
def test_a_state_that_is_wrong_about_its_files_breaks_its_law(
    sin: Sin, laws: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sin(monkeypatch)
    failure = campaign(COLD, MUTANT_SEEDS)
    assert failure is not None, f"it survived {len(MUTANT_SEEDS)} seeds"
    assert failure.reason.startswith(tuple(laws.split("|"))), failure.report()
