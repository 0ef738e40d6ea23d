"""Backfills: which runs they start, in which order, and how they stop, fail and are tried again."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from arco.errors import ArcoError, Conflict, Invalid, NotFound
from arco.model import Payload
from arco.orchestration.backfill_events import BackfillCreated
from arco.orchestration.backfills import (
    ACTIVE_BACKFILLS,
    BACKFILL_CHUNKS,
    BACKFILL_RUNS,
    BACKFILLS,
    Backfill,
    BackfillChunk,
    BackfillState,
    ChunkState,
)
from arco.orchestration.commands.backfills import (
    CreateBackfill,
    cancel_backfill,
    create_backfill,
    pause_backfill,
    resume_backfill,
    retry_backfill,
    set_concurrency,
)
from arco.orchestration.commands.deployments import (
    ChangeDynamicPartitions,
    add_dynamic_partitions,
    remove_dynamic_partitions,
)
from arco.orchestration.commands.runs import CancelRun, cancel_run
from arco.orchestration.controllers import next_due
from arco.orchestration.definitions import AssetDefinition, Dependency
from arco.orchestration.invariants import violations
from arco.orchestration.outcomes import Completion, ErrorCategory, TaskError
from arco.orchestration.partitions import (
    DailyPartitions,
    DynamicPartitions,
    HourlyPartitions,
    MonthlyPartitions,
    Partitions,
    ProductPartitions,
    StaticPartitions,
    TimeWindowMapping,
    display,
)
from arco.orchestration.rows import Task
from arco.orchestration.settling import is_running
from arco.orchestration.tables import DISPATCHES, RUNS, TASKS
from arco.testing.orchestration_samples import Bench, asset

DAYS = DailyPartitions(start="2026-01-01", end="2026-01-11")
MONTHS = MonthlyPartitions(start="2025-01", end="2026-03")
REGIONS = StaticPartitions(("eu", "us", "asia"), dimension="region")


def shop(*definitions: AssetDefinition, window: int = 64) -> Bench:
    bench = Bench(window)
    bench.deploy(*(definitions or (daily("raw.orders"), daily("marts.sales", "raw.orders"))))
    return bench


def daily(key: str, *upstreams: str, partitions: Partitions | None = DAYS) -> AssetDefinition:
    return asset(key, *upstreams, partitions=partitions)


def create(bench: Bench, *selection: str, **asked: Any) -> tuple[Payload, ...]:
    asked = {"backfill_id": "B1", "concurrency": 100, **asked}
    return bench.ask(create_backfill(CreateBackfill(selection=selection, **asked)))


def row(bench: Bench, backfill_id: str = "B1") -> Backfill:
    found = bench.state.get(BACKFILLS, backfill_id)
    assert found is not None
    return found


def chunks(bench: Bench) -> list[BackfillChunk]:
    return list(bench.state.range(BACKFILL_CHUNKS, "B1"))


def out(bench: Bench) -> list[Task]:
    """The attempts that are out, in the order of their runs."""
    rows = sorted(bench.state.range(DISPATCHES), key=lambda each: each.dispatch_id)
    tasks = [bench.state.get(TASKS, each.run_id, each.index) for each in rows]
    return sorted((task for task in tasks if task), key=lambda each: each.partition_key)


def named(tasks: list[Task]) -> list[str]:
    return [f"{task.asset} {display(task.partition_key)}" for task in tasks]


def finish(bench: Bench, *failing: str) -> None:
    """Every attempt that is out, and that follows, ends; those of `failing` partitions fail."""
    while tasks := out(bench):
        for task in tasks:
            fails = f"{task.asset} {display(task.partition_key)}" in failing
            error = TaskError(ErrorCategory.USER_CODE, "it broke") if fails else None
            bench.answer(task, Completion(error=error))
            assert violations(bench.state) == []


def progress(bench: Bench) -> tuple[str, int, int, int]:
    found = row(bench)
    return found.state.value, found.succeeded, found.failed, found.skipped


def test_a_run_per_partition_does_every_partition_of_all_its_assets_and_ends() -> None:
    bench = shop()
    create(bench, chunk_size=4)
    assert len(list(bench.state.range(RUNS))) == 10
    assert row(bench).state is BackfillState.RUNNING
    finish(bench)
    assert progress(bench) == ("SUCCEEDED", 10, 0, 0)
    assert [(each.total, each.state) for each in chunks(bench)] == [
        (4, ChunkState.SUCCEEDED),
        (4, ChunkState.SUCCEEDED),
        (2, ChunkState.SUCCEEDED),
    ]
    assert not list(bench.state.range(ACTIVE_BACKFILLS))
    assert not list(bench.state.range(BACKFILL_RUNS))
    assert all(run.total == 2 for run in bench.state.range(RUNS))
    assert bench.look() == ()


def test_a_run_per_chunk_has_the_partitions_of_the_chunk() -> None:
    bench = shop()
    create(bench, chunk_size=4, runs_per="chunk")
    runs = sorted(bench.state.range(RUNS), key=lambda run: run.number)
    assert [run.total for run in runs] == [8, 8, 4]
    assert runs[0].partition == "2026-01-01..2026-01-04"
    assert {run.actor for run in runs} == {"backfill:B1"}
    finish(bench)
    assert progress(bench) == ("SUCCEEDED", 10, 0, 0)


def test_at_most_so_many_runs_are_out_at_once_and_the_number_changes_while_it_runs() -> None:
    bench = shop()
    create(bench, "raw.orders", concurrency=2, chunk_size=3)
    assert len(out(bench)) == 2
    bench.ask(set_concurrency("B1", 5))
    assert len(out(bench)) == 5
    bench.ask(set_concurrency("B1", 1))
    for task in out(bench)[:4]:
        bench.answer(task, Completion())
    assert len(out(bench)) == 1
    finish(bench)
    assert progress(bench) == ("SUCCEEDED", 10, 0, 0)


def test_paused_it_starts_nothing_and_resumed_it_goes_on() -> None:
    bench = shop()
    create(bench, "raw.orders", concurrency=2)
    bench.ask(pause_backfill("B1"))
    finish(bench)
    assert (row(bench).state, row(bench).succeeded) == (BackfillState.PAUSED, 2)
    assert bench.ask(pause_backfill("B1")) == ()
    bench.ask(resume_backfill("B1"))
    assert len(out(bench)) == 2
    assert bench.ask(resume_backfill("B1")) == ()
    finish(bench)
    assert row(bench).state is BackfillState.SUCCEEDED


def test_cancelled_it_starts_nothing_more_and_its_runs_are_stopped() -> None:
    bench = shop()
    create(bench, "raw.orders", concurrency=3)
    bench.ask(cancel_backfill("B1", reason="wrong code"))
    assert len(list(bench.state.range(RUNS))) == 3
    assert all(run.cancel_requested for run in bench.state.range(RUNS))
    assert row(bench).state is BackfillState.RUNNING, "its runs have not ended"
    assert bench.ask(cancel_backfill("B1")) == ()
    for task in out(bench):
        error = TaskError(ErrorCategory.CANCELLED, "stopped")
        bench.answer(task, Completion(error=error))
    found = row(bench)
    assert (found.state, found.cancelled, found.message) == (
        BackfillState.CANCELLED,
        3,
        "wrong code",
    )
    assert [chunk.state for chunk in chunks(bench)] == [ChunkState.CANCELLED]
    assert not any(is_running(run) for run in bench.state.range(RUNS))
    with pytest.raises(Conflict, match="already ended: CANCELLED"):
        bench.ask(resume_backfill("B1"))


def test_a_backfill_that_has_not_begun_is_cancelled_at_once() -> None:
    bench = shop()
    create(bench, "raw.orders")
    create(bench, "raw.orders", backfill_id="B2", concurrency=1)
    bench.ask(pause_backfill("B2"))
    bench.ask(cancel_backfill("B2"))
    assert row(bench, "B2").state is BackfillState.RUNNING, "one of its runs is out"
    finish(bench)
    assert row(bench, "B2").state is BackfillState.CANCELLED


def test_what_failed_is_retried_alone() -> None:
    bench = shop()
    create(bench, "raw.orders", chunk_size=4)
    finish(bench, "raw.orders 2026-01-02", "raw.orders 2026-01-09")
    assert progress(bench) == ("FAILED", 8, 2, 0)
    assert row(bench).message == "2 of 10 partitions failed"
    assert [chunk.failed_places for chunk in chunks(bench)] == [(1,), (), (0,)]
    bench.ask(retry_backfill("B1"))
    assert named(out(bench)) == ["raw.orders 2026-01-02", "raw.orders 2026-01-09"]
    finish(bench)
    assert progress(bench) == ("SUCCEEDED", 10, 0, 0)
    assert [chunk.attempt for chunk in chunks(bench)] == [2, 1, 2]
    with pytest.raises(Conflict, match="already ended: SUCCEEDED"):
        bench.ask(retry_backfill("B1"))


def test_a_run_that_somebody_cancels_counts_and_can_be_retried() -> None:
    bench = shop()
    create(bench, "raw.orders", concurrency=1)
    bench.ask(cancel_run(CancelRun(run_id=out(bench)[0].run_id)))
    bench.answer(out(bench)[0], Completion(error=TaskError(ErrorCategory.CANCELLED, "stopped")))
    finish(bench)
    assert (row(bench).state, row(bench).cancelled) == (BackfillState.FAILED, 1)
    bench.ask(retry_backfill("B1"))
    finish(bench)
    assert progress(bench) == ("SUCCEEDED", 10, 0, 0)


def test_a_chunk_that_failed_is_retried_as_a_whole() -> None:
    bench = shop()
    create(bench, "raw.orders", chunk_size=5, runs_per="chunk")
    finish(bench, "raw.orders 2026-01-02")
    assert progress(bench) == ("FAILED", 5, 5, 0)
    bench.ask(retry_backfill("B1"))
    finish(bench)
    assert progress(bench) == ("SUCCEEDED", 10, 0, 0)


def test_nothing_failed_so_far_is_said() -> None:
    bench = shop()
    create(bench, "raw.orders")
    with pytest.raises(Conflict, match="No chunk of backfill B1 failed so far"):
        bench.ask(retry_backfill("B1"))


def monthly_shop() -> Bench:
    """Days, and months that are made from them."""
    return shop(
        daily("raw.orders", partitions=DailyPartitions(start="2025-11-01", end="2026-03-01")),
        daily("marts.monthly", "raw.orders", partitions=MONTHS),
    )


def test_a_partition_waits_for_those_it_is_made_from() -> None:
    bench = monthly_shop()
    create(bench, partitions=("2026-01..2026-02",), chunk_size=40, runs_per="chunk")
    assert {task.asset for task in out(bench)} == {"raw.orders"}
    tasks = out(bench)
    for task in tasks[:40]:
        bench.answer(task, Completion())
    assert {task.asset for task in out(bench)} == {"raw.orders"}, "half of February is not there"
    finish(bench)
    assert progress(bench) == ("SUCCEEDED", 61, 0, 0)
    monthly = [run for run in bench.state.range(RUNS) if run.selection == ("marts.monthly",)]
    assert [run.total for run in monthly] == [2]


def test_a_partition_whose_source_failed_is_refused_and_the_others_are_not() -> None:
    bench = monthly_shop()
    create(bench, partitions=("2026-01..2026-02",), chunk_size=40)
    finish(bench, "raw.orders 2026-02-03")
    assert progress(bench) == ("FAILED", 59, 2, 0)
    last = chunks(bench)[-1]
    assert last.message == "it is made from 2026-02-03, which failed"
    assert last.failed_places == (1,)
    bench.ask(retry_backfill("B1"))
    assert named(out(bench)) == ["raw.orders 2026-02-03"]
    finish(bench)
    assert progress(bench) == ("SUCCEEDED", 61, 0, 0)


def test_windows_over_partitions_of_the_same_kind_come_after_them() -> None:
    week = Dependency("raw.orders", parameter="raw", mapping=TimeWindowMapping(start_offset=-6))
    rolling = msgspec.structs.replace(daily("marts.week"), dependencies=(week,))
    bench = shop(daily("raw.orders"), rolling)
    create(bench, concurrency=3)
    assert named(out(bench)) == [
        f"raw.orders {day}" for day in ("2026-01-01", "2026-01-02", "2026-01-03")
    ]
    finish(bench)
    assert progress(bench) == ("SUCCEEDED", 20, 0, 0)


def test_an_asset_without_partitions_is_made_once() -> None:
    bench = shop(
        asset("raw.rates"), daily("raw.orders", "raw.rates"), asset("marts.sum", "raw.orders")
    )
    create(bench)
    assert named(out(bench)) == ["raw.rates "]
    finish(bench)
    assert progress(bench) == ("SUCCEEDED", 12, 0, 0)


def test_a_filter_leaves_out_what_is_fresh() -> None:
    bench = shop()
    create(bench, "raw.orders", partitions=("2026-01-01..2026-01-04",))
    finish(bench, "raw.orders 2026-01-03")
    create(bench, "raw.orders", backfill_id="B2", which="missing")
    assert len(out(bench)) == 7
    finish(bench, "raw.orders 2026-01-09")
    found = row(bench, "B2")
    assert (found.succeeded, found.failed, found.skipped) == (6, 1, 3)
    create(bench, "raw.orders", backfill_id="B3", which="failed")
    assert named(out(bench)) == ["raw.orders 2026-01-09"]


def test_a_chunk_run_leaves_out_what_is_fresh_too() -> None:
    bench = shop()
    create(bench, "raw.orders", partitions=("2026-01-01..2026-01-04",))
    finish(bench)
    options: dict[str, Any] = {"which": "stale", "runs_per": "chunk", "chunk_size": 5}
    create(bench, backfill_id="B2", **options)
    finish(bench, "marts.sales 2026-01-02")
    found = row(bench, "B2")
    assert (found.succeeded, found.failed, found.skipped) == (5, 5, 0)
    bench.ask(retry_backfill("B2"))
    finish(bench)
    found = row(bench, "B2")
    assert (found.state.value, found.succeeded, found.failed) == ("SUCCEEDED", 10, 0)


def test_walking_over_what_is_fresh_takes_turns() -> None:
    hours = HourlyPartitions(start="2026-01-01", end="2026-03-01")
    bench = shop(daily("raw.orders", partitions=hours))
    create(bench, partitions=("2026-02-28T23",))
    finish(bench, "raw.orders 2026-02-28T23:00Z")
    create(bench, backfill_id="B2", which="failed")
    first = row(bench, "B2")
    assert (first.state, first.skipped) == (BackfillState.RUNNING, 1_000)
    assert first.continues_at == next_due(bench.state)
    bench.wait(0.02)
    assert row(bench, "B2").skipped == 1_415
    assert row(bench, "B2").continues_at is None
    finish(bench)
    assert row(bench, "B2").state is BackfillState.SUCCEEDED


def test_a_million_partitions_are_one_small_event() -> None:
    regions = StaticPartitions([f"r{number}" for number in range(120)], dimension="region")
    hours = HourlyPartitions(start="2025-01-01", end="2026-01-01")
    bench = shop(daily("raw.orders", partitions=ProductPartitions((hours, regions))))
    command = CreateBackfill(backfill_id="B1", selection=("raw.orders",))
    (event,) = create_backfill(command)(bench.state, bench.now)
    assert isinstance(event.payload, BackfillCreated)
    assert event.payload.stages[0].partitions == 8_760 * 120 > 1_000_000
    assert len(msgspec.json.encode(event.payload)) < 1_024
    bench.ask(lambda state, now: (event,))
    assert len(list(bench.state.range(BACKFILL_CHUNKS))) == 1, "a chunk has a row once it is begun"


def test_products_and_explicit_partitions_are_walked_in_order() -> None:
    bench = shop(daily("raw.orders", partitions=ProductPartitions((DAYS, REGIONS))))
    texts = ("date=2026-01-02,region=us", "date=2026-01-05..2026-01-06,region=eu")
    create(bench, partitions=texts, chunk_size=2)
    finish(bench)
    assert progress(bench) == ("SUCCEEDED", 3, 0, 0)


def test_values_that_are_removed_or_added_later_shift_nothing() -> None:
    def shops(*values: str) -> ChangeDynamicPartitions:
        return ChangeDynamicPartitions(name="shops", values=values)

    dynamic = DynamicPartitions("shops", dimension="shop")
    bench = shop(daily("raw.orders", partitions=dynamic))
    bench.ask(add_dynamic_partitions(shops("a", "b", "c", "d")))
    bench.ask(remove_dynamic_partitions(shops("a")))
    create(bench, concurrency=1)
    assert row(bench).total == 3
    bench.wait(1)
    bench.ask(remove_dynamic_partitions(shops("c", "d")))
    bench.ask(add_dynamic_partitions(shops("e", "c")))
    finish(bench)
    assert [run.partition for run in bench.state.range(RUNS)] == ["shop=s:Yg"]
    assert progress(bench) == ("SUCCEEDED", 1, 0, 2)


def test_partitions_that_are_cut_differently_meanwhile_are_refused() -> None:
    bench = shop()
    create(bench, "raw.orders", concurrency=2)
    bench.deploy(daily("raw.orders", partitions=MONTHS))
    finish(bench)
    assert progress(bench) == ("FAILED", 2, 8, 0)
    assert "are cut differently since the backfill was made" in chunks(bench)[0].message


def test_a_longer_calendar_is_the_same_partitions() -> None:
    bench = shop()
    create(bench, "raw.orders", concurrency=2)
    bench.deploy(daily("raw.orders", partitions=DailyPartitions(start="2025-01-01")))
    finish(bench)
    assert progress(bench) == ("SUCCEEDED", 10, 0, 0)


def test_an_asset_that_is_removed_meanwhile_is_refused() -> None:
    bench = shop(daily("raw.orders"), daily("raw.prices"))
    create(bench, "raw.orders", concurrency=2)
    bench.deploy(daily("raw.prices"))
    finish(bench)
    assert chunks(bench)[0].message == "raw.orders is no longer deployed"
    assert row(bench).state is BackfillState.FAILED


def test_the_same_request_twice_is_one_backfill() -> None:
    bench = shop()
    create(bench, "raw.orders")
    assert create(bench, "raw.orders") == ()


@pytest.mark.parametrize(
    ("asked", "code", "says"),
    [
        ({"partitions": ("2026-13",)}, "PARTITION_UNKNOWN", "2026-13"),
        ({"selection": ("raw.nothing",)}, "ASSET_UNKNOWN", "raw.nothing"),
        ({"selection": ("raw.rates",)}, "BACKFILL_UNPARTITIONED", "None of these"),
        (
            {"selection": ("raw.orders", "raw.regional"), "partitions": ("2026-01",)},
            "BACKFILL_DISAGREES",
            "names partitions of raw.orders, but not of raw.regional",
        ),
        ({"concurrency": 0}, "BACKFILL_SIZE_INVALID", "0 runs at once"),
        ({"concurrency": 1_001}, "BACKFILL_SIZE_INVALID", "1,001 runs at once"),
        ({"chunk_size": 0}, "BACKFILL_SIZE_INVALID", "A chunk of 0 partitions"),
        ({"chunk_size": 10_001}, "BACKFILL_SIZE_INVALID", "1 to 10,000"),
        ({"which": "failed"}, "BACKFILL_EMPTY", "None of the 10 partitions is failed"),
    ],
)
def test_what_makes_no_sense_is_refused(asked: dict[str, Any], code: str, says: str) -> None:
    bench = shop(daily("raw.orders"), daily("raw.regional", partitions=REGIONS), asset("raw.rates"))
    selection = asked.pop("selection", ("raw.orders",))
    with pytest.raises(ArcoError, match=says) as caught:
        create(bench, *selection, **asked)
    assert (caught.value.code, bool(caught.value.hint)) == (code, True)
    assert not list(bench.state.range(BACKFILLS))


def test_too_many_single_partitions_are_refused() -> None:
    bench = shop(daily("raw.orders", partitions=HourlyPartitions(start="2025-01-01")))
    texts = tuple(
        f"2025-{1 + n // 336:02}-{1 + n // 12 % 28:02}T{n % 12 * 2:02}" for n in range(2_001)
    )
    with pytest.raises(Invalid, match="2,001 ranges"):
        create(bench, partitions=texts)


def test_a_backfill_that_is_not_there_is_not_found() -> None:
    for decision in (pause_backfill, resume_backfill, cancel_backfill, retry_backfill):
        with pytest.raises(NotFound, match="There is no backfill"):
            shop().ask(decision("B9"))
