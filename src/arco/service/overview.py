"""A workspace at a glance: who leads, how far facts lag, the assets, the newest runs."""

from __future__ import annotations

from collections.abc import Callable

from arco.engine.domain import LEADER, LEASES
from arco.engine.lanes.lag import facts_lag
from arco.model import State
from arco.service.assets import list_assets
from arco.service.candidates import is_led
from arco.service.leases import read_beacon
from arco.service.summaries import Overview, newest_runs
from arco.service.workspace import Workspace

RUNS_SHOWN = 10


async def overview_of(workspace: Workspace) -> Overview:
    """The workspace at its newest known slot."""
    return await workspace.database.asked(await overview_question(workspace))


async def overview_question(workspace: Workspace) -> Callable[[State], Overview]:
    """What tells the overview from a state, with all that is seen outside of states.

    Cost: a few requests; without locks it takes up to the length of a lease.
    """
    has_leader = await is_led(workspace)
    beacon = await read_beacon(workspace)
    lag = await facts_lag(workspace.database)
    now = workspace.runtime.now()

    def question(state: State) -> Overview:
        lease = state.get(LEASES, LEADER) if has_leader else None
        return Overview(
            seq=workspace.database.seq,
            led_by=lease.writer if lease else None,
            address=beacon.address or None if lease and beacon else None,
            facts_lag_seconds=lag.seconds,
            assets=list_assets(state, now),
            runs=newest_runs(state, RUNS_SHOWN),
        )

    return question


__all__ = ["overview_of", "overview_question"]
