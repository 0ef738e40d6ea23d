"""Which cloud URLs name a place, and that none of them may carry a secret."""

from __future__ import annotations

import sys

import pytest

from arco.errors import Invalid
from arco.runtime import AsyncioRuntime
from arco.store.address import CloudAddress, parse_cloud_url
from arco.store.open import open_store


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("s3://lake", CloudAddress("s3", "lake")),
        ("s3://lake/", CloudAddress("s3", "lake")),
        ("s3://my.lake-1/team/arco/", CloudAddress("s3", "my.lake-1", "team/arco/")),
        ("s3://lake/a%20b", CloudAddress("s3", "lake", "a b/")),
        (
            "s3://lake/a?region=eu-west-1&endpoint=https%3A%2F%2Fminio.example%3A9000",
            CloudAddress(
                "s3", "lake", "a/", region="eu-west-1", endpoint="https://minio.example:9000"
            ),
        ),
        ("gs://lake/a", CloudAddress("gs", "lake", "a/")),
        ("az://lake/a?account=acme", CloudAddress("az", "lake", "a/", account="acme")),
    ],
)
def test_a_url_names_a_place(url: str, address: CloudAddress) -> None:
    assert parse_cloud_url(url) == address


@pytest.mark.parametrize(
    "url",
    [
        "s3://",
        "s3:///prefix",
        "s3://UPPER/a",
        "s3://lake:443/a",
        "s3://key:hunter2@lake/a",
        "s3://lake/a?secret_access_key=hunter2",
        "s3://lake/a?access_key_id=hunter2&region=x",
        "az://lake/a?sas_token=hunter2",
        "gs://lake/a?region=hunter2",
        "s3://lake/a?region=hunter2&region=x",
        "s3://lake/a?region=eu/hunter2",
        "s3://lake/a?hunter2",
        "s3://lake/a#hunter2",
        "s3://lake/../hunter2",
        "s3://lake/a//hunter2",
        "s3://lake/%2e%2e/hunter2",
        "s3://lake/" + "hunter2/" * 20,
        "s3://lake/a?endpoint=http://user:hunter2@host",
        "s3://lake/a?endpoint=https://host?token=hunter2",
        "s3://lake/a?endpoint=ftp://hunter2",
        "s3://lake/a?endpoint=https://[hunter2",
        "s3://lake/a?endpoint=https://host:hunter2",
        "s3://[hunter2/a",
    ],
)
def test_any_other_url_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(Invalid) as refusal:
        open_store(url, AsyncioRuntime())
    assert refusal.value.code == "STORE_URL_INVALID"
    assert "environment" in refusal.value.hint
    assert "hunter2" not in refusal.value.message + refusal.value.hint
    assert refusal.value.__context__ is None or refusal.value.__suppress_context__


def test_without_the_extra_a_cloud_url_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "obstore", None)
    monkeypatch.delitem(sys.modules, "arco.store.cloud", raising=False)
    with pytest.raises(Invalid) as refusal:
        open_store("s3://lake/a", AsyncioRuntime())
    assert refusal.value.code == "STORE_EXTRA_MISSING"
    assert refusal.value.hint == "pip install 'arco[cloud]'"
