"""What the API can be asked about notifiers. Must not know how anything is sent."""

from __future__ import annotations

from typing import Any

from arco.client.operation import Operation
from arco.orchestration.notifications import Notification
from arco.service.notifiers import NotifierDetail
from arco.wire.notifiers import NotificationList, NotifierList

SHOW_NOTIFIERS = Operation("show_notifiers", "GET", "/notifiers", NotifierList)
SHOW_NOTIFIER = Operation("show_notifier", "GET", "/notifiers/{name}", NotifierDetail)
TEST_NOTIFIER = Operation("test_notifier", "POST", "/notifiers/{name}/test", Notification, "by_key")
SHOW_NOTIFICATIONS = Operation("show_notifications", "GET", "/notifications", NotificationList)

NOTIFIER_OPERATIONS: tuple[Operation[Any], ...] = (
    SHOW_NOTIFIERS,
    SHOW_NOTIFIER,
    TEST_NOTIFIER,
    SHOW_NOTIFICATIONS,
)

__all__ = [
    "NOTIFIER_OPERATIONS",
    "SHOW_NOTIFICATIONS",
    "SHOW_NOTIFIER",
    "SHOW_NOTIFIERS",
    "TEST_NOTIFIER",
]
