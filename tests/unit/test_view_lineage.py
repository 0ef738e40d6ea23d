"""Lineage goes through views: what their texts read, through every change of the catalog."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from arco.access.callers import Caller, Method, local_owner
from arco.access.events import GrantGiven
from arco.access.privileges import Kind as SecurableKind
from arco.access.privileges import Privilege
from arco.catalog.changes import CatalogChange
from arco.catalog.finding import look_up
from arco.catalog.kinds import Kind
from arco.catalog.tables import VIEWS
from arco.errors import ArcoError, NotFound
from arco.lineage.columns import COLUMN_EDGES, TRACED_DATASETS
from arco.lineage.evidence import Certainty, evidence_of
from arco.lineage.exports import openlineage
from arco.lineage.impact import column_impact
from arco.lineage.tables import CONSUMERS, EDGES
from arco.lineage.walks import walk_down, walk_up
from arco.model import Event, State
from arco.runtime import AsyncioRuntime, run
from arco.service.changing import Changing
from arco.service.columns import split_column
from arco.service.settings import Settings
from arco.service.workspace import Workspace, assemble
from arco.store.memory import MemoryStore

OWNER = local_owner("local", "main")
ANN = Caller(principal="user:ann", tenant="local", workspace="main", method=Method.KEY)
FLIGHTS = ["id", "Delay", "carrier"]


class Desk:
    """A workspace in memory whose catalog is changed."""

    def __init__(self) -> None:
        self.workspace: Workspace

    async def open(self) -> None:
        settings = Settings(directory=Path("/nowhere"))
        self.workspace = await assemble(settings, AsyncioRuntime(), root=MemoryStore())
        for name in ("raw", "mart"):
            await self.change("create_namespace", name)
        await self.table("raw.flights", FLIGHTS)

    async def change(self, change: str, name: str, **more: Any) -> None:
        command: Any = msgspec.convert({"change": change, "name": name, **more}, CatalogChange)
        decision = Changing(self.workspace, [command], caller=OWNER).decide
        await self.workspace.database.transact(decision)

    async def table(self, name: str, columns: Sequence[str]) -> None:
        fields = [{"name": column, "type": "bigint"} for column in columns]
        await self.change("create_table", name, columns=fields)

    async def view(self, name: str, **texts: str) -> None:
        await self.change("create_view", name, texts=texts)

    async def of_view(self, change: str, name: str, **more: Any) -> None:
        await self.change(change, name, kind="view", **more)

    @property
    def state(self) -> State:
        return self.workspace.database.state


def told(steps: Any) -> None:
    """The steps are taken at a fresh desk."""

    async def main() -> None:
        desk = Desk()
        await desk.open()
        await steps(desk)

    run(main())


def sources(state: State, view: str) -> set[tuple[str, str, str]]:
    rows = state.range(COLUMN_EDGES, view)
    return {(row.column, row.upstream, row.upstream_column) for row in rows}


def below(state: State, dataset: str) -> list[str]:
    return [step.downstream for step in walk_down(state, dataset, hops=5).steps]


def reason(state: State, view: str) -> str:
    row = state.get(TRACED_DATASETS, view)
    assert row is not None
    return row.reason


def test_impact_of_a_column_goes_through_views_and_views_of_views() -> None:
    async def steps(desk: Desk) -> None:
        text = "select id, delay + 1 as late, 7 as week from raw.flights where carrier = 'UA'"
        await desk.view("mart.late", duckdb=text)
        await desk.view("mart.later", duckdb="select *, late * 2 as twice from mart.late")
        found = column_impact(desk.state, "raw.flights", column="Delay").affected
        named = {(each.dataset, each.column, each.effect.value) for each in found}
        assert named == {
            ("mart.late", "late", "VALUES"),
            ("mart.later", "late", "VALUES"),
            ("mart.later", "twice", "VALUES"),
        }
        assert below(desk.state, "raw.flights") == ["mart.late", "mart.later"]
        (edge,) = evidence_of(desk.state, [("raw.flights", "mart.late")])
        assert (edge.certainty, edge.run_id) == (Certainty.PARSED, "")
        assert openlineage(desk.state, ["mart.late"]) == []
        assert split_column(desk.state, "mart.later.week") == ("mart.later", "week")
        assert split_column(desk.state, "mart.later") == ("mart.later", "")
        with pytest.raises(NotFound, match="no column"):
            split_column(desk.state, "mart.later.nothing")

    told(steps)


def test_the_edges_of_a_view_follow_its_text_its_name_its_drop_and_its_return() -> None:
    async def steps(desk: Desk) -> None:
        await desk.table("raw.planes", ["tail"])
        await desk.view("mart.late", duckdb="select delay from raw.flights")
        await desk.of_view("alter", "mart.late", texts={"duckdb": "select tail from raw.planes"})
        assert below(desk.state, "raw.flights") == []
        assert sources(desk.state, "mart.late") == {("tail", "raw.planes", "tail")}
        await desk.of_view("move", "mart.late", to="raw.late")
        assert below(desk.state, "raw.planes") == ["raw.late"]
        assert sources(desk.state, "mart.late") == set()
        await desk.change("move", "raw", kind="namespace", to="main.base")
        assert below(desk.state, "base.planes") == []
        assert reason(desk.state, "base.late") == "there is no table raw.planes"
        await desk.change("move", "base", kind="namespace", to="main.raw")
        await desk.of_view("drop", "raw.late")
        assert below(desk.state, "raw.planes") == []
        assert desk.state.get(TRACED_DATASETS, "raw.late") is None
        await desk.of_view("undrop", "raw.late")
        assert sources(desk.state, "raw.late") == {("tail", "raw.planes", "tail")}

    told(steps)


def test_a_view_is_traced_again_when_what_it_reads_changes() -> None:
    async def steps(desk: Desk) -> None:
        await desk.view("mart.gates", duckdb="select * from raw.gates")
        assert reason(desk.state, "mart.gates") == "there is no table raw.gates"
        await desk.table("raw.gates", ["gate"])
        assert sources(desk.state, "mart.gates") == {("gate", "raw.gates", "gate")}
        await desk.change("drop", "raw.gates", kind="table")
        assert sources(desk.state, "mart.gates") == set()
        await desk.table("raw.gates", ["gate", "hall"])
        assert ("hall", "raw.gates", "hall") in sources(desk.state, "mart.gates")

    told(steps)


def test_what_is_not_understood_is_an_edge_of_tables_with_the_reason() -> None:
    async def steps(desk: Desk) -> None:
        await desk.view("mart.odd", duckdb="select ((( from raw.flights")
        await desk.view("mart.picked", duckdb="select columns('d.*') from raw.flights")
        await desk.view("mart.foreign", klingon="select id from raw.flights")
        await desk.view("mart.loop", duckdb="select * from mart.loop2")
        await desk.view("mart.loop2", duckdb="select * from mart.loop")
        for view, why in (
            ("mart.odd", "not understood"),
            ("mart.picked", "COLUMNS"),
            ("mart.foreign", "'klingon' is not known"),
        ):
            assert why in reason(desk.state, view)
            assert [step.upstream for step in walk_up(desk.state, view, hops=1).steps] == [
                "raw.flights"
            ]
        assert "deep" in reason(desk.state, "mart.loop")
        found = column_impact(desk.state, "raw.flights", column="id").affected
        assert {each.effect.value for each in found} == {"POSSIBLE"}

    told(steps)


def test_texts_of_several_dialects_say_one_thing_or_nothing_exact() -> None:
    async def steps(desk: Desk) -> None:
        same = {"duckdb": "select id from raw.flights", "spark": "SELECT `id` FROM raw.flights"}
        await desk.view("mart.same", **same)
        assert sources(desk.state, "mart.same") == {("id", "raw.flights", "id")}
        await desk.view("mart.snow", snowflake="select id from raw.flights")
        assert sources(desk.state, "mart.snow") == {("id", "raw.flights", "id")}
        other = {**same, "trino": "select carrier as id from raw.flights"}
        await desk.view("mart.other", **other)
        assert "different columns" in reason(desk.state, "mart.other")
        assert "mart.other" in below(desk.state, "raw.flights")

    told(steps)


def test_who_may_not_know_of_a_table_sees_no_edge_of_it_to_a_view() -> None:
    async def steps(desk: Desk) -> None:
        await desk.table("mart.days", ["day"])
        text = "select day from mart.days, raw.flights"
        await desk.view("mart.late", duckdb=text)
        namespace = look_up(desk.state, Kind.NAMESPACE, name="mart")
        assert namespace is not None
        given_ = GrantGiven(
            kind=SecurableKind.NAMESPACE,
            securable_id=namespace.object_id,
            principal=ANN.principal,
            privilege=Privilege.BROWSE,
            granted_at=desk.workspace.runtime.now(),
            granted_by="the test",
        )
        await desk.workspace.database.transact(lambda state, now: [Event(given_)])
        seen = desk.workspace.authority.visible(desk.state, ANN)
        assert [row.upstream for row in seen.range(EDGES, "mart.late")] == ["mart.days"]
        assert sources(seen, "mart.late") == {("day", "mart.days", "day")}
        assert below(seen, "raw.flights") == []

    told(steps)


NAMES = st.sampled_from(("raw.a", "raw.b", "mart.a", "mart.b"))
TEXTS = st.builds(
    lambda spelled, name: spelled.format(name),
    st.sampled_from(
        (
            "select x from {}",
            "select x as y from {}",
            "select x, x as z from {}",
            "select x from {} where x > 1",
        )
    ),
    NAMES,
)
STEPS = st.one_of(
    st.builds(
        lambda name, text: {"change": "create_view", "name": name, "texts": {"duckdb": text}},
        NAMES,
        TEXTS,
    ),
    st.builds(
        lambda name: {
            "change": "create_table",
            "name": name,
            "columns": [{"name": "x", "type": "bigint"}],
        },
        NAMES,
    ),
    st.builds(
        lambda name, text: {
            "change": "alter",
            "kind": "view",
            "name": name,
            "texts": {"duckdb": text},
        },
        NAMES,
        TEXTS,
    ),
    st.builds(
        lambda change, kind, name: {"change": change, "kind": kind, "name": name},
        st.sampled_from(("drop", "undrop")),
        st.sampled_from(("table", "view")),
        NAMES,
    ),
    st.builds(
        lambda kind, name, to: {"change": "move", "kind": kind, "name": name, "to": f"main.{to}"},
        st.sampled_from(("table", "view")),
        NAMES,
        NAMES,
    ),
)


@example(
    [
        {"change": "create_view", "name": "raw.b", "texts": {"duckdb": "select x from raw.b"}},
        {"change": "move", "kind": "view", "name": "raw.b", "to": "main.raw.a"},
    ]
)
@settings(deadline=None, max_examples=40)
@given(st.lists(STEPS, min_size=1, max_size=12))
def test_after_any_changes_views_have_the_edges_of_their_texts_and_nothing_else_has(
    changes: list[dict[str, Any]],
) -> None:
    async def main() -> None:
        desk = Desk()
        await desk.open()
        for change in changes:
            try:
                await desk.change(**change)
            except ArcoError as error:
                assert error.status < 500
        state = desk.state
        named = {
            (view.full_name, read)
            for view in state.range(VIEWS)
            if (read := view.texts["duckdb"].split(" from ")[1].split()[0]) != view.full_name
        }
        assert {(row.downstream, row.upstream) for row in state.range(EDGES)} == named
        assert {(row.downstream, row.upstream) for row in state.range(CONSUMERS)} == named
        views = {view.full_name for view in state.range(VIEWS)}
        assert {row.dataset for row in state.range(TRACED_DATASETS)} == views
        for view in state.range(VIEWS):
            is_known = bool(ends(state, view.full_name))
            assert (reason(state, view.full_name) == "") == is_known
            assert bool(sources(state, view.full_name)) == is_known

    run(main())


def ends(state: State, name: str, *, depth: int = 0) -> bool:
    """True for a table, and for a view that leads to one, by columns called x all the way."""
    view = look_up(state, Kind.VIEW, name=name)
    if view is None:
        return look_up(state, Kind.TABLE, name=name) is not None
    text = view.row.texts["duckdb"]
    read = text.split(" from ")[1].split()[0]
    above = look_up(state, Kind.VIEW, name=read)
    if depth > 8 or (above is not None and " as y" in above.row.texts["duckdb"]):
        return False
    return ends(state, read, depth=depth + 1)
