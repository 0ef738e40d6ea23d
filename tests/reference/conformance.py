"""The page that compares when cron libraries fire, case by case, from running them.

Every difference has a name and a reason; where all agree nothing is said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import islice
from zoneinfo import ZoneInfo

import msgspec
from croniter import croniter
from cronsim import CronSim

from arco.orchestration.cron import occurrences, parse_cron
from tests.reference.markdown import code, page, section, table

SHOWN = 4
INTRODUCTION = """
What a schedule does when a clock is put forward or back is a decision, and not everybody decides
alike. These are the first times that each fires in the case's zone, as its clocks show them (`*`
marks the second pass of an hour that is repeated), from running all three. *same* stands where it
agrees with Arco.
"""
RULES = """
- A job at fixed times fires once per civil day. A time that is skipped fires when the skip ends;
  one that is repeated fires the first time.
- A job with a wildcard in its second, minute or hour fires whenever the clock shows its time: in a
  repeated hour twice, in a skipped hour not at all.
- A civil day that a zone left out altogether has no times.
- An expression that no day of any year has is refused when it is deployed.
- With both kinds of day restricted, either is enough; a field that begins with `*` restricts
  nothing.

`tests/property/test_cron_laws.py` tries the first two at every change of a clock between 1970 and
2037, in every zone of the time-zone database.
"""


class Case(msgspec.Struct, frozen=True):
    """An expression near something that clocks or calendars do."""

    name: str
    expression: str
    zone: str
    after: datetime


NEW_YORK, APIA, LORD_HOWE = "America/New_York", "Pacific/Apia", "Australia/Lord_Howe"
SANTIAGO, HAVANA, TROLL = "America/Santiago", "America/Havana", "Antarctica/Troll"
SPRING, AUTUMN = datetime(2025, 3, 9, 5, tzinfo=UTC), datetime(2025, 11, 2, 4, tzinfo=UTC)
LEFT_OUT, HALF = datetime(2011, 12, 29, 12, tzinfo=UTC), datetime(2025, 10, 4, 14, tzinfo=UTC)
NEW_YEAR = datetime(2025, 1, 1, tzinfo=UTC)
NO_MIDNIGHT = datetime(2025, 9, 6, 3, 30, tzinfo=UTC)
TWO_MIDNIGHTS = datetime(2025, 11, 1, 5, tzinfo=UTC)
TWO_HOURS, TWO_HOURS_AGAIN = (
    datetime(2025, 3, 29, 12, tzinfo=UTC),
    datetime(2025, 10, 25, 12, tzinfo=UTC),
)
CASES = (
    Case("fixed time in a skipped hour", "30 2 * * *", NEW_YORK, SPRING),
    Case("two fixed times in a skipped hour", "0,30 2 * * *", NEW_YORK, SPRING),
    Case("fixed time where the skip ends", "0 3 * * *", NEW_YORK, SPRING),
    Case("fixed time in a repeated hour", "30 1 * * *", NEW_YORK, AUTUMN),
    Case("every hour through a skip", "0 * * * *", NEW_YORK, SPRING),
    Case("every half hour through a repeat", "*/30 * * * *", NEW_YORK, AUTUMN),
    Case("wildcard minute in a skipped hour", "*/20 2 * * *", NEW_YORK, SPRING),
    Case("wildcard minute in a repeated hour", "*/40 1 * * *", NEW_YORK, AUTUMN),
    Case("a change of half an hour", "15 2 * * *", LORD_HOWE, HALF),
    Case("a day that begins at one", "0 0 * * *", SANTIAGO, NO_MIDNIGHT),
    Case("a day with two midnights", "0 0 * * *", HAVANA, TWO_MIDNIGHTS),
    Case("a skip of two hours", "30 1,2 * * *", TROLL, TWO_HOURS),
    Case("a repeat of two hours", "30 1,2 * * *", TROLL, TWO_HOURS_AGAIN),
    Case("a day that was left out", "0 12 * * *", APIA, LEFT_OUT),
    Case("both kinds of day", "0 0 13 * 5", "UTC", NEW_YEAR),
    Case("a stepped wildcard day and a weekday", "0 0 */10 * 1", "UTC", NEW_YEAR),
    Case("last day of the month", "0 0 L * *", "UTC", NEW_YEAR),
    Case("second Monday", "0 9 * * 1#2", "UTC", NEW_YEAR),
    Case("last Friday", "0 9 * * 5L", "UTC", NEW_YEAR),
    Case("29 February", "0 0 29 2 *", "UTC", NEW_YEAR),
    Case("29 February, or any Monday of it", "0 0 29 2 1", "UTC", NEW_YEAR),
    Case("the 31st, in months that have one", "0 0 31 * *", "UTC", NEW_YEAR),
    Case("a weekday that is both 0 and 7", "0 0 * * 0,7", "UTC", NEW_YEAR),
    Case("a day that no year has", "0 0 30 2 *", "UTC", NEW_YEAR),
)


def conformance_page() -> str:
    """When each fires, as Markdown."""
    libraries: dict[str, Callable[[Case], Iterator[datetime]]] = {
        f"cronsim {version('cronsim')}": _cronsim,
        f"croniter {version('croniter')}": _croniter,
    }
    rows = []
    for case in CASES:
        ours = _shown(case, _arco)
        others = [_shown(case, library) for library in libraries.values()]
        told = ["same" if other == ours else other for other in others]
        rows.append((case.name, code(case.expression), case.zone, ours, *told))
    headings = ("Case", "Expression", "Zone", "Arco", *libraries)
    return page(
        "When schedules fire",
        INTRODUCTION.strip(),
        sections=(
            section("Case by case", table(headings, rows)),
            section("The rules", RULES.strip()),
        ),
    )


def _shown(case: Case, library: Callable[[Case], Iterator[datetime]]) -> str:
    try:
        found = [_local(case, moment) for moment in islice(library(case), SHOWN)]
    except Exception as error:
        return f"refused ({type(error).__name__})"
    return "; ".join(found) or "never"


def _local(case: Case, moment: datetime) -> str:
    local = moment.astimezone(ZoneInfo(case.zone))
    return local.strftime("%y-%m-%d %H:%M") + ("*" if local.fold else "")


def _arco(case: Case) -> Iterator[datetime]:
    return occurrences(parse_cron(case.expression), case.zone, after=case.after)


def _cronsim(case: Case) -> Iterator[datetime]:
    return iter(CronSim(case.expression, case.after.astimezone(ZoneInfo(case.zone))))


def _croniter(case: Case) -> Iterator[datetime]:
    start = case.after.astimezone(ZoneInfo(case.zone))
    found: Iterator[datetime] = croniter(case.expression, start).all_next(datetime)
    return found


__all__ = ["conformance_page"]
