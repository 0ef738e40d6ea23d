"""Many would lead, one does: epochs follow each other and nobody acts in an old one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import pytest

from arco.model import Decision, Event, State
from arco.service import leases
from arco.service.leases import Lease
from arco.testing.campaign import Tally, surprised
from arco.testing.network import Weather
from arco.testing.process import SimulatedRuntime
from arco.testing.scheduler import SECOND_US
from arco.testing.world import CALM, Faults, Mishaps, Violation, World, swarm
from tests.simulation.leader_stages import LEASE_SECONDS, LeaderStage, epochs_of

CAMPAIGN = "leaders"
SHARE_OF_SEEDS = 100
MUTANT_SEEDS = range(60)
ROUGH_US = 60 * SECOND_US
SLOW = Faults(weather=Weather(latency_us=(20_000, 200_000)))


def lived(seed: int, faults: Faults, **parts: Any) -> tuple[LeaderStage, list[str]]:
    """A world that was rough for a while, and then somebody led; who took which epoch."""
    world = World(seed, faults=faults)
    stage = LeaderStage(world, **parts)
    try:
        return stage, _writers(stage)
    finally:
        world.kill()


def _writers(stage: LeaderStage) -> list[str]:
    world = stage.world
    world.run(lambda: world.time_us > ROUGH_US or surprised(world))
    world.heal()
    healed_us = world.time_us
    world.run(lambda: bool(stage.acted_us and stage.acted_us[-1] > healed_us) or surprised(world))
    for process in world.processes.values():
        for task in process.failures:
            if not task.observed:
                raise Violation("no surprise", f"{task.name}: {task.error!r}") from task.error
    return epochs_of(world)


def rough(seed: int) -> Faults:
    """Faults the seed decides on; pauses are longer than a lease, and not days."""
    faults = swarm(World(seed, faults=CALM).chance)
    absence_us = (SECOND_US // 10, 30 * SECOND_US)
    mishaps = Mishaps(
        crash=True,
        pause=True,
        suspend=True,
        step=True,
        freeze=True,
        interval_us=(SECOND_US // 10, 5 * SECOND_US),
        absence_us=absence_us,
        pause_us=absence_us,
    )
    return Faults(weather=faults.weather, mishaps=mishaps, heal_after_us=ROUGH_US)


@pytest.mark.timeout(0)
def test_two_leaders_never_act_in_one_epoch(shard: range, tally: Tally) -> None:
    for seed in shard:
        try:
            tally.add(lived(seed, rough(seed))[0].world)
        except Exception as error:
            raise AssertionError(f"seed={seed}: {error!r}") from error


def test_leaders_of_rough_worlds_are_really_replaced() -> None:
    assert sum(len(lived(seed, rough(seed))[1]) for seed in range(5)) > 10


@pytest.mark.parametrize("faults", [CALM, SLOW])
def test_a_leader_that_lives_is_never_replaced(faults: Faults) -> None:
    for seed in range(10):
        assert len(lived(seed, faults, processes=5)[1]) == 1


@pytest.mark.parametrize("seed", range(5))
def test_clocks_that_jump_replace_no_leader(seed: int) -> None:
    jumpy = Mishaps(step=True, freeze=True, drift=True, interval_us=(10_000, SECOND_US))
    assert len(lived(seed, Faults(mishaps=jumpy))[1]) == 1


def test_a_dead_leader_is_replaced_within_two_lengths_of_a_lease() -> None:
    assert max(vacancy_us(seed) for seed in range(10)) <= 2 * LEASE_SECONDS * SECOND_US


def test_a_dead_leader_has_one_heir() -> None:
    assert {heirs(seed) for seed in range(10)} == {1}


def vacancy_us(seed: int) -> int:
    """How long nobody leads after a leader died."""
    world = orphaned(World(seed, faults=CALM))
    died_us = world.time_us
    world.run(lambda: len(epochs_of(world)) == 2)
    world.kill()
    return world.time_us - died_us


def heirs(seed: int) -> int:
    """How many took over by half a minute after a leader died, on a slow network."""
    world = orphaned(World(seed, faults=SLOW), processes=6)
    until_us = world.time_us + 30 * SECOND_US
    world.run(lambda: world.time_us > until_us)
    world.kill()
    return len(epochs_of(world)) - 1


def orphaned(world: World, *, processes: int = 3) -> World:
    """The world at the moment when its first leader dies for good."""
    stage = LeaderStage(world, processes=processes)
    world.run(lambda: len(stage.acted_us) > 3)
    world.processes[epochs_of(world)[-1]].crash()
    return world


def unguarded(lease: Lease, decision: Decision) -> Decision:
    """A leader that does not look whether it still leads."""
    return decision


def guarded_by_memory(lease: Lease, decision: Decision) -> Decision:
    """A leader that looks once and then believes for ever."""
    seen: list[bool] = []

    def decide(state: State, now: datetime) -> Iterable[Event]:
        seen.append(seen[0] if seen else lease.is_current(state))
        return decision(state, now) if seen[0] else ()

    return decide  # type: ignore[return-value]


GUARDS = [unguarded, guarded_by_memory]


@pytest.mark.parametrize("guard", GUARDS)
def test_a_leader_that_ignores_newer_epochs_is_caught(guard: Any) -> None:
    assert broken(guard=guard).startswith("effects belong to the newest epoch")


def test_a_lease_that_is_taken_whoever_took_it_meanwhile_is_caught(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    take = leases._take_epoch

    async def regardless(workspace: Any, address: str, *, after: int | None) -> int | None:
        return await take(workspace, address, after=None)

    monkeypatch.setattr(leases, "_take_epoch", regardless)
    assert any(heirs(seed) > 1 for seed in range(30))


def test_silence_that_is_measured_on_the_wall_clock_is_caught(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(SimulatedRuntime, "monotonic", lambda self: self.now().timestamp())
    jumpy = Faults(mishaps=Mishaps(step=True, interval_us=(10_000, SECOND_US)))
    assert any(len(lived(seed, jumpy)[1]) > 1 for seed in range(10))


def broken(**parts: Any) -> str:
    """The first law that a world with these parts breaks."""
    for seed in MUTANT_SEEDS:
        try:
            lived(seed, rough(seed), **parts)
        except Violation as violation:
            return str(violation)
    return f"survived {len(MUTANT_SEEDS)} seeds"
