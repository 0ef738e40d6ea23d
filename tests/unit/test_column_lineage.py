"""Column lineage: what a query says of its columns, what is refused, what depends on a column."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from arco.formats.column_lineage import Traceable, traced
from arco.lineage.columns import (
    COLUMN_CONSUMERS,
    COLUMN_EDGES,
    ColumnSource,
    ColumnsTraced,
    DatasetTrace,
    TraceMethod,
    stands,
)
from arco.lineage.domain import DOMAIN as LINEAGE
from arco.lineage.events import ObservedRead, ReadsRecorded
from arco.lineage.exports import mermaid, openlineage
from arco.lineage.impact import Effect, column_impact, column_origins, partition_impact
from arco.lineage.tracing import SQL_CHARACTERS_MAX, ReadTable, Untraceable, trace_query
from arco.lineage.walks import shortest_path, walk_up
from arco.orchestration.definitions import (
    AssetDefinition,
    CodeReference,
    DeclaredSource,
    Dependency,
    SourceLine,
)
from arco.sdk.column_lineage import declared_sources
from arco.testing.folding import MemoryState

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ORDERS = ReadTable("shop.orders", "shop.orders", ("id", "Day", "amount", "tags", "customer"))
PEOPLE = ReadTable("people", "crm.people", ("id", "name"))


def told(sql: str) -> dict[str, list[str]]:
    """Column, or `*` for the rows -> what it comes from."""
    found: dict[str, list[str]] = {}
    for each in trace_query(sql, [ORDERS, PEOPLE]):
        source = f"{each.upstream.split('.')[1]}.{each.upstream_column}"
        found.setdefault(each.column or "*", []).append(source)
    return {column: sorted(sources) for column, sources in found.items()}


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (
            "select id, amount * 2 as double from shop.orders",
            {"id": ["orders.id"], "double": ["orders.amount"]},
        ),
        ("from shop.orders select Day", {"day": ["orders.Day"]}),
        ('select "shop.orders".id from "shop.orders"', {"id": ["orders.id"]}),
        ("select * exclude (tags, day, amount, customer) from shop.orders", {"id": ["orders.id"]}),
        ("select count(*) as n from shop.orders", {}),
        ("select 1 as one, getvariable('month') as month from people", {}),
        (
            "select day, sum(amount) as s from shop.orders group by all",
            {"day": ["orders.Day"], "s": ["orders.amount"], "*": ["orders.Day"]},
        ),
        (
            "select sum(amount) filter (where day is null) as s from shop.orders",
            {"s": ["orders.Day", "orders.amount"]},
        ),
        (
            "select amount from shop.orders order by day limit 3",
            {"amount": ["orders.amount"], "*": ["orders.Day"]},
        ),
        ("select amount from shop.orders order by day", {"amount": ["orders.amount"]}),
        ("select distinct day from shop.orders", {"day": ["orders.Day"], "*": ["orders.Day"]}),
        (
            "select unnest(tags) as tag from shop.orders",
            {"tag": ["orders.tags"], "*": ["orders.tags"]},
        ),
        (
            "select name from people p "
            "where exists (select 1 from shop.orders o where o.customer = p.id)",
            {"name": ["people.name"], "*": ["orders.customer", "people.id"]},
        ),
        (
            "select name from people semi join shop.orders on people.id = customer",
            {"name": ["people.name"], "*": ["orders.customer", "people.id"]},
        ),
        (
            "with o as (select customer as c, amount from shop.orders where amount > 1) "
            "select name, amount from o join people on c = id",
            {
                "name": ["people.name"],
                "amount": ["orders.amount"],
                "*": ["orders.amount", "orders.customer", "people.id"],
            },
        ),
        (
            "select id from shop.orders union all select id from people",
            {"id": ["orders.id", "people.id"]},
        ),
        (
            "select id from shop.orders except select id from people",
            {"id": ["orders.id", "people.id"], "*": ["orders.id", "people.id"]},
        ),
        (
            "select id, row_number() over (partition by day order by amount) as r "
            "from shop.orders qualify r = 1",
            {
                "id": ["orders.id"],
                "r": ["orders.Day", "orders.amount"],
                "*": ["orders.Day", "orders.amount"],
            },
        ),
        (
            "select (select max(name) from people where people.id = o.customer) as who "
            "from shop.orders o",
            {"who": ["orders.customer", "people.id", "people.name"]},
        ),
        (
            "select list_transform(tags, t -> t || customer) as t from shop.orders",
            {"t": ["orders.customer", "orders.tags"]},
        ),
    ],
)
def test_a_query_says_where_its_columns_come_from(sql: str, expected: dict[str, list[str]]) -> None:
    assert told(sql) == expected


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("select columns('a.*') from shop.orders", "pattern"),
        ("pivot shop.orders on day using sum(amount)", "not a plain SELECT"),
        ("select * from (pivot shop.orders on day using sum(amount))", "not understood"),
        ("select #1 from shop.orders", "position"),
        ("select o from shop.orders o", "whole row"),
        ("select id from shop.orders o, lateral (select o.amount as x)", "lateral"),
        (
            "with recursive r as (select 1 as a union all select a + 1 from r where a < 9) "
            "select a from r",
            "recursive",
        ),
        ("select * from range(10)", "not known"),
        ("select * from elsewhere", "not known"),
        ("select nothing from shop.orders", "not understood"),
        ("select id from shop.orders join people on customer = people.id", "not understood"),
        ("with people as (select 1 as id) select id from people", "both a table and an expression"),
        ("select id from people using sample 3", "sample"),
        ("drop table people", "not a plain SELECT"),
        ("select ((((", "not understood"),
        ("select " + "(" * 3000 + "1" + ")" * 3000 + " as a from people", "nested too deeply"),
        ("select id from people --" + " " * SQL_CHARACTERS_MAX, "longer"),
    ],
)
def test_what_is_not_understood_exactly_is_not_traced(sql: str, reason: str) -> None:
    with pytest.raises(Untraceable, match=reason):
        trace_query(sql, [ORDERS, PEOPLE])


def definition(
    key: str, *upstreams: str, sql: str = "", declared: Sequence[DeclaredSource] = ()
) -> AssetDefinition:
    return AssetDefinition(
        key=key,
        code=CodeReference("m", "f", "1"),
        source=SourceLine("m.py", 1),
        kind="sql" if sql else "python",
        sql=sql,
        dependencies=tuple(Dependency(each, each) for each in upstreams),
        column_lineage=tuple(declared),
    )


def trace_of(asset: AssetDefinition, *columns: str, **upstreams: Sequence[str]) -> DatasetTrace:
    known = {name.replace("__", "."): tuple(each) for name, each in upstreams.items()}
    (trace,) = traced([Traceable(asset, columns, known)])
    return trace


def test_a_sql_asset_is_traced_with_the_spelling_of_its_tables() -> None:
    asset = definition("mart.a", "raw.x", sql="select ID as k from {{raw.x}}")
    trace = trace_of(asset, "K", raw__x=("Id",))
    assert trace.method is TraceMethod.QUERY
    assert trace.sources == (ColumnSource("K", "raw.x", "Id"),)


def test_python_that_says_nothing_is_unknown_and_what_it_declares_is_believed_if_it_exists() -> (
    None
):
    silent = trace_of(definition("mart.a", "raw.x"), "k", raw__x=("id",))
    assert (silent.method, silent.sources) == (TraceMethod.UNKNOWN, ())
    assert "column_lineage" in silent.reason
    declared = definition("mart.a", "raw.x", declared=[DeclaredSource("k", "raw.x", "id")])
    assert trace_of(declared, "k", raw__x=("id",)).method is TraceMethod.DECLARED
    assert "no column 'id'" in trace_of(declared, "k", raw__x=("other",)).reason
    assert "no column 'k'" in trace_of(declared, "other", raw__x=("id",)).reason


def test_a_declared_column_names_its_upstream_by_parameter_or_key() -> None:
    upstreams = [Dependency("raw.flights", "flights"), Dependency("raw.air")]
    said = {"late": ["flights.delay", "raw.air.code"], "*": "raw.flights.day"}
    found = declared_sources(said, upstreams)
    assert found.sentences == ()
    assert found.sources == (
        DeclaredSource("late", "raw.flights", "delay"),
        DeclaredSource("late", "raw.air", "code"),
        DeclaredSource("", "raw.flights", "day"),
    )
    assert (
        "upstreams: flights, raw.air, raw.flights"
        in declared_sources({"a": "b.c"}, upstreams).sentences[0]
    )
    assert "write" in declared_sources(["a"], upstreams).sentences[0]


def lineage(*traces: DatasetTrace, edges: Sequence[tuple[str, str]] = ()) -> MemoryState:
    """Each trace's datasets are read as its columns say, and as `edges` say besides."""
    pairs = {(each.upstream, trace.dataset) for trace in traces for each in trace.sources}
    reads = tuple(
        ObservedRead(upstream=up, downstream=down) for up, down in sorted({*pairs, *edges})
    )
    state = MemoryState(LINEAGE)
    state.fold([ReadsRecorded(run_id="r1", reads=reads, recorded_at=NOON), traced_event(*traces)])
    return state


def traced_event(*traces: DatasetTrace) -> ColumnsTraced:
    return ColumnsTraced(traces=traces, run_id="r1", traced_at=NOON)


def trace(dataset: str, **columns: Sequence[str]) -> DatasetTrace:
    """`rows` stands for the rows; a source is `namespace.table.column`."""
    sources = tuple(
        ColumnSource("" if name == "rows" else name, *each.rsplit(".", 1))
        for name, given in columns.items()
        for each in given
    )
    return DatasetTrace(dataset=dataset, method=TraceMethod.QUERY, sources=sources)


CHAIN = (
    trace("b.b", x=["a.a.x"], y=["a.a.y"], rows=["a.a.day"]),
    trace("c.c", x=["b.b.x"], rows=["b.b.y"]),
    trace("d.d", x=["c.c.x"]),
)


def test_impact_names_every_column_that_depends_on_one_and_none_that_does_not() -> None:
    found = column_impact(lineage(*CHAIN), "a.a", column="x")
    named = [(each.hop, f"{each.dataset}.{each.column}", each.effect) for each in found.affected]
    assert named == [
        (1, "b.b.x", Effect.VALUES),
        (2, "c.c.x", Effect.VALUES),
        (3, "d.d.x", Effect.VALUES),
    ]


def test_a_column_that_decides_rows_reaches_whatever_reads_them() -> None:
    found = column_impact(lineage(*CHAIN), "a.a", column="y")
    told = {(each.dataset, each.column, each.effect) for each in found.affected}
    assert told == {
        ("b.b", "y", Effect.VALUES),
        ("c.c", "", Effect.ROWS),
        ("d.d", "", Effect.ROWS),
    }


def test_a_dataset_whose_columns_are_unknown_is_possible_and_says_why() -> None:
    unknown = DatasetTrace(dataset="c.c", method=TraceMethod.UNKNOWN, reason="Python")
    state = lineage(CHAIN[0], unknown, edges=[("b.b", "c.c"), ("c.c", "d.d")])
    found = column_impact(state, "a.a", column="x").affected
    assert [(each.dataset, each.effect) for each in found[1:]] == [
        ("c.c", Effect.POSSIBLE),
        ("d.d", Effect.POSSIBLE),
    ]
    assert found[1].reason == "Python"
    assert "traced" in found[2].reason


def test_origins_go_back_to_the_sources() -> None:
    found = column_origins(lineage(*CHAIN), "d.d", column="x").origins
    assert [f"{each.upstream}.{each.upstream_column}" for each in found] == [
        "c.c.x",
        "b.b.x",
        "a.a.x",
    ]


def test_a_cycle_ends_a_walk() -> None:
    state = lineage(trace("a.a", x=["b.b.x"]), trace("b.b", x=["a.a.x"]))
    assert [each.dataset for each in column_impact(state, "a.a", column="x").affected] == [
        "b.b",
        "a.a",
    ]
    assert shortest_path(state, upstream="a.a", downstream="a.a") == ("a.a",)


def test_a_path_is_a_shortest_one_or_none() -> None:
    state = lineage(*CHAIN, edges=[("a.a", "d.d")])
    assert shortest_path(state, upstream="a.a", downstream="d.d") == ("a.a", "d.d")
    assert shortest_path(state, upstream="b.b", downstream="d.d") == ("b.b", "c.c", "d.d")
    assert shortest_path(state, upstream="d.d", downstream="a.a") == ()


def test_a_later_trace_replaces_the_edges_and_an_equal_one_stands() -> None:
    state = lineage(*CHAIN)
    assert stands(state, CHAIN[0])
    state.fold([traced_event(trace("b.b", x=["a.a.z"]))])
    assert not stands(state, CHAIN[0])
    assert [edge.upstream_column for edge in state.range(COLUMN_EDGES, "b.b")] == ["z"]
    assert list(state.range(COLUMN_CONSUMERS, "a.a", "x")) == []


def test_the_partitions_made_from_a_bad_one_are_found_through_every_hop() -> None:
    reads = (
        *(
            ObservedRead(
                upstream="a.a", downstream="b.b", partition_key=key, upstream_partition_keys=(key,)
            )
            for key in ("m=1", "m=2")
        ),
        ObservedRead(upstream="b.b", downstream="c.c", upstream_partition_keys=("m=1", "m=2")),
        ObservedRead(upstream="c.c", downstream="d.d"),
    )
    state = MemoryState(LINEAGE)
    state.fold([ReadsRecorded(run_id="r1", reads=reads, recorded_at=NOON)])
    found = partition_impact(state, "a.a", partition_keys=["m=1"]).affected
    assert [(each.dataset, each.partition_key) for each in found] == [
        ("b.b", "m=1"),
        ("c.c", ""),
        ("d.d", ""),
    ]


def test_lineage_is_told_as_openlineage_with_its_columns() -> None:
    (event,) = openlineage(lineage(CHAIN[1]), ["c.c", "a.a"])
    assert event["eventType"] == "COMPLETE"
    assert event["inputs"] == [{"namespace": "arco", "name": "b.b"}]
    facet = event["outputs"][0]["facets"]["columnLineage"]
    assert facet["fields"]["x"]["inputFields"] == [
        {"namespace": "arco", "name": "b.b", "field": "x"}
    ]
    assert facet["dataset"] == [{"namespace": "arco", "name": "b.b", "field": "y"}]


def test_names_in_a_mermaid_graph_cannot_end_their_quotes() -> None:
    state = lineage(edges=[('a."<x>', "b.b")])
    graph = mermaid("b.b", walk_up(state, "b.b", hops=1).steps)
    assert 'n0["a.&quot;&lt;x>"]' in graph
