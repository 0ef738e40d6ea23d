"""The newest of many facts whose ids begin with their time, without the others."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import pytest

from arco.access.refusals import KEPT, REFUSALS, AccessRefused, newest_first
from arco.engine.tables import Tables
from arco.ids import milliseconds, ulid
from arco.model import Key, Put, Row, Table

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


class Watched:
    """A state that counts the rows that are looked at."""

    def __init__(self, moments: list[datetime]) -> None:
        self._tables = Tables([REFUSALS])
        self._tables.apply([Put(REFUSALS, refusal(each)) for each in moments], 1)
        self.looked_at = 0

    def get(self, table: Table[Row], *key: Any) -> Row | None:
        return self._tables.get(table, *key)

    def range(self, table: Table[Row], *prefix: Any, after: Key | None = None) -> Iterator[Row]:
        for row in self._tables.range(table, *prefix, after=after):
            self.looked_at += 1
            yield row


def refusal(moment: datetime) -> AccessRefused:
    return AccessRefused(
        refusal_id=ulid(milliseconds(moment), 0), refused_at=moment, code="ACCESS_DENIED"
    )


def newest(state: Watched, count: int) -> list[datetime]:
    return [row.refused_at for row in islice(newest_first(state, REFUSALS, now=NOW), count)]


@pytest.mark.parametrize("apart", [SECOND, timedelta(minutes=7), DAY, timedelta(days=4)])
def test_all_are_told_newest_first_however_far_apart_they_are(apart: timedelta) -> None:
    moments = [NOW - apart * place for place in range(int(KEPT / max(apart, DAY)))]
    assert newest(Watched(moments[::-1]), len(moments) + 1) == moments


def test_what_stands_where_two_spans_meet_is_told_once() -> None:
    moments = [NOW - each for each in (timedelta(minutes=5), timedelta(hours=1), DAY * 3)]
    assert newest(Watched(moments), 10) == moments


def test_of_a_clock_that_runs_ahead_nothing_is_left_out() -> None:
    assert newest(Watched([NOW + DAY, NOW]), 10) == [NOW + DAY, NOW]


def test_a_hundred_of_many_days_look_at_no_more_than_an_hour() -> None:
    moments = [NOW - 20 * SECOND * place for place in range(20_000)]
    state = Watched(moments)
    assert newest(state, 100) == moments[:100]
    assert state.looked_at <= 200
