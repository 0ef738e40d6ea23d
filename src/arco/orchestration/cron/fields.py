"""Cron expressions: the text of five or six fields as the sets of what matches.

Law: an expression means the same as in Debian's cron, or it is refused with a sentence. Must not
know zones.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

ALIASES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
LAST = -1
"""Stands for "the last" day of a month, and for "the last such weekday"."""
EXPRESSION_LENGTH_MAX = 256


class Field(msgspec.Struct, frozen=True):
    """One field: what it is called, what it may hold, and the names for it."""

    name: str
    least: int
    most: int
    names: tuple[str, ...] = ()
    first_named: int = 0


SECOND = Field("second", 0, 59)
MINUTE = Field("minute", 0, 59)
HOUR = Field("hour", 0, 23)
DAY = Field("day of month", 1, 31)
MONTH = Field("month", 1, 12, tuple(MONTHS), 1)
WEEKDAY = Field("day of week", 0, 7, tuple(WEEKDAYS), 0)


class Cron(msgspec.Struct, frozen=True, kw_only=True):
    """What matches, each set in ascending order; weekdays count from Sunday, 0."""

    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    """LAST among them: the last day of the month."""
    months: tuple[int, ...]
    weekdays: tuple[tuple[int, int], ...]
    """(weekday, which of the month): 0 is every, 1 to 5 that one, LAST the last."""
    joins_days: bool
    """Both kinds of day are restricted: either of them is enough."""
    follows_elapsed_time: bool
    """An hour, minute or second is a wildcard: it fires by elapsed time, not once per civil day."""


def parse_cron(text: str) -> Cron:
    """The expression `minute hour day month weekday`, with a leading second, or one such as
    `@daily`.

    >>> parse_cron("30 6 * * mon-fri").hours
    (6,)

    Raises: ValueError with a sentence.
    """
    if len(text) > EXPRESSION_LENGTH_MAX:
        raise ValueError(f"a cron expression has at most {EXPRESSION_LENGTH_MAX} characters")
    if text.startswith("@") and text not in ALIASES:
        raise ValueError(f"{text!r} is none of {', '.join(ALIASES)}")
    parts = ALIASES.get(text, text).lower().split()
    if len(parts) not in (5, 6):
        raise ValueError(f"{text!r} has {len(parts)} fields; there are 5, or 6 with seconds first")
    second, minute, hour, day, month, weekday = parts if len(parts) == 6 else ["0", *parts]
    return Cron(
        seconds=_numbers(SECOND, second),
        minutes=_numbers(MINUTE, minute),
        hours=_numbers(HOUR, hour),
        days=_days(day),
        months=_numbers(MONTH, month),
        weekdays=_weekdays(weekday),
        joins_days=not (day.startswith("*") or weekday.startswith("*")),
        follows_elapsed_time=any(part.startswith("*") for part in (second, minute, hour)),
    )


def _days(text: str) -> tuple[int, ...]:
    terms = text.split(",")
    numbers = [term for term in terms if term != "l"]
    last = (LAST,) if len(numbers) < len(terms) else ()
    return last + (_numbers(DAY, ",".join(numbers)) if numbers else ())


def _weekdays(text: str) -> tuple[tuple[int, int], ...]:
    found: set[tuple[int, int]] = set()
    for term in text.split(","):
        weekday, hash_sign, nth = term.partition("#")
        if hash_sign:
            if not (nth.isdecimal() and 1 <= int(nth) <= 5):
                raise ValueError(f"{term!r}: after # stands which one of the month, 1 to 5")
            found.add((_number(WEEKDAY, weekday) % 7, int(nth)))
        elif len(term) > 1 and term.endswith("l") and term not in WEEKDAYS:
            found.add((_number(WEEKDAY, term[:-1]) % 7, LAST))
        else:
            found.update((number % 7, 0) for number in _term(WEEKDAY, term))
    return tuple(sorted(found))


def _numbers(field: Field, text: str) -> tuple[int, ...]:
    return tuple(sorted({number for term in text.split(",") for number in _term(field, term)}))


def _term(field: Field, term: str) -> Iterator[int]:
    """`*`, `7`, `1-5`, `*/15` or `10-50/20`."""
    span, slash, step_text = term.partition("/")
    step = _step(field, term, text=step_text) if slash else 1
    if span == "*":
        # Seven and zero are the same day: a wildcard counts it once.
        yield from range(field.least, (6 if field is WEEKDAY else field.most) + 1, step)
        return
    low_text, dash, high_text = span.partition("-")
    low = _number(field, low_text)
    if slash and not dash:
        raise ValueError(f"{term!r} in the {field.name}: a step needs a range such as 10-50/20")
    high = _number(field, high_text) if dash else low
    if high < low:
        raise ValueError(
            f"{term!r} in the {field.name} goes backwards; write the two parts with a comma"
        )
    yield from range(low, high + 1, step)


def _step(field: Field, term: str, *, text: str) -> int:
    if text.isdecimal() and text.isascii() and len(text) <= 3 and int(text) >= 1:
        return int(text)
    raise ValueError(f"{term!r} in the {field.name}: a step is a whole number from 1 on")


def _number(field: Field, text: str) -> int:
    if text in field.names:
        return field.names.index(text) + field.first_named
    if text.isdecimal() and text.isascii() and len(text) <= 2:
        number = int(text)
        if field.least <= number <= field.most:
            return number
    names = f" or {field.names[0]} to {field.names[-1]}" if field.names else ""
    raise ValueError(f"{text!r} is no {field.name}: {field.least} to {field.most}{names}")


__all__ = ["ALIASES", "LAST", "Cron", "Field", "parse_cron"]
