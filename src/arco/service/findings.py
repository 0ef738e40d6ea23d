"""What an examination finds: one line a check, and what to do where something is wrong.

Must not know what is examined, nor how it is shown.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from arco.errors import ArcoError


class Outcome(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What one check found."""

    check: str
    outcome: Outcome
    message: str
    fix: str = ""
    """The next step; empty where there is nothing to do."""
    document: str = ""
    """The content of the file that `fix` speaks of."""


def good(check: str, message: str) -> Finding:
    """All is well."""
    return Finding(check=check, outcome=Outcome.OK, message=message)


def doubtful(check: str, message: str, *, fix: str) -> Finding:
    """It works, and something else will not."""
    return Finding(check=check, outcome=Outcome.WARNING, message=message, fix=fix)


def bad(check: str, message: str, *, fix: str) -> Finding:
    """It does not work."""
    return Finding(check=check, outcome=Outcome.FAILED, message=message, fix=fix)


def left_out(check: str, message: str) -> Finding:
    """There was nothing to look at."""
    return Finding(check=check, outcome=Outcome.SKIPPED, message=message)


def refused(check: str, error: ArcoError) -> Finding:
    """What was asked was answered with this error."""
    return bad(check, error.message, fix=error.hint)


__all__ = ["Finding", "Outcome", "bad", "doubtful", "good", "left_out", "refused"]
