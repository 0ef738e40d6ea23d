"""A small project on disk and the command line on it, as a user has them: real processes only."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

import arco

SECONDS_MAX = 60.0
SOURCES = str(Path(arco.__file__).parents[1])
PROGRAM = ("-c", "from arco.cli import main; main()")
SHOP = """
import pyarrow as pa
from arco import MonthlyPartitions, asset, check

@asset(namespace="raw", tags={"tier": "bronze"})
def orders() -> pa.Table:
    '''Every order.'''
    print("three orders")
    return pa.table({"order_id": [1, 2, 3], "amount": [10.0, 5.5, 7.0]})

@asset(namespace="mart", partitions=MonthlyPartitions(start="2024-01", end="2024-04"))
def totals(context, orders: pa.Table) -> pa.Table:
    print("totals of", context.partition_key)
    return pa.table({"orders": [orders.num_rows]})

@check(asset=totals, blocking=False)
def many_orders(data: pa.Table):
    return False, "only three"
"""


class Ended(msgspec.Struct, frozen=True):
    """A command that ended."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """Everything it said."""
        return self.out + self.err

    def json(self) -> Any:
        """Standard output as JSON."""
        return json.loads(self.out)


class Project:
    """A project folder and the commands run in it."""

    def __init__(self, directory: Path, assets: str = SHOP) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "pyproject.toml").write_text('[tool.arco]\nname = "shop"\n')
        self.write(assets)

    def write(self, assets: str) -> None:
        """The project's only module now holds this."""
        (self.directory / "assets.py").write_text(assets)

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """The command, running."""
        return start(arguments, self.directory, **environment)

    def arco(self, *arguments: str, code: int = 0, **environment: str) -> Ended:
        """The command, ended with the exit code that was expected."""
        return ended(self.start(*arguments, **environment), code)

    def tables(self) -> dict[str, int]:
        """Published table -> rows."""
        found = self.arco("tables", "--json").json()
        return {f"{row['namespace']}.{row['name']}": row["rows"] for row in found}


def start(
    arguments: Sequence[str],
    directory: Path,
    *,
    program: Sequence[str] = PROGRAM,
    **environment: str,
) -> subprocess.Popen[str]:
    """The command line in a folder, running."""
    return subprocess.Popen(
        [sys.executable, *program, *arguments],
        cwd=directory,
        env={**os.environ, "PYTHONPATH": SOURCES, "ARCO_WORKERS": "1", **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def ended(process: subprocess.Popen[str], code: int) -> Ended:
    """What the process said, once it has ended with this exit code."""
    try:
        out, err = process.communicate(timeout=SECONDS_MAX)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
    assert process.returncode == code, f"exit {process.returncode}\n{out}\n{err}"
    assert "site-packages/arco" not in err and "src/arco" not in err, err
    return Ended(process.returncode, out, err)


def interrupt(process: subprocess.Popen[str], code: int) -> Ended:
    """The process was sent Ctrl-C and ended."""
    process.send_signal(signal.SIGINT)
    return ended(process, code)


def until(holds: Callable[[], object]) -> None:
    """Return once it holds."""
    deadline = time.monotonic() + SECONDS_MAX
    while not holds():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.02)


def children(process: subprocess.Popen[str]) -> list[int]:
    """The process ids of worker processes that this process started."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            command = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if fields[1] == str(process.pid) and b"arco.execution.worker" in command:
            found.append(int(entry.name))
    return found
