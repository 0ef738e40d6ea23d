"""From a command's options to an open workspace, on a loop that Ctrl-C ends in order.

The first interrupt cancels the command, which says what remains; the second ends the process.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import shlex
import signal
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from arco.errors import NotFound
from arco.runtime import AsyncioRuntime, put_loop_first
from arco.sdk.project import PYPROJECT, read_settings
from arco.service.settings import (
    FOLDER,
    Settings,
    find_project,
    load,
)
from arco.service.workspace import Workspace, open_workspace

T = TypeVar("T")
GARBAGE_THRESHOLD = 100_000
REPEAT_SECONDS = 30.0


def settings_for(directory: Path | None, **chosen: Any) -> Settings:
    """The settings of the project at `directory`, or of the nearest one upwards from here.

    Raises: Invalid SETTING_INVALID.
    """
    return load(directory or nearest_project(Path.cwd()), **chosen)


def nearest_project(start: Path) -> Path:
    """The nearest folder upwards with a store, else with `[tool.arco]`, else `start`."""
    found = find_project(start)
    if (found / FOLDER).is_dir():
        return found
    for folder in (start, *start.parents):
        if read_settings(folder / PYPROJECT) is not None:
            return folder
    return start


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Workspace]:
    """The workspace of these settings, created if it is new; damage that was met is told after."""
    workspace = await open_workspace(settings, AsyncioRuntime())
    put_loop_first()
    try:
        yield workspace
    finally:
        damage = workspace.database.replay.damage
        if damage is not None:
            click.echo(f"warning {damage.code}: {damage.message}", err=True)
            click.echo(f"  hint: {damage.hint}", err=True)


@asynccontextmanager
async def reading(directory: Path | None) -> AsyncIterator[Workspace]:
    """The workspace of a project that was deployed or run before.

    Raises: NotFound STORE_NOT_FOUND.
    """
    async with opened(existing_settings(directory)) as workspace:
        yield workspace


def where_option(settings: Settings) -> str:
    """What a command typed here needs to find the project: ` --dir DIR`, or nothing."""
    here = Path.cwd()
    if nearest_project(here) == settings.directory:
        return ""
    directory = settings.directory
    below = directory.relative_to(here) if directory.is_relative_to(here) else directory
    return f" --dir {shlex.quote(str(below))}"


def existing_settings(directory: Path | None) -> Settings:
    """The settings of a project that was deployed or run before.

    Raises: NotFound STORE_NOT_FOUND.
    """
    settings = settings_for(directory)
    if "://" not in settings.store_url and not Path(settings.store_url).is_dir():
        raise NotFound(
            "STORE_NOT_FOUND",
            f"nothing was deployed or run in {settings.directory}",
            hint="`arco run` in a project, `arco init DIR` for a new one, or --dir DIR",
        )
    return settings


def run_to_end(work: Coroutine[Any, Any, T]) -> T:
    """What `work` returns. SIGINT and SIGTERM cancel it once; the second one ends the process."""
    if WithoutPandas not in sys.meta_path:
        sys.meta_path.insert(0, WithoutPandas)
    # Rows are frozen and without cycles: walking a large state again and again finds nothing.
    gc.set_threshold(GARBAGE_THRESHOLD)
    received: list[int] = []

    async def main() -> T:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None

        def interrupt(number: int) -> None:
            if received:
                # Workers die with this process; what they did is in the log or is done again.
                os._exit(128 + number)
            received.append(number)
            task.cancel()

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, interrupt, number)
        return await work

    logging.getLogger("arco").addHandler(Warnings())
    try:
        return asyncio.run(main())
    except asyncio.CancelledError:
        raise SystemExit(128 + received[0]) from None


class WithoutPandas:
    """An import finder that says pandas is not there.

    This process only decides and never holds a data frame, but Arrow imports pandas, where it is
    installed, with the first Python value it converts: 0.2 s and 40 MB for nothing. User code and
    queries run in processes of their own.
    """

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> None:
        """Nothing, for every other module."""
        if name == "pandas":
            raise ModuleNotFoundError("the control plane does without pandas", name=name)


class Warnings(logging.Handler):
    """Prints what goes on in the background and needs attention; not the same again and again."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._printed: dict[str, float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """A line on standard error, unless one of its kind was printed a moment ago."""
        kind = str(record.msg)
        if record.created - self._printed.get(kind, 0.0) >= REPEAT_SECONDS:
            self._printed[kind] = record.created
            click.echo(f"warning: {record.getMessage()}", err=True)


__all__ = [
    "Warnings",
    "WithoutPandas",
    "existing_settings",
    "nearest_project",
    "opened",
    "reading",
    "run_to_end",
    "settings_for",
    "where_option",
]
