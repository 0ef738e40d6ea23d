"""Notifications: who is told what happened, what is to be told, and whether it was.

What is to be told is a row of the commit in which it happened: nothing that happened goes untold
because a process died. Must not know how anybody is reached.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from arco.model import Payload, Table
from arco.orchestration.definitions import NotifierDefinition

NOTIFICATIONS_KEPT = 1000
"""Of each notifier; older ones are dropped as newer ones come."""
ATTEMPTS_MAX = 8
RETRY_SECONDS = 5.0
"""After the first failure; then four times as long, each time."""
RETRY_SECONDS_MAX = 3600.0
SUBJECTS = {
    "run_failed": "runs",
    "run_recovered": "runs",
    "backfill_ended": "backfills",
    "freshness_missed": "assets",
    "freshness_recovered": "assets",
}
"""Kind -> what its subject is one of; the others are about the workspace."""


class NotificationState(StrEnum):
    """Whether somebody was told."""

    WAITING = "WAITING"
    """Nobody was reached yet."""
    DELIVERED = "DELIVERED"
    """It was taken."""
    FAILED = "FAILED"
    """Nobody took it, again and again."""
    REMOVED = "REMOVED"
    """It waited, and its notifier left the project."""


class Notifier(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who is told what happened."""

    name: str
    project: str
    deployment_id: str
    definition: NotifierDefinition
    removed: bool = False
    notifications: int = 0
    """How much there was to tell."""


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that somebody is to be told."""

    notifier: str
    """Who is told."""
    number: int
    """Counts what this notifier is told."""
    kind: str
    """What happened: `run_failed`, `freshness_missed`, ... as `on=` names it, or `test`."""
    subject: str
    """The run, the backfill, the asset, or the service level."""
    title: str
    """What happened, in a line."""
    why: str = ""
    """Why, as far as it is known."""
    state: NotificationState = NotificationState.WAITING
    """Whether it was told."""
    created_at: datetime
    """When it happened."""
    due_at: datetime | None = None
    """When it is tried next; None: never again."""
    attempts: int = 0
    """How often it was tried."""
    ended_at: datetime | None = None
    """When it was taken, or given up."""
    error: str = ""
    """What the last attempt that failed came to."""


class DueNotification(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be told, in the order in which it is due."""

    due_at: datetime
    notifier: str
    """Who is told."""
    number: int


class Failing(msgspec.Struct, frozen=True, kw_only=True):
    """What failed the last time it ran: its next success is news."""

    subject: str
    """What runs: a selection and a partition."""
    run_id: str
    """The newest run that failed."""


class NotifiersDefined(Payload, frozen=True):
    """A project's notifiers were replaced by these."""

    project: str
    deployment_id: str
    notifiers: tuple[NotifierDefinition, ...]
    defined_at: datetime
    """When they were."""


class NotifierTested(Payload, frozen=True):
    """Somebody wants to see whether a notifier reaches anybody."""

    name: str
    number: int
    """One more than what it was told before."""
    tested_at: datetime
    """When they said so."""


class NotificationDelivered(Payload, frozen=True):
    """Somebody was told."""

    notifier: str
    """Who is told."""
    number: int
    attempt: int
    delivered_at: datetime
    """When it was taken."""


class NotificationRefused(Payload, frozen=True):
    """Nobody was reached."""

    notifier: str
    """Who is told."""
    number: int
    attempt: int
    refused_at: datetime
    """When that was known."""
    error: str
    """Why."""
    next_at: datetime | None = None
    """When it is tried again; None: never."""


EVENTS: tuple[type[Payload], ...] = (
    NotifiersDefined,
    NotifierTested,
    NotificationDelivered,
    NotificationRefused,
)

NOTIFIERS = Table("orchestration.notifiers", Notifier, ("name",))
NOTIFICATIONS = Table("orchestration.notifications", Notification, ("notifier", "number"))
DUE_NOTIFICATIONS = Table(
    "orchestration.due_notifications",
    DueNotification,
    ("due_at", "notifier", "number"),
    public=False,
)
FAILING = Table("orchestration.failing", Failing, ("subject",), public=False)
TABLES = (NOTIFIERS, NOTIFICATIONS, DUE_NOTIFICATIONS, FAILING)

__all__ = [
    "ATTEMPTS_MAX",
    "DUE_NOTIFICATIONS",
    "EVENTS",
    "FAILING",
    "NOTIFICATIONS",
    "NOTIFICATIONS_KEPT",
    "NOTIFIERS",
    "RETRY_SECONDS",
    "RETRY_SECONDS_MAX",
    "SUBJECTS",
    "TABLES",
    "DueNotification",
    "Failing",
    "Notification",
    "NotificationDelivered",
    "NotificationRefused",
    "NotificationState",
    "Notifier",
    "NotifierTested",
    "NotifiersDefined",
]
