"""A server in a process of its own, as `arco serve` starts it, and a client that keeps one
connection to it.
"""

from __future__ import annotations

import http.client
import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

import msgspec

from bench.results import percentile

COMMAND = (sys.executable, "-c", "import arco.cli; arco.cli.main()", "serve", "--port", "0")
ADDRESS = "arco serve on http://"
START_SECONDS_MAX = 60.0
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
KIBIBYTE = 1024
ANSWERED = (200, 201, 404)


class Taken(msgspec.Struct, frozen=True):
    """What some requests of one kind took."""

    p50: float
    p99: float
    cpu_seconds: float
    """Processor time of the server for one of them."""
    size_bytes: int
    """How large the last answer was."""


class Asked(msgspec.Struct, frozen=True):
    """A request."""

    method: str
    path: str
    headers: dict[str, str]
    content: bytes | None = None


class Server:
    """A server of the workspace in a folder, where everybody has to say who they are."""

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        self._folder = folder
        self._settings = settings
        self._resources = ExitStack()
        self.pid = 0
        self.port = 0

    def __enter__(self) -> Server:
        self._errors = self._resources.enter_context(tempfile.TemporaryFile())
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ARCO_")}
        self._process = subprocess.Popen(
            [*COMMAND, "--dir", str(self._folder)],
            env={**kept, **self._settings, "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        self.pid = self._process.pid
        self.port = self._printed_port()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.terminate()
        self._process.communicate()
        self._resources.close()

    def client(self, key: str) -> Client:
        """A client with this key."""
        return Client(self, key)

    def cpu_seconds(self) -> float:
        """Processor time of the server until now, without its children."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND

    def memory_bytes(self) -> int:
        """Memory that the server holds now."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) * KIBIBYTE

    def _printed_port(self) -> int:
        printed = self._process.stdout
        assert printed is not None
        if select.select([printed], [], [], START_SECONDS_MAX)[0]:
            line = printed.readline()
            if line.startswith(ADDRESS):
                return int(line.rpartition(":")[2])
        self._process.kill()
        self._errors.seek(0)
        sys.exit(f"no server started:\n{self._errors.read().decode()[-2000:]}")


class Client:
    """One connection for requests that follow each other."""

    def __init__(self, server: Server, key: str) -> None:
        self._server = server
        self._headers = {"Authorization": f"Bearer {key}"}
        self._connection = self._connected()

    def get(self, path: str, *, accept: str = "*/*") -> bytes:
        """The body of the answer."""
        self._connection = self._connected()
        return self._asked(Asked("GET", path, headers={"Accept": accept}))

    def post(self, path: str, body: object) -> bytes:
        """The same of something that is sent."""
        self._connection = self._connected()
        return self._asked(_posted(path, body))

    def timed(self, *paths: str, accept: str = "*/*") -> Taken:
        """What it takes to get all of these."""
        return self._timed([Asked("GET", path, headers={"Accept": accept}) for path in paths])

    def timed_posts(self, path: str, *bodies: object) -> Taken:
        """What it takes to send all of these."""
        return self._timed([_posted(path, body) for body in bodies])

    def _timed(self, requests: Sequence[Asked]) -> Taken:
        taken, size = [], 0
        # The server closes a connection that rests while others ask.
        self._connection = self._connected()
        before = self._server.cpu_seconds()
        for request in requests:
            start = time.perf_counter()
            size = len(self._asked(request))
            taken.append(time.perf_counter() - start)
        used = self._server.cpu_seconds() - before
        return Taken(percentile(taken, 0.5), percentile(taken, 0.99), used / len(taken), size)

    def _connected(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self._server.port, timeout=120)

    def _asked(self, asked: Asked) -> bytes:
        sent = {**self._headers, **asked.headers}
        self._connection.request(asked.method, f"/api/v1{asked.path}", asked.content, sent)
        answer = self._connection.getresponse()
        body = answer.read()
        assert answer.status in ANSWERED, (asked.path, body[:1000])
        return body


def _posted(path: str, body: object) -> Asked:
    kind = {"Content-Type": "application/json"}
    return Asked("POST", path, headers=kind, content=msgspec.json.encode(body))


__all__ = ["Client", "Server", "Taken"]
