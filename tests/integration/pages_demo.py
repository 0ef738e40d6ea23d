"""The demo's lakehouse for tests of its pages: with a stale part, and with hostile text everywhere.

The text is what attacks on pages are made of; where it is shown, it must be shown as text.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.integration.cli_project import start
from tests.integration.lakehouse import arco, demo

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(2)>',
    "'--></style></title></textarea><svg onload=alert(3)>",
    "javascript:alert(4)//`${alert(5)}`{{7*7}}",
)
ALL = " ".join(HOSTILE)
TAG = HOSTILE[1]
PICTURE = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="90" height="40"><script>alert(7)</script>'
    '<rect width="90" height="40" fill="teal"/></svg>'
)
MODULE = f"""
import time
from datetime import timedelta
from arco import (
    DailyPartitions, Markdown, Plot, ProductPartitions, RunRequest, Sample, SkipReason,
    StaticPartitions, Url, asset, check, notify, on_cron, on_missing, schedule, sensor,
)

TEXT = {ALL!r}
PICTURE = {PICTURE!r}

@asset(namespace="odd", description=TEXT, group=TEXT, owners=[TEXT], tags={{"attack": TEXT}})
def hostile(context):
    context.add_metadata(
        share=0.25, words=TEXT, report=Url("javascript:alert(6)"), drawn=Plot.svg(PICTURE),
        notes=Markdown("# " + TEXT), sample=Sample.of([{{TEXT: TEXT, "n": 1}}]),
    )
    print(TEXT)
    return [{{"told": TEXT, "n": 1}}, {{"told": "plain", "n": 2}}]

@check(asset=hostile, blocking=False)
def harmless(data):
    return False, TEXT

@asset(namespace="odd")
def broken(hostile):
    raise ValueError(TEXT)

@asset(namespace="odd", partitions=ProductPartitions([
    DailyPartitions(start="2024-01-01", end="2024-01-11", dimension="day"),
    StaticPartitions(["eu", "us", "as"], dimension="region"),
]))
def cut(context):
    if "region=s:dXM" in context.partition_key:
        raise ValueError("no data of us")
    return [{{"n": 1}}]

nightly = schedule(
    "30 2 * * *", name="nightly", timezone="Europe/Berlin", select=["odd.cut"], which="all",
    description=TEXT,
)
notify("desk", webhook="http://127.0.0.1:9/", on=["breach", "breach_ended"])

hourly = schedule("0 * * * *", name="hourly", select=["raw.airlines"], enabled=False)

@asset(
    namespace="odd", freshness=timedelta(seconds=1),
    condition=on_missing() & on_cron("0 5 29 2 *", "Europe/Berlin"),
)
def watched():
    return [{{"n": 1}}]

@sensor(select="odd.hostile", interval_seconds=86400, enabled=False, description=TEXT)
def landing(context):
    if context.cursor is None:
        context.cursor = TEXT
        return RunRequest(run_key="first")
    return SkipReason(TEXT)

@asset(namespace="odd")
def slow():
    print("begun")
    time.sleep(60)
    return [{{"n": 1}}]
"""


class Pages:
    """A running server over the lakehouse."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._start("0")

    def kill(self) -> None:
        """The server is gone, without a word."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdout, self._process.stderr):
            assert stream is not None
            stream.close()

    def restart(self) -> None:
        """It answers again where it answered before."""
        self._start(self.address.rpartition(":")[2])

    def _start(self, port: str) -> None:
        arguments = ("serve", "--port", port)
        self._process = start(arguments, self.directory, PYTHONUNBUFFERED="1")
        assert self._process.stdout is not None
        first = self._process.stdout.readline()
        assert first.startswith("arco serve on http://"), first
        self.address = first.split()[-1]

    def header(self, path: str, name: str) -> str:
        """A header of an answer."""
        with urllib.request.urlopen(self.address + path, timeout=30) as answer:
            return str(answer.headers[name])

    def asked(self, path: str, body: Any = None, **headers: str) -> tuple[int, str]:
        """The status and text of an answer."""
        data = None if body is None else json.dumps(body).encode()
        sent = {"Content-Type": "application/json", **headers}
        request = urllib.request.Request(self.address + path, data, sent)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, refused.read().decode()

    def runs_of(self, *selection: str) -> int:
        """How many runs there are of exactly these assets."""
        found = self.told("/api/v1/runs?limit=1000")["runs"]
        return sum(sorted(each.get("selection", ())) == sorted(selection) for each in found)

    def told(self, path: str, body: Any = None) -> Any:
        """The JSON of an answer that is none of failure."""
        status, text = self.asked(path, body)
        assert status < 300, text
        return json.loads(text)


@contextmanager
def lakehouse_pages(folder: Path) -> Iterator[Pages]:
    """The demo, changed and served."""
    directory = folder / "flights"
    demo(directory)
    (directory / "flights_demo" / "odd.py").write_text(MODULE, "utf-8")
    staging = directory / "flights_demo" / "staging.py"
    changed = staging.read_text("utf-8").replace("cancelled=rows", "cancelled_flights=rows")
    assert changed != staging.read_text("utf-8")
    staging.write_text(changed, "utf-8")
    arco("deploy", within=directory)
    pages = Pages(directory)
    try:
        _comment(pages)
        pages.told("/api/v1/backfills", {"selection": ["odd.cut"]})
        yield pages
    finally:
        pages.kill()


def _comment(pages: Pages) -> None:
    """Hostile text wherever somebody may write."""
    changes = [
        {"change": "create_namespace", "name": "attacked", "comment": ALL, "owner": ALL},
        {
            "change": "create_table",
            "name": "attacked.orders",
            "comment": ALL,
            "columns": [{"name": HOSTILE[0], "type": "string", "comment": ALL}],
        },
        {"change": "set_tags", "kind": "namespace", "name": "attacked", "tags": {"attack": TAG}},
        {"change": "alter", "kind": "table", "name": "raw.airports", "comment": ALL},
    ]
    pages.told("/api/v1/catalog/changes", {"changes": changes})


__all__ = ["ALL", "HOSTILE", "Pages", "lakehouse_pages"]
