"""The scheduler, its clocks and its processes behave like the real ones, and repeat themselves."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

import pytest

from arco.testing.chance import Chance, shrink
from arco.testing.process import BEGINNING, Process
from arco.testing.scheduler import SECOND_US, Cancelled, Scheduler, Trace
from arco.testing.world import CALM, World

Work = Callable[[Process], Coroutine[Any, Any, Any]]


def played(work: Work, *, seed: int = 1) -> tuple[World, Process, list[Any]]:
    """What `work` returned in a calm world of one process."""
    world = World(seed, faults=CALM)
    process = world.process("p")
    results: list[Any] = []

    async def main(process: Process) -> None:
        results.append(await work(process))

    process.start(main)
    world.run(lambda: bool(results) or bool(process.failures))
    return world, process, results


def test_actions_run_in_order_of_time() -> None:
    scheduler = Scheduler(Chance(1), Trace())
    done: list[int] = []
    for delay in (30, 10, 20):
        scheduler.after(delay, lambda delay=delay: done.append(delay))  # type: ignore[misc]
    assert not scheduler.run(lambda: False)
    assert done == [10, 20, 30]
    assert scheduler.time_us == 30


def test_actions_due_together_run_in_an_order_the_seed_decides() -> None:
    def order(seed: int) -> list[int]:
        scheduler = Scheduler(Chance(seed), Trace())
        done: list[int] = []
        for number in range(6):
            scheduler.after(0, lambda number=number: done.append(number))  # type: ignore[misc]
        scheduler.run(lambda: False)
        return done

    assert order(1) == order(1)
    assert len({tuple(order(seed)) for seed in range(20)}) > 10


def test_sleeping_costs_virtual_time_only() -> None:
    async def work(process: Process) -> float:
        before = process.runtime.monotonic()
        await process.runtime.sleep(86_400)
        return process.runtime.monotonic() - before

    world, _, results = played(work)
    assert results == [86_400.0]
    assert world.scheduler.steps < 10


def test_gather_returns_results_in_order_and_raises_the_first_failure_last() -> None:
    ended: list[str] = []

    async def part(process: Process, seconds: float, *, error: Exception | None = None) -> float:
        await process.runtime.sleep(seconds)
        ended.append(f"{seconds}")
        if error is not None:
            raise error
        return seconds

    async def work(process: Process) -> list[float]:
        results = await process.runtime.gather(part(process, s) for s in (3, 1, 2))
        with pytest.raises(ValueError, match="first"):
            await process.runtime.gather(
                [part(process, 5, error=ValueError("first")), part(process, 4), part(process, 6)]
            )
        return results

    _, _, results = played(work)
    assert results == [[3, 1, 2]]
    assert ended == ["1", "2", "3", "4", "5", "6"]


def test_a_signal_wakes_everyone_and_a_timeout_is_told_apart() -> None:
    async def work(process: Process) -> list[bool]:
        signal = process.runtime.signal()
        waits = [process.runtime.spawn(signal.wait(), f"wait-{n}") for n in range(2)]
        first = await signal.wait(1.0)
        signal.set()
        return [first, *[await wait.join() for wait in waits], await signal.wait(1.0)]

    _, _, results = played(work)
    assert results == [[False, True, True, True]]


def test_a_cancelled_task_runs_its_finally_and_is_done() -> None:
    undone: list[str] = []

    async def patient(process: Process) -> None:
        try:
            await process.runtime.sleep(100)
        finally:
            undone.append("finally")

    async def work(process: Process) -> bool:
        task = process.runtime.spawn(patient(process), "patient")
        await process.runtime.sleep(1)
        task.cancel()
        with pytest.raises(Cancelled):
            await task.join()
        return task.done()

    _, process, results = played(work)
    assert results == [True]
    assert undone == ["finally"]
    assert process.failures == []


def test_a_thread_delivers_its_result_or_its_error_later() -> None:
    def divide(number: int, by: int) -> float:
        return number / by

    async def work(process: Process) -> float:
        with pytest.raises(ZeroDivisionError):
            await process.runtime.thread(divide, 1, 0)
        return await process.runtime.thread(divide, 6, 3)

    _, _, results = played(work)
    assert results == [2.0]


def test_a_task_that_dies_unobserved_is_reported() -> None:
    async def lonely() -> None:
        raise KeyError("nobody looks")

    async def work(process: Process) -> None:
        process.runtime.spawn(lonely(), "lonely")
        await process.runtime.sleep(1)

    _, process, _ = played(work)
    assert [task.name for task in process.failures] == ["lonely"]


def test_a_crash_drops_frames_and_a_restart_begins_from_nothing() -> None:
    world = World(1, faults=CALM)
    process = world.process("p")
    seen: list[str] = []

    async def main(process: Process) -> None:
        memory = process.lives
        seen.append(f"life {memory} begins")
        await process.runtime.sleep(10)
        seen.append(f"life {memory} ends")

    process.start(main)
    process.revival_us = 3 * SECOND_US
    world.scheduler.after(5 * SECOND_US, process.crash)
    world.run(lambda: len(seen) == 3)
    assert seen == ["life 1 begins", "life 2 begins", "life 2 ends"]
    assert world.time_us == 18 * SECOND_US


def test_a_paused_process_does_nothing_until_it_wakes() -> None:
    async def work(process: Process) -> float:
        process.scheduler.after(SECOND_US, lambda: process.pause(3600 * SECOND_US))
        await process.runtime.sleep(2)
        return process.runtime.monotonic()

    assert played(work)[2] == [3601.0]


def test_a_suspended_machine_does_not_count_its_sleep() -> None:
    async def work(process: Process) -> tuple[float, timedelta]:
        process.scheduler.after(SECOND_US, lambda: process.suspend(3600 * SECOND_US))
        await process.runtime.sleep(2)
        return process.runtime.monotonic(), process.runtime.now() - BEGINNING

    assert played(work)[2] == [(1.0, timedelta(seconds=3601))]


@pytest.mark.parametrize(
    ("rate_ppm", "shift_us", "shown_seconds"),
    [(0, 0, 0), (0, 7_000_000, 7), (1_000_000, -5_000_000, 5), (1_050_000, 0, 10.5)],
)
def test_wall_clocks_freeze_step_and_drift(
    rate_ppm: int, shift_us: int, shown_seconds: float
) -> None:
    async def work(process: Process) -> timedelta:
        process.pace_clock(rate_ppm)
        process.step_clock(shift_us)
        await process.runtime.sleep(10)
        return process.runtime.now() - BEGINNING

    assert played(work)[2] == [timedelta(seconds=shown_seconds)]


@pytest.mark.parametrize("turn", [1, 2, 3, 4])
def test_a_crash_can_be_placed_at_any_turn(turn: int) -> None:
    async def work(process: Process) -> None:
        for _ in range(3):
            await process.runtime.sleep(1)

    world = World(1, faults=CALM)
    process = world.process("p")
    process.start(work)
    process.crash_at_turn(turn)
    world.scheduler.run(lambda: not process.life.alive)
    assert not process.life.alive
    assert world.time_us == (turn - 1) * SECOND_US


def test_a_tape_replays_a_world_and_an_empty_tape_is_a_mild_one() -> None:
    first, replayed = Chance(5), Chance(99, tape=[Chance(5).draw(100)])
    assert replayed.draw(100) == first.draw(100)
    assert replayed.draw(100) == 0
    assert not replayed.happens(0.99)


def test_spread_reaches_every_magnitude_within_its_bounds() -> None:
    chance = Chance(3)
    drawn = [chance.spread(1_000, 10_000_000) for _ in range(2_000)]
    assert all(1_000 <= value <= 10_000_000 for value in drawn)
    assert {len(str(value)) for value in drawn} >= {4, 5, 6, 7}


def test_shrinking_keeps_only_the_decisions_that_matter() -> None:
    tape = list(range(1, 200))
    assert shrink(tape, lambda t: len(t) > 57 and t[57] == 58) == [0] * 57 + [58]
