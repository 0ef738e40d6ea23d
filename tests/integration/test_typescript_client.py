"""The TypeScript client: the Python client's journey and losses, from Node and a real browser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from arco.api.openapi import openapi_document
from arco.model import Event
from tests.contract.http_fixtures import stored
from tests.contract.proxies import Loss, losing_proxy, scripted_service
from tests.integration.api_server import Server, deploy_shop, serving
from tests.integration.example_service import Heard, answering, failure
from tests.integration.typescript_cases import compiled, compiler_says, in_browser, in_node

KINDS = ("full", "minimal")
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
FIXTURES = {name: each for name, each in stored().items() if name != "failure"}


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compiled(tmp_path_factory.mktemp("typescript"))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path) as server:
        deploy_shop(server)
        yield server


def test_node_makes_the_journey_of_the_python_client(code: Path, server: Server) -> None:
    in_node(code, "journey", server.address)


def test_a_browser_makes_the_same_journey_and_asks_nobody_else(code: Path, server: Server) -> None:
    browsed = in_browser(code, "journey", url=server.address)
    assert f"{server.address}/api/v1/query" in browsed.asked
    assert [each for each in browsed.asked if not each.startswith(f"{server.address}/")] == []


@pytest.mark.parametrize("loss", list(Loss))
def test_a_typescript_change_whose_answer_is_lost_is_done_once(
    code: Path, server: Server, loss: Loss
) -> None:
    host = f"127.0.0.1:{server.port}"
    with losing_proxy(server.address, host=host) as (address, plan):
        plan.lose(loss, 1)
        made = in_node(code, "lossy", address)
        assert plan.asked == 3
    listed = server.get("/api/v1/runs").json()["runs"]
    assert [run["run_id"] for run in listed] == made[::-1]


def test_typescript_reads_and_queries_are_asked_again(code: Path, server: Server) -> None:
    host = f"127.0.0.1:{server.port}"
    with losing_proxy(server.address, host=host) as (address, plan):
        plan.lose_each_once(Loss.ANSWER)
        assert in_node(code, "lossyReads", address) == ["ok", [{"n": 1}]]
        assert plan.lost == 2


def test_an_unanswered_typescript_change_names_the_key_that_finds_out(
    code: Path, server: Server
) -> None:
    host = f"127.0.0.1:{server.port}"
    with losing_proxy(server.address, host=host) as (address, plan):
        plan.lose(Loss.ANSWER, 0)
        key = in_node(code, "unanswered", address)
    found = in_node(code, "byKey", server.address, key)
    listed = server.get("/api/v1/runs").json()["runs"]
    assert [run["run_id"] for run in listed] == [found]


@pytest.mark.parametrize(
    ("status", "code_told"), [(200, "ANSWER_UNREADABLE"), (404, "ANSWER_UNREADABLE"), (0, "")]
)
def test_typescript_tells_what_is_no_server_of_ours(
    code: Path, status: int, code_told: str
) -> None:
    with scripted_service() as (address, script):
        script.say(status, "Nonsense")
        assert in_node(code, "told", address) == (code_told or "OUTCOME_UNKNOWN")
    assert in_node(code, "told", address) == "SERVER_UNREACHABLE"


def test_typescript_reads_pages_histories_and_replicas(
    code: Path, server: Server, tmp_path: Path
) -> None:
    in_node(code, "pages", server.address)
    in_node(code, "rollback", server.address)
    with serving(tmp_path) as other:
        in_node(code, "replicas", server.address, other.address)


def test_typescript_requests_belong_to_the_trace_that_is_followed(
    code: Path, server: Server
) -> None:
    heard: list[Event] = []
    server.workspace.database.listeners.append(lambda applied: heard.extend(applied.events))
    in_node(code, "traced", server.address, TRACE)
    assert TRACE.split("-")[1] in {event.trace for event in heard}


def test_typescript_says_what_an_older_server_does_not_have(code: Path) -> None:
    health = FIXTURES["show_health"]["answers"]["200"]["full"] | {"version": "0.0.9"}
    document = msgspec.json.decode(openapi_document())
    document["paths"]["/api/v1/omens"] = {"get": {"operationId": "show_omens"}}
    del document["paths"]["/api/v1/overview"]
    answers = {
        ("GET", "/openapi.json"): (200, document),
        ("GET", "/api/v1/health"): (200, health),
        ("GET", "/api/v1/assets"): (409, failure("INVENTED_LATER", "a code of a later release")),
    }
    with answering(answers) as (address, _):
        in_node(code, "older", address)


@pytest.mark.parametrize("kind", KINDS)
def test_typescript_sends_and_reads_every_example(code: Path, kind: str) -> None:
    answers = {(each["method"], each["path"]): (200, _first(each)[kind]) for each in _with_json()}
    asked = [
        {"operation": each["operation"], "asked": _asked(each, kind=kind)} for each in _with_json()
    ]
    with answering(answers) as (address, heard):
        read = in_node(code, "examples", address, asked)
    assert read == [_first(each)[kind] for each in _with_json()]
    assert [request.body for request in heard] == [
        (each["request"] or {}).get(kind) for each in _with_json()
    ]
    _each_is_named(heard)


@pytest.mark.parametrize("kind", KINDS)
def test_typescript_types_take_every_example(tmp_path: Path, kind: str) -> None:
    lines = []
    for each in _with_json():
        name = each["operation"]
        lines.append(_declared(name, "answer", example=_first(each)[kind]))
        if each["request"]:
            lines.append(_declared(name, "body", example=each["request"][kind]))
    assert compiler_says(tmp_path, "\n".join(lines)) == ""


def test_typescript_types_refuse_what_no_server_answers(tmp_path: Path) -> None:
    health = FIXTURES["show_health"]["answers"]["200"]["minimal"]
    lacking = {name: value for name, value in health.items() if name != "version"}
    wrong = health | {"status": "fine"}
    for example, word in ((lacking, "version"), (wrong, "fine")):
        said = compiler_says(tmp_path, _declared("show_health", "answer", example=example))
        assert word in said


def _with_json() -> list[dict[str, Any]]:
    """The operations that answer JSON."""
    return [each for each in FIXTURES.values() if _first(each)]


def _first(fixture: dict[str, Any]) -> Any:
    return next(iter(fixture["answers"].values()))


def _asked(fixture: dict[str, Any], *, kind: str) -> dict[str, Any]:
    names = [part[1:-1] for part in fixture["path"].split("/") if part.startswith("{")]
    asked: dict[str, Any] = {"place": {name: f"a {name}/é" for name in names}}
    if fixture["request"]:
        asked["body"] = fixture["request"][kind]
    return asked


def _declared(operation: str, part: str, *, example: Any) -> str:
    kind = f"Operations[{operation!r}][{part!r}]"
    return f"export const {operation}_{part}: {kind} = {json.dumps(example)};"


def _each_is_named(heard: list[Heard]) -> None:
    """Changes carry keys of their own, what only reads carries none."""
    document = msgspec.json.decode(openapi_document())
    keyed = {
        (method.upper(), path)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if any(each["name"] == "Idempotency-Key" for each in operation["parameters"])
    }
    found = [each.headers.get("idempotency-key", "") for each in heard]
    wanted = [(each["method"], each["path"]) in keyed for each in _with_json()]
    assert [bool(key) for key in found] == wanted
    assert len({key for key in found if key}) == sum(wanted)
