"""Compactions from the command line: carrying a started one to its end.

Law C3: a compaction that was started is finished by whoever leads; this process does it when nobody
else leads.
"""

from __future__ import annotations

from functools import partial

from arco.formats.maintaining import compact, ended_compaction
from arco.orchestration.commands.maintenance import started_compactions
from arco.orchestration.maintenance import Compaction
from arco.service.candidates import Candidate
from arco.service.workspace import Workspace


async def left_behind(workspace: Workspace) -> list[str]:
    """The ids of compactions that were started and have not ended."""
    started = await workspace.database.asked(started_compactions)
    return [row.compaction_id for row in started]


async def finished(workspace: Workspace, compaction_id: str) -> Compaction:
    """The compaction once it has ended, whoever leads: this process when nobody else does.

    Raises: Conflict COMPACTION_ABANDONED.
    """
    candidate = Candidate(workspace)
    ended = partial(ended_compaction, compaction_id=compaction_id)
    while (row := await workspace.database.asked(ended)) is None:
        lease = await candidate.take("")
        if lease is None:
            await workspace.runtime.sleep(workspace.settings.poll_seconds)
            await workspace.database.refresh()
            continue
        try:
            await compact(workspace, compaction_id)
        finally:
            await lease.resign(workspace.database)
    return row


__all__ = ["finished", "left_behind"]
