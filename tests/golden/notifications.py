"""Writing a golden history of notifications: every event about them happens once.

What is declared is made up; the decisions are the real ones.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial

from arco.engine.database import Database
from arco.model import Decision, State
from arco.orchestration.commands.notifications import (
    DefineNotifiers,
    Delivery,
    define_notifiers,
    due_deliveries,
    record_delivery,
    try_notifier,
)
from arco.orchestration.definitions import NotifierDefinition
from tests.golden.clocks import RepeatingRuntime

OPS = NotifierDefinition(name="ops", channel="slack", address="env:SLACK_URL")
MAIL = NotifierDefinition(
    name="mail",
    channel="email",
    address="env:SMTP_URL",
    recipients=("ann@example.org",),
    sender="arco@example.org",
)


async def story(database: Database, runtime: RepeatingRuntime) -> None:
    """Two are tried; one takes it at last, the other waits and leaves the project."""
    await database.transact(_declared(OPS, MAIL))
    for name in ("ops", "mail"):
        await database.transact(try_notifier(name, actor="ann"))
    for error in ("hooks.example.org answered 503", ""):
        now = runtime.now()
        due = await database.asked(partial(due_at, now=now))
        await database.transact(record_delivery(due[-1], error))
        runtime.wait(5)
    await database.transact(_declared(OPS))


def due_at(state: State, now: datetime) -> list[Delivery]:
    """What is due at the moment."""
    return list(due_deliveries(state, now))


def _declared(*notifiers: NotifierDefinition) -> Decision:
    command = DefineNotifiers(project="shop", deployment_id="D1", notifiers=notifiers, actor="ann")
    return define_notifiers(command)
