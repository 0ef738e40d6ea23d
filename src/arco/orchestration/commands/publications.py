"""Commands that move a publication: start it with fixed bytes, rebase it, finish it, or give it up
before it starts.

From the start only forward; publications of one table follow each other in the order of their runs.
Must not know log entries or object stores.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from itertools import islice

import msgspec

from arco.model import Decision, Event, State
from arco.orchestration.events import (
    PublicationRebased,
    PublicationStarted,
    PublishedTable,
    RunFailed,
    RunPublished,
)
from arco.orchestration.reducers.abandoning import is_abandoned
from arco.orchestration.rows import PreparedTable, Publication, WaitingPublication
from arco.orchestration.states import PublicationState
from arco.orchestration.tables import PUBLICATIONS, PUBLISHING, WAITING_PUBLICATIONS

WAITING_EXAMINED_MAX = 256


class StartPublication(msgspec.Struct, frozen=True, kw_only=True):
    """The next version of each of the run's tables is prepared."""

    run_id: str
    tables: tuple[PreparedTable, ...]


class RebasePublication(msgspec.Struct, frozen=True, kw_only=True):
    """These tables of a started publication are prepared again, for a later version."""

    run_id: str
    tables: tuple[PreparedTable, ...]


class GiveUpPublication(msgspec.Struct, frozen=True, kw_only=True):
    """The staged data cannot be published, for the reason in `message`."""

    run_id: str
    message: str


def start_publication(command: StartPublication) -> Decision:
    """PublicationStarted; nothing unless it is requested and no run moves one of its tables."""
    return partial(_start, command=command)


def rebase_publication(command: RebasePublication) -> Decision:
    """PublicationRebased; nothing unless it started and a version moves forward."""
    return partial(_rebase, command=command)


def publish_run(run_id: str) -> Decision:
    """RunPublished with the versions that were fixed; nothing unless the publication started and
    was not abandoned.
    """
    return partial(_publish, run_id=run_id)


def give_up_publication(command: GiveUpPublication) -> Decision:
    """RunFailed; nothing once the publication started, because then it only goes forward."""
    return partial(_give_up, command=command)


def startable_publications(state: State) -> list[WaitingPublication]:
    """Requested publications whose tables nobody moves and no earlier one waits for.

    Shape: in the order of the runs. Cost: looks at the first few hundred that wait.
    """
    claimed: set[str] = set()
    startable = []
    for waiting in islice(state.range(WAITING_PUBLICATIONS), WAITING_EXAMINED_MAX):
        tables = waiting.table_ids
        is_free = all(state.get(PUBLISHING, table_id) is None for table_id in tables)
        if is_free and claimed.isdisjoint(tables):
            startable.append(waiting)
        claimed.update(tables)
    return startable


def started_publications(state: State) -> list[Publication]:
    """Publications that have to be finished, by whoever leads now; each once."""
    runs = dict.fromkeys(row.run_id for row in state.range(PUBLISHING))
    rows = (state.get(PUBLICATIONS, run_id) for run_id in runs)
    return [row for row in rows if row is not None]


def _start(state: State, now: datetime, *, command: StartPublication) -> Sequence[Event]:
    publication = state.get(PUBLICATIONS, command.run_id)
    if publication is None or publication.state is not PublicationState.REQUESTED:
        return ()
    if {table.table_id for table in command.tables} != set(publication.table_ids):
        return ()
    if any(state.get(PUBLISHING, table_id) is not None for table_id in publication.table_ids):
        return ()
    started = PublicationStarted(run_id=command.run_id, tables=command.tables, started_at=now)
    return (Event(started),)


def _rebase(state: State, now: datetime, *, command: RebasePublication) -> Sequence[Event]:
    publication = state.get(PUBLICATIONS, command.run_id)
    if publication is None or publication.state is not PublicationState.STARTED:
        return ()
    versions = {table.table_id: table.version for table in publication.tables}
    later = tuple(
        table
        for table in command.tables
        if table.version > versions.get(table.table_id, table.version)
    )
    if not later:
        return ()
    return (Event(PublicationRebased(run_id=command.run_id, tables=later, rebased_at=now)),)


def _publish(state: State, now: datetime, *, run_id: str) -> Sequence[Event]:
    publication = state.get(PUBLICATIONS, run_id)
    if publication is None or publication.state is not PublicationState.STARTED:
        return ()
    if is_abandoned(publication):
        return ()
    tables = tuple(
        PublishedTable(table.table_id, table.asset, table.version) for table in publication.tables
    )
    return (Event(RunPublished(run_id=run_id, tables=tables, published_at=now)),)


def _give_up(state: State, now: datetime, *, command: GiveUpPublication) -> Sequence[Event]:
    publication = state.get(PUBLICATIONS, command.run_id)
    if publication is None or publication.state is not PublicationState.REQUESTED:
        return ()
    failed = RunFailed(run_id=command.run_id, ended_at=now, message=command.message)
    return (Event(failed),)


__all__ = [
    "GiveUpPublication",
    "RebasePublication",
    "StartPublication",
    "give_up_publication",
    "publish_run",
    "rebase_publication",
    "start_publication",
    "startable_publications",
    "started_publications",
]
