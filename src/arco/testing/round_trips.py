"""How many round trips to a store follow each other: on a virtual clock each takes one second.

Requests that are under way together count once, so the figure is what distance costs, exactly and
on every machine. Must not know what is asked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar, get_args

import msgspec

from arco.runtime import Runtime
from arco.store.port import Store
from arco.testing.chance import Chance
from arco.testing.process import Process
from arco.testing.scheduler import SECOND_US, Scheduler, Trace
from arco.testing.stores import CountingStore, LatencyStore, Verb

T = TypeVar("T")
Work = Callable[[Store, Runtime], Coroutine[Any, Any, T]]


class Distance(msgspec.Struct, Generic[T], frozen=True):
    """What some work came to, and what it asked of the store."""

    result: T
    requests: Counter[str]
    round_trips: int
    """As many as had to wait for each other."""


class FarStore:
    """A store one second away, and a process that works with it."""

    def __init__(self, store: Store) -> None:
        chance = Chance(0, tape=())
        self._scheduler = Scheduler(chance, Trace())
        self._process = Process("measured", self._scheduler, chance)
        self.runtime: Runtime = self._process.runtime
        seconds: dict[Verb, float] = dict.fromkeys(get_args(Verb), 1.0)
        # To make bytes durable that a bucket shows takes no request.
        seconds["confirm"] = 0.0
        self.store = CountingStore(LatencyStore(store, self.runtime, seconds))

    def measured(self, work: Work[T]) -> Distance[T]:
        """The work done, with its requests and how many of them followed each other."""
        self.store.reset()
        began_us = self._scheduler.time_us
        task = self._process.life.spawn(work(self.store, self.runtime), "measured")
        task.observed = True
        self._scheduler.run(task.done)
        if task.error is not None:
            raise task.error
        trips = (self._scheduler.time_us - began_us) / SECOND_US
        asked = self.store.counts()
        del asked["confirm"]
        return Distance(task.result, asked, round(trips))


__all__ = ["Distance", "FarStore"]
