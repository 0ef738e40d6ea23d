"""The partitions of one asset as people look at them: counts, and ranges that stand alike.

Reads state, changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from itertools import groupby, islice

import msgspec

from arco.errors import Invalid
from arco.model import State
from arco.orchestration.partitions import dimensions, display
from arco.orchestration.rows import PartitionStatus
from arco.orchestration.selection import unknown_asset
from arco.orchestration.staleness import stale_partitions
from arco.orchestration.states import TaskState
from arco.orchestration.tables import PARTITION_STATUS
from arco.orchestration.views import asset_view, partitions_of
from arco.service.assets import JUDGED_PARTITIONS_MAX

RANGES_MAX = 1_000


class PartitionState(StrEnum):
    """How a partition stands: the first of these that holds."""

    FAILED = "FAILED"
    MISSING = "MISSING"
    STALE = "STALE"
    FRESH = "FRESH"


class PartitionRange(msgspec.Struct, frozen=True, kw_only=True):
    """Partitions that follow each other and stand alike."""

    state: PartitionState
    first: str
    """As people say it; empty: the asset is one whole."""
    last: str
    partitions: int
    """How many they are."""


class AssetPartitions(msgspec.Struct, frozen=True, kw_only=True):
    """How the partitions of one asset stand."""

    asset: str
    dimensions: tuple[str, ...]
    """The names of its dimensions; none: it is one whole."""
    total: int
    counts: dict[str, int]
    """How many stand how; together they are `total`."""
    rows: int
    """Rows in all that are there, as far as it is known."""
    ranges: tuple[PartitionRange, ...]
    """In the order of the partitions, at most a thousand."""


def asset_partitions(
    state: State, now: datetime, *, asset: str, only: PartitionState | None = None
) -> AssetPartitions:
    """How the asset's partitions stand; with `only`, the ranges of those that stand so.

    Cost: linear in its partitions and those of everything upstream of it.

    Raises: NotFound ASSET_UNKNOWN; Invalid STALENESS_TOO_LARGE.
    """
    view = asset_view(state, now)
    if asset not in view.definitions:
        raise unknown_asset(view.definitions, asset)
    definition = view.definitions[asset]
    every = partitions_of(definition, view.at)
    _refuse_too_many(asset, len(every))
    known = {row.partition_key: row for row in state.range(PARTITION_STATUS, asset)}
    stale = {row.partition_key for row in stale_partitions(view, (asset,))}
    stand = [(key, _state_of(known.get(key), is_stale=key in stale)) for key in every]
    made = (known[key].materialization for key, _ in stand if key in known)
    return AssetPartitions(
        asset=asset,
        dimensions=tuple(part.dimension for part in dimensions(definition.partitions)),
        total=len(stand),
        counts=dict(Counter(each.value for _, each in stand)),
        rows=sum(each.rows or 0 for each in made if each),
        ranges=tuple(islice(_ranges(stand, only=only), RANGES_MAX)),
    )


def _state_of(status: PartitionStatus | None, *, is_stale: bool) -> PartitionState:
    if status is not None and status.attempt and status.attempt.state is TaskState.FAILED:
        return PartitionState.FAILED
    if status is None or status.materialization is None:
        return PartitionState.MISSING
    return PartitionState.STALE if is_stale else PartitionState.FRESH


def _ranges(
    stand: list[tuple[str, PartitionState]], *, only: PartitionState | None
) -> Iterator[PartitionRange]:
    for state, group in groupby(stand, key=lambda pair: pair[1]):
        if only not in (None, state):
            continue
        keys = [key for key, _ in group]
        yield PartitionRange(
            state=state, first=_shown(keys[0]), last=_shown(keys[-1]), partitions=len(keys)
        )


def _shown(key: str) -> str:
    return display(key) if key else ""


def _refuse_too_many(asset: str, count: int) -> None:
    if count > JUDGED_PARTITIONS_MAX:
        raise Invalid(
            "STALENESS_TOO_LARGE",
            f"{asset} has {count:,} partitions; {JUDGED_PARTITIONS_MAX:,} is the most that is "
            "judged at once.",
            hint="system.orchestration.partition_status has what is there.",
        )


__all__ = ["AssetPartitions", "PartitionRange", "PartitionState", "asset_partitions"]
