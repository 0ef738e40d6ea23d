"""Arco: a catalog and an orchestrator in one, on immutable files, with no database.

What stands in `__all__` is the public surface; each name is loaded when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from arco.client.client import Client
    from arco.orchestration.definitions import RetryPolicy
    from arco.orchestration.partitions import (
        AllMapping,
        DailyPartitions,
        DynamicPartitions,
        HourlyPartitions,
        IdentityMapping,
        LastMapping,
        MonthlyPartitions,
        ProductPartitions,
        QuarterlyPartitions,
        StaticMapping,
        StaticPartitions,
        TimeWindowMapping,
        WeeklyPartitions,
        YearlyPartitions,
    )
    from arco.sdk.conditions import (
        fresh,
        newest,
        on_code,
        on_cron,
        on_late,
        on_missing,
        on_upstream,
    )
    from arco.sdk.context import AssetContext, CheckOutcome
    from arco.sdk.declarations import AssetRef
    from arco.sdk.decorators import (
        asset,
        check,
        external_asset,
        notify,
        resource,
        schedule,
        sensor,
        sql_asset,
    )
    from arco.sdk.many import Output, multi_asset
    from arco.sdk.metadata import FilePath, Markdown, Plot, Sample, Url
    from arco.sdk.secrets import Secret
    from arco.sdk.sensing import RunRequest, SensorContext, SkipReason, webhook

__version__ = "0.1.0"

_METADATA = "arco.sdk.metadata"
_PARTITIONS = "arco.orchestration.partitions"
_HOMES = {
    "AllMapping": _PARTITIONS,
    "AssetContext": "arco.sdk.context",
    "AssetRef": "arco.sdk.declarations",
    "CheckOutcome": "arco.sdk.context",
    "Client": "arco.client.client",
    "DailyPartitions": _PARTITIONS,
    "DynamicPartitions": _PARTITIONS,
    "FilePath": _METADATA,
    "HourlyPartitions": _PARTITIONS,
    "IdentityMapping": _PARTITIONS,
    "LastMapping": _PARTITIONS,
    "Markdown": _METADATA,
    "MonthlyPartitions": _PARTITIONS,
    "Output": "arco.sdk.many",
    "Plot": _METADATA,
    "ProductPartitions": _PARTITIONS,
    "QuarterlyPartitions": _PARTITIONS,
    "RetryPolicy": "arco.orchestration.definitions",
    "RunRequest": "arco.sdk.sensing",
    "Sample": _METADATA,
    "Secret": "arco.sdk.secrets",
    "SensorContext": "arco.sdk.sensing",
    "SkipReason": "arco.sdk.sensing",
    "StaticMapping": _PARTITIONS,
    "StaticPartitions": _PARTITIONS,
    "TimeWindowMapping": _PARTITIONS,
    "Url": _METADATA,
    "WeeklyPartitions": _PARTITIONS,
    "YearlyPartitions": _PARTITIONS,
    "asset": "arco.sdk.decorators",
    "check": "arco.sdk.decorators",
    "external_asset": "arco.sdk.decorators",
    "fresh": "arco.sdk.conditions",
    "newest": "arco.sdk.conditions",
    "on_code": "arco.sdk.conditions",
    "on_cron": "arco.sdk.conditions",
    "on_late": "arco.sdk.conditions",
    "on_missing": "arco.sdk.conditions",
    "on_upstream": "arco.sdk.conditions",
    "multi_asset": "arco.sdk.many",
    "notify": "arco.sdk.decorators",
    "resource": "arco.sdk.decorators",
    "schedule": "arco.sdk.decorators",
    "sensor": "arco.sdk.decorators",
    "sql_asset": "arco.sdk.decorators",
    "webhook": "arco.sdk.sensing",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'arco' has no attribute {name!r}")
    found = getattr(importlib.import_module(home), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])


__all__ = [
    "AllMapping",
    "AssetContext",
    "AssetRef",
    "CheckOutcome",
    "Client",
    "DailyPartitions",
    "DynamicPartitions",
    "FilePath",
    "HourlyPartitions",
    "IdentityMapping",
    "LastMapping",
    "Markdown",
    "MonthlyPartitions",
    "Output",
    "Plot",
    "ProductPartitions",
    "QuarterlyPartitions",
    "RetryPolicy",
    "RunRequest",
    "Sample",
    "Secret",
    "SensorContext",
    "SkipReason",
    "StaticMapping",
    "StaticPartitions",
    "TimeWindowMapping",
    "Url",
    "WeeklyPartitions",
    "YearlyPartitions",
    "asset",
    "check",
    "external_asset",
    "fresh",
    "multi_asset",
    "newest",
    "notify",
    "on_code",
    "on_cron",
    "on_late",
    "on_missing",
    "on_upstream",
    "resource",
    "schedule",
    "sensor",
    "sql_asset",
    "webhook",
]
