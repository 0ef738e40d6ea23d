"""Moments as people name them: a time, or how long ago.

Must not know slots or states.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from arco.errors import Invalid

AGO = re.compile(r"(\d+)\s*([smhdw])(?:\s+ago)?\Z")
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def time_of(text: str, now: datetime) -> datetime:
    """The time that a text names: ISO 8601, UTC unless it says otherwise, or how long ago.

    Raises: Invalid MOMENT_INVALID.

    >>> noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    >>> time_of("2h ago", noon).isoformat(), time_of("2026-02-28", noon).isoformat()
    ('2026-03-01T10:00:00+00:00', '2026-02-28T00:00:00+00:00')
    """
    ago = AGO.match(text.strip())
    try:
        if ago is not None:
            return now - timedelta(**{UNITS[ago[2]]: int(ago[1])})
        found = datetime.fromisoformat(text.strip())
    except (ValueError, OverflowError) as error:
        raise Invalid(
            "MOMENT_INVALID",
            f"{text!r} names no moment",
            hint="write a slot (120), a time (2026-03-01T12:30, UTC unless it says otherwise) "
            "or how long ago (90m, 2h, 3d)",
        ) from error
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


__all__ = ["time_of"]
