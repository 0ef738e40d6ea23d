"""Compiling in a process of its own gives the same bytes whatever the process is like."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.integration.worker_process import compiled

PROJECT = """
from arco import MonthlyPartitions, asset, check, sql_asset
print("noise")
NAMES = {"a", "b", "c", "d"}
def helper(x):
    return {"k": x, "l": NAMES}
@asset("raw.flights", tags=["z", "y", "x"], partitions=MonthlyPartitions(start="2013-01"))
def flights():
    return helper(1)
@asset("staging.flights")
def clean(raw_flights):
    return raw_flights
@check("raw.flights")
def fine(data):
    return True
sql_asset("marts.stats", sql="select * from raw.flights join staging.flights using (x)")
def factory(names):
    @asset("marts.made")
    def made():
        return names
factory(frozenset(NAMES))
"""


def printed(folder: Path, seed: str) -> bytes:
    command = [sys.executable, "-m", "arco.execution.compile", str(folder)]
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    return subprocess.run(command, capture_output=True, env=environment, check=True).stdout


def test_the_manifest_has_the_same_bytes_for_every_hash_seed_and_folder(tmp_path: Path) -> None:
    one = tmp_path / "one" / "demo"
    one.mkdir(parents=True)
    (one / "assets.py").write_text(PROJECT)
    other = tmp_path / "elsewhere" / "demo"
    shutil.copytree(one, other)
    first = printed(one, "0")
    assert b"noise" not in first
    assert str(tmp_path).encode() not in first
    assert {printed(one, "1"), printed(other, "2")} == {first}


def test_problems_leave_with_exit_code_one(tmp_path: Path) -> None:
    (tmp_path / "assets.py").write_text("import arco\nimport no_such_library\n")
    found = compiled(tmp_path).problems
    assert [(each.file, each.line) for each in found] == [("assets.py", 2)]
