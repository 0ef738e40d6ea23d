"""A log that went back is noticed: by the hint, by what a process has seen."""

from __future__ import annotations

import pytest

from arco.engine import snapshot
from arco.engine.database import Database
from arco.engine.domain import DOMAIN as ENGINE
from arco.engine.rollback import check_history
from arco.engine.verify import Report, Verifier
from arco.errors import ArcoError, Corrupt
from arco.runtime import AsyncioRuntime, run
from arco.store import keys
from arco.store.memory import MemoryStore
from arco.testing.registry import NAMES, REGISTRY, take_name

RUNTIME = AsyncioRuntime()


async def opened(store: MemoryStore) -> Database:
    return await Database.open(store, RUNTIME, domains=(REGISTRY,), writer="test")


async def took(database: Database, *names: str) -> None:
    for name in names:
        await database.transact(take_name(name, f"token-{name}"))


async def verified(store: MemoryStore) -> Report:
    return await Verifier(store, RUNTIME, (REGISTRY, ENGINE)).run()


def test_a_process_stops_writing_when_what_it_has_seen_is_gone_or_another() -> None:
    async def main() -> None:
        for replaced in (False, True):
            store = MemoryStore()
            database = await opened(store)
            await took(database, "a", "b")
            await check_history(database)
            await store.delete(keys.slot(database.seq))
            if replaced:
                await took(await opened(store), "other")
            with pytest.raises(Corrupt) as lost:
                await check_history(database)
            assert lost.value.code == "HISTORY_LOST"
            with pytest.raises(ArcoError, match="has seen it"):
                await took(database, "c")
            assert await store.get(keys.slot(3)) is None

    run(main())


def test_verify_tells_of_a_hint_that_is_ahead_of_the_log_or_names_another_slot() -> None:
    async def main() -> None:
        store = MemoryStore()
        database = await opened(store)
        await took(database, "a", "b")
        await database.close()
        assert (await verified(store)).findings == ()
        await store.delete(keys.slot(2))
        (found,) = (await verified(store)).findings
        assert found.subject == "head.json" and "the log ends at 1" in found.problem
        await took(await opened(store), "c")
        (found,) = (await verified(store)).findings
        assert "another slot 2" in found.problem

    run(main())


def test_a_snapshot_is_made_again_from_the_log_alone() -> None:
    async def main() -> None:
        store = MemoryStore()
        database = await opened(store)
        await took(database, *"abcdef")
        await snapshot.publish(database)
        # A snapshot that is whole and says something else than the log: only a rebuild helps.
        cold = await opened(store)
        cold.tables.memory[NAMES.name].merge([(("c",), None)], cold.seq)
        assert await snapshot.publish(cold)
        assert len((await verified(store)).findings) == 1
        again = await opened(store)
        assert await snapshot.rebuild(again)
        assert (await verified(store)).findings == ()
        assert again.replay.damage is None
        rows = await (await opened(store)).asked(lambda state: list(state.range(NAMES)))
        assert [row.name for row in rows] == list("abcdef")

    run(main())
