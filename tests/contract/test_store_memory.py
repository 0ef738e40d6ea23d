"""The memory store keeps every promise of the Store port."""

from __future__ import annotations

import pytest

from arco.store.keys import Scope
from arco.store.memory import MemoryStore
from arco.store.port import Store
from arco.store.scoped import ScopedStore
from arco.testing.store_contract import LocksContract, StoreContract


class TestMemoryStore(StoreContract, LocksContract):
    @pytest.fixture
    def store(self) -> Store:
        return MemoryStore()


class TestScopedMemoryStore(StoreContract, LocksContract):
    @pytest.fixture
    def store(self) -> Store:
        return ScopedStore(MemoryStore(), Scope(tenant="acme", workspace="prod"))
