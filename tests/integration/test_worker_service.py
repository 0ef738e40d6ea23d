"""`arco worker` beside `arco serve`: real processes, that die, are stopped, and are lied to."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from arco.execution.proofs import SIGNATURE_HEADER, signature
from tests.integration.cli_project import Project
from tests.integration.served import Served
from tests.integration.worker_services import ANOTHER, SECRET, ask_service, until

ASSETS = """
import os, time
from arco import asset

def proof(name):
    with open(os.path.join(os.path.dirname(__file__), name), "a") as file:
        file.write("x")

def waits_for(name):
    while not os.path.exists(os.path.join(os.path.dirname(__file__), name)):
        time.sleep(0.02)

@asset(namespace="n")
def made():
    print("made by", os.environ["SERVICE"])
    return [{"x": 1}, {"x": 2}]

@asset(namespace="n", executor="pool")
def here(made): return [{"x": 1}]

@asset(namespace="n")
def waits():
    print("waits by", os.environ["SERVICE"])
    proof("waiting-" + os.environ["SERVICE"])
    waits_for("go")
    return [{"x": 1}]

@asset(namespace="n")
def slow():
    proof("slow")
    time.sleep(60)
"""
QUICK = {"ARCO_HEARTBEAT_TIMEOUT_SECONDS": "1.5", "ARCO_CANCEL_GRACE_SECONDS": "0.2"}


class Site:
    """A project with worker services and servers."""

    def __init__(self, directory: Path) -> None:
        self.project = Project(directory, ASSETS)
        (directory / "pyproject.toml").write_text('[tool.arco]\nname = "p"\nexecutor = "http"\n')
        (directory / "workers.txt").write_text(f"{SECRET}\n")
        (directory / "urls.txt").write_text(f"{ANOTHER}\n")
        self.processes: list[subprocess.Popen[str]] = []
        self.common = {
            "PYTHONUNBUFFERED": "1",
            "ARCO_WORKER_SECRETS": "workers.txt",
            "ARCO_URL_SECRETS": "urls.txt",
            **QUICK,
        }

    def worker(self, name: str, *options: str, **environment: str) -> tuple[str, Any]:
        """A worker service: where it is, and its process."""
        settings = {**self.common, "SERVICE": name, **environment}
        process = self.project.start("worker", "--listen", "127.0.0.1:0", *options, **settings)
        return self._begun(process, "arco worker on "), process

    def serve(self, *urls: str) -> Served:
        """A server that hands out to these services."""
        served = Served(self.project, **self.common, ARCO_WORKER_URLS=",".join(urls))
        self.processes.append(served.process)
        return served

    def proved(self, name: str) -> int:
        """How often user code said so."""
        path = self.project.directory / name
        return path.stat().st_size if path.exists() else 0

    def stop(self) -> None:
        """Nothing of it runs any more."""
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
        for process in self.processes:
            try:
                process.communicate(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()

    def _begun(self, process: subprocess.Popen[str], words: str) -> str:
        self.processes.append(process)
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith(words), line
        return line.removeprefix(words).strip()


@contextmanager
def site_in(directory: Path) -> Iterator[Site]:
    """A site that is gone in the end."""
    site = Site(directory)
    try:
        yield site
    finally:
        site.stop()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with site_in(tmp_path / "p") as site:
        site.project.arco("deploy", **site.common)
        yield site


def run(served: Served, *selection: str) -> str:
    """A new run of the selected assets."""
    status, answer = served.ask("/api/v1/runs", {"selection": selection, "which": "all"})
    assert status == 202, answer
    return str(answer["run_id"])


def rows(served: Served) -> dict[str, int]:
    """Published table -> rows."""
    tables = served.ask("/api/v1/tables")[1]["tables"]
    return {f"{row['namespace']}.{row['name']}": row["rows"] for row in tables}


def test_a_worker_service_makes_tables_and_what_it_prints_arrives_while_it_runs(
    site: Site,
) -> None:
    url, _ = site.worker("first")
    served = site.serve(url)
    run_id = run(served, "n.made+")
    until(lambda: served.succeeds(run_id))
    waiting = run(served, "n.waits")
    until(lambda: site.proved("waiting-first"))
    logs = f"/api/v1/runs/{waiting}/tasks/0/logs"
    until(lambda: "waits by first" in json.dumps(served.ask(logs)[1]))
    assert not served.succeeds(waiting)
    (site.project.directory / "go").touch()
    until(lambda: served.succeeds(waiting))
    assert rows(served) == {"n.made": 2, "n.here": 1, "n.waits": 1}


def test_a_killed_worker_service_is_missed_and_another_does_its_work(site: Site) -> None:
    url, process = site.worker("first")
    served = site.serve(url)
    run_id = run(served, "n.waits")
    until(lambda: site.proved("waiting-first"))
    os.kill(process.pid, signal.SIGKILL)
    again, _ = site.worker("second", "--listen", url.removeprefix("http://"))
    assert again == url
    until(lambda: site.proved("waiting-second"))
    (site.project.directory / "go").touch()
    until(lambda: served.succeeds(run_id))


def test_a_killed_server_is_followed_by_one_that_repeats_nothing(site: Site) -> None:
    url, _ = site.worker("first")
    served = site.serve(url)
    run_id = run(served, "n.waits")
    until(lambda: site.proved("waiting-first"))
    os.kill(served.process.pid, signal.SIGKILL)
    served.process.wait()
    following = site.serve(url)
    (site.project.directory / "go").touch()
    until(lambda: following.succeeds(run_id))
    assert site.proved("waiting-first") == 1


def test_a_worker_service_that_is_stopped_says_so_and_its_work_is_done_elsewhere(
    site: Site,
) -> None:
    first, process = site.worker("first")
    served = site.serve(first)
    run_id = run(served, "n.waits")
    until(lambda: site.proved("waiting-first"))
    process.send_signal(signal.SIGTERM)
    process.wait(20)
    site.worker("second", "--listen", first.removeprefix("http://"))
    until(lambda: site.proved("waiting-second"))
    (site.project.directory / "go").touch()
    until(lambda: served.succeeds(run_id))
    (task, *_) = served.ask(f"/api/v1/runs/{run_id}")[1]["tasks"]
    assert task["attempt"] == 2


def test_a_cancelled_run_ends_on_its_worker_service(site: Site) -> None:
    url, _ = site.worker("first")
    served = site.serve(url)
    run_id = run(served, "n.slow")
    until(lambda: site.proved("slow"))
    assert served.ask(f"/api/v1/runs/{run_id}/cancel", {})[0] == 202
    until(lambda: served.ask(f"/api/v1/runs/{run_id}")[1]["run"]["state"] == "CANCELLED")
    now = datetime.now(UTC)
    roll = {SIGNATURE_HEADER: signature(SECRET.encode(), "roll", body=b"", now=now)}
    until(lambda: ask_service(url, "GET", headers=roll)[1] == {"dispatch_ids": [], "free": 1})
    assert site.proved("slow") == 1


def test_a_worker_service_does_nothing_for_who_does_not_know_its_secret(tmp_path: Path) -> None:
    with site_in(tmp_path / "p") as site:
        url, _ = site.worker("first", "--server", "http://127.0.0.1:9")
        for name, (status_code, sent) in requests_of_strangers().items():
            told, answer = ask_service(url, **sent)
            assert told == status_code, (name, answer)
            assert answer["error"]["hint"]
        now = datetime.now(UTC)
        roll = {SIGNATURE_HEADER: signature(SECRET.encode(), "roll", body=b"", now=now)}
        assert ask_service(url, "GET", headers=roll) == (200, {"dispatch_ids": [], "free": 1})
        assert not [name for name in os.listdir(site.project.directory) if name == ".arco"]


def requests_of_strangers() -> dict[str, tuple[int, dict[str, Any]]]:
    """What is sent, and the status that refuses it."""
    now = datetime.now(UTC)
    body = json.dumps(offer()).encode()

    def signed(content: bytes, secret: str = SECRET, *, at: datetime = now) -> dict[str, Any]:
        value = signature(secret.encode(), "offer", body=content, now=at)
        return {"method": "POST", "body": content, "headers": {SIGNATURE_HEADER: value}}

    good = signed(body)
    foreign = json.dumps(offer(callback_url="http://evil.example")).encode()
    tenant = json.dumps(offer(tenant="other")).encode()
    workspace = json.dumps(offer(workspace="other")).encode()
    return {
        "unsigned": (401, {"method": "POST", "body": body}),
        "another secret": (401, signed(body, ANOTHER)),
        "another body": (401, {**good, "body": body + b" "}),
        "signed long ago": (401, signed(body, at=now - timedelta(minutes=6))),
        "signed for later": (401, signed(body, at=now + timedelta(minutes=6))),
        "signed for something else": (401, {**good, "method": "GET", "body": b""}),
        "no offer": (400, signed(b'{"tenant": 1}')),
        "an answer elsewhere": (403, signed(foreign)),
        "another tenant": (403, signed(tenant)),
        "another workspace": (403, signed(workspace)),
    }


def offer(**altered: Any) -> dict[str, Any]:
    """An offer that would be taken, but for what is altered."""
    code = {"module": "assets", "qualname": "made", "version": "sha256:1"}
    asset = {"key": "n.made", "code": code, "source": {"file": "assets.py", "line": 1}}
    envelope = {
        "run_id": "r",
        "task_key": "n/made:materialize",
        "attempt": 1,
        "dispatch_id": "dispatch:r:n/made:materialize:1",
        "attempt_id": "att_0",
        "asset": asset,
        "table_id": "t",
    }
    return {
        "tenant": "local",
        "workspace": "main",
        "envelope": envelope,
        "callback_url": "http://127.0.0.1:9",
        "token": "t",
        "heartbeat_seconds": 1.0,
        **altered,
    }


def test_a_worker_service_without_a_secret_does_not_start(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", ASSETS)
    assert "WORKER_SECRETS_MISSING" in project.arco("worker", code=1).err
    (tmp_path / "p" / "short.txt").write_text("short\n")
    told = project.arco("worker", code=1, ARCO_WORKER_SECRETS="short.txt").err
    assert "WORKER_SECRETS_INVALID" in told
    assert "short\n" not in told
