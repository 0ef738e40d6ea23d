"""A Ray cluster, as the leader sees it: one place that takes whatever it is offered and queues it.

The driver, a process of its own, is part of the cluster; what it was handed ends with it, so that a
leader that dies leaves nothing running. Must not know attempts' ends, nor Ray.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from functools import partial
from importlib.util import find_spec

import msgspec

from arco.execution.callbacks import Callbacks
from arco.execution.calling import Unanswered
from arco.execution.child import Child, WorkerGone, start_process
from arco.execution.places import TAKEN, Desk, Told
from arco.execution.protocol import Envelope, Offer
from arco.execution.ray_messages import (
    FromDriver,
    Joined,
    NotJoined,
    Order,
    Parted,
    Release,
    Submit,
)
from arco.model import State
from arco.orchestration.outcomes import ErrorCategory, TaskError
from arco.orchestration.tables import ASSETS, PROJECTS
from arco.runtime import Spawned
from arco.service.settings import Settings
from arco.service.workspace import Workspace

DRIVER = "arco.execution.ray_driver"
DECODER: msgspec.json.Decoder[FromDriver] = msgspec.json.Decoder(FromDriver)
JOIN_SECONDS_MAX = 60.0
QUEUED_SECONDS_MAX = 600.0
"""What waits longer in Ray's queue is put into it again: its token ends some minutes later."""
LINGER_SECONDS = 5.0
"""How long a process may take to end an attempt that is over already."""
PATIENCE_SECONDS = 3600.0
MILLICORES_PER_CPU = 1000
LOG = logging.getLogger(__name__)


class RayCluster:
    """A `Place` that is many machines, and knows itself where there is room."""

    def __init__(self, workspace: Workspace, callbacks: Callbacks) -> None:
        self.name = f"the Ray cluster at {workspace.settings.ray_address}"
        self.roll: set[str] = set()
        """Empty: what an earlier leader submitted ended with it."""
        self.may_take = True
        self.is_paused = False
        self.failures = 0
        self.begins_within_seconds = QUEUED_SECONDS_MAX
        self.is_queue = True
        self._settings = workspace.settings
        self._database = workspace.database
        self._runtime = workspace.runtime
        self._callbacks = callbacks
        self._desk: Desk | None = None
        self._driver: Child[FromDriver] | None = None
        self._listening: Spawned | None = None
        self._submitted: set[str] = set()

    def attend(self, desk: Desk) -> None:
        """Attempts are handed out from here from now on."""
        self._desk = desk

    async def call_roll(self) -> None:
        """Nothing is there that this process did not submit."""

    async def offer(
        self, envelope: Envelope, callback_url: str, *, heartbeat_seconds: float
    ) -> Told:
        """It stands in Ray's queue. Idempotent: by dispatch id. Raises: Unanswered."""
        order = Order(
            offer=Offer(
                tenant=self._settings.tenant,
                workspace=self._settings.workspace,
                envelope=envelope,
                callback_url=callback_url,
                token=self._callbacks.tokens.token(
                    envelope.run_id, envelope.task_key, attempt=envelope.attempt
                ),
                heartbeat_seconds=heartbeat_seconds,
            ),
            deployment=await self._database.asked(partial(deployment_of, asset=envelope.asset.key)),
        )
        driver = await self._joined()
        self._submitted.add(envelope.dispatch_id)
        driver.send(submission(envelope, order))
        return TAKEN

    def refusal(self) -> TaskError:
        """Never asked for: Ray refuses nothing at once."""
        raise AssertionError("a Ray cluster refuses nothing")

    def release(self, dispatch_id: str, *, began: bool) -> None:
        """Ray is rid of the attempt, soon."""
        if dispatch_id in self._submitted and self._driver is not None:
            self._submitted.discard(dispatch_id)
            self._driver.send(Release(dispatch_id, LINGER_SECONDS if began else 0.0))

    async def close(self) -> None:
        """The driver is gone, and with it whatever runs."""
        if self._listening is not None:
            self._listening.cancel()
            with suppress(BaseException):
                await self._listening.join()
        await self._end_driver()

    async def _joined(self) -> Child[FromDriver]:
        """The driver, once it is part of the cluster. Raises: Unanswered."""
        if self._driver is not None:
            return self._driver
        try:
            driver, joined = await join(self._settings)
        except Unanswered:
            self.failures += 1
            raise
        self.failures = 0
        LOG.info("joined %s: %s nodes, %g CPUs", self.name, joined.nodes, joined.cpus)
        self._driver = driver
        self._listening = self._runtime.spawn(self._listen(driver), "arco-ray")
        return driver

    async def _listen(self, driver: Child[FromDriver]) -> None:
        try:
            while True:
                message = await driver.receive(PATIENCE_SECONDS)
                if isinstance(message, Parted):
                    self._part(message.dispatch_id, message.error)
        except WorkerGone as gone:
            await self._lose_all(gone)

    async def _lose_all(self, gone: WorkerGone) -> None:
        LOG.error("the driver of %s is gone: %s", self.name, gone)
        await self._end_driver()
        why = f"the connection to {self.name} ended: {gone}"
        hint = "the attempt is repeated while its budget lasts"
        for dispatch_id in sorted(self._submitted):
            self._part(dispatch_id, TaskError(ErrorCategory.INFRASTRUCTURE, why, hint=hint))

    def _part(self, dispatch_id: str, error: TaskError | None) -> None:
        self._submitted.discard(dispatch_id)
        if self._desk is not None:
            self._desk.parted(dispatch_id, error)

    async def _end_driver(self) -> None:
        driver, self._driver = self._driver, None
        if driver is not None:
            driver.kill()
            await driver.ended()


async def join(settings: Settings) -> tuple[Child[FromDriver], Joined]:
    """A driver that is part of the cluster, and what it says of it. Raises: Unanswered."""
    arguments = (
        "--address",
        settings.ray_address,
        "--node-seconds",
        str(settings.ray_node_seconds),
    )
    try:
        driver = await start_process(DRIVER, arguments, decoder=DECODER, cwd=settings.directory)
        try:
            said = await driver.receive(JOIN_SECONDS_MAX)
            if isinstance(said, Joined):
                return driver, said
        except BaseException:
            driver.kill()
            raise
        driver.kill()
        await driver.ended()
    except WorkerGone as gone:
        raise Unanswered(f"its driver is gone: {gone}") from gone
    if isinstance(said, NotJoined):
        raise Unanswered(f"{said.error.message}; {said.error.hint}")
    raise Unanswered(f"its driver did not join it within {JOIN_SECONDS_MAX:g} seconds")


def submission(envelope: Envelope, order: Order) -> Submit:
    """What the driver is sent of the attempt."""
    asset = envelope.asset
    return Submit(
        dispatch_id=envelope.dispatch_id,
        name=f"arco {envelope.task_key}",
        cpus=asset.cpu_millicores / MILLICORES_PER_CPU,
        memory_bytes=asset.memory_bytes,
        order=msgspec.Raw(msgspec.json.encode(order)),
    )


def deployment_of(state: State, *, asset: str) -> str:
    """The present deployment of the asset's project."""
    row = state.get(ASSETS, asset)
    project = state.get(PROJECTS, row.project) if row else None
    return project.deployment_id if project else ""


def is_installed() -> bool:
    """Whether the extra is."""
    return find_spec("ray") is not None


__all__ = ["RayCluster", "deployment_of", "is_installed", "join", "submission"]
