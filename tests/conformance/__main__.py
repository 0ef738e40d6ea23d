"""`python -m tests.conformance`: ask everybody when they fire, and write down what they say.

Asked with the time zones of the `tzdata` package everywhere, so that only the asked can differ.
"""

from __future__ import annotations

import sys
import zoneinfo
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version

from tests.conformance.answers import (
    LIBRARIES,
    ORCHESTRATORS,
    Answer,
    Answers,
    from_library,
    from_orchestrator,
    ours,
)
from tests.conformance.differences import Pair, compared, moments
from tests.conformance.record import (
    CalendarRecord,
    Record,
    RuleRecord,
    calendar_answer,
    digest,
    sampled,
    written,
)
from tests.conformance.rules import (
    CALENDARS,
    FIXED,
    INTERVALS,
    Asked,
    Rule,
    at_change,
    over_years,
)
from tests.property.zone_rules import Change, every_change

SAMPLE_STEP = 8
RULES = (*FIXED, *INTERVALS)


def main() -> None:
    """Writes the record."""
    if zoneinfo.TZPATH:
        sys.exit("set PYTHONTZPATH to nothing, as `make conformance` does")
    every = {change.rule: change for change in every_change()}
    classes = classified(list(every.values()))
    changes = [change for each in classes for change in representatives(each)]
    near = [at_change(rule, change) for rule in RULES for change in changes]
    asked = [*near, *(over_years(each) for each in CALENDARS)]
    print(f"{len(asked):,} spans of time for each", flush=True)
    mine, others = [ours(each) for each in asked], asked_of_all(asked)
    written(
        Record(
            tzdata=version("tzdata"),
            versions={name: each.version for name, each in others.items()},
            classes=len(classes),
            changes_in_all=len(every),
            changes=len(changes),
            rules=tuple(
                rule_record(rule, changes, begins=place * len(changes), mine=mine, others=others)
                for place, rule in enumerate(RULES)
            ),
            calendars=calendar_records(len(near), mine=mine, others=others),
            sample=sampled(changes[::SAMPLE_STEP]),
        )
    )


def classified(changes: Sequence[Change]) -> list[list[Change]]:
    """Changes at the same civil time between the same offsets, each class in order of time."""
    classes: dict[object, list[Change]] = {}
    for change in sorted(changes, key=lambda each: (each.at, each.zone)):
        key = (change.at + change.before).time(), change.before, change.after
        classes.setdefault(key, []).append(change)
    return list(classes.values())


def representatives(changes: Sequence[Change]) -> list[Change]:
    """The first, the middle and the last."""
    return [changes[place] for place in sorted({0, len(changes) // 2, len(changes) - 1})]


def asked_of_all(asked: Sequence[Asked]) -> Mapping[str, Answers]:
    """Everybody's answers but ours; orchestrators answer beside each other."""
    with ThreadPoolExecutor() as pool:
        away = {name: pool.submit(from_orchestrator, name, asked) for name in ORCHESTRATORS}
        here = {name: from_library(name, asked) for name in LIBRARIES}
        return {**here, **{name: each.result() for name, each in away.items()}}


def rule_record(
    rule: Rule,
    changes: Sequence[Change],
    *,
    begins: int,
    mine: Sequence[Answer],
    others: Mapping[str, Answers],
) -> RuleRecord:
    """What everybody says of the rule; the answers begin at that place."""
    asked = [at_change(rule, change) for change in changes]
    span = slice(begins, begins + len(changes))
    found = {}
    for name, theirs in others.items():
        lines = zip(changes, asked, mine[span], theirs.answers[span], strict=True)
        found[name] = compared(Pair(*line) for line in lines)
    return RuleRecord(
        name=rule.name,
        fires=sum(len(moments(each)) for each in mine[span]),
        digest=digest(rule, sampled(changes[::SAMPLE_STEP])),
        others=found,
    )


def calendar_records(
    begins: int, *, mine: Sequence[Answer], others: Mapping[str, Answers]
) -> tuple[CalendarRecord, ...]:
    """What everybody says of every calendar; the answers begin at that place."""
    return tuple(
        CalendarRecord(
            name=each.name,
            ours=calendar_answer(mine[place], ours=mine[place]),
            others={
                name: calendar_answer(theirs.answers[place], ours=mine[place])
                for name, theirs in others.items()
            },
        )
        for place, each in enumerate(CALENDARS, begins)
    )


if __name__ == "__main__":
    main()
