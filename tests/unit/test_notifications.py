"""Notifications: what happened is told once, to whoever wants to know, until somebody takes it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any, get_args

import pytest

from arco import notify
from arco.errors import Conflict, Invalid, NotFound
from arco.orchestration.breaches import Promise, ServiceLevelBreached, ServiceLevelRestored
from arco.orchestration.commands.freshness import DefineFreshness, define_freshness
from arco.orchestration.commands.notifications import (
    DefineNotifiers,
    define_notifiers,
    due_deliveries,
    following_delivery,
    notifier_problems,
    record_delivery,
    try_notifier,
)
from arco.orchestration.definitions import FreshnessDefinition, NewsKind, NotifierDefinition
from arco.orchestration.domain import DOMAIN
from arco.orchestration.notifications import (
    ATTEMPTS_MAX,
    NOTIFICATIONS,
    NOTIFICATIONS_KEPT,
    Notification,
    NotificationState,
)
from arco.sdk.conditions import fresh
from arco.sdk.declarations import declared_by
from arco.sdk.notifying import compile_notifiers
from arco.sdk.project import Loaded, Project
from arco.testing.folding import MemoryState
from arco.testing.orchestration_samples import Bench, asset

LATE = ("freshness_missed", "freshness_recovered")
SLOW = ("breach", "breach_ended")
HOUR = 3600.0


def ops(**declared: Any) -> NotifierDefinition:
    given = {"name": "ops", "channel": "slack", "address": "env:SLACK_URL", **declared}
    return NotifierDefinition(**given)


def shop(*notifiers: NotifierDefinition, project: str = "demo") -> Bench:
    """One asset, and who is told of it."""
    bench = Bench()
    bench.deploy(asset("raw.orders"))
    return defined(bench, *(notifiers or (ops(),)), project=project)


def defined(bench: Bench, *notifiers: NotifierDefinition, project: str = "demo") -> Bench:
    command = DefineNotifiers(project=project, deployment_id="D", notifiers=notifiers)
    bench.ask(define_notifiers(command))
    return bench


def failed(bench: Bench, run_id: str) -> Bench:
    bench.trigger(run_id, "raw.orders", which="all")
    bench.fail(run_id, "raw.orders")
    return bench


def succeeded(bench: Bench, run_id: str) -> Bench:
    bench.trigger(run_id, "raw.orders", which="all")
    bench.succeed(run_id, "raw.orders")
    return bench


def promised(bench: Bench, *assets: str) -> Bench:
    """Each of the assets is made anew every hour."""
    policy = fresh(within=timedelta(hours=1))
    policies = tuple(FreshnessDefinition(asset=each, policy=policy) for each in assets)
    command = DefineFreshness(project="demo", deployment_id="D", policies=policies)
    bench.ask(define_freshness(command))
    return bench


def slow_for_an_hour(bench: Bench) -> Bench:
    """A service level is not kept, and kept again; each is said twice."""
    broken = ServiceLevelBreached(
        promise=Promise.DISPATCH,
        began_at=bench.now,
        limit_seconds=1.0,
        measured_seconds=2.5,
        samples=20,
    )
    ended_at = bench.now + timedelta(hours=1)
    kept = ServiceLevelRestored(promise=Promise.DISPATCH, ended_at=ended_at)
    said = [broken, broken, kept, kept]
    bench.state.fold(said)
    bench.history += said
    return bench


def told(bench: Bench, notifier: str = "ops") -> list[Notification]:
    return list(bench.state.range(NOTIFICATIONS, notifier))


def test_a_run_that_fails_is_told_in_the_commit_in_which_it_fails() -> None:
    (row,) = told(failed(shop(), "R1"))
    assert (row.kind, row.subject, row.state) == ("run_failed", "R1", NotificationState.WAITING)
    assert "raw.orders failed" in row.title
    assert row.why == "1 of 1 tasks failed" or "failed" in row.why


def test_a_success_is_news_after_a_failure_of_the_same_and_only_once() -> None:
    bench = succeeded(shop(), "R1")
    assert told(bench) == []
    for run_id in ("R2", "R3"):
        failed(bench, run_id)
    for run_id in ("R4", "R5"):
        succeeded(bench, run_id)
    assert [row.kind for row in told(bench)] == ["run_failed", "run_failed", "run_recovered"]
    assert "R3" in told(bench)[-1].why


def test_each_is_told_what_it_wants_to_know() -> None:
    bench = shop(ops(), ops(name="calm", kinds=("run_recovered",)))
    succeeded(failed(bench, "R1"), "R2")
    assert [row.kind for row in told(bench, "calm")] == ["run_recovered"]


def test_an_asset_that_is_late_is_told_once_and_so_is_that_it_was_made() -> None:
    bench = promised(shop(ops(kinds=LATE)), "raw.orders")
    for _ in range(3):
        bench.wait(HOUR)
    (late,) = told(bench)
    assert (late.kind, late.subject) == ("freshness_missed", "raw.orders")
    assert "late" in late.title
    assert "never made" in late.why
    succeeded(bench, "R1")
    succeeded(bench, "R2")
    _, again = told(bench)
    assert (again.kind, again.subject) == ("freshness_recovered", "raw.orders")
    assert (again.created_at, "fresh again" in again.title) == (bench.now, True)
    assert f"{late.created_at:%H:%M:%SZ}" in again.why


def test_a_promise_that_is_taken_back_is_no_recovery() -> None:
    bench = promised(shop(ops(kinds=LATE)), "raw.orders")
    bench.wait(HOUR)
    promised(bench)
    assert [row.kind for row in told(bench)] == ["freshness_missed"]


def test_a_service_level_that_is_not_kept_is_told_once_and_so_is_its_end() -> None:
    begun, ended = told(slow_for_an_hour(shop(ops(kinds=SLOW))))
    assert (begun.kind, begun.subject) == ("breach", "dispatch")
    assert "2.5 s" in begun.why
    assert (ended.kind, ended.subject) == ("breach_ended", "dispatch")
    assert ended.created_at - begun.created_at == timedelta(hours=1)


def test_who_was_declared_before_there_were_other_kinds_is_told_of_those_alone() -> None:
    bench = promised(shop(ops()), "raw.orders")
    bench.wait(HOUR)
    slow_for_an_hour(bench)
    assert told(bench) == []


def test_what_nobody_wants_to_know_is_not_kept() -> None:
    bench = Bench()
    bench.deploy(asset("raw.orders"))
    before = set(bench.state.dump())
    failed(bench, "R1")
    assert not {name for name in set(bench.state.dump()) - before if "failing" in name}


def test_what_is_not_taken_is_tried_less_and_less_often_and_given_up() -> None:
    bench = failed(shop(), "R1")
    waits = []
    for _ in range(ATTEMPTS_MAX):
        (due,) = due_deliveries(bench.state, bench.now)
        bench.ask(record_delivery(due, "hooks.example.org answered 503"))
        following = following_delivery(bench.state, bench.now)
        if following is not None:
            waits.append((following - bench.now).total_seconds())
            bench.now = following
    assert waits == [5, 20, 80, 320, 1280, 3600, 3600]
    (row,) = told(bench)
    assert (row.state, row.attempts) == (NotificationState.FAILED, ATTEMPTS_MAX)
    assert row.error == "hooks.example.org answered 503"


def test_an_attempt_that_is_on_record_counts_once_whoever_made_it() -> None:
    bench = failed(shop(), "R1")
    (due,) = due_deliveries(bench.state, bench.now)
    bench.ask(record_delivery(due, ""))
    assert bench.ask(record_delivery(due, "late")) == ()
    (row,) = told(bench)
    assert (row.state, row.attempts, row.error) == (NotificationState.DELIVERED, 1, "")
    assert list(due_deliveries(bench.state, bench.now)) == []


def test_a_notifier_that_left_the_project_is_told_nothing_any_more() -> None:
    bench = failed(shop(), "R1")
    defined(bench)
    assert told(bench)[0].state is NotificationState.REMOVED
    failed(bench, "R2")
    assert len(told(bench)) == 1


def test_a_test_is_told_like_news() -> None:
    bench = shop()
    bench.ask(try_notifier("ops", actor="ann"))
    (due,) = due_deliveries(bench.state, bench.now)
    assert due.notification.kind == "test"
    with pytest.raises(NotFound) as error:
        bench.ask(try_notifier("ghost", actor="ann"))
    assert error.value.code == "NOTIFIER_UNKNOWN"


def test_old_news_is_forgotten() -> None:
    bench = shop()
    for _ in range(NOTIFICATIONS_KEPT + 2):
        bench.ask(try_notifier("ops", actor="ann"))
    kept = told(bench)
    assert (len(kept), kept[0].number) == (NOTIFICATIONS_KEPT, 3)
    assert len(list(due_deliveries(bench.state, bench.now))) == NOTIFICATIONS_KEPT


def test_folding_the_history_again_changes_nothing() -> None:
    bench = succeeded(failed(shop(), "R1"), "R2")
    (first, _) = due_deliveries(bench.state, bench.now)
    bench.ask(record_delivery(first, ""))
    before = bench.state.dump()
    bench.state.fold(bench.history)
    assert bench.state.dump() == before


def test_every_event_a_second_time_tells_nothing_again() -> None:
    bench = promised(shop(ops(kinds=get_args(NewsKind))), "raw.orders")
    bench.wait(HOUR)
    slow_for_an_hour(succeeded(failed(bench, "R1"), "R2"))
    assert {row.kind for row in told(bench)} == {*get_args(NewsKind)} - {"backfill_ended"}
    again = MemoryState(DOMAIN)
    for payload in bench.history:
        again.fold([payload, payload])
    assert again.dump() == bench.state.dump()


def test_a_name_belongs_to_one_project() -> None:
    with pytest.raises(Conflict) as error:
        defined(shop(), ops(), project="other")
    assert error.value.code == "NOTIFIER_TAKEN"


@pytest.mark.parametrize(
    ("declared", "sentence"),
    [
        ({"name": "Ops"}, "its name is lower-case"),
        ({"kinds": ()}, "names nothing"),
        ({"address": "http://hooks.example.org/x"}, "no https://"),
        ({"address": "https://u@hooks.example.org/x"}, "a user or a fragment"),
        ({"address": "hooks"}, "no URL"),
        ({"address": "https://hooks.example.org:port/"}, "no URL"),
        ({"address": "https://hooks.example.org/x", "secret": "s3cr3t"}, "never as its value"),
        (
            {
                "channel": "email",
                "address": "smtp://u:p@mail.example.org",
                "recipients": ("a@example.org",),
                "sender": "b@example.org",
            },
            "holds a password",
        ),
        (
            {
                "channel": "email",
                "address": "smtp://mail.example.org",
                "recipients": ("a@example.org\nBcc: c@example.org",),
                "sender": "b@example.org",
            },
            "is no e-mail address",
        ),
    ],
)
def test_every_problem_of_a_definition_is_named(declared: dict[str, Any], sentence: str) -> None:
    problems = [problem for _, problem in notifier_problems((ops(**declared),))]
    assert len(problems) == 1
    assert sentence in problems[0]


def compiled(*declared: Any) -> tuple[NotifierDefinition, ...]:
    declarations = tuple(each for thing in declared for each in declared_by(thing))
    project = Project(Path(__file__).parent, "shop", "main", ())
    return compile_notifiers(Loaded(project, declarations, ()))


def test_a_notifier_is_compiled_with_its_channel() -> None:
    mail, slack = compiled(
        notify("slack", slack="env:SLACK_URL", on="run_failed"),
        notify("mail", email="ann@example.org", smtp="env:SMTP_URL", sender="arco@example.org"),
    )
    assert (slack.channel, slack.address, slack.kinds) == (
        "slack",
        "env:SLACK_URL",
        ("run_failed",),
    )
    assert mail.kinds == get_args(NewsKind)
    assert (mail.channel, mail.recipients) == ("email", ("ann@example.org",))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({}, "it names 0 of"),
        ({"slack": "env:A", "teams": "env:B"}, "it names 2 of"),
        ({"email": "a@example.org"}, "needs sender= and smtp="),
        ({"slack": "env:A", "secret": "env:B"}, "signs what is sent to a webhook"),
        ({"slack": "env:A", "on": ["a_party"]}, "kinds: Invalid enum value"),
    ],
)
def test_every_problem_of_a_declaration_is_named(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Invalid) as error:
        compiled(notify("ops", **options))
    assert sentence in str(error.value.details["problems"])
