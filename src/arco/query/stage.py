"""The database that a statement runs on, and the files that were handed over with it.

Law: a database that was handed no file reaches none; what it was handed goes with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from arco.query.handed import HandedFiles
from arco.query.sandbox import open_database


class Stage:
    """Where what a statement reads stands."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, handed: HandedFiles | None = None
    ) -> None:
        self.connection = connection
        self._handed = handed

    def hand(self, name: str, content: bytes) -> str:
        """The file is there for DuckDB; the URL it has there."""
        assert self._handed is not None, "this database reaches no file"
        return self._handed.add(name, content)


@contextmanager
def stage_with_files(memory_bytes: int) -> Iterator[Stage]:
    """A stage of its own that may be handed files."""
    handed = HandedFiles()
    with open_database(memory_bytes, handed.file_system()) as connection:
        yield Stage(connection, handed)


__all__ = ["Stage", "stage_with_files"]
