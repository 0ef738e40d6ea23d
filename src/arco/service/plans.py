"""Plans before they run: what a run would do and why, and how that differs from the last one.

Reads state, changes nothing: what is asked for twice at one state is the same. Must not know HTTP
or terminals.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from itertools import islice
from typing import Literal, TypeAlias

import msgspec

from arco.model import State
from arco.orchestration.choosing import Chosen, choose_partitions
from arco.orchestration.commands.runs import TriggerRun, memoizable, pins_of
from arco.orchestration.inputs import Place
from arco.orchestration.memoizing import unchanged
from arco.orchestration.partitions import display
from arco.orchestration.plan import Plan, plan_run
from arco.orchestration.rows import PlannedTask, PlanRow, Run
from arco.orchestration.run_settings import accepted_settings
from arco.orchestration.selection import select_assets
from arco.orchestration.staleness import own_staleness
from arco.orchestration.tables import NEWEST_RUNS, PARTITION_STATUS, PLANS, RUNS, TASKS
from arco.orchestration.together import deployed_family, maker
from arco.orchestration.views import AssetView, asset_view, partitions_of
from arco.service.summaries import find_run

SHOWN_MAX = 1_000
RUNS_LOOKED_AT_MAX = 1_000


class PlanReason(StrEnum):
    """Why a task is in a plan."""

    ASKED = "ASKED"
    NEVER_MATERIALIZED = "NEVER_MATERIALIZED"
    CODE_CHANGED = "CODE_CHANGED"
    SETTINGS_CHANGED = "SETTINGS_CHANGED"
    UPSTREAM_NEVER_MATERIALIZED = "UPSTREAM_NEVER_MATERIALIZED"
    UPSTREAM_CHANGED = "UPSTREAM_CHANGED"
    UPSTREAM_RUNS = "UPSTREAM_RUNS"
    MADE_TOGETHER = "MADE_TOGETHER"


class DifferenceKind(StrEnum):
    """What differs between two plans."""

    ADDED = "ADDED"
    REMOVED = "REMOVED"
    CHANGED = "CHANGED"


Foresight: TypeAlias = Literal["", "perhaps", "yes"]


class PreviewedTask(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One task that a run would have."""

    task_key: str
    asset: str
    partition: str = ""
    """As people say it; empty: the asset is one whole."""
    reason: PlanReason
    upstreams: tuple[str, ...] = ()
    """The tasks of the plan that it waits for."""
    unchanged: Foresight = ""
    """Of a memoized asset: `yes`, it is left out; `perhaps`, if what it reads comes out alike."""
    made_by: str = ""
    """The task of the plan whose function makes its data, too; empty: it has an attempt of its own.
    """


class PlanPreview(msgspec.Struct, frozen=True, kw_only=True):
    """What a run would do now."""

    fingerprint: str
    """The same plan has the same; empty: everything is fresh, there is nothing to run."""
    total: int
    """How many tasks it has."""
    assets: dict[str, int]
    """Asset -> how many tasks, in the order in which they run."""
    tasks: tuple[PreviewedTask, ...]
    """The first thousand, in the order of the plan."""


class PlanChange(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One task that differs, and why."""

    kind: DifferenceKind
    task_key: str
    asset: str
    partition: str = ""
    because: str
    """What differs, in words."""


class PlanDifference(msgspec.Struct, frozen=True, kw_only=True):
    """How a plan differs from that of an earlier run."""

    against: str
    """The run it is compared with; empty: no earlier run was asked for the same."""
    is_same: bool
    """The plans have the same fingerprint."""
    counts: dict[str, int]
    """`ADDED`, `REMOVED`, `CHANGED` -> how many tasks."""
    changes: tuple[PlanChange, ...]
    """The first thousand, by task key."""


class PlanAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a run would do, and how that differs from the last one where it was asked for."""

    plan: PlanPreview
    """What the run would do."""
    difference: PlanDifference | None = None
    """What differs from an earlier run's plan, where that was asked for."""


class Comparison(msgspec.Struct, frozen=True):
    """Whether, and with which run, a plan is compared."""

    is_wanted: bool = False
    run_id: str = ""
    """Empty: the newest run that was asked for the same."""


NO_COMPARISON = Comparison()


class Sketch(msgspec.Struct, frozen=True):
    """A plan, and what it was made from."""

    view: AssetView
    chosen: Chosen
    plan: Plan
    assets: tuple[str, ...]
    """Those that were asked for."""
    is_named: bool
    """The partitions were asked for, fresh or not."""
    leaves_out: bool = True
    """What is memoized and unchanged is not performed."""


def plan_answer(
    state: State, now: datetime, *, asked: TriggerRun, comparison: Comparison = NO_COMPARISON
) -> PlanAnswer:
    """What the trigger would run now.

    Raises: what `trigger_run` raises of its selection; NotFound RUN_NOT_FOUND.
    """
    sketch = _sketch(state, now, asked=asked)
    preview = _preview(sketch)
    if not comparison.is_wanted:
        return PlanAnswer(plan=preview)
    return PlanAnswer(plan=preview, difference=_difference(sketch, asked, run_id=comparison.run_id))


def _sketch(state: State, now: datetime, *, asked: TriggerRun) -> Sketch:
    view = asset_view(state, now)
    assets = select_assets(view.definitions, asked.selection)
    settings = accepted_settings((view.definitions[key] for key in assets), asked.settings)
    view = msgspec.structs.replace(view, settings=settings)
    chosen = choose_partitions(view, assets, partition=asked.partition, which=asked.which)
    plan = plan_run(
        view.definitions, chosen, at=view.at, tenant=asked.tenant, workspace=asked.workspace
    )
    is_named = bool(asked.partition) or asked.which == "all"
    leaves_out = asked.unchanged == "skip"
    return Sketch(view, chosen, plan, assets, is_named, leaves_out=leaves_out)


def _preview(sketch: Sketch) -> PlanPreview:
    tasks = sketch.plan.tasks
    foreseen = _foreseen(sketch)
    shown = tuple(
        _told(sketch, task, unchanged=foreseen.get(index, ""))
        for index, task in enumerate(tasks[:SHOWN_MAX])
    )
    return PlanPreview(
        fingerprint=sketch.plan.fingerprint if tasks else "",
        total=len(tasks),
        assets=dict(Counter(task.asset for task in tasks)),
        tasks=shown,
    )


def _foreseen(sketch: Sketch) -> dict[int, Foresight]:
    """What becomes of memoized tasks, in the order of the plan: what is above stands before."""
    view, tasks = sketch.view, sketch.plan.tasks
    memoized = memoizable(view, tasks) if sketch.leaves_out else ()
    pins = pins_of(view, sketch.chosen) if memoized else {}
    plan = PlanRow(run_id="", tasks=tasks, downstreams=(), pins=pins, memoized=memoized)
    found: dict[int, Foresight] = {}
    for index in memoized:
        if index >= SHOWN_MAX:
            break
        above = {found.get(upstream, "") for upstream in tasks[index].upstreams}
        if above <= {"yes"}:
            same = unchanged(view.state, Place(plan, index, view.at), settings=view.settings)
            found[index] = "yes" if same else ""
        else:
            found[index] = "perhaps"
    return found


def _told(sketch: Sketch, task: PlannedTask, *, unchanged: Foresight) -> PreviewedTask:
    asset = maker(sketch.view.definitions[task.asset])
    above = (sketch.plan.tasks[index] for index in task.upstreams)
    return PreviewedTask(
        task_key=task.key,
        asset=task.asset,
        partition=_shown(task),
        reason=_reason(sketch, task),
        upstreams=tuple(sketch.plan.tasks[index].key for index in task.upstreams),
        unchanged=unchanged,
        made_by=next((each.key for each in above if each.asset == asset), ""),
    )


def _reason(sketch: Sketch, task: PlannedTask) -> PlanReason:
    if sketch.is_named:
        is_asked = task.asset in sketch.assets
        return PlanReason.ASKED if is_asked else PlanReason.MADE_TOGETHER
    own = own_staleness(sketch.view, task.asset, key=task.partition_key)
    if own is not None:
        return PlanReason(own.reason)
    members = deployed_family(sketch.view.definitions, task.asset)
    others = (own_staleness(sketch.view, each, key=task.partition_key) for each in members)
    return PlanReason.MADE_TOGETHER if any(others) else PlanReason.UPSTREAM_RUNS


def _difference(sketch: Sketch, asked: TriggerRun, *, run_id: str) -> PlanDifference:
    state = sketch.view.state
    run = find_run(state, run_id) if run_id else _last_alike(state, asked)
    before = state.get(PLANS, run.run_id) if run else None
    changes = sorted(_changes(sketch, before), key=lambda each: each.task_key) if before else []
    return PlanDifference(
        against=run.run_id if run else "",
        is_same=run is not None and run.fingerprint == sketch.plan.fingerprint,
        counts=dict(Counter(each.kind.value for each in changes)),
        changes=tuple(changes[:SHOWN_MAX]),
    )


def _last_alike(state: State, asked: TriggerRun) -> Run | None:
    newest = islice(state.range(NEWEST_RUNS), RUNS_LOOKED_AT_MAX)
    runs = (state.get(RUNS, row.run_id) for row in newest)
    wanted = set(asked.selection), asked.partition
    alike = (run for run in runs if run and (set(run.selection), run.partition) == wanted)
    return next(alike, None)


def _changes(sketch: Sketch, before: PlanRow) -> Iterator[PlanChange]:
    then = {task.key: (index, task) for index, task in enumerate(before.tasks)}
    now = {task.key: task for task in sketch.plan.tasks}
    for key, task in now.items():
        if key not in then:
            words = ADDED_WORDS[_reason(sketch, task)]
            yield _change(DifferenceKind.ADDED, task, because=words)
            continue
        index, old = then[key]
        because = "; ".join(_alterations(sketch, before, index=index, now=task, then=old))
        if because:
            yield _change(DifferenceKind.CHANGED, task, because=because)
    for key, (_, old) in then.items():
        if key not in now:
            yield _change(DifferenceKind.REMOVED, old, because=_absence(sketch, old))


ADDED_WORDS: Mapping[PlanReason, str] = {
    PlanReason.ASKED: "it is asked for now",
    PlanReason.NEVER_MATERIALIZED: "it was never made",
    PlanReason.CODE_CHANGED: "its code changed since it was made",
    PlanReason.SETTINGS_CHANGED: "it was made with the settings of one run",
    PlanReason.UPSTREAM_NEVER_MATERIALIZED: "what it reads was never made",
    PlanReason.UPSTREAM_CHANGED: "what it reads has changed since",
    PlanReason.UPSTREAM_RUNS: "what it reads is made anew in this run",
    PlanReason.MADE_TOGETHER: "its function makes it together with what has to run",
}


def _alterations(
    sketch: Sketch, before: PlanRow, *, index: int, now: PlannedTask, then: PlannedTask
) -> Iterator[str]:
    row = sketch.view.state.get(TASKS, before.run_id, index)
    version = sketch.view.definitions[now.asset].code.version
    if row is not None and row.code_version and row.code_version != version:
        yield "its code changed"
    if now.priority != then.priority:
        yield f"its priority is {now.priority}, it was {then.priority}"
    upstreams = {sketch.plan.tasks[up].key for up in now.upstreams}
    known = {before.tasks[up].key for up in then.upstreams}
    if upstreams - known:
        yield f"it also waits for {_named(upstreams - known)}"
    if known - upstreams:
        yield f"it no longer waits for {_named(known - upstreams)}"


def _absence(sketch: Sketch, task: PlannedTask) -> str:
    view = sketch.view
    definition = view.definitions.get(task.asset)
    if definition is None:
        return "the asset is not deployed any more"
    if task.partition_key not in partitions_of(definition, view.at):
        return "there is no such partition any more"
    if sketch.is_named:
        return "it is not asked for now"
    status = view.state.get(PARTITION_STATUS, task.asset, task.partition_key)
    if status is not None and status.materialization is not None:
        if own_staleness(view, task.asset, key=task.partition_key) is None:
            return f"it is fresh: run {status.materialization.run_id} made it"
        return "it is not selected, or what it reads has to be made first"
    return "it is not selected"


def _change(kind: DifferenceKind, task: PlannedTask, *, because: str) -> PlanChange:
    return PlanChange(
        kind=kind, task_key=task.key, asset=task.asset, partition=_shown(task), because=because
    )


def _named(keys: Iterable[str]) -> str:
    named: Sequence[str] = sorted(keys)
    more = f" and {len(named) - 3:,} more" if len(named) > 3 else ""
    return ", ".join(named[:3]) + more


def _shown(task: PlannedTask) -> str:
    return display(task.partition_key) if task.partition_key else ""


__all__ = [
    "ADDED_WORDS",
    "NO_COMPARISON",
    "SHOWN_MAX",
    "Comparison",
    "DifferenceKind",
    "Foresight",
    "PlanAnswer",
    "PlanChange",
    "PlanDifference",
    "PlanPreview",
    "PlanReason",
    "PreviewedTask",
    "Sketch",
    "plan_answer",
]
