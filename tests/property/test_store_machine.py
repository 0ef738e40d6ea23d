"""Any sequence of questions of two processes to one store is answered as a dictionary would."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from arco.runtime import AsyncioRuntime, run
from arco.store.keys import Scope
from arco.store.local import INLINE_BYTES_MAX, LocalStore
from arco.store.memory import MemoryStore
from arco.store.port import Lock, Locks, Store
from arco.store.scoped import ScopedStore

KEY = st.sampled_from(["head.json", "log/0/1", "log/0/2", "log/1/1", "logs/x", "data/a b/c"])
FOLDER = st.sampled_from(["", "log/", "log/0/", "logs/", "data/", "none/"])
DATA = st.binary(max_size=40) | st.just(b"large" * (INLINE_BYTES_MAX // 4))
OFFSET = st.integers(0, 50)
WHO = st.integers(0, 1)
RACERS = 4
STEPS = 30


class StoreMachine(RuleBasedStateMachine):
    """Two handles on one store, and what a dictionary says."""

    def __init__(self) -> None:
        super().__init__()
        self.objects: dict[str, bytes] = {}
        self.locks: dict[str, Lock] = {}
        self.handles = self.opened()

    def opened(self) -> list[Store]:
        """Two processes' ways to the same empty store."""
        store = MemoryStore()
        return [store, store]

    def reopened(self, who: int) -> Store:
        """The way of a process that was started again."""
        return self.handles[who]

    @rule(who=WHO, key=KEY, data=DATA)
    def create(self, who: int, *, key: str, data: bytes) -> None:
        created = run(self.handles[who].create(key, data))
        assert created == (key not in self.objects)
        self.objects.setdefault(key, data)

    @rule(key=KEY)
    def race(self, key: str) -> None:
        """Many create one name at once: one wins, unless it is taken."""

        async def all_at_once() -> list[bool]:
            creates = [
                self.handles[number % 2].create(key, b"%d" % number) for number in range(RACERS)
            ]
            return await AsyncioRuntime().gather(creates)

        won = [b"%d" % number for number, mine in enumerate(run(all_at_once())) if mine]
        assert len(won) == (0 if key in self.objects else 1)
        for data in won:
            self.objects[key] = data

    @rule(who=WHO, key=KEY, data=DATA)
    def put(self, who: int, *, key: str, data: bytes) -> None:
        run(self.handles[who].put(key, data))
        self.objects[key] = data

    @rule(who=WHO, key=KEY)
    def delete(self, who: int, *, key: str) -> None:
        run(self.handles[who].delete(key))
        self.objects.pop(key, None)

    @rule(who=WHO, key=KEY)
    def confirm(self, who: int, *, key: str) -> None:
        if key in self.objects:
            run(self.handles[who].confirm(key))

    @rule(who=WHO, key=KEY, start=OFFSET, end=st.none() | OFFSET)
    def get(self, who: int, *, key: str, start: int, end: int | None) -> None:
        data = self.objects.get(key)
        found = run(self.handles[who].get(key, start=start, end=end))
        assert found == (None if data is None else data[start:end])

    @rule(who=WHO, folder=FOLDER)
    def list(self, who: int, *, folder: str) -> None:
        found = [(entry.key, entry.size_bytes) for entry in run(self.handles[who].list(folder))]
        inside = sorted(key for key in self.objects if key.startswith(folder))
        assert found == [(key, len(self.objects[key])) for key in inside]

    @rule(who=WHO, key=KEY)
    def lock(self, who: int, *, key: str) -> None:
        store = self.handles[who]
        assert isinstance(store, Locks)
        lock = run(store.try_lock(key))
        assert (lock is None) == (key in self.locks)
        if lock is not None:
            self.locks[key] = lock

    @rule(key=KEY)
    def unlock(self, key: str) -> None:
        if key in self.locks:
            self.locks.pop(key).release()

    @rule(who=WHO)
    def reopen(self, who: int) -> None:
        self.handles[who] = self.reopened(who)

    def teardown(self) -> None:
        for store in self.handles:
            for key, data in self.objects.items():
                assert run(store.get(key)) == data
        for lock in self.locks.values():
            lock.release()


class LocalMachine(StoreMachine):
    """One tenant's part of a folder: what a process that starts again finds is on the disk."""

    def opened(self) -> list[Store]:
        self.folder = tempfile.TemporaryDirectory()
        return [self.reopened(who) for who in range(2)]

    def reopened(self, who: int) -> Store:
        local = LocalStore(Path(self.folder.name), AsyncioRuntime(), fsync=False)
        return ScopedStore(local, Scope())

    def teardown(self) -> None:
        super().teardown()
        self.folder.cleanup()


class TestMemory(StoreMachine.TestCase):  # type: ignore[name-defined,misc]
    settings = settings(stateful_step_count=STEPS)


class TestLocal(LocalMachine.TestCase):  # type: ignore[name-defined,misc]
    settings = settings(stateful_step_count=STEPS)
