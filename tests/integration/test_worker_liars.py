"""Worker services that lie, repeat, answer late or never, and callers that pretend to be one."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from arco.execution.proofs import countersigned
from arco.ids import attempt_id
from arco.orchestration.outcomes import ErrorCategory
from arco.orchestration.states import RunState, TaskState
from arco.service.task_tokens import TaskTokens
from arco.store.keys import Scope
from tests.integration.worker_services import (
    ANOTHER,
    FAILURE,
    SECRET,
    Played,
    Stage,
    playing,
    staged,
    until,
)

HASH = "0" * 64


@pytest.fixture
def played() -> Iterator[Played]:
    with playing() as played:
        yield played


@pytest.fixture
def stage(played: Played, tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path, played) as stage:
        yield stage


@pytest.fixture
def hasty(played: Played, tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path, played, heartbeat_timeout_seconds=0.6, cancel_grace_seconds=0) as stage:
        yield stage


def output(stage: Stage, offer: dict[str, Any], **altered: Any) -> dict[str, Any]:
    """What an honest worker says it wrote, but for what is altered."""
    envelope = offer["envelope"]
    key = f"warehouse/{envelope['table_id']}/{envelope['attempt_id']}-00000000-0-{HASH}.parquet"
    file = {"key": altered.pop("key", key), "rows": 1, "size_bytes": 10}
    return {
        "asset": envelope["asset"]["key"],
        "partition_key": "",
        "table_id": envelope["table_id"],
        "files": [{**file, **altered.pop("file", {})}],
        "schema": '{"type":"struct","fields":[]}',
        "rows": 1,
        "data_version": "sha256:1",
        **altered,
    }


def test_an_attempt_is_offered_begun_kept_alive_and_ended_over_http(stage: Stage) -> None:
    run_id = stage.trigger("n.one")
    offer = stage.played.offered()
    assert offer["callback_url"] == stage.server.address
    assert stage.tell(offer, "started").json() == {"dispatch_id": offer["envelope"]["dispatch_id"]}
    until(lambda: stage.task(run_id).state is TaskState.RUNNING)
    assert "should_cancel" not in stage.tell(offer, "heartbeat").json()
    assert stage.done(offer).status == 200
    assert stage.ended(run_id).state is RunState.SUCCEEDED


def test_an_answer_that_is_repeated_counts_once(stage: Stage) -> None:
    run_id = stage.trigger("n.one")
    offer = stage.played.offered()
    for _ in range(3):
        assert stage.tell(offer, "started").status == 200
    assert stage.done(offer).status == 200
    ended = stage.ended(run_id)
    seq = stage.server.workspace.database.seq
    for kind in ("started", "heartbeat", "completed"):
        again = stage.tell(offer, kind, completion={"error": FAILURE})
        assert (again.status, again.json()["should_cancel"]) == (200, True)
    assert stage.server.workspace.database.seq == seq
    assert stage.ended(run_id) == ended


def test_a_service_that_never_answers_costs_one_attempt(hasty: Stage) -> None:
    run_id = hasty.trigger("n.one")
    silent = hasty.played.offered()
    offer = hasty.played.offered()
    assert offer["envelope"]["attempt"] == 2
    assert hasty.tell(offer, "started").status == 200
    assert hasty.done(offer).status == 200
    assert hasty.ended(run_id).state is RunState.SUCCEEDED
    task = hasty.task(run_id)
    assert (task.attempt, task.infra_attempts) == (2, 1)
    assert hasty.tell(silent, "started").json()["should_cancel"]


def test_a_late_answer_of_an_attempt_that_was_given_up_changes_nothing(hasty: Stage) -> None:
    run_id = hasty.trigger("n.one")
    late = hasty.played.offered()
    offer = hasty.played.offered()
    told = hasty.done(late, error=FAILURE)
    assert (told.status, told.json()["should_cancel"]) == (200, True)
    assert hasty.task(run_id).state in (TaskState.DISPATCHED, TaskState.RUNNING)
    assert hasty.done(offer).status == 200
    assert hasty.ended(run_id).state is RunState.SUCCEEDED


def test_a_service_that_lives_but_never_ends_is_given_up_after_the_assets_limit(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("arco.execution.remote.LATE_SECONDS", -59.5)
    run_id = stage.trigger("n.one")
    offer = stage.played.offered()
    assert stage.tell(offer, "started").status == 200
    assert stage.ended(run_id).state is RunState.FAILED
    error = stage.task(run_id).error
    assert error is not None
    assert error.category is ErrorCategory.TIMEOUT
    assert stage.tell(offer, "heartbeat").json()["should_cancel"]


def test_a_service_that_takes_and_never_begins_is_given_up(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("arco.execution.stations.START_SECONDS_MAX", 0.2)
    run_id = stage.trigger("n.one")
    stage.played.offered()
    assert stage.played.offered()["envelope"]["attempt"] == 2
    error = stage.task(run_id).error
    assert error is not None
    assert "never began" in error.message


def test_a_service_that_does_not_stop_when_a_run_is_cancelled_is_given_up(
    hasty: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("arco.execution.remote.LATE_SECONDS", 0.0)
    run_id = hasty.trigger("n.one")
    offer = hasty.played.offered()
    assert hasty.tell(offer, "started").status == 200
    hasty.cancel(run_id)
    assert hasty.tell(offer, "heartbeat").json()["should_cancel"]
    assert hasty.ended(run_id).state is RunState.CANCELLED


LIES: dict[str, dict[str, Any]] = {
    "another asset": {"asset": "n.two"},
    "another partition": {"partition_key": "date=d:2026-01-01"},
    "another table": {"table_id": "01234567-89ab-7def-8123-456789abcdef"},
    "a file of another attempt": {
        "key": f"warehouse/TABLE/att_{'0' * 24}-00000000-0-{HASH}.parquet"
    },
    "a file outside of its table": {"key": "log/000000000000/00000000000000000000.json"},
    "a file above its table": {"key": "warehouse/TABLE/../ATTEMPT-00000000-0.parquet"},
    "fewer rows than none": {"rows": -1},
    "more rows than there can be": {"file": {"rows": 2**63}},
    "a size that is none": {"file": {"size_bytes": -1}},
    "a schema that is none": {"schema": "["},
    "statistics that are none": {"file": {"statistics": "1"}},
}


@pytest.mark.parametrize("lie", LIES)
def test_an_answer_about_something_else_is_a_lost_attempt_and_never_a_result(
    stage: Stage, lie: str
) -> None:
    run_id = stage.trigger("n.one")
    offer = stage.played.offered()
    text = json.dumps(LIES[lie]).replace("TABLE", offer["envelope"]["table_id"])
    altered = json.loads(text.replace("ATTEMPT", offer["envelope"]["attempt_id"]))
    assert stage.done(offer, output=output(stage, offer, **altered)).status == 200
    task = stage.task(run_id)
    assert (task.output, task.infra_attempts) == (None, 1)
    assert task.error is not None
    assert "was refused" in task.error.message
    assert stage.played.offered()["envelope"]["attempt"] == 2


def test_what_an_honest_worker_says_it_wrote_is_staged(stage: Stage) -> None:
    run_id = stage.trigger("n.one")
    offer = stage.played.offered()
    assert stage.done(offer, output=output(stage, offer)).status == 200
    assert stage.task(run_id).state is TaskState.SUCCEEDED


def test_a_read_of_what_is_no_upstream_is_no_lineage(stage: Stage) -> None:
    run_id = stage.trigger("n.one")
    offer = stage.played.offered()
    assert stage.done(offer, reads=[{"upstream": "n.two"}]).status == 200
    assert stage.task(run_id).infra_attempts == 1


def test_a_worker_does_not_decide_that_a_run_is_cancelled(stage: Stage) -> None:
    run_id = stage.trigger("n.one")
    offer = stage.played.offered()
    lie = {"category": "CANCELLED", "message": "it was not wanted"}
    assert stage.done(offer, error=lie).status == 200
    task = stage.task(run_id)
    assert (task.infra_attempts, task.state is TaskState.CANCELLED) == (1, False)


def test_a_workers_clock_moves_nothing_beyond_the_dispatch_and_now(stage: Stage) -> None:
    run_id = stage.trigger("n.one")
    offer = stage.played.offered()
    told = stage.tell(
        offer, "completed", started_at="1970-01-01T00:00:00Z", ended_at="2999-01-01T00:00:00+14:00"
    )
    assert told.status == 200
    task = stage.task(run_id)
    assert task.started_at is not None
    assert task.ended_at is not None
    assert task.dispatched_at is not None
    assert task.dispatched_at <= task.started_at <= task.ended_at <= datetime.now(UTC)


def test_an_answer_without_an_offset_or_a_meaning_is_refused(stage: Stage) -> None:
    stage.trigger("n.one")
    offer = stage.played.offered()
    naive = stage.tell(offer, "started", started_at="2026-01-01T00:00:00")
    assert naive.status == 400
    assert stage.tell(offer, "completed", route="started").status == 400
    assert stage.tell(offer, "started", body=b"[" * 100_000).status == 400
    assert stage.tell(offer, "started", body={"type": "started"}).status == 400
    assert stage.tell(offer, "completed", body=b" " * (17 * 1024 * 1024)).status == 413


def altered(token: str) -> dict[str, str]:
    """Tokens that differ from the good one in one part."""
    text, _, mac = token.partition(".")
    claims = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    found = {}
    for name, value in {
        "tenant": "other",
        "workspace": "other",
        "run_id": "01K000000000000000000000AA",
        "task_key": "n/two:materialize",
        "attempt": 2,
        "ends": claims["ends"] + 1,
    }.items():
        changed = json.dumps({**claims, name: value}).encode()
        found[name] = f"{base64.urlsafe_b64encode(changed).decode().rstrip('=')}.{mac}"
    for place in range(0, len(token), 7):
        other = "A" if token[place] != "A" else "B"
        found[f"character {place}"] = token[:place] + other + token[place + 1 :]
    return {
        **found,
        "cut": token[:-1],
        "without signature": f"{text}.",
        "without claims": f".{mac}",
        "longer": token + "0",
        "empty": "",
    }


def test_a_token_altered_in_any_part_opens_nothing(stage: Stage) -> None:
    run_id = stage.trigger("n.one")
    offer = stage.played.offered()
    seq = stage.server.workspace.database.seq
    for name, token in altered(offer["token"]).items():
        told = stage.tell(offer, "completed", token=token)
        assert told.status == 401, name
    assert stage.task(run_id).state is TaskState.DISPATCHED
    assert stage.server.workspace.database.seq == seq


def strangers(stage: Stage, offer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Who does not answer for the attempt, and what each sends."""
    runtime = stage.server.workspace.runtime
    token, envelope = offer["token"], offer["envelope"]
    other = f"dispatch:{envelope['run_id']}:n/two:materialize:1"
    mine = stage.server.callbacks.tokens
    of_other = mine.token(envelope["run_id"], "n/two:materialize", attempt=1)
    elsewhere = TaskTokens(runtime, Scope("other", "main"), secrets=mine._secrets)
    foreign = elsewhere.token(envelope["run_id"], envelope["task_key"], attempt=1)
    stranger = TaskTokens(runtime, stage.server.workspace.settings.scope)
    return {
        "nobody": {"credential": ""},
        "a token without the proof of a worker": {"credential": token},
        "the proof of who knows another secret": {
            "credential": countersigned(token, ANOTHER.encode())
        },
        "a token of a server with other secrets": {
            "token": stranger.token(envelope["run_id"], envelope["task_key"], attempt=1)
        },
        "a token of another tenant": {"token": foreign},
        "the token of another task": {"token": of_other},
        "a token for another task": {"dispatch_id": other},
        "a path of another attempt": {"attempt_id": attempt_id(other)},
        "the shared secret itself": {"credential": SECRET},
    }


def test_nobody_answers_for_an_attempt_but_who_was_given_it(stage: Stage) -> None:
    run_id = stage.trigger("n.one")
    offer = stage.played.offered()
    seq = stage.server.workspace.database.seq
    for name, sent in strangers(stage, offer).items():
        told = stage.tell(offer, "completed", completion={"error": FAILURE}, **sent)
        assert told.status == 401, name
        assert told.error()["code"] == "CREDENTIALS_INVALID", name
    assert stage.task(run_id).state is TaskState.DISPATCHED
    assert stage.server.workspace.database.seq == seq


def test_a_token_that_has_ended_opens_nothing_and_is_renewed_before(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("arco.service.task_tokens.TOKEN_SECONDS", 1)
    stage.trigger("n.one")
    offer = stage.played.offered()
    renewed = stage.tell(offer, "heartbeat").json()["token"]
    time.sleep(1.2)
    assert stage.tell(offer, "heartbeat").status == 401
    assert stage.tell(offer, "heartbeat", token=renewed).status == 401
    monkeypatch.setattr("arco.service.task_tokens.TOKEN_SECONDS", 900)
    fresh = stage.server.callbacks.tokens.token(
        offer["envelope"]["run_id"], offer["envelope"]["task_key"], attempt=1
    )
    assert stage.done({**offer, "token": fresh}).status == 200


def test_a_tasks_token_opens_no_other_route(stage: Stage) -> None:
    stage.trigger("n.one")
    offer = stage.played.offered()
    credential = countersigned(offer["token"], SECRET.encode())
    headers = {"Authorization": f"Bearer {credential}"}
    for path in ("/api/v1/runs", "/api/v1/tables", "/api/v1/access/me"):
        assert stage.server.ask("GET", path, headers=headers).status == 401
    for path in ("/api/v1/runs", "/api/v1/query", "/api/v1/tick", "/api//v1/tasks/x/started"):
        assert stage.server.ask("POST", path, body={}, headers=headers).status in (401, 404)


def test_a_busy_service_is_asked_again_and_a_refusal_names_what_to_mend(stage: Stage) -> None:
    stage.played.status = 503
    run_id = stage.trigger("n.one")
    until(lambda: len([r for r in stage.played.requests if r[0] == "POST"]) >= 2)
    assert stage.task(run_id).state is TaskState.DISPATCHED
    stage.played.status = 403
    assert stage.ended(run_id).state is RunState.FAILED
    error = stage.task(run_id).error
    assert error is not None
    assert error.category is ErrorCategory.CONFIGURATION
    assert "refused" in error.message


def test_a_service_that_cannot_be_reached_costs_attempts_and_then_the_task(hasty: Stage) -> None:
    hasty.played.status = 500
    run_id = hasty.trigger("n.one")
    until(lambda: hasty.task(run_id).infra_attempts == 1)
    error = hasty.task(run_id).error
    assert error is not None
    assert "could not be reached" in error.message
    hasty.played.status = 202
    offer = hasty.played.offered()
    assert hasty.done(offer).status == 200
    assert hasty.ended(run_id).state is RunState.SUCCEEDED


def test_the_next_leader_finds_an_attempt_where_it_is(played: Played, tmp_path: Path) -> None:
    with staged(tmp_path, played) as stage:
        run_id = stage.trigger("n.one")
        offer = played.offered()
        assert stage.tell(offer, "started").status == 200
    played.roll = (offer["envelope"]["dispatch_id"],)
    played.free = 0
    with staged(tmp_path, played) as stage:
        again = played.offered()
        assert again["envelope"] == offer["envelope"]
        # It signs with a secret of its own: the token so far is worth nothing.
        assert stage.tell(offer, "heartbeat").status == 401
        assert stage.done(again).status == 200
        assert stage.ended(run_id).state is RunState.SUCCEEDED
        assert stage.task(run_id).attempt == 1


def test_a_server_that_leads_no_more_still_takes_answers(stage: Stage) -> None:
    run_id = stage.trigger("n.one")
    offer = stage.played.offered()
    stage.server.callbacks.listeners.clear()
    assert stage.tell(offer, "started").status == 200
    assert stage.task(run_id).state is TaskState.RUNNING
    assert stage.done(offer).status == 200
    assert stage.ended(run_id).state is RunState.SUCCEEDED


def test_an_asset_without_worker_services_says_what_is_missing(
    played: Played, tmp_path: Path
) -> None:
    for number, (missing, named) in enumerate(
        {"worker_urls": "ARCO_WORKER_URLS", "worker_secrets": "ARCO_WORKER_SECRETS"}.items()
    ):
        directory = tmp_path / str(number)
        directory.mkdir()
        with staged(directory, played, **{missing: ""}) as stage:
            run_id = stage.trigger("n.one")
            assert stage.ended(run_id).state is RunState.FAILED
            error = stage.task(run_id).error
            assert error is not None
            assert error.category is ErrorCategory.CONFIGURATION
            assert named in error.message
