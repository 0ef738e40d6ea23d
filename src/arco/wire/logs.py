"""What a task printed, as answers tell it: one declaration for the server and its clients."""

from __future__ import annotations

from datetime import datetime

import msgspec


class LogLine(msgspec.Struct, frozen=True):
    """One printed line: when, and whether to `stdout` or `stderr`."""

    ts: datetime
    stream: str
    line: str


class TaskLine(msgspec.Struct, frozen=True):
    """A printed line with the attempt it belongs to; `task` is `asset[partition]`."""

    ts: datetime
    task: str
    attempt: int
    stream: str
    line: str


class TaskLogs(msgspec.Struct, frozen=True, kw_only=True):
    """Lines of one attempt, and where the lines after them start."""

    run_id: str
    index: int
    attempt: int
    next_chunk: int
    lines: list[LogLine]


__all__ = ["LogLine", "TaskLine", "TaskLogs"]
