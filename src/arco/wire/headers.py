"""Headers that mean the same on every route: one spelling for the server and its clients."""

from __future__ import annotations

CURSOR_HEADER = "Arco-Next-Cursor"
KEY_HEADER = "Idempotency-Key"
MATCH_HEADER = "If-Match"
NONE_MATCH_HEADER = "If-None-Match"
REPEATED_HEADER = "Arco-Repeated"
REQUEST_ID_HEADER = "X-Request-Id"
ROWS_HEADER = "Arco-Rows"
SLOT_HEADER = "Arco-Slot"
STALENESS_HEADER = "Arco-Max-Staleness-Ms"
STATE_HEADER = "Arco-State"
TAG_HEADER = "ETag"
TRACE_HEADER = "traceparent"
TRUNCATED_HEADER = "Arco-Truncated"

__all__ = [
    "CURSOR_HEADER",
    "KEY_HEADER",
    "MATCH_HEADER",
    "NONE_MATCH_HEADER",
    "REPEATED_HEADER",
    "REQUEST_ID_HEADER",
    "ROWS_HEADER",
    "SLOT_HEADER",
    "STALENESS_HEADER",
    "STATE_HEADER",
    "TAG_HEADER",
    "TRACE_HEADER",
    "TRUNCATED_HEADER",
]
