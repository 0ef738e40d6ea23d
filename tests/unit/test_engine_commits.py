"""Commits, batches and their cost: what one decision costs, and what bad bytes do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from arco.engine import snapshot
from arco.engine.batch import CLOCK_LEAD_MAX, commit_time
from arco.engine.commit import Commit, decode_commit, encode_commit
from arco.engine.database import Database
from arco.engine.domain import DOMAIN as ENGINE
from arco.engine.verify import Verifier
from arco.errors import AlreadyExists, ArcoError, Corrupt
from arco.ids import sha256
from arco.model import Event, State
from arco.runtime import AsyncioRuntime, run
from arco.store import keys
from arco.store.memory import MemoryStore
from arco.store.port import Store, StoreFault
from arco.testing.registry import NAMES, Added, NameTaken, take_name
from arco.testing.registry import REGISTRY as DOMAIN
from arco.testing.stores import CountingStore

RUNTIME = AsyncioRuntime()
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


async def opened(store: Store) -> Database:
    return await Database.open(store, RUNTIME, domains=(DOMAIN,), writer="test")


def test_every_flipped_byte_of_a_commit_is_noticed() -> None:
    commit = Commit(seq=7, prev="0" * 64, cid="c", writer="w", committed_at=NOON)
    data = encode_commit(commit)
    assert decode_commit(data, 7).cid == "c"
    for position in range(len(data)):
        flipped = bytearray(data)
        flipped[position] ^= 1
        with pytest.raises(Corrupt):
            decode_commit(bytes(flipped), 7)


def test_a_commit_in_the_wrong_slot_is_noticed() -> None:
    data = encode_commit(Commit(seq=7, prev="", cid="c", writer="w", committed_at=NOON))
    with pytest.raises(Corrupt, match="slot 7"):
        decode_commit(data, 8)


def test_commit_times_never_go_back_unless_the_last_one_is_far_ahead() -> None:
    earlier, far = NOON - timedelta(minutes=1), NOON + CLOCK_LEAD_MAX + timedelta(seconds=1)
    assert commit_time(earlier, NOON) == NOON
    assert commit_time(NOON, earlier) == NOON
    assert commit_time(NOON, far) == NOON


def test_a_decision_costs_one_put_and_a_read_one_get() -> None:
    async def main() -> None:
        store = CountingStore(MemoryStore())
        database = await opened(store)
        store.reset()
        await database.transact(take_name("a", "t1"))
        assert store.counts("log/*") == {"create": 1}
        store.reset()
        await database.refresh()
        assert store.counts("log/*") == {"get": 1}

    run(main())


def test_decisions_that_wait_together_share_a_commit_and_one_bad_one_fails_alone() -> None:
    async def main() -> None:
        database = await opened(MemoryStore())
        await database.transact(take_name("taken", "t0"))
        before = database.seq
        names = ["a", "taken", "b", "c"]
        outcomes = await RUNTIME.gather(refused(database, name) for name in names)
        assert outcomes == [False, True, False, False]
        assert database.seq <= before + 2
        assert [row.name for row in database.state.range(NAMES)] == ["a", "b", "c", "taken"]

    async def refused(database: Database, name: str) -> bool:
        try:
            await database.transact(take_name(name, f"t-{name}"))
        except AlreadyExists:
            return True
        return False

    run(main())


def test_a_decision_that_breaks_fails_alone_too() -> None:
    def broken(state: State, now: datetime) -> list[Event]:
        raise ZeroDivisionError("a bug")

    async def main() -> None:
        database = await opened(MemoryStore())

        async def attempt(decision: object) -> bool:
            try:
                await database.transact(decision)  # type: ignore[arg-type]
            except ZeroDivisionError:
                return False
            return True

        decisions = [take_name("a", "t1"), broken, take_name("b", "t2")]
        assert await RUNTIME.gather(attempt(d) for d in decisions) == [True, False, True]

    run(main())


def test_events_too_large_for_a_slot_stand_in_a_payload_object() -> None:
    async def main() -> None:
        store = MemoryStore()
        database = await opened(store)
        events = [Event(NameTaken(name=f"{i:06d}" + "x" * 200, token=f"t{i}")) for i in range(6000)]
        receipt = await database.transact(lambda state, now: events)
        slot = await store.get(keys.slot(receipt.seq))
        assert slot is not None and len(slot) < 2000
        payloads = await store.list("payload/")
        assert len(payloads) == 1
        again = await opened(store)
        assert sum(1 for _ in again.state.range(NAMES)) == 6000

    run(main())


def test_two_writers_on_one_log_take_turns() -> None:
    async def main() -> None:
        store = MemoryStore()
        one, other = await opened(store), await opened(store)
        for number in range(10):
            writer = (one, other)[number % 2]
            event = Event(Added(counter="c", amount=1, token=f"t{number}"))
            await writer.transact(lambda state, now, event=event: [event])
        assert await one.refresh() == await other.refresh()

    run(main())


def test_a_broken_chain_stops_the_reader() -> None:
    async def main() -> None:
        store = MemoryStore()
        database = await opened(store)
        forged = Commit(seq=database.seq + 1, prev="f" * 64, cid="c", writer="w", committed_at=NOON)
        await store.create(keys.slot(forged.seq), encode_commit(forged))
        with pytest.raises(Corrupt, match="does not follow"):
            await database.refresh()

    run(main())


def test_a_damaged_snapshot_is_rebuilt_from_the_log_and_published_anew() -> None:
    async def main() -> None:
        store = MemoryStore()
        database = await opened(store)
        for number in range(20):
            await database.transact(take_name(f"n{number:02d}", f"t{number}"))
        assert await snapshot.publish(database)
        for entry in await store.list("data/registry/"):
            await store.put(entry.key, b"damaged")
        survivor = await opened(store)
        found: list[str] = []
        await survivor.asked(lambda s: found.extend(row.name for row in s.range(NAMES)))
        assert len(found) == 20
        assert survivor.replay.damage is not None
        assert await snapshot.publish(survivor)
        report = await Verifier(store, RUNTIME, domains=(DOMAIN, ENGINE)).run()
        assert report.findings == ()

    run(main())


def test_verify_names_a_missing_slot_and_a_damaged_snapshot_file() -> None:
    async def main() -> None:
        store = MemoryStore()
        database = await opened(store)
        await database.transact(take_name("a", "t1"))
        await snapshot.publish(database)
        entries = await store.list("data/registry/")
        await store.put(entries[0].key, b"x")
        verifier = Verifier(store, RUNTIME, domains=(DOMAIN, ENGINE))
        problems = [finding.problem for finding in (await verifier.run()).findings]
        assert any("does not match its hash" in problem for problem in problems)
        await store.delete(keys.slot(1))
        gone = await Verifier(store, RUNTIME, domains=(DOMAIN, ENGINE)).run()
        assert gone.findings

    run(main())


def test_receipts_name_the_hash_of_their_slot() -> None:
    async def main() -> None:
        store = MemoryStore()
        database = await opened(store)
        receipt = await database.transact(take_name("a", "t1"))
        assert sha256(await store.get(keys.slot(receipt.seq)) or b"") == receipt.hash

    run(main())


def test_a_fatal_store_fault_stops_this_process_from_writing() -> None:
    class Dying(MemoryStore):
        async def create(self, key: str, data: bytes) -> bool:
            if key.startswith("log/") and key != keys.slot(0):
                raise StoreFault("fsync failed", fatal=True)
            return await super().create(key, data)

    async def main() -> None:
        database = await opened(Dying())
        for _ in range(2):
            with pytest.raises(ArcoError) as caught:
                await database.transact(take_name("a", "t1"))
            assert caught.value.code == "OUTCOME_UNKNOWN"

    run(main())
