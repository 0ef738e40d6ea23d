"""Every failure in one shape: `{error: {code, message, details, request_id, hint}}`.

Law: nobody outside sees a stack trace or a message that was not written for them. Must not know
routes.
"""

from __future__ import annotations

import logging
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import (
    ClientException,
    HTTPException,
    MethodNotAllowedException,
    NotFoundException,
    ValidationException,
)
from litestar.openapi.datastructures import ResponseSpec
from litestar.status_codes import HTTP_413_REQUEST_ENTITY_TOO_LARGE

from arco.errors import ArcoError, Invalid, NotFound
from arco.wire.failures import Failure, FailureAnswer
from arco.wire.headers import KEY_HEADER

BODY_BYTES_MAX = 16 * 1024 * 1024
REQUEST_ID = "request_id"
PROBLEMS_MAX = 20
DOCUMENTATION = "GET /openapi.json lists every route, parameter and field"
LOG = logging.getLogger(__name__)

# HTTP has a word of its own for these; clients that only know 400 read them the same way.
STATUS_BY_CODE = {
    "BODY_TOO_LARGE": 413,
    "CONTENT_TYPE_UNSUPPORTED": 415,
    "IDEMPOTENCY_KEY_REUSED": 422,
    "METHOD_NOT_ALLOWED": 405,
    "RANGE_UNSATISFIABLE": 416,
}
MEANINGS = {
    400: "The request can never succeed as it stands.",
    401: "Nobody here knows who asks.",
    403: "The caller may not do this, or the request came by a name or page that is not ours.",
    404: "There is no such thing.",
    409: "The request contradicts the present state.",
    412: "The object, or the history, is not the one that a header names.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    416: "The file has no such bytes.",
    422: "The idempotency key was sent before, with another request.",
    429: "A limit is reached: wait and try again.",
    500: "Something went wrong here.",
    503: "No answer now: ask again later.",
}


def refusals(*statuses: int) -> dict[int, ResponseSpec]:
    """The documented failures of a route, besides those that follow from what it takes."""
    every = sorted({400, *statuses})
    return {
        status: ResponseSpec(FailureAnswer, generate_examples=False, description=MEANINGS[status])
        for status in every
    }


def describe(error: ArcoError, request_id: str) -> tuple[int, FailureAnswer]:
    """The status and the body that tell the error."""
    failure = Failure(
        code=error.code,
        message=error.message,
        details=msgspec.to_builtins(error.details, str_keys=True, enc_hook=str),
        request_id=request_id,
        hint=error.hint,
    )
    return STATUS_BY_CODE.get(error.code, error.status), FailureAnswer(failure)


def failed(request: Request[Any, Any, Any], error: Exception) -> Response[FailureAnswer]:
    """The response to whatever a request ran into."""
    request_id = request.scope["state"].get(REQUEST_ID, "")
    found = _as_ours(error, request_id)
    if found.code == "OUTCOME_UNKNOWN" and KEY_HEADER in request.headers:
        found.details = found.details | {"idempotency_key": request.headers[KEY_HEADER]}
    status, body = describe(found, request_id)
    headers = headers_for(status, body)
    if isinstance(error, MethodNotAllowedException) and error.headers:
        headers |= error.headers
    return Response(body, status_code=status, headers=headers)


def headers_for(status: int, body: FailureAnswer) -> dict[str, str]:
    """What HTTP wants to be told beside the body."""
    if status == 401:
        return {"WWW-Authenticate": "Bearer"}
    if status in {429, 503}:
        return {"Retry-After": str(body.error.details.get("retry_after_seconds", 1))}
    return {}


def too_large() -> Invalid:
    """The refusal of a body over the limit."""
    size = BODY_BYTES_MAX // 1024 // 1024
    return Invalid(
        "BODY_TOO_LARGE",
        f"the body is larger than {size} MiB",
        hint="send less; long lists belong into a table",
    )


def _as_ours(error: Exception, request_id: str) -> ArcoError:
    if isinstance(error, ArcoError):
        return error
    if isinstance(error, HTTPException) and error.status_code < 500:
        return _from_framework(error)
    LOG.error("request %s failed", request_id, exc_info=error)
    return ArcoError(
        "INTERNAL_ERROR",
        "something went wrong here, not in your request",
        hint="the server's log says more under this request id",
    )


def _from_framework(error: HTTPException) -> ArcoError:
    if isinstance(error, MethodNotAllowedException):
        return Invalid(
            "METHOD_NOT_ALLOWED", "this route does not take this method", hint=DOCUMENTATION
        )
    if isinstance(error, NotFoundException):
        return NotFound("ROUTE_NOT_FOUND", "there is no such route", hint=DOCUMENTATION)
    if error.status_code == HTTP_413_REQUEST_ENTITY_TOO_LARGE:
        return too_large()
    if isinstance(error, ValidationException) and isinstance(error.extra, list):
        return _misfit(error.extra)
    if isinstance(error, ClientException):
        return Invalid("REQUEST_INVALID", "the request cannot be read", hint=DOCUMENTATION)
    return Invalid("REQUEST_INVALID", "the request was refused", hint=DOCUMENTATION)


def _misfit(found: list[Any]) -> Invalid:
    problems = [_problem(item) for item in found[:PROBLEMS_MAX]]
    said = problems[0] if problems else "the request does not fit this route"
    return Invalid("REQUEST_INVALID", said, hint=DOCUMENTATION, problems=problems)


def _problem(item: Any) -> str:
    if not isinstance(item, dict):
        return str(item)
    source, key = str(item.get("source", "body")), str(item.get("key", "data"))
    place = source if key == "data" else f"{source} {key}"
    return f"{place}: {item.get('message', 'does not fit')}"


__all__ = [
    "BODY_BYTES_MAX",
    "DOCUMENTATION",
    "MEANINGS",
    "REQUEST_ID",
    "describe",
    "failed",
    "headers_for",
    "refusals",
    "too_large",
]
