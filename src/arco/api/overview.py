"""The workspace at a glance over HTTP: what `arco status` shows."""

from __future__ import annotations

from litestar import Response, get

from arco.api.callers import CallerHere
from arco.api.failures import refusals
from arco.api.session import Here, read
from arco.service.overview import overview_question
from arco.service.summaries import Overview


@get(
    "/overview",
    summary="The workspace at a glance",
    tags=["orchestration"],
    response_description="Assets with what is stale, the newest runs, and who leads.",
    responses=refusals(),
)
async def show_overview(session: Here, caller: CallerHere) -> Response[Overview]:
    """Every deployed asset with how much of it is there and stale, and the newest ten runs."""
    question = await overview_question(session.workspace)
    return await read(session, question, caller=caller)


__all__ = ["show_overview"]
