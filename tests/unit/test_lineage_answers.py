"""Lineage answers: evidence of edges, what a bad version went into, capped hubs, graphs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import pytest

from arco.cli.telling_lineage import impact_lines, path_lines
from arco.errors import NotFound
from arco.lineage.columns import ColumnSource, ColumnsTraced, DatasetTrace, TraceMethod
from arco.lineage.domain import DOMAIN
from arco.lineage.events import ObservedRead, ReadsRecorded
from arco.lineage.evidence import Certainty, LineagePath, edge_story, evidence_of
from arco.lineage.exports import impact_mermaid, origins_mermaid, partitions_mermaid, path_mermaid
from arco.lineage.foreign import (
    ForeignRunReported,
    NameReference,
    RunEventType,
    RunReference,
    foreign_runs_reported,
)
from arco.lineage.impact import PLACES_MAX, column_impact, column_origins, partition_impact
from arco.lineage.walks import DATASETS_MAX, walk_down
from arco.query.worked_out import lineage_datasets
from arco.service.lineage import require_dataset, require_edge
from arco.testing.folding import MemoryState

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def read(up: str, down: str, *, partition: str = "", version: int = 0) -> ObservedRead:
    """`down` was made from `up`, each partition from the same one."""
    return ObservedRead(
        upstream=up,
        downstream=down,
        partition_key=partition,
        upstream_partition_keys=(partition,) if partition else (),
        upstream_version=version,
        downstream_version=version + 100,
    )


def state_of(reads: Iterable[ObservedRead], *traces: DatasetTrace) -> MemoryState:
    state = MemoryState(DOMAIN)
    state.fold([ReadsRecorded(run_id="r1", reads=tuple(reads), recorded_at=NOON)])
    state.fold([ColumnsTraced(traces=traces, run_id="r1", traced_at=NOON)])
    return state


def reported(state: MemoryState, up: str, *, down: str) -> None:
    """Another system reports that it made `down` from `up`."""
    fact = ForeignRunReported(
        run=RunReference("f1"),
        job=NameReference("dbt", "nightly"),
        event_time=NOON,
        event_type=RunEventType.COMPLETE,
        inputs=(NameReference("arco", up),),
        outputs=(NameReference("arco", down),),
    )
    state.apply(list(foreign_runs_reported(state, [fact])))


def traced(dataset: str, method: TraceMethod, *sources: str) -> DatasetTrace:
    """Each source is `column <- upstream.column`."""
    parts = (source.split(" <- ") for source in sources)
    found = (ColumnSource(column, *upstream.rsplit(".", 1)) for column, upstream in parts)
    return DatasetTrace(dataset=dataset, method=method, sources=tuple(found))


def test_an_edge_says_which_run_made_it_from_which_version_and_how_sure_that_is() -> None:
    state = state_of([read("a.a", "b.b", version=7)])
    reported(state, "b.b", down="c.c")
    reported(state, "a.a", down="b.b")
    ours, theirs = evidence_of(state, [("a.a", "b.b"), ("b.b", "c.c"), ("c.c", "a.a")])
    assert (ours.certainty, ours.run_id) == (Certainty.OBSERVED, "r1")
    assert (ours.upstream_version, ours.downstream_version) == (7, 107)
    assert (theirs.certainty, theirs.run_id, theirs.job) == (
        Certainty.REPORTED,
        "f1",
        "dbt/nightly",
    )
    lines = path_lines(LineagePath(("a.a", "b.b", "c.c"), (ours, theirs)))
    assert lines == [
        "a.a",
        "  -> b.b  (version 107, from version 7, by run r1)",
        "  -> c.c  (reported by dbt/nightly)",
    ]


def test_the_story_of_an_edge_has_its_partitions_and_columns_and_why_there_are_none() -> None:
    state = state_of(
        [read("a.a", "b.b", partition="m=i:1"), read("a.a", "b.b", partition="m=i:2")],
        traced("b.b", TraceMethod.DECLARED, "x <- a.a.y", "z <- q.q.z"),
        DatasetTrace(dataset="c.c", method=TraceMethod.UNKNOWN, reason="a pivot"),
    )
    story = edge_story(state, upstream="a.a", downstream="b.b")
    assert story is not None
    assert story.columns == (ColumnSource("x", "a.a", "y"),)
    assert story.columns_certainty is Certainty.DECLARED
    assert [each.partition_key for each in story.partitions] == ["m=i:1", "m=i:2"]
    unknown = edge_story(state_of([read("b.b", "c.c")]), upstream="b.b", downstream="c.c")
    assert unknown is not None and unknown.columns_certainty is None
    assert edge_story(state, upstream="b.b", downstream="a.a") is None


def test_every_dataset_is_told_with_how_much_it_is_connected() -> None:
    state = state_of(
        [read("a.a", "b.b", partition="m=i:1"), read("a.a", "b.b", partition="m=i:2")],
        traced("b.b", TraceMethod.DECLARED, "x <- a.a.y", "z <- q.q.z"),
        DatasetTrace(dataset="c.c", method=TraceMethod.UNKNOWN, reason="a pivot"),
    )
    reported(state, "b.b", down="d.d")
    told = [
        (each.dataset, each.upstreams, each.downstreams, each.column_edges, each.reason)
        for each in lineage_datasets(state)
    ]
    assert told == [
        ("a.a", 0, 1, 0, ""),
        ("b.b", 1, 1, 2, ""),
        ("c.c", 0, 0, 0, "a pivot"),
        ("d.d", 1, 0, 0, ""),
    ]
    assert {(each.kind, each.recorded_at) for each in lineage_datasets(state)} == {
        ("foreign", NOON),
        ("foreign", None),
    }


def test_only_what_was_made_from_the_bad_version_is_affected() -> None:
    state = state_of(
        [
            read("a.a", "b.b", partition="m=i:1", version=6),
            read("a.a", "b.b", partition="m=i:2", version=7),
            read("b.b", "c.c", partition="m=i:1", version=3),
            read("b.b", "c.c", partition="m=i:2", version=3),
        ]
    )
    found = partition_impact(state, "a.a", partition_keys=(), version=7)
    assert [(each.dataset, each.partition_key) for each in found.affected] == [
        ("b.b", "m=i:2"),
        ("c.c", "m=i:2"),
    ]
    assert impact_lines(found)[0] == "b.b 2  (from a.a 2 version 7)"
    never = partition_impact(state, "a.a", partition_keys=(), version=8)
    assert impact_lines(never) == ["nothing was made from a.a version 8"]
    graph = partitions_mermaid(found)
    assert '["a.a"]' in graph and '["c.c m=i:2"]' in graph


def test_impact_goes_as_deep_as_it_is_asked_to() -> None:
    state = state_of(
        [read("a.a", "b.b"), read("b.b", "c.c")],
        traced("b.b", TraceMethod.QUERY, "x <- a.a.x"),
        traced("c.c", TraceMethod.QUERY, "x <- b.b.x"),
    )
    near = column_impact(state, "a.a", column="x", hops=1)
    assert [each.dataset for each in near.affected] == ["b.b"]
    assert len(column_impact(state, "a.a", column="x").affected) == 2
    assert column_impact(state, "a.a", column="x", hops=0).affected == ()


def test_a_hub_is_capped_and_says_so() -> None:
    state = state_of(read("hub.hub", f"n.d{number:05}") for number in range(DATASETS_MAX + 5))
    walk = walk_down(state, "hub.hub", hops=5)
    assert walk.truncated and len(walk.steps) == DATASETS_MAX - 1
    impact = column_impact(state, "hub.hub", column="x")
    assert impact.truncated and len(impact.affected) <= PLACES_MAX
    assert impact_lines(impact)[-1] == "… more than can be shown"


def test_impact_origins_and_ways_are_graphs_too() -> None:
    state = state_of(
        [read("a.a", "b.b"), read("b.b", "c.c")],
        traced("b.b", TraceMethod.QUERY, "x <- a.a.x"),
    )
    impact = impact_mermaid(column_impact(state, "a.a", column="x"))
    assert '["b.b.x"]' in impact and "-->" in impact and "-.->" in impact
    origins = origins_mermaid(column_origins(state, "b.b", column="x"))
    assert origins.splitlines()[1:4] == ['  n0["a.a.x"]', '  n1["b.b.x"]', "  n0 --> n1"]
    way = path_mermaid(LineagePath(("a.a", "b.b"), evidence_of(state, [("a.a", "b.b")])))
    assert "n0 --> n1" in way


def test_a_dataset_or_an_edge_that_is_not_there_says_so() -> None:
    state = state_of([read("a.a", "b.b")])
    with pytest.raises(NotFound, match=r"no asset, table or recorded read is called 'x\.x'"):
        require_dataset(state, "x.x")
    reported(state, "a.a", down="ours.too")
    require_dataset(state, "ours.too")
    with pytest.raises(NotFound, match="was not made from"):
        require_edge(state, upstream="ours.too", downstream="a.a")
