"""What pages do: each asks once, says first what will happen, and done twice it happens once."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.browser import Browser
from tests.integration.pages_demo import HOSTILE, Pages

TWICE = (
    "const it = document.querySelector('[data-act]');it.click(); it.disabled = false; it.click()"
)
"""The button is pressed again before the first answer is there."""


@pytest.fixture
def browser(chromium: Browser, pages: Pages) -> Browser:
    chromium.address = pages.address
    return chromium


def ended_run(pages: Pages, browser: Browser, *, selection: list[str]) -> str:
    """A run of these assets, once its page says that it has ended."""
    run_id: str = pages.told("/api/v1/runs", {"selection": selection})["run_id"]
    browser.open(f"/runs/{run_id}")
    browser.until("document.querySelector('#about .button')?.textContent === 'Run again…'", 60)
    return run_id


def ended_backfill(pages: Pages, browser: Browser) -> dict[str, Any]:
    """The backfill of the demo, once it has failed as it must."""
    found: dict[str, Any] = pages.told("/api/v1/backfills")["backfills"][-1]
    browser.open(f"/backfills/{found['backfill_id']}")
    browser.until("document.querySelector('#about .badge').textContent === 'failed'", 60)
    return found


def test_a_run_that_failed_is_run_again_once(browser: Browser, pages: Pages) -> None:
    assets = ("odd.hostile", "odd.broken")
    run_id = ended_run(pages, browser, selection=[*assets])
    browser.ask("click", click="#about .button")
    browser.until("location.pathname.startsWith('/rerun/')")
    assert "1 results would be taken over" in browser.text()
    assert browser.unfit() == []
    before = pages.runs_of(*assets)
    browser.run(TWICE)
    browser.until("location.pathname.startsWith('/runs/')")
    assert pages.runs_of(*assets) == before + 1
    assert browser.ask("url") != f"{pages.address}/runs/{run_id}"


def test_a_schedule_is_switched_on_and_off_and_fired_by_its_page(
    browser: Browser, pages: Pages
) -> None:
    for doing, label, state in (("enable", "Enable…", "on"), ("disable", "Disable…", "off")):
        browser.open("/schedules/hourly")
        browser.run(f"[...document.links].find((a) => a.textContent === '{label}').click()")
        browser.until(f"location.pathname.endsWith('/{doing}')")
        browser.run(TWICE)
        browser.until("location.pathname === '/schedules/hourly'")
        assert browser.text("#about .badge") == state
    browser.open("/schedules/hourly/disable")
    assert "It is off already" in browser.text()
    browser.open("/schedules/hourly/tick")
    assert "raw.airlines" in browser.text() and "starts its run all the same" in browser.text()
    before = pages.runs_of("raw.airlines")
    browser.run(TWICE)
    browser.until("location.pathname === '/schedules/hourly'")
    assert "started" in browser.text("#ticks")
    assert pages.runs_of("raw.airlines") == before + 1


def test_a_sensor_is_looked_at_and_switched_by_its_page(browser: Browser) -> None:
    browser.open("/sensors/landing/tick")
    assert "it is off, and stays off" in browser.text()
    browser.run(TWICE)
    browser.until("location.pathname === '/sensors/landing'")
    browser.until("document.querySelector('#looks tbody .badge')?.textContent === 'requested'", 60)
    assert "1 run: 1 started" in browser.text("#looks") and HOSTILE[0] in browser.text("#looks")
    assert browser.run("return document.querySelectorAll('#looks tbody tr').length") == 1
    assert browser.unfit() == []
    for doing, state in (("enable", "on"), ("disable", "off")):
        browser.open(f"/sensors/landing/{doing}")
        browser.run(TWICE)
        browser.until("location.pathname === '/sensors/landing'")
        assert browser.text("#about .badge") == state


def test_a_notifier_is_tried_by_its_page(browser: Browser) -> None:
    browser.open("/notifications/desk/test")
    browser.run(TWICE)
    browser.until("location.pathname === '/notifications/desk'")
    browser.until("document.querySelector('#told')?.textContent.includes('did not answer')", 60)
    assert "desk can be reached" in browser.text("#told")
    assert browser.run("return document.querySelectorAll('#told tbody tr').length") == 1
    assert browser.unfit() == []


def test_a_condition_tells_why_not_and_is_switched_by_its_page(browser: Browser) -> None:
    browser.open("/conditions/odd.watched")
    browser.until("document.querySelector('#why li li')", 60)
    assert "on_missing()" in browser.text("#why li li") and "no run" in browser.text("#why")
    for doing, state in (("disable", "off"), ("enable", "on")):
        browser.open(f"/conditions/odd.watched/{doing}")
        browser.run(TWICE)
        browser.until("location.pathname === '/conditions/odd.watched'")
        assert browser.text("#about .badge") == state


def test_a_promise_that_is_not_kept_is_told_on_the_first_page(browser: Browser) -> None:
    browser.open("/breaches")
    browser.until("document.querySelector('#now')?.textContent.includes('odd.watched')", 60)
    browser.open("/")
    assert "odd.watched" in browser.text("#promises-not-kept")
    assert browser.unfit() == []


def test_a_schedule_shows_its_times_around_the_change_of_the_clocks(browser: Browser) -> None:
    browser.open("/schedules/nightly")
    told = browser.text("#clock-change")
    assert "UTC+01:00" in told and "UTC+02:00" in told and "clocks changed" in told


def test_cells_that_were_chosen_are_backfilled(browser: Browser, pages: Pages) -> None:
    ended_backfill(pages, browser)
    browser.open("/partitions/odd.cut")
    browser.until("document.querySelector('.matrix').dataset.read === '1'")
    browser.run("document.querySelector('canvas').focus()")
    for key in ("ArrowRight", "Shift+ArrowRight", "Shift+ArrowDown", "Shift+ArrowDown"):
        browser.ask("press", press=key)
    browser.until("document.getElementById('cell').textContent.startsWith('6 partitions')")
    said = "day=2024-01-01..2024-01-03,region=eu..us"
    assert said in browser.text("#cell")
    browser.ask("click", click="#cell a")
    browser.until("location.pathname === '/backfill'")
    assert "6 partitions, by at most 6 runs" in browser.text()
    browser.run(TWICE)
    browser.until("location.pathname.startsWith('/backfills/')")
    newest = pages.told("/api/v1/backfills")["backfills"][0]
    assert newest["partitions"] == [said] and newest["total"] == 6
    assert len(pages.told("/api/v1/backfills")["backfills"]) == 2


def test_what_failed_of_a_backfill_is_tried_again(browser: Browser, pages: Pages) -> None:
    found = ended_backfill(pages, browser)
    assert "10 failed" in browser.text("#about")
    browser.run("[...document.links].find((a) => a.textContent.startsWith('Retry')).click()")
    browser.until("location.pathname.endsWith('/retry')")
    assert "10 partitions failed so far" in browser.text()
    assert browser.unfit() == []
    browser.run(TWICE)
    browser.until(
        "location.pathname.startsWith('/backfills/') && !document.querySelector('[data-act]')"
    )
    browser.until("document.querySelector('#chunks tbody td:nth-child(5)').textContent === '2'", 60)
    assert found["backfill_id"] in browser.text("h1")


def test_a_backfill_is_paused_resumed_and_cancelled_on_its_page(
    browser: Browser, pages: Pages
) -> None:
    asked = {"selection": ["odd.cut"], "concurrency": 1}
    found = pages.told("/api/v1/backfills", asked)["backfill_id"]
    for doing, state in (("pause", "paused"), ("resume", ""), ("cancel", "")):
        browser.open(f"/backfills/{found}/{doing}")
        browser.run(TWICE)
        browser.until(f"location.pathname === '/backfills/{found}'")
        assert state in browser.text("#about .badge")
    browser.until("document.querySelector('#about .badge').textContent === 'cancelled'", 60)
    browser.open(f"/backfills/{found}/cancel")
    assert "It is asked to stop already" in browser.text()
