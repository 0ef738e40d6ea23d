"""The command that runs an earlier run again: all of it, what did not succeed, or a part.

A rerun is a run of the same partitions that links to its parent; what it takes over from there was
not published yet and would come out the same. Must not know dispatching.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Literal, TypeAlias

import msgspec

from arco.canonical import canonical_json
from arco.errors import Conflict, Invalid, NotFound
from arco.ids import sha256
from arco.model import Decision, Event, State
from arco.orchestration.adopting import Adoption, adoption
from arco.orchestration.choosing import Chosen
from arco.orchestration.commands.runs import (
    KeyUse,
    answered,
    answering_run,
    known_run,
    pins_of,
    with_more,
)
from arco.orchestration.definitions import AssetDefinition
from arco.orchestration.events import RunTriggered
from arco.orchestration.partitions import display
from arco.orchestration.plan import Plan, plan_run
from arco.orchestration.rows import Run, Task
from arco.orchestration.run_settings import Settings, accepted_settings
from arco.orchestration.selection import select_assets
from arco.orchestration.settling import is_running
from arco.orchestration.staleness import Place
from arco.orchestration.states import RunState, TaskState
from arco.orchestration.tables import PLANS, TASKS
from arco.orchestration.together import deployed_family
from arco.orchestration.views import AssetView, asset_view

RerunWhich: TypeAlias = Literal["all", "unsuccessful"]
"""`unsuccessful`: what did not succeed; what did is taken over where it would come out the same."""


class RerunRun(msgspec.Struct, frozen=True, kw_only=True):
    """Run `parent` again: all of it, what did not succeed, or only the assets or tasks named."""

    run_id: str
    tenant: str
    workspace: str
    parent: str
    which: RerunWhich = "all"
    only: tuple[str, ...] = ()
    """Terms of the selection language, or tasks such as `mart.totals[2024-01]`; none: no limit."""
    run_key: str = ""
    actor: str = ""


class Again(msgspec.Struct, frozen=True):
    """What a rerun consists of."""

    parent: Run
    plan: Plan
    chosen: Chosen
    adoption: Adoption
    settings: Settings
    """Those of the earlier run that somebody in this one reads."""


def rerun_run(command: RerunRun) -> Decision:
    """RunTriggered with its parent and what is taken over from there, or RunKeyConflicted.

    Idempotent: by `run_id` and by `run_key`.
    Raises: NotFound RUN_UNKNOWN, ASSET_UNKNOWN, SELECTION_EMPTY; Conflict RUN_ACTIVE,
    RUN_SUCCEEDED, ASSET_REMOVED; Invalid RERUN_INVALID, RUN_KEY_INVALID, SETTING_UNKNOWN,
    SETTING_INVALID, SETTING_SECRET.
    """
    return partial(_rerun, command=command)


def rerun_triggered(state: State, command: RerunRun) -> str:
    """The run that answers the rerun once its decision is folded.

    Raises: Conflict RUN_KEY_CONFLICT with both fingerprints.
    """
    return answering_run(state, _key_use(command)) or command.run_id


def rerun_fingerprint(command: RerunRun) -> str:
    """What makes two reruns with one run key the same request."""
    request = {
        "parent": command.parent,
        "which": command.which,
        "only": sorted(command.only),
    }
    return "sha256:" + sha256(canonical_json(request))


def again(state: State, now: datetime, *, command: RerunRun) -> Again:
    """What the command's run consists of.

    Raises: as `rerun_run`.
    """
    parent = known_run(state, command.parent)
    _refuse(parent, command)
    view = asset_view(state, now)
    before = {(task.asset, task.partition_key): task for task in state.range(TASKS, parent.run_id)}
    asked = _asked(view.definitions, command, tasks=before)
    chosen = _chosen(before, asked) if command.only else _chosen(before, before)
    _refuse_removed(view.definitions, chosen)
    if command.only:
        chosen = _with_adopted(view, parent, before=before, asked=asked)
    plan = _plan(view, chosen, command=command)
    taken = adoption(view, parent, before=before, tasks=plan.tasks, again=asked)
    return Again(parent, plan, chosen, taken, _settings(view, parent, chosen=chosen))


def _rerun(state: State, now: datetime, *, command: RerunRun) -> Sequence[Event]:
    use = _key_use(command)
    decided = answered(state, now, use=use)
    if decided is not None:
        return decided
    made = again(state, now, command=command)
    triggered = RunTriggered(
        run_id=command.run_id,
        tasks=made.plan.tasks,
        fingerprint=made.plan.fingerprint,
        triggered_at=now,
        pins=pins_of(asset_view(state, now), made.chosen),
        selection=command.only or made.parent.selection,
        partition=made.parent.partition,
        run_key=command.run_key,
        request=use.fingerprint if command.run_key else "",
        parent=made.parent.run_id,
        adopted=tuple(made.adoption.adopted.items()),
        actor=command.actor,
    )
    memoized = _memoized(state, made, command=command)
    event = with_more(triggered, settings=made.settings, memoized=memoized)
    return (Event(event, command.actor),)


def _memoized(state: State, made: Again, *, command: RerunRun) -> tuple[int, ...]:
    """What may be left out: nothing that was asked for by name, and nothing new."""
    before = state.get(PLANS, made.parent.run_id)
    if command.which == "all" or before is None:
        return ()
    places = {
        (before.tasks[index].asset, before.tasks[index].partition_key)
        for index in before.memoized or ()
    }
    return tuple(
        index
        for index, task in enumerate(made.plan.tasks)
        if (task.asset, task.partition_key) in places and index not in made.adoption.adopted
    )


def _settings(view: AssetView, parent: Run, *, chosen: Chosen) -> Settings:
    definitions = [view.definitions[key] for key in chosen]
    read = {each.name for definition in definitions for each in definition.settings}
    kept = {name: own for name, own in (parent.settings or {}).items() if name in read}
    return accepted_settings(definitions, kept)


def _key_use(command: RerunRun) -> KeyUse:
    return KeyUse(command.run_id, command.run_key, rerun_fingerprint(command), command.actor)


def _refuse(parent: Run, command: RerunRun) -> None:
    if command.only and command.which != "all":
        raise Invalid(
            "RERUN_INVALID",
            "A rerun takes either what did not succeed or what is named, not both.",
            hint="Name what has to run, or leave the names out.",
        )
    if is_running(parent):
        raise Conflict(
            "RUN_ACTIVE",
            f"Run {parent.run_id} has not ended.",
            hint="Wait for it or cancel it first.",
        )
    if parent.state is RunState.SUCCEEDED and command.which == "unsuccessful":
        raise Conflict(
            "RUN_SUCCEEDED",
            f"Run {parent.run_id} succeeded: nothing of it is left to run.",
            hint="Rerun all of it, or name what has to run again.",
        )


def _refuse_removed(definitions: Mapping[str, AssetDefinition], chosen: Chosen) -> None:
    for key in chosen:
        if key not in definitions:
            raise Conflict(
                "ASSET_REMOVED",
                f"Asset {key} of that run is no longer deployed.",
                hint="Trigger a new run of the assets that are left, or name them.",
            )


def _asked(
    definitions: Mapping[str, AssetDefinition],
    command: RerunRun,
    *,
    tasks: Mapping[Place, Task],
) -> Collection[Place]:
    """What runs again in any case."""
    if command.only:
        named = {place: _task_names(task) for place, task in tasks.items()}
        assets = {asset for asset, _ in tasks if asset in definitions}
        inside = {asset: definitions[asset] for asset in assets}
        found: set[Place] = set()
        for term in command.only:
            found |= _places_of_term(term, named, inside=inside)
        return {
            (member, key)
            for asset, key in found
            for member in (deployed_family(inside, asset) if asset in inside else (asset,))
            if (member, key) in tasks
        }
    if command.which == "all":
        return tasks.keys()
    return {place for place, task in tasks.items() if task.state is not TaskState.SUCCEEDED}


def _places_of_term(
    term: str, named: Mapping[Place, set[str]], *, inside: Mapping[str, AssetDefinition]
) -> set[Place]:
    found = {place for place, names in named.items() if term in names}
    if found:
        return found
    if term.endswith("]") and term.partition("[")[0] in inside:
        raise NotFound(
            "TASK_NOT_FOUND",
            f"The run has no task {term!r}.",
            hint="`arco status RUN` lists its tasks.",
        )
    assets = set(select_assets(inside, (term,)))
    return {place for place in named if place[0] in assets}


def _task_names(task: Task) -> set[str]:
    names = {task.task_key}
    if task.partition_key:
        shown = display(task.partition_key)
        names |= {f"{task.asset}[{shown}]", f"{task.asset}[{task.partition_key}]"}
    return names


def _with_adopted(
    view: AssetView, parent: Run, *, before: Mapping[Place, Task], asked: Collection[Place]
) -> Chosen:
    """What is asked for, and what stands above it in the earlier run and can be taken over."""
    deployed = {place: task for place, task in before.items() if place[0] in view.definitions}
    whole = plan_run(
        view.definitions, _chosen(before, deployed), at=view.at, tenant="", workspace=""
    ).tasks
    taken = adoption(view, parent, before=before, tasks=whole, again=asked).adopted
    wanted = {
        index for index, task in enumerate(whole) if (task.asset, task.partition_key) in asked
    }
    for index in sorted(range(len(whole)), reverse=True):
        if index in wanted:
            wanted.update(upstream for upstream in whole[index].upstreams if upstream in taken)
    return _chosen(before, {(whole[index].asset, whole[index].partition_key) for index in wanted})


def _chosen(before: Mapping[Place, Task], places: Collection[Place]) -> Chosen:
    """The places by asset, in the order of the earlier run."""
    chosen: dict[str, list[str]] = {}
    for asset, key in before:
        if (asset, key) in places:
            chosen.setdefault(asset, []).append(key)
    return {asset: tuple(keys) for asset, keys in chosen.items()}


def _plan(view: AssetView, chosen: Chosen, *, command: RerunRun) -> Plan:
    return plan_run(
        view.definitions,
        chosen,
        at=view.at,
        tenant=command.tenant,
        workspace=command.workspace,
    )


__all__ = [
    "Again",
    "RerunRun",
    "RerunWhich",
    "again",
    "rerun_fingerprint",
    "rerun_run",
    "rerun_triggered",
]
