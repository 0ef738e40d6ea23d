"""What each thing that people ask for takes: the privilege, and on which objects.

Law: a check is made on the state its subject is read from or changed in. What is hidden from the
caller is not there, so that a check never tells of it. Must not know HTTP.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

import msgspec

from arco.access.callers import Caller
from arco.access.privileges import Privilege
from arco.access.securables import WORKSPACE_CHAIN
from arco.errors import NotFound
from arco.model import Decision, Event, State
from arco.orchestration.commands.backfills import CreateBackfill, create_backfill
from arco.orchestration.commands.notifications import find_notifier
from arco.orchestration.commands.runs import TriggerRun, request_fingerprint, trigger_run
from arco.orchestration.commands.schedules import FireSchedule, find_schedule, fire_schedule
from arco.orchestration.commands.sensors import find_sensor
from arco.orchestration.events import RunTriggered
from arco.orchestration.selection import select_assets
from arco.orchestration.tables import ASSETS, PLANS, RUN_KEYS, TASKS
from arco.orchestration.together import with_families
from arco.orchestration.views import asset_view
from arco.service.authority import Authority, require, require_on_workspace
from arco.service.backfills import known_backfill
from arco.service.chains import chain_of_asset
from arco.service.conditions import known_condition


def require_on_assets(
    state: State, caller: Caller, *, privilege: Privilege, assets: Iterable[str]
) -> None:
    """Nothing, when the caller holds the privilege on the tables of all these assets.

    Raises: Forbidden ACCESS_DENIED for the first of which that is not so.
    """
    if caller.is_local:
        return
    for key in sorted(set(assets)):
        asset = state.get(ASSETS, key)
        # What is deployed no more stands in nothing but the workspace.
        chain = chain_of_asset(state, asset) if asset else WORKSPACE_CHAIN
        require(state, caller, privilege=privilege, chain=chain)


def require_on_run(state: State, caller: Caller, *, privilege: Privilege, run_id: str) -> None:
    """Nothing, when the caller holds the privilege on every asset of the run.

    Raises: Forbidden ACCESS_DENIED.
    """
    plan = state.get(PLANS, run_id)
    assets = {task.asset for task in plan.tasks} if plan else set()
    require_on_assets(state, caller, privilege=privilege, assets=assets)


def require_on_task(state: State, caller: Caller, *, run_id: str, index: int) -> None:
    """Nothing, when the caller may read what the task printed: it may show the data.

    Raises: Forbidden ACCESS_DENIED.
    """
    task = state.get(TASKS, run_id, index)
    if task is not None:
        require_on_assets(state, caller, privilege=Privilege.SELECT, assets=(task.asset,))


def permitted_trigger(command: TriggerRun, *, caller: Caller, authority: Authority) -> Decision:
    """The trigger, of what the caller may know of, when it may run all of it.

    Raises: as `trigger_run`; Forbidden ACCESS_DENIED.
    """
    if caller.is_local:
        return trigger_run(command)

    def decide(state: State, now: datetime) -> Sequence[Event]:
        authority.check(state, caller)
        if command.run_key and state.get(RUN_KEYS, command.run_key) is not None:
            return trigger_run(command)(state, now)
        seen = authority.visible(state, caller)
        # Hidden assets are neither selected nor missed: terms are worked out on what is seen.
        selection = tuple(select_assets(asset_view(seen, now).definitions, command.selection))
        if not selection:
            raise _nothing_selected()
        narrowed = msgspec.structs.replace(command, selection=selection)
        events = trigger_run(narrowed)(state, now)
        return [_permitted(state, event, command=command, caller=caller) for event in events]

    return decide


def permitted_backfill(
    command: CreateBackfill, *, caller: Caller, authority: Authority
) -> Decision:
    """The backfill, of what the caller may know of, when it may run all of it.

    Raises: as `create_backfill`; Forbidden ACCESS_DENIED.
    """
    if caller.is_local:
        return create_backfill(command)

    def decide(state: State, now: datetime) -> Sequence[Event]:
        authority.check(state, caller)
        seen = asset_view(authority.visible(state, caller), now)
        selection = tuple(select_assets(seen.definitions, command.selection))
        if not selection:
            raise _nothing_selected()
        runs = with_families(asset_view(state, now).definitions, selection)
        require_on_assets(state, caller, privilege=Privilege.RUN, assets=runs)
        return create_backfill(msgspec.structs.replace(command, selection=selection))(state, now)

    return decide


def permitted_on_backfill(
    name: str,
    decision: Callable[[str], Decision],
    *,
    caller: Caller,
    authority: Authority,
) -> Decision:
    """What `decision` decides about the backfill that the caller knows by the name and may run.

    Raises: as the decision; NotFound BACKFILL_UNKNOWN; Forbidden ACCESS_DENIED.
    """

    def decide(state: State, now: datetime) -> Sequence[Event]:
        row = known_backfill(authority.visible(state, caller), name)
        require_on_assets(state, caller, privilege=Privilege.RUN, assets=row.assets)
        return decision(row.backfill_id)(state, now)

    return decide


def permitted_on_schedule(
    name: str, decision: Decision, *, caller: Caller, authority: Authority
) -> Decision:
    """What is decided about a schedule that the caller knows of, when it manages the workspace.

    Raises: as the decision; NotFound SCHEDULE_UNKNOWN; Forbidden ACCESS_DENIED.
    """

    def known(state: State, now: datetime) -> object:
        return find_schedule(state, name)

    return _managed(known, decision, caller=caller, authority=authority)


def permitted_on_sensor(
    name: str, decision: Decision, *, caller: Caller, authority: Authority
) -> Decision:
    """What is decided about a sensor that the caller knows of, when it manages the workspace.

    Raises: as the decision; NotFound SENSOR_UNKNOWN; Forbidden ACCESS_DENIED.
    """

    def known(state: State, now: datetime) -> object:
        return find_sensor(state, name)

    return _managed(known, decision, caller=caller, authority=authority)


def permitted_on_notifier(
    name: str, decision: Decision, *, caller: Caller, authority: Authority
) -> Decision:
    """What is decided about a notifier that the caller knows of, when it manages the workspace.

    Raises: as the decision; NotFound NOTIFIER_UNKNOWN; Forbidden ACCESS_DENIED.
    """

    def known(state: State, now: datetime) -> object:
        return find_notifier(state, name)

    return _managed(known, decision, caller=caller, authority=authority)


def permitted_on_condition(
    asset: str, decision: Decision, *, caller: Caller, authority: Authority
) -> Decision:
    """What is decided about a condition that the caller knows of, when it manages the workspace.

    Raises: as the decision; NotFound ASSET_UNKNOWN, CONDITION_UNKNOWN; Forbidden ACCESS_DENIED.
    """

    def known(state: State, now: datetime) -> object:
        return known_condition(state, asset, now=now)

    return _managed(known, decision, caller=caller, authority=authority)


def permitted_fire(command: FireSchedule, *, caller: Caller, authority: Authority) -> Decision:
    """The tick of a schedule that the caller knows of, when it may run all that this starts.

    Raises: as `fire_schedule`; NotFound SCHEDULE_UNKNOWN; Forbidden ACCESS_DENIED.
    """

    def permitted(run: TriggerRun) -> Decision:
        return permitted_trigger(run, caller=caller, authority=authority)

    def decide(state: State, now: datetime) -> Sequence[Event]:
        find_schedule(authority.visible(state, caller), command.name)
        return fire_schedule(command, permitted)(state, now)

    return decide


def _managed(
    known: Callable[[State, datetime], object],
    decision: Decision,
    *,
    caller: Caller,
    authority: Authority,
) -> Decision:
    """The decision, of something that is known on what the caller sees, by who manages."""

    def decide(state: State, now: datetime) -> Sequence[Event]:
        known(authority.visible(state, caller), now)
        require_on_workspace(state, caller, privilege=Privilege.MANAGE)
        return decision(state, now)

    return decide


def _nothing_selected() -> NotFound:
    return NotFound(
        "SELECTION_EMPTY",
        "No asset matches the selection.",
        hint="GET /api/v1/assets lists the assets there are.",
    )


def _permitted(state: State, event: Event, *, command: TriggerRun, caller: Caller) -> Event:
    """The event as if the request had been taken as it came, when all it runs may be run."""
    triggered = event.payload
    if not isinstance(triggered, RunTriggered):
        # The priority of a run that may be triggered.
        return event
    assets = {task.asset for task in triggered.tasks}
    require_on_assets(state, caller, privilege=Privilege.RUN, assets=assets)
    payload = msgspec.structs.replace(
        triggered,
        selection=command.selection,
        request=request_fingerprint(command) if command.run_key else "",
    )
    return msgspec.structs.replace(event, payload=payload)


__all__ = [
    "permitted_backfill",
    "permitted_fire",
    "permitted_on_backfill",
    "permitted_on_condition",
    "permitted_on_notifier",
    "permitted_on_schedule",
    "permitted_on_sensor",
    "permitted_trigger",
    "require_on_assets",
    "require_on_run",
    "require_on_task",
]
