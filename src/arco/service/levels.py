"""Service levels: what a leading process measures of itself, and when a promise is not kept.

A promise speaks of nineteen of twenty, measured over the last minute; with fewer than twenty
samples nothing is said. Bounded: the newest thousand samples of each. Must not know who is told.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial

from arco.model import Decision, Event, NotLoaded, State
from arco.orchestration.breaches import (
    BREACH_COUNTS,
    Promise,
    ServiceLevelBreached,
    ServiceLevelRestored,
)
from arco.orchestration.rows import Dispatch
from arco.orchestration.tables import RUNS
from arco.runtime import Runtime
from arco.service.settings import Settings

ACTOR = "levels"
SAMPLES_MIN = 20
SAMPLES_MAX = 1_000
WINDOW_SECONDS = 60.0
CHECK_SECONDS = 5.0
RUNS_REMEMBERED_MAX = 1_000


class Levels:
    """What one leading process measured."""

    def __init__(self, settings: Settings, runtime: Runtime) -> None:
        self._runtime = runtime
        self._limits: Mapping[Promise, float] = {
            Promise.DISPATCH: settings.dispatch_seconds_max,
            Promise.CONTROLLERS: settings.controller_seconds_max,
        }
        self._samples: dict[Promise, deque[tuple[float, float]]] = {
            promise: deque(maxlen=SAMPLES_MAX) for promise in self._limits
        }
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._checked_at = runtime.monotonic()

    def measured(self, promise: Promise, seconds: float) -> None:
        """It took so long once."""
        self._samples[promise].append((self._runtime.monotonic(), seconds))

    def timed(self, decision: Decision) -> Decision:
        """The decision, which is measured."""
        return partial(self._timed, decision=decision)

    def dispatched(self, state: State, row: Dispatch) -> None:
        """A task was handed out: the first one of a run is measured."""
        if row.run_id in self._seen:
            return
        self._seen[row.run_id] = None
        if len(self._seen) > RUNS_REMEMBERED_MAX:
            self._seen.popitem(last=False)
        # A run that is not in memory began long ago: it is not measured.
        with suppress(NotLoaded):
            self._measure_dispatch(state, row)

    def _measure_dispatch(self, state: State, row: Dispatch) -> None:
        run = state.get(RUNS, row.run_id)
        if run is not None:
            waited = (row.dispatched_at - run.triggered_at).total_seconds()
            self.measured(Promise.DISPATCH, max(0.0, waited))

    def is_due(self) -> bool:
        """True every few seconds."""
        now = self._runtime.monotonic()
        if now - self._checked_at < CHECK_SECONDS:
            return False
        self._checked_at = now
        return True

    def judge(self, state: State) -> bool:
        """Whether there is something to say."""
        return bool(self.decide(state, self._runtime.now()))

    def decide(self, state: State, now: datetime) -> Sequence[Event]:
        """Every promise that is not kept any more, or is kept again."""
        return [Event(payload, ACTOR) for payload in self._judged(state, now)]

    def _judged(
        self, state: State, now: datetime
    ) -> Iterator[ServiceLevelBreached | ServiceLevelRestored]:
        for promise, limit in self._limits.items():
            found = self._recent(promise)
            count = state.get(BREACH_COUNTS, promise, "")
            is_open = count is not None and count.is_open
            slow = found[(len(found) * 19 - 1) // 20] if len(found) >= SAMPLES_MIN else 0.0
            is_kept = limit == 0 or slow <= limit
            if is_open and is_kept:
                yield ServiceLevelRestored(promise=promise, ended_at=now)
            elif not is_open and not is_kept:
                yield ServiceLevelBreached(
                    promise=promise,
                    began_at=now,
                    limit_seconds=limit,
                    measured_seconds=slow,
                    samples=len(found),
                )

    def _recent(self, promise: Promise) -> list[float]:
        since = self._runtime.monotonic() - WINDOW_SECONDS
        return sorted(seconds for at, seconds in self._samples[promise] if at >= since)

    def _timed(self, state: State, now: datetime, *, decision: Decision) -> Sequence[Event]:
        begins = self._runtime.monotonic()
        events = decision(state, now)
        self.measured(Promise.CONTROLLERS, self._runtime.monotonic() - begins)
        return events


__all__ = ["SAMPLES_MIN", "WINDOW_SECONDS", "Levels"]
