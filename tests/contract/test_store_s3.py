"""A store in an S3 bucket keeps every promise of the Store port, and signs URLs S3 would accept."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import urllib.request
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from arco.errors import ArcoError, Forbidden, Invalid, NotFound
from arco.runtime import AsyncioRuntime, run
from arco.store.open import open_store
from arco.store.port import SignsUrls, Store, StoreFault
from arco.testing.store_contract import StoreContract
from tests.contract.emulators import BUCKET, S3_ENVIRONMENT, s3_service

RUNTIME = AsyncioRuntime()
FOLDERS = itertools.count()


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with s3_service() as endpoint:
        yield endpoint


@pytest.fixture
def store(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Store:
    for name, value in S3_ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    return open_store(
        f"s3://{BUCKET}/a/{next(FOLDERS)}?region=eu-west-1&endpoint={endpoint}", RUNTIME
    )


class TestS3Store(StoreContract):
    pass
