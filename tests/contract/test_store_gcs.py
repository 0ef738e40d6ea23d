"""A store in a bucket of Google Cloud Storage keeps every promise of the Store port."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from arco.runtime import AsyncioRuntime, run
from arco.store.open import open_store
from arco.store.port import Store
from arco.testing.store_contract import StoreContract
from tests.contract.gcs_double import Bucket, gcs_service

RUNTIME = AsyncioRuntime()
FOLDERS = itertools.count()
BUCKET = "lake"


@pytest.fixture(scope="module")
def service() -> Iterator[tuple[str, Bucket]]:
    with gcs_service(BUCKET) as service:
        yield service


@pytest.fixture
def store(service: tuple[str, Bucket], monkeypatch: pytest.MonkeyPatch) -> Store:
    endpoint, bucket = service
    monkeypatch.setenv("GOOGLE_SERVICE_ACCOUNT_KEY", bucket.account(endpoint))
    return open_store(f"gs://{BUCKET}/a/{next(FOLDERS)}?endpoint={endpoint}", RUNTIME)


class TestGoogleStore(StoreContract):
    pass
