"""Headers that mean the same on every route: one spelling for the server and its clients."""

from __future__ import annotations

CURSOR_HEADER = "Arco-Next-Cursor"
KEY_HEADER = "Idempotency-Key"
REPEATED_HEADER = "Arco-Repeated"
REQUEST_ID_HEADER = "X-Request-Id"
ROWS_HEADER = "Arco-Rows"
SLOT_HEADER = "Arco-Slot"
STALENESS_HEADER = "Arco-Max-Staleness-Ms"
STATE_HEADER = "Arco-State"
TRACE_HEADER = "traceparent"
TRUNCATED_HEADER = "Arco-Truncated"

__all__ = [
    "CURSOR_HEADER",
    "KEY_HEADER",
    "REPEATED_HEADER",
    "REQUEST_ID_HEADER",
    "ROWS_HEADER",
    "SLOT_HEADER",
    "STALENESS_HEADER",
    "STATE_HEADER",
    "TRACE_HEADER",
    "TRUNCATED_HEADER",
]
