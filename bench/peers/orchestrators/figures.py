"""What every script here prints: seconds and processor seconds of some rounds, as one JSON object.

Runs in environments that have nothing but the standard library in common.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path


class Rounds:
    """Seconds of each round, by the clock and by the processor, children that ended included."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.processor_seconds: list[float] = []

    def add(self, work: Callable[[], object]) -> None:
        """One more round."""
        before, start = processor_seconds(), time.perf_counter()
        work()
        self.seconds.append(time.perf_counter() - start)
        self.processor_seconds.append(processor_seconds() - before)

    def printed(self, version: str, *, size_bytes: int = 0) -> None:
        """What was measured, for whoever started the script."""
        told = {
            "version": version,
            "seconds": self.seconds,
            "processor_seconds": self.processor_seconds,
            "size_bytes": size_bytes,
        }
        print("\n" + json.dumps(told), flush=True)


def started(rounds: Rounds, *command: str, folder: Path, **environment: str) -> None:
    """A round that is a process of its own: a program beside this Python, or `-c` and code."""
    program = Path(sys.executable).with_name(command[0]) if command[0] != "-c" else ""
    whole = [sys.executable, *([str(program)] if program else ["-c"]), *command[1:]]

    def run() -> None:
        done = subprocess.run(
            whole, cwd=folder, env={**os.environ, **environment}, capture_output=True, check=False
        )
        if done.returncode:
            sys.exit(f"{command[0]} failed:\n{done.stderr.decode()[-2000:]}")

    rounds.add(run)


def processor_seconds() -> float:
    """Of this process, and of its children that have ended."""
    return sum(
        used.ru_utime + used.ru_stime
        for used in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def stored_bytes(folder: Path) -> int:
    """The sizes of all files below the folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def upstreams(count: int) -> list[tuple[int, ...]]:
    """For each node of a graph up to three earlier ones, near and far."""
    return [tuple(sorted({node - 1, node // 2, node // 3} - {node, -1})) for node in range(count)]


__all__ = ["Rounds", "processor_seconds", "started", "stored_bytes", "upstreams"]
