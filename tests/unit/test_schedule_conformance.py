"""The published comparison of schedules: the record is of this code, and every difference named."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import msgspec
import pytest

from tests.conformance.answers import Refused, ours
from tests.conformance.asked_again import AskedAgain
from tests.conformance.differences import Compared, Difference
from tests.conformance.reasons import reason
from tests.conformance.record import Record, calendar_answer, recorded
from tests.conformance.rules import CALENDARS, FIXED, INTERVALS, Rule, over_years
from tests.tidy.source import ROOT

RULES = (*FIXED, *INTERVALS)


@pytest.fixture(scope="module")
def record() -> Record:
    return recorded()


@pytest.fixture(scope="module")
def asked_again() -> AskedAgain:
    command = [sys.executable, "-m", "tests.conformance.asked_again"]
    zones = {**os.environ, "PYTHONTZPATH": ""}
    told = subprocess.run(command, cwd=ROOT, env=zones, stdout=subprocess.PIPE, check=True).stdout
    return msgspec.json.decode(told, type=AskedAgain)


def compared(record: Record) -> Iterator[tuple[Rule, Compared]]:
    for rule, kept in zip(RULES, record.rules, strict=True):
        yield from ((rule, each) for each in kept.others.values())


def differences(record: Record) -> Iterator[tuple[Rule, Difference]]:
    for rule, other in compared(record):
        yield from ((rule, each) for each in other.differences)


def test_everybody_was_asked_at_every_class_of_changes(record: Record) -> None:
    assert set(record.versions) == {"cronsim", "croniter", "Dagster", "Airflow"}
    assert record.classes > 200
    assert record.classes < record.changes < record.changes_in_all
    for _, other in compared(record):
        differing = sum(each.changes for each in other.differences)
        assert other.changes_same + differing == record.changes


def test_our_answers_are_those_that_were_compared(record: Record, asked_again: AskedAgain) -> None:
    assert asked_again.digests == {each.name: each.digest for each in record.rules}


def test_our_examples_are_what_we_answer(record: Record, asked_again: AskedAgain) -> None:
    assert len(list(differences(record))) > 100
    assert asked_again.wrong == ()


def test_every_difference_has_a_name_and_a_reason(record: Record) -> None:
    for rule, each in differences(record):
        assert reason(each.kind, is_interval=rule in INTERVALS).why


def test_calendars_that_others_read_otherwise_say_why(record: Record) -> None:
    for calendar, kept in zip(CALENDARS, record.calendars, strict=True):
        mine = ours(over_years(calendar))
        assert kept.ours == calendar_answer(mine, ours=mine), calendar.name
        refused = isinstance(mine, Refused)
        differs = [
            each
            for each in kept.others.values()
            if each.differs_at is not None or bool(each.refused) is not refused
        ]
        assert bool(calendar.why) is bool(differs), calendar.name
