"""Sensors as users meet them: good ones ask for runs, bad ones are told so and block nobody."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import arco
from arco.errors import Conflict
from tests.integration.cli_project import SECONDS_MAX, Project, until
from tests.integration.development import Development

SECRET = "whsec_" + base64.b64encode(b"a secret of both sides").decode()
CODE = """
import itertools
import os
import time
from pathlib import Path

import pyarrow as pa
from arco import RunRequest, SensorContext, SkipReason, asset, sensor, webhook

HERE = Path(__file__).parent


@asset(namespace="raw")
def files() -> pa.Table:
    return pa.table({"n": [1]})


@sensor(select=files, interval_seconds=1)
def landing(context: SensorContext):
    \"\"\"New files in a folder.\"\"\"
    (HERE / "looks").open("a").write("look\\n")
    names = sorted(path.name for path in (HERE / "landing").glob("*.csv"))
    new = [name for name in names if name > (context.cursor or "")]
    if not new:
        return SkipReason("no file is new")
    context.cursor = new[-1]
    return [RunRequest(run_key=name) for name in new]


@sensor(select=files)
def endless():
    return (RunRequest(run_key=str(n)) for n in itertools.count())


@sensor(select=files)
def broken():
    raise ValueError("the source is away")


@sensor(select=files, timeout_seconds=0.3)
def hanging():
    time.sleep(3600)


@sensor(select=files)
def dying():
    os._exit(3)


@sensor(select=files)
def backwards(context: SensorContext):
    context.cursor = -1 if context.cursor else 1


@sensor(select=files, webhook=webhook("env:HOOK_SECRET"))
def hooked(context: SensorContext):
    return RunRequest(run_key=context.message.payload["file"])
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("shop"), CODE)
    (project.directory / "landing").mkdir()
    project.arco("deploy")
    return project


class Serving(Development):
    """A server that knows the secret of the webhook."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.process = project.start("dev", "--port", "0", PYTHONUNBUFFERED="1", HOOK_SECRET=SECRET)
        self.address = self.line("arco dev on ").split()[-1]
        self.line("ready in ")

    def evaluations(self, name: str) -> list[dict[str, Any]]:
        """The looks at a sensor, newest first."""
        found: list[dict[str, Any]] = self.get(f"/api/v1/sensors/{name}/evaluations")["evaluations"]
        return found


@pytest.fixture(scope="module")
def served(project: Project) -> Iterator[Serving]:
    serving = Serving(project)
    yield serving
    serving.process.send_signal(signal.SIGINT)
    serving.process.communicate(timeout=SECONDS_MAX)


def run_keys(served: Serving) -> list[str]:
    question = "SELECT run_key FROM system.orchestration.runs ORDER BY 1"
    with arco.Client(served.address) as client:
        return [row["run_key"] for row in client.query(question, format="json").dicts()]


def signed(body: bytes, *, message_id: str = "m1", at: int | None = None) -> dict[str, str]:
    stamp = str(int(time.time()) if at is None else at)
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    digest = hmac.new(key, f"{message_id}.{stamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": stamp,
        "webhook-signature": "v1,bm90aGluZw== v1," + base64.b64encode(digest).decode(),
    }


def posted(served: Serving, body: bytes, *, headers: dict[str, str], to: str = "hooked") -> Any:
    """The status and the answer of a webhook."""
    address = f"{served.address}/api/v1/webhooks/{to}"
    request = urllib.request.Request(address, data=body, headers=headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as refused:
        return refused.code, json.loads(refused.read())["error"]


def test_a_file_that_lands_is_one_run_and_the_cursor_moves_with_it(
    project: Project, served: Serving
) -> None:
    for name in ("a.csv", "b.csv"):
        (project.directory / "landing" / name).touch()
    until(lambda: served.get("/api/v1/sensors/landing")["sensor"]["cursor"] == '"b.csv"')
    until(lambda: served.evaluations("landing")[0]["outcome"] == "SKIPPED")
    assert [key for key in run_keys(served) if "landing" in key] == [
        "sensor:landing:key:a.csv",
        "sensor:landing:key:b.csv",
    ]
    question = "SELECT max(started) AS n FROM system.orchestration.sensor_evaluations"
    assert project.arco("sql", "--json", question).json()[0]["n"] in (1, 2)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("endless", "more than 1000 runs at once"),
        ("broken", "the source is away"),
        ("hanging", "longer than its 0.3 seconds"),
        ("dying", "exited with code 3"),
    ],
)
def test_a_sensor_that_cannot_answer_is_told_so_and_starts_nothing(
    served: Serving, name: str, told: str
) -> None:
    until(lambda: served.evaluations(name))
    oldest = served.evaluations(name)[-1]
    assert oldest["outcome"] == "FAILED"
    assert told in oldest["message"]
    assert not any(name in key for key in run_keys(served))


def test_a_cursor_that_moves_backwards_is_refused(project: Project, served: Serving) -> None:
    until(lambda: served.evaluations("backwards"))
    looked = project.arco(
        "sensor", "tick", "backwards", "--server", served.address, "--json"
    ).json()
    assert (looked["outcome"], looked["cursor_after"]) == ("FAILED", "1")
    assert "not behind it" in looked["message"]
    moved = project.arco("sensor", "cursor", "backwards", "null", "--server", served.address)
    assert "from its beginning" in moved.out


def test_a_signed_message_is_one_run_however_often_it_is_sent(served: Serving) -> None:
    body = b'{"file": "orders"}'
    assert posted(served, body, headers=signed(body))[0] == 202
    status, again = posted(served, body, headers=signed(body))
    assert (status, again["is_known"]) == (202, True)
    until(lambda: "sensor:hooked:key:orders" in run_keys(served))
    assert len(served.evaluations("hooked")) == 1


def test_what_is_not_signed_as_declared_changes_nothing_and_tells_nothing(served: Serving) -> None:
    body = b'{"file": "forged"}'
    good = signed(body, message_id="forged")
    now = int(time.time())
    refused = [
        posted(served, body, headers={"content-type": "application/json"}),
        posted(served, b'{"file": "other"}', headers=good),
        posted(served, body, headers={**good, "webhook-id": "another"}),
        posted(served, body, headers={**good, "webhook-timestamp": str(now + 1)}),
        posted(served, body, headers=good | {"webhook-signature": good["webhook-signature"][:-8]}),
        posted(served, body, headers=signed(body, message_id="forged", at=now - 3600)),
        posted(served, body, headers=signed(body, message_id="forged", at=now + 3600)),
        posted(served, body, headers=good, to="landing"),
        posted(served, body, headers=good, to="nobody"),
        posted(served, b"no json", headers=signed(b"no json", message_id="forged")),
    ]
    assert {status for status, _ in refused} == {401}
    assert len({(error["code"], error["message"]) for _, error in refused}) == 1
    assert not any("forged" in key for key in run_keys(served))


def test_a_message_with_a_known_id_that_says_something_else_is_a_conflict(served: Serving) -> None:
    with arco.Client(served.address) as client:
        assert not client.sensors.send("hooked", "m2", payload={"file": "two"}).is_known
        assert client.sensors.send("hooked", "m2", payload={"file": "two"}).is_known
        with pytest.raises(Conflict):
            client.sensors.send("hooked", "m2", payload={"file": "three"})


def test_a_command_looks_by_itself_where_nobody_serves(tmp_path: Path) -> None:
    project = Project(tmp_path / "alone", CODE)
    (project.directory / "landing").mkdir()
    project.arco("deploy")
    (project.directory / "landing" / "a.csv").touch()
    looked = project.arco("sensor", "tick", "landing")
    assert looked.out.startswith("requested: 1 asked for: 1 started")
    again = project.arco("sensor", "tick", "landing").out
    assert again.startswith("skipped: no file is new")
    assert "no message" in project.arco("sensor", "tick", "hooked", code=1).err.replace(
        "none", "no message"
    )


def test_killed_in_the_middle_it_looks_again_and_starts_every_run_once(tmp_path: Path) -> None:
    project = Project(tmp_path / "killed", CODE)
    (project.directory / "landing").mkdir()
    project.arco("deploy")
    first = Serving(project)
    for number in range(20):
        (project.directory / "landing" / f"k{number:02}.csv").touch()
    until(lambda: first.evaluations("landing"))
    first.process.kill()
    first.process.communicate()
    second = Serving(project)
    try:
        until(lambda: second.get("/api/v1/sensors/landing")["sensor"]["cursor"] == '"k19.csv"')
        wanted = [f"sensor:landing:key:k{number:02}.csv" for number in range(20)]
        assert [key for key in run_keys(second) if "landing:key:k" in key] == wanted
    finally:
        second.process.send_signal(signal.SIGINT)
        second.process.communicate(timeout=SECONDS_MAX)
