"""Publications: requested after success, one at a time per table, forward only once started."""

from __future__ import annotations

import pytest

from arco.errors import Conflict
from arco.orchestration.commands.abandoning import (
    AbandonPublication,
    abandon_publication,
    finish_undoing,
)
from arco.orchestration.commands.publications import (
    GiveUpPublication,
    RebasePublication,
    StartPublication,
    give_up_publication,
    publish_run,
    rebase_publication,
    start_publication,
    startable_publications,
    started_publications,
)
from arco.orchestration.commands.runs import CancelRun, cancel_run
from arco.orchestration.events import RunCancelRequested
from arco.orchestration.rows import PreparedTable
from arco.orchestration.states import PublicationState, RunState
from arco.orchestration.tables import (
    ASSETS,
    PARTITION_STATUS,
    PINS,
    PLANS,
    PUBLICATIONS,
    PUBLISHING,
    RUNS,
    WAITING_PUBLICATIONS,
)
from arco.testing.orchestration_samples import Bench, graph


def table_id(bench: Bench, asset: str) -> str:
    row = bench.state.get(ASSETS, asset)
    assert row is not None
    return row.table_id


def prepared(bench: Bench, asset: str, *, version: int = 1) -> PreparedTable:
    return PreparedTable(
        table_id=table_id(bench, asset), asset=asset, version=version, sha256=f"{version:064}"
    )


def ready_to_publish(*runs: str, assets: tuple[str, ...] = ("raw.a",)) -> Bench:
    bench = Bench()
    bench.deploy(*graph(dict.fromkeys(assets, ())))
    for run_id in runs:
        bench.trigger(run_id, which="all")
        for asset in assets:
            bench.succeed(run_id, asset, data=f"{run_id}-data")
    return bench


def start(bench: Bench, run_id: str, *, version: int = 1) -> None:
    tables = (prepared(bench, "raw.a", version=version),)
    bench.ask(start_publication(StartPublication(run_id=run_id, tables=tables)))


def state_of(bench: Bench, run_id: str) -> RunState:
    run = bench.state.get(RUNS, run_id)
    assert run is not None
    return run.state


def test_a_run_that_staged_data_is_running_until_it_is_published() -> None:
    bench = ready_to_publish("R1")
    assert state_of(bench, "R1") is RunState.RUNNING
    assert [row.run_id for row in startable_publications(bench.state)] == ["R1"]
    publication = bench.state.get(PUBLICATIONS, "R1")
    assert publication is not None
    assert publication.table_ids == (table_id(bench, "raw.a"),)


def test_publishing_moves_pin_materialization_and_run_in_one_event() -> None:
    bench = ready_to_publish("R1")
    start(bench, "R1", version=7)
    assert [row.run_id for row in started_publications(bench.state)] == ["R1"]
    said = bench.ask(publish_run("R1"))
    assert len(said) == 1
    pin = bench.state.get(PINS, "raw.a")
    assert pin is not None and (pin.version, pin.run_id) == (7, "R1")
    status = bench.state.get(PARTITION_STATUS, "raw.a", "")
    assert status is not None and status.materialization is not None
    assert status.materialization.table_version == 7
    assert status.materialization.data_version == "R1-data"
    assert state_of(bench, "R1") is RunState.SUCCEEDED
    for index in (PUBLISHING, WAITING_PUBLICATIONS):
        assert list(bench.state.range(index)) == []


def test_publications_of_one_table_follow_each_other() -> None:
    bench = ready_to_publish("Z", "A")
    assert [row.run_id for row in startable_publications(bench.state)] == ["Z"]
    start(bench, "Z")
    assert startable_publications(bench.state) == []
    start(bench, "A", version=2)
    assert [row.run_id for row in started_publications(bench.state)] == ["Z"]
    bench.ask(publish_run("Z"))
    assert [row.run_id for row in startable_publications(bench.state)] == ["A"]


def test_a_later_publication_does_not_overtake_one_that_waits_for_the_same_table() -> None:
    bench = ready_to_publish("R1", assets=("raw.a", "raw.b"))
    bench.trigger("R2", "raw.a", which="all")
    bench.succeed("R2", "raw.a", data="two")
    assert [row.run_id for row in startable_publications(bench.state)] == ["R1"]


def test_a_rebase_only_moves_forward() -> None:
    bench = ready_to_publish("R1")
    start(bench, "R1", version=5)
    for version in (6, 4, 6):
        tables = (prepared(bench, "raw.a", version=version),)
        bench.ask(rebase_publication(RebasePublication(run_id="R1", tables=tables)))
    publication = bench.state.get(PUBLICATIONS, "R1")
    assert publication is not None
    assert [table.version for table in publication.tables] == [6]


def test_cancelling_before_the_start_withdraws_the_publication() -> None:
    bench = ready_to_publish("R1")
    bench.ask(cancel_run(CancelRun(run_id="R1")))
    assert state_of(bench, "R1") is RunState.CANCELLED
    assert bench.state.get(PUBLICATIONS, "R1") is None
    assert startable_publications(bench.state) == []


def test_cancelling_after_the_start_is_refused() -> None:
    bench = ready_to_publish("R1")
    start(bench, "R1")
    with pytest.raises(Conflict) as refused:
        bench.ask(cancel_run(CancelRun(run_id="R1")))
    assert refused.value.code == "RUN_PUBLISHING"


def test_a_cancellation_that_was_decided_before_the_start_does_not_undo_it() -> None:
    bench = ready_to_publish("R1")
    start(bench, "R1")
    before = bench.state.dump()
    bench.state.fold([RunCancelRequested(run_id="R1", requested_at=bench.now)])
    assert bench.state.dump() == before


def test_a_publication_that_cannot_start_fails_the_run() -> None:
    bench = ready_to_publish("R1")
    give_up = give_up_publication(GiveUpPublication(run_id="R1", message="schema changed"))
    bench.ask(give_up)
    run = bench.state.get(RUNS, "R1")
    assert run is not None and run.state is RunState.FAILED
    assert run.message == "schema changed"
    assert bench.ask(give_up) == ()


def test_a_publication_names_exactly_the_tables_of_its_run() -> None:
    bench = ready_to_publish("R1", assets=("raw.a", "raw.b"))
    start(bench, "R1")
    publication = bench.state.get(PUBLICATIONS, "R1")
    assert publication is not None and publication.state is PublicationState.REQUESTED


def test_a_run_pins_the_upstream_versions_of_its_trigger() -> None:
    bench = Bench()
    bench.deploy(*graph({"raw.a": (), "end.b": ("raw.a",)}))
    bench.trigger("R1", "raw.a")
    bench.succeed("R1", "raw.a", data="one")
    start(bench, "R1", version=3)
    bench.ask(publish_run("R1"))
    bench.trigger("R2", "end.b")
    plan = bench.state.get(PLANS, "R2")
    assert plan is not None and plan.pins == {"raw.a": 3}


def abandon(bench: Bench, run_id: str, *standing: PreparedTable) -> None:
    undo = tuple(prepared(bench, table.asset, version=table.version + 1) for table in standing)
    command = AbandonPublication(
        run_id=run_id, tables=undo, standing=standing, code="SCHEMA_CHANGED", message="it changed"
    )
    bench.ask(abandon_publication(command))


def test_an_abandoned_publication_of_which_nothing_stands_frees_its_tables_and_fails() -> None:
    bench = ready_to_publish("R1", "R2")
    start(bench, "R1")
    abandon(bench, "R1")
    assert list(bench.state.range(PUBLISHING)) == []
    # In that very commit: no table of it is left by which another leader would find it.
    run = bench.state.get(RUNS, "R1")
    assert run is not None and (run.state, run.message) == (RunState.FAILED, "it changed")
    assert bench.state.get(PUBLICATIONS, "R1") is None
    assert bench.state.get(PINS, "raw.a") is None
    assert [row.run_id for row in startable_publications(bench.state)] == ["R2"]
    assert list(bench.ask(finish_undoing("R1"))) == []


def test_what_stands_of_an_abandoned_publication_holds_its_tables_until_it_is_taken_back() -> None:
    bench = ready_to_publish("R1", "R2", assets=("raw.a", "raw.b"))
    tables = tuple(prepared(bench, asset) for asset in ("raw.a", "raw.b"))
    bench.ask(start_publication(StartPublication(run_id="R1", tables=tables)))
    abandon(bench, "R1", tables[0])
    abandon(bench, "R1", tables[0])
    assert [row.table_id for row in bench.state.range(PUBLISHING)] == [tables[0].table_id]
    assert startable_publications(bench.state) == []
    assert [row.run_id for row in started_publications(bench.state)] == ["R1"]
    assert list(bench.ask(publish_run("R1"))) == []
    with pytest.raises(Conflict, match="being published"):
        bench.ask(cancel_run(CancelRun(run_id="R1")))
    later = RebasePublication(run_id="R1", tables=(prepared(bench, "raw.a", version=9),))
    bench.ask(rebase_publication(later))
    row = bench.state.get(PUBLICATIONS, "R1")
    assert row is not None and row.standing == tables[:1]
    assert [table.version for table in row.tables] == [9]
    bench.ask(finish_undoing("R1"))
    assert list(bench.state.range(PUBLISHING)) == []
    assert [row.run_id for row in startable_publications(bench.state)] == ["R2"]


def test_a_table_that_cannot_be_written_to_any_more_is_not_waited_for() -> None:
    bench = ready_to_publish("R1")
    start(bench, "R1")
    abandon(bench, "R1", prepared(bench, "raw.a"))
    abandon(bench, "R1")
    assert bench.state.get(PUBLICATIONS, "R1") is None
    assert list(bench.state.range(PUBLISHING)) == []
    assert state_of(bench, "R1") is RunState.FAILED
