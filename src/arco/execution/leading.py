"""Leading a workspace from this process: the lease, the pool and the publisher put together.

Start-up counts: the table format's libraries load with the first publication.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, get_args

import msgspec

from arco.engine.collect import Pass
from arco.execution.callbacks import Callbacks
from arco.execution.lookouts import Lookouts
from arco.execution.maintaining import Maintaining
from arco.execution.notifying import notifying
from arco.execution.placing import http_executor, ray_executor
from arco.execution.pool import Pool
from arco.execution.routing import Executors
from arco.execution.sensing import sensing
from arco.orchestration.controllers import AUTOMATING, CARRYING_ON, Standing
from arco.orchestration.definitions import Executor as ExecutorName
from arco.service.candidates import Candidate
from arco.service.loop import Leader
from arco.service.ports import Executor, Publisher
from arco.service.retention import PROFILES
from arco.service.workspace import Workspace


class PublisherOnDemand:
    """A `Publisher` for Delta tables that is loaded, away from the loop, when a run needs it."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._loaded: Publisher | None = None

    async def publish(self, run_id: str) -> None:
        """The run's publication moves forward as far as it can. Idempotent: by run id."""
        if self._loaded is None:
            module: Any = await self._workspace.runtime.thread(
                importlib.import_module, "arco.formats.publishing"
            )
            self._loaded = module.TablePublisher(self._workspace)
        assert self._loaded is not None
        await self._loaded.publish(run_id)


class CollectorOnDemand:
    """A `Collector` that is loaded, away from the loop, when there is something to look for."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    async def collect(self) -> bool:
        """One bounded pass; True when it left nothing for another. Idempotent."""
        module: Any = await self._workspace.runtime.thread(
            importlib.import_module, "arco.formats.collecting"
        )
        retention = PROFILES[self._workspace.settings.retention]
        done: Pass = await module.collect_garbage(self._workspace, retention)
        return done.is_complete


class Executing(Protocol):
    """Executor of an asset -> who performs its attempts."""

    def __call__(
        self, workspace: Workspace, project: Path, *, callbacks: Callbacks
    ) -> Mapping[str, Executor]: ...


def apart(workspace: Workspace, project: Path, *, callbacks: Callbacks) -> Mapping[str, Executor]:
    """Processes of this machine, worker services, and a Ray cluster."""
    return {
        "pool": Pool(workspace, project),
        "http": http_executor(workspace, callbacks),
        "ray": ray_executor(workspace, callbacks),
    }


def inline(workspace: Workspace, project: Path, *, callbacks: Callbacks) -> Mapping[str, Executor]:
    """This process, whatever an asset names."""
    module: Any = importlib.import_module("arco.execution.worker_inline")
    executor: Executor = module.Inline(workspace, project)
    return dict.fromkeys(get_args(ExecutorName), executor)


class Terms(msgspec.Struct, frozen=True):
    """What whoever leads does, and with whom."""

    standing: Standing = CARRYING_ON
    executing: Executing = apart


async def try_to_lead(
    workspace: Workspace,
    project: Path,
    *,
    callbacks: Callbacks | None = None,
    candidate: Candidate | None = None,
    terms: Terms = Terms(),  # noqa: B008
) -> Leader | None:
    """The started leader, or None while another process leads.

    Whatever fails on the way, the lease is free again. Without locks only a `candidate` that is
    asked again and again can know that an earlier leader is gone. Worker services answer at the
    `callbacks` of whoever serves.
    """
    callbacks = callbacks or Callbacks(workspace)
    lease = await (candidate or Candidate(workspace)).take(callbacks.address)
    if lease is None:
        return None
    executors = terms.executing(workspace, project, callbacks=callbacks)
    performers = (
        sensing(workspace, Lookouts(workspace.settings, project)),
        notifying(workspace),
        Maintaining(workspace, project),
    )
    leader = Leader(
        workspace,
        lease,
        executor=Executors(workspace, executors),
        publisher=PublisherOnDemand(workspace),
        collector=CollectorOnDemand(workspace),
        standing=terms.standing,
        performers=performers if terms.standing is AUTOMATING else (),
    )
    try:
        await leader.start()
    except BaseException:
        await leader.stop()
        raise
    return leader


__all__ = [
    "CollectorOnDemand",
    "Executing",
    "PublisherOnDemand",
    "Terms",
    "apart",
    "inline",
    "try_to_lead",
]
