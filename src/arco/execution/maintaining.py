"""Maintaining: whoever leads keeps the tables small, one after the other.

It only begins: a compaction is carried to its end like every publication, by whoever leads then.
Nothing waits for it, and a table that cannot be worked on keeps no other waiting. Must not know log
entries.
"""

from __future__ import annotations

import importlib
import logging
from contextlib import suppress
from pathlib import Path
from typing import Any

from arco.catalog.tables import TABLE_NAMES, TABLES
from arco.errors import ArcoError
from arco.model import State
from arco.orchestration.commands.maintenance import is_checkpoint_due
from arco.orchestration.definitions import Maintenance
from arco.orchestration.rows import Pin
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
        self._seen: dict[str, tuple[int, float]] = {}
        """Table -> the version that was looked at, and when."""
        self._watch: Spawned | None = None

    async def start(self) -> None:
        """Tables are looked at, until `close`."""
        self._watch = self._runtime.spawn(self._for_ever(), "arco-maintaining")

    async def turn(self) -> int:
        """Tables that changed were looked at, as far as one turn goes; how many were worked on."""
        until = self._runtime.monotonic() + TURN_SECONDS_MAX
        maintenance = await self._runtime.thread(maintenance_of, self._project)
        pins = await self._workspace.database.asked(lambda state: wanting(state, maintenance))
        count = 0
        for pin in pins:
            count += await self._looked_at(pin, maintenance)
            if self._runtime.monotonic() >= until:
                break
        return count

    async def close(self) -> None:
        """Nothing is begun any more; what was begun stands in the log."""
        if self._watch is not None:
            self._watch.cancel()
            with suppress(BaseException):
                await self._watch.join()

    async def _for_ever(self) -> None:
        while True:
            await self._runtime.sleep(LOOK_SECONDS)
            try:
                await self.turn()
            except ArcoError as error:
                LOG.warning("no table was looked at: %s", error)
            except Exception:
                LOG.exception("no table was looked at")

    async def _looked_at(self, pin: Pin, maintenance: Maintenance) -> bool:
        now = self._runtime.monotonic()
        version, at = self._seen.get(pin.table_id, (-1, now))
        rested = now - at >= maintenance.every_minutes * SECONDS_PER_MINUTE
        if pin.version == version or (version >= 0 and not rested):
            return False
        self._seen[pin.table_id] = (pin.version, now)
        try:
            return await maintain(self._workspace, pin.asset, maintenance=maintenance)
        except ArcoError as error:
            LOG.warning("%s is not kept small: %s", pin.asset, error)
        except Exception:
            LOG.exception("%s is not kept small", pin.asset)
        return False


def maintenance_of(project: Path) -> Maintenance:
    """What the project says of maintenance. Raises: Invalid PROJECT_INVALID."""
    return nearest_settings(project.resolve())[1].maintenance


def wanting(state: State, maintenance: Maintenance) -> list[Pin]:
    """The tables that may want something, as far as rows tell: enough files, or many versions."""
    return [pin for pin in state.range(PINS) if _may_want(state, pin, maintenance=maintenance)]


async def maintain(workspace: Workspace, asset: str, *, maintenance: Maintenance) -> bool:
    """The table's checkpoint is written and its compaction begun, if due; True if any was."""
    module: Any = await workspace.runtime.thread(
        importlib.import_module, "arco.formats.maintaining"
    )
    policy = maintenance.policy(asset)
    pin = await workspace.database.asked(lambda state: state.get(PINS, asset))
    due = pin is not None and await workspace.database.asked(
        lambda state: is_checkpoint_due(state, pin, policy=policy)
    )
    if due:
        await module.write_checkpoint(workspace, asset)
    begun: str = await module.begin_compaction(workspace, asset, policy=policy)
    return due or bool(begun)


def _may_want(state: State, pin: Pin, *, maintenance: Maintenance) -> bool:
    policy = maintenance.policy(pin.asset)
    name = state.get(TABLE_NAMES, pin.table_id)
    if name is None:
        return False
    table = state.get(TABLES, name.namespace_id, name.name)
    many = policy.compact and table is not None and (table.files or 0) >= policy.files_min
    return many or is_checkpoint_due(state, pin, policy=policy)


__all__ = ["LOOK_SECONDS", "Maintaining", "maintain", "maintenance_of", "wanting"]
