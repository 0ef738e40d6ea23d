"""Leading a workspace from this process: the lease, the pool and the publisher put together."""

from __future__ import annotations

from pathlib import Path

from arco.execution.pool import Pool
from arco.formats.publishing import DeltaPublisher
from arco.service.leases import take_lease
from arco.service.loop import Leader
from arco.service.workspace import Workspace


async def try_to_lead(workspace: Workspace, project: Path, *, address: str = "") -> Leader | None:
    """The started leader, or None while another process leads.

    Whatever fails on the way, the lease is free again.
    """
    lease = await take_lease(workspace, address)
    if lease is None:
        return None
    pool = Pool(workspace, project)
    leader = Leader(workspace, lease, executor=pool, publisher=DeltaPublisher(workspace))
    try:
        await leader.start()
    except BaseException:
        await leader.stop()
        raise
    return leader


__all__ = ["try_to_lead"]
