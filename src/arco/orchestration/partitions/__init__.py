"""Partitions: declarations, canonical keys, symbolic sets, selectors, and mappings between assets.

The law: pure and symbolic; ten million keys are never a list. Must not know assets or runs.
"""

from __future__ import annotations

from arco.orchestration.partitions.axes import Dynamic
from arco.orchestration.partitions.definitions import (
    DailyPartitions,
    DimensionPartitions,
    DynamicPartitions,
    HourlyPartitions,
    MonthlyPartitions,
    Partitions,
    ProductPartitions,
    QuarterlyPartitions,
    StaticPartitions,
    TimePartitions,
    WeeklyPartitions,
    YearlyPartitions,
    dimensions,
)
from arco.orchestration.partitions.keys import (
    PartitionKey,
    PartitionValue,
    display,
    format_partition_key,
    parse_partition_key,
    partition_values,
)
from arco.orchestration.partitions.mapping import (
    AllMapping,
    IdentityMapping,
    LastMapping,
    PartitionMapping,
    StaticMapping,
    TimeWindowMapping,
)
from arco.orchestration.partitions.narrowing import listing_only
from arco.orchestration.partitions.problems import mapping_problem, own_mapping_problem, validate
from arco.orchestration.partitions.selectors import parse_selector
from arco.orchestration.partitions.sets import PartitionSet, all_keys, no_keys, some_keys
from arco.orchestration.partitions.upstream import upstream_partitions

__all__ = [
    "AllMapping",
    "DailyPartitions",
    "DimensionPartitions",
    "Dynamic",
    "DynamicPartitions",
    "HourlyPartitions",
    "IdentityMapping",
    "LastMapping",
    "MonthlyPartitions",
    "PartitionKey",
    "PartitionMapping",
    "PartitionSet",
    "PartitionValue",
    "Partitions",
    "ProductPartitions",
    "QuarterlyPartitions",
    "StaticMapping",
    "StaticPartitions",
    "TimePartitions",
    "TimeWindowMapping",
    "WeeklyPartitions",
    "YearlyPartitions",
    "all_keys",
    "dimensions",
    "display",
    "format_partition_key",
    "listing_only",
    "mapping_problem",
    "no_keys",
    "own_mapping_problem",
    "parse_partition_key",
    "parse_selector",
    "partition_values",
    "some_keys",
    "upstream_partitions",
    "validate",
]
