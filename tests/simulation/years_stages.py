"""A workspace that lives for years of virtual time: leaders, people, a timer outside, and mishaps.

Leaders are the real ones, at a pace of years: what looks four times a second looks once a day. Must
not know what has to hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from arco.engine import snapshot
from arco.engine.database import Database
from arco.engine.lanes import folder
from arco.errors import ArcoError
from arco.execution import performing, sensing
from arco.execution.notifying import notifying
from arco.model import Decision, Event, State
from arco.orchestration.backfills import ACTIVE_BACKFILLS
from arco.orchestration.commands.backfills import (
    CreateBackfill,
    cancel_backfill,
    create_backfill,
    pause_backfill,
    resume_backfill,
    retry_backfill,
    set_concurrency,
)
from arco.orchestration.commands.conditions import disable_condition
from arco.orchestration.commands.run_limits import limit_runs, prioritize_run
from arco.orchestration.commands.runs import trigger_run
from arco.orchestration.commands.schedules import disable_schedule, enable_schedule
from arco.orchestration.commands.sensors import SendMessage, disable_sensor, send_message
from arco.orchestration.controllers import AUTOMATING, Standing
from arco.orchestration.ticking import RunScope
from arco.service import loop
from arco.service.candidates import Candidate
from arco.service.loop import Leader
from arco.service.ports import Performer
from arco.service.settings import Settings
from arco.service.ticking import Ticker
from arco.service.workspace import DOMAINS, Workspace, workspace_of
from arco.store.scoped import ScopedStore
from arco.testing.network import Fate, Weather
from arco.testing.orchestration_samples import trigger
from arco.testing.process import BEGINNING, Process
from arco.testing.scheduler import SECOND_US
from arco.testing.world import DAY_US, HOUR_US, Faults, Mishaps, World
from tests.simulation.years_edges import Hands, Nobody, Outlook, Outside, settled
from tests.simulation.years_project import CONDITIONS, LIMITS, SCHEDULES, deployed

DAY_SECONDS = 86_400.0
LOOK_SECONDS = 6 * 3_600.0
SETTINGS = Settings(
    directory=Path("."),
    snapshot_age_seconds=60 * DAY_SECONDS,
    poll_seconds=DAY_SECONDS / 2,
    lease_seconds=1.5 * DAY_SECONDS,
    verify_hours=0,
    retention="compliance",
    dispatch_seconds_max=0,
    controller_seconds_max=0,
)
PACE: Sequence[tuple[Any, str, float]] = (
    (loop, "SNAPSHOT_CHECK_SECONDS", DAY_SECONDS),
    (loop, "COMPLETE_CHECK_SECONDS", 100 * DAY_SECONDS),
    (loop, "COLLECT_CHECK_SECONDS", 1_000 * DAY_SECONDS),
    (loop, "HISTORY_CHECK_SECONDS", DAY_SECONDS),
    (snapshot, "TAIL_COMMITS_MAX", 250),
    (folder, "FOLD_SECONDS_MIN", 10 * DAY_SECONDS),
    (folder, "IDLE_SECONDS_MAX", 20 * DAY_SECONDS),
    (performing, "PAUSE_SECONDS_MAX", DAY_SECONDS / 2),
    (performing, "AGAIN_SECONDS", 60.0),
    (sensing, "AGAIN_SECONDS", 60.0),
)


class Vigil:
    """Remembers up to which moment each commit is settled: nothing was due any more."""

    def __init__(self) -> None:
        self.settled: dict[tuple[str, int], datetime] = {}

    def standing(self, database: Database) -> Standing:
        """The standing decisions, and after them a note of what they were asked."""

        def note(state: State, now: datetime) -> Sequence[Event]:
            self.settled[database.writer, database.seq + 1] = now
            return ()

        def decisions(window: int, scope: RunScope) -> tuple[Decision, ...]:
            return (*AUTOMATING.decisions(window, scope), note)

        return Standing(decisions, AUTOMATING.next_due)


class YearsStage:
    """A world of two leaders to be and of people who want something now and then."""

    def __init__(self, world: World, *, begins: datetime = BEGINNING) -> None:
        self.world = world
        self.begins = begins
        self.outside = Outside(world)
        self.vigil = Vigil()
        self.leaders: list[str] = []
        self.is_resting = False
        self.has_rested = False
        for name in ("p0", "p1", "people"):
            process = world.process(name)
            process.clock.step(0, int((begins - BEGINNING) / timedelta(microseconds=1)))
            process.start(self._people if name == "people" else self._live)
        world.scheduler.after(DAY_US, self._disturb_clock)
        world.scheduler.after(20 * DAY_US, self._black_out)

    @property
    def now(self) -> datetime:
        """The true time."""
        return self.begins + timedelta(microseconds=self.world.time_us)

    def true_clocks(self) -> None:
        """Every clock shows the true time again."""
        for process in self.world.processes.values():
            self._correct(process)

    def _correct(self, process: Process) -> None:
        off = self.now - process.clock.read(self.world.time_us)
        process.clock.step(self.world.time_us, int(off / timedelta(microseconds=1)))

    def _disturb_clock(self) -> None:
        """Somebody's clock is wrong by seconds to hours, and put right some days later."""
        world, chance = self.world, self.world.chance
        if world.healed:
            return
        process = chance.pick(list(world.processes.values()))
        size_us = chance.spread(SECOND_US, 3 * HOUR_US)
        process.step_clock(chance.pick((size_us, -size_us)))
        world.network.met["clock"] += 1
        lasts_us = chance.spread(HOUR_US, 5 * DAY_US)
        world.scheduler.after(lasts_us, lambda: self._correct(process))
        world.scheduler.after(lasts_us + chance.spread(DAY_US, 30 * DAY_US), self._disturb_clock)

    def _black_out(self) -> None:
        """Now and then nobody is there for days or weeks."""
        world, chance = self.world, self.world.chance
        if world.healed:
            return
        if chance.happens(0.7):
            world.network.met["blackout"] += 1
            for process in world.processes.values():
                process.revival_us = chance.spread(4 * DAY_US, 25 * DAY_US)
                process.crash()
        world.scheduler.after(chance.spread(10 * DAY_US, 60 * DAY_US), self._black_out)

    async def _open(self, process: Process) -> Workspace:
        settings, store = SETTINGS, self.world.client(process)
        writer = f"{process.name}-{process.lives}"
        database = await Database.open(store, process.runtime, domains=DOMAINS, writer=writer)
        scoped = ScopedStore(store, settings.scope)
        return workspace_of(settings, process.runtime, store=scoped, database=database)

    async def _live(self, process: Process) -> None:
        """Lead whenever nobody else does."""
        while True:
            try:
                workspace = await self._open(process)
                candidate = Candidate(workspace)
                while True:
                    await self._stand(process, workspace, candidate=candidate)
                    await process.runtime.sleep(LOOK_SECONDS)
            except ArcoError:
                await process.runtime.sleep(LOOK_SECONDS)

    async def _stand(self, process: Process, workspace: Workspace, *, candidate: Candidate) -> None:
        lease = await candidate.take("")
        if lease is None:
            return
        leader = Leader(
            workspace,
            lease,
            executor=Hands(self.world, workspace.database, process.runtime),
            publisher=Nobody(),
            collector=Nobody(),
            standing=self.vigil.standing(workspace.database),
            performers=self._performers(workspace),
        )
        self.leaders.append(process.name)
        try:
            await leader.start()
            while leader.acts:
                await process.runtime.sleep(LOOK_SECONDS)
        except ArcoError:
            # It could not begin to lead; a crash leaves no time for this.
            pass
        await leader.stop()

    def _performers(self, workspace: Workspace) -> tuple[Performer, ...]:
        looker = Outlook(self.outside, self.world, workspace.runtime)
        return sensing.sensing(workspace, looker), notifying(workspace, self.outside.tell)

    async def _people(self, process: Process) -> None:
        while not self.has_rested:
            try:
                workspace = await self._open(process)
                for decision in deployed():
                    await settled(workspace.database, decision)
                await self._want(process, workspace)
            except ArcoError:
                await process.runtime.sleep(LOOK_SECONDS)

    async def _want(self, process: Process, workspace: Workspace) -> None:
        """Something, every few days, until they let everything come to rest."""
        chance, database = self.world.chance, workspace.database
        timers = [self._timer(workspace), self._timer(workspace)]
        while not self.is_resting:
            await process.runtime.sleep(chance.spread(10 * 3_600, 14 * 86_400))
            if chance.happens(0.3):
                # A timer outside that fires twice, whoever leads.
                await process.runtime.gather(ticked(timer) for timer in timers)
                continue
            for decision in self._wish():
                await settled(database, decision)
        for decision in await database.asked(resting):
            await settled(database, decision)
        self.has_rested = True

    def _timer(self, workspace: Workspace) -> Ticker:
        return Ticker(workspace, Nobody(), lambda: self._performers(workspace))

    def _wish(self) -> Sequence[Decision]:
        """What somebody asks for, now and then twice and in another order than it happened."""
        chance = self.world.chance
        number = chance.draw(1 + self.world.time_us // (3 * DAY_US))
        wish = chance.pick(("mail", "mail", "run", "backfill", "steer", "switch", "crowd"))
        if wish == "mail":
            mail = SendMessage(name="mail", message_id=f"mail-{number}", payload=str(number))
            return [send_message(mail)] * chance.between(1, 2)
        if wish == "run":
            # The same key for one of two requests: one is the run, the other a conflict.
            asset = chance.pick(("raw.orders", "raw.twice"))
            run_id = f"{chance.entropy(120):030X}"[:26]
            asked = trigger(run_id, asset, which="all", run_key=f"run-{number % 40}")
            return [trigger_run(asked)] * chance.between(1, 2)
        if wish == "crowd":
            return self._crowd()
        if wish == "backfill":
            return [create_backfill(self._backfill(number))]
        if wish == "steer":
            return [self._steering(f"B{number // 4}")]
        name = chance.pick(sorted(SCHEDULES))
        return [disable_schedule(name) if chance.happens(0.3) else enable_schedule(name)]

    def _crowd(self) -> Sequence[Decision]:
        """More runs at once than fit, one of them in a hurry, and now and then other limits."""
        chance = self.world.chance
        runs = [f"{chance.entropy(120):030X}"[:26] for _ in range(chance.between(3, 6))]
        assets = [chance.pick(("raw.orders", "raw.twice", "raw.files")) for _ in runs]
        limit = chance.pick(sorted(LIMITS))
        return [
            *(
                trigger_run(trigger(run, asset, which="all"))
                for run, asset in zip(runs, assets, strict=True)
            ),
            prioritize_run(chance.pick(runs), chance.between(-2, 5)),
            limit_runs(limit, LIMITS[limit] + chance.between(0, 2)),
        ]

    def _backfill(self, number: int) -> CreateBackfill:
        chance = self.world.chance
        first = chance.between(1, 20)
        return CreateBackfill(
            backfill_id=f"B{number // 4}",
            selection=("raw.days",),
            partitions=(f"2026-01-{first:02}..2026-01-{first + 4:02}",),
            runs_per=chance.pick(("partition", "chunk")),
            chunk_size=chance.between(2, 6),
            concurrency=chance.between(1, 3),
        )

    def _steering(self, backfill: str) -> Decision:
        chance = self.world.chance
        return chance.pick(
            (
                pause_backfill(backfill),
                resume_backfill(backfill),
                cancel_backfill(backfill),
                retry_backfill(backfill),
                set_concurrency(backfill, chance.between(1, 4)),
            )
        )


def resting(state: State) -> Sequence[Decision]:
    """What lets everything come to rest: nothing begins by itself any more."""
    return (
        *(disable_schedule(name) for name in sorted(SCHEDULES)),
        *(disable_condition(asset) for asset in sorted(CONDITIONS)),
        disable_sensor("files"),
        *(limit_runs(name, runs) for name, runs in LIMITS.items()),
        *(resume_backfill(row.backfill_id) for row in state.range(ACTIVE_BACKFILLS)),
    )


async def ticked(ticker: Ticker) -> None:
    """What fell due is done; what fails is done by whoever comes next."""
    try:
        await ticker.tick()
    except ArcoError:
        return


def paced(patch: pytest.MonkeyPatch) -> None:
    """What the product does many times a minute it does a few times a day."""
    for module, name, seconds in PACE:
        patch.setattr(module, name, seconds)


def rough(world: World, *, days: int) -> Faults:
    """What goes wrong until the last weeks: stores that lose answers, deaths, pauses."""
    chance = world.chance
    fates = (
        Fate.SLOW,
        Fate.LOST,
        Fate.UNANSWERED,
        Fate.LATE,
        Fate.REPEATED,
        Fate.ECHOED,
        Fate.REFUSED,
        Fate.APPLIED_REFUSED,
        Fate.DISOWNED,
    )
    rates = {fate: chance.pick((0.002, 0.01)) for fate in fates if chance.happens(0.6)}
    mishaps = Mishaps(
        crash=chance.happens(0.8),
        pause=chance.happens(0.8),
        suspend=chance.happens(0.5),
        interval_us=(4 * DAY_US, 30 * DAY_US),
        absence_us=(HOUR_US, 6 * DAY_US),
        pause_us=(HOUR_US, 6 * DAY_US),
    )
    return Faults(
        weather=Weather(rates=rates, latency_us=(20_000, 200_000)),
        mishaps=mishaps,
        heal_after_us=days * DAY_US,
    )


__all__ = ["YearsStage", "paced", "rough"]
