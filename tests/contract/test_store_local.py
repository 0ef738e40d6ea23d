"""The local store keeps every promise of the Store port, with and without anonymous files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from arco.runtime import AsyncioRuntime
from arco.store.folder import System
from arco.store.keys import Scope
from arco.store.local import LocalStore
from arco.store.port import Store
from arco.store.scoped import ScopedStore
from arco.testing.store_contract import LocksContract, StoreContract


class TestLocalStore(StoreContract, LocksContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Store:
        return LocalStore(tmp_path / "store", AsyncioRuntime())


class TestLocalStoreOnAFileSystemWithoutAnonymousFiles(StoreContract, LocksContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Store:
        # `O_TMPFILE` without its own bit is `O_DIRECTORY`: what an old kernel makes of the call.
        system = System(anonymous_flag=os.O_DIRECTORY)
        return LocalStore(tmp_path, AsyncioRuntime(), system=system)


class TestLocalStoreWithoutFsync(StoreContract, LocksContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Store:
        return LocalStore(tmp_path, AsyncioRuntime(), fsync=False)


class TestScopedLocalStore(StoreContract, LocksContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Store:
        return ScopedStore(LocalStore(tmp_path, AsyncioRuntime()), Scope())
