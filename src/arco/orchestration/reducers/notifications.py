"""What is to be told when something happened, and how it goes from attempt to attempt.

Law F3: what happened once is told once, for it is told by the change that it is. With nobody to
tell, nothing is kept. Must not know how anybody is reached.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import msgspec
from msgspec.structs import replace

from arco.ids import sha256
from arco.model import Change, Drop, Put, Reducer, State
from arco.orchestration.backfills import BACKFILLS, Backfill
from arco.orchestration.breaches import BREACHES, Breach, Promise
from arco.orchestration.notifications import (
    DUE_NOTIFICATIONS,
    FAILING,
    NOTIFICATIONS,
    NOTIFICATIONS_KEPT,
    NOTIFIERS,
    DueNotification,
    Failing,
    Notification,
    NotificationDelivered,
    NotificationRefused,
    NotificationState,
    Notifier,
    NotifiersDefined,
    NotifierTested,
)
from arco.orchestration.rows import Run
from arco.orchestration.settling import Changes, is_running
from arco.orchestration.states import RunState
from arco.orchestration.tables import RUNS

ANCESTORS_MAX = 16
BEGUN = {
    Promise.FRESHNESS: "{0} is late",
    Promise.DISPATCH: "runs wait longer for their first task than was promised",
    Promise.CONTROLLERS: "controllers decide more slowly than was promised",
}
ENDED = {
    Promise.FRESHNESS: "{0} is fresh again",
    Promise.DISPATCH: "runs get their first task as soon as was promised again",
    Promise.CONTROLLERS: "controllers decide as quickly as was promised again",
}


class News(msgspec.Struct, frozen=True):
    """Something that happened."""

    kind: str
    subject: str
    title: str
    why: str
    at: datetime


def telling(reducer: Reducer) -> Reducer:
    """The reducer, after which everybody who wants to know of what changed is to be told.

    Cost: the changes of the event, and the notifiers.
    """

    def reduce(state: State, event: Any) -> Iterable[Change]:
        changes = list(reducer(state, event))
        if not changes or next(iter(state.range(NOTIFIERS)), None) is None:
            return changes
        return [*changes, *_told(state, changes)]

    return reduce


def notifiers_defined(state: State, event: NotifiersDefined) -> Iterable[Change]:
    """The project's notifiers are these; what waits for others is told nobody."""
    named = {each.name for each in event.notifiers}
    changes: Changes = []
    for row in state.range(NOTIFIERS):
        if row.project == event.project and row.name not in named and not row.removed:
            changes += _removed(state, row)
    for each in event.notifiers:
        known = state.get(NOTIFIERS, each.name)
        if known is not None and known.project != event.project and not known.removed:
            continue
        row = Notifier(
            name=each.name,
            project=event.project,
            deployment_id=event.deployment_id,
            definition=each,
            notifications=known.notifications if known else 0,
        )
        changes.append(Put(NOTIFIERS, row))
    return changes


def notifier_tested(state: State, event: NotifierTested) -> Iterable[Change]:
    """It is told that somebody tries it."""
    row = state.get(NOTIFIERS, event.name)
    if row is None or row.removed or event.number != row.notifications + 1:
        return []
    news = News("test", "", f"{row.name} can be reached", "somebody tried it", event.tested_at)
    return _noted(state, row, news=news)


def notification_delivered(state: State, event: NotificationDelivered) -> Iterable[Change]:
    """It is not tried again."""
    row = _tried(state, event)
    if row is None:
        return []
    told = replace(
        row, state=NotificationState.DELIVERED, ended_at=event.delivered_at, attempts=event.attempt
    )
    return _moved(row, replace(told, due_at=None, error=""))


def notification_refused(state: State, event: NotificationRefused) -> Iterable[Change]:
    """It is tried again later, or never."""
    row = _tried(state, event)
    if row is None:
        return []
    moved = replace(row, attempts=event.attempt, error=event.error, due_at=event.next_at)
    if event.next_at is None:
        moved = replace(moved, state=NotificationState.FAILED, ended_at=event.refused_at)
    return _moved(row, moved)


def _told(state: State, changes: Iterable[Change]) -> Iterator[Change]:
    """What follows from rows that have begun or ended just now."""
    for change in changes:
        if not isinstance(change, Put):
            continue
        if isinstance(change.row, Run):
            yield from _of_run(state, change.row)
        elif isinstance(change.row, Backfill):
            yield from _of_backfill(state, change.row)
        elif isinstance(change.row, Breach):
            yield from _of_breach(state, change.row)


def _of_run(state: State, run: Run) -> Iterator[Change]:
    before = state.get(RUNS, run.run_id)
    if before is None or not is_running(before) or run.ended_at is None:
        return
    subject = _subject(state, run)
    failing = state.get(FAILING, subject)
    if run.state is RunState.FAILED:
        yield Put(FAILING, Failing(subject=subject, run_id=run.run_id))
        why = run.message or f"{run.failed} of {run.total} tasks failed"
        title = f"run {run.run_id} of {_what(run)} failed"
        yield from _announced(state, News("run_failed", run.run_id, title, why, run.ended_at))
    elif run.state is RunState.SUCCEEDED and failing is not None:
        yield Drop(FAILING, (subject,))
        why = f"it failed before, in run {failing.run_id}"
        title = f"run {run.run_id} of {_what(run)} succeeded again"
        yield from _announced(state, News("run_recovered", run.run_id, title, why, run.ended_at))


def _of_backfill(state: State, row: Backfill) -> Iterator[Change]:
    before = state.get(BACKFILLS, row.backfill_id)
    if before is None or before.ended_at is not None or row.ended_at is None:
        return
    counts = f"{row.succeeded} partitions succeeded, {row.failed} failed"
    title = f"backfill {row.backfill_id} of {' '.join(row.selection)} ended: {row.state.lower()}"
    why = row.message or counts
    yield from _announced(state, News("backfill_ended", row.backfill_id, title, why, row.ended_at))


def _of_breach(state: State, row: Breach) -> Iterator[Change]:
    before = state.get(BREACHES, row.promise, row.subject, row.number)
    is_asset = row.promise is Promise.FRESHNESS
    subject = row.subject if is_asset else row.promise.lower()
    if before is None and row.ended_at is None:
        kind = "freshness_missed" if is_asset else "breach"
        title = BEGUN[row.promise].format(row.subject)
        yield from _announced(state, News(kind, subject, title, row.message, row.began_at))
    elif before is not None and before.ended_at is None and row.ended_at is not None:
        kind = "freshness_recovered" if is_asset else "breach_ended"
        title = ENDED[row.promise].format(row.subject)
        why = f"it was not so since {row.began_at:%Y-%m-%d %H:%M:%SZ}"
        yield from _announced(state, News(kind, subject, title, why, row.ended_at))


def _subject(state: State, run: Run) -> str:
    """What runs, whoever asked for it: a run that repeats another one is about the same."""
    for _ in range(ANCESTORS_MAX):
        parent = state.get(RUNS, run.parent) if run.parent else None
        if parent is None:
            break
        run = parent
    return sha256(f"{' '.join(sorted(run.selection))}|{run.partition}".encode())


def _what(run: Run) -> str:
    what = " ".join(run.selection) or "every asset"
    return f"{what} [{run.partition}]" if run.partition else what


def _announced(state: State, news: News) -> Changes:
    """Everybody who wants to know it is to be told."""
    changes: Changes = []
    for row in state.range(NOTIFIERS):
        if not row.removed and news.kind in row.definition.kinds:
            changes += _noted(state, row, news=news)
    return changes


def _noted(state: State, row: Notifier, *, news: News) -> Changes:
    number = row.notifications + 1
    notification = Notification(
        notifier=row.name,
        number=number,
        kind=news.kind,
        subject=news.subject,
        title=news.title,
        why=news.why,
        created_at=news.at,
        due_at=news.at,
    )
    changes: Changes = [Put(NOTIFIERS, replace(row, notifications=number))]
    oldest = next(iter(state.range(NOTIFICATIONS, row.name)), None)
    if oldest is not None and oldest.number <= number - NOTIFICATIONS_KEPT:
        changes += _forgotten(oldest)
    return [*changes, *_moved(None, notification)]


def _forgotten(row: Notification) -> Changes:
    changes: Changes = [Drop(NOTIFICATIONS, (row.notifier, row.number))]
    if row.due_at is not None:
        changes.append(Drop(DUE_NOTIFICATIONS, (row.due_at, row.notifier, row.number)))
    return changes


def _tried(state: State, event: NotificationDelivered | NotificationRefused) -> Notification | None:
    """The notification of which this is the next attempt."""
    row = state.get(NOTIFICATIONS, event.notifier, event.number)
    if row is None or row.state is not NotificationState.WAITING:
        return None
    return row if event.attempt == row.attempts + 1 else None


def _moved(before: Notification | None, after: Notification) -> Changes:
    changes: Changes = [Put(NOTIFICATIONS, after)]
    key = (after.notifier, after.number)
    if before is not None and before.due_at is not None and before.due_at != after.due_at:
        changes.append(Drop(DUE_NOTIFICATIONS, (before.due_at, *key)))
    if after.due_at is not None:
        due = DueNotification(due_at=after.due_at, notifier=key[0], number=key[1])
        changes.append(Put(DUE_NOTIFICATIONS, due))
    return changes


def _removed(state: State, row: Notifier) -> Changes:
    changes: Changes = [Put(NOTIFIERS, replace(row, removed=True))]
    for waiting in state.range(NOTIFICATIONS, row.name):
        if waiting.state is NotificationState.WAITING:
            gone = replace(waiting, state=NotificationState.REMOVED, due_at=None)
            changes += _moved(waiting, gone)
    return changes


__all__ = [
    "News",
    "notification_delivered",
    "notification_refused",
    "notifier_tested",
    "notifiers_defined",
    "telling",
]
