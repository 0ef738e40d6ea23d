"""The catalog and lineage domains: given events, when more happen, then these rows stand."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from arco.catalog.commands import PublishedVersion, PublishVersions, publish_versions
from arco.catalog.domain import DOMAIN as CATALOG
from arco.catalog.events import ObjectDropped, PublishedColumn
from arco.catalog.finding import find_table
from arco.catalog.tables import COLUMNS, NAMESPACES, TABLES, TAGS
from arco.errors import NotFound
from arco.lineage.domain import DOMAIN as LINEAGE
from arco.lineage.events import ObservedRead, ReadsRecorded, ReadsRecordedV2
from arco.lineage.tables import EDGES, OBSERVATIONS, RECORDED_RUNS, RECORDINGS
from arco.lineage.walks import walk_down, walk_up
from arco.model import Event
from arco.testing.folding import MemoryState

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def version(
    name: str, number: int, *, table_id: str = "", columns: Iterable[str] = ("a", "b")
) -> PublishedVersion:
    return PublishedVersion(
        table_id=table_id or f"id-{name}",
        namespace="raw",
        name=name,
        version=number,
        columns=tuple(PublishedColumn(column, "long") for column in columns),
        rows=10,
        size_bytes=100,
        files=1,
        location=f"warehouse/id-{name}/",
    )


def published(state: MemoryState, *versions: PublishedVersion) -> list[Event]:
    command = PublishVersions(versions=versions, run_id="r", actor="me", mint=lambda name: name)
    return publish_versions(command, state, now=NOON)


def catalog_with(*versions: PublishedVersion) -> MemoryState:
    state = MemoryState(CATALOG)
    state.fold([event.payload for event in published(state, *versions)])
    return state


def lineage_of(*edges: tuple[str, str]) -> MemoryState:
    reads = tuple(ObservedRead(upstream=up, downstream=down) for up, down in edges)
    state = MemoryState(LINEAGE)
    state.fold([ReadsRecorded(run_id="r1", reads=reads, recorded_at=NOON)])
    return state


def test_a_first_version_names_catalog_namespace_table_and_columns() -> None:
    state = catalog_with(version("flights", 0))
    table = find_table(state, "raw.flights")
    assert (table.version, table.rows, table.full_name) == (0, 10, "raw.flights")
    assert [row.name for row in state.range(COLUMNS, table.table_id)] == ["a", "b"]
    assert [row.name for row in state.range(NAMESPACES)] == ["raw"]


def test_two_tables_of_one_run_share_the_namespace_they_create() -> None:
    state = catalog_with(version("flights", 0), version("planes", 0))
    assert len(list(state.range(NAMESPACES))) == 1
    assert len(list(state.range(TABLES))) == 2


def test_a_version_never_moves_back() -> None:
    state = catalog_with(version("flights", 3))
    events = published(state, version("flights", 1))
    state.fold([event.payload for event in events])
    assert find_table(state, "raw.flights").version == 3


def test_a_narrower_schema_drops_the_columns_that_are_gone() -> None:
    state = catalog_with(version("flights", 0, columns=("a", "b", "c")))
    events = published(state, version("flights", 1, columns=("a", "d")))
    state.fold([event.payload for event in events])
    assert [row.name for row in state.range(COLUMNS, "id-flights")] == ["a", "d"]


def test_a_name_belongs_to_one_table_and_the_next_one_ends_like_its_id() -> None:
    state = catalog_with(version("flights", 0))
    events = published(state, version("flights", 0, table_id="another-12345678"))
    state.fold([event.payload for event in events])
    assert find_table(state, "raw.flights").table_id == "id-flights"
    assert find_table(state, "raw.flights_12345678").table_id == "another-12345678"


def test_a_run_brings_the_dropped_table_back_that_it_publishes() -> None:
    state = catalog_with(version("flights", 0))
    dropped = ObjectDropped(
        object_id="id-flights", revision=2, dropped_at=NOON, purge_after=NOON + timedelta(days=7)
    )
    state.fold([dropped])
    with pytest.raises(NotFound):
        find_table(state, "raw.flights")
    again = msgspec.structs.replace(version("flights", 1), tags={"layer": "raw"})
    state.fold([event.payload for event in published(state, again)])
    assert find_table(state, "raw.flights").version == 1
    assert [tag.value for tag in state.range(TAGS, "id-flights")] == ["raw"]
    assert published(state, again)[0].payload == published(state, again)[-1].payload


def test_a_table_that_is_not_there_says_so() -> None:
    with pytest.raises(NotFound, match=r"raw\.nothing"):
        find_table(catalog_with(), "raw.nothing")


def test_repeated_catalog_events_change_nothing() -> None:
    state = catalog_with(version("flights", 0))
    before = list(state.range(TABLES))
    events = published(MemoryState(CATALOG), version("flights", 0))
    state.fold([event.payload for event in events])
    assert list(state.range(TABLES)) == before


def test_walks_go_hop_by_hop_and_end_at_cycles() -> None:
    state = lineage_of(("a", "b"), ("b", "c"), ("c", "a"), ("c", "d"))
    up = [(step.hop, step.upstream) for step in walk_up(state, "d", hops=9).steps]
    assert up == [(1, "c"), (2, "b"), (3, "a"), (4, "c")]
    down = {step.downstream for step in walk_down(state, "a", hops=2).steps}
    assert down == {"b", "c"}


def test_recordings_count_once_in_turn_and_leave_no_row_for_each_run() -> None:
    state = lineage_of(("a", "b"))
    assert [row.run_id for row in state.range(RECORDED_RUNS)] == ["r1"]
    read = ObservedRead(upstream="a", downstream="b", upstream_version=7)
    later = [
        ReadsRecordedV2(run_id=f"r{number}", reads=(read,), recorded_at=NOON, number=number - 1)
        for number in range(2, 9)
    ]
    state.fold([*later, later[0], later[3]])
    edge = state.get(EDGES, "b", "a")
    assert edge is not None
    assert (edge.run_id, edge.upstream_version) == ("r8", 7)
    assert [row.number for row in state.range(RECORDINGS)] == [7]
    assert list(state.range(RECORDED_RUNS)) == []


def test_recording_a_run_twice_changes_nothing_even_after_a_newer_run() -> None:
    state = lineage_of(("a", "b"))
    read = ObservedRead(upstream="a", downstream="b", upstream_version=7)
    newer = ReadsRecorded(run_id="r2", reads=(read,), recorded_at=NOON)
    older = ReadsRecorded(
        run_id="r1", reads=(ObservedRead(upstream="a", downstream="b"),), recorded_at=NOON
    )
    state.fold([newer, older])
    edge = state.get(EDGES, "b", "a")
    assert edge is not None
    assert (edge.run_id, edge.upstream_version) == ("r2", 7)
    assert [row.run_id for row in state.range(OBSERVATIONS)] == ["r2"]
