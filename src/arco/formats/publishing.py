"""Publishing a run: its staged files become the next version of each of its tables, exactly once.

Fix the versions and the bytes, create the table-log entries, then one commit moves every pin, names the tables and
records the lineage. From `PublicationStarted` on only forward. Source: orchestration, "Publishing".
"""

from __future__ import annotations

import msgspec

from arco.catalog.commands import PublishedVersion, PublishVersions, publish_versions
from arco.catalog.events import PublishedColumn
from arco.errors import ArcoError, Corrupt, Invalid
from arco.formats import delta
from arco.formats import schema as schemas
from arco.formats.actions import Publication as Entry
from arco.formats.snapshot import TableSnapshot
from arco.ids import new_uuid7, sha256
from arco.lineage.domain import ObservedRead, ReadsRecorded
from arco.model import Event, State
from arco.orchestration.commands_publications import (
    GiveUpPublication,
    RebasePublication,
    StartPublication,
    give_up_publication,
    publish_run,
    rebase_publication,
    start_publication,
)
from arco.orchestration.outcomes import Output
from arco.orchestration.states import PublicationState
from arco.orchestration.rows import Asset, PreparedTable, Publication, Task
from arco.orchestration.tables import ASSETS, PINS, PUBLICATIONS, TASKS
from arco.service.workspace import Workspace
from arco.store import keys

FOREIGN_VERSIONS_MAX = 100


class Staged(msgspec.Struct, frozen=True):
    """One table of a run: what it was and what the run's tasks staged for it."""

    asset: Asset
    pinned: int | None
    outputs: tuple[Output, ...]
