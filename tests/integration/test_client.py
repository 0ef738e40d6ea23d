"""`arco.Client` against a running server: one journey, and everything that gets lost on the way."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

import arco
from arco import errors
from arco.client.runs import LogReader
from arco.engine.lanes.zstd import decompress
from arco.ids import attempt_id, dispatch_id, new_uuid7
from arco.model import Event
from arco.runtime import AsyncioRuntime
from arco.store import keys
from tests.contract.proxies import Loss, Plan, losing_proxy, scripted_service
from tests.integration.api_server import Server, deploy_shop, serving

RUNTIME = AsyncioRuntime()
ZSTD = b"\x28\xb5\x2f\xfd"
LANE_BYTES_MAX = 1_000_000
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path) as server:
        deploy_shop(server)
        yield server


@pytest.fixture
def client(server: Server) -> Iterator[arco.Client]:
    with arco.Client(server.address, patience_seconds=2.0) as client:
        yield client


@pytest.fixture
def lossy(server: Server) -> Iterator[tuple[arco.Client, Plan]]:
    """A client whose way to the server loses what its plan says."""
    host = f"127.0.0.1:{server.port}"
    with (
        losing_proxy(server.address, host=host) as (address, plan),
        arco.Client(address, patience_seconds=5.0) as client,
    ):
        yield client, plan


def test_a_journey_through_everything_that_can_be_asked(client: arco.Client) -> None:
    assert client.health().status == "ok"
    assert [each.asset for each in client.assets.list()] == ["raw.orders", "shop.daily"]
    assert [each.asset for each in client.assets.list(project="other")] == []
    assert list(client.tables.list(namespace="raw")) == []
    triggered = client.runs.trigger("raw.orders")
    detail = client.runs.get(triggered.run_id)
    assert [task.asset for task in detail.tasks] == ["raw.orders"]
    assert client.runs.cancel(triggered.run_id, reason="a test").run_id == triggered.run_id
    assert [run.run_id for run in client.runs.list()] == [triggered.run_id]
    assert list(client.runs.list(state="SUCCEEDED")) == []
    receipt = client.lineage.report(
        {
            "eventTime": "2026-03-01T12:00:00Z",
            "eventType": "COMPLETE",
            "run": {"runId": "0190a5c5-0000-7000-8000-000000000001"},
            "job": {"namespace": "cron", "name": "copy"},
            "inputs": [{"namespace": "arco", "name": "raw.orders"}],
            "outputs": [{"namespace": "bi", "name": "sales"}],
        }
    )
    assert receipt.count == 1
    assert client.lineage.walk("raw.orders").dataset == "raw.orders"
    rows = client.query("select key from system.orchestration.assets order by key")
    assert rows.arrow().column("key").to_pylist() == ["raw.orders", "shop.daily"]
    assert (rows.count, rows.is_truncated) == (2, False)


def test_rows_come_as_arrow_dicts_or_text(client: arco.Client) -> None:
    sql = "select ? as n"
    assert client.query(sql, parameters=[7]).dicts() == [{"n": 7}]
    assert client.query(sql, parameters=[7], format="json").dicts() == [{"n": 7}]
    csv = client.query(sql, parameters=[7], format="csv")
    assert csv.text() == "n\n7\n"
    with pytest.raises(errors.Invalid, match="came as csv"):
        csv.arrow()


def test_pages_are_asked_for_as_they_are_needed(client: arco.Client, server: Server) -> None:
    made = [client.runs.trigger(which="all").run_id for _ in range(55)]
    listed = client.runs.list()
    assert next(listed).run_id == made[-1]
    late = client.runs.trigger(which="all").run_id
    assert [run.run_id for run in listed] == made[-2::-1]
    assert next(client.runs.list()).run_id == late


@pytest.mark.parametrize(
    ("kind", "code"),
    [(errors.NotFound, "ASSET_UNKNOWN"), (errors.Invalid, "PARTITION_NOT_TAKEN")],
)
def test_an_error_is_raised_as_the_class_that_the_server_raised(
    client: arco.Client, kind: type[errors.ArcoError], code: str
) -> None:
    unknown = code == "ASSET_UNKNOWN"
    with pytest.raises(kind) as caught:
        client.runs.trigger("no.such" if unknown else "raw.orders", partition="2013-05")
    assert caught.value.code == code
    assert caught.value.hint
    assert caught.value.details["request_id"]


@pytest.mark.parametrize("loss", list(Loss))
@pytest.mark.parametrize("at", [0, 1])
def test_a_change_whose_answer_is_lost_is_done_once(
    lossy: tuple[arco.Client, Plan], server: Server, loss: Loss, at: int
) -> None:
    client, plan = lossy
    plan.lose(loss, at)
    first = client.runs.trigger(which="all")
    second = client.runs.trigger(which="all")
    assert plan.asked == 3
    listed = server.get("/api/v1/runs").json()["runs"]
    assert [run["run_id"] for run in listed] == [second.run_id, first.run_id]


def test_facts_whose_receipt_is_lost_count_once(
    lossy: tuple[arco.Client, Plan], server: Server
) -> None:
    client, plan = lossy
    plan.lose(Loss.ANSWER, 0)
    report = {
        "type": "lineage.foreign_run_reported",
        "payload": {
            "eventTime": "2026-03-01T12:00:00Z",
            "run": {"runId": "r"},
            "job": {"namespace": "cron", "name": "copy"},
        },
    }
    client.facts.send([report])
    first, again = _fact_keys(server)
    assert first == again


def test_reads_and_queries_are_asked_again(lossy: tuple[arco.Client, Plan]) -> None:
    client, plan = lossy
    for loss in Loss:
        plan.lose(loss, 0)
        assert client.health().status == "ok"
        plan.lose(loss, 0)
        assert client.query("select 1 as n").dicts() == [{"n": 1}]


def test_a_change_that_stays_unanswered_names_the_key_that_finds_out(server: Server) -> None:
    host = f"127.0.0.1:{server.port}"
    with losing_proxy(server.address, host=host) as (address, plan):
        plan.lose(Loss.ANSWER, 0)
        hasty = arco.Client(address, patience_seconds=0.0)
        with pytest.raises(errors.Unavailable) as caught:
            hasty.runs.trigger(which="all")
        hasty.close()
    assert caught.value.code == "OUTCOME_UNKNOWN"
    key = caught.value.details["idempotency_key"]
    with arco.Client(server.address) as client:
        found = client.runs.trigger(which="all", key=key)
        assert [run.run_id for run in client.runs.list()] == [found.run_id]


def test_the_caller_s_own_key_makes_a_change_happen_once(client: arco.Client) -> None:
    key = new_uuid7(RUNTIME)
    first, again = (client.runs.trigger(which="all", key=key) for _ in range(2))
    assert first == again
    with pytest.raises(errors.Invalid, match="sent before"):
        client.runs.trigger(which="stale", key=key)


def test_nobody_listening_is_told_as_unreachable() -> None:
    with scripted_service() as (address, _):
        gone = address
    with arco.Client(gone, patience_seconds=0.2) as client:
        with pytest.raises(errors.Unavailable) as caught:
            client.runs.trigger(which="all")
        assert caught.value.code == "SERVER_UNREACHABLE"
        assert "idempotency_key" not in caught.value.details


@pytest.mark.parametrize(
    ("status", "code"),
    [(200, "ANSWER_UNREADABLE"), (404, "ANSWER_UNREADABLE"), (502, "SERVER_UNREACHABLE")],
)
def test_what_is_no_server_of_ours_is_told_so(status: int, code: str) -> None:
    with (
        scripted_service() as (address, script),
        arco.Client(address, patience_seconds=0.3) as client,
    ):
        script.say(status, "Nonsense")
        with pytest.raises(errors.ArcoError) as caught:
            client.health()
    assert caught.value.code == code
    assert len(script.asked) == (1 if status < 500 else len(script.asked))
    assert status < 500 or len(script.asked) > 1


def test_one_client_serves_many_threads(client: arco.Client) -> None:
    seen: list[str] = []

    def work() -> None:
        run = client.runs.trigger(which="all")
        seen.append(client.runs.get(run.run_id).run.run_id)

    threads = [threading.Thread(target=work) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(run.run_id for run in client.runs.list()) == sorted(seen)


def test_what_was_written_is_read_through_another_replica(tmp_path: Path) -> None:
    with serving(tmp_path) as one, serving(tmp_path) as other:
        deploy_shop(one)
        writer = arco.Client(one.address)
        reader = arco.Client(other.address, staleness_ms=60_000)
        list(reader.runs.list())
        run_id = writer.runs.trigger(which="all").run_id
        reader.see(writer.state)
        assert reader.runs.get(run_id).run.run_id == run_id
        writer.close()
        reader.close()


def test_reads_see_what_others_wrote_unless_they_may_be_old(tmp_path: Path) -> None:
    with serving(tmp_path) as one, serving(tmp_path) as other:
        deploy_shop(one)
        with arco.Client(one.address) as writer, arco.Client(other.address) as reader:
            assert list(reader.runs.list()) == []
            run_id = writer.runs.trigger(which="all").run_id
            assert next(reader.runs.list()).run_id == run_id


def test_a_lost_history_is_noticed_and_can_be_taken_knowingly(client: arco.Client) -> None:
    client.see(f"999999.{'0' * 64}")
    with pytest.raises(errors.Precondition) as caught:
        list(client.assets.list())
    assert caught.value.code == "HISTORY_ROLLBACK"
    client.forget_state()
    assert len(list(client.assets.list())) == 2


def test_events_belong_to_the_trace_that_the_client_follows(
    client: arco.Client, server: Server
) -> None:
    heard: list[Event] = []
    server.workspace.database.listeners.append(lambda applied: heard.extend(applied.events))
    client.following(TRACE).runs.trigger(which="all")
    assert TRACE.split("-")[1] in {event.trace for event in heard}
    with pytest.raises(errors.Invalid, match="traceparent"):
        client.following("junk")


def test_a_task_s_lines_are_read_over_many_chunks_and_each_once(
    client: arco.Client, server: Server
) -> None:
    run_id = client.runs.trigger("raw.orders").run_id
    (task,) = client.runs.get(run_id).tasks
    attempted = attempt_id(dispatch_id(run_id, task.task_key, 1))

    def store(number: int) -> None:
        line = f'{{"ts":"2026-03-01T12:00:00Z","stream":"stdout","line":"{number}"}}\n'
        key = keys.task_log(run_id, attempted, number)
        server.submit(server.workspace.store.create(key, line.encode()))

    begun = msgspec.structs.replace(task, attempt=1)
    reader = LogReader(client._asker)
    for number in range(11):
        store(number)
    lines = list(reader.fresh(run_id, [begun]))
    assert [line.line for line in lines] == [str(number) for number in range(11)]
    assert {(line.task, line.attempt) for line in lines} == {("raw.orders", 1)}
    store(11)
    assert [line.line for line in reader.fresh(run_id, [begun])] == ["11"]
    with pytest.raises(errors.NotFound, match="no task"):
        list(client.runs.logs(run_id, task="nothing"))


def test_the_past_is_read_as_it_was(client: arco.Client) -> None:
    before = client.health().seq
    client.runs.trigger(which="all")
    past = client.as_of(str(before))
    sql = "select count(*) as n from system.orchestration.runs"
    assert (client.query(sql).dicts(), past.query(sql).dicts()) == ([{"n": 1}], [{"n": 0}])
    assert list(past.runs.list()) == []
    slots = [line.slot for line in client.history.slots()]
    assert slots == list(range(client.health().seq, -1, -1))
    changed = client.history.difference(str(before))
    assert "system.orchestration.runs" in [each.table for each in changed.system]
    with pytest.raises(errors.NotFound):
        list(client.history.versions("no.such"))


def test_waiting_for_a_run_ends_when_it_takes_too_long(client: arco.Client) -> None:
    run_id = client.runs.trigger("raw.orders").run_id
    with pytest.raises(errors.Unavailable) as caught:
        client.runs.wait(run_id, seconds_max=0.0)
    assert caught.value.code == "RUN_NOT_ENDED"


def test_any_route_can_be_asked_as_json(client: arco.Client) -> None:
    assert client.ask("GET", "/assets", query={"limit": 1})["assets"][0]["asset"] == "raw.orders"
    made = client.ask("POST", "/runs", body={"which": "all"})
    assert client.ask("GET", f"/runs/{made['run_id']}")["run"]["run_id"] == made["run_id"]
    with pytest.raises(errors.NotFound, match="no such route"):
        client.ask("GET", "/{nothing}")


def test_a_closed_client_refuses(server: Server) -> None:
    client = arco.Client(server.address)
    client.close()
    with pytest.raises(errors.Invalid, match="closed"):
        client.health()


def _fact_keys(server: Server) -> list[str]:
    """The keys of all facts that the server took."""
    store = server.workspace.store

    async def bodies() -> list[bytes]:
        found = [await store.get(entry.key) for entry in await store.list("lanes/")]
        return [body for body in found if body is not None and body.startswith(ZSTD)]

    texts = [
        decompress(body, size_bytes_max=LANE_BYTES_MAX).decode() for body in server.submit(bodies())
    ]
    return re.findall(r'"key":"([^"]+)"', "".join(texts))
