"""What the API can be asked about conditions and promises. Must not know how anything is sent."""

from __future__ import annotations

from typing import Any

from arco.client.operation import Operation
from arco.service.conditions import ConditionDetail
from arco.wire.breaches import BreachList
from arco.wire.conditions import ConditionList

SHOW_CONDITIONS = Operation("show_conditions", "GET", "/conditions", ConditionList)
SHOW_CONDITION = Operation("show_condition", "GET", "/conditions/{asset}", ConditionDetail)
ENABLE_CONDITION = Operation(
    "enable_condition", "POST", "/conditions/{asset}/enable", ConditionDetail, "by_key"
)
DISABLE_CONDITION = Operation(
    "disable_condition", "POST", "/conditions/{asset}/disable", ConditionDetail, "by_key"
)

SHOW_BREACHES = Operation("show_breaches", "GET", "/breaches", BreachList)

CONDITION_OPERATIONS: tuple[Operation[Any], ...] = (
    SHOW_CONDITIONS,
    SHOW_CONDITION,
    ENABLE_CONDITION,
    DISABLE_CONDITION,
    SHOW_BREACHES,
)

__all__ = [
    "CONDITION_OPERATIONS",
    "DISABLE_CONDITION",
    "ENABLE_CONDITION",
    "SHOW_BREACHES",
    "SHOW_CONDITION",
    "SHOW_CONDITIONS",
]
