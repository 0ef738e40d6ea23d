"""A store in an Azure container keeps every promise of the Store port."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Iterator

import pytest

from arco.runtime import AsyncioRuntime
from arco.store.open import open_store
from arco.store.port import Store
from arco.testing.signed_urls import SignedUrlsContract
from arco.testing.store_contract import StoreContract
from tests.contract.cloud_contract import CloudContract, CredentialsContract
from tests.contract.emulators import ACCOUNT, ACCOUNT_KEY, BUCKET, azure_service

RUNTIME = AsyncioRuntime()
FOLDERS = itertools.count()


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with azure_service(tmp_path_factory.mktemp("azure")) as endpoint:
        yield endpoint


@pytest.fixture
def place(endpoint: str) -> str:
    return f"a/{next(FOLDERS)}?account={ACCOUNT}&endpoint={endpoint}"


@pytest.fixture
def store(place: str, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", ACCOUNT_KEY)
    return open_store(f"az://{BUCKET}/{place}", RUNTIME)


@pytest.fixture
def bucketless(place: str, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", ACCOUNT_KEY)
    return open_store(f"az://nowhere/{place}", RUNTIME)


@pytest.fixture
def foreign(place: str, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", base64.b64encode(b"another key").decode())
    return open_store(f"az://{BUCKET}/{place}", RUNTIME)


class TestAzureStore(StoreContract, SignedUrlsContract, CloudContract, CredentialsContract):
    pass
