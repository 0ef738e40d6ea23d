"""Many worlds, one engine: play a seed, judge it, show the smallest tape that still breaks a law.

Must not know any engine: a test or a command brings the opener.
"""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import msgspec

from arco.errors import ArcoError
from arco.testing.actors import Cast, History, Opener, Stage
from arco.testing.chance import shrink
from arco.testing.invariants import check
from arco.testing.world import Faults, Violation, World

TRACE_LINES_SHOWN = 60


class Play(msgspec.Struct, frozen=True):
    """What is put on: an engine, a cast, and what goes wrong (None: the seed decides)."""

    opener: Opener
    cast: Cast = Cast()
    faults: Faults | None = None


class Tally(msgspec.Struct):
    """What a campaign met: the faults of its worlds, and what their clients were told."""

    schedules: int = 0
    faults: Counter[str] = msgspec.field(default_factory=Counter)
    answers: Counter[str] = msgspec.field(default_factory=Counter)

    def add(self, world: World, history: History | None = None) -> None:
        """One more world."""
        self.schedules += 1
        self.faults.update(world.met)
        if history is not None:
            self.answers.update(answer.verdict for answer in history.answers)
            self.answers["read"] += len(history.readings)

    def merge(self, other: Tally) -> None:
        """The worlds of another part of the campaign."""
        self.schedules += other.schedules
        self.faults.update(other.faults)
        self.answers.update(other.answers)


class Failure(msgspec.Struct, frozen=True):
    """A seed that broke a law."""

    seed: int
    reason: str
    tape: list[int]
    trace: list[str]

    def report(self) -> str:
        """What happened, how to see it again, and the end of the story."""
        end = "\n".join(self.trace[-TRACE_LINES_SHOWN:])
        return (
            f"seed={self.seed}: {self.reason}\n"
            f"replay: pytest tests/simulation --seed {self.seed}\n{end}"
        )


def perform(play: Play, seed: int, *, tape: Sequence[int] | None = None) -> World:
    """The world of this seed after its end.

    Raises: Violation, or whatever the engine let escape.
    """
    return judge(Stage(World(seed, faults=play.faults, tape=tape), play.opener), play.cast)


def judge(stage: Stage, cast: Cast) -> World:
    """Play the cast on a stage to its end and check every law."""
    cast.enter(stage)
    world = stage.world
    try:
        _play(stage)
    except (Violation, ArcoError):
        # Who waits for ever or cannot read usually does so because a law was broken first.
        check(world, stage.history)
        raise
    finally:
        world.kill()
    check(world, stage.history)
    return world


def _play(stage: Stage) -> None:
    world = stage.world
    world.run(lambda: stage.is_over or surprised(world))
    world.end()
    if not surprised(world):
        stage.witness()
        world.end()


def surprised(world: World) -> bool:
    """True when a task died of an error nobody expects."""
    # Asked before every step, and there is nearly always none.
    failures = world.scheduler.failures
    return bool(failures) and any(not task.observed for task in failures)


def attempt(
    play: Play, seed: int, *, tape: Sequence[int] | None = None, tally: Tally | None = None
) -> Failure | None:
    """None when all laws held in this seed's world, which then counts in the tally."""
    stage = Stage(World(seed, faults=play.faults, tape=tape), play.opener)
    try:
        judge(stage, play.cast)
    except Exception as error:
        reason = f"{error}" if isinstance(error, Violation) else f"{error!r}"
        return Failure(seed, reason, stage.world.tape, stage.world.trace.lines)
    if tally is not None:
        tally.add(stage.world, stage.history)
    return None


def campaign(play: Play, seeds: Iterable[int], *, tally: Tally | None = None) -> Failure | None:
    """The first seed that breaks a law; None when none does."""
    with _rubbish_waits():
        for seed in seeds:
            failure = attempt(play, seed, tally=tally)
            if failure is not None:
                return failure
            # What a world leaves behind refers to itself, and nothing else refers to it.
            gc.collect()
    return None


@contextmanager
def _rubbish_waits() -> Iterator[None]:
    """Nobody looks for rubbish meanwhile, nor ever again in what is there already."""
    was_on = gc.isenabled()
    gc.disable()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        if was_on:
            gc.enable()


def shrunk(play: Play, failure: Failure) -> Failure:
    """The same failure on the smallest tape that was found."""

    def fails(tape: Sequence[int]) -> bool:
        return attempt(play, failure.seed, tape=tape) is not None

    smallest = shrink(failure.tape, fails)
    return attempt(play, failure.seed, tape=smallest) or failure


__all__ = [
    "Failure",
    "Play",
    "Tally",
    "attempt",
    "campaign",
    "judge",
    "perform",
    "shrunk",
    "surprised",
]
