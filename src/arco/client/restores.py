"""Restores on a server: what one would do, starting it, and waiting for its end."""

from __future__ import annotations

from collections.abc import Iterable

from arco.client.asking import Asked, Asker
from arco.client.operations import PLAN_RESTORE, SHOW_RESTORE, START_RESTORE
from arco.errors import Unavailable
from arco.runtime import Runtime
from arco.service.restores import RestorePlan, restore_abandoned
from arco.wire.travel import RestoreRequest, RestoreSummary

POLL_SECONDS = 0.1
POLL_SECONDS_MAX = 2.0


class Restores:
    """Tables that become what they were. A moment is a slot (`120`), a time, how long ago (`2h`),
    or a version of one table (`v3`).
    """

    def __init__(self, asker: Asker, runtime: Runtime) -> None:
        self._asker = asker
        self._runtime = runtime

    def plan(self, tables: Iterable[str], to: str) -> RestorePlan:
        """What it would change; nothing is changed."""
        body = RestoreRequest(tables=tuple(tables), to=to)
        return self._asker.ask(PLAN_RESTORE, Asked(body=body))

    def start(
        self, tables: Iterable[str], to: str, *, key: str = ""
    ) -> RestoreSummary | RestorePlan:
        """The restore that is started; its plan where every table is what it was then already."""
        body = RestoreRequest(tables=tuple(tables), to=to)
        return self._asker.ask(START_RESTORE, Asked(body=body, key=key))

    def get(self, restore_id: str) -> RestoreSummary:
        """How far the restore is."""
        return self._asker.ask(SHOW_RESTORE, Asked(place={"restore_id": restore_id}))

    def wait(self, restore_id: str, *, seconds_max: float | None = None) -> RestoreSummary:
        """The restore once readers see what came back.

        Raises: Conflict RESTORE_ABANDONED; Unavailable RUN_NOT_ENDED after `seconds_max`: the
        restore itself goes on.
        """
        started, pause = self._runtime.monotonic(), POLL_SECONDS
        while True:
            summary = self.get(restore_id)
            if summary.restored_at is not None:
                return summary
            if summary.abandoned_at is not None:
                raise restore_abandoned(restore_id, summary.message)
            if seconds_max is not None and self._runtime.monotonic() - started >= seconds_max:
                raise Unavailable(
                    "RUN_NOT_ENDED",
                    f"restore {restore_id} has not ended after {seconds_max:g} s",
                    hint="whoever leads carries it to its end: wait again",
                )
            self._asker.wait(pause)
            pause = min(POLL_SECONDS_MAX, pause * 1.5)


__all__ = ["Restores"]
