"""What the API refuses: other names, other sites, other media, guesses; always in one shape."""

from __future__ import annotations

import asyncio
import http.client
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from litestar import Litestar

from arco.api.server import serve
from arco.errors import Invalid
from arco.store import keys
from tests.integration.api_server import JSON, Server, deploy_shop, serving

RUNS = "/api/v1/runs"
MEBIBYTE = 1024 * 1024
NASTY = (
    "%00",
    "%ff%fe",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "..",
    "%ED%A0%80",
    "%E2%98%83",
    "1" * 5_000,
    "-1",
    "%27%3BDROP%20TABLE",
    "%3Cscript%3E",
    "a.b.c.d",
    ".",
    "x." * 2_000,
)
PLACES = (
    "/api/v1/tables/{}",
    "/api/v1/tables?after={}",
    "/api/v1/assets?after={}",
    "/api/v1/runs/{}",
    "/api/v1/runs/{}/tasks/0/logs",
    "/api/v1/runs/{}/tasks/{}/logs",
    "/api/v1/runs/x/tasks/0/logs?chunk={}",
    "/api/v1/lineage/{}",
    "/api/v1/lineage/raw.orders?up={}",
    "/api/v1/runs?limit={}",
    "/{}",
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("project"), hosts=("arco.example:80",)) as server:
        deploy_shop(server)
        yield server


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:{port}",
        "localhost",
        "localhost:1",
        "127.0.0.1.evil.example:{port}",
        "localhost.evil.example:{port}",
        "user@localhost:{port}",
        "127.0.0.1:{port}@evil.example",
        "0.0.0.0:{port}",
        "127.1:{port}",
        "[::]:{port}",
        "arco.example",
        "",
    ],
)
def test_a_name_that_is_not_ours_is_refused(server: Server, host: str) -> None:
    answer = server.get("/api/v1/health", Host=host.format(port=server.port))
    assert answer.status == 403
    assert answer.error()["code"] == "FORBIDDEN_HOST"


@pytest.mark.parametrize("host", ["localhost:{port}", "127.0.0.1:{port}", "[::1]:{port}"])
def test_every_loopback_name_with_our_port_is_ours(server: Server, host: str) -> None:
    name = host.format(port=server.port)
    for spelled in (name, name.upper()):
        assert server.get("/api/v1/health", Host=spelled).status == 200


def test_a_configured_name_is_answered(server: Server) -> None:
    assert server.get("/api/v1/health", Host="arco.example:80").status == 200


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "null",
        "",
        "http://127.0.0.1",
        "https://127.0.0.1:{port}",
        "http://localhost:{port}",
        "http://127.0.0.1:{port}.evil.example",
    ],
)
def test_a_page_of_another_site_neither_reads_nor_writes(server: Server, origin: str) -> None:
    sent = {"Origin": origin.format(port=server.port)}
    for answer in (
        server.get(RUNS, **sent),
        server.ask("POST", RUNS, body={}, headers=sent),
        server.ask("OPTIONS", RUNS, headers=sent),
    ):
        assert answer.status == 403
        assert answer.error()["code"] == "FORBIDDEN_ORIGIN"
        assert answer.headers["Access-Control-Allow-Origin"] is None
    assert server.get(RUNS).json()["runs"] == []


def test_our_own_page_may_ask(server: Server) -> None:
    assert server.get(RUNS, Origin=server.address).status == 200


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("proxied")
    with serving(folder, public_url="https://arco.example") as server:
        deploy_shop(server)
        yield server


def test_behind_a_proxy_the_page_that_people_see_may_ask(proxied: Server) -> None:
    answer = proxied.get(RUNS, Host="ARCO.example", Origin="https://arco.example")
    assert answer.status == 200
    assert proxied.get(RUNS, Origin=proxied.address).status == 200


@pytest.mark.parametrize(
    "origin", ["http://arco.example", "https://arco.example:8443", "https://evil.example", "null"]
)
def test_behind_a_proxy_no_other_page_may_ask(proxied: Server, origin: str) -> None:
    answer = proxied.get(RUNS, Host="arco.example", Origin=origin)
    assert (answer.status, answer.error()["code"]) == (403, "FORBIDDEN_ORIGIN")


def test_the_public_page_may_ask_under_no_other_name(proxied: Server) -> None:
    assert proxied.get(RUNS, Origin="https://arco.example").status == 403


def test_links_behind_a_proxy_are_those_that_people_can_follow(proxied: Server) -> None:
    sent = {**JSON, "Host": "arco.example"}
    answer = proxied.ask("POST", "/api/v1/browser/urls", body={}, headers=sent)
    files = answer.json()["files"]
    assert files
    assert all(each["url"].startswith("https://arco.example/api/v1/") for each in files)


@pytest.mark.parametrize(
    "media_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/plain; application/json",
        "application/json-seq",
        "",
    ],
)
def test_a_change_is_taken_only_as_json(server: Server, media_type: str) -> None:
    for path in (RUNS, f"{RUNS}/x/cancel", "/api/v1/query"):
        answer = server.ask("POST", path, body=b"{}", headers={"Content-Type": media_type})
        assert answer.status == 415
        assert answer.error()["code"] == "CONTENT_TYPE_UNSUPPORTED"
    assert server.get(RUNS).json()["runs"] == []


def test_a_json_body_may_name_its_charset(server: Server) -> None:
    sent = {"Content-Type": "Application/JSON; charset=utf-8"}
    answer = server.ask("POST", "/api/v1/query", body={"sql": ""}, headers=sent)
    assert answer.error()["code"] == "QUERY_INVALID"


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"",
        b"{'a': 1}",
        b'{"sql": NaN}',
        b'{"sql": "SELECT 1", "sql": "SELECT 2"}',
        b'{"sql": "SELECT 1", "parameters": {"a": 1, "a": 2}}',
        b'{"sql": "SELECT 1", "extra": 1}',
        b'{"sql": 1}',
        b'{"sql": "SELECT 1", "format": "xml"}',
        b'"SELECT 1"',
        b"null",
        b"[" * 100_000,
        b'{"sql": "\xff"}',
    ],
)
def test_a_body_with_no_or_two_meanings_is_refused(server: Server, body: bytes) -> None:
    answer = server.ask("POST", "/api/v1/query", body=body)
    assert answer.status == 400
    assert answer.error()["code"] in {"BODY_INVALID", "REQUEST_INVALID"}


def test_an_unknown_field_is_named(server: Server) -> None:
    error = server.post(RUNS, {"partitions": "2013-05"}).error()
    assert "partitions" in error["message"]


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/runs?limit=0",
        "/api/v1/runs?limit=1001",
        "/api/v1/runs?limit=many",
        "/api/v1/lineage/raw.orders?up=-1",
        "/api/v1/lineage/raw.orders?down=101",
    ],
)
def test_a_parameter_out_of_range_is_refused(server: Server, path: str) -> None:
    answer = server.get(path)
    assert answer.status == 400
    assert answer.error()["code"] == "REQUEST_INVALID"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("limt=5", "PARAMETER_UNKNOWN"),
        ("session=x", "PARAMETER_UNKNOWN"),
        ("limit=1&limit=2", "PARAMETER_REPEATED"),
    ],
)
def test_a_parameter_nobody_reads_is_refused(server: Server, query: str, code: str) -> None:
    answer = server.get(f"{RUNS}?{query}")
    assert (answer.status, answer.error()["code"]) == (400, code)


@pytest.mark.parametrize(
    "path", ["/nothing", "/api/v1", "/api/v2/runs", "/api/v1/runs/x/y", "/../../etc/passwd"]
)
def test_a_route_that_is_not_there_is_not_found(server: Server, path: str) -> None:
    answer = server.get(path)
    assert (answer.status, answer.error()["code"]) == (404, "ROUTE_NOT_FOUND")


def test_a_method_that_is_not_taken_is_refused_with_those_that_are(server: Server) -> None:
    for method, path in (("DELETE", RUNS), ("PUT", "/api/v1/tables"), ("GET", "/api/v1/query")):
        answer = server.ask(method, path)
        assert (answer.status, answer.error()["code"]) == (405, "METHOD_NOT_ALLOWED")
        assert answer.headers["Allow"]


@pytest.mark.parametrize("place", PLACES)
def test_no_name_makes_the_server_fail(server: Server, place: str) -> None:
    for nasty in NASTY:
        answer = server.get(place.replace("{}", nasty))
        assert answer.status in {200, 400, 404}, (nasty, answer.body)
        if answer.status != 200:
            answer.error()


@pytest.mark.parametrize(
    "body",
    [
        b'{"selection": ["\\ud800"]}',
        b'{"run_key": "\\ud800", "selection": ["raw.orders"]}',
        b'{"partition": "\\u0000"}',
        b'{"selection": ["' + b"x" * 5_000 + b'"]}',
        b'{"selection": [' + b'"a",' * 2_000 + b'"a"]}',
        b'{"selection": ["' + b"(" * 4_000 + b'"]}',
        b'{"selection": ["+++"], "which": null}',
    ],
)
def test_no_text_in_a_body_makes_the_server_fail(server: Server, body: bytes) -> None:
    answer = server.ask("POST", RUNS, body=body)
    assert answer.status in {400, 404}
    answer.error()


def test_an_unknown_table_is_not_found(server: Server) -> None:
    answer = server.get("/api/v1/tables/raw.nothing")
    assert (answer.status, answer.error()["code"]) == (404, "TABLE_NOT_FOUND")


def test_an_oversized_body_is_refused_and_the_client_hears_why(server: Server) -> None:
    answer = server.ask("POST", RUNS, body=b" " * (17 * MEBIBYTE))
    assert (answer.status, answer.error()["code"]) == (413, "BODY_TOO_LARGE")


def test_an_oversized_body_of_unknown_length_is_refused(server: Server) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.putrequest("POST", RUNS)
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Transfer-Encoding", "chunked")
    connection.endheaders()
    connection.send((b"%x\r\n" % (16 * MEBIBYTE)) + b" " * (16 * MEBIBYTE) + b"\r\n")
    connection.send(b"1\r\n \r\n")
    assert connection.getresponse().status == 413
    connection.close()


def test_a_body_of_the_largest_size_is_read(server: Server) -> None:
    body = b'{"sql": "' + b" " * (16 * MEBIBYTE - 12) + b'"}'
    answer = server.ask("POST", "/api/v1/query", body=body)
    assert (answer.status, answer.error()["code"]) == (400, "QUERY_TOO_LARGE")


def test_a_failure_of_ours_tells_nothing_but_a_request_id(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        deploy_shop(server)
        # A slot that is no commit: reading on is impossible and says so.
        key = keys.slot(server.workspace.database.seq + 1)
        server.submit(server.workspace.store.create(key, b"junk"))
        answer = server.get(RUNS)
        assert answer.status == 500
        assert answer.error()["code"] == "SLOT_UNREADABLE"
        assert str(tmp_path) not in answer.body.decode()


def test_a_taken_port_is_named(server: Server) -> None:
    with pytest.raises(Invalid) as caught:
        asyncio.run(_serve_nothing("127.0.0.1", server.port))
    assert caught.value.code == "PORT_BUSY"
    assert str(server.port) in caught.value.message


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "arco.example", "127.0.0.2", ""])
def test_nothing_listens_beyond_loopback(host: str) -> None:
    with pytest.raises(Invalid) as caught:
        asyncio.run(_serve_nothing(host, 0))
    assert caught.value.code == "BIND_REFUSED"


def test_stopping_answers_what_was_asked_before(tmp_path: Path) -> None:
    server = Server(tmp_path)
    server.start()
    head = f"POST {RUNS} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nContent-Length: 2\r\n"
    head += "Content-Type: application/json\r\nExpect: 100-continue\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(head.encode())
        # Once the server asks for the body, the request is being worked on.
        assert connection.recv(1000).startswith(b"HTTP/1.1 100")
        server.ask_to_stop()
        connection.sendall(b"{}")
        answered = b"".join(iter(lambda: connection.recv(10_000), b""))
    assert answered.startswith(b"HTTP/1.1 200")
    assert answered.endswith(b'{"fresh":true}')
    server.wait()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port), timeout=5)


async def _serve_nothing(host: str, port: int) -> None:
    await serve(Litestar(openapi_config=None), host, port=port, ready=lambda address: None)
