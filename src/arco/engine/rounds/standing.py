"""What rounds over the store say of it as a whole.

Must not know what the objects hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import islice

import msgspec

from arco.engine.rounds.tables import DAMAGES, ROUNDS, Damage, Round
from arco.model import State

PROVING = ("log", "snapshots", "lanes")
"""The rounds that read what is stored; the others look for what is forgotten."""
DAMAGES_TOLD_MAX = 100


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How the store stands by its newest rounds."""

    verified_at: datetime | None
    """Everything stored was read and checked since; None: not yet."""
    rounds: list[Round]
    """The newest round of every kind."""
    damages: list[Damage]
    """What they found, at most 100."""

    @property
    def harms(self) -> list[Damage]:
        """What somebody has to look at."""
        return [damage for damage in self.damages if not damage.is_mended]


def standing(state: State) -> Standing:
    """How the store stands by the rounds in the state."""
    rounds = list(state.range(ROUNDS))
    return Standing(
        verified_at=_verified_at(rounds),
        rounds=rounds,
        damages=list(islice(state.range(DAMAGES), DAMAGES_TOLD_MAX)),
    )


def _verified_at(rounds: Sequence[Round]) -> datetime | None:
    """When the oldest of the newest complete rounds began."""
    complete = {row.name: row.verified_at for row in rounds if row.verified_at is not None}
    found = [complete[name] for name in PROVING if name in complete]
    return min(found) if len(found) == len(PROVING) else None


__all__ = ["DAMAGES_TOLD_MAX", "PROVING", "Standing", "standing"]
