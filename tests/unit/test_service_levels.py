"""Service levels: a promise is broken by nineteen of twenty, told of once, and kept again."""

from __future__ import annotations

from pathlib import Path

import pytest

from arco.errors import Invalid
from arco.model import Event, Payload
from arco.orchestration.breaches import (
    BREACHES,
    Promise,
    ServiceLevelBreached,
    ServiceLevelRestored,
)
from arco.orchestration.domain import DOMAIN
from arco.orchestration.tables import DISPATCHES
from arco.runtime import AsyncioRuntime
from arco.service.levels import SAMPLES_MIN, WINDOW_SECONDS, Levels
from arco.service.settings import load
from arco.testing.folding import MemoryState
from arco.testing.orchestration_samples import START, Bench, asset


class StandingRuntime(AsyncioRuntime):
    """Asyncio with a monotonic clock that moves when it is told."""

    moment = 0.0

    def monotonic(self) -> float:
        """The moment it was set to."""
        return self.moment


def levels(folder: Path, **settings: float) -> tuple[Levels, StandingRuntime]:
    runtime = StandingRuntime()
    return Levels(load(folder, **settings), runtime), runtime


def said(found: Levels, state: MemoryState) -> list[type[Payload]]:
    payloads = state.decide(found.decide, START)
    return [type(each) for each in payloads]


def test_a_promise_is_broken_once_and_kept_again(tmp_path: Path) -> None:
    found, runtime = levels(tmp_path)
    state = MemoryState(DOMAIN)
    for _ in range(SAMPLES_MIN):
        found.measured(Promise.DISPATCH, 2.5)
    assert said(found, state) == [ServiceLevelBreached]
    assert said(found, state) == []
    (breach,) = state.range(BREACHES)
    assert "took up to 2.5 s; 1 s was promised (20 measured)" in breach.message
    runtime.moment += WINDOW_SECONDS + 1
    assert said(found, state) == [ServiceLevelRestored]
    assert said(found, state) == []


def test_one_of_twenty_may_be_slow(tmp_path: Path) -> None:
    found, _ = levels(tmp_path)
    for place in range(SAMPLES_MIN):
        found.measured(Promise.CONTROLLERS, 9.0 if place == 3 else 0.001)
    assert said(found, MemoryState(DOMAIN)) == []
    found.measured(Promise.CONTROLLERS, 9.0)
    assert said(found, MemoryState(DOMAIN)) == [ServiceLevelBreached]


def test_of_few_samples_nothing_is_said(tmp_path: Path) -> None:
    found, _ = levels(tmp_path)
    for _ in range(SAMPLES_MIN - 1):
        found.measured(Promise.DISPATCH, 99.0)
    assert said(found, MemoryState(DOMAIN)) == []


def test_what_is_not_promised_is_not_broken(tmp_path: Path) -> None:
    found, _ = levels(tmp_path, dispatch_seconds_max=0.0)
    for _ in range(SAMPLES_MIN):
        found.measured(Promise.DISPATCH, 99.0)
    assert said(found, MemoryState(DOMAIN)) == []


def test_the_first_task_of_a_run_is_what_is_measured(tmp_path: Path) -> None:
    found, _ = levels(tmp_path, dispatch_seconds_max=0.5)
    bench = Bench(window=1)
    bench.deploy(*(asset(f"raw.a{number}") for number in range(SAMPLES_MIN + 1)))
    for number in range(SAMPLES_MIN):
        bench.trigger(f"R{number}", f"raw.a{number}")
        bench.now = bench.now.replace(second=number)
    for _ in range(SAMPLES_MIN):
        (row,) = bench.state.range(DISPATCHES)
        found.dispatched(bench.state, row)
        found.dispatched(bench.state, row)
        task = next(iter(bench.state.range(DISPATCHES)))
        bench.wait(1)
        bench.succeed(task.run_id, f"raw.a{task.run_id[1:]}")
    (event,) = found.decide(bench.state, bench.now)
    assert isinstance(event, Event)
    assert isinstance(event.payload, ServiceLevelBreached)
    assert event.payload.samples == SAMPLES_MIN


@pytest.mark.parametrize("name", ["dispatch_seconds_max", "controller_seconds_max"])
def test_a_promise_that_makes_no_sense_is_refused_at_start(tmp_path: Path, name: str) -> None:
    with pytest.raises(Invalid, match=name):
        load(tmp_path, **{name: -1.0})
