"""One check over time, as its page tells it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from arco.engine.tables import Tables
from arco.errors import NotFound
from arco.model import Put
from arco.orchestration.rows import Check
from arco.orchestration.tables import ASSETS, CHECKS
from arco.testing.orchestration_samples import Bench, asset
from arco.ui.pages.check import RESULTS_LOOKED_AT, RESULTS_SHOWN, one_check

START = datetime(2026, 3, 1, tzinfo=UTC)


def result(number: int, *, name: str = "whole") -> Check:
    return Check(
        asset="a.b",
        partition_key=f"month=d:2013-{1 + number % 12:02}-01",
        name=name,
        run_id=f"01R{number:06}",
        passed=number % 5 != 0,
        blocking=True,
        checked_at=START + timedelta(minutes=number),
    )


def state_of(*rows: Check) -> Tables:
    tables = Tables([CHECKS, ASSETS])
    tables.apply([Put(CHECKS, row) for row in rows], 1)
    return tables


def test_the_newest_results_come_first_whichever_partition_they_are_of() -> None:
    rows = [result(number) for number in range(300)]
    found = one_check(state_of(*rows, result(7, name="other")), "a.b", name="whole")
    assert found.newest == rows[::-1][:RESULTS_SHOWN]
    assert (found.results, found.not_passed, found.is_all) == (300, 60, True)


def test_of_too_many_results_it_is_said_that_not_all_were_looked_at() -> None:
    rows = [result(number) for number in range(RESULTS_LOOKED_AT + 1)]
    found = one_check(state_of(*rows), "a.b", name="whole")
    assert (found.results, found.is_all) == (RESULTS_LOOKED_AT, False)


def test_a_check_that_nobody_declared_and_nothing_made_is_not_there() -> None:
    bench = Bench()
    bench.deploy(asset("a.b"))
    with pytest.raises(NotFound, match="has no check"):
        one_check(bench.state, "a.b", name="whole")
