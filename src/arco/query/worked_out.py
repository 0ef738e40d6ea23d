"""Tables of `system.*` that nobody keeps: worked out from rows when a statement reads them.

Law: they say what the state they are given holds, so what a caller may not know of is not in them.
Must not know who asks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias

import msgspec

from arco.access.tables import KEYS
from arco.lineage.columns import TRACED_DATASETS, TraceMethod
from arco.lineage.foreign import FOREIGN_EDGES
from arco.lineage.tables import EDGES
from arco.model import Misses, State, Table
from arco.orchestration.attempts import Attempt, attempts_of
from arco.orchestration.tables import PLANS
from arco.service.granting import KeyLine, key_line
from arco.service.lineage import kind_of

Question: TypeAlias = Callable[[State], Sequence[msgspec.Struct]]


class TaskDependency(msgspec.Struct, frozen=True, kw_only=True):
    """One task of a run waits for another."""

    run_id: str
    task_key: str
    upstream_task_key: str


class LineageDataset(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was read or made: how much it is connected, and how its columns are known."""

    dataset: str
    kind: str
    """`asset`, `table` or `view`; `foreign` for what the catalog does not hold."""
    upstreams: int
    """How many datasets it was made from directly."""
    downstreams: int
    """How many datasets were made from it directly."""
    method: TraceMethod | None = None
    """How its columns are known; null: nothing was ever said of them."""
    reason: str = ""
    """Why its columns are not known."""
    column_edges: int
    """How many edges its columns have to columns that they come from."""
    recorded_at: datetime | None = None
    """When it was made or read last, as far as edges tell."""


DEPENDENCIES = Table(
    "orchestration.dependencies", TaskDependency, ("run_id", "task_key", "upstream_task_key")
)
ATTEMPTS = Table("orchestration.attempts", Attempt, ("run_id", "task_key", "attempt"))
DATASETS = Table("lineage.datasets", LineageDataset, ("dataset",))
KEY_LINES = Table(KEYS.name, KeyLine, KEYS.key)


def task_dependencies(state: State) -> list[TaskDependency]:
    """One row per task and upstream task, over the plans of all runs."""
    return [
        TaskDependency(
            run_id=plan.run_id, task_key=task.key, upstream_task_key=plan.tasks[upstream].key
        )
        for plan in state.range(PLANS)
        for task in plan.tasks
        for upstream in task.upstreams
    ]


def lineage_datasets(state: State) -> list[LineageDataset]:
    """Every dataset that lineage knows of, by name. Cost: all edges, and a few look-ups each."""
    pairs: dict[tuple[str, str], datetime] = {}
    for upstream, downstream, told_at in _edges(state):
        known = pairs.get((upstream, downstream), told_at)
        pairs[upstream, downstream] = max(known, told_at)
    ups = Counter(downstream for _, downstream in pairs)
    downs = Counter(upstream for upstream, _ in pairs)
    newest: dict[str, datetime] = {}
    for pair, told_at in pairs.items():
        newest |= {each: max(newest.get(each, told_at), told_at) for each in pair}
    traced = {row.dataset: row for row in state.range(TRACED_DATASETS)}
    names = sorted(newest.keys() | traced.keys())
    found = []
    for name, kind in zip(names, _kinds(state, names), strict=True):
        trace = traced.get(name)
        found.append(
            LineageDataset(
                dataset=name,
                kind=kind,
                upstreams=ups[name],
                downstreams=downs[name],
                method=trace.method if trace else None,
                reason=trace.reason if trace else "",
                column_edges=trace.edges if trace else 0,
                recorded_at=newest.get(name),
            )
        )
    return found


def key_lines(state: State) -> list[KeyLine]:
    """Every API key, without what could open anything."""
    return [key_line(row) for row in state.range(KEYS)]


def _edges(state: State) -> Iterable[tuple[str, str, datetime]]:
    """Upstream, downstream and when it was told last; of our runs and of other systems."""
    for edge in state.range(EDGES):
        yield edge.upstream, edge.downstream, edge.recorded_at
    for reported in state.range(FOREIGN_EDGES):
        yield reported.upstream, reported.downstream, reported.reported_at


def _kinds(state: State, names: Sequence[str]) -> list[str]:
    """What each dataset is; cold rows are asked for together."""
    misses, kinds = Misses(), list[str]()
    for name in names:
        with misses:
            kinds.append(kind_of(state, name))
    misses.settle()
    return kinds


WORKED_OUT: tuple[Table[Any], ...] = (DEPENDENCIES, ATTEMPTS, DATASETS)
"""Those that have a name for everybody."""
QUESTIONS: Mapping[str, Question] = {
    DEPENDENCIES.name: task_dependencies,
    ATTEMPTS.name: attempts_of,
    DATASETS.name: lineage_datasets,
    KEY_LINES.name: key_lines,
}

__all__ = [
    "ATTEMPTS",
    "DATASETS",
    "DEPENDENCIES",
    "KEY_LINES",
    "QUESTIONS",
    "WORKED_OUT",
    "LineageDataset",
    "Question",
    "TaskDependency",
    "key_lines",
    "lineage_datasets",
    "task_dependencies",
]
