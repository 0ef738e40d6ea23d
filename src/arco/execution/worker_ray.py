"""What Ray runs on a node: a worker service of one process, that takes its offers from Ray.

Law: all that is said of an attempt is said to the server, as every worker service says it; Ray only
hears when it is over, or why nobody could be told. Must not know Ray, the log or the state.
"""

from __future__ import annotations

import asyncio
import threading
from functools import cache

import msgspec

from arco.errors import ArcoError, Invalid, Unavailable
from arco.execution.proofs import read_worker_secrets
from arco.execution.ray_messages import Order
from arco.execution.worker_service import WorkerService
from arco.orchestration.outcomes import ErrorCategory, TaskError
from arco.runtime import AsyncioRuntime
from arco.service.settings import Settings, listed, load

BUSY_HINT = "Look at Ray's log of this worker; the attempt is repeated while its budget lasts."


def perform(order: bytes) -> bytes:
    """Empty once a server knows how the attempt ended; else, as JSON, the error to record for it.

    Ray sends the name of this function and the bytes of an `Order`, and nothing else.
    """
    try:
        error = _bench().perform(msgspec.json.decode(order, type=Order))
    except msgspec.MsgspecError as wrong:
        error = TaskError(
            ErrorCategory.CONFIGURATION,
            f"a node of the Ray cluster cannot read what it is handed: {wrong}",
            hint="install the server's release of Arco on every node",
        )
    except Unavailable as wrong:
        error = TaskError(ErrorCategory.INFRASTRUCTURE, wrong.message, hint=wrong.hint)
    except ArcoError as wrong:
        error = TaskError(ErrorCategory.CONFIGURATION, wrong.message, hint=wrong.hint)
    return b"" if error is None else msgspec.json.encode(error)


class Bench:
    """A worker service beside Ray's own thread; its process stays warm between attempts."""

    def __init__(self, settings: Settings, secrets: tuple[bytes, ...]) -> None:
        self._loop = asyncio.new_event_loop()
        self._service = WorkerService(
            settings,
            AsyncioRuntime(),
            secrets=secrets,
            servers=listed(settings.worker_servers),
        )
        self._deployment = ""
        threading.Thread(target=self._loop.run_forever, name="arco-bench", daemon=True).start()

    def perform(self, order: Order) -> TaskError | None:
        """What `perform` says. Blocks; Ray gives a process one task at a time."""
        return asyncio.run_coroutine_threadsafe(self._performed(order), self._loop).result()

    async def _performed(self, order: Order) -> TaskError | None:
        if order.deployment != self._deployment:
            self._service.reload()
            self._deployment = order.deployment
        self._service.take(order.offer)
        problem = await self._service.answered(order.offer.envelope.dispatch_id)
        if not problem:
            return None
        return TaskError(ErrorCategory.INFRASTRUCTURE, problem, hint=BUSY_HINT)


@cache
def _bench() -> Bench:
    """The one of this process. Raises: Invalid, for what is wrong with the node."""
    settings = load(workers=1)
    secrets = read_worker_secrets(settings)
    if not secrets:
        raise Invalid(
            "WORKER_SECRETS_MISSING",
            "a node of the Ray cluster has no secret that it shares with the server",
            hint="name its file in ARCO_WORKER_SECRETS where `ray start` runs, on every node",
        )
    return Bench(settings, secrets)


__all__ = ["Bench", "perform"]
