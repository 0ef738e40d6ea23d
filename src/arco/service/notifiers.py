"""Notifiers as people see them: who is told, what was told, and whether it was taken.

Must not know HTTP or terminals, nor how anybody is reached.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import msgspec

from arco.model import State
from arco.orchestration.commands.notifications import find_notifier
from arco.orchestration.definitions import Channel, NewsKind
from arco.orchestration.notifications import NOTIFICATIONS, NOTIFIERS, Notification, Notifier

NOTIFICATIONS_SHOWN = 10


class NotifierSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One notifier: how it is reached, and what it was told last."""

    name: str
    project: str
    channel: Channel
    """In which form it is told, and over what."""
    kinds: list[NewsKind]
    """What it is told of."""
    recipients: list[str]
    """Whom its e-mails go to."""
    notifications: int
    """How much there was to tell."""
    newest: Notification | None
    """What it was told last; null: nothing yet."""


class NotifierDetail(msgspec.Struct, frozen=True, kw_only=True):
    """One notifier and what it was told last."""

    notifier: NotifierSummary
    """How it stands."""
    notifications: list[Notification]
    """The newest ten, newest first."""


def notifiers(state: State, *, after: str = "") -> Iterator[NotifierSummary]:
    """Every notifier that is deployed, by name, behind the name `after`."""
    rows = state.range(NOTIFIERS, after=(after,) if after else None)
    return (notifier_summary(state, row) for row in rows if not row.removed)


def notifier_summary(state: State, row: Notifier) -> NotifierSummary:
    """The notifier in one line; its address, which may be a secret, is not in it."""
    definition = row.definition
    return NotifierSummary(
        name=row.name,
        project=row.project,
        channel=definition.channel,
        kinds=list(definition.kinds),
        recipients=list(definition.recipients),
        notifications=row.notifications,
        newest=state.get(NOTIFICATIONS, row.name, row.notifications),
    )


def notifier_detail(state: State, name: str) -> NotifierDetail:
    """One notifier with what it was told.

    Raises: NotFound NOTIFIER_UNKNOWN.
    """
    row = find_notifier(state, name)
    newest = list(state.range(NOTIFICATIONS, name))[::-1]
    return NotifierDetail(
        notifier=notifier_summary(state, row), notifications=newest[:NOTIFICATIONS_SHOWN]
    )


def newest_notification(state: State, name: str) -> Notification:
    """What the notifier is told last: right behind a test, the test."""
    row = find_notifier(state, name)
    newest = state.get(NOTIFICATIONS, name, row.notifications)
    assert newest is not None, "a notifier that was tried is told so"
    return newest


def newest_notifications(state: State, *, notifier: str = "") -> list[Notification]:
    """What was told, newest first: to this notifier, or to anybody.

    Cost: all that is kept, at most a thousand of each notifier.
    """
    rows = state.range(NOTIFICATIONS, notifier) if notifier else state.range(NOTIFICATIONS)
    return sorted(rows, key=place_of)


def place_of(row: Notification) -> tuple[int, str, int]:
    """Where it stands in the list, which begins with the newest."""
    return -_microseconds(row.created_at), row.notifier, -row.number


def _microseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000)


__all__ = [
    "NotifierDetail",
    "NotifierSummary",
    "newest_notification",
    "newest_notifications",
    "notifier_detail",
    "notifier_summary",
    "notifiers",
    "place_of",
]
