"""The machine a table was made on: without it the numbers mean nothing."""

from __future__ import annotations

import os
import platform
import statistics
import tempfile
import time
from pathlib import Path

from bench.results import spelled

WRITES = 50
KIBIBYTES_PER_GIBIBYTE = 1024 * 1024


def described() -> str:
    """One line: processor, cores, memory, kernel, Python, and what a durable write costs here."""
    parts = (
        f"{_from_proc('cpuinfo', 'model name')}, {os.cpu_count()} cores",
        f"{int(_from_proc('meminfo', 'MemTotal').split()[0]) // KIBIBYTES_PER_GIBIBYTE} GiB",
        f"Linux {platform.release()}",
        f"Python {platform.python_version()}",
        f"a 2 KB write with fsync takes {spelled(statistics.median(durable_writes()))} (median)",
        f"load average when it began {os.getloadavg()[0]:.1f}",
    )
    return "Measured on " + "; ".join(parts) + "."


def durable_writes() -> list[float]:
    """Seconds for each of some small files, written and synced where the benchmarks keep theirs."""
    taken: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(WRITES):
            start = time.perf_counter()
            with open(Path(folder) / str(number), "wb") as file:
                file.write(bytes(2048))
                file.flush()
                os.fsync(file.fileno())
            taken.append(time.perf_counter() - start)
    return taken


def _from_proc(file: str, field: str) -> str:
    for line in Path("/proc", file).read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == field:
            return value.strip()
    return "unknown"


__all__ = ["described", "durable_writes"]
