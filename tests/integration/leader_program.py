"""A process that leads a project until all its runs have ended: what the kill test kills.

`python leader_program.py PROJECT` prints a line for every acknowledged step.
"""

from __future__ import annotations

import sys
from pathlib import Path

from arco.execution.following import Follower
from arco.ids import new_ulid
from arco.orchestration.commands.runs import TriggerRun, trigger_run
from arco.runtime import AsyncioRuntime, run
from arco.service.settings import Settings
from arco.service.workspace import open_workspace


async def lead(project: Path) -> None:
    """Every run that has not ended ends; when there is none, one more does."""
    settings = Settings(directory=project, snapshot_age_seconds=0.1)
    workspace = await open_workspace(settings, AsyncioRuntime())
    follower = Follower(workspace, project)
    runs = await follower.active_runs()
    if not runs:
        command = TriggerRun(
            run_id=new_ulid(workspace.runtime),
            tenant=settings.tenant,
            workspace=settings.workspace,
            which="all",
        )
        await workspace.database.transact(trigger_run(command))
        print("triggered", command.run_id, flush=True)
        runs = [command.run_id]
    await follower.start()
    print("leads", flush=True)
    for run_id in runs:
        ended = await follower.follow(run_id, lambda state: None)
        print(ended.state, run_id, flush=True)
    await follower.stop()


if __name__ == "__main__":
    run(lead(Path(sys.argv[1])))

__all__ = ["lead"]
