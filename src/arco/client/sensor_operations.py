"""What the API can be asked about sensors. Must not know how anything is sent."""

from __future__ import annotations

from typing import Any

from arco.client.operation import Operation
from arco.service.sensors import MessageTaken, SensorDetail
from arco.wire.sensors import EvaluationList, SensorList

SHOW_SENSORS = Operation("show_sensors", "GET", "/sensors", SensorList)
SHOW_SENSOR = Operation("show_sensor", "GET", "/sensors/{name}", SensorDetail)
SHOW_EVALUATIONS = Operation(
    "show_sensor_evaluations", "GET", "/sensors/{name}/evaluations", EvaluationList
)
ENABLE_SENSOR = Operation("enable_sensor", "POST", "/sensors/{name}/enable", SensorDetail, "by_key")
DISABLE_SENSOR = Operation(
    "disable_sensor", "POST", "/sensors/{name}/disable", SensorDetail, "by_key"
)
ASK_SENSOR = Operation("ask_sensor", "POST", "/sensors/{name}/tick", SensorDetail, "by_key")
SET_SENSOR_CURSOR = Operation(
    "set_sensor_cursor", "POST", "/sensors/{name}/cursor", SensorDetail, "by_key"
)
SEND_SENSOR_MESSAGE = Operation(
    "send_sensor_message", "POST", "/sensors/{name}/messages", MessageTaken, "by_key"
)

SENSOR_OPERATIONS: tuple[Operation[Any], ...] = (
    SHOW_SENSORS,
    SHOW_SENSOR,
    SHOW_EVALUATIONS,
    ENABLE_SENSOR,
    DISABLE_SENSOR,
    ASK_SENSOR,
    SET_SENSOR_CURSOR,
    SEND_SENSOR_MESSAGE,
)

__all__ = [
    "ASK_SENSOR",
    "DISABLE_SENSOR",
    "ENABLE_SENSOR",
    "SEND_SENSOR_MESSAGE",
    "SENSOR_OPERATIONS",
    "SET_SENSOR_CURSOR",
    "SHOW_EVALUATIONS",
    "SHOW_SENSOR",
    "SHOW_SENSORS",
]
