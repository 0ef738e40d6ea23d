"""Sizes: how much of the state is in memory, and how large the files below it are.

The format names none of them: stores written with other sizes are read all the same.
"""

from __future__ import annotations

import msgspec

from arco.engine.parquet import ROWS_PER_FILE, ROWS_PER_GROUP


class Sizes(msgspec.Struct, frozen=True, kw_only=True):
    """What bounds memory and files."""

    cache_bytes: int = 64 * 1024 * 1024
    """Blocks of snapshot files that stay in memory after they were used."""
    hot_changes: int = 16_384
    """So many of the newest changes stay in memory, whatever snapshots hold them."""
    small_rows: int = 16_384
    """A table of so few rows stays in memory whole."""
    small_bytes: int = 1024 * 1024
    """But not if its files are larger than this."""
    rows_per_group: int = ROWS_PER_GROUP
    """The unit of loading."""
    rows_per_file: int = ROWS_PER_FILE
    """The unit of rewriting."""
    fan_out: int = 8
    """So many runs of like size become one."""
    inline_files: int = 64
    """A base of more files than this is listed in pages."""
    files_per_page: int = 250


SIZES = Sizes()

__all__ = ["SIZES", "Sizes"]
