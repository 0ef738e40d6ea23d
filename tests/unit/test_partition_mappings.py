"""Which upstream partitions a partition is made from."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from arco.orchestration.partitions import (
    AllMapping,
    DailyPartitions,
    DynamicPartitions,
    HourlyPartitions,
    IdentityMapping,
    LastMapping,
    MonthlyPartitions,
    PartitionMapping,
    Partitions,
    ProductPartitions,
    StaticMapping,
    StaticPartitions,
    TimeWindowMapping,
    WeeklyPartitions,
    all_keys,
    display,
    no_keys,
    some_keys,
    upstream_partitions,
)
from arco.orchestration.partitions import mapping as mappings

NOW = datetime(2013, 9, 15, 12, tzinfo=UTC)
DAYS = DailyPartitions("2013-01-01")
MONTHS = MonthlyPartitions("2013-01")
REGIONS = StaticPartitions(["us", "eu"], dimension="region")
MORE_REGIONS = StaticPartitions(["asia", "eu", "us"], dimension="region")


def mapped(
    mapping: PartitionMapping | None,
    key: str,
    *,
    downstream: Partitions | None,
    upstream: Partitions | None,
) -> list[str]:
    keys = some_keys(downstream, [key], dynamic={"c": ["x", "y"]})
    found = upstream_partitions(
        mapping, keys, upstream=upstream, now=NOW, dynamic={"c": ["x", "y"]}
    )
    return [display(upstream_key) for upstream_key in found]


def test_equal_partitions_correspond() -> None:
    assert mapped(None, "month=d:2013-05-01", downstream=MONTHS, upstream=MONTHS) == ["2013-05"]
    assert mapped(None, "", downstream=None, upstream=None) == [""]


def test_an_upstream_that_starts_later_has_nothing_earlier() -> None:
    late = MonthlyPartitions("2013-06")
    assert mapped(None, "month=d:2013-05-01", downstream=MONTHS, upstream=late) == []


def test_a_month_is_made_from_its_days_and_a_day_from_its_month() -> None:
    days = mapped(None, "month=d:2013-02-01", downstream=MONTHS, upstream=DAYS)
    assert (days[0], days[-1], len(days)) == ("2013-02-01", "2013-02-28", 28)
    assert mapped(None, "date=d:2013-05-17", downstream=DAYS, upstream=MONTHS) == ["2013-05"]


def test_a_month_is_made_from_every_week_it_shares_time_with() -> None:
    weeks = mapped(None, "month=d:2013-05-01", downstream=MONTHS, upstream=WeeklyPartitions("2013"))
    assert weeks == ["2013-04-29", "2013-05-06", "2013-05-13", "2013-05-20", "2013-05-27"]


@pytest.mark.parametrize(("day", "hours"), [("2013-03-31", 23), ("2013-04-01", 24)])
def test_a_civil_day_is_made_from_the_hours_that_pass_in_its_zone(day: str, hours: int) -> None:
    berlin = DailyPartitions("2013-01-01", timezone="Europe/Berlin")
    found = mapped(
        None, f"date=d:{day}", downstream=berlin, upstream=HourlyPartitions("2013-01-01")
    )
    assert len(found) == hours


def test_days_of_two_zones_overlap_and_under_identity_share_their_date() -> None:
    berlin = DailyPartitions("2013-01-01", timezone="Europe/Berlin")
    key = "date=d:2013-05-02"
    assert mapped(None, key, downstream=berlin, upstream=DAYS) == ["2013-05-01", "2013-05-02"]
    assert mapped(IdentityMapping(), key, downstream=berlin, upstream=DAYS) == ["2013-05-02"]


def test_a_skipped_civil_day_still_corresponds_to_itself() -> None:
    samoa = DailyPartitions("2011-12-01", timezone="Pacific/Apia")
    key = "date=d:2011-12-30"
    assert mapped(None, key, downstream=samoa, upstream=samoa) == ["2011-12-30"]


def test_shared_dimensions_stay_fixed_and_others_are_taken_whole() -> None:
    product = ProductPartitions([DAYS, REGIONS])
    of_day = mapped(None, "date=d:2013-05-01", downstream=DAYS, upstream=product)
    assert of_day == ["date=2013-05-01, region=us", "date=2013-05-01, region=eu"]
    one = "date=d:2013-05-01,region=s:ZXU"
    assert mapped(None, one, downstream=product, upstream=DAYS) == ["2013-05-01"]
    assert mapped(None, one, downstream=product, upstream=MORE_REGIONS) == ["eu"]
    months = ProductPartitions([MONTHS, MORE_REGIONS])
    assert mapped(None, one, downstream=product, upstream=months) == ["month=2013-05, region=eu"]


def test_an_unpartitioned_side_sees_everything_or_is_one_key() -> None:
    assert mapped(None, "", downstream=None, upstream=REGIONS) == ["us", "eu"]
    assert mapped(None, "region=s:dXM", downstream=REGIONS, upstream=None) == [""]
    assert len(mapped(None, "region=s:dXM", downstream=REGIONS, upstream=MONTHS)) == 8


def test_dynamic_values_correspond_by_value() -> None:
    customers = DynamicPartitions("c", dimension="customer")
    assert mapped(None, "customer=s:eQ", downstream=customers, upstream=customers) == ["y"]


def test_all_takes_everything_and_last_the_latest() -> None:
    key = "month=d:2013-02-01"
    assert len(mapped(AllMapping(), key, downstream=MONTHS, upstream=MONTHS)) == 8
    assert mapped(LastMapping(), key, downstream=MONTHS, upstream=MONTHS) == ["2013-08"]
    assert mapped(LastMapping(), "", downstream=None, upstream=REGIONS) == ["eu"]
    product = ProductPartitions([DAYS, REGIONS])
    assert mapped(LastMapping(), "region=s:ZXU", downstream=REGIONS, upstream=product) == [
        "date=2013-09-14, region=eu"
    ]


def test_the_last_of_nothing_is_nothing() -> None:
    empty = MonthlyPartitions("2013-09")
    assert mapped(LastMapping(), "", downstream=None, upstream=empty) == []


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (-1, 0, ["2013-01", "2013-02"]),
        (-1, -1, ["2013-01"]),
        (-6, 0, ["2013-01", "2013-02"]),
        (0, 1, ["2013-02", "2013-03"]),
        (1, 0, []),
    ],
)
def test_a_time_window_moves_its_ends_within_what_exists(
    start: int, end: int, expected: list[str]
) -> None:
    moved = TimeWindowMapping(start_offset=start, end_offset=end)
    assert mapped(moved, "month=d:2013-02-01", downstream=MONTHS, upstream=MONTHS) == expected


def test_a_table_maps_keys_or_short_forms_to_selectors() -> None:
    table = StaticMapping({"us": ["2013-01..2013-02"], "region=s:ZXU": ["2013-05", "2031-01"]})
    assert mapped(table, "region=s:dXM", downstream=REGIONS, upstream=MONTHS) == [
        "2013-01",
        "2013-02",
    ]
    assert mapped(table, "region=s:ZXU", downstream=REGIONS, upstream=MONTHS) == ["2013-05"]
    assert mapped(StaticMapping({}), "region=s:dXM", downstream=REGIONS, upstream=MONTHS) == []
    with pytest.raises(TypeError, match="list of strings"):
        StaticMapping({"us": "eu"})


def test_no_partitions_are_made_from_none() -> None:
    for mapping in (None, AllMapping(), LastMapping(), StaticMapping({"us": ["2013-01"]})):
        found = upstream_partitions(mapping, no_keys(REGIONS), upstream=MONTHS, now=NOW)
        assert found == no_keys(MONTHS)


def test_ten_million_partitions_are_mapped_without_a_list() -> None:
    regions = StaticPartitions([f"r{number}" for number in range(50)], dimension="region")
    hours = ProductPartitions([HourlyPartitions("1990"), regions])
    days = ProductPartitions([DailyPartitions("1990"), regions])
    everything = all_keys(hours, NOW)
    assert everything.count > 10_000_000
    # The hours of today belong to a day that is not complete yet.
    assert upstream_partitions(None, everything, upstream=days, now=NOW) == all_keys(days, NOW)
    back = upstream_partitions(None, all_keys(days, NOW), upstream=hours, now=NOW)
    assert back.count == everything.count - 12 * 50


@pytest.mark.parametrize(
    "mapping",
    [
        IdentityMapping(),
        AllMapping(),
        LastMapping(),
        TimeWindowMapping(start_offset=-6),
        StaticMapping({"us": ["a", "b"]}),
    ],
)
def test_mappings_survive_json(mapping: PartitionMapping) -> None:
    data = msgspec.json.encode(mapping)
    assert msgspec.json.decode(data, type=mappings.PartitionMapping) == mapping
