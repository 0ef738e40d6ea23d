"""A running `arco dev`, and what it prints and answers."""

from __future__ import annotations

import json
import selectors
import time
import urllib.request
from typing import Any

from tests.integration.cli_project import SECONDS_MAX, Project


class Development:
    """A running `arco dev` and what it has printed so far."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.process = project.start("dev", "--port", "0", PYTHONUNBUFFERED="1")
        self.address = self.line("arco dev on ").split()[-1]
        self.line("ready in ")

    def line(self, start: str) -> str:
        """The next line of standard output that holds this text."""
        stream = self.process.stdout
        assert stream is not None
        deadline = time.monotonic() + SECONDS_MAX
        with selectors.DefaultSelector() as selector:
            selector.register(stream, selectors.EVENT_READ)
            while time.monotonic() < deadline:
                line = stream.readline()
                if start in line:
                    return line.strip()
                assert self.process.poll() is None, self.process.communicate()
        raise AssertionError(f"never said {start!r}")

    def get(self, path: str) -> Any:
        """The JSON at a path of the server."""
        with urllib.request.urlopen(self.address + path, timeout=10) as answer:
            return json.loads(answer.read())
