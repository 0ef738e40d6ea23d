"""Processes that would all lead, on a store without locks: what the log tells of their epochs.

A leader acts through decisions that are silent once a newer epoch stands. The checker reads the log
alone.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import msgspec

from arco.engine.database import Database
from arco.errors import ArcoError, Corrupt, Unavailable
from arco.model import Decision, Event, State
from arco.service.candidates import Candidate
from arco.service.leases import Lease
from arco.service.loop import guarded
from arco.service.settings import Settings
from arco.service.workspace import Workspace
from arco.store.keys import Scope
from arco.store.scoped import ScopedStore
from arco.testing.invariants import events_of
from arco.testing.process import Process
from arco.testing.registry import Added
from arco.testing.world import Violation, World
from tests.simulation.stages import open_database

LEASE_SECONDS = 4.0
LOOK_SECONDS = 0.2
Guard = Callable[[Lease, Decision], Decision]


class LeaderStage:
    """A world of processes that lead whenever nobody else does."""

    def __init__(self, world: World, *, guard: Guard = guarded, processes: int = 3) -> None:
        self.world = world
        self.acted_us: list[int] = []
        self._guard = guard
        for number in range(processes):
            world.process(f"p{number}").start(self._live)

    async def _live(self, process: Process) -> None:
        while True:
            try:
                database = await open_database(self.world, process)
                await self._stand(process, database)
            except (Unavailable, Corrupt):
                await process.runtime.sleep(LOOK_SECONDS)

    async def _stand(self, process: Process, database: Database) -> None:
        candidate = Candidate(self._workspace(process, database))
        while True:
            try:
                lease = await candidate.take("")
                if lease is not None:
                    await self._lead(process, database, lease=lease)
            except Corrupt:
                raise
            except ArcoError:
                # A candidate that meets trouble looks again, as the real one does.
                pass
            await process.runtime.sleep(LOOK_SECONDS)

    async def _lead(self, process: Process, database: Database, *, lease: Lease) -> None:
        try:
            while await database.asked(lease.is_current):
                act = acting(lease.epoch, token=process.runtime.entropy(64))
                receipt = await database.transact(self._guard(lease, act))
                self.acted_us += [self.world.time_us] if receipt.events else []
                await process.runtime.sleep(self.world.chance.between(50_000, 900_000) / 1e6)
        finally:
            lease.lock.release()

    def _workspace(self, process: Process, database: Database) -> Workspace:
        nothing = cast(Any, None)
        return Workspace(
            settings=Settings(directory=Path("."), lease_seconds=LEASE_SECONDS),
            runtime=process.runtime,
            store=ScopedStore(self.world.client(process), Scope()),
            database=database,
            ingester=nothing,
            authority=nothing,
        )


def acting(epoch: int, *, token: int) -> Decision:
    """What a leader of this epoch does."""

    def decide(state: State, now: datetime) -> list[Event]:
        return [Event(Added("acts", 1, f"{epoch}.{token:x}"))]

    return decide


def epochs_of(world: World) -> list[str]:
    """Who took each epoch, in order.

    Raises: Violation when an epoch is not one more than the last, or somebody acted in an old one.
    """
    writers: list[str] = []
    for key in sorted(key for key in world.store.objects if key.startswith("log/")):
        commit = msgspec.json.decode(world.store.objects[key])
        created_us = world.store.written_us[key]
        for event in events_of(world.store, commit, created_us=created_us):
            _see(event, writers)
    return writers


def _see(event: dict[str, Any], writers: list[str]) -> None:
    payload = event["payload"]
    if event["type"] == "engine.lease_taken":
        if payload["epoch"] != len(writers) + 1:
            raise Violation("epochs follow each other", f"{payload} after {len(writers)}")
        writers.append(payload["writer"])
    elif payload.get("counter") == "acts":
        epoch = int(payload["token"].split(".")[0])
        if epoch != len(writers):
            raise Violation("effects belong to the newest epoch", f"{payload} in {len(writers)}")


__all__ = ["LEASE_SECONDS", "LeaderStage", "epochs_of"]
