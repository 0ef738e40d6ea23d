"""Runs: a list with filters, and one run with its timeline and its tasks."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Response
from litestar.params import Parameter

from arco.api.callers import CallerHere
from arco.api.paging import Cursor
from arco.api.runs import OfState, run_page
from arco.api.session import Here, ask
from arco.model import State
from arco.orchestration.rows import Run
from arco.orchestration.run_settings import spelled_settings
from arco.orchestration.states import RunState, TaskState
from arco.orchestration.tables import TASKS
from arco.service.summaries import (
    CheckSummary,
    RunSummary,
    TaskSummary,
    find_run,
    run_checks,
    run_standing,
    task_summary,
)
from arco.ui.addresses import address, plain_name
from arco.ui.answering import Asked, Page, Visit, page_at
from arco.ui.markup import Child, Html, joined, tag
from arco.ui.pages.listing import run_link, run_rows
from arco.ui.pages.timeline import Bar, bars_of, timeline
from arco.ui.parts import (
    badge,
    bar,
    facts,
    grid,
    link,
    moment,
    more,
    note,
    nothing,
    number,
    section,
    span,
)
from arco.ui.queries import filled
from arco.wire.runs import RunList

RUNS = 50
TASKS_SHOWN = 100
LIST_LIVE = "orchestration.runs"
ONE_LIVE = "orchestration.runs,orchestration.tasks"
LIST_SQL = """SELECT number, run_id, state, triggered_at, ended_at,
  succeeded, failed, total, message
FROM system.orchestration.runs ORDER BY number DESC LIMIT 50"""
STATE_SQL = """SELECT number, run_id, state, triggered_at, ended_at,
  succeeded, failed, total, message
FROM system.orchestration.runs WHERE state = {state} ORDER BY number DESC LIMIT 50"""
ONE_SQL = """SELECT index, asset, partition_key, state, attempt, started_at, ended_at, rows
FROM system.orchestration.tasks WHERE run_id = {run} ORDER BY index"""
RunNamed = Annotated[str, Parameter(max_length=64)]
Behind = Annotated[int, Parameter(ge=0, le=10_000_000, description="Tasks to leave out.")]
TasksIn = Annotated[str, Parameter(description="Only tasks in this state.", max_length=20)]


class Runs(msgspec.Struct, frozen=True):
    """A page of runs."""

    listed: RunList
    state: RunState | None
    """Only those in this state."""


class OneRun(msgspec.Struct, frozen=True, kw_only=True):
    """One run: itself, when its tasks ran, and a page of them."""

    run: RunSummary
    actor: str
    now: datetime
    tasks: list[TaskSummary]
    """Tasks in plan order, those that failed first."""
    behind: int
    """How many tasks stand before these."""
    counts: dict[TaskState, int]
    state: TaskState | None
    """Only tasks in this state are told."""
    bars: list[Bar]
    checks: list[CheckSummary]
    """Checks that did not pass."""


@page_at("/runs")
async def show_runs(
    session: Here,
    caller: CallerHere,
    request: Asked,
    cursor: Cursor = "",
    run_state: OfState = None,
) -> Response[Any]:
    """The newest runs."""

    def look(state: State) -> Runs:
        listed = run_page(state, limit=RUNS, cursor=cursor, run_state=run_state)
        return Runs(listed, run_state)

    seen = await ask(session, look, caller=caller)
    sql = filled(STATE_SQL, state=run_state.value) if run_state else LIST_SQL
    page = Page(title="Runs", section="Runs", sql=sql, live=LIST_LIVE)
    return Visit(session, caller, request).shown(seen, page, body=_list_body)


@page_at("/runs/{run_id:str}")
async def show_run(
    session: Here,
    caller: CallerHere,
    request: Asked,
    run_id: RunNamed,
    behind: Behind = 0,
    tasks: TasksIn = "",
) -> Response[Any]:
    """One run."""
    now, name = session.workspace.runtime.now(), plain_name(run_id)
    only = TaskState(tasks) if tasks in set(TaskState) else None

    def look(state: State) -> OneRun:
        return one_run(state, find_run(state, name), now=now, behind=behind, only=only)

    seen = await ask(session, look, caller=caller)
    run = seen.value.run
    sql = filled(ONE_SQL, run=run.run_id)
    page = Page(title=f"Run {run.run_id}", section="Runs", sql=sql, live=ONE_LIVE)
    return Visit(session, caller, request).shown(seen, page, body=_run_body)


def one_run(
    state: State, run: Run, *, now: datetime, behind: int, only: TaskState | None
) -> OneRun:
    """What is told of one run. Cost: its tasks."""
    rows = list(state.range(TASKS, run.run_id))
    counts: dict[TaskState, int] = {}
    for row in rows:
        counts[row.state] = counts.get(row.state, 0) + 1
    told = [row for row in rows if only in (None, row.state)]
    told.sort(key=lambda row: row.state is not TaskState.FAILED)
    return OneRun(
        run=run_standing(state, run),
        actor=run.actor,
        now=now,
        tasks=[task_summary(row) for row in told[behind : behind + TASKS_SHOWN]],
        behind=behind,
        counts=counts,
        state=only,
        bars=bars_of(rows, first=run.triggered_at, last=run.ended_at or now),
        checks=[each for each in run_checks(state, run.run_id) if not each.passed],
    )


def _list_body(found: Runs) -> Child:
    states = [
        tag("option", each.lower() or "any", value=each, selected=each == (found.state or ""))
        for each in ("", *RunState)
    ]
    following = address("runs", state=found.state, cursor=found.listed.next_cursor)
    empty = (
        f"No run is {found.state.lower()}."
        if found.state
        else "Nothing has run yet: materialize something, or `arco run`."
    )
    return (
        tag(
            "form",
            tag("label", "State", tag("select", *states, name="state")),
            tag("button", "Filter"),
            action="/runs",
            class_="filters",
        ),
        section(
            "Newest first",
            run_rows(found.listed.runs, empty=empty),
            more(found.listed.next_cursor, following),
            extra=tag("a", "Materialize…", href="/materialize", class_="button"),
            name="runs",
        ),
    )


def _run_body(page: OneRun) -> Child:
    run = page.run
    return (
        _head(page),
        note(run.message, tone="bad" if run.state is RunState.FAILED else "warn")
        if run.message
        else None,
        section(
            "Timeline", timeline(page.bars, first=run.triggered_at, last=run.ended_at or page.now)
        ),
        _unpassed(page.checks),
        _tasks(page),
    )


def _head(page: OneRun) -> Html:
    run = page.run
    doing = ("Run again…", "rerun") if run.ended_at else ("Cancel…", "cancel")
    way = tag("a", doing[0], href=address(doing[1], run.run_id), class_="button")
    told: dict[str, Child] = {
        "State": joined(
            badge(run.state),
            " is asked to stop" if run.cancel_requested and run.ended_at is None else None,
            f" waits for room under {', '.join(run.queued_for)}" if run.queued_for else None,
        ),
        "Tasks": joined(
            bar(run.succeeded / run.total if run.total else 1),
            f" {run.succeeded:,} of {run.total:,}",
        ),
        "Triggered": moment(run.triggered_at),
        "Ended": moment(run.ended_at),
        "Took": span(run.seconds),
        "Selection": " ".join((*run.selection, run.partition)).strip() or "everything",
        **_own_settings(run),
        "By": page.actor or nothing(),
        "Number": number(run.number),
    }
    return section("About", facts(told), extra=way)


def _own_settings(run: RunSummary) -> dict[str, Child]:
    told = spelled_settings(run.settings)
    return {"With": tag("ul", *(tag("li", tag("code", each)) for each in told))} if told else {}


def _unpassed(checks: list[CheckSummary]) -> Child:
    if not checks:
        return None
    rows = (
        (
            link(each.asset, "assets", each.asset),
            each.partition,
            each.name,
            badge("FAILED" if each.blocking else "WARNED"),
            each.message,
        )
        for each in checks
    )
    heads = ("Asset", "Partition", "Check", "Result", "Message")
    return section("Checks that did not pass", grid(heads, rows, empty=""))


def _tasks(page: OneRun) -> Html:
    run_id = page.run.run_id
    rows = (
        (
            each.index,
            link(each.asset, "runs", run_id, "tasks", str(each.index)),
            each.partition,
            joined(badge(each.state), " unchanged" if each.memoized_from else None),
            each.attempt,
            span(each.seconds),
            number(each.rows),
            each.error.message if each.error else None,
        )
        for each in page.tasks
    )
    heads = ("#", "Task", "Partition", "State", "Attempt", "Took", "Rows", "Error")
    following = page.behind + len(page.tasks)
    total = page.counts.get(page.state, 0) if page.state else page.run.total
    where = address("runs", run_id, behind=following, tasks=page.state)
    return section(
        "Tasks",
        _states(page),
        grid(heads, rows, empty="No task is in this state.", numbers=(0, 4, 6)),
        more("more" if following < total else "", where),
    )


def _states(page: OneRun) -> Html:
    ways = [
        tag(
            "li",
            tag(
                "a", badge(state), f" {count:,}", href=address("runs", page.run.run_id, tasks=state)
            ),
        )
        for state, count in page.counts.items()
    ]
    everything = tag("li", link("all", "runs", page.run.run_id)) if page.state else None
    return tag("ul", *ways, everything, class_="here")


__all__ = ["OneRun", "Runs", "one_run", "run_link", "show_run", "show_runs"]
