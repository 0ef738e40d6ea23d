"""The next steps of a backfill's chunk: the runs they start, what they skip, what they refuse.

The law: a step is one run, and the run's id is its place and attempt, so that no step has two. Must
not know which chunks are due, or who executes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cached_property

import msgspec

from arco.errors import ArcoError
from arco.ids import milliseconds, sha256, ulid
from arco.model import Event, State
from arco.orchestration.backfill_events import BackfillAdvanced, StartedRun
from arco.orchestration.backfill_sets import Layout, Piece
from arco.orchestration.backfills import (
    BACKFILL_CHUNKS,
    BACKFILL_MARKS,
    BACKFILL_RUNS,
    Backfill,
    BackfillChunk,
    BackfillStage,
    Mark,
)
from arco.orchestration.choosing import Chosen, wanted_partitions
from arco.orchestration.commands.runs import TriggerRun, triggered
from arco.orchestration.partitions import display
from arco.orchestration.ticking import RunScope
from arco.orchestration.views import asset_view

ACTOR = "backfill"


class Step(msgspec.Struct, frozen=True):
    """What became of one place of a chunk."""

    place: int
    partitions: int
    skipped: int = 0
    run: StartedRun | None = None
    trigger: Event | None = None
    refused: str = ""
    """Why it could not be tried."""


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """The steps of a chunk that were taken."""

    events: Sequence[Event]
    started: int
    looked_at: int
    """How many tasks were thought of."""
    is_finished: bool
    """No step of the chunk is left."""


class Stepper:
    """One backfill at one moment, and what of it runs."""

    def __init__(
        self,
        state: State,
        row: Backfill,
        stages: tuple[BackfillStage, ...],
        *,
        now: datetime,
        scope: RunScope,
    ) -> None:
        self._state = state
        self._row = row
        self._scope = scope
        self._view = asset_view(state, now)
        self._layout = Layout(self._view, row.created_at, stages, chunk_size=row.chunk_size)
        self._started: list[tuple[int, tuple[int, int]]] = []
        self._refused: list[Piece] = []
        """What was refused by now and is not in the state yet."""

    def advance(self, at: int, *, room: int, turn: int) -> Taken:
        """The chunk's next steps, with at most `room` runs, and few more than `turn` tasks."""
        stage, span = self._layout.place_of(at)
        chunk = self._state.get(BACKFILL_CHUNKS, self._row.backfill_id, at)
        places = self._places(chunk, span[1] - span[0])
        begins = chunk.step if chunk else 0
        width = len(self._layout.stages[stage].assets)
        steps: list[Step] = []
        looked_at = started = 0
        for step in self._steps(at, places[begins:], attempt=chunk.attempt if chunk else 1):
            steps.append(step)
            looked_at += width * step.partitions
            started += step.run is not None
            if started >= room or looked_at >= turn:
                break
        through = begins + len(steps)
        return Taken(
            events=self._told(at, steps, begins=begins, steps_in_all=len(places)) if steps else (),
            started=started,
            looked_at=looked_at,
            is_finished=through >= len(places),
        )

    def _places(self, chunk: BackfillChunk | None, count: int) -> Sequence[int]:
        if chunk is not None and chunk.retried is not None:
            return chunk.retried
        return range(1 if self._row.runs_per == "chunk" else count)

    def _steps(self, at: int, places: Sequence[int], *, attempt: int) -> Iterator[Step]:
        """What becomes of the places, until one has to wait for what it is made from."""
        stage, _ = self._layout.place_of(at)
        problem = self._layout.problem(stage)
        for place in places:
            span = self._span(at, place)
            partitions = span[1] - span[0]
            if problem:
                yield Step(place, partitions, refused=problem)
                continue
            piece = self._layout.piece(stage, span)
            needs = self._layout.needs(piece)
            if any(self._is_running(need) for need in needs):
                return
            fallen = next((name for need in needs if (name := self._fallen(need))), "")
            if fallen:
                self._refused.append(piece)
                yield Step(place, partitions, refused=f"it is made from {fallen}, which failed")
                continue
            run_id = self._run_id(at, place, attempt=attempt)
            yield self._step(piece, place, run_id=run_id)

    def _step(self, piece: Piece, place: int, *, run_id: str) -> Step:
        """The run of the piece, if anything of it is wanted."""
        stage = self._layout.stages[piece.stage]
        keys = tuple(piece.keys)
        try:
            chosen = wanted_partitions(self._view, stage.assets, keys=keys, which=self._row.which)
            trigger = self._trigger(chosen, keys, run_id=run_id) if chosen else None
        except ArcoError as error:
            return Step(place, len(keys), refused=f"{error.message} {error.hint}".strip())
        wanted = len(set().union(*chosen.values()))
        if trigger is None:
            return Step(place, len(keys), skipped=len(keys))
        self._started.append((piece.stage, piece.span))
        run = StartedRun(run_id, place, wanted)
        return Step(place, len(keys), skipped=len(keys) - wanted, run=run, trigger=trigger)

    def _trigger(self, chosen: Chosen, keys: tuple[str, ...], *, run_id: str) -> Event:
        actor = f"{ACTOR}:{self._row.backfill_id}"
        command = TriggerRun(
            run_id=run_id,
            tenant=self._scope.tenant,
            workspace=self._scope.workspace,
            selection=tuple(chosen),
            partition=_spelled(keys),
            actor=actor,
        )
        return triggered(self._view, chosen, command=command)

    def _told(
        self, at: int, steps: Sequence[Step], *, begins: int, steps_in_all: int
    ) -> Sequence[Event]:
        stage, span = self._layout.place_of(at)
        chunk = self._state.get(BACKFILL_CHUNKS, self._row.backfill_id, at)
        first, last = ("", "") if chunk else self._ends(stage, span)
        advanced = BackfillAdvanced(
            backfill_id=self._row.backfill_id,
            chunk=at,
            attempt=chunk.attempt if chunk else 1,
            begins=begins,
            through=begins + len(steps),
            steps=steps_in_all,
            stage=stage,
            total=span[1] - span[0],
            first_partition=first,
            last_partition=last,
            runs=tuple(step.run for step in steps if step.run),
            skipped=sum(step.skipped for step in steps),
            refused=tuple(step.place for step in steps if step.refused),
            refused_partitions=sum(step.partitions for step in steps if step.refused),
            message=next((step.refused for step in steps if step.refused), ""),
            advanced_at=self._view.at.now,
        )
        return [*(step.trigger for step in steps if step.trigger), Event(advanced, ACTOR)]

    def _ends(self, stage: int, span: tuple[int, int]) -> tuple[str, str]:
        if self._layout.problem(stage):
            return "", ""
        keys = self._layout.piece(stage, span).keys
        return keys.first() or "", keys.last() or ""

    def _span(self, chunk: int, place: int) -> tuple[int, int]:
        """The positions in its stage that a place of a chunk stands for."""
        _, (begins, ends) = self._layout.place_of(chunk)
        if self._row.runs_per == "chunk":
            return begins, ends
        return begins + place, begins + place + 1

    def _run_id(self, chunk: int, place: int, *, attempt: int) -> str:
        name = f"{self._row.backfill_id}:{chunk}:{attempt}:{place}"
        return ulid(milliseconds(self._row.created_at), int(sha256(name.encode()), 16))

    @cached_property
    def _running(self) -> list[tuple[int, tuple[int, int]]]:
        """The stage and the positions of every run that has not ended."""
        return [
            (self._layout.place_of(run.chunk)[0], self._span(run.chunk, run.place))
            for run in self._state.range(BACKFILL_RUNS, self._row.backfill_id)
        ]

    def _is_running(self, need: Piece) -> bool:
        return any(
            _overlap(need, stage, span=span)
            for runs in (self._running, self._started)
            for stage, span in runs
        )

    def _fallen(self, need: Piece) -> str:
        """A partition among those that are needed which failed here; empty: none did."""
        for piece in self._refused:
            if _overlap(need, piece.stage, span=piece.span):
                refused = piece.keys.intersection(need.keys).first()
                if refused is not None:
                    return display(refused) or self._layout.stages[need.stage].assets[0]
        size = self._row.chunk_size
        base = self._layout.first_chunk(need.stage)
        last = base + (need.span[1] - 1) // size
        behind = (self._row.backfill_id, Mark.FAILED, base + need.span[0] // size - 1)
        marks = self._state.range(BACKFILL_MARKS, *behind[:2], after=behind)
        for mark in marks:
            if mark.chunk > last:
                break
            chunk = self._state.get(BACKFILL_CHUNKS, self._row.backfill_id, mark.chunk)
            for place in chunk.failed_places if chunk else ():
                piece = self._layout.piece(need.stage, self._span(mark.chunk, place))
                failed = piece.keys.intersection(need.keys).first()
                if failed is not None:
                    return display(failed) or self._layout.stages[need.stage].assets[0]
        return ""


def _overlap(need: Piece, stage: int, *, span: tuple[int, int]) -> bool:
    return stage == need.stage and span[0] < need.span[1] and need.span[0] < span[1]


def _spelled(keys: tuple[str, ...]) -> str:
    """What the run's `partition` says: its key, or from which to which."""
    return keys[0] if len(keys) == 1 else f"{display(keys[0])}..{display(keys[-1])}"


__all__ = ["ACTOR", "Step", "Stepper", "Taken"]
