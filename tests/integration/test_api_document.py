"""Every operation of the OpenAPI document against a real server, with requests that a fuzzer makes:
nothing fails inside, and what is answered is what the document says.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from arco.api.openapi import openapi_document
from arco.ids import new_uuid7
from tests.integration.api_server import Server, serving
from tests.integration.guarded_server import Guarded, publish_data

# This server asks nobody for a name; what others ask for has tests of its own.
DOCUMENT = schemathesis.openapi.from_dict(
    {**msgspec.json.decode(openapi_document()), "security": []}
)
OPERATIONS = {
    found.ok().definition.raw["operationId"]: found.ok() for found in DOCUMENT.get_all_operations()
}
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
# What stands on the server, for half of the requests: what names nothing is soon refused.
NAMES = ("sales.orders", "hr.people", "main.sales", "sales", "main", "sales.ids", "sales.few")
KNOWN: dict[str, tuple[Any, ...]] = {
    "full_name": NAMES,
    "name": NAMES,
    "dataset": ("sales.orders", "sales.refunds"),
    "upstream": ("sales.orders",),
    "downstream": ("sales.refunds",),
    "column": ("id", "amount"),
    "on": ("table:sales.orders", "column:sales.orders.id", "workspace", "namespace:sales"),
    "principal": ("user:ann", "group:analysts"),
    "to": ("sales.moved", "user:ann", "1"),
    "group": ("group:analysts",),
    "member": ("user:ann",),
    "tables": (["sales.orders"], ["catalog.tables"]),
    "selection": (["sales.orders"], ["+sales.refunds"]),
    "sql": ("SELECT 1 AS n", "SELECT * FROM sales.orders", "SELECT * FROM system.catalog.tables"),
    "at": ("1", "2"),
    "before": ("1",),
    "after": ("start", "2"),
    "index": (0,),
}
# What fits the document fits the types behind it.
UNFIT = {"BODY_INVALID", "PARAMETER_UNKNOWN", "PARAMETER_REPEATED"}
TELLING = {
    "a state of another history": {"Arco-State": f"999999.{'0' * 64}"},
    "whatever is known": {"If-None-Match": "*"},
    "an object that is another": {"If-Match": '"another"'},
    "a key of another request": {"Idempotency-Key": ""},
    "a body that is no JSON": {"Content-Type": "text/plain"},
    "something old": {"Arco-Max-Staleness-Ms": "60000"},
}
# A line that is too long is no HTTP, and nothing behind the parser hears of it.
NO_REQUEST = b"Invalid HTTP request received."
PARTS = {
    "full_name": "sales.orders",
    "run_id": "x",
    "index": "0",
    "dataset": "sales.orders",
    "asset": "sales.orders",
    "column": "id",
    "partition": "x",
    "lane": "x",
    "slot": "0",
    "position": "0",
    "restore_id": "x",
    "principal": "user:nobody",
    "key_id": "0" * 16,
    "name": "x",
    "version": "0",
}
CHOICES = st.integers(0, 2**16)
FEW = settings(
    max_examples=6,
    phases=[Phase.generate],
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    limits = {"requests_per_second": 0.0, "strangers_per_second": 0.0}
    with serving(tmp_path_factory.mktemp("project"), **limits) as server:
        publish_data(Guarded(server))
        for plural, body in (
            ("views", {"name": "sales.few", "texts": {"duckdb": "SELECT 1"}}),
            ("volumes", {"name": "sales.scans"}),
            ("functions", {"name": "sales.ids", "returns": "bigint", "texts": {"duckdb": "1"}}),
        ):
            assert server.post(f"/api/v1/{plural}", body).status == 201
        yield server


@pytest.fixture(scope="module")
def connection() -> Iterator[requests.Session]:
    with requests.Session() as session:
        yield session


@pytest.mark.parametrize("mode", list(GenerationMode), ids=str)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_what_is_answered_is_what_the_document_says(
    server: Server, connection: requests.Session, operation: str, mode: GenerationMode
) -> None:
    described = OPERATIONS[operation]

    @FEW
    @given(case=described.as_strategy(generation_mode=mode), choice=CHOICES)
    def ask(case: schemathesis.Case, choice: int) -> None:
        if mode is GenerationMode.POSITIVE and choice % 2:
            name_what_stands(case, choice)
        if isinstance(case.query.get("wait"), int):
            case.query["wait"] = min(case.query["wait"], 1)
        answer = case.call(base_url=server.address, session=connection, timeout=20)
        if answer.content == NO_REQUEST:
            return
        case.validate_response(answer, checks=CHECKS)
        if mode is GenerationMode.POSITIVE and answer.status_code == 400:
            error = answer.json()["error"]
            assert error["code"] not in UNFIT, answer.text
            assert "problems" not in error["details"], answer.text

    ask()


@pytest.mark.parametrize("case", TELLING)
def test_what_a_header_makes_it_answer_stands_in_the_document(server: Server, case: str) -> None:
    headers = dict(TELLING[case])
    if "Idempotency-Key" in headers:
        headers["Idempotency-Key"] = new_uuid7(server.workspace.runtime)
        made = server.ask("POST", "/api/v1/namespaces", body={"name": "once"}, headers=headers)
        assert made.status == 201
    for name, described in OPERATIONS.items():
        path = described.path.format(**PARTS)
        method = described.method.upper()
        body = None if method == "GET" else b"" if method == "DELETE" else {}
        answer = server.ask(method, path, body=body, headers=headers)
        declared = described.definition.raw["responses"]
        assert str(answer.status) in declared, (name, answer.status, answer.body)


def name_what_stands(case: schemathesis.Case, choice: int) -> None:
    """Some of what the request names is there."""
    for part in (case.path_parameters, case.query, case.body):
        for name in part if isinstance(part, dict) else ():
            if name in KNOWN:
                part[name] = KNOWN[name][choice % len(KNOWN[name])]
