"""Commands about notifications: define a project's notifiers, try one, record an attempt.

A command returns a decision; deciding twice is harmless. Must not know how anybody is reached.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import takewhile
from urllib.parse import urlsplit

import msgspec

from arco.errors import Conflict, NotFound
from arco.model import Decision, Event, State
from arco.orchestration.definitions import NotifierDefinition
from arco.orchestration.notifications import (
    ATTEMPTS_MAX,
    DUE_NOTIFICATIONS,
    NOTIFICATIONS,
    NOTIFIERS,
    RETRY_SECONDS,
    RETRY_SECONDS_MAX,
    Notification,
    NotificationDelivered,
    NotificationRefused,
    NotificationState,
    Notifier,
    NotifiersDefined,
    NotifierTested,
)

ACTOR = "notifier"
NAME = re.compile(r"[a-z][a-z0-9_]{0,199}")
REFERENCE = re.compile(r"(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)")
ADDRESS = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+")
ERROR_CHARACTERS_MAX = 500
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class DefineNotifiers(msgspec.Struct, frozen=True, kw_only=True):
    """Make these the notifiers of the project."""

    project: str
    deployment_id: str
    notifiers: tuple[NotifierDefinition, ...]
    actor: str = ""


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt that is due."""

    definition: NotifierDefinition
    notification: Notification

    @property
    def attempt(self) -> int:
        """Which one it is."""
        return self.notification.attempts + 1


def define_notifiers(command: DefineNotifiers) -> Decision:
    """NotifiersDefined; nothing when they are these already. Raises: Conflict NOTIFIER_TAKEN."""
    return partial(_define, command=command)


def try_notifier(name: str, *, actor: str) -> Decision:
    """NotifierTested. Raises: NotFound NOTIFIER_UNKNOWN."""
    return partial(_try, name=name, actor=actor)


def record_delivery(delivery: Delivery, error: str) -> Decision:
    """NotificationDelivered, or NotificationRefused with why; nothing for an attempt that is on
    record. Idempotent: by the attempt's number.
    """
    return partial(_record, delivery=delivery, error=error)


def due_deliveries(state: State, now: datetime) -> Iterator[Delivery]:
    """What is to be told now, what waits longest first."""
    for due in takewhile(lambda row: row.due_at <= now, state.range(DUE_NOTIFICATIONS)):
        row = state.get(NOTIFICATIONS, due.notifier, due.number)
        notifier = state.get(NOTIFIERS, due.notifier)
        if row is not None and notifier is not None:
            yield Delivery(definition=notifier.definition, notification=row)


def following_delivery(state: State, now: datetime) -> datetime | None:
    """When more is to be told than now; None: never, as far as is known."""
    return next((row.due_at for row in state.range(DUE_NOTIFICATIONS) if row.due_at > now), None)


def find_notifier(state: State, name: str) -> Notifier:
    """The notifier of the name. Raises: NotFound NOTIFIER_UNKNOWN."""
    row = state.get(NOTIFIERS, name)
    if row is None or row.removed:
        raise NotFound(
            "NOTIFIER_UNKNOWN",
            f"There is no notifier {name!r}.",
            hint="`arco notify list` names those there are.",
        )
    return row


def notifier_problems(
    notifiers: Sequence[NotifierDefinition],
) -> Iterator[tuple[NotifierDefinition, str]]:
    """Everything that keeps these notifiers from being deployed."""
    counts = Counter(each.name for each in notifiers)
    for each in notifiers:
        if counts[each.name] > 1:
            yield each, f"notifier {each.name} is defined {counts[each.name]} times"
        for problem in _own_problems(each):
            yield each, f"notifier {each.name}: {problem}"


def address_problem(channel: str, address: str) -> str:
    """Why nobody can be reached there; empty: somebody may be."""
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        host, parts = "", urlsplit("")
    if not host or not address.isascii() or not address.isprintable() or " " in address:
        return "its address is no URL"
    if channel == "email":
        return "" if parts.scheme in ("smtp", "smtps") else "its server is smtp:// or smtps://"
    if parts.username or parts.fragment:
        return "its URL has a user or a fragment"
    if parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK):
        return ""
    return "its URL is no https://"


def _own_problems(notifier: NotifierDefinition) -> Iterator[str]:
    if not NAME.fullmatch(notifier.name):
        yield "its name is lower-case letters, digits and _, starting with a letter"
    if not notifier.kinds:
        yield "on= names nothing that it is told"
    if not REFERENCE.fullmatch(notifier.address):
        problem = address_problem(notifier.channel, notifier.address)
        if problem:
            yield problem
        if urlsplit(notifier.address).password and not problem:
            yield "its address holds a password: give it as env:NAME or file:PATH"
    if notifier.secret and not REFERENCE.fullmatch(notifier.secret):
        yield "its secret is given as env:NAME or file:PATH, never as its value"
    if notifier.channel == "email":
        for address in (*notifier.recipients, notifier.sender):
            if not ADDRESS.fullmatch(address):
                yield f"{address!r} is no e-mail address"
        if not notifier.recipients:
            yield "it has no recipients"


def _define(state: State, now: datetime, *, command: DefineNotifiers) -> Sequence[Event]:
    standing = {
        row.name: row.definition
        for row in state.range(NOTIFIERS)
        if row.project == command.project and not row.removed
    }
    wanted = {each.name: each for each in command.notifiers}
    if standing == wanted:
        return ()
    for name in wanted:
        row = state.get(NOTIFIERS, name)
        if row is not None and row.project != command.project and not row.removed:
            raise Conflict(
                "NOTIFIER_TAKEN",
                f"Notifier {name} belongs to project {row.project!r}.",
                hint="Rename the notifier, or remove it from the other project first.",
            )
    defined = NotifiersDefined(
        project=command.project,
        deployment_id=command.deployment_id,
        notifiers=tuple(each for _, each in sorted(wanted.items())),
        defined_at=now,
    )
    return (Event(defined, command.actor),)


def _try(state: State, now: datetime, *, name: str, actor: str) -> Sequence[Event]:
    row = find_notifier(state, name)
    tested = NotifierTested(name=name, number=row.notifications + 1, tested_at=now)
    return (Event(tested, actor),)


def _record(state: State, now: datetime, *, delivery: Delivery, error: str) -> Sequence[Event]:
    known = delivery.notification
    row = state.get(NOTIFICATIONS, known.notifier, known.number)
    if row is None or row.state is not NotificationState.WAITING or row.attempts != known.attempts:
        return ()
    named = (known.notifier, known.number, delivery.attempt)
    if not error:
        delivered = NotificationDelivered(*named, delivered_at=now)
        return (Event(delivered, ACTOR),)
    wait_seconds = min(RETRY_SECONDS_MAX, RETRY_SECONDS * 4.0**known.attempts)
    is_last = delivery.attempt >= ATTEMPTS_MAX
    refused = NotificationRefused(
        *named,
        refused_at=now,
        error=error[:ERROR_CHARACTERS_MAX],
        next_at=None if is_last else now + timedelta(seconds=wait_seconds),
    )
    return (Event(refused, ACTOR),)


__all__ = [
    "DefineNotifiers",
    "Delivery",
    "address_problem",
    "define_notifiers",
    "due_deliveries",
    "find_notifier",
    "following_delivery",
    "notifier_problems",
    "record_delivery",
    "try_notifier",
]
