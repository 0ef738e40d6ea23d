"""What the API can be asked, as data: the name, method, path and answer of every operation.

Law: each is repeated without harm: it only reads, or its request carries a key, or what it sends
counts once by itself. Must not know how anything is sent.
"""

from __future__ import annotations

from typing import Any, Generic, Literal, TypeAlias, TypeVar

import msgspec

from arco.lineage.evidence import EdgeStory, LineagePath
from arco.lineage.impact import Impact, Origins, PartitionImpact
from arco.service.differences import Difference
from arco.service.summaries import Overview, RunDetail, RunSummary, TableDetail
from arco.wire.assets import AssetList
from arco.wire.facts import FactsReceipt
from arco.wire.health import Health
from arco.wire.lineage import LineageAnswer, LineageEvents
from arco.wire.logs import TaskLogs
from arco.wire.objects import TableList
from arco.wire.runs import RunList, Triggered
from arco.wire.travel import SlotList, VersionList

T = TypeVar("T")
PREFIX = "/api/v1"
Repetition: TypeAlias = Literal["reads", "by_key", "by_content"]
"""Why asking again does no harm."""


class Operation(msgspec.Struct, Generic[T], frozen=True):
    """One thing that can be asked."""

    name: str
    method: str
    path: str
    """With `{names}` for what `Asked.place` fills in."""
    answer: type[T]
    repetition: Repetition = "reads"


SHOW_HEALTH = Operation("show_health", "GET", "/health", Health)
SHOW_OVERVIEW = Operation("show_overview", "GET", "/overview", Overview)
SHOW_ASSETS = Operation("show_assets", "GET", "/assets", AssetList)
SHOW_TABLES = Operation("show_tables", "GET", "/tables", TableList)
SHOW_TABLE = Operation("show_table", "GET", "/tables/{full_name}", TableDetail)
SHOW_HISTORY = Operation("show_history", "GET", "/history", SlotList)
SHOW_VERSIONS = Operation("show_versions", "GET", "/tables/{full_name}/history", VersionList)
SHOW_DIFFERENCE = Operation("show_difference", "GET", "/diff", Difference)
SHOW_RUNS = Operation("show_runs", "GET", "/runs", RunList)
SHOW_RUN = Operation("show_run", "GET", "/runs/{run_id}", RunDetail)
TRIGGER_RUN = Operation("trigger_run", "POST", "/runs", Triggered, "by_key")
CANCEL_RUN = Operation("cancel_run", "POST", "/runs/{run_id}/cancel", RunSummary, "by_key")
SHOW_LOGS = Operation("show_logs", "GET", "/runs/{run_id}/tasks/{index}/logs", TaskLogs)
SHOW_LINEAGE = Operation("show_lineage", "GET", "/lineage/{dataset}", LineageAnswer)
SHOW_PATH = Operation("show_path", "GET", "/lineage/path", LineagePath)
SHOW_EDGE = Operation("show_edge", "GET", "/lineage/edge", EdgeStory)
EXPORT_LINEAGE = Operation("export_lineage", "GET", "/lineage/{dataset}/openlineage", LineageEvents)
SHOW_COLUMN_ORIGINS = Operation(
    "show_column_origins", "GET", "/lineage/{dataset}/columns/{column}", Origins
)
SHOW_DATASET_IMPACT = Operation("show_dataset_impact", "GET", "/impact/{dataset}", Impact)
SHOW_COLUMN_IMPACT = Operation(
    "show_column_impact", "GET", "/impact/{dataset}/columns/{column}", Impact
)
SHOW_PARTITION_IMPACT = Operation(
    "show_partition_impact", "GET", "/impact/{dataset}/partitions/{partition}", PartitionImpact
)
SHOW_VERSION_IMPACT = Operation(
    "show_version_impact", "GET", "/impact/{dataset}/versions/{version}", PartitionImpact
)
REPORT_FOREIGN_RUN = Operation("report_foreign_run", "POST", "/lineage", FactsReceipt, "by_content")
SEND_FACTS = Operation("send_facts", "POST", "/facts", FactsReceipt, "by_content")
RUN_QUERY = Operation("run_query", "POST", "/query", bytes)

OPERATIONS: tuple[Operation[Any], ...] = (
    SHOW_HEALTH,
    SHOW_OVERVIEW,
    SHOW_ASSETS,
    SHOW_TABLES,
    SHOW_TABLE,
    SHOW_HISTORY,
    SHOW_VERSIONS,
    SHOW_DIFFERENCE,
    SHOW_RUNS,
    SHOW_RUN,
    TRIGGER_RUN,
    CANCEL_RUN,
    SHOW_LOGS,
    SHOW_LINEAGE,
    SHOW_PATH,
    SHOW_EDGE,
    EXPORT_LINEAGE,
    SHOW_COLUMN_ORIGINS,
    SHOW_DATASET_IMPACT,
    SHOW_COLUMN_IMPACT,
    SHOW_PARTITION_IMPACT,
    SHOW_VERSION_IMPACT,
    REPORT_FOREIGN_RUN,
    SEND_FACTS,
    RUN_QUERY,
)

__all__ = [
    "CANCEL_RUN",
    "EXPORT_LINEAGE",
    "OPERATIONS",
    "PREFIX",
    "REPORT_FOREIGN_RUN",
    "RUN_QUERY",
    "SEND_FACTS",
    "SHOW_ASSETS",
    "SHOW_COLUMN_IMPACT",
    "SHOW_COLUMN_ORIGINS",
    "SHOW_DATASET_IMPACT",
    "SHOW_DIFFERENCE",
    "SHOW_EDGE",
    "SHOW_HEALTH",
    "SHOW_HISTORY",
    "SHOW_LINEAGE",
    "SHOW_LOGS",
    "SHOW_OVERVIEW",
    "SHOW_PARTITION_IMPACT",
    "SHOW_PATH",
    "SHOW_RUN",
    "SHOW_RUNS",
    "SHOW_TABLE",
    "SHOW_TABLES",
    "SHOW_VERSIONS",
    "SHOW_VERSION_IMPACT",
    "TRIGGER_RUN",
    "Operation",
    "Repetition",
]
