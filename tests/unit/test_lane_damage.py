"""Lanes that are damaged, forgotten or unreadable, and what verifying finds of it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import msgspec
import pytest

from arco.engine.domain import DOMAIN as ENGINE
from arco.engine.lanes.batches import (
    Heading,
    decode_slot,
    encode_slot,
)
from arco.engine.lanes.lag import Lag, facts_lag
from arco.engine.verify import Verifier
from arco.errors import Corrupt, Unavailable
from arco.runtime import run
from arco.store import keys
from arco.store.memory import MemoryStore
from arco.store.port import StoreFault
from arco.testing.ledger import LEDGER, noted
from tests.unit.lane_workplace import RUNTIME, problems, workplace


def test_the_lag_is_the_age_of_the_oldest_batch_and_unknown_when_it_cannot_be_read() -> None:
    async def main() -> None:
        store = MemoryStore()
        here = await workplace(store)
        assert await facts_lag(here.database) == Lag(0.0, 0, 0)
        place = await here.ingester.append([noted("p", 0)])
        await asyncio.sleep(0.02)
        lag = await facts_lag(here.database)
        assert (lag.open_lanes, lag.waiting_batches) == (1, 1)
        assert lag.seconds is not None
        assert 0.02 <= lag.seconds < 10
        await here.folder.step()
        assert await facts_lag(here.database) == Lag(0.0, 1, 0)
        await store.create(keys.lane_slot(place.lane, place.slot + 1), b"junk")
        assert await facts_lag(here.database) == Lag(None, 1, None)

    run(main())


def test_a_damaged_lane_stops_alone() -> None:
    async def main() -> None:
        store = MemoryStore()
        here = await workplace(store)
        place = await here.ingester.append([noted("p", 0)])
        await here.folder.step()
        await store.create(keys.lane_slot(place.lane, 1), b"junk")
        other = await workplace(store)
        await other.ingester.append([noted("q", 0)])
        assert await here.folder.step() == 1
        assert here.balances == {"a": 2}
        # Nobody may hear that it failed: what stands there may be theirs.
        with pytest.raises(Unavailable):
            await here.ingester.append([noted("p", 1)])

    run(main())


@pytest.mark.parametrize("position", [0, 5, 20, 60])
def test_a_flipped_byte_is_damage_and_never_another_batch(position: int) -> None:
    heading = Heading(
        check="",
        lane="L",
        slot=0,
        cid="1" * 32,
        writer="w",
        written_at=datetime(2031, 1, 1, tzinfo=UTC),
        count=1,
    )
    data = encode_slot(heading, [msgspec.json.encode(noted("p", 0))])
    flipped = data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :]
    with pytest.raises(Corrupt):
        decode_slot(flipped, lane="L", slot=0)
    with pytest.raises(Corrupt):
        decode_slot(data, lane="L", slot=1)


class FullDisk(MemoryStore):
    """A store that tells its process to stop writing."""

    async def create(self, key: str, data: bytes) -> bool:
        if key.startswith("lanes/"):
            raise StoreFault("the disk is gone", fatal=True)
        return await super().create(key, data)


def test_a_process_that_must_not_write_says_so_at_once() -> None:
    async def main() -> None:
        here = await workplace(FullDisk())
        for _ in range(2):
            with pytest.raises(Unavailable, match="the disk is gone"):
                await here.ingester.append([noted("p", 0)])

    run(main())


def test_a_store_with_facts_verifies() -> None:
    async def main() -> None:
        store = MemoryStore()
        here = await workplace(store)
        await here.ingester.append([noted("p", n) for n in range(5)])
        await here.folder.step()
        report = await Verifier(store, RUNTIME, (LEDGER, ENGINE)).run()
        assert report.findings == ()

    run(main())


def test_verifying_folds_again_and_finds_a_batch_that_is_gone_or_says_something_else() -> None:
    async def main() -> None:
        store = MemoryStore()
        here = await workplace(store)
        place = await here.ingester.append([noted("p", 0)])
        await here.folder.step()
        key = keys.lane_slot(place.lane, place.slot)
        batch = await store.get(key)
        assert batch is not None
        await store.delete(key)
        assert await problems(store) == [f"slot 0 of lane {place.lane} is gone"]
        other = decode_slot(batch, lane=place.lane, slot=0).heading
        line = msgspec.json.encode(noted("p", 0, amount=9))
        await store.create(key, encode_slot(other, [line]))
        assert await problems(store) == ["the facts it names do not fold to the rows it holds"]

    run(main())
