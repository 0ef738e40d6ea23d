"""What `arco run --partition` takes, and what it answers when nothing fits."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from arco.errors import Invalid
from arco.orchestration.partitions import (
    DailyPartitions,
    DynamicPartitions,
    HourlyPartitions,
    MonthlyPartitions,
    Partitions,
    ProductPartitions,
    StaticPartitions,
    WeeklyPartitions,
    all_keys,
    display,
    parse_selector,
)

NOW = datetime(2013, 9, 15, 12, tzinfo=UTC)
MONTHS = MonthlyPartitions("2013-01")
REGIONS = StaticPartitions(["us", "eu", "a,b=c..d"], dimension="region")
PRODUCT = ProductPartitions([DailyPartitions("2013-09-12"), REGIONS])


@pytest.mark.parametrize(
    ("partitions", "text", "expected"),
    [
        (MONTHS, "month=2013-05", ["2013-05"]),
        (MONTHS, "2013-05", ["2013-05"]),
        (MONTHS, "2013-05-01", ["2013-05"]),
        (MONTHS, "month=d:2013-05-01", ["2013-05"]),
        (MONTHS, "month=2013-01..2013-03", ["2013-01", "2013-02", "2013-03"]),
        (MONTHS, "2013-07..", ["2013-07", "2013-08"]),
        (MONTHS, "..2013-02", ["2013-01", "2013-02"]),
        (MONTHS, "2013-02,2013-05", ["2013-02", "2013-05"]),
        (MONTHS, "2013-Q2", ["2013-04", "2013-05", "2013-06"]),
        (
            WeeklyPartitions("2013"),
            "2013-01",
            ["2013-01-07", "2013-01-14", "2013-01-21", "2013-01-28"],
        ),
        (REGIONS, "eu", ["eu"]),
        (REGIONS, "region=us..eu", ["us", "eu"]),
        (REGIONS, "a,b=c..d", ["a,b=c..d"]),
        (PRODUCT, "date=2013-09-13,region=us", ["date=2013-09-13, region=us"]),
        (
            PRODUCT,
            "date=2013-09-13..2013-09-14, region=eu",
            ["date=2013-09-13, region=eu", "date=2013-09-14, region=eu"],
        ),
        (
            PRODUCT,
            "date=2013-09-13,region=us,region=eu",
            ["date=2013-09-13, region=us", "date=2013-09-13, region=eu"],
        ),
        (PRODUCT, "date=d:2013-09-12,region=s:dXM", ["date=2013-09-12, region=us"]),
        (None, "", [""]),
        (None, "*", [""]),
    ],
)
def test_a_selector_selects(partitions: Partitions | None, text: str, expected: list[str]) -> None:
    assert [display(key) for key in parse_selector(partitions, text, now=NOW)] == expected


@pytest.mark.parametrize("text", ["*", "date=*", "date=*,region=*"])
def test_a_star_and_what_is_left_out_select_everything(text: str) -> None:
    assert parse_selector(PRODUCT, text, now=NOW) == all_keys(PRODUCT, NOW)


def test_hours_are_named_in_the_zone_or_in_utc() -> None:
    partitions = HourlyPartitions("2013-01-01", timezone="America/New_York")
    for text in ("2013-05-01T03", "2013-05-01T03:00", "2013-05-01T07:00Z"):
        assert list(parse_selector(partitions, text, now=NOW)) == [
            "hour=t:2013-05-01T07:00:00.000000Z"
        ]
    assert parse_selector(partitions, "2013-03-10", now=NOW).count == 23
    assert parse_selector(partitions, "2013-03-10T01", now=NOW).count == 1


def test_an_hour_that_passes_twice_is_two_partitions() -> None:
    partitions = HourlyPartitions("2012-01-01", timezone="America/New_York")
    assert parse_selector(partitions, "2012-11-04T01", now=NOW).count == 2


def test_what_people_see_selects_what_they_saw() -> None:
    for partitions in (MONTHS, PRODUCT, HourlyPartitions("2013-09-14", timezone="Asia/Kolkata")):
        for key in all_keys(partitions, NOW):
            if "a,b" not in display(key):
                assert list(parse_selector(partitions, display(key), now=NOW)) == [key]


@pytest.mark.parametrize(
    ("partitions", "text", "problem", "hint"),
    [
        (MONTHS, "2014-05", "no partition '2014-05'", "month is one of 8 from 2013-01 to 2013-08."),
        (MONTHS, "2013-01..2013-12", "no partition '2013-12'", "from 2013-01 to 2013-08"),
        (MONTHS, "2013-05..2013-01", "ends before it starts", "from 2013-01"),
        (MONTHS, "2013-05-17", "no partition '2013-05-17'", "from 2013-01"),
        (MONTHS, "2013-13", "not in the calendar", "from 2013-01"),
        (MONTHS, "may", "not a time", "from 2013-01"),
        (MONTHS, "", "not a time", "from 2013-01"),
        (MONTHS, "month=d:2014-01-01", "no partition 'month=d:2014-01-01'", "from 2013-01"),
        (MONTHS, "2013-05T07:00Z", "not a time", "from 2013-01"),
        (MONTHS, "date=2013-05", "no partition dimension 'date'", "month is one of"),
        (PRODUCT, "us", "does not say which dimension", "date is one of 3"),
        (PRODUCT, "date=2013-09-12,region=uk", "no partition 'uk'", "region is one of us, eu"),
        (None, "2013", "no partition '2013'", "not partitioned"),
        (DynamicPartitions("customers"), "*", "no partition '*'", "has no partition yet"),
        (MonthlyPartitions("2013-09"), "2013-09", "no partition", "has no partition yet"),
    ],
)
def test_an_unknown_partition_is_answered_with_what_exists(
    partitions: Partitions | None, text: str, problem: str, hint: str
) -> None:
    with pytest.raises(Invalid) as refused:
        parse_selector(partitions, text, now=NOW)
    assert refused.value.code == "PARTITION_UNKNOWN"
    assert problem in refused.value.message
    assert hint in refused.value.hint
