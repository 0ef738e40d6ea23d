"""Ingesting and folding facts: batches, refusals, quarantine, seals, lag, forgotten lanes."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from arco.engine.lanes import folder, gathering, ingest
from arco.engine.lanes.batches import (
    FACT_BYTES_MAX,
    SLOT_FACTS_MAX,
    Fact,
)
from arco.engine.lanes.folder import Folder
from arco.engine.lanes.ranges import RANGES_MAX, Ranges
from arco.engine.lanes.tables import (
    FACT_KEYS,
    FOLDINGS,
    LANES,
    OPEN_LANES,
    PRODUCERS,
    QUARANTINE,
)
from arco.errors import Invalid, TooManyRequests, Unavailable
from arco.model import Domain, Payload, Put, State
from arco.runtime import run
from arco.store.memory import MemoryStore
from arco.testing.ledger import BALANCES, LEDGER, NOTES, AmountNoted, noted
from tests.unit.lane_workplace import EMPTY, amount, fact, problems, workplace


def test_facts_of_one_moment_share_one_object_and_say_where_they_stand() -> None:
    async def main() -> None:
        here = await workplace()
        await here.ingester.append([noted("p", 0)])
        here.store.reset()
        appended = [here.ingester.append([noted("q", n), noted("r", n)]) for n in range(3)]
        places = await asyncio.gather(*appended)
        assert {(place.lane, place.slot) for place in places} == {(places[0].lane, 1)}
        assert sorted(place.position for place in places) == [0, 2, 4]
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


def test_a_folder_that_is_behind_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "FOLD_FACTS_MAX", 10)
    monkeypatch.setattr(folder, "BEHIND_FACTS", 5)
    monkeypatch.setattr(folder, "FOLD_SECONDS_MIN", 3600.0)

    async def main() -> None:
        here = await workplace()
        for start in range(0, 40, 10):
            await here.ingester.append([noted("p", start + n) for n in range(10)])
        folding = asyncio.create_task(here.folder.run(here.ingester.flushed))
        async with asyncio.timeout(60):
            while not (here.rows(FOLDINGS) and here.rows(FOLDINGS)[0].facts == 40):
                await asyncio.sleep(0.01)
        assert here.rows(FOLDINGS)[0].number == 4
        folding.cancel()

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


class Renamed(Payload, frozen=True):
    """A fact of an account that moved."""

    account: str


def renamed(state: State, fact: Renamed) -> Any:
    """A table that is not the ledger's alone can be read too."""
    yield Put(NOTES, msgspec.convert({"token": fact.account, "times": 1}, NOTES.row))


def test_one_domain_may_have_many_kinds_of_facts() -> None:
    domain = Domain("ledger", (BALANCES, NOTES), {}, facts={**LEDGER.facts, Renamed: renamed})

    async def main() -> None:
        here = await workplace(domains=[domain])
        assert here.database.registry.fact_type(Renamed) == ("ledger.renamed", 1)
        assert here.database.registry.fact_type(AmountNoted) == ("ledger.amount_noted", 1)
        fact = Fact(type="ledger.renamed", payload=msgspec.Raw(b'{"account":"b"}'))
        await here.ingester.append([fact, noted("p", 0)])
        assert await here.folder.step() == 2
        assert [row.token for row in here.rows(NOTES)] == ["b", "p.0.0"]

    run(main())
