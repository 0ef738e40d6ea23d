"""What an attempt is sent: what it needs of its asset, and nothing that other partitions need."""

from __future__ import annotations

from arco.execution.contexts import window_of
from arco.execution.envelopes import narrowed
from arco.orchestration.definitions import Dependency
from arco.orchestration.partitions import (
    DailyPartitions,
    DynamicPartitions,
    ProductPartitions,
    StaticMapping,
    StaticPartitions,
    format_partition_key,
    parse_partition_key,
)
from arco.testing.orchestration_samples import asset

REGIONS = StaticPartitions([f"r{number}" for number in range(1_000)], dimension="region")


def test_an_attempt_is_sent_its_own_partition_and_not_the_thousand_others() -> None:
    key = format_partition_key({"region": "r7"})
    mapped = Dependency("raw.a", "a", StaticMapping({"r7": ["x"]}))
    sent = narrowed(asset("raw.b", partitions=REGIONS, dependencies=(mapped,)), key)
    assert sent.partitions == StaticPartitions(["r7"], dimension="region")
    assert sent.dependencies == (Dependency("raw.a", "a"),)
    assert sent.partition_carriers == {"region": "_region"}


def test_time_stays_whole_beside_a_list() -> None:
    days = DailyPartitions("2031")
    both = ProductPartitions([days, REGIONS])
    key = "date=d:2031-05-01," + format_partition_key({"region": "r7"})
    definition = asset("raw.b", partitions=both)
    sent = narrowed(definition, key)
    assert sent.partitions == ProductPartitions(
        [days, StaticPartitions(["r7"], dimension="region")]
    )
    values = parse_partition_key(key)
    assert window_of(sent.partitions, values) == window_of(definition.partitions, values)


def test_what_holds_no_list_is_sent_as_it_is() -> None:
    plain = asset("raw.a")
    assert narrowed(plain, "") is plain
    grown = asset("raw.b", partitions=DynamicPartitions("customers", dimension="customer"))
    assert narrowed(grown, format_partition_key({"customer": "c"})) == grown
