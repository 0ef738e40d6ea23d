"""What each thing that people ask for takes: the privilege, and on which objects.

Law: a check is made on the state its subject is read from or changed in. What is hidden from the
caller is not there, so that a check never tells of it. Must not know HTTP.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from arco.access.callers import Caller
from arco.access.privileges import Privilege
from arco.access.securables import WORKSPACE_CHAIN
from arco.errors import NotFound
from arco.model import Decision, Event, State
from arco.orchestration.commands.runs import TriggerRun, request_fingerprint, trigger_run
from arco.orchestration.events import RunTriggered
from arco.orchestration.selection import select_assets
from arco.orchestration.tables import ASSETS, PLANS, RUN_KEYS, TASKS
from arco.orchestration.views import asset_view
from arco.service.authority import Authority, require
from arco.service.chains import chain_of_asset


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
            raise NotFound(
                "SELECTION_EMPTY",
                "No asset matches the selection.",
                hint="GET /api/v1/assets lists the assets there are.",
            )
        narrowed = msgspec.structs.replace(command, selection=selection)
        events = trigger_run(narrowed)(state, now)
        return [_permitted(state, event, command=command, caller=caller) for event in events]

    return decide


def _permitted(state: State, event: Event, *, command: TriggerRun, caller: Caller) -> Event:
    """The event as if the request had been taken as it came, when all it runs may be run."""
    triggered = event.payload
    assert isinstance(triggered, RunTriggered)
    assets = {task.asset for task in triggered.tasks}
    require_on_assets(state, caller, privilege=Privilege.RUN, assets=assets)
    payload = msgspec.structs.replace(
        triggered,
        selection=command.selection,
        request=request_fingerprint(command) if command.run_key else "",
    )
    return msgspec.structs.replace(event, payload=payload)


__all__ = ["permitted_trigger", "require_on_assets", "require_on_run", "require_on_task"]
