"""Search as people meet it: over HTTP, as a restricted caller, by command and from SQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest

import arco
from arco.access.privileges import Privilege
from arco.engine import snapshot
from arco.errors import Invalid
from arco.service.search.publishing import NAME, SearchFiles
from tests.integration.api_server import Server, serving
from tests.integration.guarded_server import Guarded, guarding
from tests.integration.lakehouse import arco as arco_command

SPOKEN = {
    "orders": ["main.sales.orders", "main.sales.refunds"],
    "ORDERS": ["main.sales.orders", "main.sales.refunds"],
    "\uff4f\uff52\uff44\uff45\uff52\uff53": ["main.sales.orders", "main.sales.refunds"],
    "ördêrs": ["main.sales.orders", "main.sales.refunds"],
    "sales.orders": ["main.sales.orders", "main.sales.refunds"],
    "ordrs": ["main.sales.orders", "main.sales.refunds"],
    "refund amount": ["main.sales.refunds"],
    "region": ["main.sales.orders"],
    "заказы": [],
    "orders xyzzy": [],
}
CLEAR_REFUSALS = {
    "x" * 501: "characters",
    "a b c d e f g h i j k l m n o p q": "words",
    "--- !!! ***": "no letter",
    "\u200f\u202e": "no letter",
    "\u0301\u0302": "no letter",
}
HARMLESS = [
    "(a+)+$" * 20,
    "שלום עולם",
    "مرحبا",
    "e\u0301\u0302\u0303" * 40,
    "%' OR 1=1 --x",
    "\u043erders",
    "0",
    "o",
    "🙂 orders",
]


def found(server: Server, **asked: Any) -> Any:
    answer = server.ask("GET", f"/api/v1/search?{urlencode(asked)}")
    assert answer.status == 200, answer.body
    return answer.json()


def names(body: Any) -> list[str]:
    return [hit["full_name"] for hit in body["hits"]]


def make(server: Server, kind: str, **body: Any) -> None:
    answer = server.ask("POST", f"/api/v1/{kind}", body=body)
    assert answer.status == 201, answer.body


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("shop")) as server:
        make(server, "namespaces", name="sales")
        columns = [{"name": "Region", "type": "varchar", "comment": "Where to: NET of returns"}]
        make(server, "tables", name="sales.orders", columns=columns, owner="ann")
        amount = [{"name": "amount", "type": "bigint"}]
        said = "What was paid back, one row per refund of <b>orders</b>"
        make(server, "tables", name="sales.refunds", columns=amount, comment=said)
        texts = {"duckdb": "select 1"}
        make(server, "views", name="sales.latest", texts=texts, tags={"pii": "high"})
        yield server


@pytest.mark.parametrize("words", SPOKEN)
def test_words_find_what_people_mean(shop: Server, words: str) -> None:
    assert names(found(shop, q=words)) == SPOKEN[words]


@pytest.mark.parametrize("words", CLEAR_REFUSALS, ids=range(len(CLEAR_REFUSALS)))
def test_what_cannot_be_searched_for_is_refused_with_the_reason(shop: Server, words: str) -> None:
    error = shop.ask("GET", f"/api/v1/search?q={quote(words)}").error()
    assert error["code"] == "SEARCH_INVALID"
    assert CLEAR_REFUSALS[words] in error["message"]


@pytest.mark.parametrize("words", HARMLESS, ids=range(len(HARMLESS)))
def test_strange_words_find_what_they_find(shop: Server, words: str) -> None:
    assert found(shop, q=words)["total"] >= 0


def test_a_megabyte_of_words_is_refused(shop: Server) -> None:
    query = {"sql": f"SELECT * FROM system.search('{'a' * 1_000_000}')"}
    assert shop.ask("POST", "/api/v1/query", body=query).error()["code"] == "QUERY_TOO_LARGE"
    with suppress(ConnectionError):
        assert shop.ask("GET", f"/api/v1/search?q={'a' * 1_000_000}").status == 400
    assert found(shop, q="orders")["total"] == 2


def test_filters_leave_what_fits_all_of_them(shop: Server) -> None:
    assert names(found(shop, kind="view")) == ["main.sales.latest"]
    assert names(found(shop, tag="pii=high")) == ["main.sales.latest"]
    assert names(found(shop, tag="pii", kind="table")) == []
    assert names(found(shop, owner="bob,ann")) == ["main.sales.orders"]
    assert found(shop, namespace="sales")["total"] == 3
    assert found(shop, namespace="main")["total"] == 4
    assert found(shop, fresh_since="7d")["total"] == 0
    for wrong in ("kind=chair", "fresh_since=soon", "cursor=x", "limit=0", "word=x"):
        assert shop.ask("GET", f"/api/v1/search?{wrong}").status == 400
    assert shop.ask("GET", "/api/v1/search?namespace=nowhere").status == 404


def test_a_hit_shows_where_the_words_stand(shop: Server) -> None:
    (hit,) = found(shop, q="refunds paid")["hits"]
    assert hit["fit"] == "TEXT" and hit["kind"] == "table"
    fragments = {each["field"]: each for each in hit["fragments"]}
    text = fragments["comment"]["text"]
    marked = [text[start:end] for start, end in fragments["comment"]["spans"]]
    assert marked == ["paid", "refund"]
    assert fragments["name"]["spans"] == [[0, 7]]


def test_what_is_found_by_its_name_is_told_without_a_look_at_its_columns(shop: Server) -> None:
    amount = [{"name": "ledger_amount", "type": "bigint"}]
    make(shop, "tables", name="sales.ledger", columns=amount, tags={"ledger": "main"})
    (by_name,) = found(shop, q="ledger")["hits"]
    assert [each["field"] for each in by_name["fragments"]] == ["name"]
    (by_column,) = found(shop, q="ledger amount")["hits"]
    assert {"name", "column", "tag"} <= {each["field"] for each in by_column["fragments"]}


def test_pages_follow_each_other_whatever_is_changed_between_them(shop: Server) -> None:
    for number in range(7):
        make(shop, "volumes", name=f"sales.paged_{number}")
    seen: list[str] = []
    body = found(shop, q="paged", limit=2)
    while True:
        seen += names(body)
        assert body["total"] >= 7
        if not body.get("next_cursor"):
            break
        make(shop, "views", name=f"sales.apaged_{len(seen)}", texts={"duckdb": "select 1"})
        body = found(shop, q="paged", limit=2, cursor=body["next_cursor"])
    assert seen == [f"main.sales.paged_{number}" for number in range(7)]
    cursor = found(shop, q="paged", limit=2)["next_cursor"]
    refused = shop.ask("GET", f"/api/v1/search?q=other&cursor={cursor}")
    assert refused.error()["code"] == "CURSOR_INVALID"


def test_the_client_and_sql_find_the_same(shop: Server) -> None:
    with arco.Client(shop.address) as client:
        answer = client.search("orders", kind="table", limit=5)
        assert [hit.full_name for hit in answer.hits] == SPOKEN["orders"]
        rows = client.query("SELECT full_name, position FROM system.search('orders') LIMIT 9")
        assert rows.dicts() == [
            {"full_name": name, "position": place} for place, name in enumerate(SPOKEN["orders"], 1)
        ]
        with pytest.raises(Invalid, match="one text"):
            client.query("SELECT * FROM system.search('a', 'b')")


def test_what_older_releases_published_is_searched_and_completed(shop: Server) -> None:
    """A snapshot without segments is what such a release leaves."""
    workspace = shop.workspace

    async def left_by_an_older_release() -> None:
        files, workspace.database.derivations = workspace.database.derivations, ()
        await snapshot.publish(workspace.database)
        workspace.database.derivations = files

    shop.submit(left_by_an_older_release())
    assert shop.submit(snapshot.is_incomplete(workspace.database))
    assert names(found(shop, q="orders")) == SPOKEN["orders"]
    shop.submit(snapshot.publish(workspace.database))
    assert not shop.submit(snapshot.is_incomplete(workspace.database))
    assert names(found(shop, q="orders")) == SPOKEN["orders"]


def test_a_damaged_file_of_search_is_done_without_and_made_again(shop: Server) -> None:
    workspace, root = shop.workspace, shop.workspace.settings.directory / ".arco"
    shop.submit(snapshot.publish(workspace.database))
    workspace.database.tables.cache.trim()
    for file in root.rglob("data/search/*/postings-*.parquet"):
        file.write_bytes(b"PAR1 is what it began with")
    with serving(workspace.settings.directory) as again:
        assert names(found(again, q="orders")) == SPOKEN["orders"]
        files = again.workspace.search.files
        assert isinstance(files, SearchFiles) and files.is_distrusted and files.name == NAME
        again.submit(snapshot.publish(again.workspace.database))
        assert not files.is_distrusted
        assert names(found(again, q="orders")) == SPOKEN["orders"]
    assert "clean" in arco_command("verify", within=workspace.settings.directory)


def test_the_command_line_tells_what_was_found(shop: Server, tmp_path: Path) -> None:
    directory = shop.workspace.settings.directory
    told = arco_command("search", "orders", within=directory)
    assert told == arco_command("search", "orders", "--server", shop.address, within=tmp_path)
    assert "main.sales.orders" in told and "[orders]" in told
    assert "come close" in arco_command("search", "ordrs", within=directory)
    assert "nothing has" in arco_command("search", "xyzzy", within=directory)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    with guarding(tmp_path_factory.mktemp("guarded")) as server:
        server.grant(Privilege.SELECT, "namespace:sales", to="user:ann")
        yield server


def seen(guarded: Guarded, key: str, *, words: str) -> Any:
    answer = guarded.ask(key, ("GET", f"/api/v1/search?q={quote(words)}"))
    assert answer.status == 200, answer.body
    return answer.json()


def test_what_a_caller_may_not_know_of_is_neither_found_nor_counted(guarded: Guarded) -> None:
    ann, olga = guarded.key("user:ann"), guarded.owner
    assert names(seen(guarded, olga, words="people")) == ["main.hr.people"]
    for words in ("people", "hr", "salary", "peopel", "p"):
        assert seen(guarded, ann, words=words) == {"hits": [], "total": 0}
    assert seen(guarded, olga, words="id")["total"] == 3
    assert seen(guarded, ann, words="id")["total"] == 2


def test_a_grant_shows_and_a_revocation_hides_at_once(guarded: Guarded) -> None:
    bob = guarded.key("user:bob")
    assert seen(guarded, bob, words="people")["total"] == 0
    guarded.grant(Privilege.BROWSE, "table:hr.people", to="group:analysts")
    assert names(seen(guarded, bob, words="people")) == ["main.hr.people"]
    assert names(guarded_rows(guarded, bob)) == ["main.hr.people"]
    guarded.revoke(Privilege.BROWSE, "table:hr.people", principal="group:analysts")
    assert seen(guarded, bob, words="people") == {"hits": [], "total": 0}


def guarded_rows(guarded: Guarded, key: str) -> Any:
    rows = guarded.rows(key, "SELECT full_name FROM system.search('people')")
    return {"hits": rows["rows"]} if isinstance(rows, dict) else {"hits": rows}


def test_what_is_hidden_spoils_no_slip_of_a_word(guarded: Guarded) -> None:
    """`peoples` would be a word if what is hidden counted; then nothing like it was looked for."""
    ann = guarded.key("user:ann")
    body = {"name": "sales.peopled", "texts": {"duckdb": "select 1"}}
    assert guarded.ask(guarded.owner, ("POST", "/api/v1/views"), body=body).status == 201
    assert names(seen(guarded, ann, words="people")) == ["main.sales.peopled"]
    assert names(seen(guarded, ann, words="poeple")) == []
    assert names(seen(guarded, ann, words="peoplex")) == ["main.sales.peopled"]
