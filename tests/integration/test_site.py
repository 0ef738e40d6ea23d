"""A site of files: every page of it in a real browser, handed out by a plain web server."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from html import unescape
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.integration.browser import Browser
from tests.integration.lakehouse import ENTRY, arco
from tests.integration.pages_demo import ALL, Pages

UNDER = "/some/where/"
BLOCKED_BY_THE_DISK = ("Access to script at 'file://", "Failed to load resource: net::ERR_FAILED")
SHOWN = {
    "index.html": "Newest runs",
    "catalog.html": "staging",
    "catalog/main.attacked.html": ALL,
    "tables/main.staging.flights.html": "departure_delay",
    "tables/main.attacked.orders.html": ALL,
    "versions/main.staging.flights.html": "Newest first",
    "lineage.html": "marts.plane_age",
    "lineage/staging.flights.html": "marts.route_stats",
    "assets.html": "marts.route_stats",
    "assets/odd.hostile.html": ALL,
    "runs.html": "Newest first",
    "checks.html": "no_duplicate_flight_keys",
    "search.html?q=flights": "main.staging.flights",
}
ACTIONS = "form:not([role]), [data-act], [data-sample], [data-live], [data-log], a.main"


class Quiet(SimpleHTTPRequestHandler):
    """Hands out files and says nothing."""

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


class Exported:
    """A site, and where it is handed out."""

    def __init__(self, folder: Path, told: dict[str, Any]) -> None:
        self.folder = folder
        self.told = told
        self.address = ""


@pytest.fixture(scope="module")
def site(pages: Pages, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exported]:
    """The lakehouse as a site below a path of a web server."""
    root = tmp_path_factory.mktemp("web")
    folder = root / UNDER.strip("/")
    folder.parent.mkdir(parents=True)
    command = ("export", "--site", str(folder), "--runs", "5", "--json")
    found = Exported(folder, json.loads(arco(*command, within=pages.directory)))
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(root))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        found.address = f"http://127.0.0.1:{server.server_address[1]}{UNDER}"
        yield found
        server.shutdown()


@pytest.fixture
def browser(chromium: Browser, site: Exported) -> Browser:
    chromium.address = site.address
    return chromium


@pytest.mark.parametrize(("path", "text"), SHOWN.items(), ids=SHOWN.keys())
def test_a_page_of_a_site_shows_its_moment_and_all_can_use_it(
    browser: Browser, site: Exported, path: str, text: str
) -> None:
    assert browser.open(path)["status"] == 200
    browser.until("document.readyState === 'complete'")
    if path.startswith("search"):
        browser.until("document.querySelector('[data-found]')")
    told = browser.text()
    assert text in told
    assert f"slot {site.told['slot']}" in browser.text("#as-of")
    assert browser.run(f"return document.querySelectorAll({json.dumps(ACTIONS)}).length") == 0
    assert "…" not in "".join(browser.run("return [...document.links].map((a) => a.text)"))
    assert browser.unfit() == []


def test_every_link_of_a_site_leads_to_a_file_of_it(site: Exported) -> None:
    places = sorted(site.folder.rglob("*.html"))
    assert len(places) == site.told["pages"]
    for place in places:
        for way in ways_of(place.read_text("utf-8")):
            if not way.startswith("#"):
                target = place.parent / way.partition("?")[0].partition("#")[0]
                assert target.is_file(), (place, way)
                assert target.resolve().is_relative_to(site.folder), way


def ways_of(text: str) -> list[str]:
    """Where a page's links, pictures, scripts and forms lead."""
    attributes = ('href="', 'src="', 'action="')
    return [
        unescape(piece.partition('"')[0])
        for attribute in attributes
        for piece in text.split(f" {attribute}")[1:]
    ]


def test_a_site_tells_the_newest_runs_and_says_how_many(browser: Browser, site: Exported) -> None:
    assert site.told["runs"] == 5 == len(list((site.folder / "runs").iterdir()))
    browser.open("runs.html")
    assert "the newest 5 runs" in browser.text("#as-of")
    browser.ask("click", click="#runs tbody tr:first-child a")
    browser.until("document.getElementById('timeline')")
    assert "Run again" not in browser.text()


def test_the_search_of_a_site_finds_names_by_the_beginnings_of_their_words(
    browser: Browser,
) -> None:
    browser.open("index.html")
    browser.ask("press", press="/")
    browser.ask("type", type="sta fli")
    browser.ask("press", press="Enter")
    browser.until("document.querySelector('[data-found]')")
    assert "1 found" in browser.text("#live") or "main.staging.flights" in browser.text("#hits")
    browser.ask("click", click="#hits a")
    browser.until("document.getElementById('columns')")
    browser.open("search.html?q=%3Cscript%3E")
    browser.until("document.querySelector('[data-found]')")


def test_a_site_tells_nobody_who_holds_what(site: Exported) -> None:
    text = (site.folder / "tables/main.raw.flights.html").read_text("utf-8")
    assert "grants-title" not in text and "sample-title" not in text


def test_a_site_is_read_from_a_disk_too_but_for_its_search(
    chromium: Browser, site: Exported
) -> None:
    chromium.address = site.folder.as_uri() + "/"
    chromium.ask(
        "open",
        open=chromium.address + "tables/main.raw.flights.html",
        fresh=True,
        store=["file:///"],
        forgiven=BLOCKED_BY_THE_DISK,
    )
    seen = chromium.ask("text", text="main", forgiven=BLOCKED_BY_THE_DISK)
    assert "dep_delay" in seen


def test_a_folder_that_is_no_site_is_not_overwritten_and_a_site_is_replaced(
    pages: Pages, tmp_path: Path
) -> None:
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "mine.txt").write_text("kept")
    refused = exported(foreign, within=pages.directory)
    assert refused.returncode == 1
    assert "SITE_FOLDER_IN_USE" in refused.stderr and "hint:" in refused.stderr
    assert [each.name for each in foreign.iterdir()] == ["mine.txt"]
    (foreign / "mine.txt").unlink()
    assert exported(foreign, "--at", "20", within=pages.directory).returncode == 0
    first = json.loads((foreign / "arco-site.json").read_bytes())
    assert first["slot"] == 20
    (foreign / "old.html").write_text("gone with what it belonged to")
    assert exported(foreign, within=pages.directory).returncode == 0
    assert not (foreign / "old.html").exists()
    assert [each.name for each in tmp_path.iterdir()] == ["foreign"]


def exported(folder: Path, *more: str, within: Path) -> subprocess.CompletedProcess[str]:
    """What the command said."""
    command = [sys.executable, "-c", ENTRY, "export", "--site", str(folder), *more]
    return subprocess.run(command, cwd=within, capture_output=True, text=True, timeout=100)
