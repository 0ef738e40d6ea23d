"""Every page in a real browser: what it shows, that hostile text stays text, that all can use."""

from __future__ import annotations

import gzip
import urllib.request
from urllib.parse import quote

import pytest

from arco.ui.queries import literal
from tests.integration.browser import Browser
from tests.integration.pages_demo import ALL, HOSTILE, Pages

WEIGHT_MAX = 300_000
SHOWN = {
    "/": "Newest runs",
    "/catalog": "staging",
    "/catalog/main.attacked": ALL,
    "/tables/staging.flights": "departure_delay",
    "/tables/attacked.orders": ALL,
    "/search?q=delay": "main.marts.daily_delays",
    "/search?q=alert": "alert",
    "/assets": "marts.route_stats",
    "/assets/odd.hostile": ALL,
    "/runs": "Newest first",
    "/materialize": "staging.flights",
    "/lineage": "marts.plane_age",
    "/lineage/staging.flights": "marts.route_stats",
    "/lineage/staging.flights?column=departure_delay": "raw.flights.dep_delay",
    "/partitions/staging.flights": "12 partitions",
    "/backfills": "odd.cut",
    "/backfill?selection=odd.cut": "30 partitions, by at most 30 runs",
    "/backfill": "nothing happens before you say so",
    "/schedules": "hourly",
    "/schedules/nightly": HOSTILE[0],
    "/schedules/nightly/disable": "a run that it started goes on",
    "/schedules/hourly/enable": "nothing of the time in which it was off",
    "/schedules/nightly/tick": "odd.cut",
    "/sensors": "landing",
    "/sensors/landing": HOSTILE[0],
    "/sensors/landing/enable": "it would be looked at again",
    "/sensors/landing/disable": "It is off already",
    "/sensors/landing/tick": "the runs that it asks for would be started",
    "/conditions": "odd.watched",
    "/conditions/odd.watched": "on_missing()",
    "/conditions/odd.watched/enable": "It is on already",
    "/conditions/odd.watched/disable": "would not be judged until it is switched on",
    "/breaches": "Breaches",
    "/notifications": "breach ended",
    "/notifications/desk": "What it was told",
    "/notifications/desk/test": "whoever leads would send desk something now",
    "/partitions/odd.cut": "30 partitions",
    "/checks": "share_of_cancelled_flights",
    "/checks/staging.flights?check=share_of_cancelled_flights": "5.1% of the flights",
    "/sql": "Result",
    "/access?on=table:staging.flights": "allowed",
    "/audit": "orchestration.backfill_created",
    "/system": "Newest commits",
    "/versions/raw.airlines": "what readers see",
    "/difference?before=2&after=20": "System tables",
    "/restore?table=raw.airlines&to=v0": "nothing to do",
}
"""Page -> what is to be read on it."""
SMALL = (
    "/",
    "/tables/staging.flights",
    "/runs",
    "/lineage",
    "/checks/staging.flights?check=share_of_cancelled_flights",
    "/conditions/odd.watched",
    "/breaches",
    "/notifications/desk",
)


@pytest.fixture
def browser(chromium: Browser, pages: Pages) -> Browser:
    chromium.address = pages.address
    return chromium


@pytest.mark.parametrize("path", SHOWN)
def test_a_page_shows_what_it_is_for_and_everybody_can_use_it(browser: Browser, path: str) -> None:
    opened = browser.open(path, scheme="light")
    assert opened["status"] == 200
    assert opened["bytes"] <= WEIGHT_MAX
    assert SHOWN[path] in browser.text()
    assert browser.unfit() == []
    assert "alert" not in browser.run(
        "return [...document.scripts].map((each) => each.textContent).join('')"
    )


@pytest.mark.parametrize("path", SMALL)
def test_a_page_is_as_readable_in_the_dark_and_in_a_small_window(
    browser: Browser, path: str
) -> None:
    browser.open(path, scheme="dark", width=400)
    assert browser.unfit() == []
    assert browser.run("return document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("path", SHOWN)
def test_a_page_is_the_same_as_json_and_as_sql(pages: Pages, path: str) -> None:
    status, text = pages.asked(path, Accept="text/html")
    assert status == 200
    where = text.split('<a href="')[-1].split('"')[0].replace("&amp;", "&")
    assert ".json" in where
    assert pages.told(where)
    if 'id="page-sql">' in text:
        sql = text.split('id="page-sql">')[1].split("</code>")[0]
        plain = sql.replace("&#x27;", "'").replace("&quot;", '"').replace("&lt;", "<")
        assert isinstance(pages.told("/api/v1/query", {"sql": plain.replace("&gt;", ">")}), list)


def test_every_link_of_every_page_leads_somewhere(browser: Browser, pages: Pages) -> None:
    found: dict[str, str] = {}
    for path in SHOWN:
        browser.open(path)
        found |= {link: path for link in browser.links() if not link.startswith(("#", "?"))}
    dead = {
        link: (came_from, status)
        for link, came_from in found.items()
        if (status := pages.asked(link, Accept="text/html")[0]) != 200
    }
    assert dead == {}


def test_what_is_served_may_be_kept_for_ever_and_nothing_else_is_kept(pages: Pages) -> None:
    text = pages.asked("/", Accept="text/html")[1]
    style = text.split('rel="stylesheet" href="')[1].split('"')[0]
    assert pages.header(style, "Cache-Control") == "public, max-age=31536000, immutable"
    assert pages.header(style.replace("/ui/", "/ui/x"), "Cache-Control") == "no-cache"
    assert pages.header("/", "Cache-Control") == "no-store"
    policy = pages.header("/", "Content-Security-Policy")
    assert "unsafe" not in policy and "require-trusted-types-for 'script'" in policy


def test_what_is_not_there_says_so_and_shows_a_way_on(browser: Browser) -> None:
    for path in ("/tables/no.such", "/runs/01NONE", "/nowhere"):
        assert browser.open(path)["status"] == 404
        assert "Not found" in browser.text() and "Back to the first page" in browser.text()
        assert browser.unfit() == []
    assert browser.open("/search?x=1")["status"] == 400


def test_search_is_reached_from_anywhere_by_two_keys(browser: Browser) -> None:
    for key in ("/", "Control+k"):
        browser.open("/runs")
        browser.ask("press", press=key)
        browser.ask("type", type="route_stats")
        browser.ask("press", press="Enter")
        browser.until("location.pathname === '/search'")
        assert "main.marts.route_stats" in browser.text()


def test_which_upstream_made_a_table_stale_is_told_on_its_page(browser: Browser) -> None:
    browser.open("/tables/marts.route_stats")
    assert "the code changed in staging.flights" in browser.text("#standing")


def test_what_a_check_said_is_read_on_its_page(browser: Browser) -> None:
    browser.open("/checks")
    assert "5.1% of the flights were cancelled" in browser.text("#did-not-pass")


def test_the_theme_that_was_chosen_stays(browser: Browser) -> None:
    browser.open("/", scheme="light")
    browser.ask("click", click="#theme")
    browser.open("/runs", scheme="light")
    assert browser.run("return document.documentElement.dataset.theme") == "dark"
    assert browser.unfit() == []
    browser.ask("click", click="#theme")


def test_a_run_is_started_once_followed_live_and_explains_its_failure(
    browser: Browser, pages: Pages
) -> None:
    browser.open(f"/materialize?selection={quote('odd.hostile odd.broken')}")
    assert "odd.hostile" in browser.text() and "Run 2 tasks" in browser.text()
    before = pages.runs_of("odd.hostile", "odd.broken")
    browser.run(
        "const it = document.querySelector('[data-act]');"
        "it.click(); it.disabled = false; it.click()"
    )
    browser.until("location.pathname.startsWith('/runs/')")
    assert pages.runs_of("odd.hostile", "odd.broken") == before + 1
    browser.until("document.querySelector('#about .badge')?.textContent === 'failed'", 60)
    assert browser.unfit() == []
    assert HOSTILE[0] in browser.text("#tasks")
    run_path = browser.ask("url").removeprefix(pages.address)
    for index, shown in ((0, "#log"), (1, "#error")):
        browser.open(f"{run_path}/tasks/{index}")
        browser.until(f"document.querySelector('{shown}').textContent.includes('alert(1)')")
        assert HOSTILE[0] in browser.text(shown)
        assert browser.unfit() == []
    browser.open("/checks")
    assert HOSTILE[1] in browser.text("#did-not-pass")
    what_a_task_said(browser, pages, path=f"{run_path}/tasks/0")


def what_a_task_said(browser: Browser, pages: Pages, *, path: str) -> None:
    """It is told on the task's page, in a small window too, and its picture is no page of ours."""
    browser.open(path, scheme="dark", width=400)
    told = browser.text("#said")
    assert "0.25" in told and "javascript:alert(6)" in told and told.count(HOSTILE[0]) == 4
    browser.until("document.querySelector('#said img')?.naturalWidth === 90")
    assert browser.unfit() == []
    assert browser.run("return document.documentElement.scrollWidth <= innerWidth")
    picture = browser.run("return document.querySelector('#said img').getAttribute('src')")
    assert "sandbox" in pages.header(picture, "Content-Security-Policy")
    assert pages.asked(picture.replace("/pictures/", "/pictures/9"))[0] == 404


def test_a_run_is_cancelled_after_its_page_said_what_would_happen(
    browser: Browser, pages: Pages
) -> None:
    run_id = pages.told("/api/v1/runs", {"selection": ["odd.slow"]})["run_id"]
    browser.open(f"/runs/{run_id}")
    running = "document.querySelector('#tasks tbody .badge')?.textContent === 'running'"
    browser.until(running, 60)
    browser.ask("click", click="#about .button")
    browser.until("location.pathname.startsWith('/cancel/')")
    assert "1 tasks that run" in browser.text()
    browser.ask("click", click="[data-act]")
    browser.until("location.pathname.startsWith('/runs/')")
    browser.until("document.querySelector('#about .badge')?.textContent === 'cancelled'", 60)
    browser.open(f"/cancel/{run_id}")
    assert "has ended already" in browser.text()


def test_a_sample_and_a_query_show_hostile_values_as_text(browser: Browser, pages: Pages) -> None:
    values = ", ".join(literal(each) + f" AS c{n}" for n, each in enumerate(HOSTILE))
    sql = f"SELECT {values}, 1 AS n UNION ALL SELECT *, 2 FROM (SELECT {values})"
    browser.open(f"/sql?q={quote(sql)}")
    browser.until("document.querySelector('#rows table')", 40)
    assert all(each in browser.text("#rows") for each in HOSTILE)
    browser.until("document.querySelector('#chart svg')")
    assert browser.unfit() == []
    browser.open("/tables/raw.airlines")
    browser.ask("click", click="[data-sample]")
    browser.until("document.querySelector('#sample table')", 40)
    assert "United Air Lines Inc." in browser.text("#sample")


def test_the_console_completes_names_and_says_what_is_wrong(browser: Browser) -> None:
    browser.open("/sql")
    browser.ask("fill", fill="#sql", text="SELECT * FROM ")
    browser.until("document.readyState === 'complete'")
    browser.ask("click", click="#sql")
    browser.ask("press", press="End")
    browser.run("return fetch('/sql.json').then((each) => each.json())")
    browser.ask("type", type="system.catalog.tab")
    browser.until("!document.getElementById('names').hidden")
    browser.ask("press", press="Tab")
    assert browser.run("return document.getElementById('sql').value").endswith("catalog.tables")
    browser.ask("fill", fill="#sql", text="DROP TABLE x")
    browser.ask("press", press="Control+Enter")
    browser.until("document.querySelector('#rows [role=alert]')", 40)


def test_what_a_dataset_reaches_lights_up_and_a_click_goes_there(browser: Browser) -> None:
    browser.open("/lineage/raw.flights?down=3")
    browser.run("document.querySelector('svg.graph a.start').focus()")
    lit = browser.run("return document.querySelectorAll('svg.graph a.on').length")
    assert lit == browser.run("return document.querySelectorAll('svg.graph a').length") >= 6
    browser.open("/lineage/staging.flights")
    assert {"raw.flights", "marts.plane_age"} <= set(browser.text("#list").split())


def test_cells_of_the_matrix_are_reached_by_keys(browser: Browser) -> None:
    browser.open("/partitions/staging.flights")
    browser.until("document.querySelector('.matrix').dataset.read === '1'")
    browser.run("document.querySelector('canvas').focus()")
    browser.ask("press", press="ArrowRight")
    browser.ask("press", press="ArrowRight")
    browser.until("document.getElementById('cell').textContent.includes('2013-02')")
    assert "24,951 rows" in browser.text("#cell")


def test_a_large_page_goes_pressed_to_who_takes_that(pages: Pages) -> None:
    plain = pages.asked("/tables/raw.flights", Accept="text/html")[1].encode()
    request = urllib.request.Request(
        pages.address + "/tables/raw.flights", headers={"Accept-Encoding": "br, gzip"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        pressed = answer.read()
        assert answer.headers["Content-Encoding"] == "gzip"
        assert answer.headers["Vary"] == "Accept-Encoding"
    assert len(pressed) < len(plain) / 3
    assert b"raw.flights" in gzip.decompress(pressed)


def test_what_is_stale_is_a_part_of_the_first_page_and_no_notice_of_the_server(
    browser: Browser,
) -> None:
    browser.open("/")
    assert "marts.route_stats" in browser.text("#stale")
    position = "return getComputedStyle(document.getElementById('stale')).position"
    assert browser.run(position) == "static"
