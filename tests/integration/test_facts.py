"""Facts through real servers and processes: taken over HTTP, visible in SQL, safe from kill -9."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from arco.engine.database import Database
from arco.engine.domain import DOMAIN as ENGINE
from arco.engine.lanes.folder import Folder
from arco.engine.lanes.tables import FOLDINGS
from arco.engine.verify import Verifier
from arco.runtime import AsyncioRuntime, run
from arco.store.local import LocalStore
from arco.testing.ledger import LEDGER, NOTES
from tests.integration.api_server import Server, serving
from tests.integration.cli_project import Project, interrupt, until

RUNTIME = AsyncioRuntime()
PRODUCER = Path(__file__).with_name("fact_producer.py")


def report(run_id: str, kind: str, **datasets: list[str]) -> dict[str, Any]:
    """What an OpenLineage client sends."""
    named = {
        side: [{"namespace": "postgres://db:5432", "name": name, "facets": {}} for name in names]
        for side, names in datasets.items()
    }
    return {
        "eventType": kind,
        "eventTime": "2031-03-04T05:06:07.890+02:00",
        "run": {"runId": run_id, "facets": {}},
        "job": {"namespace": "airflow", "name": "nightly"},
        "producer": "https://example.org",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json",
        **named,
    }


def sent(body: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "lineage.foreign_run_reported", "payload": body, **more}


def fold(server: Server) -> int:
    """What the leader does by itself, now."""
    return server.submit(Folder(server.workspace.database).step())


def rows(server: Server, sql: str) -> list[Any]:
    """The answer to a query over HTTP."""
    answer = server.post("/api/v1/query", {"sql": sql})
    assert answer.status == 200, answer.body
    return [list(row.values()) for row in answer.json()]


def test_reports_of_another_system_become_lineage(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        begun = server.post("/api/v1/lineage", report("r1", "START", inputs=["raw"]))
        assert begun.status == 202
        receipt = begun.json()
        assert receipt["count"] == 1
        assert receipt["quarantined"] == []
        done = report("r1", "COMPLETE", outputs=["mart"])
        facts = [sent(done, producer="airflow", seq=0), sent(done, producer="airflow", seq=0)]
        assert server.post("/api/v1/facts", {"facts": facts}).json()["count"] == 2
        assert fold(server) == 3
        edges = "SELECT downstream, upstream, job, run_id FROM system.lineage.foreign_edges"
        prefix = "postgres://db:5432/"
        assert rows(server, edges) == [[f"{prefix}mart", f"{prefix}raw", "airflow/nightly", "r1"]]
        folded = "SELECT facts, duplicates FROM system.engine.foldings"
        assert rows(server, folded) == [[2, 1]]


def test_foreign_lineage_joins_our_own_tables(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        body = report("r1", "COMPLETE", outputs=["mart"])
        body["inputs"] = [{"namespace": "arco", "name": "shop.daily"}]
        server.post("/api/v1/lineage", body)
        fold(server)
        walked = server.get("/api/v1/lineage/shop.daily").json()
        mart = "postgres://db:5432/mart"
        step = {"hop": 1, "upstream": "shop.daily", "downstream": mart, "foreign": True}
        assert walked["downstream"] == [step]


def test_a_bad_fact_is_kept_with_a_receipt_and_its_neighbours_count(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        good = report("r1", "COMPLETE", inputs=["raw"], outputs=["mart"])
        bad = {**good, "eventTime": "yesterday"}
        unknown = {"type": "weather.observed", "payload": {"sun": True}}
        facts = [sent(bad), sent(good), unknown]
        receipt = server.post("/api/v1/facts", {"facts": facts}).json()
        codes = [(item["position"], item["code"]) for item in receipt["quarantined"]]
        assert codes == [(0, "FACT_INVALID"), (2, "FACT_TYPE_UNKNOWN")]
        fold(server)
        kept = "SELECT lane, slot, position, code FROM system.engine.quarantined_facts ORDER BY 3"
        place = [receipt["lane"], receipt["slot"]]
        assert rows(server, kept) == [
            [*place, 0, "FACT_INVALID"],
            [*place, 2, "FACT_TYPE_UNKNOWN"],
        ]
        assert rows(server, "SELECT count(*) FROM system.lineage.foreign_edges") == [[1]]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"facts": []}, "REQUEST_INVALID"),
        ({"facts": [{"payload": {}}]}, "REQUEST_INVALID"),
        ({"facts": [sent({}, seq=-1)]}, "REQUEST_INVALID"),
        ({"facts": [sent({}, seq=1)]}, "FACT_NUMBER_INVALID"),
        ({"facts": [sent({"x": "y" * 70_000})]}, "FACT_TOO_LARGE"),
        ({"facts": [sent({}, colour="red")]}, "REQUEST_INVALID"),
    ],
)
def test_a_request_that_is_no_list_of_facts_is_refused(
    tmp_path: Path, body: dict[str, Any], code: str
) -> None:
    with serving(tmp_path) as server:
        answer = server.post("/api/v1/facts", body)
        assert answer.status == 400
        assert answer.error()["code"] == code
        assert not (tmp_path / ".arco/tenant=local/workspace=main/lanes").exists()


@pytest.mark.parametrize("told_before_kill", [1, 7, 30])
def test_kill_9_of_an_ingester_loses_nothing_it_acknowledged(
    tmp_path: Path, told_before_kill: int
) -> None:
    told: list[str] = []
    for life in range(2):
        told += killed_after(tmp_path, life=life, lines=told_before_kill)
    counted, duplicates = run(folded_notes(tmp_path))
    assert set(told) <= counted.keys()
    assert set(counted.values()) == {1}
    assert duplicates >= 0


def killed_after(directory: Path, *, life: int, lines: int) -> list[str]:
    """Tokens that a producer said were taken before it was killed amid its work."""
    command = [sys.executable, str(PRODUCER), str(directory), str(life)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert child.stdout is not None
    told = [token for _ in range(lines) for token in json.loads(child.stdout.readline())]
    child.send_signal(signal.SIGKILL)
    told += [token for line in child.stdout if line.endswith("\n") for token in json.loads(line)]
    child.stdout.close()
    assert child.wait(20) == -signal.SIGKILL
    return told


async def folded_notes(directory: Path) -> tuple[dict[str, int], int]:
    """How often each fact counts after everything was folded, and how many were duplicates."""
    store = LocalStore(directory, RUNTIME, fsync=False)
    database = await Database.open(store, RUNTIME, domains=[LEDGER], writer="test")
    folder = Folder(database)
    while await folder.step():
        pass
    report = await Verifier(store, RUNTIME, (LEDGER, ENGINE)).run()
    assert report.findings == ()
    duplicates = sum(row.duplicates for row in database.state.range(FOLDINGS))
    return {row.token: row.times for row in database.state.range(NOTES)}, duplicates


def test_a_leading_process_shows_what_was_reported_within_seconds(tmp_path: Path) -> None:
    project = Project(tmp_path / "shop")
    process = project.start("dev", "--port", "0")
    try:
        assert process.stdout is not None
        line = next(line for line in process.stdout if line.startswith("arco dev on "))
        address = line.removeprefix("arco dev on ").strip()
        body = report("r1", "COMPLETE", outputs=["mart"])
        body["inputs"] = [{"namespace": "arco", "name": "raw.orders"}]
        post(f"{address}/api/v1/lineage", body)
        count = "select count(*) as n from system.lineage.foreign_edges"
        until(lambda: project.arco("sql", count, "--json").json() == [{"n": 1}])
        overview = project.arco("status", "--json").json()
        assert overview["facts_lag_seconds"] == 0.0
        told = project.arco("lineage", "postgres://db:5432/mart").out
        assert "raw.orders (foreign)" in told
    finally:
        interrupt(process, 0)
    assert "clean" in project.arco("verify").out


def post(url: str, body: Mapping[str, Any]) -> None:
    """Send the body as JSON."""
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=20) as response:
        assert response.status == 202
