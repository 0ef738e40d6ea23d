"""Declarations and mappings that cannot work are refused when they are deployed."""

from __future__ import annotations

from typing import Any

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
    mapping_problem,
    validate,
)

DAYS = DailyPartitions("2013-01-01")
MONTHS = MonthlyPartitions("2013-01")
REGIONS = StaticPartitions(["us", "eu"], dimension="region")
CUSTOMERS = DynamicPartitions("customers", dimension="region")
PRODUCT = ProductPartitions([DAYS, REGIONS])
NONSENSE: Any = [1, 2]
WRONG: Any = "1"


@pytest.mark.parametrize(
    "partitions",
    [DAYS, MONTHS, REGIONS, CUSTOMERS, PRODUCT, MonthlyPartitions("2013", end="2014-01-01")],
)
def test_sound_declarations_have_no_problems(partitions: Partitions) -> None:
    assert validate(partitions) == []


@pytest.mark.parametrize(
    ("partitions", "problem"),
    [
        (MonthlyPartitions("2013-01", timezone="Mars/Base"), "not an IANA time zone"),
        (MonthlyPartitions("2013-01", timezone=""), "not an IANA time zone"),
        (MonthlyPartitions("2013-01", timezone="../etc"), "not an IANA time zone"),
        (MonthlyPartitions("13-01"), "start: '13-01' is not a time"),
        (MonthlyPartitions("2013-01", end="soon"), "end: 'soon' is not a time"),
        (DailyPartitions("2013-02-29"), "start: '2013-02-29' is not in the calendar"),
        (MonthlyPartitions("2013-05", end="2013-05"), "no whole window"),
        (MonthlyPartitions("2013-05", end="2013-01"), "no whole window"),
        (MonthlyPartitions("2013-01-02", end="2013-02-20"), "no whole window"),
        (MonthlyPartitions("2013", end_offset=10**9), "end_offset"),
        (
            MonthlyPartitions("2013", end_offset=WRONG),
            "Expected `int`, got `str` - at `$.end_offset`",
        ),
        (MonthlyPartitions("2013", dimension="Month"), "not a dimension name"),
        (StaticPartitions([]), "lists no values"),
        (StaticPartitions(["a", "b", "a"]), "lists 'a' twice"),
        (StaticPartitions(["a", ""]), "empty string"),
        (StaticPartitions(NONSENSE), "Expected `str`, got `int` - at `$.values[0]`"),
        (StaticPartitions(["\ud800"]), "lone surrogate"),
        (StaticPartitions(["a", "x" * 800]), "the limit is 1024"),
        (DynamicPartitions(""), "needs the name"),
        (ProductPartitions([]), "at least one dimension"),
        (ProductPartitions([WRONG]), "wrong type"),
        (WRONG, "wrong type"),
        (ProductPartitions([DAYS, DAYS]), "'date' occurs twice"),
        (ProductPartitions([DAYS, StaticPartitions([])]), "lists no values"),
    ],
)
def test_nonsense_is_answered_with_a_sentence(partitions: Partitions, problem: str) -> None:
    found = validate(partitions)
    assert len(found) == 1
    assert problem in found[0]
    assert found[0].endswith(".")


def test_a_product_in_a_product_is_refused() -> None:
    nested: Any = PRODUCT
    assert "another product" in validate(ProductPartitions([nested, MONTHS]))[0]


@pytest.mark.parametrize(
    ("mapping", "downstream", "upstream"),
    [
        (None, MONTHS, DAYS),
        (None, None, DAYS),
        (None, DAYS, None),
        (None, None, None),
        (None, REGIONS, CUSTOMERS),
        (None, REGIONS, MONTHS),
        (AllMapping(), REGIONS, MONTHS),
        (LastMapping(), None, MONTHS),
        (IdentityMapping(), PRODUCT, PRODUCT),
        (IdentityMapping(), None, None),
        (IdentityMapping(), CUSTOMERS, REGIONS),
        (TimeWindowMapping(-1, 0), MONTHS, DAYS),
        (StaticMapping({"us": ["2013-01"]}), REGIONS, MONTHS),
        (StaticMapping({"us": ["eu", "region=s:dXM"]}), REGIONS, REGIONS),
        (StaticMapping({"": ["us"]}), None, REGIONS),
    ],
)
def test_mappings_that_connect_have_no_problem(
    mapping: PartitionMapping | None, downstream: Partitions | None, upstream: Partitions | None
) -> None:
    assert mapping_problem(mapping, downstream=downstream, upstream=upstream) is None


@pytest.mark.parametrize(
    ("mapping", "downstream", "upstream", "problem"),
    [
        (IdentityMapping(), MONTHS, DAYS, "equal dimensions"),
        (IdentityMapping(), DAYS, None, "upstream has none"),
        (
            IdentityMapping(),
            DAYS,
            MonthlyPartitions("2013", dimension="date"),
            "windows of equal length",
        ),
        (
            IdentityMapping(),
            HourlyPartitions("2013"),
            HourlyPartitions("2013", timezone="Asia/Kolkata"),
            "windows of equal length",
        ),
        (IdentityMapping(), REGIONS, StaticPartitions(["us"], dimension="region"), "lacks 'eu'"),
        (None, REGIONS, StaticPartitions(["asia"], dimension="region"), "no value in common"),
        (None, DAYS, StaticPartitions(["a"], dimension="date"), "time on one side"),
        (LastMapping(), MONTHS, None, "not partitioned"),
        (TimeWindowMapping(), REGIONS, MONTHS, "time partitions on both sides"),
        (TimeWindowMapping(), None, MONTHS, "time partitions on both sides"),
        (TimeWindowMapping(1, 0), MONTHS, MONTHS, "selects nothing"),
        (StaticMapping({"uk": ["us"]}), REGIONS, REGIONS, "maps 'uk'"),
        (StaticMapping({"us": ["uk"]}), REGIONS, REGIONS, "region is one of us, eu"),
    ],
)
def test_a_mapping_that_cannot_connect_says_why(
    mapping: PartitionMapping | None,
    downstream: Partitions | None,
    upstream: Partitions | None,
    problem: str,
) -> None:
    found = mapping_problem(mapping, downstream=downstream, upstream=upstream)
    assert found is not None
    assert problem in found
