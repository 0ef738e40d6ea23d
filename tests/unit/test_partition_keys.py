"""The partition key codec, the Delta spelling of values, and what people see."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from arco.errors import Invalid
from arco.orchestration.partitions import (
    display,
    format_partition_key,
    parse_partition_key,
    partition_values,
)


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({}, ""),
        (
            {"region": "us-east", "date": date(2025, 1, 15)},
            "date=d:2025-01-15,region=s:dXMtZWFzdA",
        ),
        ({"n": -5, "b": True, "z": None}, "b=b:true,n=i:-5,z=n:null"),
        (
            {"t": datetime(2025, 1, 2, 3, 4, 5, 6, tzinfo=UTC)},
            "t=t:2025-01-02T03:04:05.000006Z",
        ),
        ({"empty": "", "same_1": "ÿ?>"}, "empty=s:,same_1=s:w78_Pg"),
        ({"d": date(1, 1, 1)}, "d=d:0001-01-01"),
    ],
)
def test_values_have_one_canonical_text(values: dict[str, Any], text: str) -> None:
    assert format_partition_key(values) == text
    assert parse_partition_key(text) == values


def test_an_instant_is_written_in_utc() -> None:
    berlin = datetime(2025, 7, 1, 2, tzinfo=timezone(timedelta(hours=2)))
    assert format_partition_key({"t": berlin}) == "t=t:2025-07-01T00:00:00.000000Z"


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("a", 1),
        ("A=i:1", 0),
        ("a=1", 2),
        ("a=x:1", 2),
        ("a=i:+1", 4),
        ("a=i:01", 4),
        ("a=i:-0", 4),
        ("a=i:٣", 4),
        ("a=i:9223372036854775808", 4),
        ("a=b:True", 4),
        ("a=d:2025-02-29", 4),
        ("a=d:20250101", 4),
        ("a=t:2025-01-01T00:00:00Z", 4),
        ("a=t:2025-01-01T24:00:00.000000Z", 4),
        ("a=n:", 4),
        ("a=s:YQ==", 4),
        ("a=s:YR", 4),
        ("a=s:_w", 4),
        ("a=s:Y\n", 4),
        ("b=i:1,a=i:2", 6),
        ("a=i:1,a=i:2", 6),
        ("a=i:1,", 6),
        (",a=i:1", 0),
        ("a=i:1, b=i:2", 6),
        ("a=i:1\n", 4),
    ],
)
def test_other_texts_are_refused_with_reason_and_position(text: str, position: int) -> None:
    with pytest.raises(Invalid) as refused:
        parse_partition_key(text)
    assert refused.value.code == "PARTITION_KEY_INVALID"
    assert refused.value.details["position"] == position
    assert refused.value.details["reason"]


@pytest.mark.parametrize(
    "values",
    [
        {"a": 1.5},
        {"a": 2**63},
        {"a": datetime(2025, 1, 1)},
        {"a": "\ud800"},
        {"A": 1},
        {"a b": 1},
        {"a": "x" * 1024},
    ],
)
def test_values_that_no_key_can_carry_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refused:
        format_partition_key(values)
    assert refused.value.code == "PARTITION_KEY_INVALID"


def test_a_key_has_at_most_1024_bytes() -> None:
    longest = format_partition_key({"a": "x" * 765})
    assert len(longest) == 1024
    assert parse_partition_key(longest) == {"a": "x" * 765}
    with pytest.raises(Invalid):
        parse_partition_key(longest + "eA")


def test_delta_spellings_of_values() -> None:
    key = format_partition_key(
        {
            "s": "us, east",
            "i": -7,
            "b": False,
            "d": date(2025, 1, 15),
            "t": datetime(2025, 1, 15, 7, tzinfo=UTC),
            "u": datetime(2025, 1, 15, 7, 0, 0, 5, tzinfo=UTC),
            "n": None,
        }
    )
    assert partition_values(key) == {
        "s": "us, east",
        "i": "-7",
        "b": "false",
        "d": "2025-01-15",
        "t": "2025-01-15 07:00:00",
        "u": "2025-01-15 07:00:00.000005",
        "n": None,
    }
    assert partition_values("") == {}


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("", ""),
        ("month=d:2013-05-01", "2013-05"),
        ("quarter=d:2013-04-01", "2013-Q2"),
        ("year=d:2013-01-01", "2013"),
        ("date=d:2013-05-01", "2013-05-01"),
        ("week=d:2013-07-01", "2013-07-01"),
        ("hour=t:2013-05-01T07:00:00.000000Z", "2013-05-01T07:00Z"),
        ("date=d:2013-05-01,region=s:dXM", "date=2013-05-01, region=us"),
        ("a=b:true,b=n:null,c=i:7", "a=true, b=null, c=7"),
    ],
)
def test_people_see_a_short_form(key: str, shown: str) -> None:
    assert display(key) == shown
