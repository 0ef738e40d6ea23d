"""A store in a bucket of Google Cloud Storage keeps every promise of the Store port."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from arco.runtime import AsyncioRuntime
from arco.store.open import open_store
from arco.store.port import Store
from arco.testing.signed_urls import SignedUrlsContract
from arco.testing.store_contract import StoreContract
from tests.contract.cloud_contract import CloudContract, CredentialsContract
from tests.contract.gcs_double import Bucket, gcs_service

RUNTIME = AsyncioRuntime()
FOLDERS = itertools.count()
BUCKET = "lake"


@pytest.fixture(scope="module")
def service() -> Iterator[tuple[str, Bucket]]:
    with gcs_service(BUCKET) as service:
        yield service


@pytest.fixture
def place(service: tuple[str, Bucket]) -> str:
    return f"a/{next(FOLDERS)}?endpoint={service[0]}"


@pytest.fixture
def store(service: tuple[str, Bucket], place: str, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("GOOGLE_SERVICE_ACCOUNT_KEY", service[1].account(service[0]))
    return open_store(f"gs://{BUCKET}/{place}", RUNTIME)


@pytest.fixture
def bucketless(service: tuple[str, Bucket], place: str, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("GOOGLE_SERVICE_ACCOUNT_KEY", service[1].account(service[0]))
    return open_store(f"gs://nowhere/{place}", RUNTIME)


@pytest.fixture
def foreign(service: tuple[str, Bucket], place: str, monkeypatch: pytest.MonkeyPatch) -> Store:
    stranger = Bucket(BUCKET)
    monkeypatch.setenv("GOOGLE_SERVICE_ACCOUNT_KEY", stranger.account(service[0]))
    return open_store(f"gs://{BUCKET}/{place}", RUNTIME)


class TestGoogleStore(StoreContract, SignedUrlsContract, CloudContract, CredentialsContract):
    pass
