"""Plans: which tasks a run has, in which order, and what identifies the plan.

A pure function of definitions and chosen partitions: the same bytes on any machine and any hash
seed. Must not know runs, state or where the choice came from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from operator import attrgetter

import msgspec

from arco.canonical import canonical_piece, canonical_record
from arco.errors import Invalid
from arco.ids import sha256
from arco.orchestration.definitions import AssetDefinition, Dependency
from arco.orchestration.rows import PlannedTask, PlanRow
from arco.orchestration.together import maker
from arco.orchestration.views import Partitioning, upstream_keys

PLAN_VERSION = 1
TASKS_MAX = 100_000
PIECES_MAX = 256
"""What most tasks have in common is spelled once; so many spellings are kept."""


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
    starts: dict[str, int] = {}
    places = _Places(chosen, starts)
    tasks: list[PlannedTask] = []
    for key in upstream_first(definitions, chosen):
        asset = definitions[key]
        if chosen[key]:
            starts[key] = len(tasks)
        edges = _Edges(definitions, asset, places, at)
        tasks += [
            PlannedTask(key, partition, edges.upstreams(partition), asset.priority)
            for partition in chosen[key]
        ]
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
    resources = {asset: _resources(definitions[asset]) for asset in {t.asset for t in tasks}}
    described = [
        _DescribedTask(
            key,
            _number(task.priority),
            resources[task.asset],
            sorted([keys[upstream] for upstream in task.upstreams]),
        )
        for key, task in zip(keys, tasks, strict=True)
    ]
    described.sort(key=attrgetter("key"))
    identity = _Identity(tenant, workspace, described, _number(PLAN_VERSION))
    return "sha256:" + sha256(f"arco-plan:v{PLAN_VERSION}:".encode() + canonical_record(identity))


def upstream_first(
    definitions: Mapping[str, AssetDefinition], keys: Mapping[str, object] | Sequence[str]
) -> list[str]:
    """The assets by distance from their sources among `keys`, then by key.

    Raises: Invalid ASSET_CYCLE with the cycle.
    """
    asked = sorted(keys)
    # Numbers stand for keys, in the same order: they are cheaper to compare and to look up.
    below, missing = _inner_edges(definitions, asked)
    ordered: list[int] = []
    level = [number for number, count in enumerate(missing) if not count]
    while level:
        ordered += level
        level = _freed(level, below, missing=missing)
    if len(ordered) < len(asked):
        stuck = {key for key, count in zip(asked, missing, strict=True) if count}
        raise _cycle_error({key: _others_read(definitions[key]) & stuck for key in stuck})
    return [asked[number] for number in ordered]


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


class _DescribedTask(msgspec.Struct, gc=False, rename="camel"):
    key: str
    priority: msgspec.Raw
    resources: msgspec.Raw
    upstream_keys: list[str]


class _Identity(msgspec.Struct, rename="camel"):
    tenant_id: str
    workspace_id: str
    tasks: list[_DescribedTask]
    version: msgspec.Raw


@lru_cache(maxsize=PIECES_MAX)
def _number(value: int) -> msgspec.Raw:
    return canonical_piece(value)


def _resources(asset: AssetDefinition) -> msgspec.Raw:
    return _resources_piece((asset.memory_bytes, asset.cpu_millicores, asset.timeout_ms))


@lru_cache(maxsize=PIECES_MAX)
def _resources_piece(asked: tuple[int, int, int]) -> msgspec.Raw:
    names = ("memoryBytes", "cpuMillicores", "timeoutMs")
    return canonical_piece(dict(zip(names, asked, strict=True)))


class _Places:
    """Where the tasks of the assets that are planned already stand."""

    def __init__(self, chosen: Mapping[str, Sequence[str]], starts: Mapping[str, int]) -> None:
        self.starts = starts
        """Asset -> index of the first of its tasks; assets without any are left out."""
        self._chosen = chosen
        self._known: dict[str, dict[str, int]] = {}

    def of(self, asset: str) -> Mapping[str, int]:
        """Partition -> index of its task."""
        if asset not in self._known:
            numbered = enumerate(self._chosen[asset], self.starts[asset])
            self._known[asset] = {partition: index for index, partition in numbered}
        return self._known[asset]


class _Edges:
    """The upstream tasks of one asset's partitions, looked up per partition."""

    def __init__(
        self,
        definitions: Mapping[str, AssetDefinition],
        asset: AssetDefinition,
        places: _Places,
        at: Partitioning,
    ) -> None:
        self._asset = asset
        self._at = at
        self._maker = places.of(maker(asset)) if _follows(asset, places) else {}
        always: set[int] = set()
        self._mapped: list[tuple[Dependency, AssetDefinition, Mapping[str, int]]] = []
        for dependency in asset.dependencies:
            start = places.starts.get(dependency.upstream)
            if start is None:
                continue
            upstream = definitions[dependency.upstream]
            if upstream.partitions is None:
                always.add(start)
            else:
                self._mapped.append((dependency, upstream, places.of(dependency.upstream)))
        self._always = tuple(sorted(always))

    def upstreams(self, key: str) -> tuple[int, ...]:
        """Indices of the tasks of this run that `key` needs, ascending, each once."""
        if not self._mapped and not self._maker:
            return self._always
        found = set(self._always)
        if key in self._maker:
            found.add(self._maker[key])
        for dependency, upstream, places in self._mapped:
            wanted = upstream_keys(
                dependency, key, downstream=self._asset, upstream=upstream, at=self._at
            )
            if len(wanted) <= len(places):
                found = found.union(places[name] for name in wanted if name in places)
            else:
                found = found.union(index for name, index in places.items() if name in wanted)
        return tuple(sorted(found))


def _follows(asset: AssetDefinition, places: _Places) -> bool:
    """Whether the task of another asset, which stands before it in the plan, makes this one."""
    return maker(asset) != asset.key and maker(asset) in places.starts


def _refuse_too_many(chosen: Mapping[str, Sequence[str]]) -> None:
    count = sum(len(keys) for keys in chosen.values())
    if count > TASKS_MAX:
        raise Invalid(
            "PLAN_TOO_LARGE",
            f"This run would have {count:,} tasks; {TASKS_MAX:,} is the most.",
            hint="Name fewer assets, or a range of partitions with --partition.",
        )


def _others_read(asset: AssetDefinition) -> set[str]:
    """What the asset waits for as a whole: of itself, partitions wait for earlier ones."""
    return {dependency.upstream for dependency in asset.dependencies} - {asset.key}


def _inner_edges(
    definitions: Mapping[str, AssetDefinition], asked: Sequence[str]
) -> tuple[list[list[int]], list[int]]:
    """By number: who waits for each of `asked`, and for how many of them it waits itself.

    What is named twice counts twice, on both sides.
    """
    number_of = dict(zip(asked, range(len(asked)), strict=True))
    below: list[list[int]] = [[] for _ in asked]
    missing = [0] * len(asked)
    for number, key in enumerate(asked):
        for dependency in definitions[key].dependencies:
            upstream = number_of.get(dependency.upstream, number)
            if upstream != number:
                below[upstream].append(number)
                missing[number] += 1
    return below, missing


def _freed(
    level: Sequence[int], below: Sequence[Sequence[int]], *, missing: list[int]
) -> list[int]:
    freed: list[int] = []
    for number in level:
        for waiting in below[number]:
            missing[waiting] -= 1
            if not missing[waiting]:
                freed.append(waiting)
    freed.sort()
    return freed


def _cycle_error(waits: Mapping[str, set[str]]) -> Invalid:
    path = [min(waits)]
    while path[-1] not in path[:-1]:
        path.append(min(waits[path[-1]]))
    cycle = path[path.index(path[-1]) :]
    return Invalid(
        "ASSET_CYCLE",
        f"These assets depend on each other in a circle: {' <- '.join(cycle)}.",
        hint="Remove one of these dependencies.",
        cycle=cycle,
    )


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
