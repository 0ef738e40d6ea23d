"""A real browser that looks at pages: one Chromium for a whole file of tests.

Law: a page that logs an error, opens a dialog, or asks another host, fails whoever looks at it.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.contract.needs import needs

DRIVER = Path(__file__).with_name("browser.mjs")
REFUSALS_LOGGED = "Failed to load resource: the server responded with a status of 40"


class Browser:
    """The browser, on one page at a time."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.address = ""

    def open(self, path: str, **how: Any) -> Any:
        """Go to a page of the server; its status, title and weight."""
        return self.ask("open", open=self.address + path, **how)

    def run(self, body: str, given: Any = None) -> Any:
        """What the body of a function returns in the page."""
        return self.ask("run", run=body, given=given)

    def until(self, holds: str, seconds: float = 20) -> None:
        """Return once the expression holds in the page."""
        self.ask("until", until=holds, seconds=seconds)

    def text(self, selector: str = "main") -> str:
        """What is to be read there."""
        return str(self.ask("text", text=selector))

    def links(self) -> list[str]:
        """Where the page's links lead."""
        return list(self.run("return [...document.links].map((a) => a.getAttribute('href'))"))

    def unfit(self) -> list[Any]:
        """What axe objects to."""
        return list(self.ask("axe"))

    def ask(self, do: str, *, forgiven: Sequence[str] = (REFUSALS_LOGGED,), **asked: Any) -> Any:
        """The answer to one question; `forgiven` are beginnings of what may be logged."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": do, **asked}) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        assert "error" not in answer, answer
        ignored = tuple(f"console: {each}" for each in forgiven)
        faults = [fault for fault in answer["faults"] if not fault.startswith(ignored)]
        assert not faults, faults
        return answer["value"]


@contextmanager
def browsing() -> Iterator[Browser]:
    """A browser until the end of the block."""
    needs("playwright-core")
    process = subprocess.Popen(
        [needs("node"), str(DRIVER), needs("chromium"), needs("axe-core")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        yield Browser(process)
    finally:
        process.stdin.close()
        process.wait(20)
        process.stdout.close()


__all__ = ["Browser", "browsing"]
