"""How assets stand by their own records: what of them is there, and which partitions are not what
their code and the partitions upstream of them would give now.

Kept in the notes of a state until a row that it rests on has moved, so a question about ten
thousand assets looks at those that moved since it was asked last. Law: the same as looking at each
partition by itself. Must not know what follows downstream.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import TypeAlias

import msgspec

from arco.model import Noting, Unfinished, noting
from arco.orchestration.definitions import AssetDefinition, Dependency
from arco.orchestration.partitions import Partitions, PartitionSet, all_keys
from arco.orchestration.rows import Materialization
from arco.orchestration.run_settings import Settings, settings_read, settings_version
from arco.orchestration.tables import PARTITION_STATUS
from arco.orchestration.views import AssetView, upstream_mapping

NOTES = "orchestration.standing"
NOTED_MAX = 1_000_000
"""So many stale partitions and keys are noted, about 200 bytes each; then all are forgotten."""
AT_ONCE = 50_000
"""After so many partitions a question stops for others: about 150 ms."""
VERSIONS_MAX = 262_144
"""So many data versions of upstream partitions are kept for the assets that come after."""
LOOKED_UP_SHARE = 8
"""Upstream partitions are read one by one where they are so many times those that need them."""

Place: TypeAlias = tuple[str, str]
"""Asset key and partition key."""
Reads: TypeAlias = Mapping[str, Mapping[str, str]]
"""Upstream asset -> partition key -> data version that was read."""


class StaleReason(StrEnum):
    """Why, in the order in which reasons are looked for."""

    NEVER_MATERIALIZED = "NEVER_MATERIALIZED"
    CODE_CHANGED = "CODE_CHANGED"
    SETTINGS_CHANGED = "SETTINGS_CHANGED"
    UPSTREAM_NEVER_MATERIALIZED = "UPSTREAM_NEVER_MATERIALIZED"
    UPSTREAM_CHANGED = "UPSTREAM_CHANGED"


class Judgement(msgspec.Struct, frozen=True, gc=False):
    """Why a partition is stale by its own record; upstream partitions count as they are."""

    reason: StaleReason
    cause: Place | None = None
    """The upstream partition that it goes back to."""
    is_runnable: bool = True
    """Whether running the partition now makes a difference; False: upstream has to run first."""


class Upstream(msgspec.Struct, frozen=True):
    """One dependency of an asset, as its partitions are judged by it."""

    asset: str
    is_read: bool
    """False: it is upstream for the order only, unless something of it was read after all."""
    keys: Callable[[str], Collection[str]]
    """From a partition to those upstream of it."""
    version: Callable[[str], str | None]
    """The data version that an upstream partition holds; None: nothing."""


class Shape:
    """What partitions of one definition exist, and their keys in order once somebody asks."""

    def __init__(self, existing: PartitionSet) -> None:
        self.existing = existing
        self.count = existing.count

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """The keys of all of them."""
        return tuple(self.existing)

    @cached_property
    def never(self) -> Mapping[str, Judgement]:
        """What is said of an asset of which nothing was ever made."""
        return dict.fromkeys(self.keys, NEVER)


class Standing(msgspec.Struct, frozen=True):
    """How one asset stands by its own records."""

    stale: Mapping[str, Judgement]
    """The stale ones of its partitions, in order."""
    materialized: int
    """How many partitions are there, also such as no longer exist."""
    rows: int | None
    newest: datetime | None
    """When the newest of it was made."""


NEVER = Judgement(StaleReason.NEVER_MATERIALIZED)
RECODED = Judgement(StaleReason.CODE_CHANGED)
RESET = Judgement(StaleReason.SETTINGS_CHANGED)


def judgement(
    held: Materialization | None,
    definition: AssetDefinition,
    *,
    changed: Iterable[tuple[Place, bool]],
    settings: Settings,
) -> Judgement | None:
    """What is said of a partition that holds this; `changed` is as `changed_places` says, and
    `settings` are those that a run is asked for with.
    """
    if held is None:
        return NEVER
    if held.code_version != definition.code.version:
        return RECODED
    if held.settings_version != settings_version(settings_read(definition, settings)):
        return RESET
    missing: Place | None = None
    moved: Place | None = None
    for place, is_missing in changed:
        missing = missing or (place if is_missing else None)
        moved = moved or (None if is_missing else place)
    if missing is not None:
        return Judgement(StaleReason.UPSTREAM_NEVER_MATERIALIZED, missing, moved is not None)
    return None if moved is None else Judgement(StaleReason.UPSTREAM_CHANGED, moved)


def changed_places(
    upstreams: Iterable[Upstream], key: str, *, reads: Reads
) -> Iterator[tuple[Place, bool]]:
    """Upstream partitions that are not what was read; True marks those that hold nothing."""
    for each in upstreams:
        recorded = reads.get(each.asset)
        # What is upstream for the order only is never read, so it cannot have changed.
        is_read = recorded is not None or each.is_read
        for upstream in each.keys(key):
            now = each.version(upstream)
            is_same = now is not None and (recorded or {}).get(upstream) == now
            if now is None or (is_read and not is_same):
                yield (each.asset, upstream), now is None


def upstreams_of(view: AssetView, asset: AssetDefinition) -> list[Upstream]:
    """The deployed dependencies; what their partitions hold is looked up one by one."""
    return [
        _upstream(view, asset, dependency=each, version=_looked_up(view, each.upstream))
        for each in asset.dependencies
        if each.upstream in view.definitions
    ]


def materialization(view: AssetView, asset: str, *, key: str) -> Materialization | None:
    """What the partition holds."""
    status = view.state.get(PARTITION_STATUS, asset, key)
    return status.materialization if status else None


class _Ground(msgspec.Struct, frozen=True):
    """What standings rest on, of one asset: the same object as long as nothing of it moved."""

    definition: AssetDefinition
    existing: PartitionSet
    mark: object
    """Of what its partitions hold; None: what rests on it is not noted."""


class _Notes:
    """What a state keeps of the standings of its assets."""

    def __init__(self) -> None:
        self.grounds: dict[str, _Ground] = {}
        self.shapes: dict[Partitions | None, Shape] = {}
        self.standings: dict[tuple[str, ...], tuple[tuple[_Ground, ...], Standing]] = {}
        """By the asset and those upstream that whoever asked may know of: what it rests on."""
        self.weight = 0


class Standings:
    """How the assets of one view stand: one question's look at them."""

    def __init__(self, view: AssetView) -> None:
        self.view = view
        # What is noted is how they stand with the project's settings.
        self._state = None if view.settings else noting(view.state)
        self._notes = _notes_of(self._state)
        self._found: dict[str, Standing] = {}
        self._grounds: dict[str, _Ground | None] = {}
        self._shapes: dict[Partitions | None, Shape] = {}
        self._versions: dict[str, dict[str, str]] = {}
        self._kept = 0
        """How many of them."""
        self._judged = 0
        """How many partitions were judged and noted by this look."""

    def of(self, asset: str) -> Standing:
        """How the deployed asset stands.

        Raises: NotLoaded; Unfinished after so many partitions, all of which are noted. Cost: when
        nothing that it rests on has moved, a look at each upstream asset; else its partitions and
        those that they are made from.
        """
        found = self._found.get(asset)
        if found is None:
            found = self._found[asset] = self._noted(self.view.definitions[asset])
        return found

    def _noted(self, definition: AssetDefinition) -> Standing:
        names = (definition.key, *(each.upstream for each in definition.dependencies))
        grounds = tuple([each for each in map(self._ground, names) if each is not None])
        if len(grounds) < len(names):
            names = tuple([each.definition.key for each in grounds])
        known = self._notes.standings.get(names)
        if known is not None and known[0] == grounds:
            return known[1]
        if self._judged >= AT_ONCE:
            raise Unfinished(PARTITION_STATUS, ())
        standing = self._standing(definition)
        if all(each.mark is not None for each in grounds) and self._notes.weight < NOTED_MAX:
            self._note(names, standing, grounds=grounds)
        return standing

    def _ground(self, asset: str) -> _Ground | None:
        """None: the asset is not deployed."""
        if asset in self._grounds:
            return self._grounds[asset]
        definition, found = self.view.definitions.get(asset), None
        if definition is not None:
            mark = self._state.mark(PARTITION_STATUS, asset) if self._state is not None else None
            found = _Ground(definition, self.shape(definition.partitions).existing, mark)
            known = self._notes.grounds.get(asset)
            found = self._notes.grounds[asset] = known if known == found else found
        self._grounds[asset] = found
        return found

    def _note(
        self, names: tuple[str, ...], standing: Standing, *, grounds: tuple[_Ground, ...]
    ) -> None:
        never = self.shape(grounds[0].definition.partitions).never
        self._notes.standings[names] = grounds, standing
        self._notes.weight += 1 if standing.stale is never else len(standing.stale)
        self._judged += self.shape(grounds[0].definition.partitions).count

    def shape(self, partitions: Partitions | None) -> Shape:
        """The partitions that exist now; the same object as long as they are the same."""
        found = self._shapes.get(partitions)
        if found is None:
            at, known = self.view.at, self._notes.shapes.get(partitions)
            existing = all_keys(partitions, now=at.now, dynamic=at.dynamic)
            found = known if known and known.existing == existing else Shape(existing)
            self._shapes[partitions] = self._notes.shapes[partitions] = found
        return found

    def _standing(self, definition: AssetDefinition) -> Standing:
        shape = self.shape(definition.partitions)
        held = self._held(definition)
        if not held:
            return Standing(shape.never, 0, None, None)
        count = shape.count
        judged = [
            self._upstream(definition, each, count=count)
            for each in definition.dependencies
            if each.upstream in self.view.definitions
        ]
        stale: dict[str, Judgement] = {}
        for key in shape.keys:
            made = held.get(key)
            changed = changed_places(judged, key, reads=made.reads) if made else ()
            said = judgement(made, definition, changed=changed, settings=self.view.settings)
            if said is not None:
                stale[key] = said
        rows = [each.rows for each in held.values() if each.rows is not None]
        newest = max(each.materialized_at for each in held.values())
        return Standing(stale, len(held), sum(rows) if rows else None, newest)

    def _held(self, definition: AssetDefinition) -> dict[str, Materialization]:
        statuses = self.view.state.range(PARTITION_STATUS, definition.key)
        return {
            each.partition_key: each.materialization for each in statuses if each.materialization
        }

    def _upstream(self, asset: AssetDefinition, dependency: Dependency, *, count: int) -> Upstream:
        """The dependency of an asset of so many partitions."""
        upstream = self.view.definitions[dependency.upstream]
        others = self.shape(upstream.partitions).count
        if upstream.partitions is None or others > LOOKED_UP_SHARE * count:
            version = _looked_up(self.view, upstream.key)
        else:
            version = self._versions_of(upstream).get
        return _upstream(self.view, asset, dependency=dependency, version=version)

    def _versions_of(self, upstream: AssetDefinition) -> dict[str, str]:
        found = self._versions.get(upstream.key)
        if found is None:
            held = self._held(upstream).items()
            found = {key: each.data_version for key, each in held}
            self._versions[upstream.key] = found
            self._kept += len(found)
            while self._kept > VERSIONS_MAX and len(self._versions) > 1:
                self._kept -= len(self._versions.pop(next(iter(self._versions))))
        return found


def _notes_of(state: Noting | None) -> _Notes:
    notes: _Notes | None = state.notes.get(NOTES) if state is not None else None
    if notes is None or notes.weight >= NOTED_MAX:
        notes = _Notes()
        if state is not None:
            state.notes[NOTES] = notes
    return notes


def _upstream(
    view: AssetView,
    asset: AssetDefinition,
    *,
    dependency: Dependency,
    version: Callable[[str], str | None],
) -> Upstream:
    upstream = view.definitions[dependency.upstream]
    keys = upstream_mapping(dependency, downstream=asset, upstream=upstream, at=view.at)
    return Upstream(upstream.key, bool(dependency.parameter), keys, version)


def _looked_up(view: AssetView, asset: str) -> Callable[[str], str | None]:
    def version(key: str) -> str | None:
        held = materialization(view, asset, key=key)
        return held.data_version if held else None

    return version


__all__ = [
    "Judgement",
    "Place",
    "Reads",
    "Shape",
    "StaleReason",
    "Standing",
    "Standings",
    "Upstream",
    "changed_places",
    "judgement",
    "materialization",
    "upstreams_of",
]
