"""What the service asks of its edges: who performs attempts, publishes runs, collects garbage.

The service decides; edges act. Both receivers refuse the second request with the same id.
"""

from __future__ import annotations

from typing import Protocol

from arco.orchestration.rows import Dispatch


class Executor(Protocol):
    """Performs attempts: hands them to workers and reports how they ended as commands."""

    async def start(self) -> None:
        """Get ready to perform attempts."""
        ...

    def offer(self, dispatch: Dispatch) -> None:
        """Hold this attempt until it has ended. Idempotent: by dispatch id."""
        ...

    def withdraw(self, run_id: str) -> None:
        """The run is being cancelled: drop what has not begun, end what has."""
        ...

    async def close(self) -> None:
        """No worker of ours runs any more."""
        ...


class Publisher(Protocol):
    """Brings the staged data of a run, or what a restore brings back, into its tables."""

    async def publish(self, run_id: str) -> None:
        """The run's publication moves forward as far as it can; so does a restore or a
        compaction by its id. Idempotent: by that id.
        """
        ...


class Collector(Protocol):
    """Deletes what nothing kept leads to."""

    async def collect(self) -> bool:
        """One bounded pass; True when it left nothing for another. Idempotent."""
        ...


class Performer(Protocol):
    """Does what falls due outside of the log, while its process leads."""

    async def start(self) -> None:
        """Do it when it is due, until `close`."""
        ...

    async def turn(self) -> int:
        """What is due now was done, as far as one turn goes; how much that was."""
        ...

    async def close(self) -> None:
        """Nothing of it is under way any more; whoever leads next goes on."""
        ...


__all__ = ["Collector", "Executor", "Performer", "Publisher"]
