"""Notifying: whoever leads tells those who want to know, and records whether they took it.

Law C3: what is to be told is tried until somebody takes it or it is given up. Nothing waits for it:
a notifier that fails keeps no run, and no other notifier, waiting. It is told at least once, under
one id. Must not know in which form.
"""

from __future__ import annotations

import logging
from typing import Protocol

from arco.execution.channels import Undelivered, deliver
from arco.execution.performing import Duty, Performing
from arco.orchestration.commands.notifications import (
    Delivery,
    due_deliveries,
    following_delivery,
    record_delivery,
)
from arco.orchestration.notifications import DUE_NOTIFICATIONS
from arco.runtime import Runtime
from arco.service.settings import Settings
from arco.service.workspace import Workspace

AT_ONCE = 8
LOG = logging.getLogger(__name__)


class Reach(Protocol):
    """How somebody is reached."""

    async def __call__(self, delivery: Delivery, settings: Settings, *, runtime: Runtime) -> None:
        """Somebody took it. Raises: Undelivered."""
        ...


def notifying(workspace: Workspace, reach: Reach = deliver) -> Performing[Delivery]:
    """A `Performer` of notifications."""

    async def tell(delivery: Delivery) -> None:
        error = await told(workspace, delivery, reach=reach)
        await workspace.database.transact(record_delivery(delivery, error))

    duty = Duty(
        name="notifying",
        at_once=AT_ONCE,
        due=due_deliveries,
        following=following_delivery,
        of=lambda delivery: delivery.definition.name,
        concerns=lambda applied: any(True for _ in applied.of(DUE_NOTIFICATIONS)),
        do=tell,
    )
    return Performing(workspace, duty)


async def told(workspace: Workspace, delivery: Delivery, *, reach: Reach = deliver) -> str:
    """Why nobody took it; empty: somebody did."""
    try:
        await reach(delivery, workspace.settings, runtime=workspace.runtime)
    except Undelivered as error:
        return str(error)
    except Exception as error:
        LOG.exception("a notification of %s could not be sent", delivery.definition.name)
        return f"it could not be sent: {type(error).__name__}"
    return ""


__all__ = ["Reach", "notifying", "told"]
