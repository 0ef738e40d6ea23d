"""Restores: one mover a table, forward only, and partitions that count as what they were."""

from __future__ import annotations

import pytest

from arco.errors import Conflict
from arco.model import Payload
from arco.orchestration.commands.publications import (
    StartPublication,
    publish_run,
    start_publication,
    startable_publications,
)
from arco.orchestration.commands.restores import (
    AbandonRestore,
    FinishRestore,
    Held,
    RebaseRestore,
    StartRestore,
    abandon_restore,
    finish_restore,
    finish_undoing_restore,
    rebase_restore,
    start_restore,
    started_restores,
)
from arco.orchestration.invariants import violations
from arco.orchestration.restores import RESTORES, TablesRestored
from arco.orchestration.rows import PreparedTable
from arco.orchestration.staleness import stale_partitions
from arco.orchestration.states import PublicationState
from arco.orchestration.tables import ASSETS, PARTITION_STATUS, PINS, PUBLISHING
from arco.orchestration.views import asset_view
from arco.testing.orchestration_samples import Bench, graph

EDGES = {"raw.a": (), "end.b": ("raw.a",)}


def prepared(bench: Bench, asset: str, *, version: int) -> PreparedTable:
    row = bench.state.get(ASSETS, asset)
    assert row is not None
    return PreparedTable(
        table_id=row.table_id, asset=asset, version=version, sha256=f"{version:064}"
    )


def publish(bench: Bench, run_id: str, *, asset: str, version: int) -> None:
    bench.trigger(run_id, asset, which="all")
    bench.succeed(run_id, asset, data=f"{run_id}-{asset}")
    tables = (prepared(bench, asset, version=version),)
    bench.ask(start_publication(StartPublication(run_id=run_id, tables=tables)))
    bench.ask(publish_run(run_id))


def held(bench: Bench) -> Held:
    found: dict[str, dict[str, object]] = {}
    for row in bench.state.range(PARTITION_STATUS):
        found.setdefault(row.asset, {})[row.partition_key] = row.materialization
    return found  # type: ignore[return-value]


def start(bench: Bench, *, version: int, restore_id: str = "X") -> tuple[Payload, ...]:
    command = StartRestore(
        restore_id=restore_id,
        slot=3,
        versions={"raw.a": 0},
        tables=(prepared(bench, "raw.a", version=version),),
        actor="ann",
    )
    return bench.ask(start_restore(command))


@pytest.fixture
def bench() -> Bench:
    bench = Bench()
    bench.deploy(*graph(EDGES))
    publish(bench, "R1", asset="raw.a", version=0)
    return bench


def stale(bench: Bench) -> list[str]:
    view = asset_view(bench.state, bench.now)
    return sorted(each.asset for each in stale_partitions(view, list(EDGES)))


def test_a_restore_moves_pins_and_partitions_in_one_event(bench: Bench) -> None:
    before = held(bench)
    publish(bench, "R2", asset="raw.a", version=1)
    assert [type(each).__name__ for each in start(bench, version=2)] == ["RestoreStarted"]
    assert [row.restore_id for row in started_restores(bench.state)] == ["X"]
    assert violations(bench.state) == []
    said = bench.ask(finish_restore(FinishRestore(restore_id="X", held=before)))
    assert [type(each) for each in said] == [TablesRestored]
    pin = bench.state.get(PINS, "raw.a")
    assert pin is not None and (pin.version, pin.run_id) == (2, "X")
    status = bench.state.get(PARTITION_STATUS, "raw.a", "")
    assert status is not None and status.materialization is not None
    assert status.materialization.data_version == "R1-raw.a"
    assert status.materialization.table_version == 2
    assert status.attempt is not None and status.attempt.run_id == "R2"
    restored = bench.state.get(RESTORES, "X")
    assert restored is not None and restored.state is PublicationState.PUBLISHED
    assert list(bench.state.range(PUBLISHING)) == []
    assert violations(bench.state) == []


def test_what_was_made_from_a_restored_table_is_stale_until_it_matches_again(
    bench: Bench,
) -> None:
    first = held(bench)
    publish(bench, "R2", asset="end.b", version=0)
    assert "raw.a" not in stale(bench)
    publish(bench, "R3", asset="raw.a", version=1)
    second = held(bench)
    start(bench, version=2)
    bench.ask(finish_restore(FinishRestore(restore_id="X", held=first)))
    assert stale(bench) == ["end.b"]
    start(bench, version=3, restore_id="Y")
    bench.ask(finish_restore(FinishRestore(restore_id="Y", held=second)))
    status = bench.state.get(PARTITION_STATUS, "raw.a", "")
    assert status is not None and status.materialization is not None
    assert status.materialization.data_version == "R3-raw.a"


def test_a_partition_that_was_not_made_by_then_counts_as_never_made(bench: Bench) -> None:
    start(bench, version=1)
    bench.ask(finish_restore(FinishRestore(restore_id="X", held={})))
    assert "raw.a" in stale(bench)


def test_one_table_is_moved_by_one_run_or_restore_at_a_time(bench: Bench) -> None:
    bench.trigger("R2", "raw.a", which="all")
    bench.succeed("R2", "raw.a", data="two")
    start(bench, version=1)
    assert startable_publications(bench.state) == []
    tables = (prepared(bench, "raw.a", version=1),)
    bench.ask(start_publication(StartPublication(run_id="R2", tables=tables)))
    with pytest.raises(Conflict, match="X is publishing"):
        start(bench, version=1, restore_id="Y")
    bench.ask(finish_restore(FinishRestore(restore_id="X", held={})))
    assert [row.run_id for row in startable_publications(bench.state)] == ["R2"]


def test_a_restore_prepared_for_a_version_that_is_taken_does_not_start(bench: Bench) -> None:
    assert start(bench, version=0) == ()
    assert bench.state.get(RESTORES, "X") is None


def test_a_rebased_restore_only_moves_forward_and_repeats_change_nothing(bench: Bench) -> None:
    start(bench, version=1)
    for version in (3, 2, 3):
        tables = (prepared(bench, "raw.a", version=version),)
        bench.ask(rebase_restore(RebaseRestore(restore_id="X", tables=tables)))
    row = bench.state.get(RESTORES, "X")
    assert row is not None and [table.version for table in row.tables] == [3]
    bench.ask(finish_restore(FinishRestore(restore_id="X", held={})))
    before = bench.state.dump()
    assert start(bench, version=9) == ()
    assert bench.ask(finish_restore(FinishRestore(restore_id="X", held={}))) == ()
    bench.state.fold(bench.history)
    assert bench.state.dump() == before


def abandon(bench: Bench, *, version: int | None) -> tuple[Payload, ...]:
    """Give restore X up; `version`: the entry that takes back the one that stands, if one does."""
    table = prepared(bench, "raw.a", version=2)
    command = AbandonRestore(
        restore_id="X",
        tables=() if version is None else (prepared(bench, "raw.a", version=version),),
        standing=() if version is None else (table,),
        code="DELTA_FEATURE_UNSUPPORTED",
        message="raw.a asks writers for more",
    )
    return bench.ask(abandon_restore(command))


def test_a_restore_that_is_taken_back_keeps_its_table_until_nothing_stands(bench: Bench) -> None:
    start(bench, version=2)
    abandon(bench, version=3)
    assert abandon(bench, version=4) == (), "it is being taken back just so"
    assert bench.ask(finish_restore(FinishRestore(restore_id="X", held={}))) == ()
    assert [row.restore_id for row in started_restores(bench.state)] == ["X"]
    assert violations(bench.state) == []
    bench.ask(finish_undoing_restore("X"))
    row = bench.state.get(RESTORES, "X")
    assert row is not None and row.abandoned_at == bench.now and row.restored_at is None
    assert row.message == "raw.a asks writers for more"
    pin = bench.state.get(PINS, "raw.a")
    assert pin is not None and pin.version == 0
    assert violations(bench.state) == [] and list(bench.state.range(PUBLISHING)) == []
    assert start(bench, version=4, restore_id="Y") != ()


def test_a_restore_of_which_nothing_stands_ends_in_the_commit_that_gives_it_up(
    bench: Bench,
) -> None:
    start(bench, version=2)
    said = [type(each).__name__ for each in abandon(bench, version=None)]
    assert said == ["RestoreAbandoned", "RestoreUndone"]
    assert started_restores(bench.state) == [] and violations(bench.state) == []
    assert bench.ask(finish_undoing_restore("X")) == ()
