"""What a condition that holds asks for: which partitions a run makes now, and why others wait.

Law: a partition is not asked for again until something that the condition looks at has changed: a
hash of that, its cause, decides, and no clock. Must not know how a condition is judged.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

import msgspec

from arco.canonical import canonical_json
from arco.ids import sha256
from arco.model import State
from arco.orchestration.definitions import AssetDefinition
from arco.orchestration.evaluations import (
    PARTITION_REQUESTS,
    HeldBack,
    Holding,
    RequestedPartition,
)
from arco.orchestration.rows import PartitionStatus
from arco.orchestration.staleness import Place, upstream_places
from arco.orchestration.tables import ACTIVE_RUNS, PARTITION_STATUS, PLANS
from arco.orchestration.views import AssetView

RUN_PARTITIONS_MAX = 1_000
EXAMPLES_MAX = 3
CAUSE_LENGTH = 32


class Asked(msgspec.Struct, frozen=True):
    """What a run is asked to make, what waits, and what was asked for and holds no more."""

    requested: tuple[RequestedPartition, ...] = ()
    held_back: tuple[Holding, ...] = ()
    released: tuple[str, ...] = ()


class Busy:
    """What runs that have not ended make; read when it is first asked for."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._places: set[Place] | None = None
        self._started: set[Place] = set()

    def __contains__(self, place: Place) -> bool:
        if self._places is None:
            self._places = set(_places(self._state))
        return place in self._places or place in self._started

    def start(self, asset: str, keys: Sequence[str]) -> None:
        """A run makes these, too."""
        self._started.update((asset, key) for key in keys)


def ask(
    view: AssetView,
    definition: AssetDefinition,
    *,
    keys: Sequence[str],
    marks: Sequence[str],
    busy: Busy,
) -> Asked:
    """What becomes of these partitions, of which the condition holds.

    `marks` are what else makes it hold, such as the time at which a clock last struck.
    """
    before = {
        row.partition_key: row.cause for row in view.state.range(PARTITION_REQUESTS, definition.key)
    }
    requested: list[RequestedPartition] = []
    waiting: dict[HeldBack, list[str]] = {}
    for key in keys:
        cause = _cause(view, definition, key=key, marks=marks)
        reason = _held_back(view, definition, key=key, busy=busy)
        if reason is None and before.get(key) == cause:
            reason = HeldBack.ASKED
        if reason is None and len(requested) >= RUN_PARTITIONS_MAX:
            reason = HeldBack.LATER
        if reason is None:
            requested.append(RequestedPartition(key, cause))
        else:
            waiting.setdefault(reason, []).append(key)
    return Asked(
        requested=tuple(requested),
        held_back=tuple(
            Holding(reason, len(held), tuple(islice(held, EXAMPLES_MAX)))
            for reason, held in sorted(waiting.items())
        ),
        released=tuple(sorted(before.keys() - set(keys))),
    )


def _held_back(
    view: AssetView, definition: AssetDefinition, *, key: str, busy: Busy
) -> HeldBack | None:
    if (definition.key, key) in busy:
        return HeldBack.RUNNING
    places = list(upstream_places(view, definition, key=key))
    if any(place in busy for place in places):
        return HeldBack.UPSTREAM_RUNNING
    if any(_version(view.state.get(PARTITION_STATUS, *place)) is None for place in places):
        return HeldBack.UPSTREAM_MISSING
    return None


def _cause(view: AssetView, definition: AssetDefinition, *, key: str, marks: Sequence[str]) -> str:
    """A hash of the code, of what is held upstream, and of the marks."""
    upstream = [
        [asset, upstream_key, _version(view.state.get(PARTITION_STATUS, asset, upstream_key))]
        for asset, upstream_key in upstream_places(view, definition, key=key)
    ]
    looked_at = [definition.code.version, upstream, list(marks)]
    return sha256(canonical_json(looked_at))[:CAUSE_LENGTH]


def _version(status: PartitionStatus | None) -> str | None:
    held = status.materialization if status else None
    return held.data_version if held else None


def _places(state: State) -> Iterator[Place]:
    for active in state.range(ACTIVE_RUNS):
        plan = state.get(PLANS, active.run_id)
        for task in plan.tasks if plan else ():
            yield task.asset, task.partition_key


__all__ = ["RUN_PARTITIONS_MAX", "Asked", "Busy", "ask"]
