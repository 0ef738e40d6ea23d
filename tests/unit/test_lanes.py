"""Ingesting and folding facts: batches, refusals, quarantine, seals, lag, forgotten lanes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from arco.engine.database import Database
from arco.engine.domain import DOMAIN as ENGINE
from arco.engine.lanes import ingest
from arco.engine.lanes.batches import (
    FACT_BYTES_MAX,
    SLOT_FACTS_MAX,
    Fact,
    Heading,
    decode_slot,
    encode_slot,
)
from arco.engine.lanes.folder import Folder
from arco.engine.lanes.ingest import Ingester
from arco.engine.lanes.lag import Lag, facts_lag
from arco.engine.lanes.ranges import RANGES_MAX, Ranges
from arco.engine.lanes.scan import Scan
from arco.engine.lanes.tables import (
    FACT_KEYS,
    FOLDINGS,
    LANES,
    OPEN_LANES,
    PRODUCERS,
    QUARANTINE,
)
from arco.engine.verify import Verifier
from arco.errors import Corrupt, Invalid, TooManyRequests, Unavailable
from arco.ids import CROCKFORD
from arco.model import Domain, Payload, Put, State, Table
from arco.runtime import AsyncioRuntime, run
from arco.store import keys
from arco.store.memory import MemoryStore
from arco.store.port import StoreFault
from arco.testing.ledger import BALANCES, LEDGER, NOTES, AmountNoted, noted
from arco.testing.stores import CountingStore

RUNTIME = AsyncioRuntime()
EMPTY = Domain("ledger", (BALANCES, NOTES), {})


class Workplace:
    """A store, and the parts that work on it."""

    def __init__(self, database: Database, store: CountingStore) -> None:
        self.database = database
        self.store = store
        self.ingester = Ingester(database, linger_seconds=0.001)
        self.folder = Folder(database)

    def rows(self, table: Table[Any]) -> list[Any]:
        return list(self.database.state.range(table))

    @property
    def balances(self) -> dict[str, int]:
        return {row.account: row.amount for row in self.rows(BALANCES)}

    @property
    def codes(self) -> list[str]:
        return [row.code for row in self.rows(QUARANTINE)]


async def workplace(store: Any = None, domains: Sequence[Domain] = (LEDGER,)) -> Workplace:
    counting = CountingStore(store or MemoryStore())
    database = await Database.open(counting, RUNTIME, domains=domains, writer="test")
    return Workplace(database, counting)


def fact(body: Any, **more: Any) -> Fact:
    raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return Fact(type="ledger.amount_noted", payload=msgspec.Raw(raw), **more)


def amount(number: int, token: str = "t", **more: Any) -> Fact:
    return fact({"account": "a", "amount": number, "token": token}, **more)


def test_facts_of_one_moment_share_one_object_and_say_where_they_stand() -> None:
    async def main() -> None:
        here = await workplace()
        await here.ingester.append([noted("p", 0)])
        here.store.reset()
        appended = [here.ingester.append([noted("q", n), noted("r", n)]) for n in range(3)]
        places = await asyncio.gather(*appended)
        assert {(place.lane, place.slot) for place in places} == {(places[0].lane, 1)}
        assert [place.position for place in places] == [0, 2, 4]
        assert here.store.counts("lanes/*")["create"] == 1
        assert await here.folder.step() == 7
        assert here.balances == {"a": 7}

    run(main())


def test_a_fold_is_one_commit_and_reads_only_what_is_new() -> None:
    async def main() -> None:
        here = await workplace()
        await here.ingester.append([noted("p", n) for n in range(10)])
        await here.folder.step()
        await here.ingester.append([noted("p", n) for n in range(10, 20)])
        seq = here.database.seq
        here.store.reset()
        assert await here.folder.step() == 10
        assert here.database.seq == seq + 1
        assert here.store.counts("log/*")["create"] == 1
        # The batch, and the free slot after it; then nothing but free names.
        assert here.store.counts("lanes/*")["list"] == 0
        assert here.rows(FOLDINGS)[0].facts == 20
        assert await here.folder.step() == 0
        assert here.database.seq == seq + 1

    run(main())


def test_a_number_a_key_and_neither() -> None:
    async def main() -> None:
        here = await workplace()
        for _ in range(3):
            await here.ingester.append([noted("p", 4), amount(10, key="k"), amount(100)])
        await here.folder.step()
        assert here.balances == {"a": 1 + 10 + 300}
        assert [row.ranges for row in here.rows(PRODUCERS)] == [((4, 5),)]
        assert [row.fact_key for row in here.rows(FACT_KEYS)] == ["k"]
        assert here.rows(FOLDINGS)[0].duplicates == 4

    run(main())


def test_a_new_epoch_counts_from_the_beginning() -> None:
    async def main() -> None:
        here = await workplace()
        await here.ingester.append([noted("p", 0), noted("p", 0, epoch=1)])
        await here.folder.step()
        assert here.balances == {"a": 2}

    run(main())


def test_a_refused_fact_waits_in_quarantine_and_leaves_its_key_and_number_free() -> None:
    async def main() -> None:
        here = await workplace()
        bad = [
            amount(-1, key="k"),
            noted("p", 0, amount=-1),
            fact({"account": 7}, key="l"),
            Fact(type="ledger.unheard_of", payload=msgspec.Raw(b"{}"), key="m"),
        ]
        place = await here.ingester.append(bad)
        await here.folder.step()
        unknown = ["FACT_NOT_FOLDED", "FACT_NOT_FOLDED", "FACT_INVALID", "FACT_TYPE_UNKNOWN"]
        assert here.codes == unknown
        assert [row.position for row in here.rows(QUARANTINE)] == [0, 1, 2, 3]
        assert {row.lane for row in here.rows(QUARANTINE)} == {place.lane}
        await here.ingester.append([amount(5, key="k"), noted("p", 0, amount=2)])
        await here.folder.step()
        assert here.balances == {"a": 7}

    run(main())


def test_an_unknown_fact_is_folded_by_the_release_that_knows_it() -> None:
    async def main() -> None:
        store = MemoryStore()
        old = await workplace(store, [EMPTY])
        await old.ingester.append([noted("p", 0), amount(-1)])
        await old.folder.step()
        assert old.codes == ["FACT_TYPE_UNKNOWN"] * 2
        new = await workplace(store)
        assert await new.folder.step() == 1
        assert new.balances == {"a": 1}
        assert new.codes == ["FACT_NOT_FOLDED"]
        assert await problems(store) == []
        seq = new.database.seq
        assert await new.folder.step() == 0
        assert new.database.seq == seq

    run(main())


def test_a_release_that_lacks_a_folded_table_reads_on_and_does_not_write() -> None:
    async def main() -> None:
        store = MemoryStore()
        new = await workplace(store)
        await new.ingester.append([noted("p", 0)])
        await new.folder.step()
        old = await workplace(store, [])
        assert old.database.seq == new.database.seq
        with pytest.raises(Unavailable, match="does not know"):
            await old.database.transact(lambda state, now: ())

    run(main())


def test_too_many_gaps_in_one_epoch_are_quarantined() -> None:
    ranges = Ranges((2 * n, 2 * n + 1) for n in range(RANGES_MAX))
    assert not ranges.add(2 * RANGES_MAX + 1)
    assert ranges.add(1)
    assert ranges.add(2 * RANGES_MAX)

    async def main() -> None:
        here = await workplace()
        await here.ingester.append([noted("p", 2 * n) for n in range(RANGES_MAX + 1)])
        await here.folder.step()
        assert here.codes == ["FACT_GAPS_TOO_MANY"]
        assert here.balances == {"a": RANGES_MAX}

    run(main())


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ([], "FACTS_TOO_MANY"),
        ([amount(1)] * (SLOT_FACTS_MAX + 1), "FACTS_TOO_MANY"),
        ([amount(1, token="x" * FACT_BYTES_MAX)], "FACT_TOO_LARGE"),
        ([amount(1, producer="p")], "FACT_NUMBER_INVALID"),
        ([amount(1, seq=3)], "FACT_NUMBER_INVALID"),
        ([amount(1, producer="p", seq=3, epoch=-1)], "FACT_NUMBER_INVALID"),
    ],
)
def test_what_no_lane_takes_is_refused_before_anything_is_written(
    facts: list[Fact], code: str
) -> None:
    async def main() -> None:
        here = await workplace()
        with pytest.raises(Invalid) as refused:
            await here.ingester.append(facts)
        assert refused.value.code == code
        assert here.store.counts("lanes/*")["create"] == 0

    run(main())


def test_a_payload_on_many_lines_is_one_fact() -> None:
    async def main() -> None:
        here = await workplace()
        pretty = b'{\n "account": "a",\n "amount": 3,\n "token": "t"\n}'
        await here.ingester.append([fact(pretty)])
        await here.folder.step()
        assert here.balances == {"a": 3}

    run(main())


class HeldStore(MemoryStore):
    """A store whose lanes do not answer until they are let go."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()

    async def create(self, key: str, data: bytes) -> bool:
        if key.startswith("lanes/"):
            await self.gate.wait()
        return await super().create(key, data)


def test_a_full_buffer_refuses_and_says_when_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest, "BUFFER_FACTS_MAX", 10)

    async def main() -> None:
        store = HeldStore()
        here = await workplace(store)
        facts = [noted("p", n) for n in range(6)]
        first = asyncio.create_task(here.ingester.append(facts))
        second = asyncio.create_task(here.ingester.append(facts[:4]))
        await asyncio.sleep(0.05)
        third = asyncio.create_task(here.ingester.append([noted("q", 0)]))
        await asyncio.sleep(0.01)
        with pytest.raises(TooManyRequests) as refused:
            await here.ingester.append([noted("q", n) for n in range(10)])
        assert refused.value.code == "FACTS_BUFFER_FULL"
        assert refused.value.details["retry_after_seconds"] == 1
        store.gate.set()
        outcomes = await asyncio.gather(first, second, third, return_exceptions=True)
        taken = sum(place.count for place in outcomes if not isinstance(place, BaseException))
        await here.folder.step()
        assert here.rows(FOLDINGS)[0].facts + here.rows(FOLDINGS)[0].duplicates == taken

    run(main())


def test_ingesting_is_refused_while_nobody_folds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest, "BACKLOG_SECONDS_MAX", 0.0)
    monkeypatch.setattr(ingest, "BACKLOG_CHECK_SECONDS", 0.0)

    async def main() -> None:
        here = await workplace()
        await here.ingester.append([noted("p", 0)])
        with pytest.raises(TooManyRequests) as refused:
            await here.ingester.append([noted("p", 1)])
        assert refused.value.code == "FACTS_LAGGING"
        await here.folder.step()
        await here.ingester.append([noted("p", 1)])

    run(main())


def test_a_sealed_lane_is_followed_by_another_and_nothing_is_lost() -> None:
    async def main() -> None:
        here = await workplace()
        sealer = Folder(here.database, silent_seconds=0.0)
        first = await here.ingester.append([noted("p", 0)])
        await sealer.step()
        assert [row.is_sealed for row in here.rows(LANES)] == [False]
        await sealer.step()
        assert [row.is_sealed for row in here.rows(LANES)] == [True]
        assert here.rows(OPEN_LANES) == []
        second = await here.ingester.append([noted("p", 1)])
        assert second.lane != first.lane
        await here.folder.step()
        assert here.balances == {"a": 2}

    run(main())


def test_a_closed_ingester_leaves_a_sealed_lane() -> None:
    async def main() -> None:
        here = await workplace()
        await here.ingester.append([noted("p", 0)])
        await here.ingester.close()
        await here.folder.step()
        assert [(row.is_sealed, row.next_slot) for row in here.rows(LANES)] == [(True, 2)]

    run(main())


def test_the_lag_is_the_age_of_the_oldest_batch_and_unknown_when_it_cannot_be_read() -> None:
    async def main() -> None:
        store = MemoryStore()
        here = await workplace(store)
        assert await facts_lag(here.database) == Lag(0.0, 0)
        place = await here.ingester.append([noted("p", 0)])
        await asyncio.sleep(0.02)
        lag = await facts_lag(here.database)
        assert lag.open_lanes == 1
        assert lag.seconds is not None
        assert 0.02 <= lag.seconds < 10
        await here.folder.step()
        assert await facts_lag(here.database) == Lag(0.0, 1)
        await store.create(keys.lane_slot(place.lane, place.slot + 1), b"junk")
        assert await facts_lag(here.database) == Lag(None, 1)

    run(main())


def test_a_lane_that_nobody_announced_is_found_shelf_by_shelf() -> None:
    async def main() -> None:
        store = MemoryStore()
        here = await workplace(store)
        forgotten = "01K" + "0" * 22 + "7"
        heading = Heading(
            check="",
            lane=forgotten,
            slot=0,
            cid="1" * 32,
            writer="w",
            written_at=datetime(2031, 1, 1, tzinfo=UTC),
            count=1,
        )
        line = msgspec.json.encode(noted("p", 0))
        await store.create(keys.lane_slot(forgotten, 0), encode_slot(heading, [line]))
        known = await here.ingester.append([noted("q", 0)])
        await here.folder.step()
        scan = Scan(here.database)
        found = [await scan.step() for _ in CROCKFORD]
        assert [lanes for lanes in found if lanes] == [[forgotten]]
        assert scan.cursor == 0
        assert [lane for _ in CROCKFORD for lane in await scan.step()] == []
        await here.folder.step()
        assert {row.lane for row in here.rows(LANES)} == {forgotten, known.lane}
        assert here.balances == {"a": 2}

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


class Renamed(Payload, frozen=True):
    """A fact of an account that moved."""

    account: str


def renamed(state: State, fact: Renamed) -> Any:
    """A table that is not the ledger's alone can be read too."""
    yield Put(NOTES, msgspec.convert({"token": fact.account, "times": 1}, NOTES.row))


def test_one_domain_may_have_many_kinds_of_facts() -> None:
    domain = Domain("ledger", (BALANCES, NOTES), {}, {**LEDGER.facts, Renamed: renamed})

    async def main() -> None:
        here = await workplace(domains=[domain])
        assert here.database.registry.fact_type(Renamed) == ("ledger.renamed", 1)
        assert here.database.registry.fact_type(AmountNoted) == ("ledger.amount_noted", 1)
        fact = Fact(type="ledger.renamed", payload=msgspec.Raw(b'{"account":"b"}'))
        await here.ingester.append([fact, noted("p", 0)])
        assert await here.folder.step() == 2
        assert [row.token for row in here.rows(NOTES)] == ["b", "p.0.0"]

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


async def problems(store: MemoryStore) -> list[str]:
    report = await Verifier(store, RUNTIME, (LEDGER, ENGINE)).run()
    return [finding.problem for finding in report.findings]
