"""A store in an Azure container keeps every promise of the Store port."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from arco.runtime import AsyncioRuntime, run
from arco.store.open import open_store
from arco.store.port import Store
from arco.testing.store_contract import StoreContract
from tests.contract.emulators import ACCOUNT, AZURE_ENVIRONMENT, BUCKET, azure_service

RUNTIME = AsyncioRuntime()
FOLDERS = itertools.count()


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with azure_service(tmp_path_factory.mktemp("azure")) as endpoint:
        yield endpoint


@pytest.fixture
def store(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Store:
    for name, value in AZURE_ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    folder = f"az://{BUCKET}/a/{next(FOLDERS)}"
    return open_store(f"{folder}?account={ACCOUNT}&endpoint={endpoint}", RUNTIME)


class TestAzureStore(StoreContract):
    pass
