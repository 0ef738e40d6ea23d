"""A process dies exactly where it was told to, and every kind of object has a name to say it by."""

from __future__ import annotations

import pytest

from arco.engine.database import Database
from arco.runtime import AsyncioRuntime, run
from arco.store import keys
from arco.store.memory import MemoryStore
from arco.store.port import Locks
from arco.testing.failpoints import Failpoint, Moment, StoppingStore, kinds_of, points
from arco.testing.registry import REGISTRY, add
from arco.testing.stores import CountingStore

RUNTIME = AsyncioRuntime()
CREATE_BATCH = Failpoint("create", "lane batch")


class Stopped(Exception):
    """In place of the end of the process."""


def stop() -> None:
    raise Stopped


@pytest.mark.parametrize(("moment", "stands"), [(Moment.BEFORE, None), (Moment.AFTER, b"1")])
def test_a_process_dies_before_or_after_the_store_has_acted(
    moment: Moment, stands: bytes | None
) -> None:
    memory = MemoryStore()
    store = StoppingStore(memory, Failpoint("create", "lane batch", moment), stop)
    key = keys.lane_slot("0a", 0)
    assert run(store.create(keys.roster(0), b"1")) is True
    with pytest.raises(Stopped):
        run(store.create(key, b"1"))
    assert run(memory.get(key)) == stands


def test_a_commit_is_known_by_the_events_it_holds() -> None:
    async def lived(point: Failpoint | None) -> StoppingStore:
        store = StoppingStore(MemoryStore(), point, stop)
        database = await Database.open(store, RUNTIME, domains=[REGISTRY], writer="test")
        await database.transact(add("orders", 1, token="one"))
        return store

    reached = run(lived(None)).reached
    point = Failpoint("create", "log registry.added", Moment.AFTER)
    assert reached["create", point.kind]
    assert point in set(points(reached))
    with pytest.raises(Stopped):
        run(lived(point))


def test_what_only_reads_is_no_point() -> None:
    assert list(points([("get", "log"), ("list", "data file")])) == []


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        (keys.FORMAT, "format"),
        (keys.HEAD, "head hint"),
        (keys.LEAD, "lead beat"),
        (keys.payload(3, "c0", 0), "payload"),
        (keys.data_folder("engine", 3, "c0") + "index.json", "snapshot index"),
        (keys.data_folder("engine", 3, "c0") + "leases-0.parquet", "snapshot file"),
        (keys.roster(3), "roster"),
        (keys.lane_slot("0a", 3), "lane batch"),
        (keys.delta_entry("tbl_1", 3), "delta entry"),
        (keys.prepared_entry("tbl_1", "run", 3), "prepared entry"),
        (keys.staged("tbl_1", "att_1", 0), "data file"),
        (keys.task_log("run", "att_1", 0), "task log"),
        (keys.certificate("0a"), "certificate"),
        (keys.slot(3), "log"),
    ],
)
def test_every_kind_of_object_has_a_name(key: str, kind: str) -> None:
    assert kinds_of(key) == (kind,)
    assert kinds_of(keys.Scope().prefix() + key) == (kind,)
    other = keys.Scope(workspace="copy").prefix() + key
    assert kinds_of(other, b"whatever it says") == (f"{kind} of workspace copy",)


def test_a_wrapped_store_has_locks_when_the_store_has() -> None:
    assert isinstance(CountingStore(MemoryStore()), Locks)

    class Lockless(MemoryStore):
        try_lock = None  # type: ignore[assignment]

    bare = CountingStore(Lockless())
    assert not isinstance(bare, Locks)
