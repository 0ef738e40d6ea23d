"""What the API answers: every route, over a real server and a store on disk."""

from __future__ import annotations

import http.client
import io
import json
import statistics
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pytest

from arco.api.openapi import openapi_document
from arco.catalog.commands import PublishedVersion, PublishVersions, publish_versions
from arco.catalog.events import PublishedColumn
from arco.lineage.events import ObservedRead, ReadsRecorded
from arco.model import Event, State
from arco.store import keys
from tests.integration.api_server import JSON, Server, deploy_shop, serving

DOCUMENT = Path(__file__).parents[2] / "docs/reference/openapi.json"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("project")) as server:
        deploy_shop(server)
        yield server


def publish_orders(server: Server) -> None:
    """Version 0 of `raw.orders`, and that `shop.daily` was made from it."""
    command = PublishVersions(
        versions=(
            PublishedVersion(
                table_id="table-1",
                namespace="raw",
                name="orders",
                version=0,
                columns=(PublishedColumn("id", "long"), PublishedColumn("<i>note", "string")),
                rows=2,
                size_bytes=100,
                files=1,
                location="warehouse/table-1",
                description="<script>alert(1)</script>",
            ),
        ),
        run_id="run-1",
        actor="test",
        mint=lambda name: f"id-of-{name}",
    )

    def decide(state: State, now: datetime) -> list[Event]:
        read = ObservedRead(downstream="shop.daily", upstream="raw.orders")
        recorded = ReadsRecorded(run_id="run-1", reads=(read,), recorded_at=now)
        return [*publish_versions(command, state, now=now), Event(recorded)]

    server.submit(server.workspace.database.transact(decide))


def test_health_names_the_version_the_slot_and_nobody_who_leads(server: Server) -> None:
    answer = server.get("/api/v1/health")
    health = answer.json()
    assert answer.status == 200
    assert health["status"] == "ok"
    assert health["version"] == "1.2.3"
    assert health["leader"] is None
    assert answer.slot == health["seq"] == server.workspace.database.seq


def test_assets_say_what_they_are_made_from(server: Server) -> None:
    assets = server.get("/api/v1/assets").json()["assets"]
    assert [asset["asset"] for asset in assets] == ["raw.orders", "shop.daily"]
    assert assets[1]["upstreams"] == ["raw.orders"]
    assert "upstreams" not in assets[0]


def test_tables_and_lineage_appear_in_the_slot_that_published_them(server: Server) -> None:
    publish_orders(server)
    listed = server.get("/api/v1/tables").json()["tables"]
    assert [(table["namespace"], table["name"], table["rows"]) for table in listed] == [
        ("raw", "orders", 2)
    ]
    detail = server.get("/api/v1/tables/raw.orders").json()
    assert [column["name"] for column in detail["columns"]] == ["id", "<i>note"]
    lineage = server.get("/api/v1/lineage/shop.daily").json()
    step = {"hop": 1, "upstream": "raw.orders", "downstream": "shop.daily", "foreign": False}
    assert lineage["upstream"] == [step]
    assert lineage["downstream"] == []
    nothing = server.get("/api/v1/lineage/shop.daily?up=0&down=0").json()
    assert nothing["upstream"] == []
    error = server.get("/api/v1/lineage/no.such").error()
    assert error["code"] == "DATASET_NOT_FOUND"


def test_an_edge_tells_its_run_and_a_version_what_was_made_from_it(server: Server) -> None:
    publish_orders(server)
    ends = "upstream=raw.orders&downstream=shop.daily"
    detailed = server.get("/api/v1/lineage/shop.daily?details=true").json()
    story = server.get(f"/api/v1/lineage/edge?{ends}").json()
    assert detailed["edges"] == [story["edge"]]
    assert (story["edge"]["certainty"], story["edge"]["run_id"]) == ("OBSERVED", "run-1")
    assert [each["partition_key"] for each in story["partitions"]] == [""]
    way = server.get(f"/api/v1/lineage/path?{ends}").json()
    assert way == {"datasets": ["raw.orders", "shop.daily"], "edges": [story["edge"]]}
    turned = "upstream=shop.daily&downstream=raw.orders"
    assert server.get(f"/api/v1/lineage/edge?{turned}").error()["code"] == "EDGE_NOT_FOUND"
    (event,) = server.get("/api/v1/lineage/shop.daily/openlineage").json()["events"]
    assert event["inputs"] == [{"namespace": "arco", "name": "raw.orders"}]
    (affected,) = server.get("/api/v1/impact/raw.orders?depth=1").json()["affected"]
    assert (affected["dataset"], affected["kind"]) == ("shop.daily", "asset")
    other = server.get("/api/v1/impact/raw.orders/versions/99?into=shop.daily").json()
    assert other["affected"] == [] and other["version"] == 99


def test_lists_are_read_page_by_page(server: Server) -> None:
    publish_orders(server)
    first = server.get("/api/v1/assets?limit=1").json()
    assert [asset["asset"] for asset in first["assets"]] == ["raw.orders"]
    rest = server.get(f"/api/v1/assets?limit=1&cursor={first['next_cursor']}").json()
    assert [asset["asset"] for asset in rest["assets"]] == ["shop.daily"]
    assert "next_cursor" not in rest
    tables = server.get("/api/v1/tables?namespace=raw&format=delta").json()
    assert [table["name"] for table in tables["tables"]] == ["orders"]
    assert server.get("/api/v1/tables?namespace=other").json() == {"tables": []}


def test_pages_show_names_escaped_and_run_no_script_of_their_text(server: Server) -> None:
    publish_orders(server)
    answer = server.get("/assets/raw.orders")
    page = answer.body.decode()
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "raw.orders" in page
    assert "&lt;b&gt;raw.orders" in page and "<b>raw.orders" not in page
    assert "<script>" not in page
    assert "'unsafe-inline'" not in answer.headers["Content-Security-Policy"]
    assert server.get("/assets/raw.orders.json").json()["definition"]["key"] == "raw.orders"


def test_a_query_answers_in_the_format_that_was_asked_for(server: Server) -> None:
    sql = "SELECT key FROM system.orchestration.assets ORDER BY key"
    as_json = server.post("/api/v1/query", {"sql": sql})
    assert as_json.json() == [{"key": "raw.orders"}, {"key": "shop.daily"}]
    assert as_json.headers["Arco-Rows"] == "2"
    assert as_json.headers["Arco-Truncated"] == "false"
    assert as_json.slot <= server.workspace.database.seq
    as_csv = server.post("/api/v1/query", {"sql": sql, "format": "csv"})
    assert as_csv.body == b"key\nraw.orders\nshop.daily\n"
    assert as_csv.headers["Content-Type"] == "text/csv; charset=utf-8"
    as_arrow = server.post("/api/v1/query", {"sql": sql, "format": "arrow"})
    table = pa.ipc.open_stream(io.BytesIO(as_arrow.body)).read_all()
    assert table.column("key").to_pylist() == ["raw.orders", "shop.daily"]
    bound = server.post("/api/v1/query", {"sql": "SELECT ? AS n", "parameters": [7]})
    assert bound.json() == [{"n": 7}]


def test_a_query_ends_when_its_client_hangs_up(server: Server) -> None:
    endless = "SELECT count(*) FROM range(1000000000) a, range(1000000000) b"
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    body = json.dumps({"sql": endless})
    connection.request("POST", "/api/v1/query", body=body, headers=JSON)
    time.sleep(0.3)
    connection.close()
    started = time.monotonic()
    assert server.post("/api/v1/query", {"sql": "SELECT 1 AS n"}).json() == [{"n": 1}]
    assert time.monotonic() - started < 8


@pytest.mark.parametrize(
    ("sql", "code", "status"),
    [
        ("SELEC 1", "QUERY_INVALID", 400),
        ("DROP TABLE x", "QUERY_NOT_READ_ONLY", 400),
        ("SELECT 1; SELECT 2", "QUERY_NOT_READ_ONLY", 400),
        ("SELECT * FROM raw.nothing", "TABLE_NOT_FOUND", 404),
        ("SELECT * FROM read_csv('/etc/passwd')", "QUERY_NOT_READ_ONLY", 400),
    ],
)
def test_a_query_that_is_refused_says_why(server: Server, sql: str, code: str, status: int) -> None:
    answer = server.post("/api/v1/query", {"sql": sql})
    assert (answer.status, answer.error()["code"]) == (status, code)


def test_the_openapi_document_is_the_one_in_the_documentation(server: Server) -> None:
    assert server.get("/openapi.json").body == openapi_document()
    written = DOCUMENT.read_bytes()
    assert written == openapi_document(), "write it again: python -m arco.api.openapi"


def test_a_request_id_comes_back_and_a_dangerous_one_is_replaced(server: Server) -> None:
    known = server.get("/api/v1/health", **{"X-Request-Id": "abc-123"})
    assert known.headers["X-Request-Id"] == "abc-123"
    for bad in ("a b", "<x>", "x" * 129, ""):
        fresh = server.get("/api/v1/health", **{"X-Request-Id": bad})
        assert len(fresh.headers["X-Request-Id"]) == 26


def test_every_answer_carries_the_security_headers(server: Server) -> None:
    for path in ("/", "/api/v1/health", "/nothing", "/openapi.json"):
        headers = server.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert headers["Cache-Control"] == "no-store"
        assert headers["Server"] is None


def test_a_read_sees_what_another_process_committed(server: Server, tmp_path: Path) -> None:
    with serving(tmp_path) as first, serving(tmp_path) as second:
        before = second.get("/api/v1/assets")
        deploy_shop(first)
        after = second.get("/api/v1/assets")
        assert before.json()["assets"] == []
        assert len(after.json()["assets"]) == 2
        assert after.slot > before.slot


def test_a_thousand_concurrent_reads_are_all_answered(server: Server) -> None:
    gate = threading.Barrier(100)

    def many() -> list[int]:
        gate.wait(20)
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        found = []
        for _ in range(10):
            connection.request("GET", "/api/v1/assets")
            response = connection.getresponse()
            response.read()
            found.append(response.status)
        connection.close()
        return found

    with ThreadPoolExecutor(100) as pool:
        answers = [pool.submit(many) for _ in range(100)]
        statuses = [status for answer in answers for status in answer.result(30)]
    assert statuses == [200] * 1000


def test_a_kept_connection_waits_for_no_packet_to_fill(server: Server) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    seconds = []
    for _ in range(40):
        started = time.monotonic()
        connection.request("GET", "/api/v1/health")
        connection.getresponse().read()
        seconds.append(time.monotonic() - started)
    connection.close()
    # A delayed acknowledgement costs 40 ms.
    assert statistics.median(seconds) < 0.03


def test_logs_are_read_chunk_by_chunk(server: Server) -> None:
    run_id = server.post("/api/v1/runs", {"which": "all"}).json()["run_id"]
    task = server.get(f"/api/v1/runs/{run_id}").json()["tasks"][0]
    path = f"/api/v1/runs/{run_id}/tasks/0/logs"
    assert server.get(path).json()["lines"] == []
    line = b'{"ts":"2026-01-01T00:00:00Z","stream":"stdout","line":"hello"}\n'
    for index in range(10):
        key = keys.task_log(run_id, task["attempt_id"], index)
        server.submit(server.workspace.store.create(key, line))
    first = server.get(path).json()
    assert (len(first["lines"]), first["next_chunk"]) == (8, 8)
    assert first["lines"][0] == {
        "ts": "2026-01-01T00:00:00Z",
        "stream": "stdout",
        "line": "hello",
    }
    rest = server.get(f"{path}?chunk={first['next_chunk']}").json()
    assert (len(rest["lines"]), rest["next_chunk"]) == (2, 10)
    assert server.get(f"{path}?attempt=9").json()["lines"] == []
    missing = server.get(f"/api/v1/runs/{run_id}/tasks/99/logs")
    assert missing.status == 404
    assert missing.error()["code"] == "TASK_NOT_FOUND"
