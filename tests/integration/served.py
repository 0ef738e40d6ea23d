"""A running `arco serve` on a small project: what the tests of servers share."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.integration.cli_project import Project

ASSETS = """
from arco import asset

@asset(namespace="raw")
def orders():
    return [{"order_id": 1}, {"order_id": 2}]
"""


class Served:
    """A running `arco serve`."""

    def __init__(self, project: Project, *options: str, **environment: str) -> None:
        settings = {"PYTHONUNBUFFERED": "1", **environment}
        self.process = project.start("serve", "--port", "0", *options, **settings)
        assert self.process.stdout is not None
        first = self.process.stdout.readline()
        assert first.startswith("arco serve on http://"), first + self.process.communicate()[1]
        self.address = first.split()[-1]

    def ask(self, path: str, body: object = None, *, host: str = "") -> tuple[int, Any]:
        """The status and the JSON of an answer, asked under a name of the server."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"} | ({"Host": host} if host else {})
        request = urllib.request.Request(self.address + path, data, headers)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, json.loads(refused.read())

    def leads(self) -> bool:
        """Whether it is the one that performs runs."""
        leader = self.ask("/api/v1/health")[1]["leader"]
        return leader is not None and leader["writer"].split(":")[1] == str(self.process.pid)

    def succeeds(self, run_id: str) -> bool:
        """Whether the run has succeeded, by this server."""
        return bool(self.ask(f"/api/v1/runs/{run_id}")[1]["run"]["state"] == "SUCCEEDED")


@contextmanager
def serving(project: Project, *options: str, **environment: str) -> Iterator[Served]:
    served = Served(project, *options, **environment)
    try:
        yield served
    finally:
        if served.process.poll() is None:
            served.process.kill()
        for stream in (served.process.stdout, served.process.stderr):
            assert stream is not None
            stream.close()
        served.process.wait()


def triggered(served: Served) -> str:
    status, answer = served.ask("/api/v1/runs", {"which": "all"})
    assert status == 202
    return str(answer["run_id"])
