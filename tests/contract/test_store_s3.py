"""A store in an S3 bucket keeps every promise of the Store port."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from arco.errors import Invalid
from arco.runtime import AsyncioRuntime, run
from arco.service.settings import Settings
from arco.service.workspace import open_workspace
from arco.store import refusals
from arco.store.open import open_store
from arco.store.port import Store
from arco.testing.signed_urls import SignedUrlsContract, signed
from arco.testing.store_contract import StoreContract
from tests.contract.cloud_contract import CloudContract, CredentialsContract
from tests.contract.emulators import BUCKET, S3_ENVIRONMENT, s3_service

RUNTIME = AsyncioRuntime()
FOLDERS = itertools.count()
REGION = "eu-west-1"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with s3_service() as endpoint:
        yield endpoint


@pytest.fixture
def place(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> str:
    for name, value in S3_ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    return f"a/{next(FOLDERS)}?region={REGION}&endpoint={endpoint}"


@pytest.fixture
def store(place: str) -> Store:
    return open_store(f"s3://{BUCKET}/{place}", RUNTIME)


@pytest.fixture
def foreign(place: str, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another secret")
    return open_store(f"s3://{BUCKET}/{place}", RUNTIME)


@pytest.fixture
def bucketless(place: str) -> Store:
    return open_store(f"s3://nowhere/{place}", RUNTIME)


class TestS3Store(StoreContract, SignedUrlsContract, CloudContract, CredentialsContract):
    pass


def test_a_signed_url_names_the_account_and_never_its_secret(store: Store) -> None:
    url = signed(store)
    assert f"X-Amz-Credential={S3_ENVIRONMENT['AWS_ACCESS_KEY_ID']}%2F" in url
    assert S3_ENVIRONMENT["AWS_SECRET_ACCESS_KEY"] not in url


def test_the_environment_cannot_switch_conditional_creation_off(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CONDITIONAL_PUT", "disabled")
    store = open_store(f"s3://{BUCKET}/{place}", RUNTIME)
    assert run(store.create("log/1", b"first")) is True
    assert run(store.create("log/1", b"second")) is False


def test_a_driver_that_words_its_errors_otherwise_is_not_taken_at_its_word(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refusals, "STATUS", re.compile("reworded"))
    monkeypatch.setattr(refusals, "CODE", re.compile("reworded"))
    assert run(store.create("log/1", b"first")) is True
    assert run(store.create("log/1", b"second")) is False
    assert run(store.get("log/1")) == b"first"
    assert run(store.get("log/2")) is None


def test_incomplete_credentials_are_refused_when_the_store_is_opened(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(Invalid) as refusal:
        open_store(f"s3://{BUCKET}/{place}", RUNTIME)
    assert refusal.value.code == "STORE_SETTINGS_UNUSABLE"
    assert refusal.value.__context__ is None


def test_a_workspace_is_opened_by_a_url_and_certifies_the_bucket(
    place: str, tmp_path: Path
) -> None:
    settings = Settings(directory=tmp_path, store=f"s3://{BUCKET}/{place}", workspace="prod")

    async def main() -> None:
        workspace = await open_workspace(settings, RUNTIME)
        again = await open_workspace(settings, RUNTIME)
        assert again.database.seq == workspace.database.seq == 0

    run(main())
    keys = [entry.key for entry in run(open_store(settings.store_url, RUNTIME).list(""))]
    folder = "tenant=local/workspace=prod/"
    assert [key.startswith(("certificates/", folder)) for key in keys] == [True] * len(keys)
    assert f"{folder}FORMAT.json" in keys
