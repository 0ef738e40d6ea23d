"""Commands that end a started publication which cannot go forward: abandon it, finish undoing it.

Only what a foreign writer did to a table is a reason: everything else is tried again. Must not know
log entries or object stores.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

import msgspec

from arco.model import Decision, Event, State
from arco.orchestration.events import PublicationAbandoned, PublicationUndone
from arco.orchestration.reducers.abandoning import is_abandoned
from arco.orchestration.rows import PreparedTable
from arco.orchestration.states import PublicationState
from arco.orchestration.tables import PUBLICATIONS


class AbandonPublication(msgspec.Struct, frozen=True, kw_only=True):
    """A started publication goes back: `tables` are the entries that take back `standing`."""

    run_id: str
    tables: tuple[PreparedTable, ...]
    standing: tuple[PreparedTable, ...]
    code: str
    message: str


def abandon_publication(command: AbandonPublication) -> Decision:
    """PublicationAbandoned, and PublicationUndone when there is nothing to take back; no event
    unless it started and is not being taken back just so.
    """
    return partial(_abandon, command=command)


def finish_undoing(run_id: str) -> Decision:
    """PublicationUndone; nothing unless it was abandoned."""
    return partial(_finish, run_id=run_id)


def _abandon(state: State, now: datetime, *, command: AbandonPublication) -> Sequence[Event]:
    publication = state.get(PUBLICATIONS, command.run_id)
    if publication is None or publication.state is not PublicationState.STARTED:
        return ()
    if is_abandoned(publication) and len(command.tables) >= len(publication.tables):
        return ()
    abandoned = PublicationAbandoned(
        run_id=command.run_id,
        tables=command.tables,
        standing=command.standing,
        code=command.code,
        message=command.message,
        abandoned_at=now,
    )
    if command.tables:
        return (Event(abandoned),)
    # No table of it is left by which the next leader would find it.
    return (Event(abandoned), Event(PublicationUndone(run_id=command.run_id, undone_at=now)))


def _finish(state: State, now: datetime, *, run_id: str) -> Sequence[Event]:
    publication = state.get(PUBLICATIONS, run_id)
    if publication is None or publication.state is not PublicationState.STARTED:
        return ()
    if not is_abandoned(publication):
        return ()
    return (Event(PublicationUndone(run_id=run_id, undone_at=now)),)


__all__ = ["AbandonPublication", "abandon_publication", "finish_undoing"]
