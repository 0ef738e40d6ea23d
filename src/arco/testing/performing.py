"""Attempts performed in this process, with what they print, what they raise, and planned faults.

Law: an attempt is what a worker makes of it; only a planned fault comes in between. Must not know
how runs go on.
"""

from __future__ import annotations

import sys
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeAlias

import msgspec

from arco.execution.attempts import perform
from arco.execution.failures import Cancelled, task_error
from arco.execution.protocol import Envelope
from arco.execution.workshops import Cancellation, workshop
from arco.orchestration.outcomes import Completion
from arco.sdk.project import Loaded
from arco.sdk.secrets import redacted
from arco.store.memory import MemoryStore
from arco.testing.listening import listening
from arco.testing.memory_tables import MemoryTables

Place: TypeAlias = tuple[str, str]
"""Run id and task key."""


class InjectedFault(Exception):
    """What an attempt raises that a test told to fail."""


class WorkerLost(Exception):
    """Nobody performs the attempt any more: its worker died."""


class Told(msgspec.Struct, eq=False):
    """What one task said over all its attempts, and what the last one raised."""

    lines: list[str] = []
    raised: BaseException | None = None


class Performer:
    """Performs attempts of one loaded project on tables in memory."""

    def __init__(self, loaded: Loaded, tables: MemoryTables) -> None:
        self._shop = workshop(
            loaded, MemoryStore(), tables=lambda: tables, cancellation=Cancellation()
        )
        self._faults: dict[str, deque[BaseException]] = defaultdict(deque)
        self._told: dict[Place, Told] = defaultdict(Told)
        self._current = Told()

    @contextmanager
    def listening(self) -> Iterator[None]:
        """What attempts inside the block print and log is kept with them."""
        with listening(self._keep, stdout=sys.stdout, stderr=sys.stderr):
            yield

    def plan_fault(self, asset: str, error: BaseException, *, times: int) -> None:
        """The asset's next attempts end this way."""
        self._faults[asset] += [error] * times

    def close(self) -> None:
        """The worker's resources are closed."""
        self._shop.supplies.close()

    def told(self, run_id: str, task_key: str) -> Told:
        """What the task said."""
        return self._told[run_id, task_key]

    def perform(self, envelope: Envelope) -> Completion:
        """How the attempt ended. Raises: WorkerLost when that was planned."""
        told = self._told[envelope.run_id, envelope.task_key]
        told.raised = None
        self._current = told
        try:
            self._meet_fault(envelope.asset.key)
            return perform(self._shop, envelope)
        except WorkerLost:
            raise
        except (Exception, Cancelled) as error:
            told.raised = error
            return Completion(error=task_error(error, self._shop.project))

    def _keep(self, stream: str, line: str) -> None:
        self._current.lines.append(redacted(line))

    def _meet_fault(self, asset: str) -> None:
        planned = self._faults.get(asset)
        if planned:
            raise planned.popleft()


__all__ = ["InjectedFault", "Performer", "Place", "Told", "WorkerLost"]
