"""URLs that are minted over HTTP on stores that sign: S3, Google Cloud Storage and Azure.

A stranger reads the files from the store itself, in ranges, and nothing that it makes of a URL
opens anything else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import duckdb
import msgspec
import pytest

from arco.testing.signed_urls import REFUSALS, altered, ask, shortened
from tests.contract.emulators import (
    ACCOUNT,
    ACCOUNT_KEY,
    BUCKET,
    S3_ENVIRONMENT,
    azure_service,
    s3_service,
)
from tests.contract.gcs_double import gcs_service
from tests.integration.api_server import Server, deploy_shop, serving

URLS = "/api/v1/browser/urls"
STORES = ("s3", "gs", "az")
PARQUET = b"PAR1"


@contextmanager
def place(scheme: str, folder: Path, *, patch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of an empty store of this kind, and its credentials in the environment."""
    if scheme == "s3":
        with s3_service() as endpoint:
            for name, value in S3_ENVIRONMENT.items():
                patch.setenv(name, value)
            yield f"s3://{BUCKET}/arco?region=eu-west-1&endpoint={endpoint}"
    elif scheme == "gs":
        with gcs_service(BUCKET) as (endpoint, bucket):
            patch.setenv("GOOGLE_SERVICE_ACCOUNT_KEY", bucket.account(endpoint))
            yield f"gs://{BUCKET}/arco?endpoint={endpoint}"
    else:
        with azure_service(folder) as endpoint:
            patch.setenv("AZURE_STORAGE_ACCOUNT_KEY", ACCOUNT_KEY)
            yield f"az://{BUCKET}/arco?account={ACCOUNT}&endpoint={endpoint}"


class Minted(msgspec.Struct, frozen=True):
    """A server on one store, and what it told."""

    server: Server
    told: Any

    @property
    def url(self) -> str:
        """The URL of one file."""
        found: str = self.told["files"][0]["url"]
        return found


@pytest.fixture(scope="module", params=STORES)
def minted(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Minted]:
    folder = tmp_path_factory.mktemp(request.param)
    with (
        pytest.MonkeyPatch.context() as patch,
        place(request.param, folder, patch=patch) as store,
        serving(folder, store=store) as server,
    ):
        deploy_shop(server)
        answer = server.post(URLS, {"tables": ["orchestration.assets"]})
        assert answer.status == 200, answer.body
        yield Minted(server, answer.json())


def test_a_stranger_reads_each_file_whole_and_in_ranges(minted: Minted, tmp_path: Path) -> None:
    sql = minted.told["tables"][0]["sql"]
    for number, file in enumerate(minted.told["files"]):
        # It is the store that answers, not this server.
        assert urlsplit(file["url"]).netloc != f"127.0.0.1:{minted.server.port}"
        whole = ask(file["url"])
        assert (whole.status, len(whole.body)) == (200, file["size_bytes"])
        head = ask(file["url"], headers={"Range": "bytes=0-3"})
        assert (head.status, head.body) == (206, PARQUET)
        tail = ask(file["url"], headers={"Range": f"bytes={file['size_bytes'] - 4}-"})
        assert (tail.status, tail.body) == (206, PARQUET)
        (tmp_path / f"{number}.parquet").write_bytes(whole.body)
        sql = sql.replace(file["name"], str(tmp_path / f"{number}.parquet"))
    engine = duckdb.connect()
    engine.execute(sql)
    rows = engine.execute("SELECT key FROM orchestration.assets ORDER BY 1").fetchall()
    assert rows == [("raw.orders",), ("shop.daily",)]


def test_a_minted_url_that_is_altered_in_any_part_opens_nothing(minted: Minted) -> None:
    parts = [*altered(minted.url), *shortened(minted.url)]
    assert len(parts) >= 8
    assert [part for part, other in parts if ask(other).status not in REFUSALS] == []


def test_a_minted_url_opens_nothing_private_and_no_other_tenants(minted: Minted) -> None:
    name = minted.told["files"][0]["name"]
    others = (
        "FORMAT.json",
        f"log/{0:012d}/{0:020d}.json",
        name.replace("orchestration", "access"),
        name[:-1],
        name.rpartition("/")[0],
        f"../../tenant=other/workspace=main/{name}",
        f"{name}/../../../../log",
        "%2e%2e/" + name,
    )
    for other in others:
        assert name in minted.url
        answer = ask(minted.url.replace(name, other))
        assert answer.status in REFUSALS | {404}, other
        assert PARQUET not in answer.body
    theirs, count = re.subn("tenant(=|%3D)local", r"tenant\1other", minted.url)
    assert count == 1
    assert ask(theirs).status in REFUSALS


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
def test_a_minted_url_only_reads(minted: Minted, method: str) -> None:
    headers = {"x-ms-blob-type": "BlockBlob"}
    answer = ask(minted.url, method=method, body=b"changed", headers=headers)
    assert answer.status in REFUSALS | {404, 405}
    assert ask(minted.url).body.startswith(PARQUET)


def test_what_is_private_has_no_url_on_any_store(minted: Minted) -> None:
    for name in ("access.grants", "access.keys", "engine.idempotency", "*", "../log"):
        answer = minted.server.post(URLS, {"tables": [name]})
        assert (answer.status, answer.error()["code"]) == (404, "TABLE_NOT_FOUND")
