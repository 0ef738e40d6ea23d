"""The headers that mean the same on every route, described once in the OpenAPI document.

A table of headers, and which traits of an operation make it read them. Must not know routes.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from enum import StrEnum
from typing import Any

import msgspec

from arco.api.terms import AT, MOMENT_CHARACTERS_MAX
from arco.wire.headers import (
    KEY_HEADER,
    MATCH_HEADER,
    NONE_MATCH_HEADER,
    REQUEST_ID_HEADER,
    STALENESS_HEADER,
    STATE_HEADER,
    TRACE_HEADER,
)

TELLS_ONE = "tells_one"
"""The option of a route that tells one object, with its `ETag`."""
CHANGES_ONE = "changes_one"
"""The option of a route that changes one object, which `If-Match` may speak of."""
NO_DECISION = frozenset(
    {"run_query", "plan_restore", "mint_urls", "send_facts", "report_foreign_run", "tick"}
)
"""Operations that are asked by POST and decide nothing; facts carry keys of their own."""


class Trait(StrEnum):
    """What an operation does, as far as its headers depend on it."""

    ANSWERS = "answers"
    READS = "reads"
    DECIDES = "decides"
    TELLS_ONE = TELLS_ONE
    CHANGES_ONE = CHANGES_ONE


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
    trait: Trait
    """Operations of this trait read it."""
    description: str
    schema: dict[str, Any]


REQUEST_HEADERS = (
    RequestHeader(
        KEY_HEADER,
        Trait.DECIDES,
        "A fresh UUIDv7 for each request, the same one for its repetitions: a repeated request is "
        "answered as the first time, and not done again. Good for seven days.",
        {"type": "string", "format": "uuid"},
    ),
    RequestHeader(
        MATCH_HEADER,
        Trait.CHANGES_ONE,
        "The `ETag` that the object must have for the change to happen.",
        {"type": "string"},
    ),
    RequestHeader(
        NONE_MATCH_HEADER,
        Trait.TELLS_ONE,
        "The `ETag` of what the caller has already: it is not told again.",
        {"type": "string"},
    ),
    RequestHeader(
        STATE_HEADER,
        Trait.READS,
        "What an earlier answer carried in `Arco-State`: this one is at least as new.",
        {"type": "string", "maxLength": 100},
    ),
    RequestHeader(
        STALENESS_HEADER,
        Trait.READS,
        "So many milliseconds old may the answer be; without it, it is as new as everything that "
        "was acknowledged.",
        {"type": "integer", "minimum": 0, "maximum": 3600000},
    ),
    RequestHeader(
        REQUEST_ID_HEADER,
        Trait.ANSWERS,
        "A name for this request, of at most 128 characters; the answer and the server's log "
        "repeat it. What is no such name is replaced.",
        {"type": "string"},
    ),
    RequestHeader(
        TRACE_HEADER,
        Trait.ANSWERS,
        "W3C trace context: the events of a change name its trace. What is none is ignored.",
        {"type": "string"},
    ),
)


def traits_of(operation: str, method: str, *, options: Mapping[str, Any]) -> frozenset[Trait]:
    """What the operation does."""
    reads = method == "get" or operation in NO_DECISION
    found = {Trait.ANSWERS, Trait.READS if reads else Trait.DECIDES}
    found |= {Trait(name) for name in (TELLS_ONE, CHANGES_ONE) if options.get(name)}
    return frozenset(found)


def with_headers(
    document: dict[str, Any],
    options: Mapping[str, Mapping[str, Any]],
    *,
    travelling: Container[str],
) -> dict[str, Any]:
    """The document with every operation's headers, those of answers in one order, and `at` for the
    operations that are named as travelling; `options` are those of the routes.
    """
    for methods in document["paths"].values():
        for method, operation in methods.items():
            name = operation["operationId"]
            parameters = operation.setdefault("parameters", [])
            if name in travelling:
                parameters.append(MOMENT)
            traits = traits_of(name, method, options=options[name])
            taken = [each for each in REQUEST_HEADERS if each.trait in traits]
            parameters.extend(map(_parameter, taken))
            for response in operation["responses"].values():
                _sort_headers(response)
    return document


def _sort_headers(response: dict[str, Any]) -> None:
    """The framework keeps them in a set: their order would differ from process to process."""
    if "headers" in response:
        response["headers"] = dict(sorted(response["headers"].items()))


def _parameter(header: RequestHeader) -> dict[str, Any]:
    return {
        "name": header.name,
        "in": "header",
        "schema": header.schema,
        "description": header.description,
        "required": False,
    }


__all__ = [
    "CHANGES_ONE",
    "NO_DECISION",
    "REQUEST_HEADERS",
    "TELLS_ONE",
    "RequestHeader",
    "Trait",
    "traits_of",
    "with_headers",
]
