"""Why over HTTP: what a run waits for, why an asset is stale, how checks stand.

Must not know how any of it is found out.
"""

from __future__ import annotations

from functools import partial
from typing import Annotated

from litestar import Response, get
from litestar.params import Parameter

from arco.api.callers import CallerHere
from arco.api.failures import refusals
from arco.api.fields import Fields
from arco.api.paging import PAGE_SIZE, Cursor, PageSize, page_of, read_cursor, write_cursor
from arco.api.runs import RunId
from arco.api.session import Here, read
from arco.model import State
from arco.service.checks import check_lines
from arco.service.stale import AssetStory, StaleList, asset_story, stale_list
from arco.service.stories import RunExplanation, explain_run
from arco.wire.checks import CheckList

AssetKey = Annotated[
    str, Parameter(title="Asset", max_length=1000, description="Its key, `namespace.name`.")
]
OfPartition = Annotated[
    str, Parameter(max_length=1024, description="Only this partition: `2013-05`.")
]
Selected = Annotated[
    str,
    Parameter(
        max_length=4096,
        description="A term of the selection language, such as `raw.flights+`; none: every asset.",
    ),
]
OfTask = Annotated[
    str,
    Parameter(
        max_length=4096, description="Also these tasks: an asset, `asset[partition]`, a number."
    ),
]
OfAsset = Annotated[str, Parameter(max_length=1000, description="Only checks of this asset.")]
OnlyFailed = Annotated[bool, Parameter(description="Only checks that do not pass.")]


def check_page(
    state: State, *, limit: int, cursor: str = "", asset: str = "", failed: bool = False
) -> CheckList:
    """At most `limit` checks, from where the cursor left off."""
    asked = ("checks", asset, str(failed))
    after = read_cursor(cursor, *asked, types=(str, str, str))
    page = page_of(
        check_lines(state, asset=asset, after=after),
        limit=limit,
        key=lambda line: (line.asset, line.partition_key, line.name),
        keep=lambda line: not (failed and line.passed),
    )
    return CheckList(page.rows, write_cursor(page.behind, *asked))


@get(
    "/runs/{run_id:str}/why",
    operation_id="explain_run",
    summary="Explain a run",
    tags=["orchestration"],
    response_description="What it waits for.",
    responses=refusals(404),
)
async def why_run(
    session: Here, caller: CallerHere, run_id: RunId, task: OfTask = "", fields: Fields = ""
) -> Response[RunExplanation]:
    """What a run waits for, task by task: upstream tasks, the queue, a worker, a retry, a table."""
    question = partial(explain_run, run_id=run_id, task=task)
    return await read(session, question, caller=caller, fields=fields)


@get(
    "/assets/{asset:str}/why",
    operation_id="explain_asset",
    summary="Explain an asset",
    tags=["orchestration"],
    response_description="Why it is stale, or that it is not.",
    responses=refusals(404),
)
async def why_asset(
    session: Here,
    caller: CallerHere,
    asset: AssetKey,
    partition: OfPartition = "",
    fields: Fields = "",
) -> Response[AssetStory]:
    """Why partitions of an asset are stale, up to the root, and which runs are at them now."""
    now = session.workspace.runtime.now()
    question = partial(asset_story, now=now, asset=asset, partition=partition)
    return await read(session, question, caller=caller, fields=fields)


@get(
    "/stale",
    summary="List what is stale",
    tags=["orchestration"],
    response_description="Groups of stale partitions.",
    responses=refusals(404),
)
async def show_stale(
    session: Here, caller: CallerHere, select: Selected = "", fields: Fields = ""
) -> Response[StaleList]:
    """What is stale and why: partitions by asset, reason and the root that it goes back to."""
    now = session.workspace.runtime.now()
    selection = (select,) if select else ()
    question = partial(stale_list, now=now, selection=selection)
    return await read(session, question, caller=caller, fields=fields)


@get(
    "/checks",
    summary="List checks",
    tags=["orchestration"],
    response_description="A page of checks.",
    responses=refusals(),
)
async def show_checks(
    session: Here,
    caller: CallerHere,
    cursor: Cursor = "",
    limit: PageSize = PAGE_SIZE,
    asset: OfAsset = "",
    failed: OnlyFailed = False,
    fields: Fields = "",
) -> Response[CheckList]:
    """How each check stands on each partition: its newest result."""
    page = partial(check_page, limit=limit, cursor=cursor, asset=asset, failed=failed)
    return await read(session, page, caller=caller, fields=fields)


ROUTES = (why_run, why_asset, show_stale, show_checks)

__all__ = [
    "ROUTES",
    "AssetKey",
    "OfPartition",
    "check_page",
    "show_checks",
    "show_stale",
    "why_asset",
    "why_run",
]
