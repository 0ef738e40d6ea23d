"""Partitions by the text people use for them, such as `2013-05`."""

from __future__ import annotations

from datetime import datetime
from itertools import islice

from arco.errors import Invalid
from arco.model import State
from arco.orchestration.partitions import parse_selector
from arco.orchestration.tables import ASSETS
from arco.orchestration.views import asset_view

PARTITIONS_MAX = 1000


def selected_partitions(state: State, dataset: str, *, text: str, now: datetime) -> tuple[str, ...]:
    """The partition keys of the asset that `text` selects.

    Raises: Invalid PARTITION_NOT_TAKEN when it has no partitions; PARTITION_UNKNOWN.
    """
    asset = state.get(ASSETS, dataset)
    if asset is None or asset.definition.partitions is None:
        raise Invalid(
            "PARTITION_NOT_TAKEN",
            f"{dataset} has no partitions",
            hint="leave the partition out",
        )
    dynamic = asset_view(state, now).at.dynamic
    keys = parse_selector(asset.definition.partitions, text, now=now, dynamic=dynamic)
    return tuple(islice(keys, PARTITIONS_MAX))


__all__ = ["PARTITIONS_MAX", "selected_partitions"]
