"""Real nodes of a Ray cluster on this machine: what the tests of Ray share.

`python -m tests.integration.ray_nodes` holds them, does what it is told on standard input, and
takes all of them along when that ends, so that no test leaves a process behind.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).resolve().parents[2]
STORE_BYTES = 80 * 1024 * 1024
"""The smallest object store that Ray makes."""
LOOPBACK = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
"""As it is on other systems: Ray listens and calls on 127.0.0.1 alone."""
PLAIN = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_worker_niceness": "0", **LOOPBACK}
"""Nothing is reported, and workers are no less important than what waits for them."""
HEALTH = {"health_check_period_ms": 1000}
"""A node that died is missed within seconds, and one that only has to wait is not."""


class Nodes:
    """The nodes, told by name."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.address = self._told()

    def add(self, name: str, cpus: int) -> None:
        """Another node; tasks on it find its name in `NODE`."""
        self._tell("add", name, cpus)

    def kill(self, name: str) -> None:
        """The node is gone at once, with all that runs on it."""
        self._tell("kill", name)

    def stop(self) -> None:
        """None of them is there any more."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(60)

    def _tell(self, *words: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(words) + "\n")
        self.process.stdin.flush()
        self._told()

    def _told(self) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith("done "):
                return line.removeprefix("done ").strip()
        raise AssertionError("the nodes are gone")


@contextmanager
def nodes(**environment: str) -> Iterator[Nodes]:
    """A cluster whose head performs nothing; every node has this environment."""
    folder = tempfile.mkdtemp(prefix="ray", dir="/tmp")
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.integration.ray_nodes", folder],
        cwd=ROOT,
        env={**os.environ, **environment, **PLAIN},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        found = Nodes(process)
        yield found
        found.stop()
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()
        shutil.rmtree(folder, ignore_errors=True)


def hold(folder: str, told: IO[str]) -> None:
    """Nodes are there until nothing more is told."""
    from ray.cluster_utils import Cluster

    common: dict[str, Any] = {
        "object_store_memory": STORE_BYTES,
        "include_dashboard": False,
        "include_log_monitor": False,
        "no_monitor": True,
    }
    head = {**common, "num_cpus": 0, "temp_dir": folder, "_system_config": HEALTH}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    print("done", cluster.address, flush=True)
    named: dict[str, Any] = {}
    for line in told:
        kind, name, *cpus = json.loads(line)
        if kind == "add":
            variables = {"NODE": name}
            named[name] = cluster.add_node(num_cpus=cpus[0], env_vars=variables, **common)
        else:
            cluster.remove_node(named.pop(name), allow_graceful=False)
        print("done", cluster.address, flush=True)
    cluster.shutdown()


if __name__ == "__main__":
    hold(sys.argv[1], sys.stdin)

__all__ = ["LOOPBACK", "Nodes", "hold", "nodes"]
