"""The SQL console in a real browser: what its engine answers is what the server answers, and where
it cannot, the server does and the page says so.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from arco.access.privileges import Privilege
from arco.ui import vendored
from tests.contract.needs import needs
from tests.integration.browser import Browser
from tests.integration.guarded_server import Guarded, guarding

OPEN = {"strangers_per_second": 0.0, "requests_per_second": 0.0}
TABLES = "SELECT namespace, name, created_at FROM system.catalog.tables ORDER BY 1, 2"
SAME = (
    "SELECT * FROM system.catalog.tables ORDER BY ALL",
    "SELECT * FROM system.catalog.columns ORDER BY ALL",
    "SELECT * FROM system.catalog.namespaces ORDER BY name",
    "SELECT * FROM system.orchestration.assets ORDER BY ALL",
    "SELECT * FROM system.lineage.edges ORDER BY ALL",
    "SELECT count(*), sum(rows), avg(rows), max(created_at) FROM system.catalog.tables",
    "SELECT t.name, count(*) AS n FROM system.catalog.tables t JOIN system.catalog.columns c"
    " USING (table_id) GROUP BY ALL ORDER BY 1;",
    'WITH c AS (SELECT * FROM "SYSTEM"."catalog"."columns") -- a remark; with a sign\n'
    "SELECT name, row_number() OVER (ORDER BY name, table_id) AS place FROM c ORDER BY place",
    "FROM system.catalog.tables SELECT system.catalog.tables.name ORDER BY 1 DESC LIMIT 2",
    "SELECT name, 'system.catalog.tables; ''' AS told FROM system.catalog.tables WHERE false",
    "SELECT created_at > TIMESTAMP '2020-01-01' AS is_late, created_at IS NULL AS never,"
    " name || '€' AS priced, NULL AS nothing FROM system.catalog.tables ORDER BY name",
    "SELECT 0.1::FLOAT AS f, 1.50 AS d, 2::HUGEINT AS h, 'nan'::DOUBLE AS n, 'a'::BLOB AS b,"
    " DATE '2024-02-29' AS day, TIMESTAMP '2024-02-29 10:00:00.5' AS at, ['a', NULL, ''] AS l",
    "SELECT version, max(version) AS now FROM system.catalog.tables GROUP BY version",
    "VALUES (1, 'a'), (2, NULL)",
)
"""Queries that the engine answers as the server does."""
ELSEWHERE = {
    "SELECT count(*) AS n FROM sales.orders": "the browser has files of system.* alone",
    "SELECT count(*) > 0 AS n FROM system.access.audit": "not all of its tables are public files",
    "SELECT '{\"a\": 1}'::JSON->>'a' AS a": "it exists in the json extension",
    "SELECT {'a': 1} AS s": "no way to show a column of the type STRUCT(a INTEGER)",
    "SELECT 1 AS a, 2 AS a": "two of its columns have one name",
    "SELECT max(created_at)::DATE AS day FROM system.catalog.tables": "Unimplemented type for cast",
    "SELECT now() > '2020-01-01' AS is_late": "now is of the server",
}
"""Queries that the server answers, and why."""
ASKED = """
const { answeredHere } = await import(given.address);
const about = JSON.parse(document.getElementById("about").dataset.engine);
const found = [];
for (const sql of given.queries) {
  found.push((await answeredHere(sql, about, new AbortController().signal)).rows);
}
return found;
"""
ALTERED = """
const real = fetch;
let left = given;
globalThis.fetch = (url, how) => {
  if (!String(url).includes("/browser/files/") || left-- <= 0) return real(url, how);
  return real(url.replace(/signature=[^&]+/, "signature=x"), how);
};
"""
"""The next so many files are asked for by URLs that are not good any more."""
LONG = "SELECT count(*) FROM range(1000000000000) a"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    with guarding(tmp_path_factory.mktemp("console"), **OPEN) as guarded:
        yield guarded


@pytest.fixture
def browser(chromium: Browser, guarded: Guarded) -> Browser:
    """On the page of the console, as somebody who may know of everything."""
    needs("duckdb-wasm")
    return entered(chromium, guarded, key=guarded.owner)


def entered(browser: Browser, guarded: Guarded, *, key: str) -> Browser:
    browser.address = guarded.server.address
    browser.open("/login?next=/sql", fresh=True)
    browser.ask("fill", fill="#credential", text=key)
    browser.ask("press", press="Enter")
    browser.until("location.pathname === '/sql'")
    browser.open("/sql")
    return browser


def answered(browser: Browser, sql: str) -> str:
    """What the page says of the answer."""
    browser.ask("fill", fill="#sql", text=sql)
    browser.ask("click", click="#run")
    browser.until("document.getElementById('rows').ariaBusy === 'false'", 60)
    return browser.text("#told")


def requested(browser: Browser, what: str) -> int:
    return sum(each.startswith(what) for each in browser.ask("asked"))


def test_the_browser_answers_as_the_server_does_and_the_server_is_not_asked(
    browser: Browser, guarded: Guarded
) -> None:
    assert requested(browser, "GET /ui/") and not requested(browser, f"GET {worker(browser)}")
    told = answered(browser, TABLES)
    assert "3 rows" in told and "Read by this browser: " in told and " bytes" in told
    assert not browser.run("return document.getElementById('elsewhere').checkVisibility()")
    assert "refunds" in browser.text("#rows")
    assert "it had all files" in answered(browser, TABLES)
    here = browser.run("return document.querySelector('script[src$=\"console.js\"]').src")
    address = here.replace("console.js", "here.js")
    found = browser.run(
        f"return (async () => {{ {ASKED} }})()",
        {
            "address": address,
            "queries": SAME,
        },
    )
    assert requested(browser, "POST /api/v1/browser/urls") >= 10
    assert requested(browser, "POST /api/v1/query") == 0
    assert browser.unfit() == []
    for sql, rows in zip(SAME, found, strict=True):
        assert rows == guarded.rows(guarded.owner, sql), sql


def worker(browser: Browser) -> str:
    about = browser.run("return document.getElementById('about').dataset.engine")
    return str(json.loads(about)["worker"])


def test_what_the_browser_cannot_answer_the_server_does_and_the_page_says_why(
    browser: Browser, guarded: Guarded
) -> None:
    for sql, why in ELSEWHERE.items():
        answered(browser, sql)
        told = browser.text("#elsewhere")
        assert told.startswith("The server answered: ") and why in told, sql
        lines = browser.run("return document.querySelectorAll('#rows tbody tr').length")
        assert lines == len(guarded.rows(guarded.owner, sql)), sql
    assert "It was refused" in answered(browser, "SELECT nothing FROM system.catalog.tables")
    assert "QUERY_INVALID" in browser.text("#rows")
    assert "It was refused" in answered(browser, "CREATE TABLE t AS SELECT 1")


def test_a_result_is_saved_as_csv_and_as_parquet(
    browser: Browser, guarded: Guarded, tmp_path: Path
) -> None:
    sql = (
        "SELECT name, created_at, rows, ['a', NULL] AS l, 'a \"b\", c' AS t, NULL AS n,"
        " 'inf'::DOUBLE AS i FROM system.catalog.tables ORDER BY name"
    )
    browser.ask("fill", fill="#sql", text=sql)
    assert browser.ask("save", save=str(tmp_path / "a"), click="#csv") == "result.csv"
    asked = guarded.server.ask(
        "POST",
        "/api/v1/query",
        body={"sql": sql, "format": "csv"},
        headers={"Authorization": f"Bearer {guarded.owner}"},
    )
    assert (tmp_path / "a").read_bytes() == asked.body
    assert browser.ask("save", save=str(tmp_path / "b"), click="#parquet") == "result.parquet"
    table = pq.read_table(tmp_path / "b")
    assert table.column_names == ["name", "created_at", "rows", "l", "t", "n", "i"]
    assert str(table.schema.field("created_at").type) == "timestamp[us, tz=UTC]"
    assert table["name"].to_pylist() == ["orders", "people", "refunds"]
    assert table["l"].to_pylist() == [["a", None]] * len(table)
    assert requested(browser, "POST /api/v1/query") == 0
    answered(browser, "SELECT id FROM sales.orders ORDER BY id")
    browser.ask("click", click="#parquet")
    assert "It writes no Parquet" in browser.text("#elsewhere")
    browser.ask("save", save=str(tmp_path / "c"), click="#csv")
    assert (tmp_path / "c").read_text() == "id\n1\n2\n3\n4\n"


def test_urls_that_ended_are_asked_for_once_more_and_then_the_server_answers(
    browser: Browser,
) -> None:
    browser.run(ALTERED, 1)
    assert "Read by this browser: " in answered(browser, TABLES)
    assert requested(browser, "POST /api/v1/browser/urls") == 2
    browser.open("/sql")
    browser.run(ALTERED, 1000)
    assert "3 rows" in answered(browser, TABLES)
    assert "ended before they were read, twice" in browser.text("#elsewhere")
    assert requested(browser, "POST /api/v1/browser/urls") == 2


def test_a_query_is_cancelled_and_the_next_one_runs(browser: Browser) -> None:
    assert "3 rows" in answered(browser, TABLES)
    browser.ask("fill", fill="#sql", text=LONG)
    browser.ask("press", press="Control+Enter")
    browser.until("document.getElementById('rows').ariaBusy === 'true'")
    browser.ask("click", click="#cancel")
    browser.until("document.getElementById('rows').ariaBusy === 'false'")
    assert browser.text("#told") == "It was cancelled."
    assert "it had all files" in answered(browser, TABLES)
    assert requested(browser, "POST /api/v1/query") == 0


def test_more_rows_than_the_server_would_give_are_cut_here_too(browser: Browser) -> None:
    told = answered(browser, "SELECT range AS n FROM range(100001)")
    assert "100,000 rows, cut at the limit, the first 1000 shown" in told


def test_who_may_see_a_part_is_answered_by_the_server(chromium: Browser, guarded: Guarded) -> None:
    needs("duckdb-wasm")
    guarded.grant(Privilege.SELECT, "namespace:sales", to="user:ann")
    browser = entered(chromium, guarded, key=guarded.key("user:ann"))
    assert "2 rows" in answered(browser, TABLES)
    assert "you may see a part of this workspace" in browser.text("#elsewhere")
    assert "people" not in browser.text("#rows")


def test_without_the_engine_the_page_is_whole_and_the_server_answers(
    chromium: Browser, guarded: Guarded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vendored, "FOLDER", tmp_path)
    browser = entered(chromium, guarded, key=guarded.owner)
    assert "is not installed beside it (make ui)" in browser.text("#about")
    assert "3 rows" in answered(browser, TABLES)
    assert "the engine for browsers is not installed" in browser.text("#elsewhere")
    assert browser.unfit() == []
    missing = guarded.ask(guarded.owner, ("GET", "/ui/x/duckdb.wasm"))
    assert (missing.status, missing.error()["code"]) == (404, "ROUTE_NOT_FOUND")


def test_the_engine_reaches_no_network_and_the_page_runs_nothing_else(guarded: Guarded) -> None:
    needs("duckdb-wasm")
    page = guarded.ask(guarded.owner, ("GET", "/sql"), headers={"Accept": "text/html"})
    policy = page.headers["content-security-policy"]
    assert "worker-src 'self'" in policy and "trusted-types arco-engine" in policy
    assert "connect-src 'self';" in policy and "unsafe" not in policy
    address = page.body.decode().split("worker&quot;:&quot;")[1].split("&quot;")[0]
    script = guarded.server.ask("GET", address)
    assert script.headers["content-security-policy"] == (
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src blob:"
    )
    assert "immutable" in script.headers["cache-control"]
