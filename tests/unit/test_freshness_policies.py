"""Freshness policies: a deadline is missed once, told of once, and recovered from by data alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from arco.errors import Conflict
from arco.model import Payload
from arco.orchestration.breaches import (
    BREACHES,
    BREACHES_KEPT,
    Breach,
    Promise,
    ServiceLevelBreached,
    ServiceLevelRestored,
)
from arco.orchestration.commands.conditions import (
    DefineConditions,
    condition_problems,
    define_conditions,
)
from arco.orchestration.commands.freshness import (
    DefineFreshness,
    define_freshness,
    freshness_problems,
)
from arco.orchestration.conditions import ConditionDefinition
from arco.orchestration.controllers import next_due
from arco.orchestration.definitions import Freshness, FreshnessDefinition
from arco.orchestration.domain import DOMAIN
from arco.orchestration.freshness import FRESHNESS, FreshnessMissed, FreshnessRecovered
from arco.orchestration.tables import RUNS
from arco.sdk.conditions import fresh, on_late
from arco.testing.folding import MemoryState
from arco.testing.orchestration_samples import START, Bench, asset

HOUR = 3600.0
HOURLY = fresh(within=timedelta(hours=1))
BY_SIX = fresh(by="0 6 * * *")


def promising(policy: Freshness) -> Bench:
    bench = Bench()
    bench.deploy(asset("raw.orders"))
    return promised(bench, policy)


def promised(bench: Bench, *policies: Freshness, project: str = "demo") -> Bench:
    definitions = tuple(FreshnessDefinition(asset="raw.orders", policy=each) for each in policies)
    command = DefineFreshness(project=project, deployment_id="D", policies=definitions)
    bench.ask(define_freshness(command))
    return bench


def make(bench: Bench) -> None:
    number = len(list(bench.state.range(RUNS)))
    bench.trigger(f"R{number}", "raw.orders", which="all")
    bench.succeed(f"R{number}", "raw.orders")


def told(bench: Bench) -> list[Payload]:
    kinds = (FreshnessMissed, FreshnessRecovered)
    return [each for each in bench.history if isinstance(each, kinds)]


def breaches(bench: Bench) -> Sequence[Breach]:
    return list(bench.state.range(BREACHES))


def test_data_that_grows_too_old_is_missed_once_until_it_is_made() -> None:
    bench = promising(HOURLY)
    make(bench)
    assert next_due(bench.state) == START + timedelta(hours=1)
    bench.wait(HOUR)
    (missed,) = told(bench)
    assert isinstance(missed, FreshnessMissed)
    assert missed.deadline_at == START + timedelta(hours=1)
    bench.wait(5 * HOUR)
    assert len(told(bench)) == 1
    assert next_due(bench.state) is None, "nothing but data ends it"
    make(bench)
    assert isinstance(told(bench)[-1], FreshnessRecovered)
    (breach,) = breaches(bench)
    assert (breach.promise, breach.subject) == (Promise.FRESHNESS, "raw.orders")
    assert breach.ended_at == bench.now
    assert "made at 2026-03-01 12:00:00Z" in breach.message


def test_what_was_never_made_is_late_after_its_age() -> None:
    bench = promising(HOURLY)
    bench.wait(HOUR - 1)
    assert not told(bench)
    bench.wait(1)
    assert "never made" in breaches(bench)[0].message


def test_data_that_is_made_in_time_is_never_late() -> None:
    bench = promising(HOURLY)
    for _ in range(5):
        bench.wait(HOUR / 2)
        make(bench)
    assert not told(bench)


def test_by_each_time_it_was_made_since_the_one_before() -> None:
    bench = promising(BY_SIX)
    make(bench)
    bench.wait(18 * HOUR)
    assert bench.now == datetime(2026, 3, 2, 6, tzinfo=UTC)
    assert not told(bench), "made yesterday after the policy began"
    bench.wait(24 * HOUR)
    (missed,) = told(bench)
    assert isinstance(missed, FreshnessMissed)
    assert missed.deadline_at == datetime(2026, 3, 3, 6, tzinfo=UTC)
    make(bench)
    assert isinstance(told(bench)[-1], FreshnessRecovered)
    assert next_due(bench.state) == datetime(2026, 3, 4, 6, tzinfo=UTC)


def test_a_pause_of_a_month_is_one_miss() -> None:
    bench = promising(BY_SIX)
    bench.wait(30 * 24 * HOUR)
    assert len(told(bench)) == 1


def test_a_policy_that_is_removed_ends_its_breach() -> None:
    bench = promising(HOURLY)
    bench.wait(2 * HOUR)
    promised(bench)
    assert breaches(bench)[0].ended_at == bench.now
    assert next_due(bench.state) is None


def test_a_policy_that_is_eased_is_kept_again() -> None:
    bench = promising(HOURLY)
    bench.wait(2 * HOUR)
    promised(bench, fresh(within=timedelta(days=1)))
    assert isinstance(told(bench)[-1], FreshnessRecovered)


def test_a_policy_of_another_project_is_not_taken() -> None:
    with pytest.raises(Conflict, match="belongs to project 'demo'"):
        promised(promising(HOURLY), HOURLY, project="other")


def test_what_is_late_is_run_once_for_each_deadline() -> None:
    bench = promising(HOURLY)
    condition = ConditionDefinition(asset="raw.orders", condition=on_late())
    bench.ask(
        define_conditions(
            DefineConditions(project="demo", deployment_id="D", conditions=(condition,))
        )
    )
    bench.wait(HOUR)
    (run,) = bench.state.range(RUNS)
    bench.succeed(run.run_id, "raw.orders")
    assert isinstance(told(bench)[-1], FreshnessRecovered)
    bench.wait(HOUR)
    newest = max(bench.state.range(RUNS), key=lambda each: each.number)
    assert newest.number == 2
    bench.fail(newest.run_id, "raw.orders")
    bench.wait(HOUR)
    assert len(list(bench.state.range(RUNS))) == 2, "the same deadline asks once"


def test_on_late_needs_a_policy() -> None:
    definition = ConditionDefinition(asset="raw.orders", condition=on_late())
    assets = {"raw.orders": asset("raw.orders")}
    assert "needs freshness=" in next(condition_problems([definition], assets))[1]
    assert not list(condition_problems([definition], assets, promised={"raw.orders"}))


@pytest.mark.parametrize(
    ("policy", "says"),
    [
        (fresh(), "promises nothing"),
        (fresh(within=timedelta(milliseconds=1)), "a second to ten years"),
        (fresh(within=timedelta(days=-1)), "a second to ten years"),
        (fresh(by="0 0 30 2 *"), "never fires"),
        (fresh(by="@daily", timezone="Mars/Olympus"), "is no time zone"),
    ],
)
def test_what_cannot_be_promised_is_a_sentence(policy: Freshness, says: str) -> None:
    definition = FreshnessDefinition(asset="raw.orders", policy=policy)
    (problem,) = [sentence for _, sentence in freshness_problems([definition])]
    assert says in problem


def test_every_event_a_second_time_changes_nothing() -> None:
    bench = promising(HOURLY)
    bench.wait(HOUR)
    make(bench)
    promised(bench)
    level = ServiceLevelBreached(
        promise=Promise.DISPATCH,
        began_at=bench.now,
        limit_seconds=1.0,
        measured_seconds=2.5,
        samples=20,
    )
    kept = ServiceLevelRestored(promise=Promise.DISPATCH, ended_at=bench.now)
    bench.state.fold([level, kept])
    again = MemoryState(DOMAIN)
    for payload in [*bench.history, level, kept]:
        again.fold([payload, payload])
    assert again.dump() == bench.state.dump()


def test_old_breaches_are_forgotten_as_others_come() -> None:
    bench = promising(HOURLY)
    for _ in range(BREACHES_KEPT + 3):
        bench.wait(HOUR)
        make(bench)
    assert len(breaches(bench)) == BREACHES_KEPT
    row = bench.state.get(FRESHNESS, "raw.orders")
    assert row is not None
    assert row.misses == BREACHES_KEPT + 3
