"""Backfills of a server: partitions that are made again, and how far that is."""

from __future__ import annotations

from collections.abc import Iterator

from arco.client.asking import Asked, Asker
from arco.client.backfill_operations import (
    CANCEL_BACKFILL,
    CREATE_BACKFILL,
    PAUSE_BACKFILL,
    RESUME_BACKFILL,
    RETRY_BACKFILL,
    SET_BACKFILL,
    SHOW_BACKFILL,
    SHOW_BACKFILL_CHUNKS,
    SHOW_BACKFILLS,
)
from arco.client.operation import Operation
from arco.client.paging import paged
from arco.orchestration.backfills import Backfill, BackfillChunk, BackfillState, ChunkState
from arco.service.backfills import BackfillDetail
from arco.wire.backfills import BackfillCancelRequest, BackfillRequest, BackfillSettings

POLL_SECONDS = 0.1
POLL_SECONDS_MAX = 2.0


class Backfills:
    """Partitions that are made again. Every change takes a `key`, a UUIDv7 by which it is
    idempotent; a backfill is named by its id, or by how it ends.
    """

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    def list(self, state: BackfillState | None = None) -> Iterator[Backfill]:
        """Backfills, newest first."""
        only = {"state": state}
        return paged(self._asker, SHOW_BACKFILLS, rows=lambda page: page.backfills, only=only)

    def get(self, backfill_id: str) -> BackfillDetail:
        """One backfill, with what is left of it and what failed."""
        return self._asker.ask(SHOW_BACKFILL, _named(backfill_id))

    def chunks(self, backfill_id: str, state: ChunkState | None = None) -> Iterator[BackfillChunk]:
        """Its chunks that were begun, in order."""
        return paged(
            self._asker,
            SHOW_BACKFILL_CHUNKS,
            place={"backfill_id": backfill_id},
            rows=lambda page: page.chunks,
            only={"state": state},
        )

    def create(self, request: BackfillRequest, *, key: str = "") -> Backfill:
        """The backfill that was asked for."""
        return self._asker.ask(CREATE_BACKFILL, Asked(body=request, key=key))

    def pause(self, backfill_id: str, *, key: str = "") -> Backfill:
        """The backfill, of which nothing more is started until it is resumed."""
        return self._told(PAUSE_BACKFILL, backfill_id, key=key)

    def resume(self, backfill_id: str, *, key: str = "") -> Backfill:
        """The backfill, which goes on."""
        return self._told(RESUME_BACKFILL, backfill_id, key=key)

    def cancel(self, backfill_id: str, *, reason: str = "", key: str = "") -> Backfill:
        """The backfill, which is asked to stop with all its runs."""
        return self._told(CANCEL_BACKFILL, backfill_id, key=key, body=BackfillCancelRequest(reason))

    def retry(self, backfill_id: str, *, key: str = "") -> Backfill:
        """The backfill, which tries again what failed."""
        return self._told(RETRY_BACKFILL, backfill_id, key=key)

    def set(self, backfill_id: str, *, concurrency: int, key: str = "") -> Backfill:
        """The backfill, with so many runs at once."""
        return self._told(SET_BACKFILL, backfill_id, key=key, body=BackfillSettings(concurrency))

    def wait(self, backfill_id: str) -> Backfill:
        """The backfill once it has ended, however it ended."""
        pause = POLL_SECONDS
        while True:
            row = self.get(backfill_id).backfill
            if row.ended_at is not None:
                return row
            self._asker.wait(pause)
            pause = min(POLL_SECONDS_MAX, pause * 1.5)

    def _told(
        self, operation: Operation[Backfill], backfill_id: str, *, key: str, body: object = None
    ) -> Backfill:
        place = {"backfill_id": backfill_id}
        return self._asker.ask(operation, Asked(place=place, key=key, body=body))


def _named(backfill_id: str) -> Asked:
    return Asked(place={"backfill_id": backfill_id})


__all__ = ["Backfills"]
