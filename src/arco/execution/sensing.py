"""Sensing: whoever leads looks at the sensors that are due, and records what each look came to.

Law C3: a sensor that is due is looked at, or its look is under way. A look that dies with its
process is made again; two that coincide count once, by the version of the sensor. Must not know
processes.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from arco.engine.applied import Applied
from arco.errors import ArcoError, Unavailable
from arco.execution.performing import AGAIN_SECONDS, Duty, Performing
from arco.orchestration.commands.evaluations import (
    Answer,
    Look,
    RecordEvaluation,
    due_looks,
    following_look,
    record_evaluation,
)
from arco.orchestration.sensors import SENSORS
from arco.orchestration.tables import PROJECTS
from arco.orchestration.ticking import RunScope
from arco.service.workspace import Workspace

LOOKS_AT_ONCE = 4
REST_SECONDS = 300.0
"""A process that has nothing to look at for so long is ended."""
LOG = logging.getLogger(__name__)


class Looker(Protocol):
    """Who looks at the world outside by a sensor's function; every look has an answer."""

    async def look(self, look: Look) -> Answer:
        """What the sensor answers, or why it does not."""
        ...

    async def rest(self) -> None:
        """Nothing is to be looked at for a while."""
        ...

    async def reload(self) -> None:
        """Every look from now on is made by the code as it stands now."""
        ...

    async def close(self) -> None:
        """Nothing is looked at any more."""
        ...


class Watch:
    """Whoever looks, told when the code changed and when there is nothing to do."""

    def __init__(self, workspace: Workspace, looker: Looker) -> None:
        self._workspace = workspace
        self._looker = looker
        self._code: dict[str, str] = {}
        self._is_changed = False

    def concerns(self, applied: Applied) -> bool:
        """Whether there may be more to look at, or with other code."""
        rows = [row for _, row in applied.of(SENSORS) if row is not None]
        is_deployed = any(True for _ in applied.of(PROJECTS))
        versions = {row.name: row.definition.code.version for row in rows}
        is_other = any(self._code.get(name, code) != code for name, code in versions.items())
        self._code |= versions
        self._is_changed |= is_deployed or is_other
        return is_deployed or bool(rows)

    async def ready(self) -> None:
        """The next look is made by the code as it is now."""
        if self._is_changed:
            self._is_changed = False
            await self._looker.reload()

    async def look(self, look: Look) -> None:
        """What a look came to is on record."""
        await look_and_record(self._workspace, self._looker, look=look)

    async def rest(self, seconds: float) -> None:
        """No process waits for so long."""
        if seconds >= REST_SECONDS:
            await self._looker.rest()

    async def close(self) -> None:
        """No process is left."""
        await self._looker.close()


def sensing(workspace: Workspace, looker: Looker) -> Performing[Look]:
    """A `Performer` of looks at sensors."""
    watch = Watch(workspace, looker)
    duty = Duty(
        name="sensing",
        at_once=LOOKS_AT_ONCE,
        due=due_looks,
        following=following_look,
        of=lambda look: look.sensor,
        concerns=watch.concerns,
        do=watch.look,
        ready=watch.ready,
        rest=watch.rest,
        close=watch.close,
    )
    return Performing(workspace, duty)


async def look_and_record(workspace: Workspace, looker: Looker, *, look: Look) -> None:
    """What the look came to is on record; nothing of it is lost while nothing can be written.

    Idempotent: by the sensor's version.
    """
    evaluated_at = workspace.runtime.now()
    answer = await looker.look(look)
    ended_at = workspace.runtime.now()
    while True:
        recorded = _recorded(workspace, look, answer=answer, times=(evaluated_at, ended_at))
        try:
            await workspace.database.transact(record_evaluation(recorded))
            return
        except Unavailable as error:
            LOG.warning("a look at sensor %s is not recorded yet: %s", look.sensor, error)
            await workspace.runtime.sleep(AGAIN_SECONDS)
        except ArcoError as error:
            if answer.error:
                raise
            answer = Answer(error=f"{error.message} {error.hint}".strip())


def _recorded(
    workspace: Workspace, look: Look, *, answer: Answer, times: Iterable[datetime]
) -> RecordEvaluation:
    evaluated_at, ended_at = times
    scope = workspace.settings.scope
    return RecordEvaluation(
        look=look,
        answer=answer,
        evaluated_at=evaluated_at,
        ended_at=ended_at,
        scope=RunScope(scope.tenant, scope.workspace),
    )


__all__ = ["LOOKS_AT_ONCE", "Looker", "Watch", "look_and_record", "sensing"]
