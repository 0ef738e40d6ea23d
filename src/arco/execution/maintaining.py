"""Maintaining: whoever leads keeps the tables small, one after the other.

It only begins: a compaction is carried to its end like every publication, by whoever leads then.
Nothing waits for it, and a table that cannot be worked on keeps no other waiting. Must not know log
entries.
"""

from __future__ import annotations

import importlib
import logging
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from arco.catalog.tables import TABLE_NAMES, TABLES
from arco.engine.applied import Applied
from arco.errors import ArcoError
from arco.model import State
from arco.orchestration.commands.maintenance import is_checkpoint_due
from arco.orchestration.definitions import Maintenance, MaintenancePolicy
from arco.orchestration.tables import PINS
from arco.runtime import Spawned
from arco.sdk.project import nearest_settings
from arco.service.workspace import Workspace

LOOK_SECONDS = 60.0
TURN_SECONDS_MAX = 30.0
SECONDS_PER_MINUTE = 60.0
LOG = logging.getLogger(__name__)


class Maintaining:
    """A `Performer` of maintenance."""

    def __init__(self, workspace: Workspace, project: Path) -> None:
        self._workspace = workspace
        self._runtime = workspace.runtime
        self._project = project
        self._moved: set[str] | None = None
        """Assets whose tables have a version that was not looked at; None: nobody looked yet."""
        self._looked_at: dict[str, float] = {}
        """Asset -> when its table was looked at."""
        self._watch: Spawned | None = None

    async def start(self) -> None:
        """Tables are looked at, until `close`."""
        self._workspace.database.listeners.append(self._applied)
        self._watch = self._runtime.spawn(self._for_ever(), "arco-maintaining")

    async def turn(self) -> int:
        """Tables that moved were looked at, as far as one turn goes; how many were worked on.

        Cost: the first turn asks for every pin, each later one for those that moved.
        """
        until = self._runtime.monotonic() + TURN_SECONDS_MAX
        maintenance = await self._runtime.thread(maintenance_of, self._project)
        if self._moved is None:
            self._moved = set(await self._workspace.database.asked(_published))
        count = 0
        for asset in sorted(self._moved):
            if self._runtime.monotonic() >= until:
                break
            if self._has_rested(asset, maintenance):
                self._moved.discard(asset)
                count += await self._maintained(asset, maintenance)
        return count

    async def close(self) -> None:
        """Nothing is begun any more; what was begun stands in the log."""
        with suppress(ValueError):
            self._workspace.database.listeners.remove(self._applied)
        if self._watch is not None:
            self._watch.cancel()
            with suppress(BaseException):
                await self._watch.join()

    def _applied(self, applied: Applied) -> None:
        if self._moved is not None:
            self._moved.update(pin.asset for _, pin in applied.of(PINS) if pin is not None)

    async def _for_ever(self) -> None:
        while True:
            await self._runtime.sleep(LOOK_SECONDS)
            try:
                await self.turn()
            except ArcoError as error:
                LOG.warning("no table was looked at: %s", error)
            except Exception:
                LOG.exception("no table was looked at")

    def _has_rested(self, asset: str, maintenance: Maintenance) -> bool:
        at = self._looked_at.get(asset)
        rest_seconds = maintenance.every_minutes * SECONDS_PER_MINUTE
        return at is None or self._runtime.monotonic() - at >= rest_seconds

    async def _maintained(self, asset: str, maintenance: Maintenance) -> bool:
        policy = maintenance.policy(asset)
        try:
            wants = partial(may_want, asset=asset, policy=policy)
            if not await self._workspace.database.asked(wants):
                return False
            self._looked_at[asset] = self._runtime.monotonic()
            return await maintain(self._workspace, asset, policy=policy)
        except ArcoError as error:
            LOG.warning("%s is not kept small: %s", asset, error)
        except Exception:
            LOG.exception("%s is not kept small", asset)
        return False


def maintenance_of(project: Path) -> Maintenance:
    """What the project says of maintenance. Raises: Invalid PROJECT_INVALID."""
    return nearest_settings(project.resolve())[1].maintenance


def may_want(state: State, *, asset: str, policy: MaintenancePolicy) -> bool:
    """True when the asset's table may want something, as far as its rows tell: it has many files,
    or its last checkpoint is many versions old.
    """
    pin = state.get(PINS, asset)
    name = state.get(TABLE_NAMES, pin.table_id) if pin else None
    if pin is None or name is None:
        return False
    table = state.get(TABLES, name.namespace_id, name.name)
    many = policy.compact and table is not None and (table.files or 0) >= policy.files_min
    has_log = table is None or table.format == "delta"
    return many or (has_log and is_checkpoint_due(state, pin, policy=policy))


async def maintain(workspace: Workspace, asset: str, *, policy: MaintenancePolicy) -> bool:
    """The table's checkpoint is written and its compaction begun, if due; True if any was."""
    module: Any = await workspace.runtime.thread(
        importlib.import_module, "arco.formats.maintaining"
    )
    pin = await workspace.database.asked(lambda state: state.get(PINS, asset))
    due = pin is not None and await workspace.database.asked(
        lambda state: module.wants_checkpoint(state, pin, policy=policy)
    )
    if due:
        await module.write_checkpoint(workspace, asset)
    begun: str = await module.begin_compaction(workspace, asset, policy=policy)
    return due or bool(begun)


def _published(state: State) -> list[str]:
    return [pin.asset for pin in state.range(PINS)]


__all__ = ["LOOK_SECONDS", "Maintaining", "maintain", "maintenance_of", "may_want"]
