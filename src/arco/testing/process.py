"""Simulated processes: they crash, restart from nothing, sleep through days and trust wrong clocks.

Whatever a process started outside itself goes on without it. Must not know stores or what its tasks
do.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeAlias, TypeVar, TypeVarTuple

from arco.testing.chance import Chance
from arco.testing.scheduler import (
    SECOND_US,
    Action,
    Cancelled,
    Flag,
    Resume,
    Scheduler,
    Suspension,
    Task,
)

T = TypeVar("T")
Args = TypeVarTuple("Args")

BEGINNING = datetime(2031, 3, 4, 5, 6, 7, tzinfo=UTC)
THREAD_US_MAX = 2_000


class Clock:
    """A wall clock: true time, shifted, stretched or frozen."""

    def __init__(self) -> None:
        self._shown_us = 0
        self._since_us = 0
        self._rate_ppm = 1_000_000

    def read(self, true_us: int) -> datetime:
        """What the clock shows at `true_us`."""
        return BEGINNING + timedelta(microseconds=self._at(true_us))

    def step(self, true_us: int, shift_us: int) -> None:
        """Jump by `shift_us`, back or forth."""
        self._shown_us, self._since_us = self._at(true_us) + shift_us, true_us

    def pace(self, true_us: int, rate_ppm: int) -> None:
        """Run at `rate_ppm` millionths of true speed from now on; 0 freezes the clock."""
        self.step(true_us, 0)
        self._rate_ppm = rate_ppm

    def _at(self, true_us: int) -> int:
        return self._shown_us + (true_us - self._since_us) * self._rate_ppm // 1_000_000


class Life:
    """One incarnation of a process: the timeline of its tasks, until it is killed."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.alive = True
        self.tasks: dict[Task, None] = {}
        self.failures: list[Task] = []
        self.turns = 0
        self.fatal_turn: int | None = None
        self.fatal_before = True
        self._held: list[Action] | None = None

    def after(self, delay_us: int, action: Action) -> None:
        """Do `action` once, `delay_us` from now, if this life still goes on then."""
        if self.alive:
            self.process.scheduler.after(delay_us, partial(self._do, action))

    def _do(self, action: Action) -> None:
        if not self.alive:
            return
        if self._held is not None:
            self._held.append(action)
            return
        self.turns += 1
        fatal = self.turns == self.fatal_turn
        if not (fatal and self.fatal_before):
            action()
        if fatal:
            self.process.crash()

    def spawn(self, work: Coroutine[Any, Any, T], name: str) -> Task:
        """A task of this life."""
        task = Task(self, work, name=name, ended=lambda: self._bury(task))
        if self.alive:
            self.tasks[task] = None
        else:
            task.drop()
        return task

    def _bury(self, task: Task) -> None:
        self.tasks.pop(task, None)
        if not task.observed:
            self.failures.append(task)
            self.process.scheduler.failures.append(task)

    def hold(self) -> None:
        """Let nothing happen until `release`."""
        self._held = [] if self._held is None else self._held

    def release(self) -> None:
        """Everything that became due meanwhile happens now, in an order chance decides."""
        held, self._held = self._held or [], None
        for action in held:
            self.after(0, action)

    def end(self) -> None:
        """Drop every frame; nothing of this life will run again."""
        self.alive = False
        for task in list(self.tasks):
            task.drop()
        self.tasks.clear()


class SimulatedRuntime:
    """The `Runtime` of one life of one process."""

    def __init__(self, life: Life, chance: Chance) -> None:
        self._life = life
        self._process = life.process
        self._chance = chance

    def now(self) -> datetime:
        """What this process's wall clock shows."""
        return self._process.clock.read(self._process.scheduler.time_us)

    def monotonic(self) -> float:
        """Seconds since the machine of this process started, without those it was suspended."""
        process = self._process
        return (process.scheduler.time_us - process.suspended_us) / SECOND_US

    def entropy(self, bits: int) -> int:
        """Seeded bits."""
        return self._chance.entropy(bits)

    async def sleep(self, seconds: float) -> None:
        """Continue `seconds` of virtual time later."""
        await Suspension(lambda resume: resume.later(int(seconds * SECOND_US)))

    def spawn(self, work: Coroutine[Any, Any, T], name: str) -> Task:
        """A task that dies with this process."""
        return self._life.spawn(work, name)

    def signal(self) -> Flag:
        """A lowered flag."""
        return Flag()

    async def gather(self, works: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
        """All results in order; the first failure is raised after the others have ended."""
        tasks = [self.spawn(work, f"gather-{index}") for index, work in enumerate(works)]
        for task in tasks:
            task.observed = True
        try:
            outcomes = [await _outcome(task) for task in tasks]
        except Cancelled:
            for task in tasks:
                task.cancel()
            raise
        for error, _ in outcomes:
            if error is not None:
                raise error
        return [result for _, result in outcomes]

    async def thread(self, work: Callable[[*Args], T], *args: *Args) -> T:
        """Run `work` at one scheduled point; its outcome arrives at a later one."""
        delays_us = (self._chance.draw(THREAD_US_MAX), self._chance.draw(THREAD_US_MAX))

        def arm(resume: Resume) -> None:
            resume.compute(delays_us, lambda: work(*args))

        result: T = await Suspension(arm)
        return result


async def _outcome(task: Task) -> tuple[BaseException | None, Any]:
    try:
        return None, await task.join()
    except Exception as error:
        return error, None
    except Cancelled as error:
        if task.done():
            return error, None
        raise


Main: TypeAlias = "Callable[[Process], Coroutine[Any, Any, None]]"


class Process:
    """A name that lives again and again: `start` says what each life does."""

    def __init__(self, name: str, scheduler: Scheduler, chance: Chance) -> None:
        self.name = name
        self.scheduler = scheduler
        self.clock = Clock()
        self.suspended_us = 0
        self.lives = 0
        self.revival_us: int | None = None
        self.failures: list[Task] = []
        self._chance = chance
        self._main: Main | None = None
        self._paused = False
        self._begin()

    def _begin(self) -> None:
        self.lives += 1
        self.life = Life(self)
        self.life.failures = self.failures
        self.runtime = SimulatedRuntime(self.life, self._chance)

    def start(self, main: Main) -> None:
        """Run `main` now and after every restart."""
        self._main = main
        self.life.spawn(main(self), f"{self.name}.main")

    @property
    def is_awake(self) -> bool:
        """True when it is neither dead nor paused."""
        return self.life.alive and not self._paused

    def crash(self) -> None:
        """Lose every frame and all memory; what is under way outside goes on.

        With `revival_us` set, the next life begins that much later.
        """
        if not self.life.alive:
            return
        self._note("crashed")
        self.life.end()
        self._paused = False
        if self.revival_us is not None:
            self.scheduler.after(self.revival_us, self.restart)

    def restart(self) -> None:
        """Begin a new life with `main`; without effect on a living process."""
        if self.life.alive:
            return
        self._note("restarted")
        self._begin()
        if self._main is not None:
            self.start(self._main)

    def crash_at_turn(self, turn: int) -> None:
        """Crash instead of taking the `turn`-th step of this life."""
        self.life.fatal_turn, self.life.fatal_before = turn, True

    def crash_after_turn(self, turn: int) -> None:
        """Crash once the `turn`-th step of this life is taken: what it asked for is under way."""
        self.life.fatal_turn, self.life.fatal_before = turn, False

    def pause(self, duration_us: int) -> None:
        """Stand still, as under SIGSTOP: all clocks go on."""
        if not self.is_awake:
            return
        self._note(f"paused {duration_us}")
        life, self._paused = self.life, True
        life.hold()
        self.scheduler.after(duration_us, lambda: self._wake(life))

    def suspend(self, duration_us: int) -> None:
        """Stand still, as a suspended machine: the monotonic clock stands still too."""
        if self.is_awake:
            self.pause(duration_us)
            self.suspended_us += duration_us

    def _wake(self, life: Life) -> None:
        if life.alive:
            self._note("woke")
            self._paused = False
            life.release()

    def step_clock(self, shift_us: int) -> None:
        """The wall clock jumps by `shift_us`."""
        self._note(f"clock stepped {shift_us}")
        self.clock.step(self.scheduler.time_us, shift_us)

    def pace_clock(self, rate_ppm: int) -> None:
        """The wall clock runs at `rate_ppm` millionths of true speed; 0 freezes it."""
        self._note(f"clock paced {rate_ppm}")
        self.clock.pace(self.scheduler.time_us, rate_ppm)

    def _note(self, what: str) -> None:
        self.scheduler.trace.note(self.scheduler.time_us, self.name, what)


__all__ = ["BEGINNING", "Clock", "Life", "Main", "Process", "SimulatedRuntime"]
