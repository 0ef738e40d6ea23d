"""Every provider's bucket tells a page what it may read, and we say which rule it lacks.

The rule that is printed for an operator is the one that the emulators are given.
"""

from __future__ import annotations

import itertools
import json
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from arco.errors import Invalid
from arco.runtime import AsyncioRuntime, run
from arco.store.cors import Rule, Shortage, bucket_rule, cors_shortage
from arco.store.open import open_store
from arco.store.port import SignsUrls, Store
from tests.contract.emulators import (
    ACCOUNT,
    ACCOUNT_KEY,
    BUCKET,
    S3_ENVIRONMENT,
    asked,
    azure_asked,
    azure_service,
    s3_service,
)
from tests.contract.gcs_double import gcs_service

RUNTIME = AsyncioRuntime()
FOLDERS = itertools.count()
ORIGIN = "https://arco.example"
OTHER = "https://other.example:8443"
KEY = "data/one.parquet"
Applied = Callable[[Rule], None]
Opened = tuple[Store, Applied]


@contextmanager
def on_s3(folder: Path, environment: pytest.MonkeyPatch) -> Iterator[Opened]:
    with s3_service() as endpoint:
        for name, value in S3_ENVIRONMENT.items():
            environment.setenv(name, value)

        def apply(rule: Rule) -> None:
            (said,) = json.loads(rule.document)["CORSRules"]
            names = {"AllowedOrigins", "AllowedMethods", "AllowedHeaders", "ExposeHeaders"}
            items = "".join(
                f"<{name.rstrip('s')}>{value}</{name.rstrip('s')}>"
                for name in sorted(names)
                for value in said[name]
            )
            body = f"<CORSConfiguration><CORSRule>{items}</CORSRule></CORSConfiguration>"
            port = int(endpoint.rpartition(":")[2])
            asked("PUT", port, path=f"/{BUCKET}?cors", body=body)

        yield open_store(f"s3://{BUCKET}/a?endpoint={endpoint}", RUNTIME), apply


@contextmanager
def on_google(folder: Path, environment: pytest.MonkeyPatch) -> Iterator[Opened]:
    with gcs_service(BUCKET) as (endpoint, bucket):
        environment.setenv("GOOGLE_SERVICE_ACCOUNT_KEY", bucket.account(endpoint))

        def apply(rule: Rule) -> None:
            bucket.rules = json.loads(rule.document)

        yield open_store(f"gs://{BUCKET}/a?endpoint={endpoint}", RUNTIME), apply


@contextmanager
def on_azure(folder: Path, environment: pytest.MonkeyPatch) -> Iterator[Opened]:
    with azure_service(folder) as endpoint:
        environment.setenv("AZURE_STORAGE_ACCOUNT_KEY", ACCOUNT_KEY)

        def apply(rule: Rule) -> None:
            words = shlex.split(rule.command)
            said = dict(itertools.pairwise(words))
            assert said["--account-name"] == ACCOUNT
            body = (
                "<StorageServiceProperties><Cors><CorsRule>"
                f"<AllowedOrigins>{said['--origins']}</AllowedOrigins>"
                f"<AllowedMethods>{said['--methods']}</AllowedMethods>"
                f"<AllowedHeaders>{said['--allowed-headers']}</AllowedHeaders>"
                f"<ExposedHeaders>{said['--exposed-headers']}</ExposedHeaders>"
                f"<MaxAgeInSeconds>{said['--max-age']}</MaxAgeInSeconds>"
                "</CorsRule></Cors></StorageServiceProperties>"
            )
            port = int(endpoint.rpartition(":")[2].partition("/")[0])
            parameters = {"restype": "service", "comp": "properties"}
            azure_asked(port, "", parameters=parameters, body=body)

        place = f"a?account={ACCOUNT}&endpoint={endpoint}"
        yield open_store(f"az://{BUCKET}/{place}", RUNTIME), apply


@pytest.mark.parametrize("provider", [on_s3, on_google, on_azure], ids=lambda each: each.__name__)
def test_a_bucket_lacks_the_rule_until_the_printed_one_is_set(
    provider: Callable[[Path, pytest.MonkeyPatch], Iterator[Opened]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with provider(tmp_path, monkeypatch) as (store, apply):  # type: ignore[attr-defined]
        run(store.create(KEY, b"0123456789"))
        found = shortage(store)
        assert found is not None
        assert ORIGIN in found.problem
        assert "ignature" not in found.problem
        assert found.rule == bucket_rule(store.location(KEY), ORIGIN)
        apply(bucket_rule(store.location(KEY), OTHER))
        assert shortage(store) is not None
        apply(found.rule)
        assert shortage(store) is None
        assert shortage(store, origin=OTHER) is not None


@pytest.mark.parametrize(
    ("left_out", "named"),
    [("range", "the header Range"), ("etag", "headers etag"), ("content-range", "content-range")],
)
def test_what_a_rule_leaves_out_is_named(
    left_out: str, named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with on_google(tmp_path, monkeypatch) as (store, apply):
        run(store.create(KEY, b"0123456789"))
        rule = bucket_rule(store.location(KEY), ORIGIN)
        apply(Rule(rule.command, rule.document.replace(f'"{left_out}"', '"other"')))
        found = shortage(store)
        assert found is not None
        assert named in found.problem


def shortage(store: Store, *, origin: str = ORIGIN) -> Shortage | None:
    assert isinstance(store, SignsUrls)
    return run(cors_shortage(store, RUNTIME, key=KEY, origin=origin))


@pytest.mark.parametrize("origin", ["", "arco.example", "https://", "https://a/b", "ftp://a", "*"])
def test_what_is_no_origin_is_refused(origin: str) -> None:
    with pytest.raises(Invalid) as refusal:
        bucket_rule("s3://lake/a", origin)
    assert refusal.value.code == "ORIGIN_INVALID"


def test_a_folder_needs_no_rule() -> None:
    with pytest.raises(Invalid) as refusal:
        bucket_rule("/srv/arco/a", ORIGIN)
    assert refusal.value.code == "CORS_NOT_NEEDED"
