"""What of a partitioning one partition is concerned with.

The law: the same dimensions, and the partition is one of it. Must not know which others exist.
"""

from __future__ import annotations

from arco.orchestration.partitions.definitions import (
    DimensionPartitions,
    Partitions,
    ProductPartitions,
    StaticPartitions,
)
from arco.orchestration.partitions.keys import PartitionKey, parse_partition_key


def listing_only(partitions: Partitions, key: str) -> Partitions:
    """The partitioning with its lists cut down to what the key names.

    >>> listing_only(StaticPartitions(["eu", "us"], dimension="region"), "region=s:dXM")
    StaticPartitions(values=('us',), dimension='region')
    """
    values = parse_partition_key(key)
    if isinstance(partitions, ProductPartitions):
        return ProductPartitions([_listing_only(part, values) for part in partitions.dimensions])
    return _listing_only(partitions, values)


def _listing_only(part: DimensionPartitions, values: PartitionKey) -> DimensionPartitions:
    value = values.get(part.dimension)
    if isinstance(part, StaticPartitions) and isinstance(value, str):
        return StaticPartitions((value,), dimension=part.dimension)
    return part


__all__ = ["listing_only"]
