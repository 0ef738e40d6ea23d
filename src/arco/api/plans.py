"""Plans and partitions over HTTP: what a run would do and why, and how partitions stand.

Must not know how any of it is found out.
"""

from __future__ import annotations

from functools import partial
from typing import Annotated

from litestar import Response, get
from litestar.params import Parameter, QueryParameter

from arco.api.callers import CallerHere
from arco.api.failures import refusals
from arco.api.fields import Fields
from arco.api.reasons import AssetKey
from arco.api.session import Here, read
from arco.orchestration.commands.runs import TriggerRun
from arco.orchestration.definitions import Which
from arco.service.partition_ranges import AssetPartitions, PartitionState, asset_partitions
from arco.service.plans import Comparison, PlanAnswer, plan_answer

Terms = Annotated[
    str,
    Parameter(
        max_length=4096,
        description="Terms of the selection language, with spaces between; none: every asset.",
    ),
]
Named = Annotated[
    str, Parameter(max_length=1024, description="`2013-05`, `2013-01..2013-06`; as a run takes it.")
]
Chosen = Annotated[
    Which, Parameter(description="Of partitions that are not named: `stale`, `all`, `refresh`.")
]
Diff = Annotated[bool, Parameter(description="Also how the plan differs from an earlier one.")]
Against = Annotated[
    str,
    Parameter(
        max_length=64,
        description="The run to compare with; none: the newest that was asked for the same.",
    ),
]
Standing = Annotated[
    PartitionState | None,
    QueryParameter(name="state", description="Only ranges of partitions that stand so."),
]


@get(
    "/plan",
    summary="Plan a run",
    tags=["orchestration"],
    response_description="What the run would do.",
    responses=refusals(404),
)
async def show_plan(
    session: Here,
    caller: CallerHere,
    select: Terms = "",
    partition: Named = "",
    which: Chosen = "stale",
    diff: Diff = False,
    against: Against = "",
    fields: Fields = "",
) -> Response[PlanAnswer]:
    """What a run of this selection would do now, and why; nothing is started."""
    scope = session.workspace.settings.scope
    asked = TriggerRun(
        run_id="",
        tenant=scope.tenant,
        workspace=scope.workspace,
        selection=tuple(select.split()),
        partition=partition,
        which=which,
    )
    comparison = Comparison(diff or bool(against), against)
    now = session.workspace.runtime.now()
    question = partial(plan_answer, now=now, asked=asked, comparison=comparison)
    return await read(session, question, caller=caller, fields=fields)


@get(
    "/assets/{asset:str}/partitions",
    operation_id="show_partitions",
    summary="Show an asset's partitions",
    tags=["orchestration"],
    response_description="How its partitions stand.",
    responses=refusals(404),
)
async def show_partitions(
    session: Here,
    caller: CallerHere,
    asset: AssetKey,
    standing: Standing = None,
    fields: Fields = "",
) -> Response[AssetPartitions]:
    """How many partitions of an asset failed, are missing, stale or fresh, and which, in ranges."""
    now = session.workspace.runtime.now()
    question = partial(asset_partitions, now=now, asset=asset, only=standing)
    return await read(session, question, caller=caller, fields=fields)


ROUTES = (show_plan, show_partitions)

__all__ = ["ROUTES", "show_partitions", "show_plan"]
