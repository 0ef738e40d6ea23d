"""What is asked of everybody who fires by cron: near every change of a clock, and over calendars.

An expression is made for the change that it is tried at, so that its time is one that the change
leaves out or shows twice. Must not know who answers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from tests.property.zone_rules import Change

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FIRST_YEAR = 1970


class Asked(msgspec.Struct, frozen=True, array_like=True):
    """The moments of (after, until] at which an expression fires; seconds since 1970, UTC."""

    expression: str
    zone: str
    after: int
    until: int


class Rule(msgspec.Struct, frozen=True):
    """An expression for each change, and how long before and after the change it is watched."""

    name: str
    expression: Callable[[Change], str]
    around: timedelta


class Calendar(msgspec.Struct, frozen=True):
    """An expression that is watched for years where no clock changes."""

    name: str
    expression: str
    years: int = 68
    """From 1970 on."""
    why: str = ""
    """Why ours is as it is, where others differ."""


def inside(change: Change) -> datetime:
    """The civil time in the middle of what is left out or repeated."""
    first, last = sorted((change.at + change.before, change.at + change.after))
    return (first + (last - first) / 2).replace(second=0, microsecond=0)


def edge(change: Change) -> datetime:
    """The civil time at which what is left out or repeated is over."""
    return max(change.at + change.before, change.at + change.after)


def _hours_over(change: Change) -> str:
    hour = inside(change).hour
    return f"{max(0, hour - 1)}-{min(23, hour + 1)}"


FIXED: Sequence[Rule] = (
    Rule("a time in it", lambda each: f"{inside(each):%-M %-H} * * *", 2 * DAY),
    Rule("the time at which it ends", lambda each: f"{edge(each):%-M %-H} * * *", 2 * DAY),
    Rule("two times in it", lambda each: f"15,45 {inside(each):%-H} * * *", 2 * DAY),
    Rule("a range of hours over it", lambda each: f"30 {_hours_over(each)} * * *", 2 * DAY),
    Rule("midnight", lambda each: "0 0 * * *", 2 * DAY),
    Rule("noon", lambda each: "0 12 * * *", 2 * DAY),
    Rule("a time in it, by weekday", lambda each: f"{inside(each):%-M %-H * * %w}", 8 * DAY),
    Rule("a time in it, working days", lambda each: f"{inside(each):%-M %-H} * * 1-5", 3 * DAY),
    Rule("a time in it, by day", lambda each: f"{inside(each):%-M %-H %-d} * *", 32 * DAY),
    Rule("a time in it, once a year", lambda each: f"{inside(each):%-M %-H %-d %-m} *", 32 * DAY),
)
"""Jobs at fixed times; "it" is what the change leaves out or repeats."""
INTERVALS: Sequence[Rule] = (
    Rule("every hour", lambda each: "0 * * * *", 6 * HOUR),
    Rule("every hour, a quarter past", lambda each: "15 * * * *", 6 * HOUR),
    Rule("every quarter of an hour", lambda each: "*/15 * * * *", 4 * HOUR),
    Rule("every 20 minutes of its hour", lambda each: f"*/20 {inside(each):%-H} * * *", DAY),
    Rule("every second hour", lambda each: "0 */2 * * *", 9 * HOUR),
)
"""Jobs with a wildcard in their minute or hour."""
WILDCARD_DAY = "A field that begins with `*` restricts nothing: both fields have to match."
SENTENCE = "It is refused with a sentence when it is deployed"
CALENDARS: Sequence[Calendar] = (
    Calendar("@daily", "@daily", 8, why="The words of Debian's cron are known."),
    Calendar("@weekly", "@weekly", why="The words of Debian's cron are known."),
    Calendar("@monthly", "@monthly", why="The words of Debian's cron are known."),
    Calendar("@yearly", "@yearly", why="The words of Debian's cron are known."),
    Calendar("@hourly", "@hourly", 1, why="The words of Debian's cron are known."),
    Calendar("every 7 minutes", "*/7 * * * *", 1),
    Calendar("weekdays by name", "0 9 * * mon-fri", 8),
    Calendar("Sunday as 0", "0 0 * * 0"),
    Calendar("Sunday as 7", "0 0 * * 7"),
    Calendar("Sunday as 0 and 7", "0 0 * * 0,7"),
    Calendar("from Friday to Sunday", "0 0 * * 5-7", 8),
    Calendar("every second weekday", "0 0 * * */2", 8),
    Calendar("a day of the month or of the week", "0 0 13 * 5"),
    Calendar("the first week, or Mondays", "0 0 1-7 * 1", 8),
    Calendar("a stepped wildcard day and a weekday", "0 0 */10 * 1", why=WILDCARD_DAY),
    Calendar("a day and a stepped wildcard weekday", "0 0 13 * */2", why=WILDCARD_DAY),
    Calendar("quarters", "0 0 1 */3 *"),
    Calendar("months by name", "0 0 1 jan,jul *"),
    Calendar("the 31st", "0 0 31 * *"),
    Calendar("29 February", "0 0 29 2 *"),
    Calendar("29 February, or Mondays of it", "0 0 29 2 1"),
    Calendar("30 February", "0 0 30 2 *"),
    Calendar("last day of the month", "0 0 L * *"),
    Calendar("the 15th and the last day", "0 0 15,L * *"),
    Calendar("second Monday", "0 9 * * 1#2"),
    Calendar("fifth Monday", "0 9 * * 1#5"),
    Calendar("last Friday", "0 9 * * 5L", why="Written as Quartz and cronsim write it."),
    Calendar("last Friday, croniter's way", "0 9 * * L5", why=f"{SENTENCE}; `5L` says it."),
    Calendar("nearest weekday", "0 0 15W * *", why=f"{SENTENCE}: there is no such rule here."),
    Calendar("a question mark", "0 0 ? * 1", why=f"{SENTENCE}; `*` says it."),
    Calendar(
        "a range that goes backwards", "0 22-2 * * *", 1, why=f"{SENTENCE}; `22-23,0-2` does."
    ),
    Calendar("a step without a range", "5/20 * * * *", 1, why=f"{SENTENCE}; `5-59/20` says it."),
    Calendar("six fields", "30 15 6 * * *", 8, why="Six fields begin with the second."),
    Calendar("a weekday that is none", "0 0 * * 8"),
)


def at_change(rule: Rule, change: Change) -> Asked:
    """What the rule asks at that change."""
    around = rule.around + abs(change.after - change.before)
    return Asked(
        rule.expression(change),
        change.zone,
        _seconds(change.at - around),
        _seconds(change.at + around),
    )


def over_years(calendar: Calendar) -> Asked:
    """What the calendar asks: all of its years, without their first moment."""
    ends = datetime(FIRST_YEAR + calendar.years, 1, 1)
    begins = datetime(FIRST_YEAR, 1, 1)
    return Asked(calendar.expression, "UTC", _seconds(begins), _seconds(ends) - 1)


def _seconds(moment: datetime) -> int:
    return int(moment.replace(tzinfo=UTC).timestamp())


__all__ = [
    "CALENDARS",
    "FIRST_YEAR",
    "FIXED",
    "INTERVALS",
    "Asked",
    "Calendar",
    "Rule",
    "at_change",
    "edge",
    "inside",
    "over_years",
]
