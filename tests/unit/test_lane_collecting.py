"""Collecting folded batches: what is kept leads back to the oldest kept base, the rest goes."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from arco.engine import snapshot
from arco.engine.database import Database
from arco.engine.domain import DOMAIN as ENGINE
from arco.engine.fold import fold
from arco.engine.garbage import PAST_SNAPSHOTS, collection_of
from arco.engine.lanes.collecting import collect_batches, survey_batches, watermarks_at
from arco.engine.lanes.events import FactsFolded
from arco.engine.lanes.folder import Folder
from arco.engine.lanes.ingest import Ingester
from arco.engine.lanes.keeping import (
    KEPT_LANES,
    ROSTER,
    BatchesCollected,
    BatchesReleased,
    CollectedLane,
    ReleasedLane,
)
from arco.engine.lanes.refolding import Refolder
from arco.engine.lanes.slots import Slots
from arco.engine.lanes.tables import LANES, QUARANTINE
from arco.engine.parquet import write_base
from arco.engine.registry import Registry
from arco.engine.tables import Overlay, Tables
from arco.engine.verify import Verifier
from arco.model import Domain, Event, Payload
from arco.runtime import run
from arco.service.retention import PROFILES
from arco.store import keys
from arco.testing.ledger import BALANCES, LEDGER, NOTES, noted
from arco.testing.sightings import DOMAIN as SIGHTED
from arco.testing.sightings import SIGHTINGS, ThingSeen
from tests.unit.garbage_world import HOUR, Garden, with_policy


class Yard(Garden):
    """A workspace of facts."""

    def __init__(self) -> None:
        super().__init__(with_policy(window=60 * HOUR))
        self.domains: Sequence[Domain] = (LEDGER,)

    async def opened(self, store: object = None) -> Database:
        return await Database.open(self.store, self.clock, domains=self.domains, writer="test")

    async def days(self, database: Database, ingester: Ingester, *, count: int) -> None:
        """Each day brings two batches, a fold, a snapshot and a pass of the collector."""
        folder = Folder(database, silent_seconds=10**9)
        for _ in range(count):
            start = collection_of(database.state).passes * 2
            await ingester.append([noted("p", start)])
            await ingester.append([noted("p", start + 1)])
            await folder.step()
            assert await snapshot.publish(database)
            self.wait(days=1)
            await self.collect(database)
            await collect_batches(database)

    async def lanes(self) -> list[str]:
        """Every object below `lanes/` but registrations."""
        entries = await self.store.list("lanes/")
        return [entry.key for entry in entries if "/roster/" not in entry.key]

    async def problems(self) -> list[str]:
        report = await Verifier(self.store, self.clock, [*self.domains, ENGINE]).run()
        return [finding.problem for finding in report.findings]


def test_batches_go_once_no_kept_base_is_older_and_their_number_stays_bounded() -> None:
    async def main() -> None:
        yard = Yard()
        database = await yard.opened()
        ingester = Ingester(database, linger_seconds=0.001)
        counts: list[int] = []
        for _ in range(4):
            await yard.days(database, ingester, count=3)
            counts.append(len(await yard.lanes()))
        assert counts[1:] == [counts[1]] * 3 and counts[-1] <= 6
        (row,) = [row for row in database.state.range(KEPT_LANES) if row.lane != ROSTER]
        assert row.kept_from == row.gone_below > 0
        assert await yard.problems() == []
        assert len(list(database.state.range(NOTES))) == 24

    run(main())


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_keeps_batches_for_its_window_and_what_waits_for_ever(profile: str) -> None:
    async def main() -> None:
        yard = Yard()
        yard.policy = PROFILES[profile].policy
        window = yard.policy.window
        database = await yard.opened()
        folder = Folder(database, silent_seconds=10**9)
        ingester = Ingester(database, linger_seconds=0.001)
        waits = await ingester.append([noted("p", 0, amount=-1)])
        for seq in (1, 2):
            await ingester.append([noted("p", seq)])
            await folder.step()
            assert await snapshot.publish(database)
            yard.clock.ahead += window * 0.6
            await yard.collect(database)
            await collect_batches(database)
            kept = [keys.lane_slot(waits.lane, slot) for slot in (0, seq)]
            assert await yard.lanes() == kept
        yard.clock.ahead += window
        await yard.collect(database)
        await collect_batches(database)
        assert await yard.lanes() == [keys.lane_slot(waits.lane, waits.slot)]
        assert await yard.problems() == []

    run(main())


def test_lanes_that_ended_are_forgotten_with_their_registrations() -> None:
    async def main() -> None:
        yard = Yard()
        database = await yard.opened()
        for _ in range(8):
            ingester = Ingester(database, linger_seconds=0.001)
            await yard.days(database, ingester, count=1)
            await ingester.close()
        rows = list(database.state.range(LANES))
        assert 1 <= len(rows) <= 4
        roster = [entry.key for entry in await yard.store.list("lanes/roster/")]
        assert len(roster) <= len(rows) + 1
        assert len(await yard.lanes()) <= 3 * len(rows)
        assert await yard.problems() == []

    run(main())


def test_a_batch_that_quarantine_needs_is_spared_until_it_is_folded() -> None:
    async def main() -> None:
        yard = Yard()
        old = await yard.opened()
        seen = Registry([SIGHTED]).fact(ThingSeen("s", yard.clock.now(), "owl"))
        place = await Ingester(old, linger_seconds=0.001).append([seen])
        await yard.days(old, Ingester(old, linger_seconds=0.001), count=5)
        spared = [row for row in old.state.range(KEPT_LANES) if row.spared]
        assert [(row.lane, row.spared) for row in spared] == [(place.lane, (0,))]
        yard.domains = (LEDGER, SIGHTED)
        new = await yard.opened()
        assert await Folder(new).step() == 1
        assert not list(new.state.range(QUARANTINE))
        assert new.state.get(SIGHTINGS, "s") is not None
        await collect_batches(new)
        assert not any(row.spared for row in new.state.range(KEPT_LANES))
        assert not any(
            place.lane in key and key.endswith("00000.ndjson.zst") for key in await yard.lanes()
        )
        assert await yard.problems() == []

    run(main())


def test_a_batch_that_is_gone_though_it_is_kept_is_found() -> None:
    async def main() -> None:
        yard = Yard()
        database = await yard.opened()
        await yard.days(database, Ingester(database, linger_seconds=0.001), count=4)
        await yard.store.delete((await yard.lanes())[-1])
        (problem,) = await yard.problems()
        assert problem.endswith("is gone")

    run(main())


def test_a_survey_tells_what_a_pass_would_release_and_changes_nothing() -> None:
    async def main() -> None:
        yard = Yard()
        database = await yard.opened()
        await yard.days(database, Ingester(database, linger_seconds=0.001), count=2)
        before, seq = await yard.lanes(), database.seq
        report = await survey_batches(database, seq)
        marks = await watermarks_at(database, seq)
        kept = {row.lane: row.kept_from for row in database.state.range(KEPT_LANES)}
        expected = sum(mark - kept.get(lane, 0) for lane, mark in marks.items())
        assert report.condemned == expected > 0
        assert report.condemned_bytes is None
        assert (await yard.lanes(), database.seq) == (before, seq)

    run(main())


def test_folding_again_from_the_oldest_kept_base_makes_the_same_bytes() -> None:
    async def main() -> None:
        yard = Yard()
        database = await yard.opened()
        await yard.days(database, Ingester(database, linger_seconds=0.001), count=6)
        oldest = next(iter(database.state.range(PAST_SNAPSHOTS)))
        assert 0 < oldest.slot == collection_of(database.state).floor
        tables = await rebuilt(yard, database, base=oldest.slot)
        for table in (BALANCES, NOTES):
            again, live = list(tables.range(table)), list(database.state.range(table))
            assert len(live) > 0
            assert write_base(table, again) == write_base(table, live)

    run(main())


async def rebuilt(yard: Yard, database: Database, *, base: int) -> Tables:
    """The newest state from the rows of the snapshot at `base` and what stands in lanes: of the
    fold commits only the ranges are taken, never the rows.
    """
    registry = Registry([*yard.domains, ENGINE])
    index = await database.replay.reader.index(_reference(database, base))
    tables = Tables(registry.tables.values())
    for name, files in index.tables.items():
        table = registry.tables[name]
        rows = await database.replay.reader.rows(table, files)
        tables.memory[name].rows.update(rows)
    refolder = Refolder(Slots(yard.store, yard.clock), registry)
    for seq in range(base + 1, database.seq + 1):
        slot = await database.log.read(seq)
        assert slot is not None
        for wire in await database.replay.events(slot.commit):
            event = registry.decode(wire)
            assert event is not None
            overlay = Overlay(tables)
            fold(
                registry,
                overlay,
                events=[Event(await _again(refolder, tables, payload=event.payload))],
            )
            tables.apply(overlay.changes, seq)
    return tables


async def _again(refolder: Refolder, tables: Tables, *, payload: Payload) -> Payload:
    if not isinstance(payload, FactsFolded):
        return payload
    again = await refolder.refold(tables, msgspec.structs.replace(payload, changes=()))
    assert again is not None
    return again


def _reference(database: Database, slot: int) -> snapshot.SnapshotReference:
    row = database.state.get(PAST_SNAPSHOTS, slot)
    assert row is not None
    return snapshot.SnapshotReference(row.slot, row.index, row.sha256)


def test_what_is_kept_never_begins_earlier_nor_above_what_is_folded() -> None:
    async def main() -> None:
        yard = Yard()
        database = await yard.opened()
        await yard.days(database, Ingester(database, linger_seconds=0.001), count=1)
        (lane,) = [row.lane for row in database.state.range(LANES)]

        async def told(*payloads: Payload) -> tuple[int, int]:
            await database.transact(lambda state, now: [Event(each) for each in payloads])
            row = database.state.get(KEPT_LANES, lane)
            return (row.kept_from, row.gone_below) if row else (0, 0)

        def release(slot: int) -> BatchesReleased:
            now = yard.clock.now()
            return BatchesReleased(floor=0, lanes=(ReleasedLane(lane, slot),), released_at=now)

        def collected(slot: int) -> BatchesCollected:
            now = yard.clock.now()
            return BatchesCollected(collected_at=now, lanes=(CollectedLane(lane, slot),))

        assert await told(release(3)) == (0, 0)
        assert await told(release(2), collected(1)) == (2, 1)
        assert await told(release(1), collected(0)) == (2, 1)
        assert await told(collected(3)) == (2, 1)
        now = yard.clock.now()
        assert await told(BatchesCollected(collected_at=now, ended=(lane,))) == (2, 1)

    run(main())
