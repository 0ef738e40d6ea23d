"""Rounds over the store: every kind of damage is found within one, and nothing stops for it."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from arco.engine import snapshot
from arco.engine.commit import encode_commit
from arco.engine.database import Database
from arco.engine.fold import fold
from arco.engine.lanes.batches import Heading, encode_fact, encode_slot
from arco.engine.lanes.tables import LANES
from arco.engine.rounds import pieces, stray_pieces
from arco.engine.rounds.patrol import Patrol
from arco.engine.rounds.standing import standing
from arco.engine.rounds.tables import DAMAGES, ROUNDS, Damage, Found, RoundAdvanced
from arco.engine.tables import Overlay
from arco.model import Event
from arco.runtime import run
from arco.store import keys
from arco.store.memory import MemoryStore
from arco.testing.ledger import noted
from tests.unit.lane_workplace import RUNTIME, Workplace, problems, workplace

DAY = timedelta(days=1)
FORGOTTEN = "01K" + "0" * 22 + "7"


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits before looking at damage again."""
    monkeypatch.setattr(pieces, "OPINION_SECONDS", 0.0)


async def whole_round(database: Database, *, every: timedelta = DAY) -> list[Damage]:
    """What is known to be damaged once every round that is due has ended."""
    patrol = Patrol(database, every=every)
    while await patrol.step():
        pass
    return list(database.state.range(DAMAGES))


async def furnished(store: MemoryStore) -> Workplace:
    """A store with a log, two snapshots, a lane and a roster."""
    here = await workplace(store)
    for number in range(2):
        await here.ingester.append([noted("p", number)])
        await here.folder.step()
        assert await snapshot.publish(here.database)
    return here


async def first_of(store: MemoryStore, area: str) -> str:
    """An object of the area: `format`, `log`, `data`, `roster` or `lane`."""
    if area == "format":
        return keys.FORMAT
    if area in ("log", "data"):
        return (await store.list(f"{area}/"))[0].key
    listed = [entry.key for entry in await store.list(keys.LANES)]
    return next(key for key in listed if key.startswith(keys.ROSTER) == (area == "roster"))


async def flip(store: MemoryStore, key: str) -> None:
    """One bit of the object is another one."""
    data = bytearray(await store.get(key) or b"")
    data[len(data) // 2] ^= 1
    await store.put(key, bytes(data))


def batch(lane: str, slot: int, *, count: int = 1) -> bytes:
    """A batch as a process writes it."""
    heading = Heading(
        check="",
        lane=lane,
        slot=slot,
        cid="1" * 32,
        writer="w",
        written_at=RUNTIME.now(),
        count=count,
    )
    return encode_slot(heading, [encode_fact(noted(lane, slot))])


def test_a_store_that_is_whole_has_no_damage_and_says_since_when() -> None:
    async def main() -> None:
        here = await furnished(MemoryStore())
        before = RUNTIME.now()
        assert standing(here.database.state).verified_at is None
        assert await whole_round(here.database) == []
        verified_at = standing(here.database.state).verified_at
        assert verified_at is not None
        assert before <= verified_at <= RUNTIME.now()
        rows = {row.name: row for row in here.rows(ROUNDS)}
        assert rows.keys() == {"log", "snapshots", "lanes", "strays"}
        assert rows["lanes"].objects == 3
        assert all(row.objects > 0 and not row.cursor for row in rows.values())

    run(main())


@pytest.mark.parametrize("area", ["format", "log", "data", "lane", "roster"])
@pytest.mark.parametrize("harm", [flip, MemoryStore.delete], ids=["flipped", "gone"])
def test_what_is_damaged_is_told_within_one_round_and_service_goes_on(
    area: str, harm: object
) -> None:
    async def main() -> None:
        store = MemoryStore()
        here = await furnished(store)
        harmed = await first_of(store, area)
        assert callable(harm)
        await harm(store, harmed)
        assert [damage.subject for damage in await whole_round(here.database)] == [harmed]
        assert [each.subject for each in standing(here.database.state).harms] == [harmed]
        await here.ingester.append([noted("p", 2)])
        assert await here.folder.step() == 1
        assert here.balances == {"a": 3}

    run(main())


def test_what_was_brought_back_is_not_damaged_any_more() -> None:
    async def main() -> None:
        store = MemoryStore()
        here = await furnished(store)
        harmed = await first_of(store, "data")
        whole = await store.get(harmed) or b""
        await flip(store, harmed)
        first = await whole_round(here.database)
        assert [damage.number for damage in first] == [1]
        patrol = Patrol(here.database, every=timedelta(0))
        for _ in range(4):
            assert await patrol.step()
        (again,) = here.rows(DAMAGES)
        assert again.found_at == first[0].found_at
        await store.put(harmed, whole)
        for _ in range(4):
            await patrol.step()
        assert here.rows(DAMAGES) == []

    run(main())


def test_a_slot_that_was_written_again_breaks_the_chain() -> None:
    async def main() -> None:
        store = MemoryStore()
        here = await furnished(store)
        slot = await here.database.log.read(1)
        assert slot is not None
        forged = msgspec.structs.replace(slot.commit, cid="f" * 32)
        await store.put(keys.slot(1), encode_commit(forged))
        found = await whole_round(here.database)
        assert [damage.subject for damage in found] == [keys.slot(2)]
        assert "does not follow" in found[0].problem

    run(main())


def test_a_round_is_cut_into_pieces_that_any_process_goes_on_with(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pieces, "OBJECTS_MAX", 2)
    for name in ("log_pieces", "snapshot_pieces", "lane_pieces"):
        monkeypatch.setattr(f"arco.engine.rounds.{name}.OBJECTS_MAX", 2)
    monkeypatch.setattr(stray_pieces, "PAGE_NAMES", 1)
    monkeypatch.setattr(stray_pieces, "PAGES_MAX", 1)

    async def main() -> None:
        store = MemoryStore()
        first = await furnished(store)
        harmed = [await first_of(store, area) for area in ("log", "data", "lane")]
        for key in harmed:
            await flip(store, key)
        patrols = [Patrol((await workplace(store)).database, every=DAY) for _ in range(2)]
        steps = 0
        while await patrols[steps % 2].step():
            steps += 1
        await first.database.refresh()
        assert steps > 8
        assert sorted(damage.subject for damage in first.rows(DAMAGES)) == sorted(harmed)
        rows = {row.name: row for row in first.rows(ROUNDS)}
        assert rows["lanes"].objects == 3
        assert rows["log"].objects == 6

    run(main())


def test_an_advance_that_is_repeated_or_late_changes_nothing() -> None:
    async def main() -> None:
        here = await furnished(MemoryStore())
        await whole_round(here.database)
        row = here.rows(ROUNDS)[0]
        found = (Found("x", "y"),)
        for number, cursor_from in ((row.number, ""), (row.number, "7/9"), (row.number + 2, "")):
            late = RoundAdvanced(
                name=row.name,
                number=number,
                cursor_from=cursor_from,
                cursor="",
                objects=1,
                size_bytes=1,
                moved_at=RUNTIME.now(),
                found=found,
            )
            overlay = Overlay(here.database.state)
            fold(here.database.registry, overlay, events=[Event(late)])
            assert overlay.changes == []

    run(main())


def test_lanes_that_nobody_announced_are_announced_and_folded() -> None:
    async def main() -> None:
        store = MemoryStore()
        here = await workplace(store)
        await store.create(keys.lane_slot(FORGOTTEN, 0), batch(FORGOTTEN, 0))
        known = await here.ingester.append([noted("q", 0)])
        await here.folder.step()
        (mended,) = await whole_round(here.database)
        assert (mended.subject, mended.is_mended) == (keys.lane_folder(FORGOTTEN), True)
        assert standing(here.database.state).harms == []
        await here.folder.step()
        assert {row.lane for row in here.rows(LANES)} == {FORGOTTEN, known.lane}
        assert here.balances == {"a": 2}
        assert await problems(store) == []

    run(main())


def test_a_batch_that_lanes_wait_for_in_vain_is_told_and_folded_when_it_is_back() -> None:
    async def main() -> None:
        store = MemoryStore()
        here = await workplace(store)
        places = [await here.ingester.append([noted("p", number)]) for number in range(3)]
        missing = keys.lane_slot(places[0].lane, 1)
        data = await store.get(missing) or b""
        await store.delete(missing)
        assert await here.folder.step() == 1
        assert await here.folder.step() == 0
        (found,) = await whole_round(here.database)
        assert (found.subject, found.is_mended) == (missing, False)
        assert "wait for it" in found.problem
        await store.create(missing, data)
        assert await here.folder.step() == 2
        assert here.balances == {"a": 3}

    run(main())
