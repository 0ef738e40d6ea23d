"""The page of what everybody answered, from the record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tests.conformance.differences import Difference, Moment, civil
from tests.conformance.reasons import Reason, reason
from tests.conformance.record import CalendarAnswer, Record, RuleRecord, recorded
from tests.conformance.rules import CALENDARS, FIXED, INTERVALS, Rule
from tests.reference.markdown import code, page, section, table

INTRODUCTION = """
What a schedule does when a clock is put forward or back is a decision. This page says how ours
differs from what others decided: two cron libraries and two orchestrators, each installed at the
version named and asked by `make conformance`, all with the time zones of tzdata {tzdata}. Dagster
is asked for the ticks of its daemon, Airflow for the runs that its scheduler makes of a
`CronTriggerTimetable`, which is what a cron expression as `schedule` means.

Between 1970 and 2037 the zones of the time-zone database changed their clocks {in_all:,} times,
zones that changed alike counted once. They fall into {classes:,} classes: the same civil time, the
same offsets before and after. Everybody was asked at the first, the middle and the last change of
each class, {changes:,} in all, over hours to weeks around it.
`tests/unit/test_schedule_conformance.py` asks Arco again at an eighth of those before 2020 and
fails when its answers are no longer those of this page; that Arco itself misses and doubles nothing
is tried at every one of them that has no other change of its zone within three days, more than 95
in a hundred, by `tests/property/test_cron_laws.py`.

[When schedules fire](when-schedules-fire.md) shows the commonest cases by the clock.
"""
COUNTS = """
How many moments Arco fires at, and at how many of them and at how many others each of the others
does: *same / only Arco / only they*. "It" is what the change leaves out or shows twice; expressions
are made for each change, such as `30 2 * * *`.
"""
EXAMPLES = """
The changes at which somebody differs, and the last of them that was before 2026 as an example.
Times are those that the zone's clocks show; `*` marks the second pass of an hour that is repeated.
"""
CALENDAR_TEXT = """
Where no clock changes: all fires in UTC from 1970 on, over 68 years, eight or one, at most 30,000.
*same* stands where all of them are Arco's.
"""


def schedule_conformance_page() -> str:
    """Everything that was answered, as Markdown."""
    record = recorded()
    introduction = INTRODUCTION.strip().format(
        tzdata=record.tzdata,
        in_all=record.changes_in_all,
        classes=record.classes,
        changes=record.changes,
    )
    return page(
        "Schedules beside others",
        introduction,
        sections=(
            section("Counts", COUNTS.strip(), _counts(record)),
            section("Differences by name", _names(record)),
            section("Every difference", EXAMPLES.strip(), *_differences(record)),
            section("Calendars", CALENDAR_TEXT.strip(), _calendars(record)),
        ),
    )


def _heads(record: Record) -> list[str]:
    return [f"{name} {version}" for name, version in record.versions.items()]


def _counts(record: Record) -> str:
    rows = []
    for rule, kept in _rules(record):
        cells = (
            f"{each.same:,} / {each.only_ours:,} / {each.only_theirs:,}"
            if each.differences
            else "same"
            for each in kept.others.values()
        )
        rows.append((rule.name, f"{kept.fires:,}", *cells))
    return table(("Rule", "Arco", *_heads(record)), rows)


def _rules(record: Record) -> Iterator[tuple[Rule, RuleRecord]]:
    return zip((*FIXED, *INTERVALS), record.rules, strict=True)


def _names(record: Record) -> str:
    found: dict[Reason, set[str]] = {}
    for rule, kept in _rules(record):
        for name, each in kept.others.items():
            for difference in each.differences:
                found.setdefault(_reason(rule, difference), set()).add(name)
    rows = []
    for why, names in sorted(found.items()):
        who = ", ".join(name for name in record.versions if name in names)
        rows.append((f"*{why.name}*", who, f"They {why.they}", why.why))
    return table(("Name", "Who", "What they do", "Why Arco does not"), rows)


def _reason(rule: Rule, difference: Difference) -> Reason:
    return reason(difference.kind, is_interval=rule in INTERVALS)


def _differences(record: Record) -> Iterator[str]:
    for rule, kept in _rules(record):
        rows = [
            (name, f"*{_reason(rule, each).name}*", f"{each.changes:,}", *_example(each))
            for name, other in kept.others.items()
            for each in other.differences
        ]
        if rows:
            heads = ("Who", "Difference", "Changes", "Example", "Only Arco", "Only they")
            yield section(rule.name.capitalize(), table(heads, rows), level=3)


def _example(each: Difference) -> tuple[str, str, str]:
    asked = each.asked
    refused = "" if ": " in each.kind else code(each.kind)
    return (
        f"{code(asked.expression)} {asked.zone}",
        _local(each.only_ours) if not refused else "",
        refused or _local(each.only_theirs),
    )


def _local(moments: Sequence[Moment]) -> str:
    return "; ".join(each.shown for each in moments)


def _calendars(record: Record) -> str:
    rows = []
    for calendar, kept in zip(CALENDARS, record.calendars, strict=True):
        others = [_answered(each, ours=kept.ours) for each in kept.others.values()]
        rows.append(
            (
                calendar.name,
                code(calendar.expression),
                _answered(kept.ours, ours=None),
                *others,
                calendar.why,
            )
        )
    return table(("Rule", "Expression", "Arco", *_heads(record), "Why"), rows)


def _answered(answer: CalendarAnswer, *, ours: CalendarAnswer | None) -> str:
    if answer.refused:
        return "refused"
    if ours is not None and answer.differs_at is None and not ours.refused:
        return "same"
    first = f", differs from {civil(answer.differs_at, 'UTC')}" if answer.differs_at else ""
    return f"{answer.fires:,}{first}"


__all__ = ["schedule_conformance_page"]
