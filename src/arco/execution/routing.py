"""Which executor performs an attempt: the one that its asset names.

Every executor is told of every run that is cancelled. Must not know how any of them performs.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from arco.errors import ArcoError
from arco.model import NotLoaded, State
from arco.orchestration.definitions import DEFAULT_EXECUTOR
from arco.orchestration.rows import Dispatch
from arco.orchestration.tables import ASSETS, TASKS
from arco.service.ports import Executor
from arco.service.workspace import Workspace

AGAIN_SECONDS = 0.5
LOG = logging.getLogger(__name__)


class Executors:
    """An `Executor` that hands every attempt to the one that its asset names."""

    def __init__(self, workspace: Workspace, named: Mapping[str, Executor]) -> None:
        self.named = named
        self._database = workspace.database
        self._runtime = workspace.runtime
        self._closed = False

    async def start(self) -> None:
        """All of them get ready."""
        for executor in self.named.values():
            await executor.start()

    def offer(self, dispatch: Dispatch) -> None:
        """Somebody holds the attempt until it has ended. Idempotent: by dispatch id."""
        try:
            name = executor_of(self._database.state, dispatch)
        except NotLoaded:
            self._runtime.spawn(self._offer_later(dispatch), "arco-route")
            return
        self.named[name].offer(dispatch)

    def withdraw(self, run_id: str) -> None:
        """The run is being cancelled: drop what has not begun, end what has."""
        for executor in self.named.values():
            executor.withdraw(run_id)

    async def close(self) -> None:
        """None of them hands anything out any more."""
        self._closed = True
        for executor in self.named.values():
            await executor.close()

    async def _offer_later(self, dispatch: Dispatch) -> None:
        """The rows that say where it goes have to be read."""
        while not self._closed:
            try:
                name = await self._database.asked(lambda state: executor_of(state, dispatch))
            except ArcoError as error:
                LOG.warning("attempt %s waits: %s", dispatch.dispatch_id, error)
                await self._runtime.sleep(AGAIN_SECONDS)
                continue
            if not self._closed:
                self.named[name].offer(dispatch)
            return


def executor_of(state: State, dispatch: Dispatch) -> str:
    """The name of the executor that performs this attempt."""
    task = state.get(TASKS, dispatch.run_id, dispatch.index)
    asset = state.get(ASSETS, task.asset) if task else None
    return asset.definition.executor if asset else DEFAULT_EXECUTOR


__all__ = ["Executors", "executor_of"]
