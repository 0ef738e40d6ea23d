"""What pages cost in a real browser: until something is painted, until a large picture stands, how
much is sent, and what the server's processor does for it.

Chromium without a screen draws with the processor of the same machine, which is part of the times.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import msgspec

from arco.engine import snapshot
from arco.engine.database import Database
from arco.runtime import AsyncioRuntime
from arco.service.search.searching import Search
from arco.service.settings import FOLDER
from arco.service.workspace import DOMAINS
from arco.store.keys import Scope
from arco.store.local import LocalStore
from arco.store.scoped import ScopedStore
from bench import page_stores
from bench.loopback import Server
from bench.page_stores import CELLS, REGIONS, WIDE_RUN, name
from bench.results import Measurement, percentile, spelled
from tests.integration.browser import Browser, browsing

RUNTIME = AsyncioRuntime()
RUNS = 1_000_000
TASKS = 10_000
ASSETS = 10_000
HOURS = 365 * 24
VISITS = 5
SETTINGS = {"ARCO_REQUESTS_PER_SECOND": "0", "ARCO_VERIFY_HOURS": "0"}
PAINT, WEIGHT = "<= 300 ms", "<= 300 KB"
KILOBYTE = 1000
MATRIX_READ = """(() => {
  const frame = document.querySelector("[data-matrix]");
  return frame && Number(frame.dataset.waiting) === 0 && Number(frame.dataset.read) > 0;
})()"""
GRAPH_DRAWN = f"document.querySelector('[data-drawn=\"{ASSETS}\"]')"
TIMELINE_SHOWN = "document.querySelector('svg.timeline rect')"
LIST_SHOWN = "document.querySelectorAll('#runs tbody tr').length === 50"
STANDS = """
const sent = () => ["navigation", "resource"].flatMap((each) => performance.getEntriesByType(each));
const told = () => ({
  stands: performance.now(),
  painted: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0,
  answered: performance.getEntriesByType("navigation")[0].responseEnd,
  weight: sent().reduce((sum, each) => sum + each.transferSize, 0),
});
const holds = () => document.readyState === "complete" && Boolean(%s);
const look = (done) => () => (holds() ? done(told()) : requestAnimationFrame(look(done)));
return new Promise((done) => requestAnimationFrame(look(done)));
"""
"""Answered in the page once it holds: when that was, when it was painted first, what was sent."""


class Visit(msgspec.Struct, frozen=True):
    """One visit of a page by a browser that knows nothing of the server, in milliseconds."""

    stands: float
    painted: float
    answered: float
    """When the page itself had arrived."""
    weight: float
    """Bytes of the page and of everything it asked for."""
    cpu_seconds: float = 0.0
    """What the server's processor did meanwhile."""
    work_seconds: float = 0.0
    """What the processor did for the page's own thread: reading, scripts, layout, painting."""


class Large(msgspec.Struct, frozen=True, kw_only=True):
    """A page that shows much, what holds once it stands, and when that has to be."""

    what: str
    path: str
    holds: str
    goal: str


PLAIN = (
    ("a page of nothing", "/live"),
    ("home", "/"),
    ("an asset", f"/assets/{name(0)}"),
    ("lineage, two hops", f"/lineage/{name(500)}"),
    ("schedules", "/schedules"),
    ("the console", "/sql"),
)
LIST = Large(
    what=f"run list beside {RUNS:,} runs", path="/runs", holds=LIST_SHOWN, goal="<= 100 ms"
)
LARGE = (
    Large(
        what=f"timeline of a run of {TASKS:,} tasks",
        path=f"/runs/{WIDE_RUN}",
        holds=TIMELINE_SHOWN,
        goal="<= 500 ms",
    ),
    Large(
        what=f"graph of {ASSETS:,} assets",
        path="/lineage",
        holds=GRAPH_DRAWN,
        goal="<= 1 s",
    ),
    Large(
        what="lineage of what everything is made from",
        path=f"/lineage/{name(0)}?up=100&down=100",
        holds=GRAPH_DRAWN,
        goal="<= 1 s",
    ),
    Large(
        what=f"matrix of {HOURS * REGIONS:,} partitions",
        path=f"/partitions/{CELLS}",
        holds=MATRIX_READ,
        goal="<= 1 s",
    ),
)


async def measurements() -> AsyncIterator[Measurement]:
    """All lines of the table, each as it is ready."""
    with tempfile.TemporaryDirectory() as folder:
        await filled(Path(folder))
        for each in figures(Path(folder)):
            yield each


def figures(folder: Path) -> Iterator[Measurement]:
    """The lines of one workspace: every page first with what a server has that just started."""
    with Server(folder, SETTINGS) as server, browsing() as browser:
        browser.address = f"http://127.0.0.1:{server.port}"
        yield worked(LIST, visited(browser, server, page=LIST))
        for page in LARGE:
            yield large(page, visited(browser, server, page=page))
        for what, path in PLAIN:
            visits = [visit(browser, server, path=path, holds="true") for _ in range(VISITS)]
            yield plain(what, visits)


def visited(browser: Browser, server: Server, *, page: Large) -> list[Visit]:
    """What its visits took."""
    return [visit(browser, server, path=page.path, holds=page.holds) for _ in range(VISITS)]


def visit(browser: Browser, server: Server, *, path: str, holds: str) -> Visit:
    """What one visit took."""
    before, start = server.cpu_seconds(), time.perf_counter()
    browser.open(path, fresh=True)
    found: dict[str, Any] = browser.run(STANDS % holds)
    used = server.cpu_seconds() - before
    assert found["stands"] <= (time.perf_counter() - start) * 1000
    return Visit(**found, cpu_seconds=used, work_seconds=browser.ask("work"))


def large(page: Large, visits: list[Visit]) -> Measurement:
    """A line: the first visit and the median of those after it."""
    first, warm = visits[0], median(visits[1:])
    result = f"{spelled(first.stands / 1000)} / {spelled(warm.stands / 1000)}"
    return Measurement(f"{page.what}, first / again", result, page.goal, told(warm))


def worked(page: Large, visits: list[Visit]) -> Measurement:
    """A line: what processors did for it, which no other work on the machine makes more."""
    warm = median(visits[1:])
    # The server's is counted in hundredths of a second, more than one visit takes.
    served = sum(each.cpu_seconds for each in visits[1:]) / (len(visits) - 1)
    result = spelled(served + warm.work_seconds)
    by_clock = f"stands after {spelled(warm.stands / 1000)} by the clock, {told(warm)}"
    return Measurement(f"{page.what}, processor", result, page.goal, by_clock)


def plain(what: str, visits: list[Visit]) -> Measurement:
    """A line: first paint and weight."""
    warm = median(visits[1:])
    result = f"{spelled(warm.painted / 1000)}, {warm.weight / KILOBYTE:.0f} KB"
    return Measurement(f"{what}: first paint, weight", result, f"{PAINT}, {WEIGHT}", told(warm))


def told(warm: Visit) -> str:
    """The rest of a visit."""
    return (
        f"page there after {spelled(warm.answered / 1000)}, painted after "
        f"{spelled(warm.painted / 1000)}, {warm.weight / KILOBYTE:.0f} KB, "
        f"{spelled(warm.cpu_seconds)} of the server's processor, {spelled(warm.work_seconds)} of "
        "the page's"
    )


def median(visits: list[Visit]) -> Visit:
    """The median of each figure."""
    names = Visit.__struct_fields__
    return Visit(
        **{each: percentile([getattr(one, each) for one in visits], 0.5) for each in names}
    )


async def filled(folder: Path) -> None:
    """The workspace, as a server finds it."""
    place = LocalStore(folder / FOLDER, RUNTIME, fsync=False)
    store = ScopedStore(place, Scope())
    database = await Database.open(store, RUNTIME, domains=DOMAINS, writer="generator")
    Search(database)
    await page_stores.fill(database, runs=RUNS, tasks=TASKS, assets=ASSETS, hours=HOURS)
    # The server makes what search reads when it starts, beside what is measured.
    await snapshot.publish(database)
    await database.close()


__all__ = ["figures", "measurements"]
