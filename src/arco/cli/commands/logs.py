"""`arco logs`: what the tasks of a run printed, stored chunk by chunk while they ran."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import click
import msgspec

from arco.cli.options import json_option
from arco.cli.session import reading, run_to_end
from arco.cli.telling import place
from arco.cli.terminal import harmless
from arco.cli.where import Where, where_option
from arco.errors import NotFound
from arco.ids import attempt_id, dispatch_id
from arco.service.summaries import RunDetail, TaskSummary, run_detail
from arco.service.workspace import Workspace
from arco.store import keys
from arco.wire.logs import LogLine, TaskLine

POLL_SECONDS = 0.3
NOTHING = "nothing was printed"
EPILOG = """\b
Examples:
  arco logs 5T1V
  arco logs 5T1V --task 'staging.flights[2013-05]'
  arco logs 5T1V -f                      until the run has ended
"""


@click.command("logs", epilog=EPILOG)
@click.argument("run")
@click.option("--task", default="", help="Only this asset, asset[partition] or task number.")
@click.option("-f", "--follow", is_flag=True, help="Go on until the run has ended.")
@where_option
@json_option
def command(run: str, task: str, follow: bool, where: Where, as_json: bool) -> None:
    """Print what the tasks of RUN printed and logged, all attempts, in the order of the plan."""
    client = where.client()
    if client is not None:
        _tell(client.runs.logs(run, task=task, follow=follow), as_json=as_json)
        return
    run_to_end(_print(run, task, directory=where.directory, follow=follow, as_json=as_json))


async def _print(
    run: str, task: str, *, directory: Path | None, follow: bool, as_json: bool
) -> None:
    async with reading(directory) as workspace:
        reader = LogReader(workspace)
        while True:
            detail = await workspace.database.asked(lambda state: run_detail(state, run))
            async for line in reader.fresh(detail.run.run_id, chosen(detail, task)):
                click.echo(spelled(line, as_json=as_json))
            if not follow or detail.run.ended_at is not None:
                break
            await workspace.runtime.sleep(POLL_SECONDS)
            await workspace.database.refresh()
    if not reader.lines and not as_json:
        click.echo(NOTHING, err=True)


def _tell(lines: Iterator[TaskLine], *, as_json: bool) -> None:
    printed = False
    for line in lines:
        click.echo(spelled(line, as_json=as_json))
        printed = True
    if not printed and not as_json:
        click.echo(NOTHING, err=True)


class LogReader:
    """Reads each stored chunk once."""

    def __init__(self, workspace: Workspace) -> None:
        self._store = workspace.store
        self._read: set[str] = set()
        self.lines = 0

    async def fresh(self, run_id: str, tasks: list[TaskSummary]) -> AsyncIterator[TaskLine]:
        """The lines that were stored since the last call."""
        for task in tasks:
            for attempt in range(1, task.attempt + 1):
                attempted = attempt_id(dispatch_id(run_id, task.task_key, attempt))
                async for line in self._attempt(run_id, attempted):
                    self.lines += 1
                    name = place(task.asset, task.partition)
                    yield TaskLine(line.ts, name, attempt, line.stream, line.line)

    async def _attempt(self, run_id: str, attempted: str) -> AsyncIterator[LogLine]:
        for entry in await self._store.list(keys.task_log_folder(run_id, attempted)):
            data = None if entry.key in self._read else await self._store.get(entry.key)
            if data is None:
                continue
            self._read.add(entry.key)
            for line in data.splitlines():
                yield msgspec.json.decode(line, type=LogLine)


def chosen(detail: RunDetail, task: str) -> list[TaskSummary]:
    """The tasks that `task` names, an asset, `asset[partition]`, a task key or a number, or those
    whose attempts made their data.

    Raises: NotFound TASK_NOT_FOUND.
    """
    named = [each for each in detail.tasks if not task or task in _names(each)]
    working = {each.index if each.made_by is None else each.made_by for each in named}
    found = [each for each in detail.tasks if each.index in working]
    if found:
        return found
    raise NotFound(
        "TASK_NOT_FOUND",
        f"run {detail.run.run_id} has no task {task!r}",
        hint=f"`arco status {detail.run.run_id}` lists its tasks",
    )


def spelled(line: TaskLine, *, as_json: bool) -> str:
    """The line as JSON, or as `12:03:04 asset[partition] | text`."""
    if as_json:
        return msgspec.json.encode(line).decode()
    again = f" #{line.attempt}" if line.attempt > 1 else ""
    return f"{line.ts:%H:%M:%S} {line.task}{again} | {harmless(line.line)}"


def _names(task: TaskSummary) -> tuple[str, ...]:
    where = place(task.asset, task.partition)
    return task.asset, where, task.task_key, f"{task.asset}[{task.partition_key}]", str(task.index)


__all__ = ["LogReader", "chosen", "command", "spelled"]
