"""Conditions: what holds of which partition, what is asked for once, and what waits and why."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from arco.errors import Conflict, Invalid, NotFound
from arco.orchestration.commands.conditions import (
    DefineConditions,
    condition_problems,
    define_conditions,
    disable_condition,
    enable_condition,
)
from arco.orchestration.commands.deployments import (
    ChangeDynamicPartitions,
    add_dynamic_partitions,
)
from arco.orchestration.conditions import Condition, ConditionDefinition, spelled
from arco.orchestration.controllers import next_due
from arco.orchestration.definitions import AssetDefinition
from arco.orchestration.domain import DOMAIN
from arco.orchestration.evaluations import (
    CONDITIONS,
    EVALUATIONS,
    EVALUATIONS_KEPT,
    ConditionEvaluated,
    Evaluation,
    HeldBack,
)
from arco.orchestration.outcomes import Completion
from arco.orchestration.partitions import DailyPartitions, DynamicPartitions, StaticPartitions
from arco.orchestration.rows import Run, Task
from arco.orchestration.states import TaskState
from arco.orchestration.tables import ASSETS, RUNS, TASKS
from arco.sdk.conditions import newest, on_code, on_cron, on_missing, on_upstream
from arco.testing.folding import MemoryState
from arco.testing.orchestration_samples import Bench, asset

DAY = 86_400.0
EAGER = on_missing() | on_upstream()


def conditioned(bench: Bench, project: str = "demo", **conditions: Condition) -> Bench:
    """The bench, with these conditions and no others; `raw__orders` is raw.orders."""
    definitions = tuple(
        defined(bench, name.replace("__", "."), condition=condition)
        for name, condition in conditions.items()
    )
    command = DefineConditions(project=project, deployment_id="D", conditions=definitions)
    bench.ask(define_conditions(command))
    return bench


def defined(bench: Bench, key: str, *, condition: Condition) -> ConditionDefinition:
    row = bench.state.get(ASSETS, key)
    watches = tuple(each.upstream for each in row.definition.dependencies) if row else ()
    return ConditionDefinition(asset=key, condition=condition, watches=watches)


def shop(*assets: AssetDefinition, **conditions: Condition) -> Bench:
    bench = Bench()
    bench.deploy(*assets)
    return conditioned(bench, **conditions)


def runs(bench: Bench) -> list[Run]:
    return sorted(bench.state.range(RUNS), key=lambda run: run.number)


def made(bench: Bench) -> list[tuple[str, ...]]:
    """What each run makes."""
    return [
        tuple(f"{task.asset}{task.partition_key}" for task in bench.state.range(TASKS, run.run_id))
        for run in runs(bench)
    ]


def out(bench: Bench, run: Run) -> list[Task]:
    """Its tasks that wait for an answer."""
    rows = bench.state.range(TASKS, run.run_id)
    return [task for task in rows if task.state is TaskState.DISPATCHED]


def newest_of(bench: Bench, key: str) -> Evaluation:
    return list(bench.state.range(EVALUATIONS, key))[-1]


def held(bench: Bench, key: str) -> dict[HeldBack, int]:
    return {each.reason: each.count for each in newest_of(bench, key).held_back}


def finish(bench: Bench, *keys: str, data: str = "") -> None:
    run = runs(bench)[-1]
    for key in keys:
        bench.succeed(run.run_id, key, data=data)


def orders_and_sales(sales: Condition = EAGER, **conditions: Condition) -> Bench:
    return shop(
        asset("raw.orders"),
        asset("marts.sales", "raw.orders"),
        marts__sales=sales,
        **conditions,
    )


def test_what_is_missing_is_made_once_it_can_be() -> None:
    bench = orders_and_sales()
    assert held(bench, "marts.sales") == {HeldBack.UPSTREAM_MISSING: 1}
    bench.trigger("R1", "raw.orders")
    assert not made(bench)[1:]
    bench.succeed("R1", "raw.orders")
    assert made(bench) == [("raw.orders",), ("marts.sales",)]
    assert runs(bench)[-1].run_key == "cond:marts.sales:2"
    assert not bench.look(), "the same instant has nothing more to say"


def test_a_chain_of_missing_assets_is_made_from_its_source_on() -> None:
    bench = orders_and_sales(raw__orders=on_missing())
    assert made(bench) == [("raw.orders",)]
    assert held(bench, "marts.sales") == {HeldBack.UPSTREAM_RUNNING: 1}
    finish(bench, "raw.orders")
    finish(bench, "marts.sales")
    assert made(bench) == [("raw.orders",), ("marts.sales",)]
    assert bench.wait(DAY) == ()


def test_what_moved_upstream_is_followed() -> None:
    bench = orders_and_sales(raw__orders=on_missing())
    finish(bench, "raw.orders")
    finish(bench, "marts.sales")
    bench.trigger("R9", "raw.orders", which="all")
    assert len(made(bench)) == 3
    bench.succeed("R9", "raw.orders")
    assert made(bench)[3:] == [("marts.sales",)]


def test_a_failed_run_is_not_asked_for_again_until_something_changes() -> None:
    bench = orders_and_sales(raw__orders=on_missing())
    finish(bench, "raw.orders")
    bench.fail(runs(bench)[-1].run_id, "marts.sales")
    assert held(bench, "marts.sales") == {HeldBack.ASKED: 1}
    assert len(made(bench)) == 2
    bench.trigger("R9", "raw.orders", which="all")
    bench.succeed("R9", "raw.orders")
    assert made(bench)[3:] == [("marts.sales",)]


def test_new_code_is_a_change() -> None:
    bench = shop(asset("raw.orders"), raw__orders=on_missing() | on_code())
    finish(bench, "raw.orders")
    bench.deploy(asset("raw.orders", version="2"))
    assert made(bench) == [("raw.orders",), ("raw.orders",)]


def test_a_partition_that_comes_with_time_is_missing() -> None:
    days = DailyPartitions(start="2026-02-27")
    bench = shop(asset("raw.days", partitions=days), raw__days=on_missing())
    (first,) = made(bench)
    assert len(first) == 2
    assert next_due(bench.state) == datetime(2026, 3, 2, tzinfo=UTC)
    bench.wait(DAY)
    assert made(bench)[1:] == [("raw.daysdate=d:2026-03-01",)]


def test_a_partition_that_is_added_is_missing() -> None:
    shops = DynamicPartitions("shops", dimension="shop")
    bench = shop(asset("raw.shops", partitions=shops), raw__shops=on_missing())
    assert not made(bench)
    added = ChangeDynamicPartitions(name="shops", values=("ulm", "bonn"))
    bench.ask(add_dynamic_partitions(added))
    assert len(made(bench)[0]) == 2


def test_only_what_changed_of_many_partitions_is_made_again() -> None:
    shops = StaticPartitions(["ulm", "bonn"], dimension="shop")
    bench = shop(
        asset("raw.shops", partitions=shops),
        asset("marts.shops", "raw.shops", partitions=shops),
        raw__shops=on_missing(),
        marts__shops=EAGER,
    )
    for key in ("shop=s:dWxt", "shop=s:Ym9ubg"):
        task = bench.task(runs(bench)[0].run_id, "raw.shops", partition_key=key)
        bench.answer(task, Completion())
    assert [len(each) for each in made(bench)] == [2, 2]


def test_at_its_time_a_source_is_made_and_not_twice() -> None:
    bench = shop(asset("raw.orders"), raw__orders=on_cron("0 6 * * *"))
    assert not made(bench)
    assert next_due(bench.state) == datetime(2026, 3, 2, 6, tzinfo=UTC)
    bench.wait(18 * 3600)
    assert len(made(bench)) == 1
    finish(bench, "raw.orders")
    bench.wait(3600)
    assert len(made(bench)) == 1
    bench.wait(23 * 3600)
    assert len(made(bench)) == 2


def test_times_that_nobody_saw_come_to_one_run() -> None:
    bench = shop(asset("raw.orders"), raw__orders=on_cron("0 6 * * *"))
    bench.wait(30 * DAY)
    assert len(made(bench)) == 1


def test_a_time_takes_the_newest_partition_alone() -> None:
    days = DailyPartitions(start="2026-02-01")
    bench = shop(asset("raw.days", partitions=days), raw__days=on_cron("0 6 * * *"))
    bench.wait(DAY)
    assert made(bench) == [("raw.daysdate=d:2026-03-01",)]


def test_newest_keeps_older_partitions_out() -> None:
    days = DailyPartitions(start="2026-02-01")
    bench = shop(asset("raw.days", partitions=days), raw__days=on_missing() & newest())
    assert made(bench) == [("raw.daysdate=d:2026-02-28",)]


def test_since_remembers_until_it_is_reset() -> None:
    condition = on_upstream().since(on_cron("0 6 * * *"))
    bench = orders_and_sales(sales=on_missing() | condition, raw__orders=on_missing())
    finish(bench, "raw.orders")
    finish(bench, "marts.sales")
    bench.trigger("R9", "raw.orders", which="all")
    bench.succeed("R9", "raw.orders")
    assert made(bench)[3:] == [("marts.sales",)]
    (memory,) = [row.memory for row in bench.state.range(CONDITIONS) if row.asset == "marts.sales"]
    assert memory == ((((0, 1),),),), "the term still holds of the only partition"
    bench.wait(DAY)
    row = bench.state.get(CONDITIONS, "marts.sales")
    assert row is not None
    assert row.memory == ((),)


def test_a_diamond_is_made_once() -> None:
    bench = shop(
        asset("raw.a"),
        asset("raw.b", "raw.a"),
        asset("raw.c", "raw.a"),
        asset("raw.d", "raw.b", "raw.c", "raw.a"),
        raw__a=on_missing(),
        raw__b=EAGER,
        raw__c=EAGER,
        raw__d=EAGER,
    )
    for _ in range(10):
        for task in [each for run in runs(bench) for each in out(bench, run)]:
            bench.succeed(task.run_id, task.asset)
    assert sorted(made(bench)) == [("raw.a",), ("raw.b",), ("raw.c",), ("raw.d",)]


def test_a_condition_that_is_off_starts_nothing_and_is_judged_when_it_is_on() -> None:
    bench = orders_and_sales()
    bench.ask(disable_condition("marts.sales"))
    bench.trigger("R1", "raw.orders")
    bench.succeed("R1", "raw.orders")
    assert len(made(bench)) == 1
    assert next_due(bench.state) is None
    bench.ask(enable_condition("marts.sales"))
    assert made(bench)[1:] == [("marts.sales",)]
    assert not bench.ask(enable_condition("marts.sales"))


def test_a_condition_removed_from_the_code_stops_and_comes_back() -> None:
    bench = orders_and_sales(raw__orders=on_missing())
    conditioned(bench)
    finish(bench, "raw.orders")
    assert len(made(bench)) == 1
    with pytest.raises(NotFound, match="has no condition"):
        bench.ask(enable_condition("marts.sales"))
    conditioned(bench, marts__sales=EAGER)
    assert made(bench)[1:] == [("marts.sales",)]


def test_a_condition_of_another_project_is_not_taken() -> None:
    bench = orders_and_sales()
    with pytest.raises(Conflict, match="belongs to project 'demo'"):
        conditioned(bench, "other", marts__sales=EAGER)


def test_old_evaluations_are_forgotten_as_others_come() -> None:
    bench = shop(asset("raw.orders"), raw__orders=on_missing() & on_cron("* * * * *"))
    for _ in range(EVALUATIONS_KEPT + 5):
        bench.wait(60)
    assert len(list(bench.state.range(EVALUATIONS, "raw.orders"))) == EVALUATIONS_KEPT


def test_every_event_a_second_time_changes_nothing() -> None:
    bench = orders_and_sales(raw__orders=on_missing())
    finish(bench, "raw.orders")
    bench.ask(disable_condition("marts.sales"))
    bench.ask(enable_condition("marts.sales"))
    conditioned(bench, marts__sales=EAGER)
    assert any(isinstance(payload, ConditionEvaluated) for payload in bench.history)
    again = MemoryState(DOMAIN)
    for payload in bench.history:
        again.fold([payload, payload])
    assert again.dump() == bench.state.dump()


@pytest.mark.parametrize(
    ("condition", "says"),
    [
        (on_missing() & on_upstream(), "contradicts itself: on_missing() & on_upstream()"),
        (on_upstream() & ~on_upstream(), "contradicts itself"),
        (on_code().since(on_code()), "never holds"),
        (on_missing() | ~on_missing(), "always holds"),
        (on_cron("0 0 30 2 *"), "never fires"),
        (on_cron("61 * * * *"), "is no minute"),
        (on_cron("@daily", "Mars/Olympus"), "is no time zone"),
    ],
)
def test_what_cannot_hold_is_a_sentence(condition: Condition, says: str) -> None:
    assets = {"marts.sales": asset("marts.sales", "raw.orders")}
    definition = ConditionDefinition(asset="marts.sales", condition=condition)
    problems = [sentence for _, sentence in condition_problems([definition], assets)]
    assert len(problems) == 1
    assert says in problems[0]


def test_what_is_made_from_nothing_follows_nothing() -> None:
    definition = ConditionDefinition(asset="raw.orders", condition=on_upstream())
    problems = list(condition_problems([definition], {"raw.orders": asset("raw.orders")}))
    assert "made from no other" in problems[0][1]


def test_and_or_and_not_are_refused_instead_of_dropping_a_part() -> None:
    with pytest.raises(Invalid, match="neither true nor false"):
        _ = on_missing() and on_upstream()


def test_a_condition_is_spelled_as_it_is_written() -> None:
    condition = (on_missing() | on_cron("@daily", "Europe/Berlin")) & ~newest()
    assert spelled(condition) == "(on_missing() | on_cron('@daily', 'Europe/Berlin')) & ~newest()"
    assert spelled(condition, 1) == "on_cron('@daily', 'Europe/Berlin')"
    assert spelled((on_missing() | on_code()).since(newest())) == (
        "(on_missing() | on_code()).since(newest())"
    )


def test_the_first_ten_thousand_partitions_are_left_to_a_backfill() -> None:
    days = DailyPartitions(start="1970-01-01")
    bench = shop(asset("raw.days", partitions=days), raw__days=on_missing())
    found = newest_of(bench, "raw.days")
    assert (found.judged, found.requested) == (10_000, 1_000)
    assert held(bench, "raw.days") == {HeldBack.LATER: 9_000}
    assert bench.now - timedelta(days=10_001) < datetime(2026, 3, 1, tzinfo=UTC)
