"""The examples of requests and answers are true for the server, and the Python client reads them.

What any other client is tested with stands in the same files.
"""

from __future__ import annotations

import json
import typing
from typing import Any

import msgspec
import pytest
from litestar.handlers import HTTPRouteHandler

from arco.api.examples import EXAMPLES
from arco.api.openapi import openapi_document
from arco.api.routes import api_routes
from arco.client.connections import Answer
from arco.client.operation import Operation
from arco.client.operations import OPERATIONS
from arco.client.refusals import error_of
from tests.contract.http_fixtures import rendered, stored

FIXTURES = stored()
KINDS = ("full", "minimal")
HANDLERS = {
    handler.operation_id or handler.handler_name: handler
    for route in api_routes().routes
    for handler in getattr(route, "route_handlers", ())
    if isinstance(handler, HTTPRouteHandler)
}
ASKED = [name for name, fixture in FIXTURES.items() if fixture.get("request")]
TYPED = [operation for operation in OPERATIONS if operation.answer is not bytes]


def test_every_request_and_answer_has_its_examples_and_they_are_of_today() -> None:
    texts = {name: json.loads(text) for name, text in rendered().items()}
    stale = [name for name, text in texts.items() if FIXTURES.get(name[:-5]) != text]
    gone = FIXTURES.keys() - {name[:-5] for name in texts}
    assert not stale and not gone, "python -m tests.contract.http_fixtures --write"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ASKED)
def test_the_server_takes_the_request(name: str, kind: str) -> None:
    wanted = HANDLERS[name].parsed_fn_signature.parameters["data"].annotation
    example = FIXTURES[name]["request"][kind]
    read = msgspec.convert(example, wanted)
    assert msgspec.convert(msgspec.to_builtins(read), wanted) == read


def test_every_operation_is_described_with_its_parameters_and_an_example() -> None:
    document = json.loads(openapi_document())
    tags = {each["name"] for each in document["tags"]}
    for methods in document["paths"].values():
        for operation in methods.values():
            name = operation["operationId"]
            assert operation["summary"] and operation["description"], name
            assert operation["tags"] and tags.issuperset(operation["tags"]), name
            for parameter in operation.get("parameters", []):
                assert parameter["description"], (name, parameter["name"])
            assert ("requestBody" in operation) == (name in EXAMPLES), name


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_server_takes_the_example_of_the_document(name: str) -> None:
    wanted = HANDLERS[name].parsed_fn_signature.parameters["data"].annotation
    msgspec.convert(EXAMPLES[name], wanted)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("operation", TYPED, ids=lambda each: each.name)
def test_the_python_client_reads_the_answer_whole(operation: Operation[Any], kind: str) -> None:
    for status, example in FIXTURES[operation.name]["answers"].items():
        read = msgspec.convert(example[kind], operation.told(int(status)))
        told = json.loads(msgspec.json.encode(read))
        # What has its default may be left out of a minimal answer, or spelled.
        assert spelled(told, example[kind]) == example[kind] if kind == "full" else read is not None


@pytest.mark.parametrize("operation", TYPED, ids=lambda each: each.name)
def test_fields_of_a_later_server_are_no_obstacle(operation: Operation[Any]) -> None:
    for status, example in FIXTURES[operation.name]["answers"].items():
        told = operation.told(int(status))
        later = {**example["full"], "invented_later": {"x": [1]}}
        assert msgspec.convert(later, told) == msgspec.convert(example["full"], told)


def spelled(told: Any, example: Any) -> Any:
    """What was told, with what is true by default, and so left out, where the example has it."""
    if isinstance(told, list):
        return [spelled(one, other) for one, other in zip(told, example, strict=True)]
    if not isinstance(told, dict):
        return told
    defaults = {name: True for name, value in example.items() if value is True}
    return {**defaults, **{name: spelled(value, example[name]) for name, value in told.items()}}


@pytest.mark.parametrize("kind", KINDS)
def test_a_failure_is_read_as_an_error(kind: str) -> None:
    body = FIXTURES["failure"]["answers"]["400"][kind]
    error = error_of(Answer(400, {}, json.dumps(body).encode()))
    assert (error.code, error.hint) == ("code", "hint")
    assert typing.cast(str, error.details["request_id"]) == "request_id"
