"""Which partitions exist at a moment, in every calendar and through clock changes."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from arco.errors import Invalid
from arco.orchestration.partitions import (
    DailyPartitions,
    DynamicPartitions,
    HourlyPartitions,
    MonthlyPartitions,
    Partitions,
    ProductPartitions,
    QuarterlyPartitions,
    StaticPartitions,
    WeeklyPartitions,
    YearlyPartitions,
    all_keys,
    display,
    no_keys,
    some_keys,
)
from arco.orchestration.partitions import definitions as declared

NOW = datetime(2013, 9, 15, 12, tzinfo=UTC)
REGIONS = StaticPartitions(["us", "eu"], dimension="region")


@pytest.mark.parametrize(
    ("partitions", "first", "last", "count"),
    [
        (YearlyPartitions("2010"), "2010", "2012", 3),
        (QuarterlyPartitions("2013"), "2013-Q1", "2013-Q2", 2),
        (MonthlyPartitions("2013-01"), "2013-01", "2013-08", 8),
        (MonthlyPartitions("2013-01-15"), "2013-02", "2013-08", 7),
        (MonthlyPartitions("2013-01", end="2013-04"), "2013-01", "2013-03", 3),
        (MonthlyPartitions("2013-01", end="2013-04-20"), "2013-01", "2013-03", 3),
        (MonthlyPartitions("2013-01", end="2014-01"), "2013-01", "2013-08", 8),
        (MonthlyPartitions("2013-01", end_offset=1), "2013-01", "2013-09", 9),
        (MonthlyPartitions("2013-01", end_offset=-2), "2013-01", "2013-06", 6),
        (WeeklyPartitions("2013-09"), "2013-09-02", "2013-09-02", 1),
        (DailyPartitions("2012-02-28", end="2012-03-02"), "2012-02-28", "2012-03-01", 3),
        (DailyPartitions("2013"), "2013-01-01", "2013-09-14", 257),
        (HourlyPartitions("2013-09-15"), "2013-09-15T00:00Z", "2013-09-15T11:00Z", 12),
        (HourlyPartitions("2013-09-15T09"), "2013-09-15T09:00Z", "2013-09-15T11:00Z", 3),
        (REGIONS, "us", "eu", 2),
        (None, "", "", 1),
    ],
)
def test_complete_windows_within_start_and_end_exist(
    partitions: Partitions | None, first: str, last: str, count: int
) -> None:
    keys = all_keys(partitions, NOW)
    assert (display(keys.first() or ""), display(keys.last() or ""), keys.count) == (
        first,
        last,
        count,
    )
    assert len(list(keys)) == count


def test_before_the_first_window_is_complete_there_is_no_partition() -> None:
    keys = all_keys(MonthlyPartitions("2013-09"), NOW)
    assert not keys
    assert keys.count == 0
    assert keys.first() is keys.last() is None


@pytest.mark.parametrize(
    ("now", "last"),
    [
        (datetime(2013, 3, 31, 21, 59, tzinfo=UTC), "2013-03-30"),
        (datetime(2013, 3, 31, 22, 0, tzinfo=UTC), "2013-03-31"),
        (datetime(2013, 10, 27, 22, 59, tzinfo=UTC), "2013-10-26"),
        (datetime(2013, 10, 27, 23, 0, tzinfo=UTC), "2013-10-27"),
    ],
)
def test_a_civil_day_ends_at_midnight_of_its_zone(now: datetime, last: str) -> None:
    keys = all_keys(DailyPartitions("2013-01-01", timezone="Europe/Berlin"), now)
    assert display(keys.last() or "") == last


@pytest.mark.parametrize(
    ("day", "after", "hours"),
    [
        ("2013-03-31", "2013-04-01", 23),
        ("2013-10-27", "2013-10-28", 25),
        ("2013-06-01", "2013-06-02", 24),
    ],
)
def test_a_day_has_as_many_hours_as_pass(day: str, after: str, hours: int) -> None:
    partitions = HourlyPartitions(day, end=after, timezone="Europe/Berlin")
    keys = list(all_keys(partitions, datetime(2014, 1, 1, tzinfo=UTC)))
    assert len(keys) == len(set(keys)) == hours


def test_hours_of_a_zone_with_half_hours_begin_on_the_half_hour() -> None:
    partitions = HourlyPartitions("2013-09-15", timezone="Asia/Kolkata")
    assert all_keys(partitions, NOW).first() == "hour=t:2013-09-14T18:30:00.000000Z"


def test_a_day_that_a_zone_left_out_is_still_a_partition_and_its_neighbours_are_right() -> None:
    partitions = DailyPartitions("2011-12-28", timezone="Pacific/Apia")
    before = all_keys(partitions, datetime(2011, 12, 30, 9, 59, tzinfo=UTC))
    after = all_keys(partitions, datetime(2011, 12, 30, 10, tzinfo=UTC))
    assert (before.last(), after.last()) == ("date=d:2011-12-28", "date=d:2011-12-30")


def test_midnight_that_a_clock_change_leaves_out_is_the_change_itself() -> None:
    partitions = DailyPartitions("2013-10-18", timezone="America/Sao_Paulo")
    change = datetime(2013, 10, 20, 3, tzinfo=UTC)
    assert all_keys(partitions, change).last() == "date=d:2013-10-19"
    assert all_keys(partitions, change.replace(hour=2)).last() == "date=d:2013-10-18"


def test_a_product_iterates_by_dimension_name_then_by_time_and_list_order() -> None:
    product = ProductPartitions([REGIONS, DailyPartitions("2013-09-13")])
    assert [display(key) for key in all_keys(product, NOW)] == [
        "date=2013-09-13, region=us",
        "date=2013-09-13, region=eu",
        "date=2013-09-14, region=us",
        "date=2013-09-14, region=eu",
    ]


def test_dynamic_partitions_are_what_was_added() -> None:
    partitions = DynamicPartitions("customers", dimension="customer")
    assert not all_keys(partitions, NOW)
    keys = all_keys(partitions, NOW, dynamic={"customers": ["b", "a"]})
    assert [display(key) for key in keys] == ["b", "a"]


def test_membership_refuses_foreign_keys_quietly_and_broken_ones_loudly() -> None:
    keys = all_keys(MonthlyPartitions("2013-01"), NOW)
    assert "month=d:2013-08-01" in keys
    for foreign in (
        "month=d:2013-08-02",
        "month=d:2013-09-01",
        "date=d:2013-08-01",
        "month=i:1",
        "",
    ):
        assert foreign not in keys
    with pytest.raises(Invalid):
        keys.contains("2013-08")


def test_keys_that_no_longer_belong_are_left_out() -> None:
    found = some_keys(REGIONS, ["region=s:dXM", "region=s:YXNpYQ", "month=d:2013-01-01"])
    assert list(found) == ["region=s:dXM"]
    assert no_keys(REGIONS).count == 0
    assert list(some_keys(None, ["", "month=d:2013-01-01"])) == [""]


def test_sets_taken_at_different_moments_combine() -> None:
    partitions = MonthlyPartitions("2013-01")
    later = all_keys(partitions, datetime(2013, 12, 1, tzinfo=UTC))
    assert [display(key) for key in later.difference(all_keys(partitions, NOW))] == [
        "2013-09",
        "2013-10",
        "2013-11",
    ]


def test_ten_million_partitions_are_handled_without_a_list() -> None:
    regions = StaticPartitions([f"r{number}" for number in range(50)], dimension="region")
    everything = all_keys(ProductPartitions([HourlyPartitions("1990"), regions]), NOW)
    assert everything.count == 10_390_200
    some = everything.slice(5_000_000, 5_000_003)
    rest = everything.difference(some)
    assert rest.count == everything.count - 3
    assert some.first() in everything
    assert some.first() not in rest
    assert rest.union(some) == everything
    assert not rest.intersection(some)


@pytest.mark.parametrize(
    "partitions",
    [
        MonthlyPartitions("2013-01", end="2014-01", timezone="Europe/Berlin", end_offset=1),
        REGIONS,
        DynamicPartitions("customers"),
        ProductPartitions([DailyPartitions("2013"), REGIONS]),
    ],
)
def test_declarations_survive_json(partitions: Partitions) -> None:
    data = msgspec.json.encode(partitions)
    again = msgspec.json.decode(data, type=declared.Partitions)
    assert again == partitions
    assert hash(again) == hash(partitions)


def test_a_string_is_not_a_list_of_values() -> None:
    with pytest.raises(TypeError, match="list of strings"):
        StaticPartitions("us")


def test_a_declaration_that_cannot_be_used_says_so() -> None:
    with pytest.raises(Invalid) as refused:
        all_keys(MonthlyPartitions("2013-01", timezone="Mars/Base"), NOW)
    assert refused.value.code == "PARTITIONS_INVALID"
