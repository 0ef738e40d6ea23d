"""Compactions and checkpoints: one mover a table, rows that stay the same, and policies by name."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from arco.formats import delta
from arco.formats.compacting import BYTES_PER_MEGABYTE, bins_of
from arco.formats.steps import Rewriting, compacted
from arco.formats.versions import Protocol, TableFile, TableSnapshot
from arco.model import Payload
from arco.orchestration.commands.maintenance import (
    StartCompaction,
    abandon_compaction,
    finish_compaction,
    is_checkpoint_due,
    record_checkpoint,
    start_compaction,
    started_compactions,
)
from arco.orchestration.commands.publications import (
    StartPublication,
    publish_run,
    start_publication,
    startable_publications,
)
from arco.orchestration.definitions import Maintenance, MaintenancePolicy
from arco.orchestration.invariants import violations
from arco.orchestration.maintenance import COMPACTIONS
from arco.orchestration.published import recorded_entry
from arco.orchestration.rows import Pin, PreparedTable
from arco.orchestration.staleness import stale_partitions
from arco.orchestration.tables import ASSETS, PARTITION_STATUS, PINS
from arco.orchestration.views import asset_view
from arco.service.leftovers import unowned
from arco.testing.orchestration_samples import Bench, graph

EDGES = {"raw.a": (), "end.b": ("raw.a",)}
FILE = "warehouse/T/att_0123456789abcdef01234567-00000000-0.parquet"


def prepared(bench: Bench, asset: str, *, version: int) -> PreparedTable:
    row = bench.state.get(ASSETS, asset)
    assert row is not None
    return PreparedTable(
        table_id=row.table_id, asset=asset, version=version, sha256=f"{version:064}"
    )


def requested(bench: Bench, run_id: str, *, asset: str) -> None:
    bench.trigger(run_id, asset, which="all")
    bench.succeed(run_id, asset, data=f"{run_id}-{asset}")


def publish(bench: Bench, run_id: str, *, asset: str, version: int) -> None:
    requested(bench, run_id, asset=asset)
    tables = (prepared(bench, asset, version=version),)
    bench.ask(start_publication(StartPublication(run_id=run_id, tables=tables)))
    bench.ask(publish_run(run_id))


def start(bench: Bench, *, version: int, compaction_id: str = "C") -> tuple[Payload, ...]:
    command = StartCompaction(
        compaction_id=compaction_id,
        table=prepared(bench, "raw.a", version=version),
        files=(FILE,),
        files_removed=9,
        bytes_removed=90,
        bytes_added=10,
        actor="ann",
    )
    return bench.ask(start_compaction(command))


def pinned(bench: Bench) -> Pin:
    pin = bench.state.get(PINS, "raw.a")
    assert pin is not None
    return pin


def stale_assets(bench: Bench) -> list[str]:
    view = asset_view(bench.state, bench.now)
    return [each.asset for each in stale_partitions(view, list(EDGES))]


@pytest.fixture
def bench() -> Bench:
    bench = Bench()
    bench.deploy(*graph(EDGES))
    publish(bench, "R1", asset="raw.a", version=0)
    publish(bench, "R2", asset="end.b", version=0)
    return bench


def test_a_compaction_moves_the_pin_and_makes_nothing_stale(bench: Bench) -> None:
    before, held = pinned(bench), list(bench.state.range(PARTITION_STATUS))
    stale = stale_assets(bench)
    bench.wait(60)
    assert [type(each).__name__ for each in start(bench, version=1)] == ["CompactionStarted"]
    assert [row.compaction_id for row in started_compactions(bench.state)] == ["C"]
    assert violations(bench.state) == []
    bench.ask(finish_compaction("C"))
    after = pinned(bench)
    assert (after.version, after.run_id, after.compaction_id) == (1, "R1", "C")
    assert after.published_at == before.published_at, "its data is as old as it was"
    assert list(bench.state.range(PARTITION_STATUS)) == held
    assert stale_assets(bench) == stale
    assert recorded_entry(bench.state, "raw.a", version=1) == f"{1:064}"
    assert started_compactions(bench.state) == []
    assert violations(bench.state) == []


def test_a_compaction_that_is_given_up_leaves_everything_as_it_was(bench: Bench) -> None:
    before = pinned(bench)
    start(bench, version=1)
    bench.ask(abandon_compaction("C", "another program wrote"))
    assert pinned(bench) == before
    row = bench.state.get(COMPACTIONS, "C")
    assert row is not None and row.message == "another program wrote" and row.files == ()
    assert bench.ask(finish_compaction("C")) == ()
    assert bench.ask(abandon_compaction("C", "again")) == ()
    assert violations(bench.state) == []
    assert start(bench, version=1, compaction_id="D"), "the table is free"


def test_one_mover_a_table_at_a_time(bench: Bench) -> None:
    start(bench, version=1)
    assert start(bench, version=1, compaction_id="D") == ()
    requested(bench, "R3", asset="raw.a")
    assert startable_publications(bench.state) == [], "it waits for the compaction"
    bench.ask(finish_compaction("C"))
    assert [row.run_id for row in startable_publications(bench.state)] == ["R3"]
    tables = (prepared(bench, "raw.a", version=2),)
    bench.ask(start_publication(StartPublication(run_id="R3", tables=tables)))
    assert start(bench, version=2, compaction_id="E") == (), "a run publishes it"
    assert violations(bench.state) == []


def test_a_compaction_of_a_version_that_moved_is_not_started(bench: Bench) -> None:
    publish(bench, "R3", asset="raw.a", version=1)
    assert start(bench, version=1) == ()


def test_what_a_compaction_under_way_wrote_is_no_garbage(bench: Bench) -> None:
    assert unowned(bench.state, [FILE]) == [FILE]
    start(bench, version=1)
    assert unowned(bench.state, [FILE]) == []
    bench.ask(finish_compaction("C"))
    assert unowned(bench.state, [FILE]) == [FILE], "from now on the table's log says who needs it"


def test_a_checkpoint_is_due_so_many_versions_after_the_last_one(bench: Bench) -> None:
    policy = MaintenancePolicy(checkpoint_versions=3)
    for version in (1, 2, 3):
        assert not is_checkpoint_due(bench.state, pinned(bench), policy=policy)
        publish(bench, f"S{version}", asset="raw.a", version=version)
    assert is_checkpoint_due(bench.state, pinned(bench), policy=policy)
    assert not is_checkpoint_due(
        bench.state, pinned(bench), policy=MaintenancePolicy(checkpoint_versions=0)
    )
    bench.ask(record_checkpoint(pinned(bench)))
    assert not is_checkpoint_due(bench.state, pinned(bench), policy=policy)
    assert bench.ask(record_checkpoint(pinned(bench))) == ()


def test_a_table_has_the_policy_of_its_name_then_of_a_pattern_then_of_the_project() -> None:
    said: dict[str, Any] = {
        "files_min": 20,
        "tables": {"raw.*": {"compact": False}, "raw.a": {"files_min": 3}},
    }
    maintenance = msgspec.convert(said, Maintenance)
    assert maintenance.policy("raw.a") == MaintenancePolicy(files_min=3)
    assert maintenance.policy("raw.b") == MaintenancePolicy(files_min=20, compact=False)
    assert maintenance.policy("end.b") == MaintenancePolicy(files_min=20)


@pytest.mark.parametrize(
    "said", [{"files_min": 1}, {"file_size": 3}, {"tables": {"raw.a": {"compakt": True}}}]
)
def test_a_policy_that_makes_no_sense_is_refused(said: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(said, Maintenance)


def table(*sizes: tuple[str | None, int]) -> TableSnapshot:
    """A table partitioned by day, a file for each (day, size)."""
    return TableSnapshot(
        version=4,
        schema='{"type":"struct","fields":[]}',
        metadata_id="T",
        partition_columns=("day",),
        files=tuple(
            TableFile(path=f"{index:03}.parquet", size_bytes=size, partition_values={"day": day})
            for index, (day, size) in enumerate(sizes)
        ),
        protocol=Protocol(),
        configuration={},
    )


def test_small_files_of_one_partition_belong_together_and_large_ones_stay() -> None:
    half = BYTES_PER_MEGABYTE // 2
    policy = MaintenancePolicy(files_min=3, file_megabytes=1)
    few = table(*[("a", 9)] * 2, *[("b", 9)] * 2, *[(None, 9)] * 2)
    assert bins_of(few, policy) == []
    many = table(*[("a", 9)] * 3, ("a", half), *[("b", 9)] * 2, *[(None, 9)] * 3)
    assert [[file.path for file in each.files] for each in bins_of(many, policy)] == [
        ["000.parquet", "001.parquet", "002.parquet"],
        ["006.parquet", "007.parquet", "008.parquet"],
    ]


def test_a_file_does_not_become_larger_than_the_policy_says() -> None:
    third = BYTES_PER_MEGABYTE // 3
    found = bins_of(table(*[("a", third)] * 7), MaintenancePolicy(files_min=2, file_megabytes=1))
    assert [len(each.files) for each in found] == [3, 3], "one alone stays as it is"
    assert all(each.size_bytes <= BYTES_PER_MEGABYTE for each in found)


def test_the_entry_of_a_compaction_says_that_no_row_changes() -> None:
    before = table(("a", 9), ("a", 9))
    rewriting = Rewriting(
        table_id="T",
        compaction_id="C",
        removed=before.files,
        added=(TableFile(path="new.parquet", size_bytes=12, partition_values={"day": "a"}),),
        committed_at_ms=7,
    )
    entry = delta.entry(compacted(rewriting, before), before)
    lines = [msgspec.json.decode(line) for line in entry.splitlines()]
    assert lines[0]["commitInfo"]["operation"] == "OPTIMIZE"
    assert [next(iter(line)) for line in lines[1:]] == ["remove", "remove", "add"]
    assert {body["dataChange"] for line in lines[1:] for body in line.values()} == {False}
    only_appended = msgspec.structs.replace(before, configuration={"delta.appendOnly": "true"})
    assert delta.entry(compacted(rewriting, only_appended), only_appended), "no row is taken away"
