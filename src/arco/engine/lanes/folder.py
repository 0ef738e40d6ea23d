"""The folder: brings facts from lanes into the state, and seals silent lanes.

Anybody may fold: two folders that race waste work and nothing else, because a fold names the number
it follows. Must not know what any fact means.
"""

from __future__ import annotations

import logging
from datetime import datetime
from functools import partial

import msgspec

from arco.engine.database import Database
from arco.engine.lanes.events import FactsFolded
from arco.engine.lanes.folding import FOLD_FACTS_MAX, Gathered, fold_facts
from arco.engine.lanes.gathering import Gatherer, watermarks
from arco.engine.lanes.lane import occupy_with_seal
from arco.engine.lanes.measuring import FACT_LAGS, measured
from arco.engine.lanes.quarantine import Quarantine
from arco.engine.lanes.remembering import REMEMBERED_HOURS, forget_facts
from arco.engine.lanes.tables import FACTS
from arco.errors import ArcoError
from arco.model import Event, State
from arco.runtime import Signal

FOLD_SECONDS_MIN = 0.25
"""At most this often, unless much waits: a fold is a commit."""
BEHIND_FACTS = FOLD_FACTS_MAX // 2
"""A fold of so many is followed by the next one: what comes in faster must not pile up."""
BREATH_SECONDS = 0.01
IDLE_SECONDS_MAX = 2.0
"""At least this often is the roster looked at, so that other processes' facts show in seconds."""
SILENT_SECONDS = 60.0
LOG = logging.getLogger(__name__)


class Folder:
    """Folds for one process; what it remembers only keeps it from doing work too often."""

    def __init__(
        self,
        database: Database,
        *,
        silent_seconds: float = SILENT_SECONDS,
        remembered_hours: int = REMEMBERED_HOURS,
    ) -> None:
        self._silent_seconds = silent_seconds
        self._remembered_hours = remembered_hours
        self._database = database
        self._runtime = database.runtime
        self._gatherer = Gatherer(database)
        self._quarantine = Quarantine(database)
        self._silent_since: dict[str, tuple[int, float]] = {}
        self._retried = False
        self._warned: set[str] = set()

    async def run(self, nudge: Signal) -> None:
        """Fold for ever; `nudge` says that there is something at once."""
        pause = FOLD_SECONDS_MIN
        while True:
            folded = await self._try_step()
            if folded >= BEHIND_FACTS:
                # More waits: a breath for whoever else uses the loop, then the next fold.
                await self._runtime.sleep(BREATH_SECONDS)
                continue
            pause = FOLD_SECONDS_MIN if folded else min(IDLE_SECONDS_MAX, 2 * pause)
            await self._runtime.sleep(FOLD_SECONDS_MIN)
            await nudge.wait(pause - FOLD_SECONDS_MIN)
            nudge.clear()

    async def _try_step(self) -> int:
        try:
            return await self.step()
        except ArcoError as error:
            LOG.warning("facts were not folded: %s", error)
        except Exception:
            LOG.exception("facts were not folded")
        return 0

    async def step(self) -> int:
        """How many facts and duplicates one fold took in; 0 when nothing was new, or another folder
        was faster.

        Raises: StoreFault, Unavailable, Corrupt. Cost: 1 GET for the log, 1 for the roster, 1 for
        each open lane; 1 PUT when something is new.
        """
        await self._database.refresh()
        gathered = await self._gatherer.gather()
        if not self._retried:
            retries = await self._quarantine.known()
            gathered = msgspec.structs.replace(gathered, retries=retries)
            self._retried = not retries
        folded = await self._fold(gathered)
        self._warn()
        await self._seal_silent()
        await self._report_damage()
        return folded

    async def _fold(self, gathered: Gathered) -> int:
        if not (gathered.opened or gathered.slots or gathered.retries):
            return 0
        receipt = await self._database.transact(partial(self._decide, gathered=gathered))
        done = [each.payload for each in receipt.events if isinstance(each.payload, FactsFolded)]
        return sum(each.facts + each.duplicates for each in done)

    def _decide(self, state: State, now: datetime, *, gathered: Gathered) -> list[Event]:
        folded = fold_facts(self._database.registry, state, gathered=gathered, now=now)
        if folded is None:
            return []
        damaged = len(self._gatherer.damaged)
        forgotten = forget_facts(state, now, folded=folded, hours=self._remembered_hours)
        return [Event(folded), Event(measured(gathered, damaged=damaged, now=now)), *forgotten]

    def _warn(self) -> None:
        for lane, damage in self._gatherer.damaged.items():
            if lane not in self._warned:
                self._warned.add(lane)
                LOG.error("lane %s is not folded on: %s", lane, damage.message)

    async def _seal_silent(self) -> None:
        """Lanes that nobody wrote to for a while are ended: a dead owner never does."""
        now = self._runtime.monotonic()
        marks = await self._database.asked(watermarks)
        before, self._silent_since = self._silent_since, {}
        for lane, following in marks.lanes:
            slot, since = before.get(lane, (-1, now))
            since = since if slot == following else now
            self._silent_since[lane] = (following, since)
            if now - since >= self._silent_seconds and lane not in self._gatherer.damaged:
                await self._seal(lane, following)

    async def _seal(self, lane: str, slot: int) -> None:
        await occupy_with_seal(self._database, lane, slot=slot)

    async def _report_damage(self) -> None:
        """A lane that cannot be read on is told also when nothing is folded, and told again when
        it can.
        """
        damaged = len(self._gatherer.damaged)
        known = await self._database.asked(_damaged_lanes)
        if damaged != known:
            nothing = Gathered(roster_first=0)
            await self._database.transact(
                lambda _, now: [Event(measured(nothing, damaged=damaged, now=now))]
            )


def _damaged_lanes(state: State) -> int:
    row = state.get(FACT_LAGS, FACTS)
    return row.damaged_lanes if row else 0


__all__ = ["Folder"]
