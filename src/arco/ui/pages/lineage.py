"""Lineage as a graph: what a dataset or a column was made from, and what it reaches."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Annotated, Any

import msgspec
from litestar import Response
from litestar.params import Parameter

from arco.api.callers import CallerHere
from arco.api.session import Here, ask
from arco.lineage.impact import column_impact, column_origins
from arco.lineage.walks import walk_down, walk_up
from arco.model import State
from arco.orchestration.plan import upstream_first
from arco.orchestration.tables import ASSETS
from arco.service.columns import require_column
from arco.service.lineage import require_dataset
from arco.ui.addresses import address, plain_name
from arco.ui.answering import Asked, Page, Visit, page_at
from arco.ui.layers import laid_out
from arco.ui.markup import Child, Html, tag
from arco.ui.pages.graph import graph_drawn
from arco.ui.parts import grid, link, links, note, section
from arco.ui.queries import filled

HOPS = 2
NODES_MAX = 10_000
HOPS_MAX = 100
DRAWN_MAX = 400
"""More than so many are drawn on a canvas, which stays fast; these are links in a picture."""
LISTED_MAX = 200
SQL = """SELECT DISTINCT upstream, downstream FROM system.lineage.edges
WHERE upstream = {dataset} OR downstream = {dataset} ORDER BY ALL"""
EVERYTHING_SQL = "SELECT DISTINCT upstream, downstream FROM system.lineage.edges ORDER BY ALL"
Name = Annotated[str, Parameter(max_length=4096)]
Hops = Annotated[int, Parameter(ge=0, le=HOPS_MAX, description="How many hops.")]
Column = Annotated[str, Parameter(max_length=512, description="A column: only what is about it.")]


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """One dataset, or one column, of the graph."""

    name: str
    """`dataset`, or `dataset.column`."""
    dataset: str
    layer: int
    """Hops from the start: upstream below 0, downstream above."""
    row: float
    """Its place in its layer, 0 in the middle."""


class Graph(msgspec.Struct, frozen=True, kw_only=True):
    """The graph around a dataset or a column."""

    dataset: str
    column: str
    up: int
    down: int
    nodes: list[Node]
    edges: list[tuple[int, int]]
    """Places in `nodes`, from upstream to downstream."""
    truncated: bool


class Around(msgspec.Struct, frozen=True):
    """Nodes by name with their dataset and layer, and the edges between them."""

    layers: dict[str, int]
    datasets: dict[str, str]
    edges: dict[tuple[str, str], None]
    truncated: bool


@page_at("/lineage/{name:str}")
async def show_lineage(
    session: Here,
    caller: CallerHere,
    request: Asked,
    name: Name,
    up: Hops = HOPS,
    down: Hops = HOPS,
    column: Column = "",
) -> Response[Any]:
    """The graph around one dataset, or one column of it."""
    dataset = plain_name(name)

    def look(state: State) -> Graph:
        found = (
            _columns(state, dataset, column=column, hops=(up, down))
            if column
            else _datasets(state, dataset, hops=(up, down))
        )
        return _graph(
            found,
            Graph(
                dataset=dataset,
                column=column,
                up=up,
                down=down,
                nodes=[],
                edges=[],
                truncated=False,
            ),
        )

    seen = await ask(session, look, caller=caller)
    page = Page(
        title=f"Lineage of {dataset}" + (f".{column}" if column else ""),
        section="Lineage",
        sql=filled(SQL, dataset=dataset),
        live="lineage.edges",
        script="lineage.js",
    )
    return Visit(session, caller, request).shown(seen, page, body=_body)


@page_at("/lineage")
async def show_everything(session: Here, caller: CallerHere, request: Asked) -> Response[Any]:
    """Every deployed asset, and what it is declared to be made from."""
    seen = await ask(session, everything, caller=caller)
    page = Page(
        title="Lineage",
        section="Lineage",
        sql=EVERYTHING_SQL,
        live="orchestration.assets",
        script="lineage.js",
    )
    return Visit(session, caller, request).shown(seen, page, body=_everything_body)


def everything(state: State) -> Graph:
    """The graph of all deployed assets, at most ten thousand."""
    rows = list(islice((row for row in state.range(ASSETS) if not row.removed), NODES_MAX + 1))
    kept = {row.key: row.definition for row in rows[:NODES_MAX]}
    edges = {
        (need.upstream, key): None
        for key, definition in kept.items()
        for need in definition.dependencies
        if need.upstream in kept
    }
    layers = dict.fromkeys(kept, 1)
    for key in upstream_first(kept, sorted(kept)):
        above = (need.upstream for need in kept[key].dependencies)
        layers[key] = max((layers[each] + 1 for each in above if each in kept), default=1)
    around = Around(layers, {key: key for key in kept}, edges, len(rows) > NODES_MAX)
    empty = Graph(dataset="", column="", up=0, down=0, nodes=[], edges=[], truncated=False)
    return _graph(around, empty)


def _datasets(state: State, dataset: str, *, hops: tuple[int, int]) -> Around:
    before = walk_up(state, dataset, hops=hops[0])
    after = walk_down(state, dataset, hops=hops[1])
    if not before.steps and not after.steps:
        require_dataset(state, dataset)
    layers = {dataset: 0}
    for step in before.steps:
        layers.setdefault(step.upstream, -step.hop)
    for step in after.steps:
        layers.setdefault(step.downstream, step.hop)
    edges = {(step.upstream, step.downstream): None for step in (*before.steps, *after.steps)}
    return Around(
        layers, {name: name for name in layers}, edges, before.truncated or after.truncated
    )


def _columns(state: State, dataset: str, *, column: str, hops: tuple[int, int]) -> Around:
    require_column(state, dataset, column=column)
    origins = column_origins(state, dataset, column=column)
    impact = column_impact(state, dataset, column=column, hops=max(1, hops[1]))
    start = f"{dataset}.{column}"
    layers, datasets = {start: 0}, {start: dataset}
    edges: dict[tuple[str, str], None] = {}
    for each in origins.origins:
        if each.hop <= hops[0]:
            name = f"{each.upstream}.{each.upstream_column}"
            layers.setdefault(name, -each.hop)
            datasets[name] = each.upstream
            edges[name, f"{each.dataset}.{each.column}"] = None
    for found in impact.affected:
        if found.hop <= hops[1]:
            name = f"{found.dataset}.{found.column or '*'}"
            layers.setdefault(name, found.hop)
            datasets[name] = found.dataset
            edges[found.because_of, name] = None
    return Around(layers, datasets, edges, origins.truncated or impact.truncated)


def _graph(found: Around, empty: Graph) -> Graph:
    places = laid_out(found.layers, list(found.edges))
    names = sorted(places, key=lambda name: (places[name].layer, places[name].row))
    number = {name: place for place, name in enumerate(names)}
    nodes = [
        Node(
            name=name,
            dataset=found.datasets[name],
            layer=places[name].layer,
            row=places[name].row,
        )
        for name in names
    ]
    edges = [
        (number[one], number[other])
        for one, other in found.edges
        if one in number and other in number
    ]
    return msgspec.structs.replace(empty, nodes=nodes, edges=edges, truncated=found.truncated)


def _body(graph: Graph) -> Child:
    many = f"{len(graph.nodes):,} {'columns' if graph.column else 'datasets'}"
    return (
        note("There is more around it than is told: take fewer hops.") if graph.truncated else None,
        section(
            many,
            _ways(graph),
            graph_drawn(graph.nodes, graph.edges, is_picture=len(graph.nodes) <= DRAWN_MAX),
            extra=link("The table", "tables", graph.dataset),
            name="graph",
        ),
        section("As a list", _list(graph.nodes), name="list"),
    )


def _everything_body(graph: Graph) -> Child:
    if not graph.nodes:
        return note("Nothing is deployed yet: `arco dev` in a project deploys it.")
    is_picture = len(graph.nodes) <= DRAWN_MAX
    names = [node.name for node in graph.nodes[:LISTED_MAX]]
    return (
        note("There are more than ten thousand: search for one.") if graph.truncated else None,
        section(
            f"{len(graph.nodes):,} assets, as they are declared",
            graph_drawn(graph.nodes, graph.edges, is_picture=is_picture),
            name="graph",
        ),
        section(
            "As a list",
            links(names, "lineage"),
            name="list",
        ),
    )


def _ways(graph: Graph) -> Html:
    def way(text: str, *, up: int, down: int) -> Html:
        where = address("lineage", graph.dataset, up=up, down=down, column=graph.column)
        return tag("a", text, href=where, class_="button")

    return tag(
        "p",
        way("More upstream", up=graph.up + 1, down=graph.down),
        way("Less upstream", up=max(0, graph.up - 1), down=graph.down),
        way("More downstream", up=graph.up, down=graph.down + 1),
        way("Less downstream", up=graph.up, down=max(0, graph.down - 1)),
        way("Everything", up=HOPS_MAX, down=HOPS_MAX),
        class_="buttons",
    )


def _list(nodes: Iterable[Node]) -> Html:
    ordered = sorted(nodes, key=lambda node: (abs(node.layer), node.layer, node.name))
    rows = (
        (_where(node.layer), link(node.name, "lineage", node.dataset))
        for node in ordered[:LISTED_MAX]
    )
    told = grid(("Hops", "Name"), rows, empty="")
    rest = len(ordered) - LISTED_MAX
    return tag("div", told, tag("p", f"and {rest:,} more") if rest > 0 else None)


def _where(layer: int) -> str:
    if not layer:
        return "here"
    return f"{layer} downstream" if layer > 0 else f"{-layer} upstream"


__all__ = ["Around", "Graph", "Node", "everything", "show_everything", "show_lineage"]
