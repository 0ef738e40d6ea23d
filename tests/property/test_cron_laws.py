"""Cron through every change of every clock: nothing is missed and nothing doubled."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import takewhile
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arco.orchestration.cron import occurrences, parse_cron
from tests.property.zone_rules import Change, every_change

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
SHARDS = 4


@cache
def every() -> list[Change]:
    return every_change()


@cache
def cases() -> list[Change]:
    """Zones that changed alike at the same moment are one case; none with another change near."""
    return [change for change in {each.rule: each for each in every()}.values() if quiet(change)]


def fired(expression: str, change: Change, *, around: timedelta) -> list[datetime]:
    """When it fires from `around` before the change to as long after it; UTC, no zone."""
    begins, ends = change.at - around, change.at + around
    found = occurrences(parse_cron(expression), change.zone, after=begins.replace(tzinfo=UTC))
    moments = (moment.replace(tzinfo=None) for moment in found)
    return list(takewhile(lambda moment: moment <= ends, moments))


def civil(change: Change, instant: datetime) -> datetime:
    return instant + (change.after if instant >= change.at else change.before)


def once_a_day(change: Change, hour: int, *, minute: int) -> Iterator[datetime]:
    """What the rule says about a daily job, worked out from the change alone."""
    first = civil(change, change.at - 2 * DAY).date()
    for number in range(6):
        day = first + number * DAY
        wanted = datetime(day.year, day.month, day.day, hour, minute)
        early, late = wanted - change.before, wanted - change.after
        if early < change.at:
            yield early
        elif late >= change.at:
            yield late
        elif _is_there(change, day):
            yield change.at


def _is_there(change: Change, day: date) -> bool:
    skipped_from, skipped_to = change.at + change.before, change.at + change.after
    return day in ((skipped_from - MINUTE).date(), skipped_to.date())


def quiet(change: Change) -> bool:
    """No other change of the zone is near: the rule above knows of one only."""
    zone = ZoneInfo(change.zone)

    def offset(instant: datetime) -> timedelta | None:
        return instant.replace(tzinfo=UTC).astimezone(zone).utcoffset()

    near = [change.at + hours * timedelta(hours=6) for hours in range(1, 12)]
    early = [change.at - MINUTE - hours * timedelta(hours=6) for hours in range(12)]
    return all(offset(each) == change.after for each in near) and all(
        offset(each) == change.before for each in early
    )


def test_the_database_names_as_many_changes_as_are_tried() -> None:
    assert len(every()) > 25_000
    assert len({change.zone for change in every()}) > 300
    assert len(cases()) > 0.95 * len({change.rule for change in every()})


@pytest.mark.parametrize("shard", range(SHARDS))
def test_a_daily_job_fires_once_per_civil_day_through_every_change(shard: int) -> None:
    for change in cases()[shard::SHARDS]:
        # Just inside and just outside of what the change skips or repeats.
        edges = {change.at + change.before, change.at + change.after}
        for edge in edges | {edge - MINUTE for edge in edges}:
            expression = f"{edge.minute} {edge.hour} * * *"
            begins, ends = change.at - DAY, change.at + DAY
            expected = sorted(
                {
                    each
                    for each in once_a_day(change, edge.hour, minute=edge.minute)
                    if begins < each <= ends
                }
            )
            found = fired(expression, change, around=DAY)
            assert found == expected, (change.zone, change.at, expression)


@pytest.mark.parametrize("shard", range(SHARDS))
def test_a_job_with_a_wildcard_fires_whenever_the_clock_shows_its_time(shard: int) -> None:
    for change in cases()[shard::SHARDS]:
        around = timedelta(hours=3)
        instants = (change.at - around + MINUTE * minute for minute in range(1, 361))
        shown = [at for at in instants if civil(change, at).minute % 20 == 0]
        whole = [at for at in shown if not civil(change, at).second]
        assert fired("*/20 * * * *", change, around=around) == whole or _odd_seconds(change)


def _odd_seconds(change: Change) -> bool:
    """Local mean time: its offsets are no whole minutes, so minutes of the clocks do not align."""
    minutes = {change.before % MINUTE, change.after % MINUTE, timedelta(minutes=0)}
    return len(minutes) > 1 or bool(change.at.second)


EXPRESSIONS = st.sampled_from(
    ["* * * * *", "*/7 3 * * *", "0 0 * * *", "15,45 1-3 * * *", "0 12 1 * mon", "30 2 l * *"]
)


@given(
    EXPRESSIONS,
    st.sampled_from(sorted(available_timezones())),
    st.datetimes(datetime(1975, 1, 1), datetime(2036, 1, 1)),
    st.integers(1, 40),
)
def test_where_one_starts_to_look_does_not_matter(
    expression: str, zone: str, after: datetime, skipped: int
) -> None:
    cron, start = parse_cron(expression), after.replace(tzinfo=UTC)
    found = [
        moment for moment, _ in zip(occurrences(cron, zone, after=start), range(60), strict=False)
    ]
    later = occurrences(cron, zone, after=found[skipped - 1])
    again = [moment for moment, _ in zip(later, range(60 - skipped), strict=False)]
    assert again == found[skipped:]
    assert found == sorted(set(found))
