"""An executor without workers: attempts run in this process, one after the other, for a debugger.

Law: what a worker makes of an attempt is what becomes of it here. What a process of its own gives
is missing: no time limit, no end by force, no stored logs. Must not know what a terminal is.
"""

from __future__ import annotations

import os
from contextlib import chdir
from pathlib import Path

from arco.execution.attempts import attempt
from arco.execution.envelopes import build_envelope
from arco.execution.failures import task_error
from arco.execution.protocol import Envelope
from arco.execution.reports import Reports
from arco.execution.worker import data_side
from arco.execution.workshops import Cancellation, Workshop, workshop
from arco.model import State
from arco.orchestration.commands.attempts import should_cancel
from arco.orchestration.outcomes import Completion
from arco.orchestration.rows import Dispatch
from arco.runtime import AsyncioRuntime, Spawned
from arco.sdk.project import find_project, load_project
from arco.service.workspace import Workspace
from arco.store.keys import Scope
from arco.store.open import open_store
from arco.store.scoped import ScopedStore


class Inline:
    """An `Executor` of this process: a thread, so that the leader's own work goes on meanwhile."""

    def __init__(self, workspace: Workspace, project: Path) -> None:
        self._workspace = workspace
        self._runtime = workspace.runtime
        self._reports = Reports(workspace)
        self._project = project.resolve()
        url = workspace.settings.store_url
        self._store_url = url if "://" in url else str(Path(url).resolve())
        self._held: dict[str, Dispatch] = {}
        self._begun = ""
        self._work: Spawned | None = None
        self._cancellation = Cancellation()
        self._shop: Workshop | None = None

    async def start(self) -> None:
        """The project is loaded with the first attempt."""

    def offer(self, dispatch: Dispatch) -> None:
        """Hold the attempt until it has ended. Idempotent: by dispatch id."""
        self._held.setdefault(dispatch.dispatch_id, dispatch)
        if self._work is None or self._work.done():
            self._work = self._runtime.spawn(self._perform_all(), "arco-inline")

    def withdraw(self, run_id: str) -> None:
        """Drop the run's attempts that have not begun; the one that has begun ends by itself."""
        for dispatch in tuple(self._held.values()):
            if dispatch.run_id == run_id and dispatch.dispatch_id != self._begun:
                del self._held[dispatch.dispatch_id]
                self._reports.lost(dispatch.dispatch_id, "its run is being cancelled")

    async def close(self) -> None:
        """Nothing more is begun; what has not ended is somebody else's to lose."""
        if self._work is not None:
            self._work.cancel()
        if self._shop is not None:
            self._shop.supplies.close()
        await self._reports.settled()

    async def _perform_all(self) -> None:
        while self._held:
            self._begun = next(iter(self._held))
            await self._perform(self._held[self._begun])
            del self._held[self._begun]
            self._begun = ""

    async def _perform(self, dispatch: Dispatch) -> None:
        def question(state: State) -> Envelope | None:
            envelope = build_envelope(state, dispatch, now=self._runtime.now())
            return None if should_cancel(state, dispatch.dispatch_id) else envelope

        envelope = await self._workspace.database.asked(question)
        if envelope is None:
            self._reports.lost(dispatch.dispatch_id, "nobody wants it any more")
            return
        started_at = self._runtime.now()
        self._reports.started(dispatch.dispatch_id, started_at)
        completion = await self._runtime.thread(self._attempt, envelope)
        self._reports.ended(
            dispatch.dispatch_id, completion, started_at=started_at, ended_at=self._runtime.now()
        )

    def _attempt(self, envelope: Envelope) -> Completion:
        try:
            with chdir(self._project):
                self._shop = self._shop or self._opened()
                return attempt(self._shop, envelope)
        except Exception as error:
            return Completion(error=task_error(error, self._project))

    def _opened(self) -> Workshop:
        """The project as it is now, and a store that belongs to no loop."""
        settings = self._workspace.settings
        store = open_store(self._store_url, AsyncioRuntime())
        return workshop(
            load_project(find_project(self._project)),
            ScopedStore(store, Scope(settings.tenant, settings.workspace)),
            tables=data_side,
            cancellation=self._cancellation,
            environment=os.environ,
        )


__all__ = ["Inline"]
