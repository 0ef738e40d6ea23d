"""Notifying: whoever leads tells those who want to know, and records whether they took it.

Law C3: what is to be told is tried until somebody takes it or it is given up. Nothing waits for it:
a notifier that fails keeps no run, and no other notifier, waiting. It is told at least once, under
one id. Must not know in which form.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Protocol

from arco.engine.applied import Applied
from arco.errors import ArcoError
from arco.execution.channels import Undelivered, deliver
from arco.orchestration.commands.notifications import (
    Delivery,
    due_deliveries,
    following_delivery,
    record_delivery,
)
from arco.orchestration.notifications import DUE_NOTIFICATIONS
from arco.runtime import Runtime, Signal, Spawned
from arco.service.settings import Settings
from arco.service.workspace import Workspace

AT_ONCE = 8
PAUSE_SECONDS_MAX = 60.0
AGAIN_SECONDS = 0.5
TURN_SECONDS_MAX = 30.0
LOG = logging.getLogger(__name__)


class Teller(Protocol):
    """How somebody is reached."""

    async def __call__(self, delivery: Delivery, settings: Settings, *, runtime: Runtime) -> None:
        """Somebody took it. Raises: Undelivered."""
        ...


class Notifying:
    """A `Performer` of notifications."""

    def __init__(self, workspace: Workspace, tell: Teller = deliver) -> None:
        self._workspace = workspace
        self._tell = tell
        self._database = workspace.database
        self._runtime = workspace.runtime
        self._under_way: dict[str, Spawned] = {}
        """By notifier: each is told one thing after the other."""
        self._stirred: Signal = workspace.runtime.signal()
        self._ended: Signal = workspace.runtime.signal()
        self._watch: Spawned | None = None

    async def start(self) -> None:
        """What is due is told, until `close`."""
        self._database.listeners.append(self._applied)
        self._watch = self._runtime.spawn(self._for_ever(), "arco-notifying")

    async def turn(self) -> int:
        """What is due was tried, as far as one turn goes; how many attempts that were."""
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
        """Nothing is under way any more; what was not recorded is told again."""
        with suppress(ValueError):
            self._database.listeners.remove(self._applied)
        works = [*self._under_way.values(), *([self._watch] if self._watch else [])]
        for work in works:
            work.cancel()
        for work in works:
            with suppress(BaseException):
                await work.join()

    def _applied(self, applied: Applied) -> None:
        if any(change.table is DUE_NOTIFICATIONS for change in applied.changes):
            self._stirred.set()

    async def _for_ever(self) -> None:
        while True:
            self._stirred.clear()
            try:
                await self._begin_due()
                pause_seconds = await self._pause_seconds()
            except ArcoError as error:
                LOG.warning("nobody was told: %s", error)
                pause_seconds = AGAIN_SECONDS
            await self._stirred.wait(pause_seconds)

    async def _begin_due(self) -> int:
        now = self._runtime.now()
        due = await self._database.asked(lambda state: list(due_deliveries(state, now)))
        return sum(map(self._begin, due))

    def _begin(self, delivery: Delivery) -> bool:
        name = delivery.definition.name
        if name in self._under_way or len(self._under_way) >= AT_ONCE:
            return False
        self._under_way[name] = self._runtime.spawn(self._deliver(delivery), f"arco-tell-{name}")
        return True

    async def _pause_seconds(self) -> float:
        now = self._runtime.now()
        following = await self._database.asked(lambda state: following_delivery(state, now))
        left = (following - now).total_seconds() if following else PAUSE_SECONDS_MAX
        return min(left, PAUSE_SECONDS_MAX)

    async def _deliver(self, delivery: Delivery) -> None:
        name = delivery.definition.name
        try:
            error = await told(self._workspace, delivery, tell=self._tell)
            await self._database.transact(record_delivery(delivery, error))
        except Exception:
            LOG.exception("what became of a notification of %s is not known", name)
            await self._runtime.sleep(AGAIN_SECONDS)
        finally:
            del self._under_way[name]
            self._stirred.set()
            self._ended.set()


async def told(workspace: Workspace, delivery: Delivery, *, tell: Teller = deliver) -> str:
    """Why nobody took it; empty: somebody did."""
    try:
        await tell(delivery, workspace.settings, runtime=workspace.runtime)
    except Undelivered as error:
        return str(error)
    except Exception as error:
        LOG.exception("a notification of %s could not be sent", delivery.definition.name)
        return f"it could not be sent: {type(error).__name__}"
    return ""


__all__ = ["Notifying", "Teller", "told"]
