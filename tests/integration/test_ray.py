"""Assets on a real Ray cluster of several nodes: they run, fail, are cancelled, and nodes die."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.cli_project import SOURCES, Project, until
from tests.integration.ray_nodes import LOOPBACK, Nodes, nodes
from tests.integration.served import Served
from tests.integration.worker_services import ANOTHER, SECRET

ASSETS = """
import os, time
import pyarrow as pa
from arco import asset

HERE = os.path.dirname(__file__)

def proof(name):
    with open(os.path.join(HERE, name), "a") as file:
        file.write(f"{os.getpid()}\\n")

def waits_for(name):
    while not os.path.exists(os.path.join(HERE, name)):
        time.sleep(0.02)

@asset(namespace="n")
def left():
    proof("left")
    waits_for("right")
    print("left on", os.environ["NODE"])
    return [{"x": 1}]

@asset(namespace="n")
def right():
    proof("right")
    waits_for("left")
    return [{"x": 1}, {"x": 2}]

@asset(namespace="n", executor="pool")
def both(left: pa.Table, right: pa.Table):
    return pa.concat_tables([left, right])

@asset(namespace="n", timeout_seconds=0.5)
def slow():
    time.sleep(60)

@asset(namespace="n")
def wrong():
    print("about to divide")
    return 1 / 0

@asset(namespace="n", cpu_millicores=64_000)
def huge(): return []

@asset(namespace="n")
def endless():
    proof("endless")
    try:
        time.sleep(60)
    finally:
        proof("cleaned")

@asset(namespace="n", cpu_millicores=2_000)
def waits():
    proof("waits-" + os.environ["NODE"])
    waits_for("go")
    return [{"x": 1}]

@asset(namespace="n")
def survives():
    proof("survives")
    waits_for("on")
    return [{"x": 1}]
"""

# A cluster, a server and cold processes stand behind every one of them.
pytestmark = pytest.mark.timeout(300)


class Site:
    """A project, the cluster, and a server that hands out to it."""

    def __init__(self, project: Project, cluster: Nodes, common: dict[str, str]) -> None:
        self.project = project
        self.cluster = cluster
        self.common = common
        self.served = self.serve()

    def serve(self) -> Served:
        """Another server."""
        self.served = Served(self.project, **self.common)
        return self.served

    def run(self, *selection: str) -> str:
        """A new run of the selected assets."""
        body = {"selection": selection, "which": "all"}
        status, answer = self.served.ask("/api/v1/runs", body)
        assert status == 202, answer
        return str(answer["run_id"])

    def ended(self, run_id: str) -> list[dict[str, Any]]:
        """The run's tasks once it has ended."""
        route = f"/api/v1/runs/{run_id}"
        until(lambda: self.served.ask(route)[1]["run"].get("ended_at"))
        tasks: list[dict[str, Any]] = self.served.ask(route)[1]["tasks"]
        return tasks

    def proofs(self, name: str) -> list[int]:
        """The processes in which user code said so."""
        path = self.project.directory / name
        return [int(line) for line in path.read_text().split()] if path.exists() else []


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    directory = tmp_path_factory.mktemp("ray") / "p"
    project = Project(directory, ASSETS)
    (directory / "pyproject.toml").write_text('[tool.arco]\nname = "p"\nexecutor = "ray"\n')
    (directory / "workers.txt").write_text(f"{SECRET}\n")
    (directory / "urls.txt").write_text(f"{ANOTHER}\n")
    secrets = {"ARCO_WORKER_SECRETS": "workers.txt", "ARCO_URL_SECRETS": "urls.txt"}
    here = {"ARCO_DIRECTORY": str(directory), "PYTHONPATH": SOURCES, **secrets}
    with nodes(**here, ARCO_CANCEL_GRACE_SECONDS="30") as cluster:
        cluster.add("one", 1)
        cluster.add("two", 1)
        common = {
            **secrets,
            **LOOPBACK,
            "PYTHONUNBUFFERED": "1",
            "ARCO_RAY_ADDRESS": cluster.address,
            "ARCO_RAY_NODE_SECONDS": "0",
            "ARCO_HEARTBEAT_TIMEOUT_SECONDS": "12",
            "ARCO_CANCEL_GRACE_SECONDS": "30",
        }
        project.arco("deploy", **common)
        site = Site(project, cluster, common)
        try:
            yield site
        finally:
            site.served.process.send_signal(signal.SIGINT)
            site.served.process.communicate(timeout=60)


def test_the_doctor_joins_the_cluster_and_names_what_is_missing(site: Site) -> None:
    found = site.project.arco("doctor", **site.common)
    assert f"at {site.cluster.address}: 3 nodes, 2 CPUs" in found.out
    without = site.project.arco("doctor", code=1)
    assert "ARCO_RAY_ADDRESS" in without.out


def test_two_nodes_make_tables_at_the_same_time_and_their_output_arrives(site: Site) -> None:
    run_id = site.run("n.left", "n.right", "n.both")
    assert {task["state"] for task in site.ended(run_id)} == {"SUCCEEDED"}
    assert site.project.tables() == {"n.left": 1, "n.right": 2, "n.both": 3}
    logs = [site.served.ask(f"/api/v1/runs/{run_id}/tasks/{at}/logs")[1] for at in range(3)]
    assert "left on " in json.dumps(logs)


def test_what_user_code_raises_arrives_with_its_lines(site: Site) -> None:
    run_id = site.run("n.wrong")
    (task,) = site.ended(run_id)
    error = task["error"]
    assert error["category"] == "USER_CODE", error
    assert "ZeroDivisionError" in error["message"]
    assert "return 1 / 0" in json.dumps(error)
    assert "about to divide" in json.dumps(site.served.ask(f"/api/v1/runs/{run_id}/tasks/0/logs"))


def test_what_takes_too_long_and_what_no_node_can_hold_end(site: Site) -> None:
    (slow,) = site.ended(site.run("n.slow"))
    assert slow["error"]["category"] == "TIMEOUT", slow
    (huge,) = site.ended(site.run("n.huge"))
    assert huge["error"]["category"] == "CONFIGURATION", huge
    assert "no node of the Ray cluster has 64 CPUs" in huge["error"]["message"]


def test_a_cancelled_run_ends_on_its_node(site: Site) -> None:
    run_id = site.run("n.endless")
    until(lambda: site.proofs("endless"))
    assert site.served.ask(f"/api/v1/runs/{run_id}/cancel", {})[0] == 202
    (task,) = site.ended(run_id)
    assert task["state"] == "CANCELLED"
    assert len(site.proofs("cleaned")) == 1


def test_a_killed_node_is_missed_and_another_does_its_work(site: Site) -> None:
    site.cluster.add("large", 2)
    run_id = site.run("n.waits")
    until(lambda: site.proofs("waits-large"))
    site.cluster.kill("large")
    site.cluster.add("another", 2)
    until(lambda: site.proofs("waits-another"))
    until(lambda: not alive(site.proofs("waits-large")))
    (site.project.directory / "go").touch()
    (task,) = site.ended(run_id)
    assert (task["state"], task["attempt"]) == ("SUCCEEDED", 2)


def test_a_killed_leader_takes_its_tasks_along_and_the_next_publishes_once(site: Site) -> None:
    run_id = site.run("n.survives")
    until(lambda: site.proofs("survives"))
    os.kill(site.served.process.pid, signal.SIGKILL)
    site.served.process.communicate()
    site.serve()
    until(lambda: len(site.proofs("survives")) == 2)
    until(lambda: len(alive(site.proofs("survives"))) == 1)
    (site.project.directory / "on").touch()
    (task,) = site.ended(run_id)
    assert (task["state"], task["attempt"]) == ("SUCCEEDED", 1)
    history = site.project.arco("history", "n.survives", "--json", **site.common).json()
    assert len(history) == 1, history


def alive(processes: list[int]) -> list[int]:
    """Those that are still there."""
    return [each for each in processes if Path(f"/proc/{each}").exists()]
