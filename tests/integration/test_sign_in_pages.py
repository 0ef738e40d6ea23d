"""Signing in to the pages: the cookie over plain HTTP and in a real browser, and that the door
stays what it was for everything else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from arco.access.keys import revoke_key
from arco.access.privileges import Privilege
from arco.api.app import create_app
from arco.api.session import Session
from arco.query.pool import QueryPool
from arco.runtime import AsyncioRuntime
from arco.ui.entering import onward
from arco.ui.files import file_address
from arco.ui.routes import PAGES
from tests.integration.api_server import Answer, serving
from tests.integration.browser import Browser
from tests.integration.guarded_server import Guarded, guarding

OPEN = {"strangers_per_second": 0.0, "requests_per_second": 0.0}
ME = "/api/v1/access/me"
PUBLIC = "arco.example.org"
GOES = {"Accept": "text/html,application/xhtml+xml;q=0.9", "Sec-Fetch-Mode": "navigate"}
STRANGERS = {("GET", "/login"), ("POST", "/login"), ("GET", "/ui/{build:str}/{name:str}")}
NEVER = (
    "//evil.example",
    "/\\evil.example",
    "\\/evil.example",
    "///evil.example",
    "https://evil.example/",
    "https:/evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "/\t/evil.example",
    "/\n/evil.example",
    "/runs\r\nSet-Cookie: arco_session=x",
    "\t//evil.example",
    " //evil.example",
    "/\x00/evil.example",
    "/\u2028/evil.example",
    "/runs\\..",
    "@evil.example",
    ".evil.example",
    "?next=/",
    "#",
    "",
    "/login",
    "/login?next=/login",
)
"""What may never be gone on to."""


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    directory = tmp_path_factory.mktemp("sign-in")
    with guarding(directory, public_url=f"https://{PUBLIC}", **OPEN) as guarded:
        yield guarded


@pytest.fixture
def browser(chromium: Browser, guarded: Guarded) -> Browser:
    chromium.address = guarded.server.address
    chromium.open("/login", fresh=True)
    return chromium


def sign_in(guarded: Guarded, credential: str, **headers: str) -> Answer:
    body = {"credential": credential}
    return guarded.server.ask("POST", "/login", body=body, headers=headers)


def with_cookie(guarded: Guarded, cookie: str, *route: str, **headers: str) -> Answer:
    sent = {"Cookie": cookie, **{name.replace("_", "-"): each for name, each in headers.items()}}
    method, path = route
    return guarded.server.ask(method, path, body=None if method == "GET" else {}, headers=sent)


def cookie_of(key: str) -> str:
    return f"arco_session={key}"


def fill_in(browser: Browser, credential: str) -> None:
    browser.ask("fill", fill="#credential", text=credential)
    browser.ask("press", press="Enter")


def test_somebody_signs_in_sees_what_was_wished_and_signs_out(
    browser: Browser, guarded: Guarded
) -> None:
    browser.open("/assets?owner=none#list")
    browser.until("location.pathname === '/login'")
    assert browser.unfit() == []
    assert browser.links() == ["#content"]
    fill_in(browser, f" {guarded.owner} ")
    browser.until(
        "location.pathname + location.search + location.hash === '/assets?owner=none#list'"
    )
    assert browser.text(".who") == "user:olga"
    assert browser.unfit() == []
    assert browser.run("return document.cookie") == ""
    found = browser.ask("cookies")
    assert [(each["name"], each["httpOnly"], each["sameSite"]) for each in found] == [
        ("arco_session", True, "Strict")
    ]
    browser.ask("click", click="#sign-out")
    browser.until("location.pathname === '/login'")
    assert browser.ask("cookies") == []
    browser.open("/assets")
    assert browser.ask("url").endswith("/login?next=%2Fassets")


def test_a_wrong_key_says_so_and_the_right_one_may_be_tried_next(
    browser: Browser, guarded: Guarded
) -> None:
    fill_in(browser, guarded.owner[:-8] + "00000000")
    browser.until("document.querySelector('[role=alert]')")
    assert "these credentials do not open this server" in browser.text("#outcome")
    assert browser.unfit() == []
    assert browser.ask("cookies") == []
    fill_in(browser, guarded.owner)
    browser.until("location.pathname === '/'")


def test_a_key_that_is_revoked_in_the_middle_ends_nothing_but_itself(
    browser: Browser, guarded: Guarded
) -> None:
    guarded.grant(Privilege.SELECT, "table:sales.orders", to="user:ann")
    browser.open("/sql")
    fill_in(browser, guarded.key("user:ann", key_id="a" * 16))
    browser.until("location.pathname === '/sql' && document.readyState === 'complete'")
    asked = "SELECT 42 + count(*) AS answer FROM sales.orders WHERE false"
    browser.ask("fill", fill="#sql", text=asked)
    guarded.decide(revoke_key("a" * 16))
    browser.ask("click", click="#run")
    browser.until("document.querySelector('#rows [role=alert] a')")
    assert browser.run("return document.getElementById('sql').value") == asked
    browser.ask("click", click="#rows [role=alert] a")
    browser.until("location.pathname === '/login'")
    fill_in(browser, guarded.key("user:ann"))
    browser.until("document.querySelector('#rows td')")
    assert "42" in browser.text("#rows")


def test_an_action_that_a_revoked_key_could_not_do_is_there_after_signing_in_again(
    browser: Browser, guarded: Guarded
) -> None:
    path = "/materialize?selection=hr.people"
    browser.open(path)
    fill_in(browser, guarded.key("user:olga", key_id="c" * 16))
    browser.until("document.querySelector('[data-act]') && document.readyState === 'complete'")
    guarded.decide(revoke_key("c" * 16))
    browser.ask("click", click="[data-act]")
    browser.until("document.querySelector('#outcome [role=alert] a')")
    assert browser.ask("url").endswith(path)
    assert guarded.ask(guarded.owner, ("GET", "/api/v1/runs")).json()["runs"] == []
    browser.ask("click", click="#outcome a")
    browser.until("location.pathname === '/login'")
    fill_in(browser, guarded.owner)
    browser.until("document.querySelector('[data-act]')")
    assert browser.ask("url").endswith(path)


def test_who_follows_a_link_of_another_site_is_still_signed_in(
    browser: Browser, guarded: Guarded
) -> None:
    address = guarded.server.address
    fill_in(browser, guarded.owner)
    browser.until("document.querySelector('.who')")
    browser.address = ""
    browser.open("about:blank", width=400, store=[address])
    browser.run(f"location.href = '{address}/assets#list'")
    browser.until("document.querySelector('.who')")
    assert browser.ask("url") == f"{address}/assets#list"
    assert browser.run("return document.documentElement.scrollWidth <= innerWidth")
    there = guarded.server.get("/assets", **GOES, **{"Sec-Fetch-Site": "cross-site"})
    assert there.status == 303


@pytest.mark.parametrize("text", NEVER)
def test_nobody_is_led_to_another_site(guarded: Guarded, text: str) -> None:
    assert onward(text) == "/"
    page = guarded.server.get(f"/login?next={quote(text, safe='')}")
    assert page.status == 200
    assert b'data-then="/"' in page.body


@pytest.mark.parametrize(
    "wished", ["/", "/runs?state=FAILED&limit=5", "/tables/a%2Fb%20c", "/search?q=%C3%A4//x"]
)
def test_a_page_that_was_wished_for_comes_after_signing_in(guarded: Guarded, wished: str) -> None:
    answer = guarded.server.get(wished, **GOES)
    assert (answer.status, answer.body) == (303, b"")
    assert answer.headers["Cache-Control"] == "no-store"
    page = guarded.server.get(answer.headers["Location"])
    then = re.findall(r'data-then="([^"]*)"', page.body.decode())
    assert then == [wished.replace("&", "&amp;")]


def test_the_cookie_is_the_credential_and_no_script_or_other_site_gets_it(
    guarded: Guarded,
) -> None:
    answer = sign_in(guarded, guarded.owner)
    assert (answer.status, answer.body) == (204, b"")
    name = cookie_of(guarded.owner)
    kept = "HttpOnly; SameSite=Strict; Path=/; Max-Age=43200"
    assert answer.headers.get_all("Set-Cookie") == [f"{name}; {kept}"]
    told = with_cookie(guarded, f"theme=dark; {name}", "GET", ME).json()
    assert (told["principal"], told["method"]) == ("user:olga", "key")
    ended = with_cookie(guarded, name, "POST", "/logout")
    assert ended.status == 204
    assert ended.headers["Set-Cookie"] == (
        "arco_session=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0"
    )


def test_the_cookie_is_secure_where_the_server_is_reached_by_https(guarded: Guarded) -> None:
    there = sign_in(guarded, guarded.owner, Host=PUBLIC)
    assert there.headers["Set-Cookie"].endswith("; Max-Age=43200; Secure")
    here = sign_in(guarded, guarded.owner)
    assert here.headers["Set-Cookie"].endswith("; Max-Age=43200")


@pytest.mark.parametrize(
    ("credential", "status", "code"),
    [
        ("", 401, "CREDENTIALS_INVALID"),
        ("nonsense", 401, "CREDENTIALS_INVALID"),
        ("x; Domain=example.org", 401, "CREDENTIALS_INVALID"),
        ("x\r\nSet-Cookie: a=b", 401, "CREDENTIALS_INVALID"),
        ("schlüssel", 401, "CREDENTIALS_INVALID"),
        ("x" * 4_001, 400, "CREDENTIAL_TOO_LONG"),
    ],
)
def test_what_no_cookie_can_hold_or_opens_nothing_sets_none(
    guarded: Guarded, credential: str, status: int, code: str
) -> None:
    answer = sign_in(guarded, credential)
    assert (answer.status, answer.error()["code"]) == (status, code)
    assert "Set-Cookie" not in answer.headers


def test_who_guesses_at_the_page_is_slowed_down_and_recorded(tmp_path: Path) -> None:
    with guarding(tmp_path, strangers_per_second=2.0) as guarded:
        answers = [sign_in(guarded, "guess") for _ in range(12)]
        assert {each.status for each in answers} == {401, 429}
        assert sign_in(guarded, guarded.owner).status == 204
        guarded.fold()
        asked = "SELECT count(*) AS n, min(code) AS code FROM system.access.audit "
        rows = guarded.rows(guarded.owner, f"{asked} WHERE action = 'POST /login'")
        refused = sum(each.status == 401 for each in answers)
        assert rows == [{"n": refused, "code": "CREDENTIALS_INVALID"}]


def test_a_revoked_key_ends_who_signed_in_with_it_at_once(guarded: Guarded) -> None:
    key = guarded.key("user:bob", key_id="b" * 16)
    assert with_cookie(guarded, cookie_of(key), "GET", ME).status == 200
    guarded.decide(revoke_key("b" * 16))
    assert with_cookie(guarded, cookie_of(key), "GET", ME).status == 401
    gone = with_cookie(guarded, cookie_of(key), "GET", "/runs", **GOES)
    assert (gone.status, gone.headers["Location"]) == (303, "/login?next=%2Fruns")


@pytest.mark.parametrize("site", ["cross-site", "same-site", "anything"])
def test_a_cookie_that_another_site_had_sent_is_none(guarded: Guarded, site: str) -> None:
    cookie = cookie_of(guarded.owner)
    told = with_cookie(guarded, cookie, "GET", ME, Sec_Fetch_Site=site)
    assert (told.status, told.error()["code"]) == (401, "CREDENTIALS_MISSING")
    for own in ("same-origin", "none"):
        assert with_cookie(guarded, cookie, "GET", ME, Sec_Fetch_Site=own).status == 200


def test_another_origin_changes_nothing_with_the_cookie(guarded: Guarded) -> None:
    cookie = cookie_of(guarded.owner)
    for origin in ("https://evil.example", "null", "http://127.0.0.1:1"):
        for path in ("/api/v1/access/keys", "/login", "/logout"):
            answer = with_cookie(guarded, cookie, "POST", path, Origin=origin)
            assert (answer.status, answer.error()["code"]) == (403, "FORBIDDEN_ORIGIN")
    made = with_cookie(
        guarded, cookie, "POST", "/api/v1/access/keys", Origin=guarded.server.address
    )
    assert made.status == 201


def test_the_cookie_never_stands_beside_or_for_another_credential(guarded: Guarded) -> None:
    cookie = cookie_of(guarded.owner)
    beside = with_cookie(guarded, cookie, "GET", ME, Authorization="Bearer nonsense")
    assert beside.status == 401
    ann = f"Bearer {guarded.key('user:ann')}"
    told = with_cookie(guarded, cookie, "GET", ME, Authorization=ann)
    assert told.json()["principal"] == "user:ann"
    for path in ("/api/v1/tick", "/api/v1/tasks/x/start"):
        assert with_cookie(guarded, cookie, "POST", path).status == 401
    twice = f"{cookie}; {cookie_of(guarded.key('user:ann'))}"
    assert with_cookie(guarded, twice, "GET", ME).error()["code"] == "CREDENTIALS_MISSING"


def test_only_a_browser_that_goes_to_a_page_is_led_to_sign_in(guarded: Guarded) -> None:
    for path, sent in (
        ("/runs", {}),
        ("/runs", {**GOES, "Sec-Fetch-Mode": "cors"}),
        ("/runs", {**GOES, "Authorization": "Bearer nonsense"}),
        ("/api/v1/runs", GOES),
    ):
        assert guarded.server.get(path, **sent).error()["code"].startswith("CREDENTIALS_")
    post = guarded.server.ask("POST", "/api/v1/runs", body={}, headers=GOES)
    assert post.error()["code"] == "CREDENTIALS_MISSING"
    assert guarded.server.get("/nowhere", **GOES).status == 303


def test_strangers_are_shown_how_to_sign_in_and_nothing_else(guarded: Guarded) -> None:
    queries = QueryPool(AsyncioRuntime())
    app = create_app(Session(guarded.server.workspace, queries, "1.2.3"), pages=PAGES)
    routes = {
        (method, route.path)
        for route in app.routes
        for method in getattr(route, "methods", ())
        if method != "OPTIONS"
    }
    assert routes >= STRANGERS and len(routes) > 100
    for method, path in sorted(routes - STRANGERS):
        asked = re.sub(r"{[^}]*}", "x", path)
        answer = guarded.server.ask(method, asked, body=None if method == "GET" else {})
        assert answer.status == 401, (method, asked)
    assert guarded.server.get("/login").status == 200
    assert b"1.2.3" not in guarded.server.get("/login").body
    assert guarded.server.get(file_address("login.js")).status == 200
    for path in ("/live", "/ready"):
        assert guarded.server.get(path).status == 200


@pytest.mark.parametrize(
    "path",
    [
        "//login",
        "/login/",
        "/login.json",
        "/login;x",
        "/LOGIN",
        "/login/../runs",
        "/ui/x/../../api/v1/tables",
        "/ui/../api",
        "/ui/x/..%2F..%2Fruns",
        "/ui/x/arco.css/..",
        "/ui//arco.css",
        "/ui/x/arco.css%00",
        "/ui/x/arco.css%0A",
    ],
)
def test_no_spelling_of_an_open_path_opens_another(guarded: Guarded, path: str) -> None:
    for method in ("GET", "HEAD", "POST", "DELETE"):
        assert guarded.server.ask(method, path, body=b"").status == 401


def test_where_nobody_is_asked_for_a_name_there_is_nothing_to_sign_in_to(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        page = server.get("/login?next=/runs")
        assert (page.status, page.headers["Location"]) == (303, "/runs")
        shown = server.get("/runs", Cookie=cookie_of("of-another-server"))
        assert shown.status == 200
        assert b"sign-out" not in shown.body
