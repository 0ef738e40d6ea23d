"""Quarantined facts over HTTP and at the command line: listed, shown, tried again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.integration.api_server import Server, serving
from tests.integration.cli_project import Project
from tests.integration.test_facts import fold, report, sent

GOOD = report("r1", "COMPLETE", inputs=["raw"], outputs=["mart"])
BAD = {**GOOD, "eventTime": "yesterday"}


def quarantine(server: Server, *bodies: dict[str, Any]) -> dict[str, Any]:
    """Send facts, fold them, and return the receipt."""
    receipt: dict[str, Any] = server.post("/api/v1/facts", {"facts": list(bodies)}).json()
    fold(server)
    return receipt


def test_what_waits_is_listed_page_by_page_and_shown_as_it_was_sent(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        receipt = quarantine(server, sent(BAD, key="k"), sent(GOOD), sent({"eventType": 7}))
        first = server.get("/api/v1/facts/quarantine?limit=1").json()
        second = server.get(
            f"/api/v1/facts/quarantine?limit=1&cursor={first['next_cursor']}"
        ).json()
        assert [row["position"] for row in first["facts"] + second["facts"]] == [0, 2]
        assert "next_cursor" not in second
        place = f"{receipt['lane']}/{receipt['slot']}/0"
        shown = server.get(f"/api/v1/facts/quarantine/{place}").json()
        assert (shown["code"], shown["key"], shown["payload"]) == ("FACT_INVALID", "k", BAD)
        only = server.get("/api/v1/facts/quarantine?fields=code").json()
        assert only["facts"] == [{"code": "FACT_INVALID"}] * 2


def test_a_place_where_nothing_waits_is_not_found(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        answer = server.get("/api/v1/facts/quarantine/01JM4Q2T9S0V7W8X9YZABCDEFG/0/0")
        assert (answer.status, answer.error()["code"]) == (404, "FACT_NOT_FOUND")


def test_what_is_refused_again_stays(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        receipt = quarantine(server, sent(BAD), sent(BAD))
        place = {"lane": receipt["lane"], "slot": receipt["slot"], "position": 1}
        one = server.post("/api/v1/facts/quarantine/retry", {"facts": [place]})
        assert one.json() == {"tried": 1, "released": 0, "unreadable": 0}
        every = server.post("/api/v1/facts/quarantine/retry", {})
        assert every.json() == {"tried": 2, "released": 0, "unreadable": 0}
        assert len(server.get("/api/v1/facts/quarantine").json()["facts"]) == 2


def test_facts_that_only_arco_records_are_refused_before_anything_is_taken(
    tmp_path: Path,
) -> None:
    with serving(tmp_path) as server:
        closed = {"type": "catalog.table_seen", "payload": {}}
        answer = server.post("/api/v1/facts", {"facts": [sent(GOOD), closed]})
        assert (answer.status, answer.error()["code"]) == (403, "FACT_TYPE_RESERVED")
        assert answer.error()["details"]["position"] == 1
        assert fold(server) == 0


def test_a_server_tells_how_far_folding_is_as_its_store_does(tmp_path: Path) -> None:
    project = Project(tmp_path)
    with serving(tmp_path) as server:
        quarantine(server, sent(BAD))
        server.post("/api/v1/facts", {"facts": [sent(GOOD), sent(GOOD)]})
        fold(server)
        there = project.arco("facts", "status", "--server", server.address, "--json").json()
        shown = project.arco("facts", "status", "--server", server.address).out
    here = project.arco("facts", "status", "--json").json()
    counts = ("facts", "quarantined", "duplicates", "newest_fold", "waiting_batches")
    assert [there[name] for name in counts] == [here[name] for name in counts]
    assert there["quarantined"] == 1
    assert f"{there['facts']:,}" in shown


def test_the_command_line_lists_shows_and_retries(tmp_path: Path) -> None:
    project = Project(tmp_path)
    with serving(tmp_path) as server:
        receipt = quarantine(server, sent(BAD))
    place = f"{receipt['lane']}/{receipt['slot']}/0"
    assert place in project.arco("facts", "quarantine", "list").out
    (row,) = project.arco("facts", "quarantine", "list", "--json").json()
    assert row["code"] == "FACT_INVALID"
    shown = project.arco("facts", "quarantine", "show", place, "--json").json()
    assert (shown["place"], shown["fact"]["payload"]) == (place, BAD)
    assert '"yesterday"' in project.arco("facts", "quarantine", "show", place).out
    assert (
        "0 facts released, 1 fact refused again" in project.arco("facts", "quarantine", "retry").out
    )
    missing = project.arco("facts", "quarantine", "show", "x/0/0", code=1)
    assert "FACT_NOT_FOUND" in missing.err
