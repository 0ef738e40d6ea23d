"""From what a sensor asks for to runs: each request is one run, whoever asks how often.

A run key stands for one request: the same request again is the run there is, another one is one
conflict on record. Law C1: deciding again starts nothing. Must not know who evaluates sensors.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from arco.errors import ArcoError
from arco.ids import milliseconds, sha256, ulid
from arco.model import Event, State
from arco.orchestration.choosing import choose_partitions
from arco.orchestration.commands.runs import (
    KeyUse,
    TriggerRun,
    answered,
    key_use,
    triggered,
)
from arco.orchestration.definitions import Which
from arco.orchestration.events import RunKeyConflicted
from arco.orchestration.selection import select_assets
from arco.orchestration.tables import RUN_KEYS
from arco.orchestration.ticking import RunScope
from arco.orchestration.views import AssetView, asset_view

RUNS_TOLD_MAX = 20
MESSAGE_CHARACTERS_MAX = 2_000


class RunAsked(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A run that a sensor asks for."""

    run_key: str = ""
    """Asked for again under this key it is the same run; empty: it is asked for once."""
    selection: tuple[str, ...] = ()
    """Empty: what the sensor selects."""
    partition: str = ""
    which: Which = "refresh"
    """Which partitions run, when none is named."""


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks, and when."""

    sensor: str
    number: int
    """The look's: requests without a key are known by it."""
    selection: tuple[str, ...]
    scope: RunScope
    evaluated_at: datetime


class Bridged(msgspec.Struct, frozen=True):
    """What the requests came to."""

    events: tuple[Event, ...] = ()
    requested: int = 0
    started: int = 0
    known: int = 0
    conflicted: int = 0
    fresh: int = 0
    refused: int = 0
    run_ids: tuple[str, ...] = ()
    message: str = ""
    """Why the first that could not be planned could not."""


class Bridge:
    """The requests of one look, decided one after the other on one state."""

    def __init__(self, state: State, now: datetime, *, asking: Asking) -> None:
        self._state = state
        self._now = now
        self._asking = asking
        self._view: AssetView | None = None
        self._taken: dict[str, str] = {}
        """Run key -> request, of the runs that this look starts."""
        self._disputed: set[tuple[str, str]] = set()
        self._events: list[Event] = []
        self._counts = dict.fromkeys(("started", "known", "conflicted", "fresh", "refused"), 0)
        self._run_ids: list[str] = []
        self._message = ""

    def ask(self, requests: Sequence[RunAsked]) -> Bridged:
        """What all of them come to; one that cannot be planned keeps no other from its run."""
        for index, request in enumerate(requests):
            command = run_asked(request, self._asking, index=index)
            try:
                self._counts[self._one(command)] += 1
            except ArcoError as error:
                self._counts["refused"] += 1
                told = f"{request.run_key or command.run_key}: {error.message} {error.hint}"
                self._message = self._message or told.strip()[:MESSAGE_CHARACTERS_MAX]
        return Bridged(
            events=tuple(self._events),
            requested=len(requests),
            run_ids=tuple(self._run_ids[:RUNS_TOLD_MAX]),
            message=self._message,
            **self._counts,
        )

    def _one(self, command: TriggerRun) -> str:
        """What became of it, as `Bridged` counts it."""
        use = key_use(command)
        owner = self._owner(use)
        if owner:
            return "known" if owner == use.fingerprint else self._dispute(use)
        if answered(self._state, self._now, use=use) is not None:
            return "known"
        if self._view is None:
            self._view = asset_view(self._state, self._now)
        assets = select_assets(self._view.definitions, command.selection)
        chosen = choose_partitions(
            self._view, assets, partition=command.partition, which=command.which
        )
        if not chosen:
            return "fresh"
        self._events.append(triggered(self._view, chosen, command=command))
        self._taken[use.run_key] = use.fingerprint
        self._run_ids.append(command.run_id)
        return "started"

    def _owner(self, use: KeyUse) -> str:
        """The request that the run key stands for."""
        row = self._state.get(RUN_KEYS, use.run_key)
        return row.fingerprint if row else self._taken.get(use.run_key, "")

    def _dispute(self, use: KeyUse) -> str:
        """One conflict for each request that a key does not stand for."""
        named = (use.run_key, use.fingerprint)
        if use.run_key in self._taken and named not in self._disputed:
            conflicted = RunKeyConflicted(
                run_key=use.run_key,
                request=use.fingerprint,
                conflicted_at=self._now,
                actor=use.actor,
            )
            self._events.append(Event(conflicted, use.actor))
        elif named not in self._disputed:
            self._events += answered(self._state, self._now, use=use) or ()
        self._disputed.add(named)
        return "conflicted"


def bridged(
    state: State, now: datetime, *, requests: Iterable[RunAsked], asking: Asking
) -> Bridged:
    """The runs that these requests come to, and how many came to what."""
    return Bridge(state, now, asking=asking).ask(tuple(requests))


def run_asked(request: RunAsked, asking: Asking, *, index: int) -> TriggerRun:
    """The run that a request asks for, under a key and an id that only this request has."""
    named = f"key:{request.run_key}" if request.run_key else f"look:{asking.number}:{index}"
    run_key = f"sensor:{asking.sensor}:{named}"
    return TriggerRun(
        run_id=ulid(milliseconds(asking.evaluated_at), int(sha256(run_key.encode()), 16)),
        tenant=asking.scope.tenant,
        workspace=asking.scope.workspace,
        selection=request.selection or asking.selection,
        partition=request.partition,
        which=request.which,
        run_key=run_key,
        actor=f"sensor:{asking.sensor}",
    )


__all__ = [
    "MESSAGE_CHARACTERS_MAX",
    "Asking",
    "Bridge",
    "Bridged",
    "RunAsked",
    "bridged",
    "run_asked",
]
