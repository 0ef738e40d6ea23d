"""Signed URLs of the public tables: what they show, to whom, for how long, and nothing else."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import duckdb
import msgspec
import pytest

from arco.access.privileges import Privilege
from arco.errors import Invalid
from arco.runtime import AsyncioRuntime
from arco.service.settings import Settings
from arco.service.signatures import FILES_PATH, Signatures, SignedFile, read_secrets
from arco.store.keys import Scope
from arco.store.port import StoreFault
from tests.integration.api_server import Answer
from tests.integration.guarded_server import Guarded, guarding, serving_too

URLS = "/api/v1/browser/urls"
HERE = Scope("local", "main")
MINUTE = timedelta(minutes=1)
OPEN = {"strangers_per_second": 0.0, "requests_per_second": 0.0, "requests_at_once": 1000}


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    with guarding(tmp_path_factory.mktemp("store"), **OPEN) as guarded:
        yield guarded


def minted(guarded: Guarded, *tables: str, **more: Any) -> Any:
    body = {"tables": list(tables), **more}
    answer = guarded.ask(guarded.owner, ("POST", URLS), body=body)
    assert answer.status == 200, answer.body
    return answer.json()


def read(guarded: Guarded, url: str, *, method: str = "GET", **headers: str) -> Answer:
    """What anybody gets for the URL."""
    parts = urlsplit(url)
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    return guarded.server.ask(method, path, headers=headers)


def test_a_strangers_engine_reads_what_the_sql_endpoint_tells(
    guarded: Guarded, tmp_path: Path
) -> None:
    for round_ in range(3):
        body = {"privilege": "BROWSE", "on": "namespace:sales", "to": f"user:{'abc'[round_]}nn"}
        guarded.ask(guarded.owner, ("POST", "/api/v1/access/grants"), body=body)
        runs = {"selection": ["sales.orders"], "which": "all"}
        assert guarded.ask(guarded.owner, ("POST", "/api/v1/runs"), body=runs).status == 202
        answer = minted(guarded)
    engine = duckdb.connect()
    engine.execute("SET TimeZone = 'UTC'")
    places = {}
    for number, file in enumerate(answer["files"]):
        got = read(guarded, file["url"])
        assert (got.status, len(got.body)) == (200, file["size_bytes"])
        place = tmp_path / f"{number}.parquet"
        place.write_bytes(got.body)
        places[file["name"]] = str(place)
    for table in answer["tables"]:
        sql = table["sql"]
        for name, place in places.items():
            sql = sql.replace(name, place)
        engine.execute(sql)
    for name in ("catalog.tables", "catalog.columns", "orchestration.assets", "orchestration.runs"):
        theirs = engine.execute(f"SELECT count(*) FROM {name}").fetchall()[0][0]
        ours = guarded.rows(guarded.owner, f"SELECT count(*) AS n FROM system.{name}")[0]["n"]
        assert theirs == ours > 0
    told = guarded.rows(guarded.owner, "SELECT name FROM system.catalog.tables ORDER BY 1")
    read_there = engine.execute("SELECT name FROM catalog.tables ORDER BY 1").fetchall()
    assert [row["name"] for row in told] == [row[0] for row in read_there]


def test_every_public_table_is_told_and_no_private_one(guarded: Guarded) -> None:
    told = {table["table"] for table in minted(guarded)["tables"]}
    registered = guarded.server.workspace.database.registry.tables
    assert told == {name for name, table in registered.items() if table.public}
    assert not [name for name in told if name.startswith("access.")]
    files = " ".join(file["name"] for file in minted(guarded)["files"])
    assert "data/access/" not in files
    assert "grants" not in files


@pytest.mark.parametrize(
    "name",
    [
        "access.grants",
        "access.keys",
        "access.refusals",
        "access.mints",
        "engine.idempotency",
        "catalog.table_names",
        "nothing",
        "*",
        "../log",
        "catalog.tables'",
    ],
)
def test_what_is_private_or_not_there_has_no_url(guarded: Guarded, name: str) -> None:
    answer = guarded.ask(guarded.owner, ("POST", URLS), body={"tables": [name]})
    assert (answer.status, answer.error()["code"]) == (404, "TABLE_NOT_FOUND")


def test_only_who_may_know_of_the_whole_workspace_gets_urls(guarded: Guarded) -> None:
    ann = guarded.key("user:ann")
    guarded.grant(Privilege.SELECT, "catalog:main", to="user:ann")
    assert guarded.ask(ann, ("POST", URLS), body={}).status == 403
    guarded.grant(Privilege.BROWSE, "workspace", to="user:ann")
    assert guarded.ask(ann, ("POST", URLS), body={}).status == 200
    guarded.revoke(Privilege.BROWSE, "workspace", principal="user:ann")
    assert guarded.ask(ann, ("POST", URLS), body={}).status == 403


@pytest.mark.parametrize("seconds", [0, 59, 901, 86_400, -1, "soon", 1.5])
def test_urls_are_good_for_one_to_fifteen_minutes(guarded: Guarded, seconds: object) -> None:
    answer = guarded.ask(guarded.owner, ("POST", URLS), body={"seconds": seconds})
    assert (answer.status, answer.error()["code"]) == (400, "REQUEST_INVALID")


def test_without_a_wish_urls_are_good_for_five_minutes(guarded: Guarded) -> None:
    ends_at = msgspec.convert(minted(guarded)["ends_at"], type=datetime)
    left = ends_at - datetime.now(UTC)
    assert timedelta(minutes=4) < left <= timedelta(minutes=5)


@pytest.mark.parametrize(
    ("asked", "status", "cut"),
    [
        ("bytes=0-3", 206, slice(0, 4)),
        ("bytes=4-", 206, slice(4, None)),
        ("bytes=-8", 206, slice(-8, None)),
        ("bytes=0-999999999", 200, slice(None)),
        ("bytes=0-1,4-5", 200, slice(None)),
        ("items=0-1", 200, slice(None)),
        ("bytes=-", 200, slice(None)),
    ],
)
def test_a_file_is_read_in_ranges(guarded: Guarded, asked: str, status: int, cut: slice) -> None:
    url = minted(guarded, "catalog.tables")["files"][0]["url"]
    whole = read(guarded, url).body
    part = read(guarded, url, Range=asked)
    assert (part.status, part.body) == (status, whole[cut])
    assert part.headers["Accept-Ranges"] == "bytes"
    assert part.headers["Content-Type"] == "application/vnd.apache.parquet"


@pytest.mark.parametrize("asked", ["bytes=999999999-", "bytes=5-2", "bytes=-0"])
def test_a_range_outside_the_file_is_refused(guarded: Guarded, asked: str) -> None:
    url = minted(guarded, "catalog.tables")["files"][0]["url"]
    answer = read(guarded, url, Range=asked)
    assert (answer.status, answer.error()["code"]) == (416, "RANGE_UNSATISFIABLE")


def altered(url: str) -> list[str]:
    """The URL with every part changed, left out, doubled, or in another order."""
    path, _, query = url.partition("?")
    ends, size, signature = query.split("&")
    number = ends.partition("=")[2]
    mac = signature.partition("=")[2]
    other = mac[:-1] + ("0" if mac[-1] != "0" else "1")
    folder, _, file = path.rpartition("/")
    return [
        path,
        f"{path}?{ends}&{size}",
        f"{path}?{ends}&{signature}",
        f"{path}?{size}&{signature}",
        f"{path}?{signature}",
        f"{path}?{ends}&{size}&signature=",
        f"{path}?{ends}&{size}&signature={other}",
        f"{path}?{ends}&{size}&signature={mac.upper()}",
        f"{path}?{ends}&{size}&signature={mac}0",
        f"{path}?{ends}&{size}&signature={mac}%00",
        f"{path}?ends={int(number) + 1}&{size}&{signature}",
        f"{path}?ends=0{number}&{size}&{signature}",
        f"{path}?ends=-{number}&{size}&{signature}",
        f"{path}?{ends}&{size}0&{signature}",
        f"{path}?{size}&{ends}&{signature}",
        f"{path}?{signature}&{ends}&{size}",
        f"{path}?{query}&{signature}",
        f"{path}?{query}&x=1",
        f"{path}?x=1&{query}",
        f"{path}/?{query}",
        f"{path}%20?{query}",
        f"{folder}/./{file}?{query}",
        f"{folder}/../{folder.rpartition('/')[2]}/{file}?{query}",
        f"{folder}//{file}?{query}",
        f"{folder}/x{file}?{query}",
        f"{path.replace('data/', 'log/')}?{query}",
        f"{path.replace('catalog', 'access')}?{query}",
        f"{path.replace('/browser/files/', '/browser/FILES/')}?{query}",
        f"/api/v1/tables?{query}",
        f"/api/v1/access/me?{query}",
        f"/?{query}",
    ]


def test_a_url_that_is_altered_in_any_part_opens_nothing(guarded: Guarded) -> None:
    url = minted(guarded, "catalog.tables")["files"][0]["url"]
    parts = urlsplit(url)
    whole = f"{parts.path}?{parts.query}"
    assert guarded.server.get(whole).status == 200
    for changed in altered(whole):
        answer = guarded.server.get(changed)
        assert answer.status == 401, (changed, answer.body)
        assert answer.error()["code"] in {"CREDENTIALS_INVALID", "CREDENTIALS_MISSING"}


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])
def test_a_url_only_reads(guarded: Guarded, method: str) -> None:
    url = minted(guarded, "catalog.tables")["files"][0]["url"]
    assert read(guarded, url, method=method).status == 401


def test_no_file_is_read_by_a_key_alone(guarded: Guarded) -> None:
    url = urlsplit(minted(guarded, "catalog.tables")["files"][0]["url"])
    for query in (url.query, "ends=1&size=1&signature=1", ""):
        answer = guarded.ask(guarded.owner, ("GET", f"{url.path}?{query}"))
        assert answer.status in {400, 401}


def test_a_page_of_another_site_reads_no_file(guarded: Guarded) -> None:
    url = minted(guarded, "catalog.tables")["files"][0]["url"]
    assert read(guarded, url, Origin="https://evil.example").status == 403


def test_a_url_ends_and_another_process_never_knew_it() -> None:
    runtime = AsyncioRuntime()
    signatures, others = Signatures(runtime, HERE), Signatures(runtime, HERE)
    file = SignedFile("data/catalog/x/tables-0.parquet", 10)
    for seconds, good in ((60, True), (0, False), (-60, False)):
        url = signatures.signed(file, runtime.now() + timedelta(seconds=seconds)).encode()
        path, _, query = url.partition(b"?")
        assert path.startswith(FILES_PATH.encode())
        assert signatures.is_good("GET", path, query=query) is good
        assert not others.is_good("GET", path, query=query)


def test_secrets_in_common_outlive_a_restart_and_follow_one_another() -> None:
    runtime = AsyncioRuntime()
    old, fresh = b"o" * 32, b"f" * 32
    file, ends_at = SignedFile("data/catalog/x/tables-0.parquet", 10), runtime.now() + MINUTE
    url = Signatures(runtime, HERE, secrets=[old]).signed(file, ends_at).encode()
    path, _, query = url.partition(b"?")

    def known(scope: Scope, *secrets: bytes) -> bool:
        return Signatures(runtime, scope, secrets=secrets).is_good("GET", path, query=query)

    assert known(HERE, old)
    assert known(HERE, fresh, old)
    assert not known(HERE, fresh)
    # The same secrets for several workspaces: a URL is still of one of them.
    assert not known(Scope("local", "other"), old)
    assert not known(Scope("other", "main"), old)


def test_servers_with_a_secret_in_common_serve_each_others_urls(tmp_path: Path) -> None:
    (tmp_path / "urls.txt").write_text("s" * 64 + "\n")
    with (
        guarding(tmp_path, url_secrets="urls.txt", **OPEN) as guarded,
        serving_too(guarded, url_secrets="urls.txt", **OPEN) as other,
        serving_too(guarded, **OPEN) as stranger,
    ):
        url = minted(guarded, "catalog.tables")["files"][0]["url"]
        assert read(other, url).status == 200
        assert read(stranger, url).status == 401


@pytest.mark.parametrize(
    "text", [None, "", "short\n", "s" * 31, f"{'s' * 32}\n{'s' * 32}", "\n".join("abcdefghi")]
)
def test_secrets_that_are_none_are_refused_at_start(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "urls.txt").write_text(text)
    with pytest.raises(Invalid) as refused:
        read_secrets(Settings(directory=tmp_path, url_secrets="urls.txt"))
    assert refused.value.code == "URL_SECRETS_INVALID"
    assert "sss" not in refused.value.message


def test_urls_are_recorded_before_they_are_told(guarded: Guarded) -> None:
    answer = minted(guarded, "catalog.tables", "catalog.columns")
    guarded.fold()
    rows = guarded.rows(
        guarded.owner,
        "SELECT principal, subject FROM system.access.audit "
        "WHERE action = 'access.urls_minted' ORDER BY audited_at DESC LIMIT 1",
    )
    files = len(answer["files"])
    assert rows == [
        {
            "principal": "user:olga",
            "subject": f"{files} files of 2 tables at slot {answer['slot']}",
        }
    ]


def test_no_url_is_told_that_could_not_be_recorded(tmp_path: Path) -> None:
    with guarding(tmp_path, **OPEN) as guarded:
        minted(guarded)
        guarded.server.workspace.ingester._failed = StoreFault("the store is gone")
        answer = guarded.ask(guarded.owner, ("POST", URLS), body={})
        assert answer.status == 503
        assert "signature" not in answer.body.decode()


def test_no_url_is_ever_logged(guarded: Guarded, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    url = minted(guarded, "catalog.tables")["files"][0]["url"]
    read(guarded, url)
    read(guarded, url.replace("signature=", "signature=0"))
    assert "signature=" not in caplog.text
    guarded.fold()
    text = guarded.sql(guarded.owner, "SELECT * FROM system.access.audit").body.decode()
    assert "signature" not in text
