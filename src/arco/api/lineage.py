"""Lineage over HTTP: what a dataset was made from, and what was made from it."""

from __future__ import annotations

from typing import Annotated

from litestar import Response, get
from litestar.params import Parameter

from arco.api.callers import CallerHere
from arco.api.failures import refusals
from arco.api.session import Here, read
from arco.catalog.finding import find_table
from arco.errors import NotFound
from arco.lineage.walks import Walk, is_foreign, walk_down, walk_up
from arco.model import State
from arco.orchestration.tables import ASSETS
from arco.wire.lineage import LineageAnswer

HOPS_MAX = 100
Hops = Annotated[int, Parameter(ge=0, le=HOPS_MAX, description="How many hops; 0: none.")]
Dataset = Annotated[
    str, Parameter(title="Dataset", description="`namespace.name`, such as `sales.orders`.")
]


@get(
    "/lineage/{dataset:str}",
    summary="Walk lineage",
    tags=["lineage"],
    response_description="The edges.",
    responses=refusals(404),
)
async def show_lineage(
    session: Here, caller: CallerHere, dataset: Dataset, up: Hops = 5, down: Hops = 5
) -> Response[LineageAnswer]:
    """What the dataset was made from and what was made from it, as runs really read and wrote, and
    as other systems reported.
    """

    def look(state: State) -> LineageAnswer:
        before = walk_up(state, dataset, hops=up)
        after = walk_down(state, dataset, hops=down)
        if not before.steps and not after.steps:
            refuse_unknown_dataset(state, dataset)
        return _told(before, after)

    return await read(session, look, caller=caller)


def _told(before: Walk, after: Walk) -> LineageAnswer:
    return LineageAnswer(
        dataset=before.dataset,
        upstream=before.steps,
        downstream=after.steps,
        truncated=before.truncated or after.truncated,
    )


def refuse_unknown_dataset(state: State, dataset: str) -> None:
    """Nothing for a name that exists, with or without lineage.

    Raises: NotFound DATASET_NOT_FOUND.
    """
    if state.get(ASSETS, dataset) is not None or is_foreign(state, dataset):
        return
    try:
        find_table(state, dataset)
    except NotFound as error:
        raise NotFound(
            "DATASET_NOT_FOUND",
            f"no asset, table or recorded read is called {dataset!r}",
            hint="GET /api/v1/assets and /api/v1/tables list the names",
        ) from error


__all__ = ["Dataset", "refuse_unknown_dataset", "show_lineage"]
