"""From a failed answer to the error that the server raised: the same class, code and hint.

Must not know operations.
"""

from __future__ import annotations

import msgspec

from arco import errors
from arco.client.connections import Answer, unreadable
from arco.codes import CODES
from arco.errors import ArcoError
from arco.wire.failures import Failure, FailureAnswer

UNKNOWN_ROUTE = "ROUTE_NOT_FOUND"
CLASS_BY_STATUS: dict[int, type[ArcoError]] = {
    400: errors.Invalid,
    401: errors.Unauthenticated,
    403: errors.Forbidden,
    404: errors.NotFound,
    405: errors.Invalid,
    409: errors.Conflict,
    412: errors.Precondition,
    413: errors.Invalid,
    415: errors.Invalid,
    422: errors.Invalid,
    429: errors.TooManyRequests,
    502: errors.Unavailable,
    503: errors.Unavailable,
    504: errors.Unavailable,
}


def error_of(answer: Answer) -> ArcoError:
    """The error that the answer tells; `details` holds its `request_id`, too."""
    try:
        failure = msgspec.json.decode(answer.body, type=FailureAnswer).error
    except msgspec.MsgspecError:
        return _from_stranger(answer)
    details = {"request_id": failure.request_id, **failure.details}
    kind = _class_of(failure.code, answer.status)
    return kind(failure.code, failure.message, hint=_hint(failure), **details)


def _class_of(code: str, status: int) -> type[ArcoError]:
    """By its code, or by its status for a code of a later release."""
    name = CODES[code][0] if code in CODES else ""
    found: type[ArcoError] = getattr(errors, name, CLASS_BY_STATUS.get(status, ArcoError))
    return found


def _hint(failure: Failure) -> str:
    if failure.code == UNKNOWN_ROUTE:
        return "the server is of an older release than this client, or the URL has a path too much"
    return failure.hint


def _from_stranger(answer: Answer) -> ArcoError:
    """What a proxy in between, or another program, says."""
    kind = CLASS_BY_STATUS.get(answer.status)
    if kind is errors.Unavailable or kind is errors.TooManyRequests:
        return kind(
            "SERVER_UNREACHABLE",
            f"something before the server answered with status {answer.status}",
            hint="look whether the server runs and whether the proxy before it finds it",
        )
    return unreadable(f"status {answer.status} without an error of ours")


__all__ = ["error_of"]
