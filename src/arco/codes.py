"""Every error code we ever gave a user: its class, and what it means in one line.

Append-only once released: scripts compare codes, so none changes its meaning. Must not know who
raises them.
"""

from __future__ import annotations

CODES: dict[str, tuple[str, str]] = {
    "SCOPE_INVALID": ("Invalid", "A tenant's or workspace's name cannot be part of a key."),
    "STORE_FAULT": ("StoreFault", "The store gave no definite answer; the log resolves it."),
}


__all__ = ["CODES"]
