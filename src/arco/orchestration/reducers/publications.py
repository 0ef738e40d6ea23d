"""How a run's staged data becomes visible: requested, started, perhaps rebased, published.

From PublicationStarted it only goes forward, and one table is moved by one run at a time. Must not
know log entries: their versions and hashes arrive in the events.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from arco.model import Change, Drop, Put, State
from arco.orchestration.events import (
    PublicationRebased,
    PublicationRequested,
    PublicationStarted,
    RunPublished,
)
from arco.orchestration.materializing import materialized
from arco.orchestration.rows import (
    Pin,
    PreparedTable,
    Publication,
    Publishing,
    WaitingPublication,
)
from arco.orchestration.settling import is_running, leave_active
from arco.orchestration.states import (
    PUBLICATION_MOVES,
    PublicationState,
    RunState,
    is_allowed,
)
from arco.orchestration.tables import (
    PINS,
    PUBLICATIONS,
    PUBLISHING,
    RUNS,
    SETTLED_RUNS,
    WAITING_PUBLICATIONS,
)


def publication_requested(state: State, event: PublicationRequested) -> Iterable[Change]:
    """The publication waits for its tables, in the order of the runs."""
    run = state.get(RUNS, event.run_id)
    if run is None or not is_running(run) or run.cancel_requested:
        return []
    if run.publication is not None or not run.staged or run.succeeded < run.total:
        return []
    publication = Publication(
        run_id=event.run_id,
        state=PublicationState.REQUESTED,
        table_ids=event.table_ids,
        requested_at=event.requested_at,
    )
    waiting = WaitingPublication(number=run.number, run_id=run.run_id, table_ids=event.table_ids)
    return [
        Put(RUNS, replace(run, publication=PublicationState.REQUESTED)),
        Put(PUBLICATIONS, publication),
        Put(WAITING_PUBLICATIONS, waiting),
        Drop(SETTLED_RUNS, (run.run_id,)),
    ]


def publication_started(state: State, event: PublicationStarted) -> Iterable[Change]:
    """The run owns its tables until it is published."""
    run = state.get(RUNS, event.run_id)
    publication = state.get(PUBLICATIONS, event.run_id)
    if run is None or publication is None:
        return []
    if not is_allowed(PUBLICATION_MOVES, publication.state, to=PublicationState.STARTED):
        return []
    if any(state.get(PUBLISHING, table.table_id) is not None for table in event.tables):
        return []
    started = replace(
        publication,
        state=PublicationState.STARTED,
        tables=event.tables,
        started_at=event.started_at,
    )
    return [
        Put(RUNS, replace(run, publication=PublicationState.STARTED)),
        Put(PUBLICATIONS, started),
        Drop(WAITING_PUBLICATIONS, (run.number,)),
        *(
            Put(PUBLISHING, Publishing(table_id=table.table_id, run_id=run.run_id))
            for table in event.tables
        ),
    ]


def publication_rebased(state: State, event: PublicationRebased) -> Iterable[Change]:
    """Tables of a started publication take a later version; an earlier one is an old event."""
    publication = state.get(PUBLICATIONS, event.run_id)
    if publication is None or publication.state is not PublicationState.STARTED:
        return []
    tables = moved_later(publication.tables, event.tables)
    if tables == publication.tables:
        return []
    return [Put(PUBLICATIONS, replace(publication, tables=tables))]


def moved_later(
    standing: tuple[PreparedTable, ...], prepared: tuple[PreparedTable, ...]
) -> tuple[PreparedTable, ...]:
    """The standing tables, each as it is prepared for a later version if it is."""
    later = {table.table_id: table for table in prepared}
    return tuple(
        later[table.table_id]
        if table.table_id in later and later[table.table_id].version > table.version
        else table
        for table in standing
    )


def run_published(state: State, event: RunPublished) -> Iterable[Change]:
    """Pins, materializations and the run's success move together."""
    run = state.get(RUNS, event.run_id)
    publication = state.get(PUBLICATIONS, event.run_id)
    if run is None or publication is None:
        return []
    if not is_allowed(PUBLICATION_MOVES, publication.state, to=PublicationState.PUBLISHED):
        return []
    published = replace(
        publication, state=PublicationState.PUBLISHED, published_at=event.published_at
    )
    ended = replace(
        run,
        state=RunState.SUCCEEDED,
        ended_at=event.published_at,
        publication=PublicationState.PUBLISHED,
    )
    versions = {table.table_id: table.version for table in event.tables}
    return [
        Put(RUNS, ended),
        Put(PUBLICATIONS, published),
        *leave_active(state, run),
        *(Drop(PUBLISHING, (table.table_id,)) for table in publication.tables),
        *(Put(PINS, _pin(event, index)) for index in range(len(event.tables))),
        *materialized(state, run.run_id, versions=versions, published_at=event.published_at),
    ]


def _pin(event: RunPublished, index: int) -> Pin:
    table = event.tables[index]
    return Pin(
        asset=table.asset,
        table_id=table.table_id,
        version=table.version,
        run_id=event.run_id,
        published_at=event.published_at,
    )


__all__ = [
    "moved_later",
    "publication_rebased",
    "publication_requested",
    "publication_started",
    "run_published",
]
