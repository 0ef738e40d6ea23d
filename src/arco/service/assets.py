"""Assets as people ask about them: what is deployed, how much of it is there, how much is stale.

Reads state, changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice

import msgspec

from arco.model import State
from arco.orchestration.definitions import AssetKind
from arco.orchestration.partitions import dimensions
from arco.orchestration.rows import Asset, PartitionStatus
from arco.orchestration.staleness import Keys, stale_keys
from arco.orchestration.standing import Standings
from arco.orchestration.tables import ASSETS, PARTITION_STATUS, PINS
from arco.orchestration.views import asset_view

SUMMARISED = ("kind", "description", "group", "tags", "owners", "version")
JUDGED_PARTITIONS_MAX = 200_000
"""What looks at each partition by itself looks at no more. Nor is an asset counted, or judged, that
has more; how stale it is is left to `arco run`."""
SUMMED_PARTITIONS_MAX = 2_000_000
"""Of so many partitions in all is it worked out how their assets stand."""
GLANCED_AT = 10_000
"""Of an asset that is not counted so many partitions are looked at."""


class AssetSummary(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One deployed asset; `version` and what follows only once something of it is published."""

    asset: str
    kind: AssetKind
    project: str
    description: str = ""
    group: str = ""
    owners: tuple[str, ...] = ()
    tags: dict[str, str] = {}
    upstreams: tuple[str, ...] = ()
    made_with: tuple[str, ...] = ()
    """Every asset that its function makes at once, itself included; empty: itself alone."""
    dimensions: tuple[str, ...] = ()
    """The names of its partition dimensions; none: it is not partitioned."""
    checks: tuple[str, ...] = ()
    version: int | None = None
    run_id: str = ""
    published_at: datetime | None = None


class AssetStatus(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One deployed asset."""

    key: str
    kind: str
    description: str = ""
    group: str = ""
    tags: dict[str, str] = {}
    owners: tuple[str, ...] = ()
    upstreams: tuple[str, ...] = ()
    """The assets it is made from."""
    partitions: int
    """How many there are now; 1 for an unpartitioned asset."""
    is_partitioned: bool = False
    """False: it is one whole."""
    materialized: int
    """How many of its partitions are there; at least so many where they are not counted."""
    is_counted: bool = True
    """False: it has too many partitions to count what is there, and its rows."""
    stale: int | None = None
    """Partitions that a run would make, or None when there are too many to judge."""
    rows: int | None = None
    version: int | None = None
    materialized_at: datetime | None = None
    """When the newest of it was made."""


class AssetFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which assets are listed; what is empty lets all through."""

    project: str = ""
    group: str = ""
    owner: str = ""
    tag: str = ""

    def keeps(self, row: Asset) -> bool:
        """True for a deployed asset that fits."""
        definition, (tag, named, value) = row.definition, self.tag.partition("=")
        return (
            not row.removed
            and self.project in ("", row.project)
            and self.group in ("", definition.group)
            and (not self.owner or self.owner in definition.owners)
            and (not tag or tag in definition.tags)
            and (not named or definition.tags.get(tag) == value)
        )


def asset_summary(state: State, row: Asset) -> AssetSummary:
    """The deployed asset, what it is made from, and what of it is published."""
    definition = row.definition
    pin = state.get(PINS, row.key)
    return AssetSummary(
        asset=row.key,
        kind=definition.kind,
        project=row.project,
        description=definition.description,
        group=definition.group,
        owners=definition.owners,
        tags=definition.tags,
        upstreams=tuple(dependency.upstream for dependency in definition.dependencies),
        made_with=definition.made_with,
        dimensions=tuple(part.dimension for part in dimensions(definition.partitions)),
        checks=tuple(check.name for check in definition.checks),
        version=pin.version if pin else None,
        run_id=pin.run_id if pin else "",
        published_at=pin.published_at if pin else None,
    )


def list_assets(state: State, now: datetime) -> list[AssetStatus]:
    """Every deployed asset, by key.

    Cost: linear in the partitions of all assets.
    """
    return asset_statuses(state, [row for row in state.range(ASSETS) if not row.removed], now=now)


def asset_statuses(state: State, rows: Sequence[Asset], *, now: datetime) -> list[AssetStatus]:
    """How these deployed assets stand.

    Cost: linear in their partitions and those of everything upstream of them.
    """
    view = asset_view(state, now)
    standings = Standings(view)
    shapes = {row.key: standings.shape(row.definition.partitions) for row in rows}
    stale: Mapping[str, Keys | None] = {}
    if sum(shape.count for shape in shapes.values()) <= SUMMED_PARTITIONS_MAX:
        stale = stale_keys(standings, list(shapes), partitions_max=JUDGED_PARTITIONS_MAX)
    found = []
    for row in rows:
        status = _status(state, row, partitions=shapes[row.key].count)
        keys = stale.get(row.key)
        found.append(
            _glanced(state, status) if keys is None else _judged(status, standings, stale=keys)
        )
    return found


def _status(state: State, row: Asset, *, partitions: int) -> AssetStatus:
    summary = asset_summary(state, row)
    return AssetStatus(
        **{name: getattr(summary, name) for name in SUMMARISED},
        key=row.key,
        upstreams=tuple(sorted(set(summary.upstreams))),
        partitions=partitions,
        is_partitioned=bool(summary.dimensions),
        materialized=0,
        materialized_at=summary.published_at,
    )


def _judged(found: AssetStatus, standings: Standings, *, stale: Keys) -> AssetStatus:
    standing = standings.of(found.key)
    return msgspec.structs.replace(
        found,
        stale=len(stale),
        materialized=standing.materialized,
        rows=standing.rows,
        materialized_at=standing.newest,
    )


def _glanced(state: State, found: AssetStatus) -> AssetStatus:
    """The asset as it is told of when it is not judged."""
    statuses = state.range(PARTITION_STATUS, found.key)
    if found.partitions <= JUDGED_PARTITIONS_MAX:
        return _counted(found, statuses)
    seen = sum(each.materialization is not None for each in islice(statuses, GLANCED_AT))
    return msgspec.structs.replace(found, materialized=seen, is_counted=False)


def _counted(found: AssetStatus, statuses: Iterator[PartitionStatus]) -> AssetStatus:
    held = [status.materialization for status in statuses if status.materialization]
    rows = [each.rows for each in held if each.rows is not None]
    return msgspec.structs.replace(
        found,
        materialized=len(held),
        rows=sum(rows) if rows else None,
        materialized_at=max((each.materialized_at for each in held), default=None),
    )


__all__ = [
    "JUDGED_PARTITIONS_MAX",
    "SUMMED_PARTITIONS_MAX",
    "AssetFilter",
    "AssetStatus",
    "AssetSummary",
    "asset_statuses",
    "asset_summary",
    "list_assets",
]
