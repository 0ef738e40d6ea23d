"""Where attempts are performed beyond this machine's own processes, as whoever hands them out sees
it: a worker service, a cluster.

Must not know either.
"""

from __future__ import annotations

from enum import Enum
from typing import Final, Protocol

from arco.execution.protocol import Envelope
from arco.orchestration.outcomes import TaskError


class Told(Enum):
    """What a place made of an offer."""

    TAKEN = "taken"
    BUSY = "busy"
    REFUSED = "refused"


TAKEN: Final = Told.TAKEN
BUSY: Final = Told.BUSY
REFUSED: Final = Told.REFUSED


class Desk(Protocol):
    """Who handed the attempts out."""

    def parted(self, dispatch_id: str, error: TaskError | None) -> None:
        """The place has the attempt no more; None: a server was told how it ended."""
        ...


class Place(Protocol):
    """Takes offers, and has what it took performed and answered for."""

    name: str
    """In the middle of a sentence."""
    roll: set[str]
    """Attempts that it has and that were not offered to it by this process."""
    is_paused: bool
    """True when it was busy, whatever we believed: it is asked again in a moment."""
    failures: int
    """How often it could not be reached, since it last could."""
    is_queue: bool
    """False: what does not begin in time is lost, and silence until then counts. True: it stands in
    the place's own queue, which says itself when it is lost; then it is offered again.
    """

    @property
    def begins_within_seconds(self) -> float:
        """How long what it took may wait to begin."""
        ...

    @property
    def may_take(self) -> bool:
        """Whether it would take another attempt now."""
        ...

    def attend(self, desk: Desk) -> None:
        """Attempts are handed out from here from now on."""
        ...

    async def call_roll(self) -> None:
        """What it has stands in `roll`; nothing, if it does not answer soon."""
        ...

    async def offer(
        self, envelope: Envelope, callback_url: str, *, heartbeat_seconds: float
    ) -> Told:
        """What it makes of the attempt. Idempotent: by dispatch id. Raises: Unanswered."""
        ...

    def refusal(self) -> TaskError:
        """Why it did not take what it was offered last."""
        ...

    def release(self, dispatch_id: str, *, began: bool) -> None:
        """Nobody waits for the attempt any more."""
        ...

    async def close(self) -> None:
        """Nothing is asked of it any more."""
        ...


__all__ = ["BUSY", "REFUSED", "TAKEN", "Desk", "Place", "Told"]
