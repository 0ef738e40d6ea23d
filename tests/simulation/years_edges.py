"""The world outside of a workspace that lives for years: who performs, who looks, who is told.

What is out there does not depend on who asks: files arrive by the true time, and only answers fail.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from arco.engine.database import Database
from arco.errors import ArcoError
from arco.execution.channels import Undelivered
from arco.model import Decision, State
from arco.orchestration.bridging import RunAsked
from arco.orchestration.commands.attempts import (
    CompleteAttempt,
    LoseAttempt,
    StartAttempt,
    complete_attempt,
    lose_attempt,
    should_cancel,
    start_attempt,
)
from arco.orchestration.commands.evaluations import Answer, Look
from arco.orchestration.commands.notifications import Delivery
from arco.orchestration.outcomes import Completion, ErrorCategory, Made, Read, TaskError
from arco.orchestration.rows import Dispatch
from arco.orchestration.tables import PARTITION_STATUS, TASKS
from arco.orchestration.together import waiting_with
from arco.runtime import Runtime, Spawned
from arco.service.settings import Settings
from arco.testing.world import DAY_US, World
from tests.simulation.years_project import READ

MINUTE_SECONDS, HOUR_SECONDS = 60, 3_600
FILE_EVERY_US = 9 * DAY_US
AGAIN_SECONDS = 600.0
FATES = ("well", "well", "well", "well", "well", "fails", "lost", "late", "twice")


class Outside:
    """What is out there: files that arrive, and what somebody was told."""

    def __init__(self, world: World) -> None:
        self.told: set[tuple[str, int]] = set()
        self.attempts_told = 0
        self._world = world
        self._chance = world.chance

    @property
    def files(self) -> int:
        """How many there are."""
        return self._world.time_us // FILE_EVERY_US

    async def tell(self, delivery: Delivery, settings: Settings, *, runtime: Runtime) -> None:
        """Somebody is told, or was told and nobody knows, or was not."""
        await runtime.sleep(self._chance.between(1, MINUTE_SECONDS))
        named = delivery.notification.notifier, delivery.notification.number
        self.attempts_told += 1
        if self._chance.happens(0.2):
            raise Undelivered("nobody was there")
        self.told.add(named)
        if self._chance.happens(0.1):
            raise Undelivered("the answer was lost")


class Outlook:
    """Looks at what is outside as a sensor's function would."""

    def __init__(self, outside: Outside, world: World, runtime: Runtime) -> None:
        self._outside = outside
        self._chance = world.chance
        self._runtime = runtime

    async def look(self, look: Look) -> Answer:
        """Every file behind the cursor is asked for, every message once; some looks fail."""
        await self._runtime.sleep(self._chance.spread(1, 2 * HOUR_SECONDS))
        if self._chance.happens(0.15):
            return Answer(error="it broke")
        if look.message_id:
            return Answer(requests=(RunAsked(run_key=look.message_id),), cursor=look.cursor)
        seen, found = int(look.cursor or 0), self._outside.files
        requests = [RunAsked(run_key=f"file-{each}") for each in range(seen, found)]
        if seen and self._chance.happens(0.2):
            # The same key for something else, and for the same once more.
            requests.append(RunAsked(run_key=f"file-{seen - 1}", selection=("raw.orders",)))
            requests.append(RunAsked(run_key=f"file-{seen - 1}"))
        return Answer(requests=tuple(requests), cursor=str(found))

    async def rest(self) -> None:
        """Nothing waits here."""

    async def reload(self) -> None:
        """The code is what it is."""

    async def close(self) -> None:
        """Nothing is held."""


class Hands:
    """An executor whose attempts take minutes to days and end well, badly, late, twice or never."""

    def __init__(self, world: World, database: Database, runtime: Runtime) -> None:
        self._chance = world.chance
        self._database = database
        self._runtime = runtime
        self._held: dict[str, Spawned] = {}

    async def start(self) -> None:
        """Nothing has to be ready."""

    def offer(self, dispatch: Dispatch) -> None:
        """Somebody performs it, once in this process."""
        if dispatch.dispatch_id not in self._held:
            work = self._perform(dispatch)
            self._held[dispatch.dispatch_id] = self._runtime.spawn(work, dispatch.dispatch_id)

    def withdraw(self, run_id: str) -> None:
        """Who performs asks by itself whether it goes on."""

    async def close(self) -> None:
        """Nobody of ours performs anything any more."""
        for task in self._held.values():
            task.cancel()

    async def _perform(self, dispatch: Dispatch) -> None:
        chance, named = self._chance, dispatch.dispatch_id
        await self._runtime.sleep(chance.spread(MINUTE_SECONDS, 6 * HOUR_SECONDS))
        started_at = self._runtime.now()
        await self._say(start_attempt(StartAttempt(dispatch_id=named, started_at=started_at)))
        reads = await self._read(dispatch)
        await self._runtime.sleep(chance.spread(MINUTE_SECONDS, 30 * HOUR_SECONDS))
        fate = chance.pick(FATES)
        error = TaskError(ErrorCategory.USER_CODE, "it broke") if fate == "fails" else None
        if await self._asked(lambda state: should_cancel(state, named)):
            error = TaskError(ErrorCategory.CANCELLED, "it was told to stop")
        command = CompleteAttempt(
            dispatch_id=named,
            started_at=started_at,
            ended_at=self._runtime.now(),
            completion=Completion(
                error=error,
                reads=() if error else reads,
                others=() if error else await self._beside(dispatch),
            ),
        )
        if fate in ("lost", "late"):
            await self._say(lose_attempt(LoseAttempt(dispatch_id=named, reason="it is silent")))
        if fate in ("late", "twice"):
            await self._say(complete_attempt(command))
            await self._runtime.sleep(chance.spread(MINUTE_SECONDS, 30 * HOUR_SECONDS))
        if fate != "lost":
            await self._say(complete_attempt(command))

    async def _read(self, dispatch: Dispatch) -> tuple[Read, ...]:
        """What the attempt finds upstream."""

        def found(state: State) -> tuple[Read, ...]:
            task = state.get(TASKS, dispatch.run_id, dispatch.index)
            reads = []
            for upstream in READ[task.asset] if task else ():
                status = state.get(PARTITION_STATUS, upstream, "")
                if status is not None and status.materialization is not None:
                    version = status.materialization.data_version
                    reads.append(Read(upstream, "it", ("",), (version,)))
            return tuple(reads)

        answer: tuple[Read, ...] = await self._asked(found)
        return answer

    async def _beside(self, dispatch: Dispatch) -> tuple[Made, ...]:
        """What the function makes, too."""

        def waiting(state: State) -> tuple[Made, ...]:
            task = state.get(TASKS, dispatch.run_id, dispatch.index)
            found = waiting_with(state, task) if task else []
            return tuple(Made(asset=each.asset) for each in found)

        answer: tuple[Made, ...] = await self._asked(waiting)
        return answer

    async def _asked(self, question: Callable[[State], object]):  # type: ignore[no-untyped-def]
        while True:
            try:
                return await self._database.asked(question)
            except ArcoError:
                await self._runtime.sleep(AGAIN_SECONDS)

    async def _say(self, decision: Decision) -> None:
        await settled(self._database, decision)


class Nobody:
    """A publisher and a collector of a workspace that has nothing for either."""

    async def publish(self, run_id: str) -> None:
        """Nothing is staged here."""
        raise AssertionError(f"{run_id} has nothing to publish")

    async def collect(self) -> bool:
        """What is old may stay."""
        return True


async def settled(database: Database, decision: Decision) -> None:
    """The decision is in the log, or was refused; asked until that is known."""
    for _ in count():
        try:
            await database.transact(decision)
            return
        except ArcoError as error:
            if error.status != 503:
                return
        await database.runtime.sleep(AGAIN_SECONDS)


__all__ = ["FILE_EVERY_US", "Hands", "Nobody", "Outlook", "Outside", "settled"]
