"""One task of a run: its attempts, what it read and wrote, why it failed, what it printed."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Response
from litestar.params import Parameter

from arco.api.callers import CallerHere
from arco.api.session import Here, ask
from arco.errors import NotFound
from arco.model import State
from arco.orchestration.outcomes import Read, TaskError
from arco.orchestration.rows import Task
from arco.orchestration.tables import TASKS
from arco.service.summaries import TaskSummary, find_run, task_summary
from arco.ui.addresses import plain_name
from arco.ui.answering import Asked, Page, Visit, page_at
from arco.ui.markup import Child, Html, joined, tag
from arco.ui.pages.listing import run_link
from arco.ui.pages.task_facts import said
from arco.ui.parts import (
    badge,
    code,
    facts,
    grid,
    link,
    moment,
    note,
    nothing,
    number,
    section,
    size,
    span,
)
from arco.ui.queries import filled

INDEX_MAX = 10_000_000
PARTITIONS_NAMED = 5
LIVE = "orchestration.tasks"
SQL = """SELECT * FROM system.orchestration.tasks WHERE run_id = {run} AND task_key = {task}"""
RunNamed = Annotated[str, Parameter(max_length=64)]
Place = Annotated[str, Parameter(max_length=16, description="The task's place in the plan.")]


class OneTask(msgspec.Struct, frozen=True, kw_only=True):
    """One task of a run."""

    run_id: str
    task: TaskSummary
    reads: tuple[Read, ...]
    """What its newest attempt read."""
    files: int
    """How many files it staged."""
    size_bytes: int
    cause: int | None
    """The task whose end skipped or cancelled this one."""
    adopted_from: str
    """The run whose output was taken over."""


@page_at("/runs/{run_id:str}/tasks/{place:str}")
async def show_task(
    session: Here, caller: CallerHere, request: Asked, run_id: RunNamed, place: Place
) -> Response[Any]:
    """One task."""
    index = plain_name(place)
    seen = await ask(session, lambda state: one_task(state, run_id, place=index), caller=caller)
    task = seen.value.task
    page = Page(
        title=task.task_key.removesuffix(":materialize"),
        section="Runs",
        sql=filled(SQL, run=seen.value.run_id, task=task.task_key),
        live=LIVE,
        script="logs.js",
    )
    return Visit(session, caller, request).shown(seen, page, body=_body)


def one_task(state: State, run_id: str, *, place: str) -> OneTask:
    """What is told of one task.

    Raises: NotFound RUN_NOT_FOUND, TASK_NOT_FOUND.
    """
    return _told(find_task(state, run_id, place=place))


def find_task(state: State, run_id: str, *, place: str) -> Task:
    """The task at that place of the run's plan.

    Raises: NotFound RUN_NOT_FOUND, TASK_NOT_FOUND.
    """
    run = find_run(state, run_id)
    row = state.get(TASKS, run.run_id, int(place)) if _is_index(place) else None
    if row is None:
        raise NotFound(
            "TASK_NOT_FOUND",
            f"run {run.run_id} has no task {place}; it has {run.total}, counted from 0",
            hint="the page of the run lists its tasks",
        )
    return row


def _is_index(place: str) -> bool:
    return place.isascii() and place.isdigit() and int(place) < INDEX_MAX


def _told(row: Task) -> OneTask:
    files = row.output.files if row.output else ()
    return OneTask(
        run_id=row.run_id,
        task=task_summary(row),
        reads=row.reads,
        files=len(files),
        size_bytes=sum(each.size_bytes for each in files),
        cause=row.cause,
        adopted_from=row.adopted_from,
    )


def _body(page: OneTask) -> Child:
    return (
        section("About", facts(_facts(page)), extra=link("The run", "runs", page.run_id)),
        _error(page.task.error),
        said(page.task.metadata, "runs", page.run_id, "tasks", str(page.task.index)),
        section("Log", _log(page), extra=_attempts(page)),
        section("Inputs", _reads(page.reads)),
    )


def _facts(page: OneTask) -> dict[str, Child]:
    task = page.task
    made = link(f"task {task.made_by}", "runs", page.run_id, "tasks", str(task.made_by))
    cause = link(f"task {page.cause}", "runs", page.run_id, "tasks", str(page.cause))
    return {
        "State": badge(task.state),
        "Asset": link(task.asset, "assets", task.asset),
        "Partition": task.partition or nothing(),
        "Attempt": number(task.attempt),
        "Started": moment(task.started_at),
        "Took": span(task.seconds),
        "Rows written": number(task.rows),
        "Files written": joined(number(page.files), ", ", size(page.size_bytes)),
        "Made by": made if task.made_by is not None else nothing(),
        "Because of": cause if page.cause is not None else nothing(),
        "Taken over from": run_link(page.adopted_from) if page.adopted_from else nothing(),
    }


def _error(error: TaskError | None) -> Child:
    if error is None:
        return None
    return section(
        "Error",
        note(tag("b", error.category.lower().replace("_", " ")), f": {error.message}", tone="bad"),
        tag("pre", tag("code", error.traceback), tabindex=0) if error.traceback else None,
        tag("p", error.hint) if error.hint else None,
    )


def _log(page: OneTask) -> Html:
    task = page.task
    where = f"/api/v1/runs/{page.run_id}/tasks/{task.index}/logs"
    return tag(
        "div",
        tag("p", "Reading…", class_="empty", role="status"),
        tag("ol", class_="log", tabindex=0, aria_label="What the task printed", hidden=True),
        data_log=where,
        data_attempt=task.attempt,
        data_ended=task.ended_at is not None,
        data_keep=True,
        id="log-lines",
    )


def _attempts(page: OneTask) -> Child:
    if page.task.attempt < 2:
        return None
    options = [
        tag("option", f"attempt {each}", value=each, selected=each == page.task.attempt)
        for each in range(page.task.attempt, 0, -1)
    ]
    return tag("select", *options, id="attempt", aria_label="Attempt")


def _reads(reads: tuple[Read, ...]) -> Html:
    rows = (
        (
            link(each.upstream, "assets", each.upstream),
            code(each.parameter) if each.parameter else nothing(),
            number(each.table_version),
            _partitions(each.partition_keys),
        )
        for each in reads
    )
    heads = ("Read", "As", "Version", "Partitions")
    return grid(heads, rows, empty="It read nothing that Arco knows of.", numbers=(2,))


def _partitions(keys: tuple[str, ...]) -> Child:
    named = [key for key in keys[:PARTITIONS_NAMED] if key]
    rest = len(keys) - PARTITIONS_NAMED
    told = ", ".join(named) or "the whole"
    return f"{told} and {rest:,} more" if rest > 0 else told


__all__ = ["OneTask", "Place", "RunNamed", "find_task", "one_task", "show_task"]
