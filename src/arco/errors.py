"""One tree of errors, grouped by what the caller should do next.

A class exists only if a handler acts differently; everything else is the code and the message. Must
not know HTTP: the status is a number that `api` happens to use.
"""

from __future__ import annotations

from typing import Any, ClassVar


class ArcoError(Exception):
    """An error a user can act on: a stable code, one sentence, and the next step."""

    status: ClassVar[int] = 500
    code: str
    hint: str
    details: dict[str, Any]

    def __init__(self, code: str, message: str, *, hint: str = "", **details: Any) -> None:
        super().__init__(message)
        self.code = code
        self.hint = hint
        self.details = details

    @property
    def message(self) -> str:
        """The sentence that says what happened."""
        return str(self.args[0])


class Invalid(ArcoError):
    """The request can never succeed as it stands: mend it."""

    status = 400


class Unauthenticated(ArcoError):
    """We do not know who asks: present credentials."""

    status = 401


class Forbidden(ArcoError):
    """We know who asks, and the answer is no: ask for a grant."""

    status = 403


class NotFound(ArcoError):
    """The named thing is not there, or must not be seen: look again."""

    status = 404


class AlreadyExists(ArcoError):
    """The name is taken: choose another or use what is there."""

    status = 409


class Conflict(ArcoError):
    """The request contradicts the present state: read it and decide again."""

    status = 409


class Precondition(ArcoError):
    """A stated expectation does not hold: refresh and ask again."""

    status = 412


class TooManyRequests(ArcoError):
    """A limit is reached: wait and try again."""

    status = 429


class Unavailable(ArcoError):
    """The outcome is unknown or no answer can be given now: ask again later with the same key."""

    status = 503


class Corrupt(ArcoError):
    """Stored bytes are not what was acknowledged: stop and run `arco verify`."""

    status = 500


__all__ = [
    "AlreadyExists",
    "ArcoError",
    "Conflict",
    "Corrupt",
    "Forbidden",
    "Invalid",
    "NotFound",
    "Precondition",
    "TooManyRequests",
    "Unauthenticated",
    "Unavailable",
]
