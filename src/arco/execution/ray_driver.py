"""The Ray driver: a process of the leader that is part of a Ray cluster and hands its tasks out.

`python -m arco.execution.ray_driver --fd N --address HOST:PORT --node-seconds SECONDS`

Whatever Ray does to its driver, it does not do to the leader. Ray never repeats a task: retries are
the leader's. Law: of everything submitted it is told once that Ray has it no more; what was
submitted ends with this process, and this process with its parent. The only file that imports Ray.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import os
import socket
import sys
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

import msgspec

from arco.execution.child import Line
from arco.execution.parting import die_with_parent
from arco.execution.protocol import frame
from arco.execution.ray_messages import (
    FromDriver,
    Joined,
    NotJoined,
    Parted,
    Release,
    Submit,
    ToDriver,
)
from arco.execution.worker_ray import perform
from arco.orchestration.outcomes import ErrorCategory, TaskError
from arco.runtime import AsyncioRuntime, Runtime, run
from arco.service.settings import keep_ray_to_itself

DECODER: msgspec.json.Decoder[ToDriver] = msgspec.json.Decoder(ToDriver)
PATIENCE_SECONDS = 3600.0
LOG_HINT = "Ray's own logs of the node say more; the attempt is repeated while its budget lasts"


class Options(msgspec.Struct, frozen=True):
    """What the driver is started with."""

    descriptor: int
    address: str
    node_seconds: float


class Task:
    """Something that Ray has."""

    def __init__(self, reference: Any) -> None:
        self.reference = reference
        self.future: Future[bytes] = reference.future()


class Driver:
    """What was submitted, and what becomes of it."""

    def __init__(
        self, ray: Any, line: Line[ToDriver], runtime: Runtime, *, node_seconds: float
    ) -> None:
        self._ray = ray
        self._line = line
        self._runtime = runtime
        self._node_seconds = node_seconds
        self._function = ray.remote(max_retries=0)(perform)
        self._submitted: dict[str, Task] = {}

    async def serve(self) -> None:
        """Do what is said until the leader hangs up."""
        self._say(_joined(self._ray))
        with suppress(EOFError):
            while True:
                message = await self._line.heard(PATIENCE_SECONDS)
                if isinstance(message, Submit):
                    self._runtime.spawn(self._perform(message), "arco-submitted")
                elif isinstance(message, Release):
                    self._runtime.spawn(self._release(message), "arco-release")

    async def _perform(self, submit: Submit) -> None:
        chosen = self._function.options(
            num_cpus=submit.cpus, memory=submit.memory_bytes, name=submit.name
        )
        task = Task(chosen.remote(bytes(submit.order)))
        self._submitted[submit.dispatch_id] = task
        if not self._fits(submit):
            self._runtime.spawn(self._wait_for_node(submit, task), "arco-wait-for-node")
        try:
            answer = await asyncio.wrap_future(task.future)
            error = msgspec.json.decode(answer, type=TaskError) if answer else None
        except Exception as failure:
            error = error_of(failure)
        self._part(submit.dispatch_id, task, error=error)

    async def _wait_for_node(self, submit: Submit, task: Task) -> None:
        """An autoscaler may bring a node that is large enough; nobody else can."""
        await self._runtime.sleep(self._node_seconds)
        if self._submitted.get(submit.dispatch_id) is task and not self._fits(submit):
            self._part(submit.dispatch_id, task, error=too_large(submit))
            self._end(task)

    def _fits(self, submit: Submit) -> bool:
        """Whether some node that lives has so much, used or not."""
        return any(
            totals.get("CPU", 0) >= submit.cpus and totals.get("memory", 0) >= submit.memory_bytes
            for totals in _totals(self._ray)
        )

    async def _release(self, release: Release) -> None:
        task = self._submitted.pop(release.dispatch_id, None)
        if task is None:
            return
        if release.grace_seconds:
            await self._runtime.sleep(release.grace_seconds)
        self._end(task)

    def _end(self, task: Task) -> None:
        """It leaves Ray's queue, or its process is ended."""
        if not task.future.done():
            self._ray.cancel(task.reference, force=True)

    def _part(self, dispatch_id: str, task: Task, *, error: TaskError | None) -> None:
        """The leader hears it once, and nothing of what it released or submitted again."""
        if self._submitted.get(dispatch_id) is task:
            del self._submitted[dispatch_id]
            self._say(Parted(dispatch_id, error))

    def _say(self, message: FromDriver) -> None:
        self._line.send(frame(message))


def error_of(failure: Exception) -> TaskError:
    """The error of an attempt that Ray gave up, by what it says of the reason."""
    told = str(failure).strip().splitlines() or [""]
    name = type(failure).__name__
    if name.startswith("RayTaskError"):
        # The function itself cannot fail: its process could not load it.
        return TaskError(
            ErrorCategory.CONFIGURATION,
            f"a node of the Ray cluster cannot perform tasks: {told[-1]}",
            hint="install the server's release of Arco, and the project, on every node",
        )
    return TaskError(
        ErrorCategory.INFRASTRUCTURE, f"Ray lost the attempt ({name}): {told[0]}", hint=LOG_HINT
    )


def too_large(submit: Submit) -> TaskError:
    """The error of an attempt that asks for more than any node has."""
    return TaskError(
        ErrorCategory.CONFIGURATION,
        f"no node of the Ray cluster has {submit.cpus:g} CPUs and "
        f"{submit.memory_bytes / 2**20:,.0f} MiB of memory",
        hint="lower cpu_millicores or memory_bytes of the asset, add such a node, or give one more "
        "time to come: ARCO_RAY_NODE_SECONDS",
    )


def not_joined(address: str, failure: Exception) -> TaskError:
    """The error of attempts while there is no way into the cluster."""
    told = " ".join(str(failure).split())
    return TaskError(
        ErrorCategory.INFRASTRUCTURE,
        f"the Ray cluster at {address} could not be joined: {told[:500]}",
        hint="this machine has to be a node of it, with the same Python and Ray: "
        f"`ray start --address={address} --num-cpus=0`",
    )


def _joined(ray: Any) -> Joined:
    totals = list(_totals(ray))
    return Joined(
        version=ray.__version__,
        nodes=len(totals),
        cpus=sum(each.get("CPU", 0) for each in totals),
        memory_bytes=int(sum(each.get("memory", 0) for each in totals)),
    )


def _totals(ray: Any) -> Sequence[dict[str, float]]:
    return [each["Resources"] for each in ray.nodes() if each["Alive"]]


async def _serve(options: Options) -> None:
    runtime = AsyncioRuntime()
    line = Line(DECODER)
    connection = socket.socket(fileno=options.descriptor)
    await asyncio.get_running_loop().create_connection(lambda: line, sock=connection)
    ray: Any = importlib.import_module("ray")
    try:
        ray.init(options.address, log_to_driver=False)
    except Exception as failure:
        line.send(frame(NotJoined(not_joined(options.address, failure))))
        line.close()
        return
    driver = Driver(ray, line, runtime, node_seconds=options.node_seconds)
    try:
        await driver.serve()
    finally:
        # What was submitted ends now.
        ray.shutdown()


def parsed(arguments: Sequence[str]) -> Options:
    """The command line's options."""
    parser = argparse.ArgumentParser(prog="python -m arco.execution.ray_driver")
    parser.add_argument("--fd", type=int, required=True)
    parser.add_argument("--address", required=True)
    parser.add_argument("--node-seconds", type=float, required=True)
    given = parser.parse_args(arguments)
    return Options(given.fd, given.address, given.node_seconds)


def be_silent() -> None:
    """Ray tells pages of its own state to whoever looks; what matters is told to the leader."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, sys.stdout.fileno())
    os.dup2(nothing, sys.stderr.fileno())
    os.close(nothing)


def main(arguments: Sequence[str]) -> int:
    """Serves the stream at the given descriptor until it ends; the exit code."""
    die_with_parent()
    options = parsed(arguments)
    os.set_inheritable(options.descriptor, False)
    keep_ray_to_itself()
    be_silent()
    run(_serve(options))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

__all__ = [
    "Driver",
    "Options",
    "Task",
    "be_silent",
    "error_of",
    "main",
    "not_joined",
    "parsed",
    "too_large",
]
