"""Standard input, line by line, from which one can turn away at any moment.

The library reads it in a thread, which nothing can call back: a process that was told to stop would
wait for one more line. Must not know the protocol.
"""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import AsyncIterator

LINE_BYTES_MAX = 4 * 1024 * 1024
STANDARD_INPUT = 0


def can_be_waited_for() -> bool:
    """Whether standard input is a pipe or a socket: what a host gives; a file is only read."""
    mode = os.fstat(STANDARD_INPUT).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


async def lines() -> AsyncIterator[str]:
    """The lines, until it is closed; from now on nobody else in this process reads it."""
    reader = asyncio.StreamReader(limit=LINE_BYTES_MAX)
    # Whatever this process starts has an empty standard input, not ours.
    ours = os.fdopen(os.dup(STANDARD_INPUT), "rb", buffering=0)
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), STANDARD_INPUT)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), ours)
    try:
        while True:
            try:
                line = await reader.readline()
            except ValueError:
                # Longer than any message: what is read of it is no message, and is answered so.
                line = b"?\n"
            if not line:
                return
            yield line.decode("utf-8", "replace")
    finally:
        transport.close()


__all__ = ["can_be_waited_for", "lines"]
