"""Limits of runs: how many that have something in common may be under way at once, and who waits.

A run counts from when it is let in until it ends, whatever ends it: rows of runs that are under way
are counted, no counter is kept. Nobody passes a run at a limit that it waits for, except by
priority. Must not know what runs do, or who executes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from heapq import heappop, heappush
from itertools import islice, takewhile

import msgspec

from arco.errors import Invalid
from arco.model import State, Table
from arco.orchestration.rows import PlanRow, Run
from arco.orchestration.tables import ASSETS, SEQUENCES

EVERY_RUN = "*"
"""The limit that every run counts under."""
CONSIDERED = "runs_considered"
"""Under this name stands the number of the newest run that was let in or queued."""
AHEAD_COUNTED_MAX = 10_000
NUMBER_LAST = 2**62
PRIORITY_MAX = 1_000_000


class RunLimit(msgspec.Struct, frozen=True, kw_only=True):
    """How many runs may be under way at once, of all or of those that have something in common."""

    name: str
    """`*`: every run; `tag:team`, `tag:team=a`, `asset:sales.orders`: runs with such an asset."""
    runs_max: int | None
    """0: none starts; None: there is no such limit any more."""
    version: int
    """How often it was set."""
    set_at: datetime
    """When that was last."""
    actor: str = ""


class QueuedRun(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A run that waits until each of its limits has room."""

    run_id: str
    number: int
    """The run's number: of the same priority, the earlier run goes first."""
    priority: int
    limits: tuple[str, ...]
    """The limits it counts under."""
    queued_at: datetime
    """When it began to wait."""


class QueuePlace(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Where a run stands among those with the same limits: rank is the negated priority."""

    lane: str
    """The limits, as one text."""
    rank: int
    number: int
    run_id: str


class AdmittedRun(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A run that is under way and counts under limits."""

    run_id: str
    limits: tuple[str, ...]
    """The limits it counts under."""
    admitted_at: datetime
    """When it was let in."""


class RunPriority(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What was said about a run's place in the queue."""

    run_id: str
    priority: int
    version: int
    """How often it was said."""


RUN_LIMITS = Table("orchestration.run_limits", RunLimit, ("name",))
QUEUED_RUNS = Table("orchestration.queued_runs", QueuedRun, ("run_id",))
RUN_QUEUE = Table("orchestration.run_queue", QueuePlace, ("lane", "rank", "number"), public=False)
ADMITTED_RUNS = Table("orchestration.admitted_runs", AdmittedRun, ("run_id",))
RUN_PRIORITIES = Table("orchestration.run_priorities", RunPriority, ("run_id",), public=False)
TABLES = (RUN_LIMITS, QUEUED_RUNS, RUN_QUEUE, ADMITTED_RUNS, RUN_PRIORITIES)


def check_priority(priority: int) -> None:
    """Raises: Invalid PRIORITY_INVALID."""
    if abs(priority) > PRIORITY_MAX:
        raise Invalid(
            "PRIORITY_INVALID",
            f"{priority} is no priority.",
            hint=f"A priority is -{PRIORITY_MAX:,} to {PRIORITY_MAX:,}; higher goes first.",
        )


def limits_set(state: State) -> Mapping[str, int]:
    """The limits that stand: name -> how many runs."""
    rows = state.range(RUN_LIMITS)
    return {row.name: row.runs_max for row in rows if row.runs_max is not None}


def limits_of(state: State, plan: PlanRow, *, names: Iterable[str]) -> tuple[str, ...]:
    """Those of the limits that a run with this plan counts under.

    Cost: the distinct assets of the plan.
    """
    wanted = set(names)
    found = wanted & {EVERY_RUN}
    if len(wanted) > len(found):
        for asset in {task.asset for task in plan.tasks}:
            row = state.get(ASSETS, asset)
            tags = row.definition.tags if row else {}
            held = {f"asset:{asset}", *(f"tag:{tag}" for tag in tags)}
            found |= wanted & (held | {f"tag:{tag}={value}" for tag, value in tags.items()})
    return tuple(sorted(found))


def considered_through(state: State) -> int:
    """The number of the newest run of which it is known whether it has to wait."""
    row = state.get(SEQUENCES, CONSIDERED)
    return row.last if row else 0


def place_of(row: QueuedRun) -> QueuePlace:
    """Where the run stands in the queue."""
    return QueuePlace(
        lane="\n".join(row.limits), rank=-row.priority, number=row.number, run_id=row.run_id
    )


def running_under(state: State) -> Counter[str]:
    """Limit -> how many runs under way count under it.

    Cost: the runs under way that count under any.
    """
    return Counter(name for row in state.range(ADMITTED_RUNS) for name in row.limits)


def admissible(state: State) -> Iterator[QueuedRun]:
    """Runs that have room now, the one to let in first first; each takes its room.

    Nobody passes a run at the limits it counts under, but at those that are wider than the one it
    waits for: whoever makes room in the narrower makes room in the wider.

    Cost: the runs under way, the lanes of the queue, and what is yielded.
    """
    limits, taken, held = limits_set(state), running_under(state), set[str]()
    heads: list[tuple[int, int, str, str]] = []
    for lane in _lanes(state):
        heappush(heads, _head(lane))
    while heads:
        rank, number, lane_name, run_id = heappop(heads)
        row = state.get(QUEUED_RUNS, run_id)
        if row is None:
            continue
        waits_for = [
            name for name in row.limits if _is_full(name, limits, taken=taken) or name in held
        ]
        if waits_for:
            held.update(name for name in row.limits if not _is_wider(name, waits_for))
            continue
        taken.update(row.limits)
        yield row
        behind = state.range(RUN_QUEUE, lane_name, after=(lane_name, rank, number))
        following = next(behind, None)
        if following is not None:
            heappush(heads, _head(following))


def full_limit(state: State, row: QueuedRun) -> tuple[str, int, int] | None:
    """The first limit that keeps the run waiting: name, how many may run, how many do."""
    limits, taken = limits_set(state), running_under(state)
    full = (name for name in row.limits if _is_full(name, limits, taken=taken))
    return next(((name, limits[name], taken[name]) for name in full), None)


def ahead_of(state: State, row: QueuedRun) -> int:
    """How many runs that share a limit with it are let in before it; counted up to 10,000."""
    mine = (-row.priority, row.number)
    shared = set(row.limits)
    count = 0
    for lane in _lanes(state):
        if shared.isdisjoint(lane.lane.split("\n")):
            continue
        before = takewhile(
            lambda each: (each.rank, each.number) < mine, state.range(RUN_QUEUE, lane.lane)
        )
        count += sum(1 for _ in islice(before, AHEAD_COUNTED_MAX - count))
    return count


def is_waiting(state: State, run: Run) -> bool:
    """True while the run stands in the queue."""
    return state.get(QUEUED_RUNS, run.run_id) is not None


def _is_full(name: str, limits: Mapping[str, int], *, taken: Counter[str]) -> bool:
    return name in limits and taken[name] >= limits[name]


def _is_wider(name: str, others: Iterable[str]) -> bool:
    """True when every run that counts under one of the others counts under this one too."""
    return any(
        other != name and (name == EVERY_RUN or other.startswith(f"{name}=")) for other in others
    )


def _lanes(state: State) -> Iterator[QueuePlace]:
    """The first place of every lane."""
    rows = state.range(RUN_QUEUE)
    while (first := next(rows, None)) is not None:
        yield first
        rows = state.range(RUN_QUEUE, after=(first.lane, NUMBER_LAST, NUMBER_LAST))


def _head(place: QueuePlace) -> tuple[int, int, str, str]:
    return (place.rank, place.number, place.lane, place.run_id)


__all__ = [
    "ADMITTED_RUNS",
    "AHEAD_COUNTED_MAX",
    "CONSIDERED",
    "EVERY_RUN",
    "NUMBER_LAST",
    "PRIORITY_MAX",
    "QUEUED_RUNS",
    "RUN_LIMITS",
    "RUN_PRIORITIES",
    "RUN_QUEUE",
    "TABLES",
    "AdmittedRun",
    "QueuePlace",
    "QueuedRun",
    "RunLimit",
    "RunPriority",
    "admissible",
    "ahead_of",
    "check_priority",
    "considered_through",
    "full_limit",
    "is_waiting",
    "limits_of",
    "limits_set",
    "place_of",
    "running_under",
]
