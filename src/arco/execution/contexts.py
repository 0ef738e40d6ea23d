"""The context an attempt hands to user code, made from its envelope."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from arco.execution.protocol import Envelope
from arco.orchestration.partitions import Partitions, PartitionValue, parse_partition_key
from arco.orchestration.partitions.axes import CivilAxis, HourAxis, axes_of
from arco.sdk.context import AssetContext, PartitionWindow


def context_of(envelope: Envelope, *, outputs: Sequence[str] = ()) -> AssetContext:
    """What user code may know about this attempt."""
    values = parse_partition_key(envelope.partition_key)
    return AssetContext(
        run_id=envelope.run_id,
        partition_key=envelope.partition_key,
        partition=values,
        partition_window=window_of(envelope.asset.partitions, values) if values else None,
        log=logging.getLogger(envelope.asset.key),
        cursor=envelope.cursor,
        outputs=outputs,
    )


def window_of(
    partitions: Partitions | None, values: Mapping[str, PartitionValue]
) -> PartitionWindow | None:
    """The time the partition covers, if exactly one of its dimensions is time."""
    axes = [axis for axis in axes_of(partitions, {}) if isinstance(axis, CivilAxis | HourAxis)]
    if len(axes) != 1:
        return None
    axis = axes[0]
    ordinal = axis.ordinal(values.get(axis.dimension))
    if ordinal is None:
        return None
    return PartitionWindow(axis.window_start(ordinal), axis.window_start(ordinal + 1))


__all__ = ["context_of", "window_of"]
