"""What others do for the same work, each in an environment of its own with pinned packages.

The scripts beside this file run there and know nothing of Arco: they print one JSON object of
seconds and requests. `make peers` makes the environments.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

import msgspec

ENVIRONMENTS = Path(__file__).resolve().parents[2] / ".peers"
SCRIPTS = {"pyiceberg": "sql_catalog.py", "rewrite": "rewriting_writer.py"}


class PeerFigures(msgspec.Struct, kw_only=True):
    """Seconds of each operation, in the order they were done, and requests of one DDL."""

    version: str
    namespace: tuple[float, ...] = ()
    table: tuple[float, ...] = ()
    load: tuple[float, ...] = ()
    puts: float = 0
    gets: float = 0
    bytes_written: int = 0
    """By one DDL."""


async def figures(peer: str, *, tables: int) -> PeerFigures:
    """What the peer reaches with so many tables there already, on the disk where we measure."""
    python = ENVIRONMENTS / peer / "bin" / "python"
    if not python.exists():
        sys.exit(f"{python} is not there: run `make peers` first")
    script = Path(__file__).with_name(SCRIPTS[peer])
    with tempfile.TemporaryDirectory() as folder:
        process = await asyncio.create_subprocess_exec(
            str(python), str(script), folder, str(tables), stdout=asyncio.subprocess.PIPE
        )
        printed, _ = await process.communicate()
    if process.returncode:
        sys.exit(f"{script.name} failed: it says why above")
    return msgspec.json.decode(printed, type=PeerFigures)


__all__ = ["PeerFigures", "figures"]
