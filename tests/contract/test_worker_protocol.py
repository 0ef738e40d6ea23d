"""The worker protocol as a worker service keeps it: ours, and the smallest one there is.

Every message is judged by the JSON Schema that is published; a test plays the server.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

import arco
from arco.execution.proofs import SIGNATURE_HEADER, Purpose, countersigned, signature
from arco.ids import attempt_id
from tests.reference.worker_protocol import FIXTURES, MESSAGES, SCHEMA, fixtures_text, schema_text

ROOT = Path(__file__).parents[2]
MINIMAL = ROOT / "examples/minimal_worker/minimal_worker.py"
MINIMAL_LINES_MAX = 64
SECRET = "a secret that servers and workers share"
SECONDS_MAX = 30.0
SOURCES = str(Path(arco.__file__).parents[1])
MADE = """
import os, time
from arco import asset

@asset(namespace="n")
def made():
    open("began", "a").write("x")
    while not os.path.exists("go"):
        time.sleep(0.02)
"""
PROGRAM = """#!/bin/sh
printf x >> began
while [ ! -e go ]; do sleep 0.02; done
"""


class Counter(ThreadingHTTPServer):
    """The server that a worker service answers to."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.heard: deque[tuple[str, str, dict[str, Any]]] = deque()
        """Kind, credential and message, in the order in which they came."""
        self.statuses: dict[str, deque[int]] = {}
        self.says: dict[str, Any] = {}

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def told(self, kind: str) -> list[dict[str, Any]]:
        """What was told so far."""
        return [message for each, _, message in tuple(self.heard) if each == kind]


class Answering(BaseHTTPRequestHandler):
    """Answers as the test says."""

    server: Counter

    def do_POST(self) -> None:
        """A message about an attempt."""
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        kind = self.path.rpartition("/")[2]
        assert self.path == f"/api/v1/tasks/{attempt_id(message['dispatch_id'])}/{kind}"
        self.server.heard.append((kind, self.headers["Authorization"], message))
        waiting = self.server.statuses.get(kind)
        status = waiting.popleft() if waiting else 200
        said = {"dispatch_id": message["dispatch_id"], **self.server.says.get(kind, {})}
        data = json.dumps(said if status == 200 else {}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing is printed."""


class Service:
    """A worker service in a folder of its own."""

    def __init__(self, folder: Path, kind: str, counter: Counter) -> None:
        self.folder = folder
        self.counter = counter
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        folder.mkdir()
        started = {"arco worker": self._ours, "the minimal worker": self._minimal}[kind]
        self.process = started()
        until(self._answers)

    def offer(self, number: int = 1, **altered: Any) -> dict[str, Any]:
        """An offer of the asset that the service has."""
        dispatch_id = f"dispatch:r:n/made:materialize:{number}"
        code = {"module": "assets", "qualname": "made", "version": "sha256:1"}
        envelope = {
            "run_id": "r",
            "task_key": "n/made:materialize",
            "attempt": number,
            "dispatch_id": dispatch_id,
            "attempt_id": attempt_id(dispatch_id),
            "asset": {"key": "n.made", "code": code, "source": {"file": "assets.py", "line": 1}},
            "table_id": "t",
        }
        offer = {
            "tenant": "local",
            "workspace": "main",
            "envelope": envelope,
            "callback_url": self.counter.url,
            "token": f"token-{number}",
            "heartbeat_seconds": 0.2,
            **altered,
        }
        fits("Offer", offer)
        return offer

    def send(
        self, offer: object, *, secret: str = SECRET, late: int = 0, purpose: Purpose = "offer"
    ) -> tuple[int, Any]:
        """Status and body of the answer to the offer, signed so long ago."""
        body = json.dumps(offer).encode()
        at = datetime.now(UTC) - timedelta(seconds=late)
        value = signature(secret.encode(), purpose, body=body, now=at)
        return self.ask("POST", body, headers={SIGNATURE_HEADER: value})

    def ask(self, method: str, body: bytes, *, headers: dict[str, str]) -> tuple[int, Any]:
        """Status and body of the answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS_MAX)
        try:
            connection.request(method, "/v1/attempts", body, headers)
            response = connection.getresponse()
            data = response.read()
        finally:
            connection.close()
        return response.status, json.loads(data) if response.status == 202 else data

    def began(self) -> int:
        """How often user code began."""
        path = self.folder / "began"
        return path.stat().st_size if path.exists() else 0

    def go(self) -> None:
        """User code may end."""
        (self.folder / "go").touch()

    def stop(self) -> None:
        """Nothing of it runs any more."""
        self.go()
        self.process.kill()
        self.process.communicate()

    def _answers(self) -> bool:
        assert self.process.poll() is None, self.process.communicate()
        try:
            return self.send({}, secret="another")[0] == 401
        except OSError:
            return False

    def _ours(self) -> subprocess.Popen[bytes]:
        (self.folder / "assets.py").write_text(MADE)
        (self.folder / "pyproject.toml").write_text('[tool.arco]\nname = "p"\n')
        (self.folder / "workers.txt").write_text(SECRET)
        program = "from arco.cli import main; main()"
        place = ("--listen", f"127.0.0.1:{self.port}", "--server", self.counter.url)
        environment = {
            "PYTHONPATH": SOURCES,
            "ARCO_WORKERS": "1",
            "ARCO_WORKER_SECRETS": "workers.txt",
            "ARCO_CANCEL_GRACE_SECONDS": "0.2",
        }
        return self._started(("-c", program, "worker", *place), environment)

    def _minimal(self) -> subprocess.Popen[bytes]:
        (self.folder / "n.made").write_text(PROGRAM)
        (self.folder / "n.made").chmod(0o755)
        arguments = (str(MINIMAL), str(self.port), "local/main", self.counter.url)
        return self._started(arguments, {"SECRET": SECRET})

    def _started(
        self, arguments: tuple[str, ...], environment: dict[str, str]
    ) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, *arguments],
            cwd=self.folder,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )


@pytest.fixture
def counter() -> Iterator[Counter]:
    counter = Counter()
    thread = threading.Thread(target=counter.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield counter
    counter.shutdown()
    thread.join()
    counter.server_close()


@pytest.fixture(params=["arco worker", "the minimal worker"])
def service(request: pytest.FixtureRequest, tmp_path: Path, counter: Counter) -> Iterator[Service]:
    service = Service(tmp_path / "p", request.param, counter)
    yield service
    service.stop()


def until(holds: Callable[[], Any]) -> None:
    """Return once it holds."""
    end = time.monotonic() + SECONDS_MAX
    while not holds():
        assert time.monotonic() < end, "it never came to hold"
        time.sleep(0.02)


def fits(name: str, message: object) -> None:
    """The message is one of the published protocol."""
    schema = json.loads((ROOT / SCHEMA).read_text())
    wanted = {"$ref": f"#/$defs/{name}", "$defs": schema["$defs"]}
    jsonschema.Draft202012Validator(wanted).validate(message)


def test_an_attempt_is_taken_begun_kept_alive_and_answered_for(
    service: Service, counter: Counter
) -> None:
    counter.says = {"heartbeat": {"token": "renewed"}}
    status, accepted = service.send(service.offer())
    fits("Accepted", accepted)
    assert (status, accepted["free"]) == (202, 0)
    until(lambda: service.began() and len(counter.told("heartbeat")) >= 2)
    assert service.send(service.offer(2))[0] == 503
    counter.statuses["completed"] = deque([503, 401])
    service.go()
    until(lambda: len(counter.told("completed")) == 3)
    kinds = [kind for kind, _, _ in counter.heard]
    assert (kinds.count("started"), service.began()) == (1, 1)
    for kind, credential, message in counter.heard:
        fits(kind.capitalize(), message)
        tokens = ("token-1", "renewed")
        good = [f"Bearer {countersigned(token, SECRET.encode())}" for token in tokens]
        assert credential in good
    assert counter.heard[-1][1] == good[1]
    assert counter.told("completed")[-1]["completion"] == {}


def test_user_code_does_not_begin_before_the_server_wants_it(
    service: Service, counter: Counter
) -> None:
    counter.statuses["started"] = deque([503])
    counter.says = {"started": {"should_cancel": True}}
    assert service.send(service.offer())[0] == 202
    until(lambda: len(counter.told("started")) == 2)
    counter.says = {}
    until(lambda: service.send(service.offer(2))[0] == 202)
    until(service.began)
    assert not counter.told("completed")
    assert service.began() == 1


def test_an_attempt_that_nobody_waits_for_is_ended(service: Service, counter: Counter) -> None:
    assert service.send(service.offer())[0] == 202
    until(service.began)
    counter.says = {"heartbeat": {"should_cancel": True}}
    until(lambda: counter.told("completed"))
    assert counter.told("completed")[0]["completion"]["error"]


def test_an_offer_that_is_repeated_names_where_to_answer_and_begins_nothing(
    service: Service, counter: Counter
) -> None:
    assert service.send(service.offer())[0] == 202
    until(service.began)
    assert service.send(service.offer(token="another"))[0] == 202
    service.go()
    until(lambda: counter.told("completed"))
    assert counter.heard[-1][1] == f"Bearer {countersigned('another', SECRET.encode())}"
    assert (len(counter.told("started")), service.began()) == (1, 1)


def test_who_knows_no_secret_or_is_not_meant_is_refused(service: Service, counter: Counter) -> None:
    offer = service.offer()
    body = json.dumps(offer).encode()
    assert service.ask("POST", body, headers={})[0] == 401
    assert service.send(offer, secret="another secret, of about the same length")[0] == 401
    assert service.send(offer, late=400)[0] == 401
    assert service.send(offer, late=-400)[0] == 401
    assert service.send(offer, purpose="roll")[0] == 401
    assert service.send(service.offer(tenant="other"))[0] == 403
    assert service.send(service.offer(workspace="other"))[0] == 403
    assert service.send(service.offer(callback_url="http://127.0.0.1:9"))[0] == 403
    assert (list(counter.heard), service.began()) == ([], 0)


@pytest.mark.parametrize("struct", MESSAGES, ids=lambda each: each.__name__)
def test_every_message_has_examples_that_fit_its_schema_and_are_read(
    struct: type[msgspec.Struct],
) -> None:
    for example in json.loads((ROOT / FIXTURES).read_text())[struct.__name__].values():
        fits(struct.__name__, example)
        read = msgspec.convert(example, struct)
        assert msgspec.convert(msgspec.to_builtins(read), struct) == read


def test_what_is_published_is_what_travels() -> None:
    assert (ROOT / SCHEMA).read_text() == schema_text()
    assert (ROOT / FIXTURES).read_text() == fixtures_text()
    jsonschema.Draft202012Validator.check_schema(json.loads(schema_text()))


def test_the_minimal_worker_is_short_and_needs_nothing() -> None:
    lines = [line for line in MINIMAL.read_text().splitlines() if line.strip()]
    assert len(lines) - 3 <= MINIMAL_LINES_MAX
    imported = {line.split()[1].partition(".")[0] for line in lines if " import " in line}
    imported |= {line.split()[1] for line in lines if line.startswith("import ")}
    assert imported <= sys.stdlib_module_names | {"__future__"}
