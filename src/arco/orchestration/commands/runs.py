"""Commands about runs: trigger, rerun, cancel.

A command returns a decision; deciding twice is harmless. Must not know dispatching.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial

import msgspec

from arco.canonical import canonical_json
from arco.errors import Conflict, Invalid, NotFound
from arco.ids import sha256
from arco.model import Decision, Event, State
from arco.orchestration.choosing import Chosen, choose_partitions
from arco.orchestration.definitions import AssetDefinition, Which
from arco.orchestration.events import RunCancelRequested, RunKeyConflicted, RunTriggered
from arco.orchestration.expiry import expired_through
from arco.orchestration.plan import Plan, plan_run
from arco.orchestration.rows import Run, Task
from arco.orchestration.selection import select_assets
from arco.orchestration.settling import is_running
from arco.orchestration.states import PublicationState, RunState, TaskState
from arco.orchestration.tables import PINS, RUN_KEY_CONFLICTS, RUN_KEYS, RUNS, TASKS
from arco.orchestration.views import AssetView, asset_view

RUN_KEY_BYTES_MAX = 256


class TriggerRun(msgspec.Struct, frozen=True, kw_only=True):
    """Run these assets: a named partition, or `which` of all their partitions."""

    run_id: str
    tenant: str
    workspace: str
    selection: tuple[str, ...] = ()
    """Terms of the selection language; none: every asset."""
    partition: str = ""
    """What `--partition` takes: `2013-05`, `month=2013-01..2013-06`, a canonical key."""
    which: Which = "stale"
    run_key: str = ""
    actor: str = ""


class RerunUnsuccessful(msgspec.Struct, frozen=True, kw_only=True):
    """Run again what did not succeed in `parent`; what did is adopted with its staged output."""

    run_id: str
    tenant: str
    workspace: str
    parent: str
    actor: str = ""


class CancelRun(msgspec.Struct, frozen=True, kw_only=True):
    """Stop a run."""

    run_id: str
    actor: str = ""
    reason: str = ""


def trigger_run(command: TriggerRun) -> Decision:
    """RunTriggered, or RunKeyConflicted when the run key stands for another request.

    Nothing when everything is fresh or the run key's first run answers; the caller reads the
    answer with `triggered_run`.

    Idempotent: by `run_id` and by `run_key`.
    Raises: NotFound ASSET_UNKNOWN, SELECTION_EMPTY; Invalid PARTITION_UNKNOWN,
    PLAN_TOO_LARGE, RUN_KEY_INVALID.
    """
    return partial(_trigger, command=command)


def triggered_run(state: State, command: TriggerRun) -> str | None:
    """The run that answers the trigger once its decision is folded; None: everything was fresh.

    Raises: Conflict RUN_KEY_CONFLICT with both fingerprints.
    """
    owner = state.get(RUN_KEYS, command.run_key) if command.run_key else None
    if owner is None:
        return command.run_id if state.get(RUNS, command.run_id) is not None else None
    asked = request_fingerprint(command)
    if owner.fingerprint != asked:
        raise Conflict(
            "RUN_KEY_CONFLICT",
            f"Run key {command.run_key!r} stands for another request: run {owner.run_id}.",
            hint="Use a new run key, or repeat the first request exactly.",
            run_id=owner.run_id,
            fingerprint=owner.fingerprint,
            requested_fingerprint=asked,
        )
    return owner.run_id


def rerun_unsuccessful(command: RerunUnsuccessful) -> Decision:
    """RunTriggered with the parent's whole plan; succeeded tasks of unchanged code are adopted.

    Raises: NotFound RUN_UNKNOWN; Conflict RUN_ACTIVE, RUN_SUCCEEDED, ASSET_REMOVED.
    """
    return partial(_rerun, command=command)


def cancel_run(command: CancelRun) -> Decision:
    """RunCancelRequested; nothing when it was requested or done before.

    Raises: NotFound RUN_UNKNOWN; Conflict RUN_ENDED, RUN_PUBLISHING.
    """
    return partial(_cancel, command=command)


def request_fingerprint(command: TriggerRun) -> str:
    """What makes two triggers with one run key the same request."""
    request = {
        "selection": sorted(command.selection),
        "partition": command.partition,
        "which": command.which,
    }
    return "sha256:" + sha256(canonical_json(request))


def _trigger(state: State, now: datetime, *, command: TriggerRun) -> Sequence[Event]:
    if len(command.run_key.encode()) > RUN_KEY_BYTES_MAX:
        message = f"A run key has at most {RUN_KEY_BYTES_MAX} bytes."
        raise Invalid("RUN_KEY_INVALID", message, hint="Hash the long part.")
    if state.get(RUNS, command.run_id) is not None:
        return ()
    if command.run_key and state.get(RUN_KEYS, command.run_key) is not None:
        return _repeated_key(state, now, command=command)
    view = asset_view(state, now)
    assets = select_assets(view.definitions, command.selection)
    chosen = choose_partitions(view, assets, partition=command.partition, which=command.which)
    return (triggered(view, chosen, command=command),) if chosen else ()


def triggered(view: AssetView, chosen: Chosen, *, command: TriggerRun) -> Event:
    """RunTriggered of exactly these partitions.

    Raises: Invalid PLAN_TOO_LARGE.
    """
    plan = _plan(view, chosen, command=command)
    payload = RunTriggered(
        run_id=command.run_id,
        tasks=plan.tasks,
        fingerprint=plan.fingerprint,
        triggered_at=view.at.now,
        pins=_pins(view.state, view.definitions, chosen=chosen),
        selection=command.selection,
        partition=command.partition,
        run_key=command.run_key,
        request=request_fingerprint(command) if command.run_key else "",
        actor=command.actor,
    )
    return Event(payload, command.actor)


def _repeated_key(state: State, now: datetime, *, command: TriggerRun) -> Sequence[Event]:
    owner = state.get(RUN_KEYS, command.run_key)
    asked = request_fingerprint(command)
    if owner is None or owner.fingerprint == asked:
        return ()
    if state.get(RUN_KEY_CONFLICTS, command.run_key, asked) is not None:
        return ()
    conflicted = RunKeyConflicted(
        run_key=command.run_key, request=asked, conflicted_at=now, actor=command.actor
    )
    return (Event(conflicted, command.actor),)


def _plan(view: AssetView, chosen: Chosen, *, command: TriggerRun | RerunUnsuccessful) -> Plan:
    return plan_run(
        view.definitions,
        chosen,
        at=view.at,
        tenant=command.tenant,
        workspace=command.workspace,
    )


def _pins(
    state: State, definitions: Mapping[str, AssetDefinition], *, chosen: Chosen
) -> dict[str, int]:
    """The published versions that this run's tasks may read, fixed at this slot."""
    upstream = {
        dependency.upstream for key in chosen for dependency in definitions[key].dependencies
    }
    pins = ((key, state.get(PINS, key)) for key in sorted(upstream))
    return {key: pin.version for key, pin in pins if pin is not None}


def _rerun(state: State, now: datetime, *, command: RerunUnsuccessful) -> Sequence[Event]:
    if state.get(RUNS, command.run_id) is not None:
        return ()
    parent = _known_run(state, command.parent)
    _refuse_rerun(parent)
    view = asset_view(state, now)
    tasks = list(state.range(TASKS, parent.run_id))
    chosen: dict[str, list[str]] = {}
    for task in tasks:
        chosen.setdefault(task.asset, []).append(task.partition_key)
    _refuse_removed(view.definitions, chosen)
    fixed = {asset: tuple(keys) for asset, keys in chosen.items()}
    plan = _plan(view, fixed, command=command)
    triggered = RunTriggered(
        run_id=command.run_id,
        tasks=plan.tasks,
        fingerprint=plan.fingerprint,
        triggered_at=now,
        pins=_pins(state, view.definitions, chosen=fixed),
        selection=parent.selection,
        partition=parent.partition,
        parent=parent.run_id,
        adopted=_adopted(view.definitions, plan, tasks=_adoptable(state, parent, tasks=tasks)),
        actor=command.actor,
    )
    return (Event(triggered, command.actor),)


def _refuse_rerun(parent: Run) -> None:
    if is_running(parent):
        raise Conflict(
            "RUN_ACTIVE",
            f"Run {parent.run_id} has not ended.",
            hint="Wait for it or cancel it first.",
        )
    if parent.state is RunState.SUCCEEDED:
        raise Conflict(
            "RUN_SUCCEEDED",
            f"Run {parent.run_id} succeeded; nothing of it has to run again.",
            hint="Trigger a new run of the same selection.",
        )


def _refuse_removed(
    definitions: Mapping[str, AssetDefinition], chosen: Mapping[str, object]
) -> None:
    for key in chosen:
        if key not in definitions:
            raise Conflict(
                "ASSET_REMOVED",
                f"Asset {key} of that run is no longer deployed.",
                hint="Trigger a new run of the assets that are left.",
            )


def _adoptable(state: State, parent: Run, *, tasks: Sequence[Task]) -> Sequence[Task]:
    """The tasks whose staged output still stands: after a while it is given up."""
    return tasks if parent.number > expired_through(state) else ()


def _adopted(
    definitions: Mapping[str, AssetDefinition], plan: Plan, *, tasks: Sequence[Task]
) -> tuple[tuple[int, int], ...]:
    """Succeeded tasks of unchanged code whose upstream tasks are adopted too."""
    before = {task.task_key: task for task in tasks}
    adopted: dict[int, int] = {}
    for index, planned in enumerate(plan.tasks):
        task = before.get(planned.key)
        if task is None or task.state is not TaskState.SUCCEEDED:
            continue
        is_same_code = task.code_version == definitions[planned.asset].code.version
        if is_same_code and all(up in adopted for up in planned.upstreams):
            adopted[index] = task.index
    return tuple(adopted.items())


def _cancel(state: State, now: datetime, *, command: CancelRun) -> Sequence[Event]:
    run = _known_run(state, command.run_id)
    if run.cancel_requested or run.state is RunState.CANCELLED:
        return ()
    if not is_running(run):
        raise Conflict(
            "RUN_ENDED",
            f"Run {run.run_id} already ended: {run.state}.",
            hint="There is nothing left to cancel.",
        )
    if run.publication is PublicationState.STARTED:
        raise Conflict(
            "RUN_PUBLISHING",
            f"Run {run.run_id} is being published; from there it only goes forward.",
            hint="It ends within moments; earlier versions of its tables stay readable.",
        )
    requested = RunCancelRequested(
        run_id=run.run_id, requested_at=now, actor=command.actor, reason=command.reason
    )
    return (Event(requested, command.actor),)


def _known_run(state: State, run_id: str) -> Run:
    run = state.get(RUNS, run_id)
    if run is None:
        hint = "`arco status` lists the newest runs."
        raise NotFound("RUN_UNKNOWN", f"There is no run {run_id!r}.", hint=hint)
    return run


__all__ = [
    "RUN_KEY_BYTES_MAX",
    "CancelRun",
    "RerunUnsuccessful",
    "TriggerRun",
    "cancel_run",
    "request_fingerprint",
    "rerun_unsuccessful",
    "trigger_run",
    "triggered",
    "triggered_run",
]
