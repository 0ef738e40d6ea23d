"""Deploying a project: compiled in a process of its own, then made what the workspace runs.

Law: user code is never imported here. Must not know who asks.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from arco.errors import Invalid
from arco.execution.compiled import Compiled
from arco.ids import new_ulid
from arco.model import Decision, Event, State
from arco.orchestration.commands.conditions import DefineConditions, define_conditions
from arco.orchestration.commands.deployments import Deploy, deploy
from arco.orchestration.commands.freshness import DefineFreshness, define_freshness
from arco.orchestration.commands.notifications import DefineNotifiers, define_notifiers
from arco.orchestration.commands.schedules import DefineSchedules, define_schedules
from arco.orchestration.commands.sensors import DefineSensors, define_sensors
from arco.orchestration.conditions import ConditionDefinition
from arco.orchestration.definitions import (
    FreshnessDefinition,
    Manifest,
    NotifierDefinition,
    ScheduleDefinition,
    SensorDefinition,
)
from arco.orchestration.tables import ASSETS
from arco.sdk.problems import definitions_invalid
from arco.service.table_formats import refuse_other_formats
from arco.service.workspace import Workspace

COMPILE_SECONDS_MAX = 120.0
LAST_LINES = 10


class Definitions(msgspec.Struct, frozen=True):
    """What a project declares."""

    manifest: Manifest
    schedules: tuple[ScheduleDefinition, ...] = ()
    conditions: tuple[ConditionDefinition, ...] = ()
    freshness: tuple[FreshnessDefinition, ...] = ()
    sensors: tuple[SensorDefinition, ...] = ()
    notifiers: tuple[NotifierDefinition, ...] = ()


class Deployment(msgspec.Struct, frozen=True, kw_only=True):
    """What a deployment came to."""

    project: str
    assets: int
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    schedules: int = 0
    schedules_changed: bool = False
    """Some schedule is new, other than it was, or gone."""
    conditions: int = 0
    conditions_changed: bool = False
    """Some condition or freshness policy is new, other than it was, or gone."""
    sensors: int = 0
    sensors_changed: bool = False
    """Some sensor is new, other than it was, or gone."""
    notifiers: int = 0
    notifiers_changed: bool = False
    """Some notifier is new, other than it was, or gone."""
    seq: int
    """The slot that holds it; when nothing changed, the slot it was compared with."""

    @property
    def is_unchanged(self) -> bool:
        """The workspace ran exactly this already."""
        moved = (self.added, self.changed, self.removed)
        automated = (self.schedules_changed, self.conditions_changed, self.sensors_changed)
        return not any((*moved, *automated, self.notifiers_changed))


async def compile_project(directory: Path) -> Definitions:
    """What the project that `directory` lies in declares.

    Raises: Invalid DEFINITIONS_INVALID with every problem, PROJECT_CRASHED, PROJECT_TOO_SLOW.
    """
    directory = directory.resolve()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "arco.execution.compile", str(directory)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=directory,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(COMPILE_SECONDS_MAX):
            answer, printed = await process.communicate()
    except TimeoutError as error:
        raise _too_slow() from error
    finally:
        if process.returncode is None:
            process.kill()
    return _definitions(answer, printed, code=process.returncode or 0)


async def deploy_project(
    workspace: Workspace, directory: Path, *, actor: str = "cli"
) -> Deployment:
    """The project's definitions are what the workspace runs from here on.

    Idempotent: by the manifest's fingerprint.
    Raises: what `compile_project` raises; Invalid MANIFEST_INVALID, FORMAT_CHANGED; Conflict
    ASSET_TAKEN, SCHEDULE_TAKEN, CONDITION_TAKEN, FRESHNESS_TAKEN, SENSOR_TAKEN, NOTIFIER_TAKEN.
    """
    definitions = await compile_project(directory)
    deployment_id = new_ulid(workspace.runtime)
    notifiers = _notifiers(definitions, deployment_id, actor=actor)
    assets, schedules, conditions, freshness, sensors = _decisions(
        definitions,
        deployment_id=deployment_id,
        entropy=workspace.runtime.entropy(128),
        actor=actor,
    )
    compared: list[Deployment] = []

    def decide(state: State, now: datetime) -> Sequence[Event]:
        refuse_other_formats(state, definitions.manifest.assets)
        defined = schedules(state, now)
        held = (*conditions(state, now), *freshness(state, now))
        looked_at, told = sensors(state, now), notifiers(state, now)
        events = (*assets(state, now), *defined, *held, *looked_at, *told)
        compared[:] = [
            msgspec.structs.replace(
                _compared(state, definitions.manifest),
                schedules=len(definitions.schedules),
                schedules_changed=bool(defined),
                conditions=len(definitions.conditions),
                conditions_changed=bool(held),
                sensors=len(definitions.sensors),
                sensors_changed=bool(looked_at),
                notifiers=len(definitions.notifiers),
                notifiers_changed=bool(told),
            )
        ]
        return events

    receipt = await workspace.database.transact(decide)
    return msgspec.structs.replace(compared[0], seq=receipt.seq)


def _decisions(
    definitions: Definitions, *, deployment_id: str, entropy: int, actor: str
) -> tuple[Decision, Decision, Decision, Decision, Decision]:
    """What makes these definitions those of the project, one kind after the other."""
    manifest = definitions.manifest
    assets = Deploy(deployment_id=deployment_id, manifest=manifest, entropy=entropy, actor=actor)
    schedules = DefineSchedules(
        project=manifest.project,
        deployment_id=deployment_id,
        schedules=definitions.schedules,
        actor=actor,
    )
    conditions = DefineConditions(
        project=manifest.project,
        deployment_id=deployment_id,
        conditions=definitions.conditions,
        actor=actor,
    )
    freshness = DefineFreshness(
        project=manifest.project,
        deployment_id=deployment_id,
        policies=definitions.freshness,
        actor=actor,
    )
    sensors = DefineSensors(
        project=manifest.project,
        deployment_id=deployment_id,
        sensors=definitions.sensors,
        actor=actor,
    )
    return (
        deploy(assets),
        define_schedules(schedules),
        define_conditions(conditions),
        define_freshness(freshness),
        define_sensors(sensors),
    )


def _notifiers(definitions: Definitions, deployment_id: str, *, actor: str) -> Decision:
    """What makes the notifiers those of the project."""
    command = DefineNotifiers(
        project=definitions.manifest.project,
        deployment_id=deployment_id,
        notifiers=definitions.notifiers,
        actor=actor,
    )
    return define_notifiers(command)


def _definitions(answer: bytes, printed: bytes, *, code: int) -> Definitions:
    try:
        compiled = msgspec.json.decode(answer, type=Compiled)
    except msgspec.MsgspecError as error:
        raise _crashed(printed, code=code) from error
    if compiled.manifest is None:
        raise definitions_invalid(compiled.problems)
    return Definitions(
        compiled.manifest,
        compiled.schedules,
        compiled.conditions,
        freshness=compiled.freshness,
        sensors=compiled.sensors,
        notifiers=compiled.notifiers,
    )


def _compared(state: State, manifest: Manifest) -> Deployment:
    before = {
        row.key: row.definition
        for row in state.range(ASSETS)
        if row.project == manifest.project and not row.removed
    }
    after = {definition.key: definition for definition in manifest.assets}
    return Deployment(
        project=manifest.project,
        assets=len(after),
        added=tuple(sorted(after.keys() - before.keys())),
        changed=tuple(key for key in after if key in before and after[key] != before[key]),
        removed=tuple(sorted(before.keys() - after.keys())),
        seq=0,
    )


def _crashed(printed: bytes, *, code: int) -> Invalid:
    lines = printed.decode(errors="replace").strip().splitlines()[-LAST_LINES:]
    how = f"exit code {code}" if code >= 0 else f"signal {-code}"
    said = "".join(f"\n    {line}" for line in lines)
    return Invalid(
        "PROJECT_CRASHED",
        f"importing the project ended its process ({how}){said}",
        hint="an asset module must not exit, crash or close files when it is imported",
    )


def _too_slow() -> Invalid:
    return Invalid(
        "PROJECT_TOO_SLOW",
        f"the project was still importing after {COMPILE_SECONDS_MAX:g} seconds",
        hint="move slow work from the top of a module into an asset",
    )


__all__ = ["Definitions", "Deployment", "compile_project", "deploy_project"]
