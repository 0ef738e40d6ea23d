"""Notifiers as answers name them: one declaration for the server and its clients."""

from __future__ import annotations

import msgspec

from arco.orchestration.notifications import Notification
from arco.service.notifiers import NotifierSummary


class NotifierList(msgspec.Struct, frozen=True, omit_defaults=True):
    """Notifiers by name."""

    notifiers: list[NotifierSummary]
    """Each with what it was told last."""
    next_cursor: str = ""
    """Where the next page starts, as `cursor`; absent on the last page."""


class NotificationList(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was told, newest first."""

    notifications: list[Notification]
    """Each with whether it was taken."""
    next_cursor: str = ""
    """Where the next page starts, as `cursor`; absent on the last page."""


__all__ = ["NotificationList", "NotifierList"]
