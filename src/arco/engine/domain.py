"""The engine's own domain: snapshots, leases and lane positions are rows like any other, so a
header is never a fact's only home.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec

from arco.engine import garbage, idempotency
from arco.engine.events import SnapshotPublishedV2
from arco.engine.garbage import PAST_SNAPSHOTS, PastSnapshot
from arco.engine.lanes import keeping, remembering
from arco.engine.lanes.events import FactsFolded, FactsFoldedV2, facts_folded
from arco.engine.lanes.measuring import FACT_LAGS, FactsMeasured, facts_measured
from arco.engine.lanes.tables import LANE_TABLES
from arco.engine.rounds import tables as rounds
from arco.model import Change, Domain, Payload, Put, State, Table

NEWEST = "newest"
LEADER = "leader"


class Snapshot(msgspec.Struct, frozen=True):
    """The newest published snapshot: the state at `slot` is what `index` names."""

    name: str
    slot: int
    index: str
    sha256: str
    published_at: datetime


class Lease(msgspec.Struct, frozen=True):
    """Who may perform effects."""

    name: str
    epoch: int
    writer: str
    address: str
    taken_at: datetime


SNAPSHOTS = Table("engine.snapshots", Snapshot, ("name",), public=False)
LEASES = Table("engine.leases", Lease, ("name",), public=False)


class SnapshotPublished(Payload, frozen=True):
    """Files that hold the state at `slot` stand under `index`; it was built on `built_on`."""

    slot: int
    index: str
    sha256: str
    published_at: datetime
    built_on: str = ""


class LeaseTaken(Payload, frozen=True):
    """From here on effects belong to `epoch`."""

    epoch: int
    writer: str
    address: str
    taken_at: datetime


def snapshot_published(
    state: State, event: SnapshotPublished | SnapshotPublishedV2
) -> Iterator[Change]:
    """The newest snapshot moves forward only, and only from the one it was built on."""
    newest = state.get(SNAPSHOTS, NEWEST)
    built_on = newest.index if newest else ""
    if event.built_on == built_on and (newest is None or event.slot > newest.slot):
        yield Put(
            SNAPSHOTS,
            Snapshot(NEWEST, event.slot, event.index, event.sha256, event.published_at),
        )


def snapshot_published_and_kept(state: State, event: SnapshotPublishedV2) -> Iterator[Change]:
    """As before; and the snapshot stays known until it is thinned out."""
    changes = list(snapshot_published(state, event))
    yield from changes
    if changes:
        past = PastSnapshot(event.slot, event.index, event.sha256, event.published_at)
        yield Put(PAST_SNAPSHOTS, past)


def lease_taken(state: State, event: LeaseTaken) -> Iterator[Change]:
    """A lease moves to a higher epoch only."""
    lease = state.get(LEASES, LEADER)
    if lease is None or event.epoch > lease.epoch:
        yield Put(LEASES, Lease(LEADER, event.epoch, event.writer, event.address, event.taken_at))


def named_index(_: State, event: SnapshotPublished | SnapshotPublishedV2) -> Sequence[str]:
    """The object that publishing refers to; the files behind it are checked by the publisher."""
    return (event.index,)


DOMAIN = Domain(
    "engine",
    (
        SNAPSHOTS,
        LEASES,
        *garbage.TABLES,
        *idempotency.TABLES,
        *LANE_TABLES,
        *remembering.TABLES,
        keeping.KEPT_LANES,
        FACT_LAGS,
        *rounds.TABLES,
    ),
    {
        SnapshotPublished: snapshot_published,
        SnapshotPublishedV2: snapshot_published_and_kept,
        LeaseTaken: lease_taken,
        # The registry tells it the tables of all domains.
        FactsFolded: facts_folded,
        FactsFoldedV2: remembering.facts_folded_and_dated,
        remembering.FactsForgotten: remembering.facts_forgotten,
        **garbage.REDUCERS,
        FactsMeasured: facts_measured,
        **rounds.REDUCERS,
        **keeping.REDUCERS,
        **idempotency.REDUCERS,
    },
    {SnapshotPublished: named_index, SnapshotPublishedV2: named_index},
)
HOUSEKEEPING = frozenset(
    {
        SnapshotPublished,
        SnapshotPublishedV2,
        LeaseTaken,
        *garbage.REDUCERS,
        *idempotency.REDUCERS,
        FactsMeasured,
        *rounds.REDUCERS,
        *keeping.REDUCERS,
    }
)
"""Events that alone make no snapshot due: a snapshot would only follow itself."""

__all__ = [
    "DOMAIN",
    "HOUSEKEEPING",
    "LEADER",
    "LEASES",
    "NEWEST",
    "SNAPSHOTS",
    "Lease",
    "LeaseTaken",
    "Snapshot",
    "SnapshotPublished",
    "lease_taken",
    "named_index",
    "snapshot_published",
    "snapshot_published_and_kept",
]
