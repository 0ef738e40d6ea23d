"""An examination of a store says what this process may do on it, and what must be mended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from arco.errors import Forbidden
from arco.runtime import AsyncioRuntime, run
from arco.service.doctor import examine
from arco.service.findings import Finding, Outcome
from arco.service.rights import rights_found
from arco.service.settings import Settings
from arco.service.workspace import open_workspace
from arco.store import keys
from arco.store.memory import MemoryStore
from arco.store.port import Entry, Store
from tests.contract.emulators import (
    ACCOUNT,
    ACCOUNT_KEY,
    BUCKET,
    S3_ENVIRONMENT,
    azure_service,
    s3_service,
)
from tests.contract.gcs_double import gcs_service

ORIGIN = "https://arco.example"
RIGHTS = ("look", "create", "get", "list", "put", "delete")


@contextmanager
def on_s3(folder: Path, environment: pytest.MonkeyPatch) -> Iterator[str]:
    with s3_service() as endpoint:
        for name, value in S3_ENVIRONMENT.items():
            environment.setenv(name, value)
        yield f"s3://{BUCKET}/a?endpoint={endpoint}"


@contextmanager
def on_google(folder: Path, environment: pytest.MonkeyPatch) -> Iterator[str]:
    with gcs_service(BUCKET) as (endpoint, bucket):
        environment.setenv("GOOGLE_SERVICE_ACCOUNT_KEY", bucket.account(endpoint))
        yield f"gs://{BUCKET}/a?endpoint={endpoint}"


@contextmanager
def on_azure(folder: Path, environment: pytest.MonkeyPatch) -> Iterator[str]:
    with azure_service(folder) as endpoint:
        environment.setenv("AZURE_STORAGE_ACCOUNT_KEY", ACCOUNT_KEY)
        yield f"az://{BUCKET}/a?account={ACCOUNT}&endpoint={endpoint}"


Provider = Callable[[Path, pytest.MonkeyPatch], Iterator[str]]
BUCKETS = pytest.mark.parametrize(
    "provider", [on_s3, on_google, on_azure], ids=lambda each: each.__name__
)


def examined(settings: Settings, runtime: AsyncioRuntime | None = None) -> dict[str, Finding]:
    """Check -> what it found."""

    async def all_of_them() -> dict[str, Finding]:
        chosen = runtime or AsyncioRuntime()
        found = examine(settings, chosen, release="1.2.3", origin=ORIGIN)
        return {each.check: each async for each in found}

    return run(all_of_them())


@BUCKETS
def test_a_bucket_is_examined_and_lacks_nothing_but_the_rule_for_pages(
    provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with provider(tmp_path, monkeypatch) as url:  # type: ignore[attr-defined]
        settings = Settings(directory=tmp_path, store=url)
        first = examined(settings)
        rule = first.pop("pages")
        assert {each.outcome for each in first.values()} == {Outcome.OK}, first
        assert set(RIGHTS) < first.keys()
        assert "certified now" in first["certificate"].message
        assert rule.outcome is Outcome.WARNING
        assert ORIGIN in rule.fix + rule.document
        again = examined(settings)
        assert "certified 20" in again["certificate"].message
        workspace = run(open_workspace(settings, AsyncioRuntime()))
        slot = workspace.database.seq
        assert f"stands at slot {slot}" in examined(settings)["workspace"].message
        assert run(workspace.store.list("data/doctor/")) == []


@BUCKETS
def test_whoever_is_not_let_in_reads_which_rights_are_missing(
    provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with provider(tmp_path, monkeypatch) as url:  # type: ignore[attr-defined]
        stranger = "b25seSBhIHN0cmFuZ2Vy"
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", stranger)
        monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", stranger)
        elsewhere = url.replace(BUCKET, "nowhere") if url.startswith("gs") else url
        found = examined(Settings(directory=tmp_path, store=elsewhere))
        assert found["look"].outcome is found["create"].outcome is Outcome.FAILED
        assert found["look"].fix
        assert found["create"].fix
        assert stranger not in str(found)
        assert found["certificate"].outcome is Outcome.SKIPPED
        assert "workspace" not in found


def test_a_folder_is_examined_and_nothing_is_left_in_it(tmp_path: Path) -> None:
    found = examined(Settings(directory=tmp_path, store=f"file://{tmp_path}"))
    assert {each.outcome for each in found.values()} == {Outcome.OK}, found
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    found = examined(Settings(directory=tmp_path, store=str(tmp_path / "store")))
    assert found["store"].outcome is Outcome.OK
    assert "nothing stands" in found["store"].message
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_a_power_loss_destroys_is_a_warning(tmp_path: Path) -> None:
    found = examined(Settings(directory=tmp_path, store=str(tmp_path), fsync=False))
    assert found["store"].outcome is Outcome.WARNING
    assert "ARCO_FSYNC" in found["store"].fix


def test_an_url_that_names_no_store_is_the_only_problem(tmp_path: Path) -> None:
    found = examined(Settings(directory=tmp_path, store="ftp://lake"))
    assert found["store"].outcome is Outcome.FAILED
    assert found.keys() == {"versions", "store"}


@pytest.mark.parametrize("text", [b"", b"{}", b'{"format":2}', b'{"format":1,"features":["x"]}'])
def test_a_workspace_of_another_format_is_refused(text: bytes, tmp_path: Path) -> None:
    settings = Settings(directory=tmp_path, store=str(tmp_path))
    workspace = run(open_workspace(settings, AsyncioRuntime()))
    run(workspace.store.put(keys.FORMAT, text))
    assert examined(settings)["workspace"].outcome is Outcome.FAILED


class Shifted(AsyncioRuntime):
    """A machine whose clock is wrong."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._by = timedelta(seconds=seconds)

    def now(self) -> datetime:
        return super().now() + self._by


@pytest.mark.parametrize(
    ("seconds", "outcome", "said"),
    [
        (0, Outcome.OK, "agrees"),
        (60, Outcome.WARNING, "ahead of"),
        (-60, Outcome.WARNING, "behind"),
        (4000, Outcome.FAILED, "ahead of"),
        (-4000, Outcome.FAILED, "behind"),
    ],
)
def test_a_clock_that_disagrees_with_the_store_is_told(
    seconds: float, outcome: Outcome, said: str, tmp_path: Path
) -> None:
    settings = Settings(directory=tmp_path, store=str(tmp_path))
    clock = examined(settings, Shifted(seconds))["clock"]
    assert clock.outcome is outcome
    assert said in clock.message
    assert bool(clock.fix) is (outcome is not Outcome.OK)


class Limited:
    """A store that grants all rights but one."""

    def __init__(self, store: Store, denied: str) -> None:
        self._store = store
        self._denied = denied

    async def create(self, key: str, data: bytes) -> bool:
        self._may("create")
        return await self._store.create(key, data)

    async def get(self, key: str, *, start: int = 0, end: int | None = None) -> bytes | None:
        self._may("get")
        return await self._store.get(key, start=start, end=end)

    async def put(self, key: str, data: bytes) -> None:
        self._may("put")
        await self._store.put(key, data)

    async def delete(self, key: str) -> None:
        self._may("delete")
        await self._store.delete(key)

    async def list(self, prefix: str, *, after: str = "", limit: int | None = None) -> list[Entry]:
        self._may("list")
        return await self._store.list(prefix, after=after, limit=limit)

    async def confirm(self, key: str) -> None:
        await self._store.confirm(key)

    def location(self, key: str) -> str:
        return self._store.location(key)

    def _may(self, right: str) -> None:
        if right == self._denied:
            raise Forbidden("STORE_READ_DENIED", f"no right to {right}", hint=f"grant {right}")


@pytest.mark.parametrize(
    ("denied", "outcomes"),
    [
        ("get", {"look": "failed", "get": "failed", "delete": "warning"}),
        ("create", {"create": "failed", "clock": "skipped"}),
        ("list", {"list": "failed", "clock": "skipped"}),
        ("put", {"put": "warning"}),
        ("delete", {"delete": "warning"}),
    ],
)
def test_the_right_that_is_missing_is_the_one_that_is_named(
    denied: str, outcomes: dict[str, str]
) -> None:
    runtime = AsyncioRuntime()
    store = Limited(MemoryStore(runtime), denied)

    async def findings() -> list[Finding]:
        return [each async for each in rights_found(store, runtime)]

    found = {each.check: each for each in run(findings())}
    others = {name: str(each.outcome) for name, each in found.items() if each.outcome != "ok"}
    assert others == outcomes
    assert all(f"grant {denied}" in each.fix for each in found.values() if each.fix)
    assert msgspec.json.encode(list(found.values()))
