"""Backfills as sets of partitions: which assets go together, what a chunk holds, what it waits for.

The law: what is stored means the same partitions later, or they are refused: positions of values
that were added at run time never shift. Must not know runs or events.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache

import msgspec

from arco.canonical import canonical_json
from arco.errors import ArcoError, Invalid
from arco.ids import sha256
from arco.model import State
from arco.orchestration.backfills import BackfillStage, Boxes
from arco.orchestration.definitions import AssetDefinition, Dependency
from arco.orchestration.partitions import (
    DynamicPartitions,
    IdentityMapping,
    Partitions,
    PartitionSet,
    StaticPartitions,
    dimensions,
    no_keys,
    parse_selector,
    upstream_partitions,
)
from arco.orchestration.partitions import spans as sets
from arco.orchestration.partitions.axes import HourAxis, ListAxis, axes_of
from arco.orchestration.plan import upstream_first
from arco.orchestration.tables import DYNAMIC_PARTITIONS
from arco.orchestration.views import AssetView, Partitioning

BOXES_MAX = 2_000
GONE = ""
"""What stands where a value was removed, or was added later; it is no value."""


class LastingValues(Mapping[str, Sequence[str]]):
    """Name of a dynamic partition set -> its values of a moment, each at a place that never shifts.

    `widths` are how many places there were, by name, where more is known than what is left.
    """

    def __init__(
        self, state: State, until: datetime, *, widths: Mapping[str, int] | None = None
    ) -> None:
        self._state = state
        self._until = until
        self._widths = widths or {}
        self._known: dict[str, tuple[str, ...]] = {}

    def __getitem__(self, name: str) -> Sequence[str]:
        if name not in self._known:
            found = {
                row.position: row.value
                for row in self._state.range(DYNAMIC_PARTITIONS, name)
                if row.added_at <= self._until
            }
            width = max(self._widths.get(name, 0), *found, 0)
            places = range(1, width + 1)
            self._known[name] = tuple(found.get(place, GONE) for place in places)
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(row.name for row in self._state.range(DYNAMIC_PARTITIONS)))

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Piece(msgspec.Struct, frozen=True):
    """Some partitions of a stage, and where they stand in it."""

    stage: int
    span: tuple[int, int]
    keys: PartitionSet


class Layout:
    """The stages of one backfill at one moment, cut into chunks.

    `since` is when it was made: what was added later is not of it.
    """

    def __init__(
        self,
        view: AssetView,
        since: datetime,
        stages: tuple[BackfillStage, ...],
        *,
        chunk_size: int,
    ) -> None:
        self.view = view
        self.stages = stages
        self._size = chunk_size
        lasting = LastingValues(view.state, since, widths=_widths(view.definitions, stages))
        self._at = Partitioning(view.at.now, lasting)
        self._sets: dict[int, PartitionSet] = {}
        self._stage_of = {asset: at for at, stage in enumerate(stages) for asset in stage.assets}

    def place_of(self, chunk: int) -> tuple[int, tuple[int, int]]:
        """The stage of the chunk, and its positions there."""
        for at, stage in enumerate(self.stages):
            chunks = chunks_of(stage, self._size)
            if chunk < chunks:
                begins = chunk * self._size
                return at, (begins, min(begins + self._size, stage.partitions))
            chunk -= chunks
        raise AssertionError("no stage has such a chunk")

    def first_chunk(self, stage: int) -> int:
        """The first chunk of the stage."""
        return sum(chunks_of(each, self._size) for each in self.stages[:stage])

    def piece(self, stage: int, span: tuple[int, int]) -> Piece:
        """The partitions at these positions of the stage."""
        return Piece(stage, span, self._keys(stage).slice(*span))

    def problem(self, stage: int) -> str:
        """Why nothing of the stage can be run any more; empty when it can."""
        for asset in self.stages[stage].assets:
            definition = self.view.definitions.get(asset)
            if definition is None:
                return f"{asset} is no longer deployed"
            if shape_of(definition.partitions) != self.stages[stage].shape:
                return f"the partitions of {asset} are cut differently since the backfill was made"
        return next((problem for up in self._above(stage) if (problem := self.problem(up))), "")

    def needs(self, piece: Piece) -> list[Piece]:
        """What the piece is made from, each with the positions it lies between: of other stages,
        and of an asset that reads its own earlier partitions what comes before the piece.
        """
        found: list[Piece] = []
        for asset in self.stages[piece.stage].assets:
            downstream = self.view.definitions[asset]
            for dependency in downstream.dependencies:
                stage = self._stage_of.get(dependency.upstream, piece.stage)
                if stage != piece.stage or dependency.upstream == asset:
                    found += self._needed(dependency, piece, stage=stage)
        return found

    def _needed(self, dependency: Dependency, piece: Piece, *, stage: int) -> Iterator[Piece]:
        upstream = self.view.definitions[dependency.upstream]
        wanted = upstream_partitions(
            dependency.mapping,
            piece.keys,
            upstream=upstream.partitions,
            now=self._at.now,
            dynamic=self._at.dynamic,
        )
        everything = self._keys(stage)
        needed = wanted.intersection(everything)
        if stage == piece.stage:
            needed = needed.difference(piece.keys)
        if needed:
            ends = [sets.rank(everything.spans, point) for point in _ends(needed)]
            yield Piece(stage, (ends[0], ends[1] + 1), needed)

    def _above(self, stage: int) -> set[int]:
        definitions = (self.view.definitions[asset] for asset in self.stages[stage].assets)
        upstreams = (each.upstream for one in definitions for each in one.dependencies)
        return {self._stage_of[key] for key in upstreams if key in self._stage_of} - {stage}

    def _keys(self, stage: int) -> PartitionSet:
        if stage not in self._sets:
            row = self.stages[stage]
            partitions = self.view.definitions[row.assets[0]].partitions
            axes = no_keys(partitions, dynamic=self._at.dynamic).axes
            self._sets[stage] = PartitionSet(axes, spans_of(row.boxes))
        return self._sets[stage]


def chunks_of(stage: BackfillStage, size: int) -> int:
    """How many chunks the stage is cut into."""
    return -(-stage.partitions // size)


def planned_stages(
    view: AssetView, assets: Sequence[str], *, partitions: Sequence[str]
) -> tuple[BackfillStage, ...]:
    """The assets in the order in which their partitions can be made, with what is selected of them.

    Raises: Invalid BACKFILL_UNPARTITIONED, BACKFILL_DISAGREES, BACKFILL_TOO_SCATTERED,
    PARTITION_UNKNOWN.
    """
    ordered = upstream_first(view.definitions, assets)
    if all(view.definitions[asset].partitions is None for asset in ordered):
        raise Invalid(
            "BACKFILL_UNPARTITIONED",
            f"None of these assets is partitioned: {', '.join(ordered[:3])}.",
            hint="`arco run` makes an asset that has no partitions.",
        )
    chosen = _chosen(view, ordered, texts=partitions)
    levels = _levels(view.definitions, chosen)
    grouped: dict[tuple[int, str, Boxes], list[str]] = {}
    for asset, keys in chosen.items():
        shape = shape_of(view.definitions[asset].partitions)
        grouped.setdefault((levels[asset], shape, _boxes_of(keys)), []).append(asset)
    return tuple(
        BackfillStage(tuple(members), shape, boxes, chosen[members[0]].count)
        for (_, shape, boxes), members in sorted(grouped.items(), key=lambda each: each[0][0])
    )


@lru_cache(maxsize=256)
def shape_of(partitions: Partitions | None) -> str:
    """What the ordinals of these partitions depend on, in sixteen characters.

    When they begin and end is not among it: more of the same partitions are the same partitions.
    """
    text = canonical_json([_shape_of_part(part) for part in dimensions(partitions)])
    return sha256(text)[:16]


def _shape_of_part(part: object) -> list[object]:
    kind = type(part).__name__
    if isinstance(part, DynamicPartitions):
        return [part.dimension, kind, part.name]
    if isinstance(part, StaticPartitions):
        return [part.dimension, kind, list(part.values)]
    (axis,) = axes_of(part, {})  # type: ignore[arg-type]
    phase = int(axis.phase.total_seconds()) if isinstance(axis, HourAxis) else 0
    return [axis.dimension, kind, part.timezone, phase]  # type: ignore[attr-defined]


def _chosen(
    view: AssetView, ordered: Sequence[str], *, texts: Sequence[str]
) -> dict[str, PartitionSet]:
    at = Partitioning(view.at.now, LastingValues(view.state, view.at.now))
    chosen: dict[str, PartitionSet] = {}
    refused: dict[str, ArcoError] = {}
    for asset in ordered:
        definition = view.definitions[asset]
        try:
            chosen[asset] = _selected(definition, texts, at=at)
        except ArcoError as error:
            refused[asset] = error
    if refused and all(view.definitions[asset].partitions is None for asset in chosen):
        raise next(iter(refused.values()))
    if refused:
        raise _disagree(view, texts, chosen=chosen, refused=refused)
    return chosen


def _selected(
    definition: AssetDefinition, texts: Sequence[str], *, at: Partitioning
) -> PartitionSet:
    partitions = definition.partitions
    wanted = texts if texts and partitions is not None else ("*",)
    found = [
        parse_selector(partitions, text, now=at.now, dynamic=at.dynamic).spans
        for text in dict.fromkeys(wanted)
    ]
    axes = no_keys(partitions, dynamic=at.dynamic).axes
    return without_gone(PartitionSet(axes, sets.union_of(found)))


def without_gone(keys: PartitionSet) -> PartitionSet:
    """The set without the places at which no value stands."""
    spans = keys.spans
    for place, axis in enumerate(keys.axes):
        if isinstance(axis, ListAxis) and GONE in axis.values:
            gone = [(at, at + 1) for at, value in enumerate(axis.values) if value == GONE]
            holes = [
                sets.box([gone if at == place else [side] for at, side in enumerate(box)])
                for box in sets.boxes(spans)
            ]
            spans = sets.difference(spans, sets.union_of(holes))
    return PartitionSet(keys.axes, spans)


def _levels(
    definitions: Mapping[str, AssetDefinition], chosen: Mapping[str, PartitionSet]
) -> dict[str, int]:
    """How many stages come before each asset's; `chosen` is upstream first."""
    levels: dict[str, int] = {}
    for asset in chosen:
        definition = definitions[asset]
        levels[asset] = max(
            (
                levels[each.upstream]
                + (
                    not _goes_along(
                        each, definition, upstream=definitions[each.upstream], chosen=chosen
                    )
                )
                for each in definition.dependencies
                if each.upstream in levels
            ),
            default=0,
        )
    return levels


def _goes_along(
    dependency: Dependency,
    downstream: AssetDefinition,
    *,
    upstream: AssetDefinition,
    chosen: Mapping[str, PartitionSet],
) -> bool:
    """Whether each partition is made from the same partition upstream, which is selected too."""
    is_same = shape_of(downstream.partitions) == shape_of(upstream.partitions)
    is_plain = dependency.mapping is None or isinstance(dependency.mapping, IdentityMapping)
    return is_same and is_plain and chosen[downstream.key].spans == chosen[upstream.key].spans


def _boxes_of(keys: PartitionSet) -> Boxes:
    boxes = tuple(sets.boxes(keys.spans))
    if len(boxes) > BOXES_MAX:
        raise Invalid(
            "BACKFILL_TOO_SCATTERED",
            f"These partitions are {len(boxes):,} ranges; {BOXES_MAX:,} is the most.",
            hint="Name wider ranges, and leave out what is fresh with --which missing.",
        )
    return boxes


@lru_cache(maxsize=256)
def spans_of(boxes: Boxes) -> sets.Spans:
    """The union of the boxes."""
    return sets.union_of([sets.box([[side] for side in box]) for box in boxes])


def _widths(
    definitions: Mapping[str, AssetDefinition], stages: Sequence[BackfillStage]
) -> dict[str, int]:
    """Name of each dynamic partition set -> how many of its places the stages know."""
    widest: dict[str, int] = {}
    for stage in stages:
        definition = definitions.get(stage.assets[0])
        if definition is None or shape_of(definition.partitions) != stage.shape:
            continue
        for place, part in enumerate(dimensions(definition.partitions)):
            if isinstance(part, DynamicPartitions):
                stops = (box[place][1] for box in stage.boxes)
                widest[part.name] = max(widest.get(part.name, 0), *stops)
    return widest


def _ends(keys: PartitionSet) -> tuple[sets.Point, sets.Point]:
    last = keys.slice(keys.count - 1, keys.count)
    return next(sets.points(keys.spans)), next(sets.points(last.spans))


def _disagree(
    view: AssetView,
    texts: Sequence[str],
    *,
    chosen: Mapping[str, PartitionSet],
    refused: Mapping[str, ArcoError],
) -> Invalid:
    takes = next(asset for asset in chosen if view.definitions[asset].partitions is not None)
    refuses, error = next(iter(refused.items()))
    said = ", ".join(texts)
    return Invalid(
        "BACKFILL_DISAGREES",
        f"These assets disagree about partitions: {said!r} names partitions of {takes}, "
        f"but not of {refuses}: {error.message}",
        hint="Select assets with the same partitions, one backfill for each kind.",
        assets=sorted(refused),
    )


__all__ = [
    "BOXES_MAX",
    "GONE",
    "LastingValues",
    "Layout",
    "Piece",
    "chunks_of",
    "planned_stages",
    "shape_of",
    "spans_of",
    "without_gone",
]
