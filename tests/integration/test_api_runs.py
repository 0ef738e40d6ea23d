"""Runs over HTTP: a trigger is acknowledged when it is durable, and asking twice is harmless."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from arco.orchestration.controllers import end_finished_runs
from arco.service.leases import take_lease
from tests.integration.api_server import Server, deploy_shop, serving

RUNS = "/api/v1/runs"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path) as server:
        deploy_shop(server)
        yield server


def test_a_trigger_starts_a_run_that_can_be_read_at_once(server: Server) -> None:
    answer = server.post(RUNS, {"selection": ["raw.orders"]})
    run_id = answer.json()["run_id"]
    assert answer.status == 202
    detail = server.get(f"{RUNS}/{run_id}")
    assert detail.slot >= answer.slot
    assert detail.json()["run"]["total"] == 1
    assert [task["asset"] for task in detail.json()["tasks"]] == ["raw.orders"]
    assert server.get(f"{RUNS}/{run_id[-8:].lower()}").json()["run"]["run_id"] == run_id


def test_an_empty_selection_runs_everything_that_is_stale(server: Server) -> None:
    run_id = server.post(RUNS, {}).json()["run_id"]
    tasks = server.get(f"{RUNS}/{run_id}").json()["tasks"]
    assert [task["asset"] for task in tasks] == ["raw.orders", "shop.daily"]


def test_nothing_to_run_is_a_success_that_says_fresh(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        answer = server.post(RUNS, {})
        assert (answer.status, answer.json()) == (200, {"fresh": True})
        assert answer.slot >= 0


def test_a_run_key_stands_for_one_request(server: Server) -> None:
    first = server.post(RUNS, {"selection": ["raw.orders"], "run_key": "nightly"})
    again = server.post(RUNS, {"selection": ["raw.orders"], "run_key": "nightly"})
    assert again.json() == first.json()
    other = server.post(RUNS, {"selection": ["shop.daily"], "run_key": "nightly"})
    assert other.status == 409
    assert other.error()["code"] == "RUN_KEY_CONFLICT"
    assert other.error()["details"]["run_id"] == first.json()["run_id"]


def test_settings_that_nobody_reads_are_refused_before_a_run_exists(server: Server) -> None:
    answer = server.post(RUNS, {"settings": {"source": {"pages": 3}}})
    assert (answer.status, answer.error()["code"]) == (400, "SETTING_UNKNOWN")
    assert server.get(RUNS).json() == {"runs": []}


def test_runs_are_listed_newest_first(server: Server) -> None:
    made = [server.post(RUNS, {"which": "all"}).json()["run_id"] for _ in range(3)]
    listed = server.get(f"{RUNS}?limit=2").json()["runs"]
    assert [run["run_id"] for run in listed] == made[:0:-1]


def test_cancelling_asks_the_run_to_stop_and_twice_is_harmless(server: Server) -> None:
    run_id = server.post(RUNS, {}).json()["run_id"]
    first = server.post(f"{RUNS}/{run_id}/cancel", {"reason": "wrong day"})
    assert first.status == 202
    assert first.json()["cancel_requested"] or first.json()["state"] == "CANCELLED"
    again = server.post(f"{RUNS}/{run_id}/cancel", {})
    assert again.status == 202
    assert again.slot >= first.slot


def test_a_cancelled_run_is_run_again_by_the_end_of_its_id(server: Server) -> None:
    run_id = server.post(RUNS, {}).json()["run_id"]
    place = f"{RUNS}/{run_id[-8:].lower()}/rerun"
    assert server.post(place, {}).error()["code"] == "RUN_ACTIVE"
    server.post(f"{RUNS}/{run_id}/cancel", {})
    server.submit(server.workspace.database.transact(end_finished_runs.decide))
    answer = server.post(place, {"which": "unsuccessful", "run_key": "mend"})
    assert answer.status == 202
    made = answer.json()
    assert (made["parent"], made["total"], made["adopted"]) == (run_id, 2, 0)
    assert server.get(f"{RUNS}/{made['run_id']}").json()["run"]["parent"] == run_id
    again = server.post(place, {"which": "unsuccessful", "run_key": "mend"})
    assert again.json()["run_id"] == made["run_id"]


@pytest.mark.parametrize(
    ("body", "code", "status"),
    [
        ({"selection": ["no.such"]}, "ASSET_UNKNOWN", 404),
        ({"selection": ["raw.orders"], "partition": "2013-05"}, "PARTITION_NOT_TAKEN", 400),
        ({"run_key": "x" * 300}, "RUN_KEY_INVALID", 400),
        ({"which": "some"}, "REQUEST_INVALID", 400),
        ({"selection": "raw.orders"}, "REQUEST_INVALID", 400),
        ({"selections": ["raw.orders"]}, "REQUEST_INVALID", 400),
        ([], "REQUEST_INVALID", 400),
    ],
)
def test_a_refused_trigger_says_why_and_leaves_nothing(
    server: Server, body: object, code: str, status: int
) -> None:
    answer = server.post(RUNS, body)
    assert (answer.status, answer.error()["code"]) == (status, code)
    assert server.get(RUNS).json()["runs"] == []


def test_an_unknown_run_is_not_found(server: Server) -> None:
    for answer in (
        server.get(f"{RUNS}/01UNKNOWN"),
        server.post(f"{RUNS}/01UNKNOWN/cancel", {}),
        server.post(f"{RUNS}/01UNKNOWN/rerun", {}),
        server.get(f"{RUNS}/01UNKNOWN/tasks/0/logs"),
    ):
        assert answer.status == 404
        assert answer.error()["code"] == "RUN_NOT_FOUND"


def test_health_names_the_leader_by_the_log(server: Server) -> None:
    lease = server.submit(take_lease(server.workspace, server.address))
    assert lease is not None
    leader = server.get("/api/v1/health").json()["leader"]
    assert leader["epoch"] == lease.epoch
    assert leader["address"] == server.address
    lease.lock.release()
