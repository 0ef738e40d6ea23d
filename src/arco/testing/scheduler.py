"""A seeded scheduler with a virtual clock that drives coroutines by hand: same seed, same run.

A task suspends by yielding a `Suspension`; what it waits for happens when the scheduler takes that
over, so a frame that is being destroyed can no longer act on the world. Must not know stores,
processes or faults.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Coroutine, Generator
from functools import partial
from heapq import heappop, heappush
from sys import maxsize
from typing import Any, Protocol, TypeAlias

from arco.testing.chance import Chance

SECOND_US = 1_000_000
TIEBREAKS = 1 << 16

Action: TypeAlias = Callable[[], None]


class Cancelled(BaseException):
    """Thrown into a task that was cancelled."""


class Timeline(Protocol):
    """Where actions wait for their time: the scheduler, or one process that may pause and die."""

    def after(self, delay_us: int, action: Action) -> None:
        """Do `action` once, `delay_us` from now."""
        ...


class Trace:
    """What happened, in order; its hash tells two runs apart."""

    def __init__(self) -> None:
        self._notes: list[tuple[object, ...]] = []

    def note(self, *words: object) -> None:
        """Add one line; it is spelled when somebody reads it."""
        self._notes.append(words)

    @property
    def lines(self) -> list[str]:
        """Everything so far."""
        return [" ".join(map(str, words)) for words in self._notes]

    def hash(self) -> str:
        """Lower-case hex of sha256 over all lines."""
        return hashlib.sha256("\n".join(self.lines).encode()).hexdigest()


class Scheduler:
    """One heap of actions in order of virtual time; chance decides between those due together."""

    def __init__(self, chance: Chance, trace: Trace) -> None:
        self.time_us = 0
        self.steps = 0
        self.trace = trace
        self.failures: list[Task] = []
        """Tasks of any process that ended in an error while nobody waited for them."""
        self._draw = chance.draw
        self._due: list[tuple[int, int, int, Action]] = []
        self._serial = 0

    def after(self, delay_us: int, action: Action) -> None:
        """Do `action` once, `delay_us` from now."""
        self._serial += 1
        at_us = self.time_us + delay_us if delay_us > 0 else self.time_us
        heappush(self._due, (at_us, self._draw(TIEBREAKS), self._serial, action))

    def step(self) -> bool:
        """Do the next action, at its time. False when there is none: the world is quiet."""
        if not self._due:
            return False
        self.time_us, _, _, action = heappop(self._due)
        self.steps += 1
        action()
        return True

    def run(
        self,
        until: Callable[[], bool],
        *,
        steps_max: int = 1_000_000,
        end_us: int | None = None,
    ) -> bool:
        """True once `until` holds; False when the world went quiet, it is later than `end_us` or
        `steps_max` are done.
        """
        last_us = maxsize if end_us is None else end_us
        for _ in range(steps_max):
            if until():
                return True
            if self.time_us > last_us or not self.step():
                return until()
        return False


class Suspension:
    """What a task yields: `arm` gets the way to continue the task and must see that it is used."""

    __slots__ = ("arm",)

    def __init__(self, arm: Callable[[Resume], None]) -> None:
        self.arm = arm

    def __await__(self) -> Generator[Suspension, Any, Any]:
        return (yield self)


class Resume:
    """Continues one suspended task; only the first use has an effect."""

    __slots__ = ("_task", "_turn")

    def __init__(self, task: Task, turn: int) -> None:
        self._task = task
        self._turn = turn

    def later(
        self, delay_us: int, value: Any = None, *, error: BaseException | None = None
    ) -> None:
        """Continue with `value`, or by raising `error`, `delay_us` from now."""
        task = self._task
        task.timeline.after(delay_us, partial(task.advance, self._turn, value=value, error=error))

    def compute(self, delays_us: tuple[int, int], work: Callable[[], Any]) -> None:
        """Do `work` after the first delay and continue with its outcome after the second."""

        def finish() -> None:
            try:
                result = work()
            except Exception as error:
                self.later(delays_us[1], error=error)
            else:
                self.later(delays_us[1], result)

        self._task.timeline.after(delays_us[0], finish)


class Task:
    """A coroutine under way on a timeline; satisfies `arco.runtime.Spawned`."""

    def __init__(
        self, timeline: Timeline, work: Coroutine[Any, Any, Any], *, name: str, ended: Action
    ) -> None:
        self.timeline = timeline
        self.name = name
        self.result: Any = None
        self.error: BaseException | None = None
        self.observed = False
        self._work = work
        self._ended = ended
        self._done = False
        self._cancelling = False
        self._turn = 0
        self._joiners: list[Resume] = []
        Resume(self, 0).later(0)

    def advance(self, turn: int, *, value: Any, error: BaseException | None) -> None:
        """Run the coroutine to its next suspension, unless this turn is over."""
        if self._done or turn != self._turn:
            return
        self._turn += 1
        if self._cancelling:
            self._cancelling, error = False, Cancelled()
        try:
            suspension = self._work.send(value) if error is None else self._work.throw(error)
        except StopIteration as stop:
            self._finish(stop.value, None)
        except (Exception, Cancelled) as failure:
            self._finish(None, failure)
        else:
            suspension.arm(Resume(self, self._turn))

    def _finish(self, result: Any, error: BaseException | None) -> None:
        self._done, self.result, self.error = True, result, error
        self.observed |= bool(self._joiners) or isinstance(error, Cancelled) or error is None
        for joiner in self._joiners:
            joiner.later(0, result, error=error)
        self._joiners.clear()
        self._ended()

    def drop(self) -> None:
        """Destroy the frame without a trace, as a crash does."""
        self._done = self.observed = True
        self._joiners.clear()
        try:
            self._work.close()
        except RuntimeError:
            # A `finally` that awaits refuses to close. In a crash nobody would have asked it.
            return

    def cancel(self) -> None:
        """Throw `Cancelled` into the task where it waits."""
        if not self._done:
            self._cancelling = True
            Resume(self, self._turn).later(0)

    def done(self) -> bool:
        """True when the coroutine has returned, raised or been dropped."""
        return self._done

    async def join(self) -> Any:
        """The task's result; raises what it raised."""
        if not self._done:
            return await Suspension(self._joiners.append)
        self.observed = True
        if self.error is not None:
            raise self.error
        return self.result


class Flag:
    """A flag that tasks wait for; satisfies `arco.runtime.Signal`."""

    def __init__(self) -> None:
        self._set = False
        self._waiting: dict[Resume, None] = {}

    def set(self) -> None:
        """Raise the flag and wake everyone who waits."""
        self._set = True
        for resume in self._waiting:
            resume.later(0, True)
        self._waiting.clear()

    def clear(self) -> None:
        """Lower the flag."""
        self._set = False

    def is_set(self) -> bool:
        """True while the flag is up."""
        return self._set

    async def wait(self, timeout_seconds: float | None = None) -> bool:
        """True once the flag is up, False if `timeout_seconds` passed first."""
        if self._set:
            return True

        armed: list[Resume] = []

        def arm(resume: Resume) -> None:
            armed.append(resume)
            self._waiting[resume] = None
            if timeout_seconds is not None:
                resume.later(int(timeout_seconds * SECOND_US), False)

        try:
            return bool(await Suspension(arm))
        finally:
            for resume in armed:
                self._waiting.pop(resume, None)


__all__ = [
    "SECOND_US",
    "Action",
    "Cancelled",
    "Flag",
    "Resume",
    "Scheduler",
    "Suspension",
    "Task",
    "Timeline",
    "Trace",
]
