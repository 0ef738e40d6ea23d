"""Writing a golden history of notifications: every event about them happens once.

What is declared is made up; the decisions are the real ones.
"""

from __future__ import annotations

import shutil
import tempfile
from datetime import datetime
from functools import partial
from pathlib import Path

from arco.engine.database import Database
from arco.ids import sha256
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
from arco.service.workspace import DOMAINS
from arco.store.local import LocalStore
from arco.store.scoped import ScopedStore
from tests.golden.clocks import RepeatingRuntime
from tests.golden.folders import HISTORIES, SCOPE, fresh
from tests.golden.states import folded

OPS = NotifierDefinition(name="ops", channel="slack", address="env:SLACK_URL")
MAIL = NotifierDefinition(
    name="mail",
    channel="email",
    address="env:SMTP_URL",
    recipients=("ann@example.org",),
    sender="arco@example.org",
)


async def write(name: str) -> None:
    """The folder `histories/{name}`: the log, and the state it makes."""
    runtime = RepeatingRuntime(name)
    with tempfile.TemporaryDirectory() as folder:
        store = ScopedStore(LocalStore(Path(folder), runtime, fsync=False), SCOPE)
        database = await Database.open(store, runtime, domains=DOMAINS, writer="golden")
        await story(database, runtime)
        text = await folded(store, runtime)
        shutil.copytree(folder, fresh(HISTORIES / name) / "store")
    (HISTORIES / name / "state.ndjson").write_text(text, "utf-8")
    (HISTORIES / name / "state.sha256").write_text(sha256(text.encode()) + "\n", "utf-8")


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
