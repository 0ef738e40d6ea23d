"""Notifiers of a server: who is told what happened, and what was told."""

from __future__ import annotations

from collections.abc import Iterator

from arco.client.asking import Asked, Asker
from arco.client.notifier_operations import (
    SHOW_NOTIFICATIONS,
    SHOW_NOTIFIER,
    SHOW_NOTIFIERS,
    TEST_NOTIFIER,
)
from arco.client.paging import paged
from arco.errors import Unavailable
from arco.orchestration.notifications import Notification, NotificationState
from arco.runtime import Runtime
from arco.service.notifiers import NotifierDetail, NotifierSummary

REACHED_SECONDS_MAX = 60.0
POLL_SECONDS = 0.1


class Notifiers:
    """Who is told what happened."""

    def __init__(self, asker: Asker, runtime: Runtime) -> None:
        self._asker = asker
        self._runtime = runtime

    def list(self) -> Iterator[NotifierSummary]:
        """Notifiers by name."""
        return paged(self._asker, SHOW_NOTIFIERS, rows=lambda page: page.notifiers)

    def get(self, name: str) -> NotifierDetail:
        """One notifier, with what it was told last."""
        return self._asker.ask(SHOW_NOTIFIER, Asked(place={"name": name}))

    def notifications(self, notifier: str = "") -> Iterator[Notification]:
        """What was told to this notifier, or to anybody, newest first."""
        return paged(
            self._asker,
            SHOW_NOTIFICATIONS,
            only={"notifier": notifier},
            rows=lambda page: page.notifications,
        )

    def test(self, name: str, *, key: str = "") -> Notification:
        """What the notifier is sent as soon as whoever leads gets to it.

        Idempotent: by `key`, a UUIDv7.
        """
        return self._asker.ask(TEST_NOTIFIER, Asked(place={"name": name}, key=key))

    def reach(self, name: str, *, seconds_max: float = REACHED_SECONDS_MAX) -> Notification:
        """What came of the first attempt to send the notifier something now.

        Raises: Unavailable NOTIFIER_NOT_TRIED when nobody sent it in time.
        """
        sent = self.test(name)
        started = self._runtime.monotonic()
        while self._runtime.monotonic() - started < seconds_max:
            told = (row for row in self.notifications(name) if row.number <= sent.number)
            row = next(told, sent)
            if row.attempts or row.state is not NotificationState.WAITING:
                return row
            self._asker.wait(POLL_SECONDS)
        raise Unavailable(
            "NOTIFIER_NOT_TRIED",
            f"nobody sent {name} anything within {seconds_max:g} seconds",
            hint=f"it still waits to be sent: `arco notify show {name}` tells when it was",
        )


__all__ = ["Notifiers"]
