"""Every operation of the API as requests: those that name an object, tell everything, are for some.

A test compares the names with the OpenAPI document, so that a new operation is tried, too.
"""

from __future__ import annotations

from typing import Any

import msgspec


class Spoken(msgspec.Struct, frozen=True):
    """A request that speaks of one object: `{it}` is its name."""

    method: str
    path: str
    body: Any = None
    of: str = "table"
    """`table`, `namespace`, `run`, `schedule`, `sensor`, `notifier`, `backfill` or `key`."""


# Operation -> requests that name an object. What is hidden must answer like what is not there.
SPEAKING: dict[str, tuple[Spoken, ...]] = {
    "show_assets": (
        Spoken("GET", "/api/v1/assets?project=shop&owner={it}"),
        Spoken("GET", "/api/v1/assets?group={it}", of="namespace"),
    ),
    "show_tables": (Spoken("GET", "/api/v1/tables?namespace={it}", of="namespace"),),
    "show_columns": (Spoken("GET", "/api/v1/columns?namespace={it}", of="namespace"),),
    "search": (
        Spoken("GET", "/api/v1/search?q={it}"),
        Spoken("GET", "/api/v1/search?q={it}", of="view"),
        Spoken("GET", "/api/v1/search?q={it}", of="catalog"),
        Spoken("GET", "/api/v1/search?namespace={it}", of="namespace"),
        Spoken("GET", "/api/v1/search?namespace={it}", of="catalog"),
        Spoken("GET", "/api/v1/search?tag=hidden&owner={it}"),
    ),
    "show_table": (
        Spoken("GET", "/api/v1/tables/{it}"),
        Spoken("GET", "/api/v1/tables/{it}?fields=columns"),
    ),
    "show_run": (Spoken("GET", "/api/v1/runs/{it}", of="run"),),
    "rerun_run": (
        Spoken("POST", "/api/v1/runs/{it}/rerun", {}, of="run"),
        Spoken("POST", "/api/v1/runs/{it}/rerun", {"which": "unsuccessful"}, of="run"),
    ),
    "explain_run": (
        Spoken("GET", "/api/v1/runs/{it}/why", of="run"),
        Spoken("GET", "/api/v1/runs/{it}/why?task={it}", of="run"),
    ),
    "explain_asset": (
        Spoken("GET", "/api/v1/assets/{it}/why"),
        Spoken("GET", "/api/v1/assets/{it}/why?partition=x"),
    ),
    "show_plan": (
        Spoken("GET", "/api/v1/plan?select={it}"),
        Spoken("GET", "/api/v1/plan?select=%2B{it}&which=all&diff=true"),
        Spoken("GET", "/api/v1/plan?which=all&against={it}", of="run"),
    ),
    "show_partitions": (Spoken("GET", "/api/v1/assets/{it}/partitions"),),
    "show_stale": (
        Spoken("GET", "/api/v1/stale?select={it}"),
        Spoken("GET", "/api/v1/stale?select=%2B{it}"),
    ),
    "show_checks": (Spoken("GET", "/api/v1/checks?asset={it}"),),
    "cancel_run": (Spoken("POST", "/api/v1/runs/{it}/cancel", {}, of="run"),),
    "prioritize_run": (Spoken("POST", "/api/v1/runs/{it}/priority", {"priority": 1}, of="run"),),
    "show_schedule": (Spoken("GET", "/api/v1/schedules/{it}", of="schedule"),),
    "show_ticks": (Spoken("GET", "/api/v1/schedules/{it}/ticks", of="schedule"),),
    "enable_schedule": (Spoken("POST", "/api/v1/schedules/{it}/enable", b"", of="schedule"),),
    "disable_schedule": (Spoken("POST", "/api/v1/schedules/{it}/disable", b"", of="schedule"),),
    "fire_schedule": (Spoken("POST", "/api/v1/schedules/{it}/tick", b"", of="schedule"),),
    "show_sensor": (Spoken("GET", "/api/v1/sensors/{it}", of="sensor"),),
    "show_sensor_evaluations": (Spoken("GET", "/api/v1/sensors/{it}/evaluations", of="sensor"),),
    "enable_sensor": (Spoken("POST", "/api/v1/sensors/{it}/enable", b"", of="sensor"),),
    "disable_sensor": (Spoken("POST", "/api/v1/sensors/{it}/disable", b"", of="sensor"),),
    "ask_sensor": (Spoken("POST", "/api/v1/sensors/{it}/tick", b"", of="sensor"),),
    "set_sensor_cursor": (
        Spoken("POST", "/api/v1/sensors/{it}/cursor", {"cursor": 1}, of="sensor"),
    ),
    "send_sensor_message": (
        Spoken("POST", "/api/v1/sensors/{it}/messages", {"message_id": "m"}, of="sensor"),
    ),
    "show_notifier": (Spoken("GET", "/api/v1/notifiers/{it}", of="notifier"),),
    "test_notifier": (Spoken("POST", "/api/v1/notifiers/{it}/test", b"", of="notifier"),),
    "show_notifications": (Spoken("GET", "/api/v1/notifications?notifier={it}", of="notifier"),),
    "show_condition": (
        Spoken("GET", "/api/v1/conditions/{it}"),
        Spoken("GET", "/api/v1/conditions/{it}?partition=x"),
    ),
    "enable_condition": (Spoken("POST", "/api/v1/conditions/{it}/enable", b""),),
    "disable_condition": (Spoken("POST", "/api/v1/conditions/{it}/disable", b""),),
    "create_backfill": (
        Spoken("POST", "/api/v1/backfills", {"selection": ["{it}"]}),
        Spoken("POST", "/api/v1/backfills", {"selection": ["+{it}"], "which": "missing"}),
    ),
    "show_backfill": (Spoken("GET", "/api/v1/backfills/{it}", of="backfill"),),
    "show_backfill_chunks": (Spoken("GET", "/api/v1/backfills/{it}/chunks", of="backfill"),),
    "pause_backfill": (Spoken("POST", "/api/v1/backfills/{it}/pause", b"", of="backfill"),),
    "resume_backfill": (Spoken("POST", "/api/v1/backfills/{it}/resume", b"", of="backfill"),),
    "cancel_backfill": (Spoken("POST", "/api/v1/backfills/{it}/cancel", {}, of="backfill"),),
    "retry_backfill": (Spoken("POST", "/api/v1/backfills/{it}/retry", b"", of="backfill"),),
    "set_backfill": (Spoken("PATCH", "/api/v1/backfills/{it}", {"concurrency": 2}, of="backfill"),),
    "show_logs": (Spoken("GET", "/api/v1/runs/{it}/tasks/0/logs", of="run"),),
    "trigger_run": (
        Spoken("POST", "/api/v1/runs", {"selection": ["{it}"], "which": "all"}),
        Spoken("POST", "/api/v1/runs", {"selection": ["+{it}"], "which": "all"}),
    ),
    "show_lineage": (Spoken("GET", "/api/v1/lineage/{it}"),),
    "show_path": (
        Spoken("GET", "/api/v1/lineage/path?upstream=sales.orders&downstream={it}"),
        Spoken("GET", "/api/v1/lineage/path?upstream={it}&downstream=sales.orders"),
    ),
    "show_edge": (
        Spoken("GET", "/api/v1/lineage/edge?upstream=sales.orders&downstream={it}"),
        Spoken("GET", "/api/v1/lineage/edge?upstream={it}&downstream=sales.orders"),
    ),
    "export_lineage": (Spoken("GET", "/api/v1/lineage/{it}/openlineage"),),
    "show_column_origins": (Spoken("GET", "/api/v1/lineage/{it}/columns/id"),),
    "show_dataset_impact": (Spoken("GET", "/api/v1/impact/{it}"),),
    "show_column_impact": (Spoken("GET", "/api/v1/impact/{it}/columns/id"),),
    "show_partition_impact": (Spoken("GET", "/api/v1/impact/{it}/partitions/x"),),
    "show_version_impact": (
        Spoken("GET", "/api/v1/impact/{it}/versions/1"),
        Spoken("GET", "/api/v1/impact/sales.orders/versions/1?into={it}"),
    ),
    "run_query": (
        Spoken("POST", "/api/v1/query", {"sql": "SELECT count(*) FROM {it}"}),
        Spoken("POST", "/api/v1/query", {"sql": "SELECT * FROM {it} AT (VERSION => 7)"}),
        Spoken("POST", "/api/v1/query", {"sql": "DESCRIBE {it}"}),
        Spoken("POST", "/api/v1/query", {"sql": "SELECT * FROM system.search('{it}')"}),
        Spoken("POST", "/api/v1/query", {"sql": "EXPLAIN SELECT * FROM sales.orders, {it}"}),
    ),
    "explain_access": (
        Spoken("GET", "/api/v1/access/explain?privilege=SELECT&on=table:{it}"),
        Spoken("GET", "/api/v1/access/explain?privilege=SELECT&on=column:{it}.id"),
        Spoken("GET", "/api/v1/access/explain?privilege=SELECT&on=namespace:{it}", of="namespace"),
    ),
    "show_grants": (Spoken("GET", "/api/v1/access/grants?on=table:{it}"),),
    "show_policies": (Spoken("GET", "/api/v1/access/policies?on=table:{it}"),),
    "set_policy": (
        Spoken("POST", "/api/v1/access/policies", {"on": "table:{it}", "expression": "true"}),
        Spoken("POST", "/api/v1/access/policies", {"on": "column:{it}.id", "expression": "1"}),
    ),
    "remove_policy": (Spoken("DELETE", "/api/v1/access/policies?on=table:{it}"),),
    "give_grant": (
        Spoken(
            "POST",
            "/api/v1/access/grants",
            {"privilege": "SELECT", "on": "table:{it}", "to": "user:ann"},
        ),
    ),
    "revoke_grant": (
        Spoken(
            "DELETE",
            "/api/v1/access/grants?privilege=SELECT&on=table:{it}&principal=user:ann",
        ),
    ),
    "show_versions": (Spoken("GET", "/api/v1/tables/{it}/history"),),
    "show_restore": (Spoken("GET", "/api/v1/restores/{it}", of="run"),),
    "rotate_key": (Spoken("POST", "/api/v1/access/keys/{it}/rotate", {}, of="key"),),
    "revoke_key": (Spoken("DELETE", "/api/v1/access/keys/{it}", of="key"),),
}
# Pages that name an object: what is hidden must look like what is not there on them, too.
SPEAKING |= {
    "page of a table": (Spoken("GET", "/tables/{it}"), Spoken("GET", "/lineage/{it}")),
    "page of a namespace": (Spoken("GET", "/catalog/{it}", of="namespace"),),
    "page of an asset": (Spoken("GET", "/assets/{it}"), Spoken("GET", "/partitions/{it}")),
    "page of cells": (Spoken("GET", "/partitions/{it}?start=0&until=1"),),
    "page of a backfill": (Spoken("GET", "/backfill?selection={it}"),),
    "page of a run": (
        Spoken("GET", "/runs/{it}", of="run"),
        Spoken("GET", "/runs/{it}/tasks/0", of="run"),
        Spoken("GET", "/cancel/{it}", of="run"),
        Spoken("GET", "/rerun/{it}", of="run"),
    ),
    "page of a search": (Spoken("GET", "/search.json?q={it}"),),
    "page of an access": (Spoken("GET", "/access?on=table:{it}"),),
    "page of a materialization": (Spoken("GET", "/materialize?selection={it}"),),
    "page of a notifier": (
        Spoken("GET", "/notifications/{it}", of="notifier"),
        Spoken("GET", "/notifications/{it}/test", of="notifier"),
    ),
    "page of a sensor": (
        Spoken("GET", "/sensors/{it}", of="sensor"),
        Spoken("GET", "/sensors/{it}/enable", of="sensor"),
        Spoken("GET", "/sensors/{it}/disable", of="sensor"),
        Spoken("GET", "/sensors/{it}/tick", of="sensor"),
    ),
    "page of a condition": (
        Spoken("GET", "/conditions/{it}"),
        Spoken("GET", "/conditions/{it}?partition=x"),
        Spoken("GET", "/conditions/{it}/enable"),
        Spoken("GET", "/conditions/{it}/disable"),
    ),
    "page of versions": (Spoken("GET", "/versions/{it}"),),
}
KINDS = {
    "catalog": "catalogs",
    "namespace": "namespaces",
    "table": "tables",
    "view": "views",
    "volume": "volumes",
    "function": "functions",
}


def spoken_of(kind: str) -> dict[str, tuple[Spoken, ...]]:
    """Every change of one object of a kind, and a look at it."""
    path = f"/api/v1/{KINDS[kind]}/{{it}}"
    return {
        f"show_{kind}": (Spoken("GET", path, of=kind),),
        f"alter_{kind}": (Spoken("PATCH", path, {"comment": "x"}, of=kind),),
        f"tag_{kind}": (Spoken("POST", f"{path}/tags", {"tags": {"a": "b"}}, of=kind),),
        f"move_{kind}": (Spoken("POST", f"{path}/move", {"to": "main.sales.x"}, of=kind),),
        f"drop_{kind}": (
            Spoken("DELETE", path, of=kind),
            Spoken("DELETE", f"{path}?contents=drop", of=kind),
        ),
        f"undrop_{kind}": (Spoken("POST", f"{path}/undrop", {}, of=kind),),
    }


for each in KINDS:
    SPEAKING |= {name: SPEAKING.get(name, ()) + tried for name, tried in spoken_of(each).items()}
SPEAKING |= {
    "show_schemas": (Spoken("GET", "/api/v1/tables/{it}/schemas"),),
    "show_freshness": (Spoken("GET", "/api/v1/tables/{it}/freshness"),),
    "refresh_table": (Spoken("POST", "/api/v1/tables/{it}/refresh", {}),),
    "show_catalogs": (Spoken("GET", "/api/v1/catalogs?fields=name"),),
    "show_namespaces": (Spoken("GET", "/api/v1/namespaces?catalog={it}", of="catalog"),),
    "show_views": (Spoken("GET", "/api/v1/views?namespace={it}", of="namespace"),),
    "show_volumes": (Spoken("GET", "/api/v1/volumes?namespace={it}", of="namespace"),),
    "show_functions": (Spoken("GET", "/api/v1/functions?namespace={it}", of="namespace"),),
    "create_namespace": (
        Spoken("POST", "/api/v1/namespaces", {"name": "main.{it}.below"}, of="namespace"),
        Spoken("POST", "/api/v1/namespaces", {"name": "{it}.below"}, of="catalog"),
    ),
    "create_table": (
        Spoken("POST", "/api/v1/tables", {"name": "{it}.fresh"}, of="namespace"),
        Spoken("POST", "/api/v1/tables", {"name": "{it}"}),
    ),
    "create_view": (
        Spoken("POST", "/api/v1/views", {"name": "{it}", "texts": {"duckdb": "SELECT 1"}}),
    ),
    "create_volume": (Spoken("POST", "/api/v1/volumes", {"name": "{it}"}),),
    "create_function": (
        Spoken(
            "POST",
            "/api/v1/functions",
            {"name": "{it}", "returns": "bigint", "texts": {"duckdb": "1"}},
        ),
    ),
    "change_catalog": (
        Spoken(
            "POST",
            "/api/v1/catalog/changes",
            {"changes": [{"change": "drop", "kind": "table", "name": "{it}"}]},
        ),
    ),
}
# Operations that name no object: they tell everything, and nothing hidden is in it.
TELLING: dict[str, Spoken] = {
    "show_health": Spoken("GET", "/api/v1/health"),
    "show_assets": Spoken("GET", "/api/v1/assets"),
    "show_stale": Spoken("GET", "/api/v1/stale"),
    "show_checks": Spoken("GET", "/api/v1/checks"),
    "show_tables": Spoken("GET", "/api/v1/tables"),
    "show_columns": Spoken("GET", "/api/v1/columns"),
    "search": Spoken("GET", "/api/v1/search?limit=200"),
    "show_runs": Spoken("GET", "/api/v1/runs"),
    "show_schedules": Spoken("GET", "/api/v1/schedules"),
    "show_sensors": Spoken("GET", "/api/v1/sensors"),
    "show_conditions": Spoken("GET", "/api/v1/conditions"),
    "show_notifiers": Spoken("GET", "/api/v1/notifiers"),
    "show_notifications": Spoken("GET", "/api/v1/notifications"),
    "show_breaches": Spoken("GET", "/api/v1/breaches"),
    "show_backfills": Spoken("GET", "/api/v1/backfills"),
    "show_catalogs": Spoken("GET", "/api/v1/catalogs"),
    "show_namespaces": Spoken("GET", "/api/v1/namespaces"),
    "show_views": Spoken("GET", "/api/v1/views"),
    "show_volumes": Spoken("GET", "/api/v1/volumes"),
    "show_functions": Spoken("GET", "/api/v1/functions"),
    "show_tags": Spoken("GET", "/api/v1/tags"),
    "show_dropped": Spoken("GET", "/api/v1/dropped"),
    "show_changes": Spoken("GET", "/api/v1/changes?after=start"),
    "show_lineage": Spoken("GET", "/api/v1/lineage/sales.orders?down=10"),
    "show_overview": Spoken("GET", "/api/v1/overview"),
    "show_me": Spoken("GET", "/api/v1/access/me"),
    "show_grants": Spoken("GET", "/api/v1/access/grants"),
    "show_keys": Spoken("GET", "/api/v1/access/keys"),
    **{
        f"page {path}": Spoken("GET", path)
        for path in (
            "/",
            "/index.json",
            "/catalog",
            "/assets",
            "/runs",
            "/search",
            "/lineage",
            "/checks",
            "/sensors",
            "/conditions",
            "/breaches",
            "/notifications",
            "/sql.json",
            "/access",
        )
    },
}
# Operations for some only: others are refused whatever they name.
REFUSED: dict[str, Spoken] = {
    "send_facts": Spoken(
        "POST",
        "/api/v1/facts",
        {"facts": [{"type": "lineage.foreign_run_reported", "payload": {}}]},
    ),
    "report_foreign_run": Spoken("POST", "/api/v1/lineage", {}),
    "show_principals": Spoken("GET", "/api/v1/access/principals"),
    "add_principal": Spoken("POST", "/api/v1/access/principals", {"principal": "user:eve"}),
    "disable_principal": Spoken("POST", "/api/v1/access/principals/user:olga/disable"),
    "enable_principal": Spoken("POST", "/api/v1/access/principals/user:olga/enable"),
    "show_limits": Spoken("GET", "/api/v1/limits"),
    "limit_runs": Spoken("POST", "/api/v1/limits", {"name": "*", "runs_max": 2}),
    "show_pools": Spoken("GET", "/api/v1/pools"),
    "size_pool": Spoken("POST", "/api/v1/pools", {"name": "warehouse", "slots": 2}),
    "unsize_pool": Spoken("DELETE", "/api/v1/pools/warehouse"),
    "show_pins": Spoken("GET", "/api/v1/pins"),
    "create_pin": Spoken("POST", "/api/v1/pins", {"name": "kept"}),
    "drop_pin": Spoken("DELETE", "/api/v1/pins/kept"),
    "remove_principal": Spoken("DELETE", "/api/v1/access/principals/user:olga"),
    "add_member": Spoken(
        "POST", "/api/v1/access/members", {"group": "group:analysts", "member": "user:ann"}
    ),
    "remove_member": Spoken(
        "DELETE", "/api/v1/access/members?group=group:analysts&member=user:bob"
    ),
    "create_catalog": Spoken("POST", "/api/v1/catalogs", {"name": "another"}),
    "mint_urls": Spoken("POST", "/api/v1/browser/urls", {}),
    "show_history": Spoken("GET", "/api/v1/history"),
    "show_difference": Spoken("GET", "/api/v1/diff?before=1"),
    "plan_restore": Spoken("POST", "/api/v1/restore/plan", {"tables": ["hr.people"], "to": "1"}),
    "start_restore": Spoken("POST", "/api/v1/restore", {"tables": ["sales.orders"], "to": "1"}),
    "list_quarantined_facts": Spoken("GET", "/api/v1/facts/quarantine"),
    "show_quarantined_fact": Spoken("GET", "/api/v1/facts/quarantine/x/0/0"),
    "retry_quarantined_facts": Spoken("POST", "/api/v1/facts/quarantine/retry", {}),
    "create_key": Spoken("POST", "/api/v1/access/keys", {"principal": "user:olga"}),
}
