"""Plans: which tasks a run has, in which order, and what identifies the plan.

A pure function of definitions and chosen partitions: the same bytes on any machine and any hash
seed. Must not know runs, state or where the choice came from.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from arco.canonical import canonical_json
from arco.errors import Invalid
from arco.ids import sha256
from arco.orchestration.definitions import AssetDefinition
from arco.orchestration.rows import PlannedTask, PlanRow
from arco.orchestration.views import Partitioning, upstream_keys

PLAN_VERSION = 1
TASKS_MAX = 100_000


class Plan(msgspec.Struct, frozen=True):
    """Tasks in an order in which every upstream comes first, and the plan's identity."""

    tasks: tuple[PlannedTask, ...]
    fingerprint: str


class TaskDependency(msgspec.Struct, frozen=True, kw_only=True):
    """One edge of a run's plan."""

    run_id: str
    index: int
    task_key: str
    upstream_index: int
    upstream_task_key: str


def plan_run(
    definitions: Mapping[str, AssetDefinition],
    chosen: Mapping[str, Sequence[str]],
    *,
    at: Partitioning,
    tenant: str,
    workspace: str,
) -> Plan:
    """The plan that materializes the chosen partitions of each asset."""
    tasks = plan_tasks(definitions, chosen, at=at)
    fingerprint = plan_fingerprint(tasks, definitions, tenant=tenant, workspace=workspace)
    return Plan(tasks, fingerprint)


def plan_tasks(
    definitions: Mapping[str, AssetDefinition],
    chosen: Mapping[str, Sequence[str]],
    *,
    at: Partitioning,
) -> tuple[PlannedTask, ...]:
    """One task per chosen partition: assets by distance from their sources, then by key.

    Raises: Invalid ASSET_CYCLE, PLAN_TOO_LARGE.
    """
    _refuse_too_many(chosen)
    places: dict[str, dict[str, int]] = {}
    tasks: list[PlannedTask] = []
    for key in upstream_first(definitions, chosen):
        asset = definitions[key]
        edges = _Edges(definitions, asset, places, at)
        start = len(tasks)
        tasks += [
            PlannedTask(key, partition, edges.upstreams(partition), asset.priority)
            for partition in chosen[key]
        ]
        places[key] = {partition: start + i for i, partition in enumerate(chosen[key])}
    return tuple(tasks)


def plan_fingerprint(
    tasks: Sequence[PlannedTask],
    definitions: Mapping[str, AssetDefinition],
    *,
    tenant: str,
    workspace: str,
) -> str:
    """`sha256:` and the hash of the plan's canonical form; ids and order are left out.

    Source: docs/architecture, "Identity".
    """
    keys = [task.key for task in tasks]
    described = [
        {
            "key": key,
            "upstreamKeys": sorted([keys[up] for up in task.upstreams]),
            "priority": task.priority,
            "resources": _resources(definitions[task.asset]),
        }
        for key, task in zip(keys, tasks, strict=True)
    ]
    described.sort(key=lambda task: str(task["key"]))
    identity = {
        "version": PLAN_VERSION,
        "tenantId": tenant,
        "workspaceId": workspace,
        "tasks": described,
    }
    return "sha256:" + sha256(f"arco-plan:v{PLAN_VERSION}:".encode() + canonical_json(identity))


def upstream_first(
    definitions: Mapping[str, AssetDefinition], keys: Mapping[str, object] | Sequence[str]
) -> list[str]:
    """The assets by distance from their sources among `keys`, then by key.

    Raises: Invalid ASSET_CYCLE with the cycle.
    """
    asked = sorted(keys)
    inside = set(asked)
    waits = {key: _inner_upstreams(definitions[key], inside) for key in asked}
    below: dict[str, list[str]] = defaultdict(list)
    for key, upstreams in waits.items():
        for upstream in upstreams:
            below[upstream].append(key)
    missing = {key: len(upstreams) for key, upstreams in waits.items()}
    ordered: list[str] = []
    level = [key for key in asked if not missing[key]]
    while level:
        ordered += level
        level = sorted(_freed(level, below, missing=missing))
    if len(ordered) < len(asked):
        raise _cycle_error(waits, set(asked).difference(ordered))
    return ordered


def dependencies(plan: PlanRow) -> Iterator[TaskDependency]:
    """The rows of `system.orchestration.dependencies` for one run."""
    keys = [task.key for task in plan.tasks]
    for index, task in enumerate(plan.tasks):
        for upstream in task.upstreams:
            yield TaskDependency(
                run_id=plan.run_id,
                index=index,
                task_key=keys[index],
                upstream_index=upstream,
                upstream_task_key=keys[upstream],
            )


class _Edges:
    """The upstream tasks of one asset's partitions, looked up per partition."""

    def __init__(
        self,
        definitions: Mapping[str, AssetDefinition],
        asset: AssetDefinition,
        places: Mapping[str, Mapping[str, int]],
        at: Partitioning,
    ) -> None:
        self._asset = asset
        self._at = at
        self._inner = [
            (dependency, definitions[dependency.upstream], places[dependency.upstream])
            for dependency in asset.dependencies
            if dependency.upstream in places
        ]

    def upstreams(self, key: str) -> tuple[int, ...]:
        """Indices of the tasks of this run that `key` needs, ascending, each once."""
        found: set[int] = set()
        for dependency, upstream, places in self._inner:
            wanted = upstream_keys(
                dependency, key, downstream=self._asset, upstream=upstream, at=self._at
            )
            if len(wanted) <= len(places):
                found.update(places[name] for name in wanted if name in places)
            else:
                found.update(index for name, index in places.items() if name in wanted)
        return tuple(sorted(found))


def _refuse_too_many(chosen: Mapping[str, Sequence[str]]) -> None:
    count = sum(len(keys) for keys in chosen.values())
    if count > TASKS_MAX:
        raise Invalid(
            "PLAN_TOO_LARGE",
            f"This run would have {count:,} tasks; {TASKS_MAX:,} is the most.",
            hint="Name fewer assets, or a range of partitions with --partition.",
        )


def _inner_upstreams(asset: AssetDefinition, inside: set[str]) -> set[str]:
    return {dependency.upstream for dependency in asset.dependencies} & inside


def _freed(
    level: Sequence[str], below: Mapping[str, Sequence[str]], *, missing: dict[str, int]
) -> Iterator[str]:
    for key in level:
        for waiting in below.get(key, ()):
            missing[waiting] -= 1
            if not missing[waiting]:
                yield waiting


def _cycle_error(waits: Mapping[str, set[str]], stuck: set[str]) -> Invalid:
    path = [min(stuck)]
    while path[-1] not in path[:-1]:
        path.append(min(waits[path[-1]] & stuck))
    cycle = path[path.index(path[-1]) :]
    return Invalid(
        "ASSET_CYCLE",
        f"These assets depend on each other in a circle: {' <- '.join(cycle)}.",
        hint="Remove one of these dependencies.",
        cycle=cycle,
    )


def _resources(asset: AssetDefinition) -> dict[str, int]:
    return {
        "memoryBytes": asset.memory_bytes,
        "cpuMillicores": asset.cpu_millicores,
        "timeoutMs": asset.timeout_ms,
    }


__all__ = [
    "PLAN_VERSION",
    "TASKS_MAX",
    "Plan",
    "TaskDependency",
    "dependencies",
    "plan_fingerprint",
    "plan_run",
    "plan_tasks",
    "upstream_first",
]
