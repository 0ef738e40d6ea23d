"""Whoever has only the OpenAPI document makes a table, finds it, looks back and brings it back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.cli_project import Project, until
from tests.integration.development import Development
from tests.integration.stranger import Stranger

SECONDS_MAX = 60


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stranger]:
    development = Development(Project(tmp_path_factory.mktemp("stranger") / "shop"))
    development.line("deployed shop: 2 assets (2 new)")
    yield Stranger(development.address)
    development.process.kill()
    development.process.communicate()


def test_objects_are_made_found_changed_dropped_and_brought_back(stranger: Stranger) -> None:
    for kind in ("catalog", "namespace", "table", "view", "volume", "function"):
        made = stranger.ask(f"create_{kind}", stranger.example(f"create_{kind}"))
        one = {"full_name": made["full_name"]}
        assert stranger.ask(f"show_{kind}", **one)["etag"] == made["etag"]
        listed = stranger.ask(f"show_{kind}s", limit=1000)[f"{kind}s"]
        assert made["object_id"] in str(listed)
        stranger.ask(f"alter_{kind}", stranger.example(f"alter_{kind}"), **one)
        stranger.ask(f"tag_{kind}", stranger.example(f"tag_{kind}"), **one)
    tables = stranger.ask("show_tables", namespace="sales", fields="name,table_id")["tables"]
    assert [each["name"] for each in tables] == ["orders"]
    before = stranger.ask("show_health")["seq"]
    stranger.ask("drop_table", full_name="sales.orders")
    (dropped,) = stranger.ask("show_dropped", kind="table")["dropped"]
    then = stranger.ask("show_table", full_name="sales.orders", at=before)
    assert then["table"]["table_id"] == dropped["object_id"]
    back = stranger.ask("undrop_table", stranger.example("undrop_table"), full_name="sales.orders")
    assert back["object_id"] == dropped["object_id"]


def test_a_table_is_made_looked_back_at_and_restored(stranger: Stranger) -> None:
    def ran(which: str) -> Any:
        body = {**stranger.example("trigger_run"), "which": which, "selection": ["raw.orders"]}
        run_id = stranger.ask("trigger_run", body)["run_id"]
        ended = time.monotonic() + SECONDS_MAX
        while (run := stranger.ask("show_run", run_id=run_id)["run"]).get("ended_at") is None:
            assert time.monotonic() < ended
        return run

    assert ran("stale")["state"] == "SUCCEEDED"
    slot = stranger.ask("show_health")["seq"]
    assert ran("all")["state"] == "SUCCEEDED"
    table = {"full_name": "raw.orders"}
    now = stranger.ask("show_table", **table)["table"]["version"]
    then = stranger.ask("show_table", **table, at=slot)["table"]["version"]
    assert now > then
    versions = stranger.ask("show_versions", **table)["versions"]
    assert [each["version"] for each in versions][:2] == [now, then]
    assert stranger.ask("show_freshness", **table)["materialized"] == 1
    differs = stranger.ask("show_difference", before=slot, table="raw.orders")
    assert "raw.orders" in str(differs)
    wanted = {"tables": ["raw.orders"], "to": str(slot)}
    (plan,) = stranger.ask("plan_restore", wanted)["tables"]
    assert (plan["version_now"], plan["version_then"]) == (now, then)
    started = stranger.ask("start_restore", wanted)

    def restored() -> Any:
        return stranger.ask("show_restore", restore_id=started["restore_id"])["restored_at"]

    until(restored)
    assert stranger.ask("show_table", **table)["table"]["version"] > now
    rows = stranger.ask("run_query", {"sql": "select count(*) as n from raw.orders"})
    assert rows == [{"n": 3}]
