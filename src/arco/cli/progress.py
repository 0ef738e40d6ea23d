"""A run as it goes: one line per asset, told as plain text or to a display that redraws itself.

Must not know where the run is performed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol

import click
import msgspec

from arco.cli.terminal import counted, seconds
from arco.orchestration.states import TaskState
from arco.service.summaries import RunDetail, TaskSummary


class LineState(StrEnum):
    """Where an asset of a run stands, worst first."""

    FAILED = "failed"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"
    RUNNING = "running"
    WAITING = "waiting"
    DONE = "ok"


SHOWN: dict[TaskState, LineState] = {
    TaskState.FAILED: LineState.FAILED,
    TaskState.CANCELLED: LineState.CANCELLED,
    TaskState.SKIPPED: LineState.SKIPPED,
    # Handed out ahead; a task that really runs says so within a tenth of a second.
    TaskState.DISPATCHED: LineState.WAITING,
    TaskState.RUNNING: LineState.RUNNING,
    TaskState.RETRY_WAIT: LineState.RUNNING,
    TaskState.BLOCKED: LineState.WAITING,
    TaskState.READY: LineState.WAITING,
    TaskState.SUCCEEDED: LineState.DONE,
}
UNFINISHED = frozenset({LineState.RUNNING, LineState.WAITING})


class AssetLine(msgspec.Struct, frozen=True, kw_only=True):
    """All tasks of one asset in one run."""

    asset: str
    state: LineState
    done: int
    total: int
    rows: int | None
    seconds: float | None

    @property
    def is_finished(self) -> bool:
        """No task of the asset can change any more."""
        return self.done == self.total


class Display(Protocol):
    """Whoever shows a run while it goes."""

    def show(self, detail: RunDetail, now: datetime) -> None:
        """The run stands so now."""
        ...

    def close(self) -> None:
        """Nothing changes any more."""
        ...


class PlainDisplay:
    """One line for every asset that has finished."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def show(self, detail: RunDetail, now: datetime) -> None:
        """A line for each asset that finished since the last call."""
        for line in asset_lines(detail, now):
            if line.is_finished and line.asset not in self._told:
                self._told.add(line.asset)
                click.echo(spelled(line))

    def close(self) -> None:
        """Nothing: every line was printed."""


class SilentDisplay:
    """Shows nothing: the caller prints the result."""

    def show(self, detail: RunDetail, now: datetime) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


def asset_lines(detail: RunDetail, now: datetime) -> list[AssetLine]:
    """One line per asset, in the order of the plan."""
    tasks: dict[str, list[TaskSummary]] = {}
    for task in detail.tasks:
        tasks.setdefault(task.asset, []).append(task)
    return [_line(asset, found, now=now) for asset, found in tasks.items()]


def spelled(line: AssetLine) -> str:
    """The line as plain text."""
    parts = f"{line.done}/{line.total}" if line.total > 1 else ""
    rows = counted(line.rows, "row") if line.rows is not None else ""
    text = f"{line.state:<9}  {line.asset:<32} {parts:>7}  {rows:>15}  {seconds(line.seconds):>8}"
    return text.rstrip()


def _line(asset: str, tasks: Sequence[TaskSummary], *, now: datetime) -> AssetLine:
    states = [SHOWN[task.state] for task in tasks]
    present = set(states)
    state = next(each for each in LineState if each in present)
    if state is LineState.WAITING and LineState.DONE in present:
        state = LineState.RUNNING
    rows = [task.rows for task in tasks if task.rows is not None]
    return AssetLine(
        asset=asset,
        state=state,
        done=sum(each not in UNFINISHED for each in states),
        total=len(tasks),
        rows=sum(rows) if rows else None,
        seconds=_elapsed(tasks, now),
    )


def _elapsed(tasks: Sequence[TaskSummary], now: datetime) -> float | None:
    starts = [task.started_at for task in tasks if task.started_at]
    if not starts:
        return None
    ends = [task.ended_at or now for task in tasks if task.started_at]
    return max(0.0, (max(ends) - min(starts)).total_seconds())


__all__ = [
    "AssetLine",
    "Display",
    "LineState",
    "PlainDisplay",
    "SilentDisplay",
    "asset_lines",
    "spelled",
]
