"""Notifications on their way: every channel, and whoever does not take them, delays nobody."""

from __future__ import annotations

import email
import json
import socketserver
import threading
from collections.abc import Iterator
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import arco
from arco.orchestration.definitions import WebhookDefinition
from arco.runtime import AsyncioRuntime
from arco.service.webhooks import signed_message
from tests.integration.cli_project import Project, until
from tests.integration.development import Development

CODE = """
from datetime import timedelta
import pyarrow as pa
from arco import asset, notify, schedule

notify("hook", webhook="{http}/hook?sig=1", secret="env:HOOK_SECRET", on=["run_failed"])
notify("slack", slack="env:SLACK_URL", on="run_failed")
notify("teams", teams="{http}/teams", on="run_failed")
notify("mail", email=["ann@example.org"], smtp="{smtp}", sender="arco@example.org", on="run_failed")
notify("deaf", webhook="{http}/refused", on="run_failed")
notify("nowhere", webhook="http://127.0.0.1:9/", on="run_failed")
notify("lost", webhook="env:NOBODY_SAID", on="run_failed")
notify("moved", webhook="{http}/moved", on="run_failed")
notify("late", webhook="{http}/late", on="freshness_missed")


@asset(namespace="raw", freshness=timedelta(seconds=1))
def files() -> pa.Table:
    raise ValueError("the source is away")
"""


class Receiver:
    """An HTTP server and a mail server that keep what they take."""

    def __init__(self) -> None:
        self.posts: list[tuple[str, dict[str, str], bytes]] = []
        self.mails: list[Message] = []
        receiver = self

        class Posts(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.posts.append((self.path, headers, body))
                status = {"/refused": 503, "/moved": 302}.get(self.path, 200)
                self.send_response(status)
                self.send_header("Location", "/secret")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *given: Any) -> None: ...

        class Mails(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                self.wfile.write(b"220 ready\r\n")
                while line := self.rfile.readline():
                    verb = line[:4].upper()
                    if verb == b"DATA":
                        self.wfile.write(b"354 go on\r\n")
                        lines = iter(self.rfile.readline, b".\r\n")
                        receiver.mails.append(email.message_from_bytes(b"".join(lines)))
                    self.wfile.write(b"221 bye\r\n" if verb == b"QUIT" else b"250 fine\r\n")

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Posts)
        self.smtp = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mails)
        for server in (self.http, self.smtp):
            server.daemon_threads = True
            threading.Thread(target=server.serve_forever, daemon=True).start()

    def addresses(self) -> dict[str, str]:
        return {
            "{http}": f"http://127.0.0.1:{self.http.server_address[1]}",
            "{smtp}": f"smtp://127.0.0.1:{self.smtp.server_address[1]}",
        }

    def post(self, path: str) -> tuple[dict[str, str], Any]:
        """The headers and the JSON that came to the path."""
        found = next(each for each in self.posts if each[0] == path)
        return found[1], json.loads(found[2])


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    for server in (receiver.http, receiver.smtp):
        server.shutdown()
        server.server_close()


TOLD = {"HOOK_SECRET": "a secret", "ARCO_PUBLIC_URL": "https://arco.example.org"}
NEWS = "SELECT notifier, error FROM system.orchestration.notifications WHERE attempts > 0"


def served(project: Project, **told: str) -> Development:
    """A server of the project with these variables."""
    development = Development.__new__(Development)
    development.project = project
    development.process = project.start("dev", "--port", "0", PYTHONUNBUFFERED="1", **told)
    development.address = development.line("arco dev on ").split()[-1]
    development.line("ready in ")
    return development


def check_messages(receiver: Receiver) -> None:
    """Each channel was told the same, in its own form, with a link."""
    headers, hook = receiver.post("/hook?sig=1")
    assert (hook["kind"], hook["id"]) == ("run_failed", "hook-1")
    assert hook["link"] == f"https://arco.example.org/runs/{hook['subject']}"
    body = next(each[2] for each in receiver.posts if each[0] == "/hook?sig=1")
    now = AsyncioRuntime().now()
    declared = WebhookDefinition("env:HOOK_SECRET")
    believed = signed_message(declared, "a secret", headers=headers, body=body, now=now)
    assert believed == "hook-1"
    assert hook["link"] in receiver.post("/slack")[1]["text"]
    (card,) = receiver.post("/teams")[1]["attachments"]
    assert card["content"]["actions"][0]["url"] == hook["link"]
    late = receiver.post("/late")[1]
    assert (late["kind"], late["subject"]) == ("freshness_missed", "raw.files")
    assert late["link"] == "https://arco.example.org/assets/raw.files"
    mail = receiver.mails[0]
    assert mail["To"] == "ann@example.org"
    assert hook["link"] in str(mail.get_payload())


def check_refusals(found: dict[str, str]) -> None:
    """Who was not reached, and why; no redirect is followed."""
    assert found["deaf"] == "127.0.0.1 answered 503"
    assert found["moved"] == "127.0.0.1 answered 302"
    assert "NOBODY_SAID" in found["lost"]
    assert "did not answer" in found["nowhere"]
    assert not found["hook"] + found["mail"] + found["slack"] + found["teams"]


def check_tests(project: Project, address: str) -> None:
    """Whoever leads sends a test, with its secrets, and its outcome is told from afar."""
    there = ("--server", address)
    assert project.arco("notify", "test", "slack", *there).out == "slack took it\n"
    refused = project.arco("notify", "test", "lost", *there, code=1)
    assert "NOBODY_SAID" in refused.err and "on the server" in refused.err
    assert "slack can be reached" in project.arco("notify", "show", "slack", *there).out
    listed = json.loads(project.arco("notify", "list", "--json", *there).out)
    assert {each["name"]: each["newest"]["kind"] for each in listed}["slack"] == "test"
    with arco.Client(address) as client:
        newest = list(client.notifiers.notifications())
        assert len(newest) == 11
        assert [row.created_at for row in newest] == sorted(
            (row.created_at for row in newest), reverse=True
        )
        (told,) = (row for row in client.notifiers.notifications("slack") if row.kind == "test")
        assert (told.number, told.attempts, told.state) == (2, 1, "DELIVERED")


def test_a_failed_run_is_told_by_every_channel_and_nobody_waits_for_the_deaf(
    tmp_path: Path, receiver: Receiver
) -> None:
    code = CODE
    for name, address in receiver.addresses().items():
        code = code.replace(name, address)
    project = Project(tmp_path / "shop", code)
    told = TOLD | {"SLACK_URL": receiver.addresses()["{http}"] + "/slack"}
    assert "the source is away" in project.arco("run", "raw.files", code=1, **told).text
    development = served(project, **told)
    try:
        with arco.Client(development.address) as client:

            def found() -> dict[str, str]:
                rows = client.query(NEWS, format="json").dicts()
                return {row["notifier"]: row["error"] for row in rows}

            until(lambda: len(found()) == 9)
            check_refusals(found())
        check_messages(receiver)
        assert not any(path == "/secret" for path, _, _ in receiver.posts)
        check_tests(project, development.address)
    finally:
        development.process.kill()
        development.process.communicate()


def test_a_notifier_is_tried_from_the_command_line(tmp_path: Path, receiver: Receiver) -> None:
    code = CODE
    for name, address in receiver.addresses().items():
        code = code.replace(name, address)
    project = Project(tmp_path / "tried", code)
    project.arco("deploy")
    assert project.arco("notify", "test", "hook", **TOLD).out == "hook took it\n"
    refused = project.arco("notify", "test", "deaf", code=1)
    assert "127.0.0.1 answered 503" in refused.err
    assert "hook" in project.arco("notify", "list").out
