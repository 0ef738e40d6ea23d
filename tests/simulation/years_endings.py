"""How years of virtual time end: everything heals, nothing begins any more, and nothing is left.

Law C3 in bounded time: whatever is not at its end has somebody who moves it. Must not know how the
years were.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

import msgspec

from arco.engine.database import Database
from arco.model import State
from arco.orchestration.backfills import ACTIVE_BACKFILLS, BACKFILLS, ENDED
from arco.orchestration.invariants import violations
from arco.orchestration.notifications import (
    DUE_NOTIFICATIONS,
    NOTIFICATIONS,
    Notification,
    NotificationState,
)
from arco.orchestration.run_limits import ADMITTED_RUNS, QUEUED_RUNS, RUN_QUEUE
from arco.orchestration.schedules import QUEUED_TICKS, SCHEDULES
from arco.orchestration.sensors import SENSOR_MESSAGES, WAITING_MESSAGES, MessageState
from arco.orchestration.tables import ACTIVE_RUNS, DISPATCHES, READY, RETRIES
from arco.service.workspace import DOMAINS
from arco.testing.campaign import surprised
from arco.testing.process import Process
from arco.testing.world import DAY_US, Violation, World
from tests.simulation.stages import run_alone
from tests.simulation.years_edges import FILE_EVERY_US
from tests.simulation.years_laws import Account, demand
from tests.simulation.years_project import LOOK_DAYS, POLLING
from tests.simulation.years_stages import YearsStage

HEALING_DAYS = 18
"""Whoever was gone is back, and everything that was due meanwhile is done."""
REST_DAYS = 25
NOTHING_LEFT = (
    ACTIVE_RUNS,
    DISPATCHES,
    READY,
    RETRIES,
    QUEUED_RUNS,
    RUN_QUEUE,
    ADMITTED_RUNS,
    QUEUED_TICKS,
    WAITING_MESSAGES,
    DUE_NOTIFICATIONS,
    ACTIVE_BACKFILLS,
)


class Left(msgspec.Struct, frozen=True):
    """What a stranger finds who opens the workspace at the end."""

    problems: tuple[str, ...]
    notifications: tuple[Notification, ...]
    failed_messages: int
    next_ticks: tuple[datetime | None, ...]


def lived(world: World, *, days: int, begins: datetime) -> tuple[YearsStage, Account]:
    """A life of so many days, in which every law held. Raises: Violation."""
    stage = YearsStage(world, begins=begins)
    try:
        _pass(world, days)
        world.heal()
        stage.true_clocks()
        _pass(world, HEALING_DAYS)
        resting_us = world.time_us
        stage.is_resting = True
        _wait(world, lambda: stage.has_rested)
        _pass(world, REST_DAYS)
        left = run_alone(world, lambda process: _left(world, process), name="witness")
    finally:
        account = Account(stage.begins, stage.now)
        world.kill()
        # Who waits for ever usually does so because a law was broken first.
        account.read(world.store, stage.vigil.settled)
    _check_left(stage, account, left=left)
    looked_us = int(account.cursors[POLLING]) * FILE_EVERY_US
    # Healing is a look, the file before it, and a day: nothing is looked at while all rests. A look
    # that broke is followed by another one a look later.
    behind_us = (HEALING_DAYS + LOOK_DAYS * account.looks_lost) * DAY_US
    demand(looked_us > resting_us - behind_us, "sensors are looked at", what=looked_us)
    return stage, account


def _pass(world: World, days: int) -> None:
    for _ in range(days):
        until_us = world.time_us + DAY_US
        _wait(world, lambda until_us=until_us: world.time_us >= until_us)  # type: ignore[misc]


def _wait(world: World, until: Any) -> None:
    world.scheduler.after(DAY_US, lambda: None)
    world.run(lambda: until() or surprised(world))
    for task in world.scheduler.failures:
        if not task.observed:
            raise Violation("no surprise", f"{task.name}: {task.error!r}") from task.error


async def _left(world: World, process: Process) -> Left:
    store = world.client(process)
    database = await Database.open(store, process.runtime, domains=DOMAINS, writer="witness")
    return await database.asked(_found)


def _found(state: State) -> Left:
    problems = list(violations(state))
    for table in NOTHING_LEFT:
        problems += [f"{table.name}: {row}" for row in state.range(table)]
    problems += [f"{row}" for row in state.range(BACKFILLS) if row.state not in ENDED]
    messages = state.range(SENSOR_MESSAGES)
    return Left(
        problems=tuple(problems),
        notifications=tuple(state.range(NOTIFICATIONS)),
        failed_messages=sum(row.state is MessageState.FAILED for row in messages),
        next_ticks=tuple(row.next_at for row in state.range(SCHEDULES)),
    )


def _check_left(stage: YearsStage, account: Account, *, left: Left) -> None:
    demand(not left.problems, "nothing is left that nobody moves", what=left.problems[:3])
    for ticks in account.ticks.values():
        ticks.end()
    due = [at for at in left.next_ticks if at is None or at <= stage.now]
    demand(not due, "no tick missed", what=due)
    demand(account.ended == set(account.plans), "every run ends", what="")
    handled = len(account.handled) + left.failed_messages
    demand(handled == len(account.messages), "every message is handled", what=account.messages)
    for row in left.notifications:
        told = (row.notifier, row.number) in stage.outside.told
        demand(told or row.state is NotificationState.FAILED, "everybody is told", what=row)
    counts = Counter(row.kind for row in left.notifications)
    misses = sum(policy.counts["missed"] for policy in account.policies.values())
    expected = (misses, account.failed)
    found = (counts["freshness_missed"], counts["run_failed"])
    demand(found == expected, "what happened once is told once", what=(found, expected))


__all__ = ["Left", "lived"]
