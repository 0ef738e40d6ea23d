"""Restore a table: what of it would come back, and the button that does it."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from litestar import Response
from litestar.params import Parameter

from arco.api.callers import CallerHere
from arco.api.restores import planned_restore
from arco.api.session import Here, Seen
from arco.api.strictness import PRESENT_ONLY
from arco.service.restores import RestorePlan
from arco.ui.acting import Action, button
from arco.ui.answering import Asked, Page, Visit, page_at
from arco.ui.markup import Child, Html, joined, tag
from arco.ui.parts import facts, link, moment, note, number, section
from arco.wire.travel import MOMENT_CHARACTERS_MAX, RestoreRequest

Table = Annotated[str, Parameter(max_length=512, description="The table.")]
To = Annotated[
    str,
    Parameter(
        min_length=1,
        max_length=MOMENT_CHARACTERS_MAX,
        description="A version (`v3`), a slot, a time or how long ago.",
    ),
]


@page_at("/restore", opt={PRESENT_ONLY: True})
async def show_restore(
    session: Here, caller: CallerHere, request: Asked, table: Table, to: To
) -> Response[Any]:
    """What restoring the table would do."""
    wanted = RestoreRequest(tables=(table,), to=to)
    plan = await planned_restore(session, caller, data=wanted)
    action = Action(
        path="/api/v1/restore",
        body=wanted,
        label="Restore the table",
        then=f"/tables/{table}",
        otherwise="It is what it was then: nothing had to be done.",
    )
    back = link("Leave it as it is", "versions", table)
    do = button(action, session.workspace.runtime, back=back)
    page = Page(title=f"Restore {table} to {to}", section="Catalog", script="act.js")
    seen = Seen(plan, session.workspace.database.token)
    return Visit(session, caller, request).shown(seen, page, body=partial(_body, do=do))


def _body(plan: RestorePlan, *, do: Html) -> Child:
    if all(each.is_unchanged for each in plan.tables):
        return note("The table is what it was then: there is nothing to do.", tone="good")
    told = [
        facts(
            {
                "Version": f"{each.version_now} → as {each.version_then} was",
                "Rows": joined(number(each.rows_now), " → ", number(each.rows_then)),
                "Files that come back": number(each.files_added),
                "Files that leave": number(each.files_removed),
                "Partitions that change": number(each.partitions),
                "As it was": moment(plan.committed_at),
            }
        )
        for each in plan.tables
    ]
    said = "Nothing is lost: what comes back becomes a version of its own, behind all others."
    return section("This would happen", told, tag("p", said), do)


__all__ = ["show_restore"]
