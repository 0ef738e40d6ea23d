"""How staged output is given up: the number of the newest run it was taken from.

It only grows, so a repeated event changes nothing (law F3).
"""

from __future__ import annotations

from collections.abc import Iterable

from arco.model import Change, Put, State
from arco.orchestration.events import StagedOutputsExpired
from arco.orchestration.expiry import EXPIRED_OUTPUTS, expired_through
from arco.orchestration.rows import Sequence
from arco.orchestration.tables import SEQUENCES


def staged_outputs_expired(state: State, event: StagedOutputsExpired) -> Iterable[Change]:
    """Runs up to this number own nothing any more that they did not publish."""
    if event.through <= expired_through(state):
        return []
    return [Put(SEQUENCES, Sequence(name=EXPIRED_OUTPUTS, last=event.through))]


__all__ = ["staged_outputs_expired"]
