"""What goes wrong under an open page ends in a message that says what happened, and a way on."""

from __future__ import annotations

import pytest

from tests.integration.browser import Browser
from tests.integration.pages_demo import Pages

GONE = ("Failed to load",)
"""What the browser logs while there is no server."""


@pytest.fixture
def browser(chromium: Browser, pages: Pages) -> Browser:
    chromium.address = pages.address
    return chromium


def test_a_run_that_is_gone_says_so_wherever_it_was_linked(browser: Browser) -> None:
    for path in ("/runs/01GONE", "/runs/01GONE/tasks/0", "/cancel/01GONE", "/rerun/01GONE"):
        assert browser.open(path)["status"] == 404
        assert "01GONE" in browser.text() and "Back to the first page" in browser.text()


def test_what_an_older_shape_does_not_have_is_told_with_a_way_on(browser: Browser) -> None:
    for path in (
        "/lineage/raw.airlines?column=gone",
        "/restore?table=raw.airlines&to=v99",
        "/partitions/raw.gone",
        "/schedules/gone",
        "/sensors/gone",
        "/conditions/odd.slow",
        "/backfills/gone",
    ):
        assert browser.open(path)["status"] == 404
        assert "Back to the first page" in browser.text()
    assert browser.open("/partitions/odd.cut?start=0&until=99")["status"] == 400
    assert "there are no cells 0 to 99" in browser.text()


def test_two_people_end_one_run_and_both_are_told(browser: Browser, pages: Pages) -> None:
    run_id = pages.told("/api/v1/runs", {"selection": ["odd.slow"]})["run_id"]
    browser.open(f"/cancel/{run_id}")
    assert "would" in browser.text()
    pages.told(f"/api/v1/runs/{run_id}/cancel", {"reason": "somebody else was faster"})
    browser.ask("click", click="[data-act]")
    browser.until(
        "location.pathname.startsWith('/runs/') || document.querySelector('#outcome [role=alert]')"
    )
    browser.open(f"/runs/{run_id}")
    browser.until("document.querySelector('#about .badge')?.textContent === 'cancelled'", 60)
    browser.open(f"/cancel/{run_id}")
    assert "has ended already" in browser.text()


def test_an_action_whose_server_restarts_is_asked_again_and_done_once(
    browser: Browser, pages: Pages
) -> None:
    browser.open("/materialize?selection=odd.hostile&which=all")
    before = pages.runs_of("odd.hostile")
    pages.kill()
    browser.ask("click", click="[data-act]", forgiven=GONE)
    alert = "document.querySelector('#outcome [role=alert]')"
    browser.ask("until", until=alert, forgiven=GONE)
    assert "Press the button again" in browser.text("#outcome")
    pages.restart()
    browser.run("document.querySelector('[data-act]').click()")
    browser.until("location.pathname.startsWith('/runs/')", 40)
    assert pages.runs_of("odd.hostile") == before + 1


def test_a_page_says_that_its_server_is_gone_and_comes_back_with_it(
    browser: Browser, pages: Pages
) -> None:
    browser.open("/runs")
    browser.until("document.readyState === 'complete'")
    pages.kill()
    browser.ask("until", until="document.getElementById('unanswered')", forgiven=GONE)
    gone = browser.ask("text", text="#unanswered", forgiven=GONE)
    assert "The server does not answer" in gone
    pages.restart()
    browser.ask("until", until="!document.getElementById('unanswered')", seconds=60, forgiven=GONE)
