"""Restores from the command line: carrying a started one to its end.

Law C3: a restore that was started is finished by whoever leads; this process does it when nobody
else leads.
"""

from __future__ import annotations

import msgspec

from arco.formats.restoring import restore
from arco.model import State
from arco.orchestration.commands.restores import started_restores
from arco.orchestration.restores import RESTORES, Restore, is_moving
from arco.orchestration.states import PublicationState
from arco.service.assets import list_assets
from arco.service.candidates import Candidate
from arco.service.restores import restore_abandoned
from arco.service.workspace import Workspace


class StaleAsset(msgspec.Struct, frozen=True, kw_only=True):
    """An asset that a run would make again."""

    asset: str
    partitions: int


async def left_behind(workspace: Workspace) -> list[str]:
    """The ids of restores that were started and have not ended."""
    started = await workspace.database.asked(started_restores)
    return [row.restore_id for row in started]


async def finished(workspace: Workspace, restore_id: str) -> Restore:
    """The restore once it has ended, whoever leads: this process when nobody else does.

    Raises: Conflict RESTORE_ABANDONED.
    """
    candidate = Candidate(workspace)
    while True:
        row = await workspace.database.asked(lambda state: state.get(RESTORES, restore_id))
        assert row is not None, restore_id
        if row.state is PublicationState.PUBLISHED:
            return row
        if not is_moving(row):
            raise restore_abandoned(row.restore_id, row.message or "")
        lease = await candidate.take("")
        if lease is None:
            await workspace.runtime.sleep(workspace.settings.poll_seconds)
            await workspace.database.refresh()
            continue
        try:
            await restore(workspace, restore_id)
        finally:
            await lease.resign(workspace.database)


async def stale_assets(workspace: Workspace) -> list[StaleAsset]:
    """The assets that `arco run` would make again, by key."""
    now = workspace.runtime.now()

    def question(state: State) -> list[StaleAsset]:
        return [
            StaleAsset(asset=row.key, partitions=row.stale)
            for row in list_assets(state, now)
            if row.stale
        ]

    return await workspace.database.asked(question)


__all__ = ["StaleAsset", "finished", "left_behind", "stale_assets"]
