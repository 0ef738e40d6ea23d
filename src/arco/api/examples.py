"""An example of every request body, for whoever has nothing but the OpenAPI document.

They go together: the table that one makes is the one that the others speak of. Must not know
routes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from arco.catalog.kinds import Kind

JSON = "application/json"
CREATED: Mapping[Kind, dict[str, Any]] = {
    Kind.CATALOG: {"name": "lab", "comment": "Experiments."},
    Kind.NAMESPACE: {"name": "sales", "comment": "What is sold.", "tags": {"team": "sales"}},
    Kind.TABLE: {
        "name": "sales.orders",
        "comment": "One row an order.",
        "columns": [
            {"name": "order_id", "type": "bigint", "nullable": False},
            {"name": "amount", "type": "decimal(10,2)", "comment": "Net, in euro."},
        ],
        "tags": {"layer": "gold"},
    },
    Kind.VIEW: {
        "name": "sales.big",
        "texts": {"duckdb": "select * from sales.orders where amount > 100"},
    },
    Kind.VOLUME: {"name": "sales.invoices"},
    Kind.FUNCTION: {
        "name": "sales.net",
        "parameters": [{"name": "gross", "type": "double"}],
        "returns": "double",
        "texts": {"duckdb": "gross / 1.2"},
    },
}
MOVED: Mapping[Kind, str] = {
    Kind.CATALOG: "research",
    Kind.NAMESPACE: "europe",
    Kind.TABLE: "sales.archive",
    Kind.VIEW: "sales.large",
    Kind.VOLUME: "sales.bills",
    Kind.FUNCTION: "sales.without_tax",
}


def _of_kind(kind: Kind) -> dict[str, Any]:
    column = {"column": "amount"} if kind is Kind.TABLE else {}
    return {
        f"create_{kind}": CREATED[kind],
        f"alter_{kind}": {"comment": "Said anew.", "properties": {"retention": "7d"}},
        f"tag_{kind}": {"tags": {"pii": "no", "draft": None}, **column},
        f"move_{kind}": {"to": MOVED[kind]},
        f"undrop_{kind}": {"to": CREATED[kind]["name"]},
    }


EXAMPLES: Mapping[str, Any] = {
    **{name: example for kind in Kind for name, example in _of_kind(kind).items()},
    "change_catalog": {
        "changes": [
            {"change": "create_namespace", "name": "raw"},
            {"change": "move", "kind": "table", "name": "sales.orders", "to": "raw.orders"},
            {"change": "drop", "kind": "view", "name": "sales.big"},
        ]
    },
    "trigger_run": {"selection": ["raw.orders+"], "which": "stale"},
    "rerun_run": {"which": "unsuccessful"},
    "limit_runs": {"name": "tag:team=sales", "runs_max": 2},
    "prioritize_run": {"priority": 10},
    "size_pool": {"name": "warehouse", "slots": 4},
    "cancel_run": {"reason": "the source is being repaired"},
    "report_foreign_run": {
        "eventType": "COMPLETE",
        "eventTime": "2026-03-01T12:00:00Z",
        "run": {"runId": "0190a5c5-0000-7000-8000-000000000001"},
        "job": {"namespace": "cron", "name": "copy_orders"},
        "inputs": [{"namespace": "arco", "name": "sales.orders"}],
        "outputs": [{"namespace": "bi", "name": "orders"}],
    },
    "send_facts": {
        "facts": [
            {
                "type": "lineage.foreign_run_reported",
                "key": "copy_orders/2026-03-01",
                "payload": {
                    "eventType": "COMPLETE",
                    "eventTime": "2026-03-01T12:00:00Z",
                    "run": {"runId": "0190a5c5-0000-7000-8000-000000000001"},
                    "job": {"namespace": "cron", "name": "copy_orders"},
                },
            }
        ]
    },
    "retry_quarantined_facts": {
        "facts": [{"lane": "01JM4Q2T9S0V7W8X9YZABCDEFG", "slot": 3, "position": 14}]
    },
    "plan_restore": {"tables": ["raw.orders"], "to": "v0"},
    "start_restore": {"tables": ["raw.orders"], "to": "v0"},
    "set_sensor_cursor": {"cursor": "2026-03-01"},
    "send_sensor_message": {"message_id": "delivery-17", "payload": {"file": "orders-17.csv"}},
    "create_backfill": {
        "selection": ["raw.flights+"],
        "partitions": ["2013-01..2013-06"],
        "which": "missing",
        "concurrency": 4,
    },
    "cancel_backfill": {"reason": "the source is being mended"},
    "set_backfill": {"concurrency": 16},
    "run_query": {
        "sql": "select name, rows from system.catalog.tables where namespace = $1 order by name",
        "parameters": ["sales"],
        "format": "json",
    },
    "mint_urls": {"tables": ["catalog.tables", "catalog.columns"], "seconds": 300},
    "create_pin": {"name": "quarter-end", "reason": "audit", "expires_hours": 2160},
    "give_grant": {"privilege": "SELECT", "on": "table:sales.orders", "to": "group:analysts"},
    "add_principal": {"principal": "group:analysts", "description": "Who reads reports."},
    "add_member": {"group": "group:analysts", "member": "user:ann"},
    "create_key": {"principal": "service:loader", "name": "nightly", "days": 30},
    "rotate_key": {"overlap_hours": 2, "days": 30},
    "set_policy": {
        "on": "column:sales.orders.amount",
        "expression": "null",
        "exempt": ["group:analysts"],
    },
}


def with_examples(document: dict[str, Any]) -> dict[str, Any]:
    """The document with the example of each request body."""
    for methods in document["paths"].values():
        for operation in methods.values():
            example = EXAMPLES.get(operation["operationId"])
            if example is not None and JSON in operation.get("requestBody", {}).get("content", {}):
                operation["requestBody"]["content"][JSON]["example"] = example
    return document


__all__ = ["EXAMPLES", "with_examples"]
