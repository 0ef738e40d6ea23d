"""The headers that mean the same on every route, described once in the OpenAPI document.

A table of headers, and where each of them is read. Must not know routes.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Any

import msgspec

from arco.api.terms import AT, MOMENT_CHARACTERS_MAX
from arco.wire.headers import (
    KEY_HEADER,
    REQUEST_ID_HEADER,
    STALENESS_HEADER,
    STATE_HEADER,
    TRACE_HEADER,
)

READS = ("get",)
CHANGES = ("post", "put", "patch", "delete")
NO_DECISION = frozenset({"run_query", "plan_restore"})
"""Operations that are asked by POST and change nothing."""
MOMENT = {
    "name": AT,
    "in": "query",
    "schema": {"type": "string", "maxLength": MOMENT_CHARACTERS_MAX},
    "description": "The moment to answer about: a slot (`120`), a time (`2026-03-01T12:30`, UTC "
    "unless it says otherwise) or how long ago (`90m`, `2h`, `3d`). Only for who may know of the "
    "whole workspace.",
    "required": False,
}


class RequestHeader(msgspec.Struct, frozen=True):
    """A header that a caller may send."""

    name: str
    methods: tuple[str, ...]
    description: str
    schema: dict[str, Any]


REQUEST_HEADERS = (
    RequestHeader(
        KEY_HEADER,
        CHANGES,
        "A fresh UUIDv7 for each request, the same one for its repetitions: a repeated request is "
        "answered as the first time, and not done again. Good for seven days.",
        {"type": "string", "format": "uuid"},
    ),
    RequestHeader(
        STATE_HEADER,
        READS,
        "What an earlier answer carried in `Arco-State`: this one is at least as new.",
        {"type": "string", "maxLength": 100},
    ),
    RequestHeader(
        STALENESS_HEADER,
        READS,
        "So many milliseconds old may the answer be; without it, it is as new as everything that "
        "was acknowledged.",
        {"type": "integer", "minimum": 0, "maximum": 3600000},
    ),
    RequestHeader(
        REQUEST_ID_HEADER,
        (*READS, *CHANGES),
        "A name for this request; the answer and the server's log repeat it.",
        {"type": "string", "maxLength": 128},
    ),
    RequestHeader(
        TRACE_HEADER,
        (*READS, *CHANGES),
        "W3C trace context: the events of a change name its trace.",
        {"type": "string", "maxLength": 100},
    ),
)


def with_headers(document: dict[str, Any], travelling: Container[str]) -> dict[str, Any]:
    """The document with every operation's headers, those of answers in one order, and `at` for the
    operations that are named as travelling.
    """
    for methods in document["paths"].values():
        for method, operation in methods.items():
            parameters = operation.setdefault("parameters", [])
            if operation["operationId"] in travelling:
                parameters.append(MOMENT)
            taken = [each for each in REQUEST_HEADERS if _takes(operation, method, header=each)]
            parameters.extend(map(_parameter, taken))
            for response in operation["responses"].values():
                _sort_headers(response)
    return document


def _sort_headers(response: dict[str, Any]) -> None:
    """The framework keeps them in a set: their order would differ from process to process."""
    if "headers" in response:
        response["headers"] = dict(sorted(response["headers"].items()))


def _takes(operation: dict[str, Any], method: str, *, header: RequestHeader) -> bool:
    changes_nothing = operation.get("operationId") in NO_DECISION
    return method in header.methods and not (header.name == KEY_HEADER and changes_nothing)


def _parameter(header: RequestHeader) -> dict[str, Any]:
    return {
        "name": header.name,
        "in": "header",
        "schema": header.schema,
        "description": header.description,
        "required": False,
    }


__all__ = ["REQUEST_HEADERS", "RequestHeader", "with_headers"]
