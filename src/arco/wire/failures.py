"""Every failure in one shape: `{error: {code, message, details, request_id, hint}}`."""

from __future__ import annotations

from typing import Any

import msgspec


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """What went wrong, for programs (`code`) and for people (`message`, then `hint`)."""

    code: str
    message: str
    details: dict[str, Any]
    request_id: str
    hint: str


class FailureAnswer(msgspec.Struct, frozen=True):
    """The body of every answer that is not a success."""

    error: Failure


__all__ = ["Failure", "FailureAnswer"]
