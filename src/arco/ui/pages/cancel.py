"""Cancel a run: what of it would be dropped or ended, and the button that does it."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

import msgspec
from litestar import Response
from litestar.params import Parameter

from arco.access.privileges import Privilege
from arco.api.callers import CallerHere
from arco.api.session import Here, ask
from arco.api.strictness import PRESENT_ONLY
from arco.model import State
from arco.orchestration.states import WAITING, TaskState
from arco.orchestration.tables import TASKS
from arco.service.permits import require_on_run
from arco.service.summaries import RunSummary, find_run, run_standing
from arco.service.views import View
from arco.ui.acting import Action, button
from arco.ui.addresses import plain_name
from arco.ui.answering import Asked, Page, Visit, page_at
from arco.ui.markup import Child, Html, tag
from arco.ui.parts import link, note, section
from arco.wire.runs import CancelRequest

RunNamed = Annotated[str, Parameter(max_length=64)]


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """What a cancellation would do."""

    run: RunSummary
    dropped: int
    """Tasks that wait: they would not begin."""
    ended: int
    """Tasks that run: they would be asked to stop, and ended if they do not."""


@page_at("/cancel/{run_id:str}", opt={PRESENT_ONLY: True})
async def show_cancel(
    session: Here, caller: CallerHere, request: Asked, run_id: RunNamed
) -> Response[Any]:
    """What a cancellation of the run would do."""

    def look(state: State) -> Ending:
        run = find_run(state, plain_name(run_id))
        whole = state.whole if isinstance(state, View) else state
        require_on_run(whole, caller, privilege=Privilege.RUN, run_id=run.run_id)
        states = [task.state for task in state.range(TASKS, run.run_id)]
        return Ending(
            run=run_standing(state, run),
            dropped=sum(each in WAITING for each in states),
            ended=sum(each in {TaskState.RUNNING, TaskState.DISPATCHED} for each in states),
        )

    seen = await ask(session, look, caller=caller)
    run = seen.value.run
    action = Action(
        path=f"/api/v1/runs/{run.run_id}/cancel",
        body=CancelRequest(reason="cancelled on its page"),
        label="Cancel the run",
        then=f"/runs/{run.run_id}",
    )
    back = link("Let it run", "runs", run.run_id)
    do = button(action, session.workspace.runtime, back=back)
    page = Page(title=f"Cancel run {run.run_id}", section="Runs", script="act.js")
    return Visit(session, caller, request).shown(seen, page, body=partial(_body, do=do))


def _body(shown: Ending, *, do: Html) -> Child:
    if shown.run.ended_at is not None:
        way = link("Its page", "runs", shown.run.run_id)
        return note(f"This run has ended already: {shown.run.state.lower()}. ", way)
    return section(
        "This would happen",
        tag(
            "ul",
            tag("li", f"{shown.dropped:,} tasks that wait would not begin"),
            tag("li", f"{shown.ended:,} tasks that run would be asked to stop, then ended"),
            tag("li", "nothing of the run would be published"),
        ),
        do,
    )


__all__ = ["Ending", "show_cancel"]
