"""What a check's return value says about the data. Must not know attempts."""

from __future__ import annotations

from typing import Any

import msgspec

from arco.sdk.context import CheckOutcome
from arco.sdk.metadata import stored

RETURNS = "return a bool, (bool, message) or CheckOutcome(passed=..., message=...)"


def outcome_of(answer: Any) -> CheckOutcome:
    """What a check's return value says; another type is a failed check that says what to return.

    >>> outcome_of((True, "fine")).message
    'fine'
    """
    if isinstance(answer, CheckOutcome):
        return msgspec.structs.replace(answer, metadata=stored(answer.metadata))
    passed, message = answer if isinstance(answer, tuple) and len(answer) == 2 else (answer, "")
    # NumPy and Arrow have booleans of their own.
    unboxed = getattr(passed, "item", getattr(passed, "as_py", lambda: passed))
    truth = passed if isinstance(passed, bool) else unboxed()
    if isinstance(truth, bool) and isinstance(message, str):
        return CheckOutcome(truth, message)
    return CheckOutcome(False, f"the check returned {type(answer).__name__}: {RETURNS}")


__all__ = ["outcome_of"]
