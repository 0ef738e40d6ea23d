"""How a started publication ends that cannot go forward: what stands of it is taken back first.

Until nothing of it stands the run owns the tables that do, and nobody builds on them. Must not know
log entries: their versions and hashes arrive in the events.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from arco.model import Change, Drop, Put, State
from arco.orchestration.events import PublicationAbandoned, PublicationUndone
from arco.orchestration.rows import Publication
from arco.orchestration.settling import leave_active
from arco.orchestration.states import PublicationState, RunState
from arco.orchestration.tables import PUBLICATIONS, PUBLISHING, RUNS


def publication_abandoned(state: State, event: PublicationAbandoned) -> Iterable[Change]:
    """The publication's tables are those that are taken back; the others are free.

    Said again it takes back fewer tables: one that cannot be written any more.
    """
    publication = state.get(PUBLICATIONS, event.run_id)
    if publication is None or publication.state is not PublicationState.STARTED:
        return []
    owned = {table.table_id for table in publication.tables}
    later = {table.table_id: table for table in event.tables if table.table_id in owned}
    if is_abandoned(publication) and len(later) == len(owned):
        return []
    message = event.message if publication.message is None else publication.message
    abandoned = replace(
        publication,
        tables=tuple(later.values()),
        standing=tuple(each for each in event.standing if each.table_id in later),
        message=message,
    )
    freed = sorted(owned - later.keys())
    return [Put(PUBLICATIONS, abandoned), *(Drop(PUBLISHING, (name,)) for name in freed)]


def publication_undone(state: State, event: PublicationUndone) -> Iterable[Change]:
    """The run failed with what it was abandoned for, and its tables are free."""
    run = state.get(RUNS, event.run_id)
    publication = state.get(PUBLICATIONS, event.run_id)
    if run is None or publication is None or not is_abandoned(publication):
        return []
    if publication.state is not PublicationState.STARTED:
        return []
    failed = replace(
        run,
        state=RunState.FAILED,
        ended_at=event.undone_at,
        publication=None,
        message=publication.message or "",
    )
    return [
        Put(RUNS, failed),
        Drop(PUBLICATIONS, (run.run_id,)),
        *(Drop(PUBLISHING, (table.table_id,)) for table in publication.tables),
        *leave_active(state, run),
    ]


def is_abandoned(publication: Publication) -> bool:
    """True once it is being taken back."""
    return publication.message is not None


__all__ = ["is_abandoned", "publication_abandoned", "publication_undone"]
