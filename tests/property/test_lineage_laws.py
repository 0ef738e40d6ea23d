"""Law: lineage answers the same from arrays of files as from rows, at every slot, whatever was
written, snapshotted, evicted or reopened between.

The judge is a set of edges and a breadth-first search over it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TypeAlias

from hypothesis import given
from hypothesis import strategies as st

from arco.engine import snapshot
from arco.engine.database import Database
from arco.engine.past import Past, state_at
from arco.engine.sizes import Sizes
from arco.lineage.columns import ColumnSource, ColumnsTraced, DatasetTrace, TraceMethod, in_order
from arco.lineage.domain import DOMAIN
from arco.lineage.events import ObservedRead, ReadsRecorded
from arco.lineage.graph import COLUMNS, OWN, StateGraph
from arco.lineage.impact import column_impact, column_origins
from arco.lineage.walks import shortest_path, walk_down, walk_up
from arco.model import Event, Key, Payload, Relation, State
from arco.runtime import AsyncioRuntime
from arco.store.memory import MemoryStore

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
NAMES = ("a.a", "a.b", "b.é", "b.b", "c.", "ab.a", "z.z", "long.name")
COLUMN_NAMES = ("", "x", "y", "\U0001f40d")
Edge: TypeAlias = tuple[Key, Key]
Step: TypeAlias = str | Payload

DATASETS = st.sampled_from(NAMES)
READS = st.lists(st.tuples(DATASETS, DATASETS), max_size=6)
TRACES = st.dictionaries(
    DATASETS,
    st.lists(
        st.tuples(st.sampled_from(COLUMN_NAMES), DATASETS, st.sampled_from(COLUMN_NAMES[1:])),
        max_size=5,
    ),
    max_size=3,
)
STEPS = st.lists(
    READS | TRACES | st.sampled_from(["snapshot", "open", "ask"]), min_size=1, max_size=14
)
SIZES = st.builds(
    Sizes,
    cache_bytes=st.sampled_from([0, 1_000_000]),
    hot_changes=st.sampled_from([1, 8]),
    small_rows=st.sampled_from([0, 5]),
    rows_per_group=st.sampled_from([1, 3]),
    rows_per_file=st.sampled_from([3, 60]),
    fan_out=st.sampled_from([2, 8]),
    inline_files=st.sampled_from([0, 2]),
    files_per_page=st.sampled_from([1, 3]),
)


class Known:
    """The edges that stand, as sets."""

    def __init__(self) -> None:
        self.reads: set[Edge] = set()
        self.columns: set[Edge] = set()

    def add(self, step: Sequence[tuple[str, str]] | Mapping[str, Sequence[Sequence[str]]]) -> None:
        """What a step says stands."""
        if isinstance(step, Mapping):
            for dataset, sources in step.items():
                self.columns = {edge for edge in self.columns if edge[1][0] != dataset}
                self.columns |= {((up, name), (dataset, own)) for own, up, name in sources}
        else:
            self.reads |= {((up,), (down,)) for up, down in step}


def payload(
    step: Sequence[tuple[str, str]] | Mapping[str, Sequence[Sequence[str]]], n: int
) -> Payload:
    """The event that records a step."""
    at = NOON + timedelta(seconds=n)
    if isinstance(step, Mapping):
        traces = tuple(
            DatasetTrace(
                dataset=dataset,
                method=TraceMethod.QUERY,
                sources=in_order(ColumnSource(*each) for each in sources),
            )
            for dataset, sources in step.items()
        )
        return ColumnsTraced(traces=traces, run_id=f"r{n}", traced_at=at)
    reads = tuple(ObservedRead(upstream=up, downstream=down) for up, down in step)
    return ReadsRecorded(run_id=f"r{n}", reads=reads, recorded_at=at)


def nodes_of(relation: Relation) -> list[Key]:
    """Every node there may be, and one that there is not."""
    if relation is OWN:
        return [*((name,) for name in NAMES), ("none",)]
    return [(name, column) for name in NAMES for column in COLUMN_NAMES]


def check_edges(state: State, known: Known) -> None:
    """Both directions of both relations are what is known."""
    for relation, edges in ((OWN, known.reads), (COLUMNS, known.columns)):
        nodes = nodes_of(relation)
        for graph in (state, StateGraph(state)):
            below = list(graph.below(relation, nodes))
            above = list(graph.above(relation, nodes))
            assert below == in_node_order(nodes, edges)
            assert above == in_node_order(nodes, {(far, near) for near, far in edges})


def in_node_order(nodes: Sequence[Key], edges: Iterable[Edge]) -> list[Edge]:
    """The edges in the order of the nodes, then of their far ends."""
    return sorted(edges, key=lambda edge: (nodes.index(edge[0]), edge[1]))


def distances(start: Key, edges: Iterable[Edge]) -> dict[Key, int]:
    """How far every node is, by the plainest search."""
    found, hop = {start: 0}, 0
    while True:
        hop += 1
        reached = {far for near, far in edges if near in found and far not in found}
        if not reached:
            return found
        found.update(dict.fromkeys(reached, hop))


def check_walks(state: State, known: Known) -> None:
    """Walks, ways, origins and impact agree with the plainest search."""
    turned = {(far, near) for near, far in known.reads}
    for name in NAMES:
        far = distances((name,), known.reads)
        down, up = walk_down(state, name, hops=99), walk_up(state, name, hops=2)
        assert {(s.upstream, s.downstream, s.hop) for s in down.steps} == {
            (near[0], end[0], far[near] + 1) for near, end in known.reads if near in far
        }
        above = distances((name,), turned)
        assert {(s.upstream, s.downstream) for s in up.steps} == {
            (end[0], near[0]) for near, end in turned if above.get(near, 9) < 2
        }
        for other in NAMES:
            way = shortest_path(state, upstream=name, downstream=other)
            assert len(way) == far.get((other,), -1) + 1
            assert all(((a,), (b,)) in known.reads for a, b in pairwise(way))


def check_columns(state: State, known: Known) -> None:
    """Origins are what a search upward comes by; values that depend are what one downward does."""
    turned = {(far, near) for near, far in known.columns}
    for node in nodes_of(COLUMNS):
        dataset, column = node
        found = column_origins(state, dataset, column=column).origins
        reached = distances(node, turned)
        assert {(o.dataset, o.column, o.upstream, o.upstream_column) for o in found} == {
            (*near, *far) for near, far in turned if near in reached
        }
        if column:
            values = {
                (each.dataset, each.column)
                for each in column_impact(state, dataset, column=column).affected
                if each.column
            }
            plain = {(near, far) for near, far in known.columns if far[1]}
            wanted = {far for near, far in plain if near in distances(node, plain)}
            assert values == wanted


def check(state: State, known: Known) -> None:
    """Everything that lineage answers."""
    check_edges(state, known)
    check_walks(state, known)
    check_columns(state, known)


@given(steps=STEPS, sizes=SIZES)
def test_lineage_answers_the_same_from_arrays_as_from_rows_at_every_slot(
    steps: Sequence[object], sizes: Sizes
) -> None:
    asyncio.run(live(steps, sizes))


async def live(steps: Sequence[object], sizes: Sizes) -> None:
    """The steps, one after the other; then the state after each of them is asked once more."""
    store, known = MemoryStore(), Known()
    database = await opened(store, sizes)
    moments: list[tuple[int, set[Edge], set[Edge]]] = []
    for number, step in enumerate(steps):
        if step == "snapshot":
            await snapshot.publish(database)
        elif step == "open":
            database = await opened(store, sizes)
        elif step != "ask":
            await recorded(database, step, number=number, known=known)
        await database.asked(lambda state: check_edges(state, known))
        moments.append((database.seq, set(known.reads), set(known.columns)))
    await database.asked(lambda state: check(state, known))
    past: Past = await state_at(database, moments[len(moments) // 2][0])
    _, known.reads, known.columns = moments[len(moments) // 2]
    await past.asked(lambda state: check_edges(state, known))


async def opened(store: MemoryStore, sizes: Sizes) -> Database:
    """A process that knows nothing yet."""
    return await Database.open(
        store, AsyncioRuntime(), domains=(DOMAIN,), writer="test", sizes=sizes
    )


async def recorded(database: Database, step: object, *, number: int, known: Known) -> None:
    """The step is committed, and known."""
    event = payload(step, number)  # type: ignore[arg-type]
    await database.transact(lambda state, now: [Event(event)])
    known.add(step)  # type: ignore[arg-type]
