"""A whole workspace lives in a bucket of Google's and in a container of Azure's as on a disk.

Transactions, facts, snapshots, runs into Delta tables, a restore, a package and its import, and
the collection of garbage; in the end every promise is verified, and a library that is not ours
reads the tables. What S3 does is in the trials of lives that are cut short.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.emulators import ACCOUNT, ACCOUNT_KEY, BUCKET, azure_service
from tests.contract.gcs_double import gcs_service
from tests.integration.trials import Elsewhere, Lives, written_project


@pytest.fixture
def google() -> Iterator[Elsewhere]:
    with gcs_service(BUCKET) as (endpoint, bucket):
        key = {"GOOGLE_SERVICE_ACCOUNT_KEY": bucket.account(endpoint)}
        yield Elsewhere(f"gs://{BUCKET}/{{folder}}?endpoint={endpoint}", key)


@pytest.fixture
def azure(tmp_path: Path) -> Iterator[Elsewhere]:
    folder = tmp_path / "azure"
    folder.mkdir()
    with azure_service(folder) as endpoint:
        reached = f"?account={ACCOUNT}&endpoint={endpoint}"
        key = {"AZURE_STORAGE_ACCOUNT_KEY": ACCOUNT_KEY}
        yield Elsewhere(f"az://{BUCKET}/{{folder}}{reached}", key)


@pytest.mark.timeout(200)
@pytest.mark.parametrize("provider", ["google", "azure"])
def test_a_whole_life_takes_place_at_every_provider(
    provider: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    where = request.getfixturevalue(provider)
    lives = Lives(where, written_project(tmp_path / "p"), tmp_path)
    assert lives.life() == []
