"""What cron expressions mean, and which ones are refused."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice, pairwise

import pytest

from arco.orchestration.cron import next_occurrence, occurrences, parse_cron

START = datetime(2025, 1, 1, tzinfo=UTC)


def fires(
    text: str, *, timezone: str = "UTC", after: datetime = START, count: int = 3
) -> list[str]:
    """The next moments in UTC, to the minute."""
    found = islice(occurrences(parse_cron(text), timezone, after=after), count)
    return [moment.strftime("%Y-%m-%d %H:%M") for moment in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30 6 * * mon-fri", ["2025-01-01 06:30", "2025-01-02 06:30", "2025-01-03 06:30"]),
        ("*/20 12-13 * * *", ["2025-01-01 12:00", "2025-01-01 12:20", "2025-01-01 12:40"]),
        ("@daily", ["2025-01-02 00:00", "2025-01-03 00:00", "2025-01-04 00:00"]),
        ("@HOURLY".lower(), ["2025-01-01 01:00", "2025-01-01 02:00", "2025-01-01 03:00"]),
        ("0 0 l * *", ["2025-01-31 00:00", "2025-02-28 00:00", "2025-03-31 00:00"]),
        ("0 0 L * *", ["2025-01-31 00:00", "2025-02-28 00:00", "2025-03-31 00:00"]),
        ("0 9 * * 1#2", ["2025-01-13 09:00", "2025-02-10 09:00", "2025-03-10 09:00"]),
        ("0 9 * * 5L", ["2025-01-31 09:00", "2025-02-28 09:00", "2025-03-28 09:00"]),
        ("0 0 * * 7", ["2025-01-05 00:00", "2025-01-12 00:00", "2025-01-19 00:00"]),
        ("0 0 13 * 5", ["2025-01-03 00:00", "2025-01-10 00:00", "2025-01-13 00:00"]),
        ("0 0 13 */2 *", ["2025-01-13 00:00", "2025-03-13 00:00", "2025-05-13 00:00"]),
        ("0 0 29 2 *", ["2028-02-29 00:00", "2032-02-29 00:00", "2036-02-29 00:00"]),
    ],
)
def test_an_expression_fires_when_debian_cron_would(text: str, expected: list[str]) -> None:
    assert fires(text) == expected


def test_six_fields_begin_with_the_second() -> None:
    found = next_occurrence(parse_cron("15,45 * * * * *"), "UTC", after=START)
    assert found == START.replace(second=15)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("* * * *", "has 4 fields"),
        ("", "has 0 fields"),
        ("60 * * * *", "is no minute: 0 to 59"),
        ("* * * foo *", "is no month: 1 to 12 or jan to dec"),
        ("5/10 * * * *", "a step needs a range"),
        ("*/0 * * * *", "a step is a whole number from 1 on"),
        ("* 22-2 * * *", "goes backwards"),
        ("* * * * 1#6", "which one of the month, 1 to 5"),
        ("@reboot", "is none of @yearly"),
        ("* * * * " + "1," * 200 + "1", "at most 256 characters"),
        ("٣ * * * *", "is no minute"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_sentence(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says.replace("+", r"\+")):
        parse_cron(text)


def test_a_time_that_the_clock_skips_fires_when_the_skip_ends() -> None:
    spring = datetime(2025, 3, 8, 12, tzinfo=UTC)
    assert fires("30 2 * * *", timezone="America/New_York", after=spring, count=2) == [
        "2025-03-09 07:00",
        "2025-03-10 06:30",
    ]


def test_a_time_that_the_clock_repeats_fires_the_first_time_only() -> None:
    autumn = datetime(2025, 11, 1, 12, tzinfo=UTC)
    assert fires("30 1 * * *", timezone="America/New_York", after=autumn, count=2) == [
        "2025-11-02 05:30",
        "2025-11-03 06:30",
    ]


def test_a_job_of_every_half_hour_follows_elapsed_time_through_both_changes() -> None:
    spring = datetime(2025, 3, 9, 6, 15, tzinfo=UTC)
    autumn = datetime(2025, 11, 2, 5, 15, tzinfo=UTC)
    for after in (spring, autumn):
        found = list(
            islice(occurrences(parse_cron("*/30 * * * *"), "America/New_York", after=after), 6)
        )
        assert {(b - a).seconds for a, b in pairwise(found)} == {1800}


def test_a_day_that_a_zone_left_out_has_no_times() -> None:
    before = datetime(2011, 12, 29, 12, tzinfo=UTC)
    # Samoa went from 29 to 31 December.
    assert fires("0 12 * * *", timezone="Pacific/Apia", after=before, count=2) == [
        "2011-12-29 22:00",
        "2011-12-30 22:00",
    ]


def test_what_never_fires_ends() -> None:
    assert next_occurrence(parse_cron("0 0 30 2 *"), "Europe/Berlin", after=START) is None


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="is no time zone"):
        next_occurrence(parse_cron("@daily"), "Mars/Olympus", after=START)
