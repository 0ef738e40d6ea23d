"""Sensing: whoever leads looks at the sensors that are due, and records what each look came to.

Law C3: a sensor that is due is looked at, or its look is under way. A look that dies with its
process is made again; two that coincide count once, by the version of the sensor. Must not know
processes.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from typing import Protocol

from arco.engine.applied import Applied
from arco.errors import ArcoError, Unavailable
from arco.model import Put
from arco.orchestration.commands.evaluations import (
    Answer,
    Look,
    RecordEvaluation,
    due_looks,
    following_look,
    record_evaluation,
)
from arco.orchestration.sensors import Sensor
from arco.orchestration.tables import PROJECTS
from arco.orchestration.ticking import RunScope
from arco.runtime import Signal, Spawned
from arco.service.workspace import Workspace

LOOKS_AT_ONCE = 4
PAUSE_SECONDS_MAX = 60.0
"""Whatever the clock does, what is due is looked for so often."""
REST_SECONDS = 300.0
"""A process that has nothing to look at for so long is ended."""
AGAIN_SECONDS = 0.5
TURN_SECONDS_MAX = 30.0
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


class Sensing:
    """A `Performer` of looks at sensors."""

    def __init__(self, workspace: Workspace, looker: Looker) -> None:
        self._workspace = workspace
        self._database = workspace.database
        self._runtime = workspace.runtime
        self._looker = looker
        self._under_way: dict[str, Spawned] = {}
        self._stirred: Signal = workspace.runtime.signal()
        self._ended: Signal = workspace.runtime.signal()
        self._watch: Spawned | None = None
        self._code: dict[str, str] = {}
        self._is_changed = False

    async def start(self) -> None:
        """Looks are made when they are due, until `close`."""
        self._database.listeners.append(self._applied)
        self._watch = self._runtime.spawn(self._for_ever(), "arco-sensing")

    async def turn(self) -> int:
        """What is due was looked at, as far as one turn goes; how many looks that were."""
        until = self._runtime.monotonic() + TURN_SECONDS_MAX
        count = 0
        while self._runtime.monotonic() < until:
            begun = await self._begin_due()
            if not self._under_way:
                return count
            count += begun
            self._ended.clear()
            await self._ended.wait(AGAIN_SECONDS)
        return count

    async def close(self) -> None:
        """No look of ours is under way any more; what was not recorded is looked at again."""
        with suppress(ValueError):
            self._database.listeners.remove(self._applied)
        works = [*self._under_way.values(), *([self._watch] if self._watch else [])]
        for work in works:
            work.cancel()
        for work in works:
            with suppress(BaseException):
                await work.join()
        await self._looker.close()

    def _applied(self, applied: Applied) -> None:
        for change in applied.changes:
            if change.table is PROJECTS:
                self._is_changed = True
            elif isinstance(change, Put) and isinstance(change.row, Sensor):
                self._noted(change.row)
            else:
                continue
            self._stirred.set()

    def _noted(self, row: Sensor) -> None:
        version = row.definition.code.version
        if self._code.setdefault(row.name, version) != version:
            self._code[row.name] = version
            self._is_changed = True

    async def _for_ever(self) -> None:
        while True:
            self._stirred.clear()
            try:
                if self._is_changed:
                    self._is_changed = False
                    await self._looker.reload()
                await self._begin_due()
                pause_seconds = await self._pause_seconds()
            except ArcoError as error:
                LOG.warning("no sensor was looked at: %s", error)
                pause_seconds = AGAIN_SECONDS
            await self._stirred.wait(pause_seconds)

    async def _begin_due(self) -> int:
        """Looks are under way of what is due, as many as may be at once; how many began."""
        now = self._runtime.now()
        looks = await self._database.asked(lambda state: list(due_looks(state, now)))
        return sum(map(self._begin, looks))

    def _begin(self, look: Look) -> bool:
        if look.sensor in self._under_way or len(self._under_way) >= LOOKS_AT_ONCE:
            return False
        name = f"arco-look-{look.sensor}"
        self._under_way[look.sensor] = self._runtime.spawn(self._look(look), name)
        return True

    async def _pause_seconds(self) -> float:
        """Until more falls due than is due now."""
        now = self._runtime.now()
        following = await self._database.asked(lambda state: following_look(state, now))
        left = (following - now).total_seconds() if following else REST_SECONDS
        if left >= REST_SECONDS:
            await self._looker.rest()
        return min(left, PAUSE_SECONDS_MAX)

    async def _look(self, look: Look) -> None:
        try:
            await look_and_record(self._workspace, self._looker, look=look)
        except Exception:
            LOG.exception("a look at sensor %s was not recorded", look.sensor)
            await self._runtime.sleep(AGAIN_SECONDS)
        finally:
            del self._under_way[look.sensor]
            self._stirred.set()
            self._ended.set()


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


__all__ = ["LOOKS_AT_ONCE", "Looker", "Sensing", "look_and_record"]
