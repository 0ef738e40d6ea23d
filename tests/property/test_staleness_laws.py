"""What a state remembers of how its assets stand is what looking at each partition would say, after
any changes and for whoever asks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from arco.engine.tables import Tables
from arco.model import Change, Drop, Key, Put, Row, State, Table, noting
from arco.orchestration.definitions import AssetDefinition, CodeReference, Dependency, SourceLine
from arco.orchestration.partitions import (
    AllMapping,
    DailyPartitions,
    DynamicPartitions,
    LastMapping,
    MonthlyPartitions,
    Partitions,
    StaticPartitions,
    TimeWindowMapping,
)
from arco.orchestration.plan import upstream_first
from arco.orchestration.rows import Asset, DynamicPartition, Materialization, PartitionStatus
from arco.orchestration.staleness import own_staleness, stale_keys, stale_partitions
from arco.orchestration.staleness import upstream_places as places_of
from arco.orchestration.standing import Place, Standings
from arco.orchestration.tables import ASSETS, DYNAMIC_PARTITIONS, PARTITION_STATUS
from arco.orchestration.views import AssetView, asset_view, partitions_of
from arco.service.assets import list_assets
from arco.service.holdings import Holdings
from arco.service.views import View
from arco.service.visibility import Visible
from arco.service.workspace import DOMAINS
from arco.testing.orchestration_samples import START

NAMES = ("a.raw", "b.mid", "c.mid", "d.end", "e.end")
SHAPES: tuple[Partitions | None, ...] = (
    None,
    StaticPartitions(("x", "y", "z")),
    DailyPartitions(start=f"{START - timedelta(days=3):%Y-%m-%d}"),
    MonthlyPartitions(start=f"{START - timedelta(days=70):%Y-%m-%d}"[:7]),
    DynamicPartitions("grown"),
)
TIMED = (SHAPES[2], SHAPES[3])
MANY = 10_000

Step = tuple[str, int, int, int]
STEPS = st.tuples(
    st.sampled_from(["made", "made", "made", "define", "lose", "grow", "wait", "remove"]),
    st.integers(0, len(NAMES) - 1),
    st.integers(0, 40),
    st.integers(0, 2),
)


class Plain:
    """A state that keeps no notes."""

    def __init__(self, state: State) -> None:
        self._state = state

    def get(self, table: Table[Row], *key: Any) -> Row | None:
        return self._state.get(table, *key)

    def range(self, table: Table[Row], *prefix: Any, after: Key | None = None) -> Iterator[Row]:
        return self._state.range(table, *prefix, after=after)


class Story:
    """A few assets, and what becomes of them."""

    def __init__(self) -> None:
        self.tables = Tables(table for domain in DOMAINS for table in domain.tables)
        self.now = START
        self.seq = 0
        for place in range(len(NAMES)):
            self.take(("define", place, 1, 0))

    def take(self, step: Step) -> None:
        """One thing happens."""
        what, place, number, version = step
        if what == "wait":
            self.now += timedelta(hours=number)
            return
        changes: dict[str, list[Change]] = {
            "define": [_defined(NAMES[place], number, version=version)],
            "remove": [_defined(NAMES[place], number, version=version, removed=number % 3 == 0)],
            "grow": [_grown(number % 4, is_there=version > 0)],
        }
        self.seq += 1
        self.tables.apply(changes.get(what) or self._moved(step), self.seq)

    def _moved(self, step: Step) -> list[Change]:
        what, place, number, version = step
        view = asset_view(self.tables, self.now)
        asset = self.tables.get(ASSETS, NAMES[place])
        assert asset is not None
        keys = list(partitions_of(asset.definition, view.at))
        if not keys:
            return []
        # Often all of them, so that whole assets are fresh.
        some = keys if number < len(keys) * 2 else [keys[number % len(keys)]]
        if what == "lose":
            return [Drop(PARTITION_STATUS, (asset.key, some[0]))]
        return [
            Put(PARTITION_STATUS, _made(view, asset.definition, key=key, version=version))
            for key in some
        ]


def _defined(name: str, number: int, *, version: int, removed: bool = False) -> Change:
    place = NAMES.index(name)
    upstreams = [up for position, up in enumerate(NAMES[:place]) if number >> position & 1]
    partitions = SHAPES[number % len(SHAPES)]
    needs = [Dependency(up, up if version else "", _mapping(number)) for up in upstreams]
    if partitions in TIMED and number % 7 == 0:
        needs.append(Dependency(name, name, TimeWindowMapping(-1, -1)))
    definition = AssetDefinition(
        key=name,
        code=CodeReference("project", name, str(number % 2)),
        source=SourceLine("project.py", 1),
        dependencies=tuple(needs),
        partitions=partitions,
    )
    row = Asset(
        key=name,
        asset_id=name,
        table_id=name,
        project="demo",
        deployment_id="D",
        definition=definition,
        removed=removed,
    )
    return Put(ASSETS, row)


def _mapping(number: int) -> Any:
    return (None, None, None, AllMapping(), LastMapping())[number % 5]


def _grown(number: int, *, is_there: bool) -> Change:
    if not is_there:
        return Drop(DYNAMIC_PARTITIONS, ("grown", f"v{number}"))
    row = DynamicPartition(name="grown", value=f"v{number}", position=number, added_at=START)
    return Put(DYNAMIC_PARTITIONS, row)


def _made(
    view: AssetView, definition: AssetDefinition, *, key: str, version: int
) -> PartitionStatus:
    """Made of what is upstream now, or of something older."""
    reads: dict[str, dict[str, str]] = {}
    for asset, upstream in places_of(view, definition, key=key):
        row = view.state.get(PARTITION_STATUS, asset, upstream)
        held = row.materialization if row else None
        said = held.data_version if held and version else "old"
        reads.setdefault(asset, {})[upstream] = said
    made = Materialization(
        run_id="R",
        index=0,
        code_version=definition.code.version,
        data_version=f"{version}",
        materialized_at=START + timedelta(hours=version),
        rows=version or None,
        reads=reads,
    )
    return PartitionStatus(asset=definition.key, partition_key=key, materialization=made)


def one_by_one(view: AssetView) -> set[Place]:
    """The stale partitions, each looked at by itself: its own record, then what is upstream."""
    found: set[Place] = set()
    for asset in upstream_first(view.definitions, sorted(view.definitions)):
        definition = view.definitions[asset]
        for key in partitions_of(definition, view.at):
            above = places_of(view, definition, key=key)
            if own_staleness(view, asset, key=key) or any(place in found for place in above):
                found.add((asset, key))
    return found


def said_of(state: State, story: Story) -> None:
    """What the state remembers is what a state without notes is told, and what partitions say."""
    view, plain = asset_view(state, story.now), asset_view(Plain(state), story.now)
    assets = sorted(view.definitions)
    assert list(stale_partitions(view, assets)) == list(stale_partitions(plain, assets))
    assert list_assets(state, story.now) == list_assets(Plain(state), story.now)
    expected = one_by_one(plain)
    assert {(row.asset, row.partition_key) for row in stale_partitions(view, assets)} == expected
    keys = stale_keys(Standings(view), assets, partitions_max=MANY)
    assert {(asset, key) for asset, some in keys.items() for key in some or ()} == expected
    for row in list_assets(state, story.now):
        statuses = list(state.range(PARTITION_STATUS, row.key))
        held = [each.materialization for each in statuses if each.materialization]
        assert row.materialized == len(held)
        assert row.rows == (
            sum(each.rows or 0 for each in held) if any(each.rows for each in held) else None
        )


def seen_by(story: Story, names: Sequence[str]) -> View:
    """What somebody may know of who holds grants on these tables."""
    holdings = Holdings(["user:a"])
    holdings.tables = set(names)
    return View(story.tables, Visible(story.tables, holdings))


@given(st.lists(STEPS, min_size=1, max_size=14))
def test_what_is_remembered_of_assets_is_what_their_partitions_say(steps: list[Step]) -> None:
    story = Story()
    for step in steps:
        story.take(step)
        said_of(story.tables, story)


@given(st.lists(STEPS, min_size=1, max_size=10), st.sets(st.sampled_from(NAMES)))
def test_who_sees_a_part_of_the_assets_is_told_of_that_part_alone(
    steps: list[Step], names: set[str]
) -> None:
    story = Story()
    part, rest = sorted(names), sorted(set(NAMES) - names)
    assert noting(seen_by(story, part)) is not None
    for step in steps:
        story.take(step)
        for shown in (NAMES, part, rest):
            said_of(seen_by(story, shown), story)
        said_of(story.tables, story)
