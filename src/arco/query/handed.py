"""Files that a worker was handed, as the only file system its DuckDB can reach: bytes in memory.

Law: a name leads to bytes that were handed over with this question, or to nothing.
"""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

from arco.query.sandbox import HANDED

UNCHANGED_SINCE = datetime(1970, 1, 1, tzinfo=UTC)


class HandedFiles:
    """The files of one question, by name."""

    def __init__(self) -> None:
        self._files: dict[str, bytes] = {}

    def add(self, name: str, content: bytes) -> str:
        """The file stands there; its URL."""
        self._files[name] = content
        return HANDED + name

    def has(self, path: str) -> bool:
        """Whether the path, or the URL, is that of a file."""
        return _name_of(path) in self._files

    def content(self, path: str) -> bytes:
        """The file's bytes. Raises: FileNotFoundError."""
        if not self.has(path):
            raise FileNotFoundError(path)
        return self._files[_name_of(path)]

    def file_system(self) -> Any:
        """The files as DuckDB takes a file system: read-only, without folders."""
        from fsspec import AbstractFileSystem

        handed = self

        class FileSystem(AbstractFileSystem):  # type: ignore[misc]
            protocol = HANDED.partition(":")[0]
            cachable = False

            def open(self, path: str, mode: str = "rb", **_: Any) -> io.BytesIO:
                if mode != "rb":
                    raise PermissionError(path)
                return io.BytesIO(handed.content(path))

            def info(self, path: str, **_: Any) -> dict[str, Any]:
                return {"name": path, "size": len(handed.content(path)), "type": "file"}

            def glob(self, path: str, **_: Any) -> list[str]:
                return [f"/{_name_of(path)}"] if handed.has(path) else []

            def ls(self, path: str, detail: bool = True, **_: Any) -> list[Any]:
                return []

            def modified(self, path: str) -> datetime:
                return UNCHANGED_SINCE

        return FileSystem()


def _name_of(path: str) -> str:
    return path.removeprefix(HANDED).lstrip("/")


__all__ = ["HandedFiles"]
