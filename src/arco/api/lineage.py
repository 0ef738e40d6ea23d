"""Lineage over HTTP: what a dataset was made from, what was made from it, and why that is known."""

from __future__ import annotations

from typing import Annotated

from litestar import Response, get
from litestar.params import Parameter

from arco.api.callers import CallerHere
from arco.api.failures import refusals
from arco.api.session import Here, read
from arco.lineage.evidence import EdgeStory, LineagePath
from arco.lineage.impact import Origins, column_origins
from arco.lineage.walks import Walk, walk_down, walk_up
from arco.model import State
from arco.service.columns import require_column
from arco.service.lineage import (
    edges_of,
    events_around,
    path_between,
    require_dataset,
    require_edge,
)
from arco.wire.lineage import LineageAnswer, LineageEvents

HOPS_MAX = 100
Hops = Annotated[int, Parameter(ge=0, le=HOPS_MAX, description="How many hops; 0: none.")]
Details = Annotated[
    bool, Parameter(description="Also what is known of the nearest thousand edges.")
]
Dataset = Annotated[
    str, Parameter(title="Dataset", description="`namespace.name`, such as `sales.orders`.")
]
Column = Annotated[str, Parameter(description="A column of the dataset.")]
End = Annotated[str, Parameter(description="`namespace.name`.")]


@get(
    "/lineage/{dataset:str}",
    summary="Walk lineage",
    tags=["lineage"],
    response_description="The edges.",
    responses=refusals(404),
)
async def show_lineage(
    session: Here,
    caller: CallerHere,
    dataset: Dataset,
    up: Hops = 5,
    down: Hops = 5,
    details: Details = False,
) -> Response[LineageAnswer]:
    """What the dataset was made from and what was made from it, as runs really read and wrote, and
    as other systems reported.
    """

    def look(state: State) -> LineageAnswer:
        before, after = _around(state, dataset, hops=(up, down))
        edges = edges_of(state, (*before.steps, *after.steps)) if details else ()
        return LineageAnswer(
            dataset=dataset,
            upstream=before.steps,
            downstream=after.steps,
            truncated=before.truncated or after.truncated,
            edges=edges,
        )

    return await read(session, look, caller=caller)


@get(
    "/lineage/{dataset:str}/openlineage",
    summary="Lineage as OpenLineage events",
    tags=["lineage"],
    response_description="A run event for each dataset that was made from others: its newest run.",
    responses=refusals(404),
)
async def export_lineage(
    session: Here, caller: CallerHere, dataset: Dataset, up: Hops = 5, down: Hops = 5
) -> Response[LineageEvents]:
    """The datasets around this one as OpenLineage run events, columns included, for another
    catalog.
    """

    def look(state: State) -> LineageEvents:
        before, after = _around(state, dataset, hops=(up, down))
        return LineageEvents(events_around(state, up=before, down=after))

    return await read(session, look, caller=caller)


@get(
    "/lineage/{dataset:str}/columns/{column:str}",
    summary="Where a column comes from",
    tags=["lineage"],
    response_description="Columns, nearest first.",
    responses=refusals(404),
)
async def show_column_origins(
    session: Here, caller: CallerHere, dataset: Dataset, column: Column
) -> Response[Origins]:
    """Every column this one comes from, up to those of sources."""

    def look(state: State) -> Origins:
        require_column(state, dataset, column=column)
        return column_origins(state, dataset, column=column)

    return await read(session, look, caller=caller)


@get(
    "/lineage/path",
    summary="A way between two datasets",
    tags=["lineage"],
    response_description="The way.",
    responses=refusals(404),
)
async def show_path(
    session: Here, caller: CallerHere, upstream: End, downstream: End
) -> Response[LineagePath]:
    """A shortest way from one dataset down to another, and what is known of each hop."""

    def look(state: State) -> LineagePath:
        return path_between(state, upstream=upstream, downstream=downstream)

    return await read(session, look, caller=caller)


@get(
    "/lineage/edge",
    summary="Why an edge stands",
    tags=["lineage"],
    response_description="Runs, versions, partitions and columns.",
    responses=refusals(404),
)
async def show_edge(
    session: Here, caller: CallerHere, upstream: End, downstream: End
) -> Response[EdgeStory]:
    """All that is known of one edge: the newest run and versions, what every partition read, the
    columns, and how sure each of it is.
    """

    def look(state: State) -> EdgeStory:
        return require_edge(state, upstream=upstream, downstream=downstream)

    return await read(session, look, caller=caller)


def _around(state: State, dataset: str, *, hops: tuple[int, int]) -> tuple[Walk, Walk]:
    before = walk_up(state, dataset, hops=hops[0])
    after = walk_down(state, dataset, hops=hops[1])
    if not before.steps and not after.steps:
        require_dataset(state, dataset)
    return before, after


ROUTES = (show_path, show_edge, show_lineage, export_lineage, show_column_origins)

__all__ = [
    "ROUTES",
    "Column",
    "Dataset",
    "export_lineage",
    "show_column_origins",
    "show_edge",
    "show_lineage",
    "show_path",
]
