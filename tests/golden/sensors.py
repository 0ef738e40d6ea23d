"""Writing a golden history of sensors: every event about them happens once.

What is declared is made up; the decisions are the real ones.
"""

from __future__ import annotations

from typing import Any

from arco.engine.database import Database
from arco.model import Decision
from arco.orchestration.bridging import RunAsked
from arco.orchestration.commands.deployments import Deploy, deploy
from arco.orchestration.commands.evaluations import (
    Answer,
    RecordEvaluation,
    look_at,
    record_evaluation,
)
from arco.orchestration.commands.sensors import (
    DefineSensors,
    SendMessage,
    ask_sensor,
    define_sensors,
    disable_sensor,
    enable_sensor,
    find_sensor,
    send_message,
    set_sensor_cursor,
)
from arco.orchestration.definitions import (
    CodeReference,
    Manifest,
    SensorDefinition,
    WebhookDefinition,
)
from arco.testing.orchestration_samples import SCOPE as RUN_SCOPE
from arco.testing.orchestration_samples import asset
from tests.golden.clocks import RepeatingRuntime

LANDING = SensorDefinition(name="landing", code=CodeReference("shop", "landing", "1"))
HOOKED = SensorDefinition(
    name="hooked",
    code=CodeReference("shop", "hooked", "1"),
    kind="push",
    webhook=WebhookDefinition("env:HOOK_SECRET"),
)


async def story(database: Database, runtime: RepeatingRuntime) -> None:
    """A look starts a run, one fails, a message is handled; one sensor is switched, one removed."""
    manifest = Manifest("shop", (asset("raw.orders"),))
    await database.transact(deploy(Deploy(deployment_id="D1", manifest=manifest, entropy=1)))
    await database.transact(_declared(LANDING, HOOKED))
    await _answer(
        database, runtime, name="landing", requests=(RunAsked(run_key="a"),), cursor='"a"'
    )
    runtime.wait(30)
    await _answer(database, runtime, name="landing", error="the source is away")
    message = SendMessage(name="hooked", message_id="m1", payload='{"file":"b"}', actor="ann")
    await database.transact(send_message(message))
    await _answer(database, runtime, name="hooked", skipped="nothing new")
    await database.transact(disable_sensor("landing", actor="ann"))
    await database.transact(ask_sensor("landing", actor="ann"))
    await database.transact(set_sensor_cursor("landing", '"0"', actor="ann"))
    await database.transact(enable_sensor("landing", actor="ann"))
    await database.transact(_declared(LANDING))


async def _answer(database: Database, runtime: RepeatingRuntime, *, name: str, **said: Any) -> None:
    look = await database.asked(lambda state: look_at(state, find_sensor(state, name)))
    now = runtime.now()
    recorded = RecordEvaluation(
        look=look, answer=Answer(**said), evaluated_at=now, ended_at=now, scope=RUN_SCOPE
    )
    await database.transact(record_evaluation(recorded))


def _declared(*sensors: SensorDefinition) -> Decision:
    command = DefineSensors(project="shop", deployment_id="D1", sensors=sensors, actor="ann")
    return define_sensors(command)
