"""Two, then four servers of one store that are killed and restarted under load behave as one.

Each answers changes, runs and facts; one leads. `--kills N` on the command line kills for longer.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from deltalake import DeltaTable

from arco.catalog.tables import NAMESPACES, TABLES
from arco.engine.history import Replay
from arco.engine.lanes.tables import FOLDINGS, QUARANTINE
from arco.engine.log import Log
from arco.formats.places import storage_options, table_uri
from arco.lineage.foreign import FOREIGN_RUNS
from arco.model import State
from arco.orchestration.tables import (
    ACTIVE_RUNS,
    DISPATCHES,
    PUBLISHING,
    RUNS,
    WAITING_PUBLICATIONS,
)
from arco.runtime import AsyncioRuntime, run
from arco.service.settings import Settings
from arco.service.workspace import Workspace, open_workspace
from arco.store import keys
from arco.testing.chance import Chance
from tests.contract.emulators import BUCKET, S3_ENVIRONMENT, s3_service
from tests.integration.cli_project import Project, until
from tests.integration.fleet import Client, Fleet, Told, asked, together
from tests.integration.leading_workspace import gone

CLIENTS = 3
TURNS_BETWEEN_KILLS = 3
LEFT_WHEN_KILLED = 2
ASSETS = """
from arco import asset

@asset(namespace="n", write_mode="append")
def first(context):
    return [{"run": context.run_id}]

@asset(namespace="n", write_mode="append", deps=["first"])
def second(context):
    return [{"run": context.run_id}]
"""
NOTHING_LEFT = (ACTIVE_RUNS, DISPATCHES, PUBLISHING, WAITING_PUBLICATIONS)
PAGES = ("/api/v1/namespaces?limit=1000", "/api/v1/tables", "/api/v1/runs?limit=1000")


@pytest.fixture
def bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name, value in S3_ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    with s3_service() as endpoint:
        yield f"s3://{BUCKET}/replicas?endpoint={endpoint}"


@pytest.fixture
def disk(tmp_path: Path) -> str:
    return str(tmp_path / "store")


@pytest.mark.timeout(0)
@pytest.mark.parametrize("where", ["disk", "bucket"])
def test_two_and_four_replicas_that_are_killed_all_the_time_behave_as_one(
    where: str, kills: int, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    store = request.getfixturevalue(where)
    project = Project(tmp_path / "p", ASSETS)
    project.arco("deploy", ARCO_STORE=store)
    fleet = Fleet(project, ARCO_STORE=store, ARCO_POLL_SECONDS="0.2")
    try:
        told = lived(fleet, kills)
        expect_one_answer(fleet, told)
    finally:
        fleet.end()
    assert gone(fleet.orphans), "workers outlived their leader"
    assert project.arco("verify", ARCO_STORE=store).out.endswith("clean\n")
    run(judged(Settings(directory=project.directory, store=store), told))
    took = ", ".join(f"{seconds:.2f}" for seconds in fleet.takeovers)
    print(f"{where}: {told.turns} turns, {len(told.created)} created, {len(told.refused)} refused,")
    print(f"{len(told.runs)} runs, {told.facts} facts, {kills} kills, takeover after {took} s")


def lived(fleet: Fleet, kills: int) -> Told:
    """What clients were told while servers, mostly the leading one, were killed."""
    fleet.grow(2)
    clients = [Client(fleet, number) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    chance = Chance(kills)
    for number in range(kills):
        if number == (kills + 1) // 2:
            fleet.grow(4)
        work(clients, turns=TURNS_BETWEEN_KILLS, left=LEFT_WHEN_KILLED)
        fleet.kill(fleet.pick(chance) if number % 3 == 2 else fleet.leader())
    fleet.grow(4)
    work(clients, turns=TURNS_BETWEEN_KILLS, left=0)
    for client in clients:
        client.stop()
    told = together(clients)
    assert told.wrong == []
    for served in fleet.servers:
        until(lambda served=served: all(map(served.succeeds, told.runs)))
        until(lambda served=served: facts_waiting(served) == 0)
    return told


def work(clients: list[Client], *, turns: int, left: int) -> None:
    """Every client is allowed so many turns more, and has no more than `left` of them left."""
    for client in clients:
        client.allowed += turns
    until(lambda: all(client.has_left(left) for client in clients))


def facts_waiting(served: Any) -> int | None:
    """Batches that are not folded yet."""
    waiting: int | None = served.ask("/api/v1/health")[1]["facts"]["waiting_batches"]
    return waiting


def expect_one_answer(fleet: Fleet, told: Told) -> None:
    """Every server, told the newest slot that any of them knows, answers the same."""
    tokens = [asked(each, "GET", path="/api/v1/overview") for each in fleet.servers]
    newest = max((t for t in tokens if t), key=lambda answer: int(answer.headers["arco-slot"]))
    state = {"Arco-State": newest.headers["arco-state"]}
    for path in PAGES:
        answers = [asked(each, "GET", path=path, headers=state) for each in fleet.servers]
        assert {answer.status for answer in answers if answer} == {200}
        bodies = {json.dumps(answer.body, sort_keys=True) for answer in answers if answer}
        assert len(bodies) == 1, f"{path} is answered in {len(bodies)} ways"
    assert len(fleet.servers) == 4


async def judged(settings: Settings, told: Told) -> None:
    """What was told stands, once; nothing is under way any more."""
    workspace = await open_workspace(settings, AsyncioRuntime())
    await workspace.database.asked(lambda state: expect_settled(state, told))
    events = await happened(workspace)
    names = Counter(each["name"] for each in events["catalog.namespace_created"])
    assert set(names.values()) == {1} and told.created.keys() <= names.keys()
    runs = Counter(each["run_id"] for each in events["orchestration.run_triggered"])
    assert runs == Counter(told.runs), "a run was triggered that nobody was told of, or twice"
    published = Counter(each["run_id"] for each in events["orchestration.run_published"])
    assert published == runs
    for table_id in await workspace.database.asked(lambda state: table_ids(state)):
        location = workspace.store.location(keys.warehouse(table_id).rstrip("/"))
        table = DeltaTable(table_uri(location), storage_options=storage_options(location))
        assert Counter(table.to_pyarrow_table()["run"].to_pylist()) == runs


def table_ids(state: State) -> list[str]:
    """The tables that runs wrote."""
    return [row.table_id for row in state.range(TABLES)]


def expect_settled(state: State, told: Told) -> None:
    """Names, runs and facts are those that clients were told of."""
    standing = {row.name: row.namespace_id for row in state.range(NAMESPACES)}
    assert told.created.items() <= standing.items()
    assert set(told.refused) <= standing.keys()
    assert {row.run_id for row in state.range(RUNS)} == set(told.runs)
    for left in NOTHING_LEFT:
        assert list(state.range(left)) == [], left.name
    (folding,) = state.range(FOLDINGS)
    assert folding.facts == told.facts == sum(1 for _ in state.range(FOREIGN_RUNS))
    assert list(state.range(QUARANTINE)) == []


async def happened(workspace: Workspace) -> dict[str, list[dict[str, Any]]]:
    """Event type -> what each of its events in the log says."""
    replay = Replay(workspace.store, workspace.runtime, workspace.database.registry)
    log = Log(workspace.store, workspace.runtime)
    found: dict[str, list[dict[str, Any]]] = {}
    seq = -1
    while slots := await log.after(seq):
        for slot in slots:
            for wire in await replay.events(slot.commit):
                found.setdefault(wire.type, []).append(msgspec.json.decode(wire.payload))
        seq = slots[-1].commit.seq
    return found
