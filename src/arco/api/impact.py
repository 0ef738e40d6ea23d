"""Impact over HTTP: what depends on a table, a column, a version or a partition."""

from __future__ import annotations

from typing import Annotated

from litestar import Response, get
from litestar.params import Parameter

from arco.api.callers import CallerHere
from arco.api.failures import refusals
from arco.api.lineage import Column, Dataset
from arco.api.session import Here, read
from arco.lineage.impact import Impact, PartitionImpact, column_impact, partition_impact
from arco.model import State
from arco.service.columns import require_column
from arco.service.lineage import into_only, require_dataset, with_kinds
from arco.service.partitions import selected_partitions

HOPS_MAX = 100
VERSION_MAX = 2**53
Depth = Annotated[int, Parameter(ge=0, le=HOPS_MAX, description="How many hops at most.")]
Partition = Annotated[
    str, Parameter(description="Partitions as people say them, such as `2013-05`, or a key.")
]
Version = Annotated[int, Parameter(ge=0, le=VERSION_MAX, description="A version of the dataset.")]
OnlyVersion = Annotated[
    int | None,
    Parameter(ge=0, le=VERSION_MAX, description="Only as it was in this version."),
]
Into = Annotated[str, Parameter(description="Only partitions of this dataset, such as a report.")]


@get(
    "/impact/{dataset:str}",
    summary="What depends on a dataset",
    tags=["lineage"],
    response_description="Tables that were made from it, nearest first.",
    responses=refusals(404),
)
async def show_dataset_impact(
    session: Here, caller: CallerHere, dataset: Dataset, depth: Depth = HOPS_MAX
) -> Response[Impact]:
    """Every table that would be different if this one were."""

    def look(state: State) -> Impact:
        require_dataset(state, dataset)
        return with_kinds(state, column_impact(state, dataset, column="", hops=depth))

    return await read(session, look, caller=caller)


@get(
    "/impact/{dataset:str}/columns/{column:str}",
    summary="What depends on a column",
    tags=["lineage"],
    response_description="Columns, tables whose rows it decides, and tables where it is not known.",
    responses=refusals(404),
)
async def show_column_impact(
    session: Here, caller: CallerHere, dataset: Dataset, column: Column, depth: Depth = HOPS_MAX
) -> Response[Impact]:
    """Every column whose values come from this one, directly or not, nearest first.

    `ROWS`: it decides which rows there are. `POSSIBLE`: columns of that dataset are not traced.
    """

    def look(state: State) -> Impact:
        require_column(state, dataset, column=column)
        return with_kinds(state, column_impact(state, dataset, column=column, hops=depth))

    return await read(session, look, caller=caller)


@get(
    "/impact/{dataset:str}/partitions/{partition:str}",
    summary="What was made from a partition",
    tags=["lineage"],
    response_description="Partitions, nearest first.",
    responses=refusals(404),
)
async def show_partition_impact(
    session: Here,
    caller: CallerHere,
    dataset: Dataset,
    partition: Partition,
    version: OnlyVersion = None,
    into: Into = "",
) -> Response[PartitionImpact]:
    """Every partition whose newest data was made from this one, as runs recorded it."""

    def look(state: State) -> PartitionImpact:
        require_dataset(state, dataset)
        now = session.workspace.runtime.now()
        keys = selected_partitions(state, dataset, text=partition, now=now)
        found = partition_impact(state, dataset, partition_keys=keys, version=version)
        return into_only(state, found, into=into)

    return await read(session, look, caller=caller)


@get(
    "/impact/{dataset:str}/versions/{version:int}",
    summary="What was made from a version",
    tags=["lineage"],
    response_description="Partitions, nearest first.",
    responses=refusals(404),
)
async def show_version_impact(
    session: Here, caller: CallerHere, dataset: Dataset, version: Version, into: Into = ""
) -> Response[PartitionImpact]:
    """Every partition whose newest data was made from this version of the dataset, directly or
    through others, as runs recorded it.
    """

    def look(state: State) -> PartitionImpact:
        require_dataset(state, dataset)
        found = partition_impact(state, dataset, partition_keys=(), version=version)
        return into_only(state, found, into=into)

    return await read(session, look, caller=caller)


ROUTES = (
    show_dataset_impact,
    show_column_impact,
    show_partition_impact,
    show_version_impact,
)

__all__ = [
    "ROUTES",
    "show_column_impact",
    "show_dataset_impact",
    "show_partition_impact",
    "show_version_impact",
]
