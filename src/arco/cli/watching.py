"""Changed files of a project, noticed without polling; the store and environments are not watched.

Must not know what a change is worth.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from watchfiles import Change, DefaultFilter, awatch

SUFFIXES = (".py", ".sql", ".toml", "/manifest.json")
ENVIRONMENT_MARK = "pyvenv.cfg"
SKIPPED = frozenset({"node_modules", "build", "dist", "__pycache__"})


class SourceFilter(DefaultFilter):
    """Lets through files that can change a definition, and folders that may hold some."""

    def __call__(self, change: Change, path: str) -> bool:
        """Whether the change matters."""
        folder = change is Change.added and Path(path).is_dir()
        return super().__call__(change, path) and (folder or path.endswith(SUFFIXES))


async def watch(project: Path, on_change: Callable[[], None]) -> None:
    """Call `on_change` after every change of a source file, until cancelled."""
    below: asyncio.Task[None] | None = None
    watched: list[Path] = []
    try:
        below, watched = _watch_below(project, on_change)
        # Not recursive: the store changes all the time and stands in this folder.
        async for _ in awatch(project, watch_filter=SourceFilter(), recursive=False):
            if source_folders(project) != watched:
                await _end(below)
                below, watched = _watch_below(project, on_change)
            on_change()
    finally:
        await _end(below)


def source_folders(project: Path) -> list[Path]:
    """The folders of the project that may hold its sources."""
    return sorted(
        folder
        for folder in project.iterdir()
        if folder.is_dir()
        and not folder.name.startswith(".")
        and folder.name not in SKIPPED
        and not (folder / ENVIRONMENT_MARK).exists()
    )


def _watch_below(
    project: Path, on_change: Callable[[], None]
) -> tuple[asyncio.Task[None] | None, list[Path]]:
    folders = source_folders(project)
    if not folders:
        return None, folders
    return asyncio.create_task(_watch_folders(folders, on_change)), folders


async def _watch_folders(folders: list[Path], on_change: Callable[[], None]) -> None:
    async for _ in awatch(*folders, watch_filter=SourceFilter()):
        on_change()


async def _end(task: asyncio.Task[None] | None) -> None:
    if task is not None:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


__all__ = ["SourceFilter", "source_folders", "watch"]
