"""Impact over HTTP: what depends on a column or a partition, and the way between two datasets."""

from __future__ import annotations

from typing import Annotated

from litestar import Response, get
from litestar.params import Parameter

from arco.api.callers import CallerHere
from arco.api.failures import refusals
from arco.api.lineage import Dataset, refuse_unknown_dataset
from arco.api.session import Here, read
from arco.lineage.impact import (
    Impact,
    Origins,
    PartitionImpact,
    column_impact,
    column_origins,
    partition_impact,
)
from arco.lineage.walks import shortest_path
from arco.model import State
from arco.service.columns import require_column
from arco.service.partitions import selected_partitions
from arco.wire.lineage import LineagePath

Column = Annotated[str, Parameter(description="A column of the dataset.")]
Partition = Annotated[
    str, Parameter(description="Partitions as people say them, such as `2013-05`, or a key.")
]
End = Annotated[str, Parameter(description="`namespace.name`.")]


@get(
    "/impact/{dataset:str}",
    summary="What depends on a dataset",
    tags=["lineage"],
    response_description="Tables that were made from it, nearest first.",
    responses=refusals(404),
)
async def show_dataset_impact(
    session: Here, caller: CallerHere, dataset: Dataset
) -> Response[Impact]:
    """Every table that would be different if this one were."""

    def look(state: State) -> Impact:
        refuse_unknown_dataset(state, dataset)
        return column_impact(state, dataset, column="")

    return await read(session, look, caller=caller)


@get(
    "/impact/{dataset:str}/columns/{column:str}",
    summary="What depends on a column",
    tags=["lineage"],
    response_description="Columns, tables whose rows it decides, and tables where it is not known.",
    responses=refusals(404),
)
async def show_column_impact(
    session: Here, caller: CallerHere, dataset: Dataset, column: Column
) -> Response[Impact]:
    """Every column whose values come from this one, directly or not, nearest first.

    `ROWS`: it decides which rows there are. `POSSIBLE`: columns of that dataset are not traced.
    """

    def look(state: State) -> Impact:
        require_column(state, dataset, column=column)
        return column_impact(state, dataset, column=column)

    return await read(session, look, caller=caller)


@get(
    "/impact/{dataset:str}/partitions/{partition:str}",
    summary="What was made from a partition",
    tags=["lineage"],
    response_description="Partitions, nearest first.",
    responses=refusals(404),
)
async def show_partition_impact(
    session: Here, caller: CallerHere, dataset: Dataset, partition: Partition
) -> Response[PartitionImpact]:
    """Every partition whose newest data was made from this one, as runs recorded it."""

    def look(state: State) -> PartitionImpact:
        refuse_unknown_dataset(state, dataset)
        now = session.workspace.runtime.now()
        keys = selected_partitions(state, dataset, text=partition, now=now)
        return partition_impact(state, dataset, partition_keys=keys)

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
    """A shortest way from one dataset down to another."""

    def look(state: State) -> LineagePath:
        refuse_unknown_dataset(state, upstream)
        refuse_unknown_dataset(state, downstream)
        return LineagePath(shortest_path(state, upstream=upstream, downstream=downstream))

    return await read(session, look, caller=caller)


__all__ = [
    "show_column_impact",
    "show_column_origins",
    "show_dataset_impact",
    "show_partition_impact",
    "show_path",
]
