"""Following a run to its end, whoever leads: this process when nobody else does.

Law C3: a run that is followed is always moved by somebody; when its leader dies, the lock becomes
free, or its silence is noticed, and the follower takes over. Must not know what a change looks
like to a person.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from arco.engine.applied import Applied
from arco.engine.database import OUTCOME_SECONDS
from arco.engine.outcomes import outcome_unknown
from arco.execution.callbacks import Callbacks
from arco.execution.leading import Executing, Terms, apart, try_to_lead
from arco.model import State
from arco.orchestration.controllers import CARRYING_ON, Standing
from arco.orchestration.rows import Run
from arco.orchestration.settling import is_running
from arco.orchestration.tables import ACTIVE_RUNS, RUNS
from arco.service.candidates import Candidate
from arco.service.loop import Leader
from arco.service.ports import Performer
from arco.service.workspace import Workspace

T = TypeVar("T")
Watch = Callable[[State], None]

CHANGE_SECONDS_MIN = 0.05
"""At most this often are changes shown: a thousand commits a second are one picture."""
SHOWN_SHARE = 9
"""A picture that took a while is followed by nine times as long for the work itself."""
IDLE_SECONDS_MAX = 0.5
"""A follower that leads looks at least this often, so that clocks on a display go on."""


class Follower:
    """A process that wants runs to end: it leads as soon as nobody else does."""

    def __init__(
        self,
        workspace: Workspace,
        project: Path,
        standing: Standing = CARRYING_ON,
        *,
        executing: Executing = apart,
    ) -> None:
        self._workspace = workspace
        self._database = workspace.database
        self._project = project
        self._terms = Terms(standing, executing)
        self._leader: Leader | None = None
        self._candidate = Candidate(workspace)
        self.callbacks = Callbacks(workspace)
        """Where worker services answer, if this process serves."""
        self._changed = workspace.runtime.signal()
        self._ended = workspace.runtime.signal()
        self._stuck_since: float | None = None

    @property
    def leads(self) -> bool:
        """True: runs end only while this process lives."""
        return self._leader is not None and self._leader.acts

    @property
    def performers(self) -> Sequence[Performer]:
        """What does what falls due outside of the log; nothing while somebody else leads."""
        return self._leader.performers if self._leader is not None and self._leader.acts else ()

    async def start(self) -> None:
        """Lead unless somebody else does; without locks it takes a moment to know."""
        self._database.listeners.append(self._applied)
        await self.step_in()
        while not self.leads and not self._candidate.sees_leader:
            await self._workspace.runtime.sleep(self._workspace.settings.poll_seconds)
            await self.step_in()

    async def stop(self) -> None:
        """Stop leading; what is in flight stays in the log for the next leader."""
        if self._applied in self._database.listeners:
            self._database.listeners.remove(self._applied)
        await self._step_back()

    async def active_runs(self) -> list[str]:
        """The runs that have not ended, oldest first."""
        await self._database.refresh()
        return await self._database.asked(
            lambda state: [row.run_id for row in state.range(ACTIVE_RUNS)]
        )

    async def follow(self, run_id: str, on_change: Watch) -> Run:
        """The run once it has ended; `on_change` sees every state worth showing on the way.

        Raises: Unavailable OUTCOME_UNKNOWN when nothing could be written for too long.
        """

        def ended(state: State) -> Run | None:
            run = state.get(RUNS, run_id)
            return None if is_running(run) else run

        return await self.until(ended, on_change)

    async def until(self, ended: Callable[[State], T | None], on_change: Watch) -> T:
        """What `ended` finds once it finds something; `on_change` as in `follow`.

        Raises: Unavailable OUTCOME_UNKNOWN when nothing could be written for too long.
        """
        runtime = self._workspace.runtime
        while True:
            self._changed.clear()
            self._ended.clear()
            found = await self._database.asked(ended)
            began = runtime.monotonic()
            await self._database.asked(on_change)
            if found is not None:
                return found
            await self._next_change(SHOWN_SHARE * (runtime.monotonic() - began))

    async def _next_change(self, pause_seconds: float) -> None:
        self._refuse_when_stuck()
        if not self.leads:
            await self._workspace.runtime.sleep(self._workspace.settings.poll_seconds)
            await self._database.refresh()
            await self.lead_again()
            return
        if await self._changed.wait(IDLE_SECONDS_MAX):
            await self._ended.wait(max(CHANGE_SECONDS_MIN, pause_seconds))

    def _refuse_when_stuck(self) -> None:
        now = self._workspace.runtime.monotonic()
        trouble = self._database.log.trouble
        self._stuck_since = (self._stuck_since or now) if trouble else None
        if self._stuck_since is not None and now - self._stuck_since > OUTCOME_SECONDS:
            raise outcome_unknown(trouble)

    async def step_in(self) -> None:
        """Lead from now on, if nobody does."""
        if self._leader is None:
            self._leader = await try_to_lead(
                self._workspace,
                self._project,
                callbacks=self.callbacks,
                candidate=self._candidate,
                terms=self._terms,
            )

    async def lead_again(self) -> None:
        """Lead if nobody does, once what is left of an earlier lead has ended."""
        if not self.leads:
            await self._step_back()
            await self.step_in()

    async def announce(self, address: str) -> None:
        """While this process leads, others are told that it answers here."""
        self.callbacks.announce(address)
        if self._leader is not None and self._leader.acts:
            await self._leader.announce(address)

    async def _step_back(self) -> None:
        leader, self._leader = self._leader, None
        if leader is not None:
            await leader.stop()

    def _applied(self, applied: Applied) -> None:
        self._changed.set()
        if any(run is not None and not is_running(run) for _, run in applied.of(RUNS)):
            self._ended.set()


__all__ = ["Follower", "Watch"]
