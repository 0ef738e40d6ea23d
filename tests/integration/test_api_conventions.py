"""What is the same on every route: keys, tokens, pages, fields, tags, traces and failures."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from arco.api.strictness import refuse_unknown_parameters
from arco.ids import milliseconds, new_uuid7, uuid7
from arco.model import Event
from arco.runtime import AsyncioRuntime
from arco.testing.stores import Call, CountingStore, Fault, FaultyStore
from tests.integration.api_server import JSON, Answer, Server, deploy_shop, serving

RUNTIME = AsyncioRuntime()
RUN = {"which": "all"}
TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path) as server:
        deploy_shop(server)
        yield server


def trigger(server: Server, key: str, *, body: object = RUN, **headers: str) -> Answer:
    sent = {"Idempotency-Key": key, **headers}
    return server.ask("POST", "/api/v1/runs", body=body, headers=sent)


def counted(server: Server) -> CountingStore:
    """What the server asks its store for from now on."""
    database = server.workspace.database
    counting = CountingStore(database.log._store)
    database.log._store = counting
    return counting


def test_a_repeated_change_is_answered_as_the_first_time_and_not_done_again(
    server: Server,
) -> None:
    key = new_uuid7(RUNTIME)
    first, again = trigger(server, key), trigger(server, key)
    assert (first.status, again.status) == (202, 202)
    assert again.body == first.body
    assert again.slot == first.slot
    assert again.headers["Arco-Repeated"] == "true"
    assert first.headers["Arco-Repeated"] is None
    assert len(server.get("/api/v1/runs").json()["runs"]) == 1


def test_fields_in_another_order_are_the_same_request(server: Server) -> None:
    key = new_uuid7(RUNTIME)
    first = trigger(server, key, body=b'{"which":"all","run_key":"nightly"}')
    again = trigger(server, key, body=b'{ "run_key": "nightly", "which": "all" }')
    assert again.body == first.body


def test_the_same_key_with_another_request_is_refused(server: Server) -> None:
    key = new_uuid7(RUNTIME)
    trigger(server, key)
    answer = trigger(server, key, body={"which": "all", "partition": "x"})
    assert (answer.status, answer.error()["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")


@pytest.mark.parametrize("key", ["7", "not-a-key", "6f1c3a52-0000-4000-8000-000000000000"])
@pytest.mark.parametrize("path", ["/api/v1/runs", "/api/v1/facts", "/api/v1/runs/x/cancel"])
def test_a_key_that_is_no_uuid7_is_refused_on_every_change(
    server: Server, path: str, key: str
) -> None:
    answer = server.ask("POST", path, body={}, headers={"Idempotency-Key": key})
    assert (answer.status, answer.error()["code"]) == (400, "IDEMPOTENCY_KEY_INVALID")


def test_an_old_key_is_refused_as_expired(server: Server) -> None:
    old = uuid7(milliseconds(RUNTIME.now() - timedelta(days=8)), 1)
    answer = trigger(server, old)
    assert (answer.status, answer.error()["code"]) == (400, "IDEMPOTENCY_KEY_EXPIRED")


def test_a_refusal_that_was_decided_with_an_event_is_told_again(server: Server) -> None:
    trigger(server, new_uuid7(RUNTIME), body={"which": "all", "run_key": "k"})
    key = new_uuid7(RUNTIME)
    other = {"which": "stale", "run_key": "k"}
    first, again = trigger(server, key, body=other), trigger(server, key, body=other)
    assert first.status == again.status == 409
    assert first.error()["code"] == again.error()["code"] == "RUN_KEY_CONFLICT"
    assert first.error()["details"] == again.error()["details"]


def test_a_change_over_http_costs_one_put_and_at_most_one_get(server: Server) -> None:
    store = counted(server)
    answer = trigger(server, new_uuid7(RUNTIME))
    assert answer.status == 202
    assert store.counts("log/*") == {"create": 1}
    store.reset()
    run_id = answer.json()["run_id"]
    server.post(f"/api/v1/runs/{run_id}/cancel", {})
    assert store.counts("log/*") == {"create": 1}


def test_a_read_with_a_token_that_was_applied_asks_the_store_nothing(server: Server) -> None:
    token = trigger(server, new_uuid7(RUNTIME)).headers["Arco-State"]
    store = counted(server)
    answer = server.get("/api/v1/runs", **{"Arco-State": token})
    assert len(answer.json()["runs"]) == 1
    assert store.counts() == {}
    server.get("/api/v1/runs")
    assert store.counts() == {"get": 1}


def test_a_read_that_may_be_old_looks_at_most_once_per_interval(server: Server) -> None:
    store = counted(server)
    for _ in range(5):
        assert server.get("/api/v1/runs", **{"Arco-Max-Staleness-Ms": "60000"}).status == 200
    assert store.counts() in ({}, {"get": 1})
    error = server.get("/api/v1/runs", **{"Arco-Max-Staleness-Ms": "soon"}).error()
    assert error["code"] == "STALENESS_INVALID"


def test_a_token_from_a_lost_history_is_refused_and_raises_an_alert(server: Server) -> None:
    newest = server.workspace.database.seq
    forged = f"{newest + 3}.{'0' * 64}"
    answer = server.get("/api/v1/runs", **{"Arco-State": forged})
    assert (answer.status, answer.error()["code"]) == (412, "HISTORY_ROLLBACK")
    (alert,) = server.get("/api/v1/health").json()["alerts"]
    assert alert["code"] == "HISTORY_ROLLBACK"
    assert trigger(server, new_uuid7(RUNTIME)).status == 202
    assert server.get("/api/v1/runs", **{"Arco-State": "x"}).error()["code"] == (
        "STATE_TOKEN_INVALID"
    )


def test_a_write_of_one_replica_is_seen_through_another_with_its_token(tmp_path: Path) -> None:
    with serving(tmp_path) as one, serving(tmp_path) as other:
        deploy_shop(one)
        made = trigger(one, new_uuid7(RUNTIME))
        headers = {"Arco-State": made.headers["Arco-State"], "Arco-Max-Staleness-Ms": "60000"}
        run_id = made.json()["run_id"]
        assert other.get(f"/api/v1/runs/{run_id}", **headers).status == 200


class Line:
    """A line to the store that loses what it is told to lose."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def fault(self, call: Call) -> Fault | None:
        return self.faults.pop(0) if call.verb == "create" and self.faults else None


def test_an_unknown_outcome_is_resolved_behind_the_answer_and_found_by_its_key(
    server: Server,
) -> None:
    database, line, key = server.workspace.database, Line(), new_uuid7(RUNTIME)
    database.log._store = FaultyStore(database.log._store, line)
    line.faults = [Fault.UNANSWERED, *[Fault.LOST] * 8]
    database.outcome_seconds = 0.2
    unknown = trigger(server, key)
    error = unknown.error()
    assert (unknown.status, error["code"]) == (503, "OUTCOME_UNKNOWN")
    assert error["details"] == {"idempotency_key": key}
    assert int(unknown.headers["Retry-After"]) >= 1
    database.outcome_seconds = 20.0
    again = trigger(server, key)
    assert again.status == 202
    assert again.headers["Arco-Repeated"] == "true"
    assert len(server.get("/api/v1/runs").json()["runs"]) == 1


def test_an_object_has_a_tag_that_changes_with_it(server: Server) -> None:
    run_id = trigger(server, new_uuid7(RUNTIME)).json()["run_id"]
    path = f"/api/v1/runs/{run_id}"
    tag = server.get(path).headers["ETag"]
    kept = server.get(path, **{"If-None-Match": f'"other", {tag}'})
    assert (kept.status, kept.body) == (304, b"")
    assert kept.headers["ETag"] == tag
    server.post(f"{path}/cancel", {})
    changed = server.get(path, **{"If-None-Match": tag})
    assert changed.status == 200
    assert changed.headers["ETag"] != tag


def test_a_change_is_refused_when_the_object_is_not_what_if_match_names(server: Server) -> None:
    run_id = trigger(server, new_uuid7(RUNTIME)).json()["run_id"]
    path = f"/api/v1/runs/{run_id}"
    tag = server.get(path).headers["ETag"]

    def cancel(tag: str) -> Answer:
        return server.ask("POST", f"{path}/cancel", body={}, headers={"If-Match": tag})

    stale = cancel('"0123"')
    assert (stale.status, stale.error()["code"]) == (412, "ETAG_MISMATCH")
    assert cancel(tag).status == 202
    assert cancel(tag).status == 412
    nowhere = trigger(server, new_uuid7(RUNTIME), **{"If-Match": tag})
    assert nowhere.error()["code"] == "IF_MATCH_UNSUPPORTED"


def test_pages_follow_each_other_whatever_changes_meanwhile(server: Server) -> None:
    first = [trigger(server, new_uuid7(RUNTIME)).json()["run_id"] for _ in range(5)]
    page = server.get("/api/v1/runs?limit=2").json()
    seen = [run["run_id"] for run in page["runs"]]
    trigger(server, new_uuid7(RUNTIME))
    server.post(f"/api/v1/runs/{seen[0]}/cancel", {})
    while "next_cursor" in page:
        page = server.get(f"/api/v1/runs?limit=2&cursor={page['next_cursor']}").json()
        seen += [run["run_id"] for run in page["runs"]]
    assert seen == first[::-1]


def test_filters_let_through_what_they_name(server: Server) -> None:
    run_id = trigger(server, new_uuid7(RUNTIME)).json()["run_id"]
    server.post(f"/api/v1/runs/{run_id}/cancel", {})
    state = server.get("/api/v1/runs").json()["runs"][0]["state"]
    assert len(server.get(f"/api/v1/runs?state={state}").json()["runs"]) == 1
    assert server.get("/api/v1/runs?state=SUCCEEDED").json() == {"runs": []}
    assert server.get("/api/v1/runs?state=NO").status == 400
    assert server.get("/api/v1/assets?project=other").json() == {"assets": []}
    assert len(server.get("/api/v1/assets?project=shop").json()["assets"]) == 2
    assert server.get("/api/v1/assets?tag=layer=raw").json() == {"assets": []}


@pytest.mark.parametrize("cursor", ["x", "e30", "WyJhIl0", "W1sxXSwiYXNzZXRzIl0", "%00"])
def test_a_cursor_that_nobody_gave_is_refused(server: Server, cursor: str) -> None:
    assert server.get(f"/api/v1/assets?cursor={cursor}").error()["code"] == "CURSOR_INVALID"


def test_a_cursor_of_another_filter_is_refused(server: Server) -> None:
    cursor = server.get("/api/v1/assets?limit=1").json()["next_cursor"]
    answer = server.get(f"/api/v1/assets?limit=1&project=shop&cursor={cursor}")
    assert answer.error()["code"] == "CURSOR_INVALID"


def test_only_the_fields_that_were_asked_for_are_answered(server: Server) -> None:
    page = server.get("/api/v1/assets?fields=asset,project&limit=1").json()
    assert page["assets"] == [{"asset": "raw.orders", "project": "shop"}]
    assert "next_cursor" in page
    run_id = trigger(server, new_uuid7(RUNTIME)).json()["run_id"]
    assert server.get(f"/api/v1/runs/{run_id}?fields=checks").json() == {"checks": []}
    for path in ("/api/v1/assets?fields=nothing", f"/api/v1/runs/{run_id}?fields="):
        answer = server.get(path)
        assert answer.status == (400 if "nothing" in path else 200)
    assert server.get("/api/v1/runs?fields=secret").error()["code"] == "FIELD_UNKNOWN"


def test_a_trace_goes_through_to_the_events_and_comes_back(server: Server) -> None:
    heard: list[Event] = []
    server.workspace.database.listeners.append(lambda applied: heard.extend(applied.events))
    sent = {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}
    answer = trigger(server, new_uuid7(RUNTIME), **sent)
    assert answer.headers["traceparent"].split("-")[1] == TRACE
    assert answer.headers["traceparent"] != sent["traceparent"]
    assert TRACE in {event.trace for event in heard}
    fresh = server.get("/api/v1/health", traceparent="00-junk").headers["traceparent"]
    assert len(fresh) == 55


@pytest.mark.parametrize(
    "path", ["/", "/api/v1/tables?limit=1", "/api/v1/tables/nothing", "/api/v1/no-such-route"]
)
def test_a_head_tells_what_a_get_would_without_its_body(server: Server, path: str) -> None:
    asked, told = server.get(path), server.ask("HEAD", path)
    assert (told.status, told.body) == (asked.status, b"")
    for name in ("Content-Type", "Content-Length", "Arco-State", "ETag"):
        assert told.headers[name] == asked.headers[name]


def test_a_head_of_what_goes_on_for_ever_ends(server: Server) -> None:
    told = server.ask("HEAD", "/api/v1/changes", headers={"Accept": "text/event-stream"})
    assert (told.status, told.body) == (200, b"")
    assert told.headers["Content-Type"].startswith("text/event-stream")


def test_a_head_decides_nothing(server: Server) -> None:
    assert server.ask("HEAD", "/api/v1/query").status == 405


def test_many_clients_with_one_key_make_one_run(server: Server) -> None:
    key = new_uuid7(RUNTIME)

    async def many() -> list[Answer]:
        works = [asyncio.to_thread(trigger, server, key) for _ in range(40)]
        return list(await asyncio.gather(*works))

    answers = asyncio.run(many())
    bodies: set[Any] = {answer.body for answer in answers}
    assert len(bodies) == 1
    assert sum(answer.headers["Arco-Repeated"] is None for answer in answers) == 1
    assert JSON["Content-Type"] == answers[0].headers["Content-Type"]


def test_no_request_is_handed_to_a_thread_before_its_route_reads_it() -> None:
    """The framework does so with whatever is no coroutine, and each such way costs milliseconds."""
    assert inspect.iscoroutinefunction(refuse_unknown_parameters)
