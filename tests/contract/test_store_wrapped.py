"""The shipped test stores are transparent as long as they are not told to misbehave."""

from __future__ import annotations

from pathlib import Path

import pytest

from arco.runtime import AsyncioRuntime
from arco.store.local import LocalStore
from arco.store.memory import MemoryStore
from arco.store.port import Store
from arco.testing.store_contract import LocksContract, StoreContract
from arco.testing.stores import CountingStore, FaultyStore, LatencyStore, ScriptedFaults


class TestCountingStore(StoreContract, LocksContract):
    @pytest.fixture
    def store(self) -> Store:
        return CountingStore(MemoryStore())


class TestLatencyStore(StoreContract, LocksContract):
    @pytest.fixture
    def store(self) -> Store:
        return LatencyStore(MemoryStore(), AsyncioRuntime(), {"create": 0.0002, "get": 0.0002})


class TestFaultyStoreWithoutFaults(StoreContract, LocksContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Store:
        return FaultyStore(LocalStore(tmp_path, AsyncioRuntime()), ScriptedFaults([]))
