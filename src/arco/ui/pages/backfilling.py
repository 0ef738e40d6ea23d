"""What can be done to a backfill: pause, resume, cancel, retry; each says first what follows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Annotated, Any

import msgspec
from litestar import Response
from litestar.params import Parameter

from arco.access.callers import Caller
from arco.api.callers import CallerHere
from arco.api.session import Here, Seen, Session
from arco.api.strictness import PRESENT_ONLY
from arco.model import Decision, State
from arco.orchestration.backfills import Backfill
from arco.orchestration.commands.backfills import (
    cancel_backfill,
    pause_backfill,
    resume_backfill,
    retry_backfill,
)
from arco.service.backfills import BackfillDetail, backfill_detail
from arco.service.permits import permitted_on_backfill
from arco.ui.acting import Action, button
from arco.ui.answering import Asked, Page, Visit, page_at
from arco.ui.markup import Child, Html, tag
from arco.ui.pages.backfills import progress, what_of
from arco.ui.parts import facts, link, note, section
from arco.wire.backfills import BackfillCancelRequest

Id = Annotated[str, Parameter(max_length=64)]


class Doing(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that can be done to a backfill."""

    name: str
    title: str
    label: str
    """What stands on the button."""
    so_already: str
    decision: Callable[..., Decision]
    follows: Callable[[BackfillDetail], Sequence[str]]
    body: Any = {}


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What it would do."""

    backfill: Backfill
    is_change: bool
    """False: it is so already."""
    follows: list[str]
    """What would happen, sentence by sentence."""


def _pausing(detail: BackfillDetail) -> Sequence[str]:
    return (
        "nothing more of it would start until it is resumed",
        f"{detail.backfill.running:,} of its runs go on to their end",
        f"{detail.remaining:,} partitions wait",
    )


def _resuming(detail: BackfillDetail) -> Sequence[str]:
    return (f"it would go on with the {detail.remaining:,} partitions that are left",)


def _cancelling(detail: BackfillDetail) -> Sequence[str]:
    return (
        f"{detail.backfill.running:,} of its runs would be stopped, and publish nothing",
        f"{detail.remaining:,} partitions would not be made",
        f"the {detail.backfill.succeeded:,} that are made stay",
        "a cancelled backfill does not go on: another can be begun for what is missing",
    )


def _retrying(detail: BackfillDetail) -> Sequence[str]:
    row = detail.backfill
    what = "partitions" if row.runs_per == "partition" else "chunks, whole,"
    return (
        f"the {what} that failed would be made again, and nothing else",
        f"{row.failed:,} partitions failed so far",
    )


DOINGS = {
    each.name: each
    for each in (
        Doing(
            name="pause",
            title="Pause",
            label="Pause it",
            so_already="It is paused already.",
            decision=pause_backfill,
            follows=_pausing,
        ),
        Doing(
            name="resume",
            title="Resume",
            label="Let it go on",
            so_already="It is not paused.",
            decision=resume_backfill,
            follows=_resuming,
        ),
        Doing(
            name="cancel",
            title="Cancel",
            label="Cancel it",
            so_already="It is asked to stop already.",
            decision=cancel_backfill,
            follows=_cancelling,
            body=BackfillCancelRequest(reason="cancelled on its page"),
        ),
        Doing(
            name="retry",
            title="Retry",
            label="Try again what failed",
            so_already="Nothing of it has failed.",
            decision=retry_backfill,
            follows=_retrying,
        ),
    )
}


@page_at("/backfills/{backfill_id:str}/pause", opt={PRESENT_ONLY: True})
async def show_pause(
    session: Here, caller: CallerHere, request: Asked, backfill_id: Id
) -> Response[Any]:
    """What pausing it would do."""
    return await _shown(Visit(session, caller, request), backfill_id, doing=DOINGS["pause"])


@page_at("/backfills/{backfill_id:str}/resume", opt={PRESENT_ONLY: True})
async def show_resume(
    session: Here, caller: CallerHere, request: Asked, backfill_id: Id
) -> Response[Any]:
    """What resuming it would do."""
    return await _shown(Visit(session, caller, request), backfill_id, doing=DOINGS["resume"])


@page_at("/backfills/{backfill_id:str}/cancel", opt={PRESENT_ONLY: True})
async def show_cancel_backfill(
    session: Here, caller: CallerHere, request: Asked, backfill_id: Id
) -> Response[Any]:
    """What cancelling it would do."""
    return await _shown(Visit(session, caller, request), backfill_id, doing=DOINGS["cancel"])


@page_at("/backfills/{backfill_id:str}/retry", opt={PRESENT_ONLY: True})
async def show_retry(
    session: Here, caller: CallerHere, request: Asked, backfill_id: Id
) -> Response[Any]:
    """What trying again would do."""
    return await _shown(Visit(session, caller, request), backfill_id, doing=DOINGS["retry"])


async def _shown(visit: Visit, name: str, *, doing: Doing) -> Response[Any]:
    session = visit.session
    seen = await _seen(session, visit.caller, name=name, doing=doing)
    found = seen.value.backfill.backfill_id
    action = Action(
        path=f"/api/v1/backfills/{found}/{doing.name}",
        body=doing.body,
        label=doing.label,
        then=f"/backfills/{found}",
    )
    do = button(action, session.workspace.runtime, back=link("Leave it", "backfills", found))
    page = Page(title=f"{doing.title} backfill {found}", section="Backfills", script="act.js")
    return visit.shown(seen, page, body=partial(_body, doing=doing, do=do))


async def _seen(session: Session, caller: Caller, *, name: str, doing: Doing) -> Seen[Shown]:
    workspace = session.workspace
    await session.terms.brought(workspace.database)
    await workspace.authority.acquainted(caller)
    now = workspace.runtime.now()
    decide = permitted_on_backfill(
        name, doing.decision, caller=caller, authority=workspace.authority
    )

    def look(state: State) -> Shown:
        is_change = bool(decide(state, now))
        detail = backfill_detail(workspace.authority.visible(state, caller), name)
        return Shown(
            backfill=detail.backfill, is_change=is_change, follows=list(doing.follows(detail))
        )

    return Seen(await workspace.database.asked(look), workspace.database.token)


def _body(shown: Shown, *, doing: Doing, do: Html) -> Child:
    row = shown.backfill
    about = facts({"Of": what_of(row), "Partitions": progress(row)})
    if not shown.is_change:
        return note(f"{doing.so_already} ", link("Its page", "backfills", row.backfill_id))
    told = tag("ul", *(tag("li", each) for each in shown.follows))
    return section("This would happen", about, told, do)


__all__ = ["Doing", "Shown", "show_cancel_backfill", "show_pause", "show_resume", "show_retry"]
