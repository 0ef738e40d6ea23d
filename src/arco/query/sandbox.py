"""The walls around SQL: what the worker process may use, and what its DuckDB may touch.

Law: walls go up before the first byte of SQL is read, and nothing SQL can say takes one down.
Source: DuckDB's `memory_limit` and `interrupt` do not bound one scalar call, so the process itself
is bounded.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from typing import Any

import duckdb

THREADS = 2
DUCKDB_MEMORY_SHARE = 0.6
PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38
HANDED = "handed:///"
OPENING = f"SET allowed_directories = ['{HANDED}']"
WALLS = (
    "SET enable_external_access = false",
    "SET enable_progress_bar = false",
    "SET TimeZone = 'UTC'",
    "SET lock_configuration = true",
)


def confine_process(memory_bytes: int, parent_pid: int) -> None:
    """This process ends with its parent, writes no file, dumps no core and maps at most
    `memory_bytes`.
    """
    if sys.platform == "linux":
        prctl = ctypes.CDLL(None, use_errno=True).prctl
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if os.getppid() != parent_pid:
        raise SystemExit("the parent ended before its query worker was ready")
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def open_database(memory_bytes: int, handed: Any = None) -> duckdb.DuckDBPyConnection:
    """An empty in-memory database that reaches no file, network, extension, secret or Python
    variable; of files only those in memory that `handed` holds, a file system of its own.
    """
    connection = duckdb.connect(
        ":memory:",
        config={
            "autoload_known_extensions": False,
            "autoinstall_known_extensions": False,
            "allow_community_extensions": False,
            "allow_persistent_secrets": False,
            "python_enable_replacements": False,
            "temp_directory": "",
            "max_temp_directory_size": "0B",
            "memory_limit": f"{int(memory_bytes * DUCKDB_MEMORY_SHARE)}B",
            "threads": THREADS,
        },
    )
    if handed is not None:
        connection.register_filesystem(handed)
        connection.execute(OPENING)
    for wall in WALLS:
        connection.execute(wall)
    return connection


__all__ = ["HANDED", "confine_process", "open_database"]
