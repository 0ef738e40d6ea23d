"""What everybody answered when they were asked last, as a file; `make conformance` writes it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import msgspec

from tests.conformance.answers import Answer, Refused, ours
from tests.conformance.differences import Compared
from tests.conformance.rules import Rule, at_change
from tests.property.zone_rules import EPOCH, Change

FILE = Path(__file__).with_name("record.json")


class Sampled(msgspec.Struct, frozen=True, array_like=True):
    """A change at which our answers are told by a digest; seconds."""

    zone: str
    at: int
    before: int
    after: int

    @property
    def change(self) -> Change:
        """The same as the zone's own."""
        offsets = timedelta(seconds=self.before), timedelta(seconds=self.after)
        return Change(self.zone, EPOCH + timedelta(seconds=self.at), offsets)


class RuleRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One rule, asked at every change."""

    name: str
    fires: int
    """Of ours."""
    digest: str
    """Of our answers at the sampled changes."""
    others: dict[str, Compared]


class CalendarAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """How one answers for one calendar."""

    fires: int = 0
    refused: str = ""
    differs_at: int | None = None
    """The first moment at which only one of us fires."""


class CalendarRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One expression, asked for years."""

    name: str
    ours: CalendarAnswer
    others: dict[str, CalendarAnswer]


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was answered."""

    tzdata: str
    versions: dict[str, str]
    classes: int
    """Of changes: the same civil time, the same offsets."""
    changes_in_all: int
    """Of which these classes are."""
    changes: int
    """At which everybody was asked."""
    rules: tuple[RuleRecord, ...]
    calendars: tuple[CalendarRecord, ...]
    sample: tuple[Sampled, ...]


def recorded() -> Record:
    """What the file says."""
    return msgspec.json.decode(FILE.read_bytes(), type=Record)


def written(record: Record) -> None:
    """The file says this from now on."""
    FILE.write_bytes(msgspec.json.format(msgspec.json.encode(record), indent=1) + b"\n")


def sampled(changes: Sequence[Change]) -> tuple[Sampled, ...]:
    """The changes of those that no law of tomorrow moves."""
    return tuple(
        Sampled(
            each.zone,
            int(each.at.replace(tzinfo=UTC).timestamp()),
            int(each.before.total_seconds()),
            int(each.after.total_seconds()),
        )
        for each in changes
        if each.at < datetime(2020, 1, 1)
    )


def digest(rule: Rule, sample: Sequence[Sampled]) -> str:
    """Of our answers."""
    answers = [ours(at_change(rule, each.change)) for each in sample]
    return sha256(msgspec.json.encode(answers)).hexdigest()[:16]


def calendar_answer(answer: Answer, *, ours: Answer) -> CalendarAnswer:
    """Counted, and where it begins to differ from ours."""
    if isinstance(answer, Refused):
        return CalendarAnswer(refused=answer.refused)
    differing = set() if isinstance(ours, Refused) else set(answer) ^ set(ours)
    return CalendarAnswer(fires=len(answer), differs_at=min(differing, default=None))


__all__ = [
    "FILE",
    "CalendarAnswer",
    "CalendarRecord",
    "Record",
    "RuleRecord",
    "Sampled",
    "calendar_answer",
    "digest",
    "recorded",
    "sampled",
    "written",
]
