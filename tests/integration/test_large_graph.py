"""A graph too large for a picture of links, in a browser: drawn, moved, and left by a click."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from arco.ui.addresses import address
from arco.ui.files import FILES
from arco.ui.frame import POLICY, Around, document
from arco.ui.pages.graph import graph_drawn
from arco.ui.pages.lineage import Node
from tests.integration.browser import Browser

WIDE, DEEP = 30, 20
DRAWN = "document.querySelector('[data-drawn]')"
NOT_EMPTY = """
const canvas = document.querySelector("canvas");
const found = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
return found.filter((each, place) => place % 4 === 3 && each).length;
"""
WORDS = """
const { ago } = await import(document.querySelector('[href$="times.js"]').href);
return [0, 1, 75, 7300, 90000, 3 * 86400, -86400, -120].map(ago);
"""


class Shown(BaseHTTPRequestHandler):
    """Answers with the pages and files that the server holds."""

    pages: dict[str, str]

    def do_GET(self) -> None:
        served = FILES.get(self.path.rpartition("/")[2])
        text = self.pages.get(self.path, "<!doctype html><title>there</title>")
        content = served.content if served else text.encode()
        self.send_response(200)
        self.send_header("Content-Type", served.media_type if served else "text/html")
        self.send_header("Content-Security-Policy", POLICY)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is said."""


def node(name: str, dataset: str = "", *, layer: int = 0, row: float = 0.0) -> Node:
    return Node(name=name, dataset=dataset or name, layer=layer, row=row)


def graph(nodes: list[Node], edges: list[tuple[int, int]]) -> str:
    body = graph_drawn(nodes, edges, is_picture=False)
    return document("Lineage", body, around=Around(), script="lineage.js")


def many() -> str:
    nodes = [
        node(f"raw.t{layer}x{row}", layer=layer, row=row - WIDE / 2)
        for layer in range(DEEP)
        for row in range(WIDE)
    ]
    return graph(nodes, [(each, each + WIDE) for each in range(WIDE * (DEEP - 1))])


@pytest.fixture(scope="module")
def shown(chromium: Browser) -> Iterator[dict[str, str]]:
    """The pages that are served, by their address."""
    pages: dict[str, str] = {}
    handler = type("Held", (Shown,), {"pages": pages})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        chromium.address = f"http://127.0.0.1:{server.server_address[1]}"
        yield pages
        server.shutdown()
        thread.join()


def test_a_graph_of_hundreds_is_drawn_and_moved_by_keys(
    chromium: Browser, shown: dict[str, str]
) -> None:
    shown["/graph"] = many()
    chromium.open("/graph", fresh=True)
    chromium.until(DRAWN)
    chromium.run("document.querySelector('canvas').focus()")
    for key in ("+", "+", "-", "ArrowLeft", "ArrowDown"):
        chromium.ask("press", press=key)
    # Painted with the following frame.
    chromium.run("return new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    assert chromium.run(NOT_EMPTY) > WIDE * DEEP
    assert chromium.unfit() == []


@pytest.mark.parametrize("name", ["raw.flights", "raw.a/b ü'!", "raw.json", "raw.html"])
def test_a_click_on_a_dataset_leads_where_the_server_would(
    chromium: Browser, shown: dict[str, str], name: str
) -> None:
    shown["/graph"] = graph([node(name)], [])
    chromium.open("/graph")
    chromium.until(DRAWN)
    chromium.ask("click", click="canvas")
    chromium.until("document.title === 'there'")
    assert chromium.run(f"return decodeURIComponent(location.pathname) === {path(name)}")


def test_a_click_on_a_column_leads_to_its_dataset(chromium: Browser, shown: dict[str, str]) -> None:
    shown["/graph"] = graph([node("raw.flights.delay", "raw.flights")], [])
    chromium.open("/graph")
    chromium.until(DRAWN)
    chromium.ask("click", click="canvas")
    chromium.until("document.title === 'there'")
    assert chromium.ask("url").endswith("/lineage/raw.flights")


def test_a_time_is_told_in_words_of_the_largest_unit(
    chromium: Browser, shown: dict[str, str]
) -> None:
    shown["/graph"] = many()
    chromium.open("/graph")
    assert chromium.run(f"return (async () => {{ {WORDS} }})()") == [
        "now",
        "1 second ago",
        "1 minute ago",
        "2 hours ago",
        "yesterday",
        "3 days ago",
        "tomorrow",
        "in 2 minutes",
    ]


def path(name: str) -> str:
    """The address of a dataset as a script compares it."""
    return f"decodeURIComponent({address('lineage', name)!r})"
