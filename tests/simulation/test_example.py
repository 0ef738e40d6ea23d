"""The simulator on a forty-line protocol: the honest log survives, the shrinker finds causes."""

from __future__ import annotations

from arco.testing.campaign import Play, attempt, campaign, shrunk
from arco.testing.process import Process
from arco.testing.world import World
from tests.simulation.example_log import ExampleLog, open_example


class Forgetful(ExampleLog):
    """Acknowledges whatever stands in the slot."""

    async def create(self, seq: int, data: bytes) -> bytes:
        await super().create(seq, data)
        return data


async def open_forgetful(world: World, process: Process) -> ExampleLog:
    """The log that takes every answer for its own success."""
    log = Forgetful(world.client(process), process.runtime)
    await log.refresh()
    return log


def test_an_honest_log_survives_every_seed() -> None:
    failure = campaign(Play(open_example), range(60))
    assert failure is None, failure.report()


def test_a_forgetful_log_is_caught_and_its_tape_shrinks() -> None:
    play = Play(open_forgetful)
    failure = campaign(play, range(60))
    assert failure is not None
    smallest = shrunk(play, failure)
    assert sum(map(bool, smallest.tape)) < sum(map(bool, failure.tape)) / 3
    assert attempt(play, smallest.seed, tape=smallest.tape) is not None
    assert f"--seed {failure.seed}" in smallest.report()
