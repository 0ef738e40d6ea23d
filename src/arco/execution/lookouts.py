"""Lookouts: warm processes that look at sensors, one look at a time each, and are ended when one
takes too long.

They are none of the processes that perform tasks: a sensor that hangs keeps no task waiting. Law:
every look ends with an answer within its time. Must not know the state.
"""

from __future__ import annotations

from pathlib import Path

from arco.execution.child import Worker, WorkerGone, start_child
from arco.execution.protocol import Sense, Sensed
from arco.orchestration.commands.evaluations import Answer, Look
from arco.service.settings import Settings

IDLE_MAX = 1
"""Processes that wait for the next look; more are started when looks coincide."""


class Lookouts:
    """Processes on this machine that have loaded the project."""

    def __init__(self, settings: Settings, project: Path) -> None:
        # The processes have a working directory of their own: a relative path would lead elsewhere.
        self._project = project.resolve()
        plain = "://" not in settings.store_url
        self._store = str(Path(settings.store_url).resolve()) if plain else settings.store_url
        self._scope = f"{settings.tenant}/{settings.workspace}"
        self._idle: list[Worker] = []
        self._generation = 0
        self._closed = False

    async def look(self, look: Look) -> Answer:
        """What the sensor answers, or why it does not."""
        generation = self._generation
        try:
            child = self._idle.pop() if self._idle else await self._started()
        except WorkerGone as gone:
            return Answer(error=f"no process could load the project: {gone}")
        answer = None
        try:
            answer = await _asked(child, look)
        except WorkerGone as gone:
            return Answer(error=f"the process that looked is gone: {gone}")
        finally:
            if answer is not None and self._keeps(generation):
                self._idle.append(child)
            else:
                await _over(child)
        return answer or Answer(error=_too_slow(look))

    async def rest(self) -> None:
        """No process waits any more; the next look starts one."""
        idle, self._idle = self._idle, []
        for child in idle:
            await _over(child)

    async def reload(self) -> None:
        """Every look from now on is made by the code as it stands now."""
        self._generation += 1
        await self.rest()

    async def close(self) -> None:
        """No process of ours waits, and none will."""
        self._closed = True
        await self.rest()

    async def _started(self) -> Worker:
        return await start_child(self._project, self._store, scope=self._scope)

    def _keeps(self, generation: int) -> bool:
        is_current = generation == self._generation and not self._closed
        return is_current and len(self._idle) < IDLE_MAX


async def _asked(child: Worker, look: Look) -> Answer | None:
    """The answer; None when none came in time. Raises: WorkerGone."""
    named = f"sensor:{look.sensor}:{look.version}"
    child.send(Sense(named, look))
    message = await child.receive(look.definition.timeout_ms / 1000)
    if message is None:
        return None
    if isinstance(message, Sensed) and message.dispatch_id == named:
        return message.answer
    raise WorkerGone("it answered something else")


async def _over(child: Worker) -> None:
    child.kill()
    await child.ended()


def _too_slow(look: Look) -> str:
    seconds = look.definition.timeout_ms / 1000
    return (
        f"it took longer than its {seconds:g} seconds: raise timeout_seconds of the sensor, or "
        "let it look at less and move its cursor so far"
    )


__all__ = ["IDLE_MAX", "Lookouts"]
