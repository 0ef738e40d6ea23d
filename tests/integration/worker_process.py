"""A real worker process on one end of a socket pair, and the test on the other."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from arco.execution.compiled import Compiled
from arco.execution.protocol import (
    Acknowledge,
    Completed,
    Dispatch,
    Envelope,
    FromWorker,
    Heartbeat,
    HeartbeatReply,
    Ready,
    Started,
    Stop,
)
from arco.execution.wire import Wire, from_worker
from arco.ids import attempt_id, dispatch_id
from arco.orchestration.definitions import AssetDefinition
from arco.store import keys

SCOPE = keys.Scope("acme", "main")
RUN = "01J0000000000000000000000A"


class WorkerProcess:
    """Speaks the control plane's side of the protocol."""

    def __init__(self, project: Path, store: Path) -> None:
        self.store = store
        ours, theirs = socket.socketpair()
        command = [sys.executable, "-m", "arco.execution.worker", "--fd", str(theirs.fileno())]
        command += ["--project", str(project), "--store", str(store), "--scope", "acme/main"]
        self.process = subprocess.Popen(
            command, pass_fds=[theirs.fileno()], stderr=subprocess.PIPE, stdout=subprocess.PIPE
        )
        theirs.close()
        ours.settimeout(30)
        self.wire: Wire[FromWorker] = from_worker(ours)
        self.heartbeats = 0

    def ready(self) -> Ready:
        """Waits until the project is loaded."""
        message = self.wire.receive()
        assert isinstance(message, Ready)
        return message

    def perform(self, envelope: Envelope, *, cancel: bool = False) -> Completed:
        """Sends the attempt through the whole exchange and returns its end."""
        self.begin(envelope)
        while (message := self.wire.receive()) is not None:
            if isinstance(message, Completed):
                return message
            if isinstance(message, Heartbeat):
                self.heartbeats += 1
                self.wire.send(HeartbeatReply(message.dispatch_id, should_cancel=cancel))
        raise AssertionError("the worker is gone")

    def begin(self, envelope: Envelope) -> Started:
        """Dispatches the attempt and lets user code start."""
        self.wire.send(Dispatch(envelope))
        started = self.wire.receive()
        assert isinstance(started, Started)
        self.wire.send(Acknowledge(envelope.dispatch_id))
        return started

    def stop(self) -> int:
        """Asks the worker to end; its exit code."""
        self.wire.send(Stop())
        return self.process.wait(timeout=20)

    def log(self, envelope: Envelope) -> list[dict[str, Any]]:
        """The stored output of the attempt."""
        folder = self.store / SCOPE.prefix() / keys.task_log_folder(RUN, envelope.attempt_id)
        chunks = sorted(folder.glob("*.ndjson"))
        return [json.loads(line) for chunk in chunks for line in chunk.read_text().splitlines()]


@contextmanager
def worker(project: Path, store: Path) -> Iterator[WorkerProcess]:
    """A loaded worker that is gone afterwards."""
    running = WorkerProcess(project, store)
    try:
        running.ready()
        yield running
    finally:
        running.process.kill()
        running.process.wait()
        running.wire.close()
        for stream in (running.process.stderr, running.process.stdout):
            assert stream is not None
            stream.close()


def compiled(project: Path, *, seed: str = "0") -> Compiled:
    """The answer of a real compile process."""
    command = [sys.executable, "-m", "arco.execution.compile", str(project)]
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    done = subprocess.run(command, capture_output=True, env=environment, check=False)
    assert done.returncode in (0, 1), done.stderr.decode()
    return msgspec.json.decode(done.stdout, type=Compiled)


def assets_of(project: Path) -> dict[str, AssetDefinition]:
    """The project's definitions by key."""
    answer = compiled(project)
    assert answer.manifest is not None, answer.problems
    return {asset.key: asset for asset in answer.manifest.assets}


def envelope_of(asset: AssetDefinition, attempt: int = 1, **given: Any) -> Envelope:
    """An attempt at the asset."""
    task = asset.key.replace(".", "/") + ":materialize"
    dispatch = dispatch_id(RUN, task, attempt)
    return Envelope(
        run_id=RUN,
        task_key=task,
        attempt=attempt,
        dispatch_id=dispatch,
        attempt_id=attempt_id(dispatch),
        asset=asset,
        table_id="00000000-0000-7000-8000-" + asset.code.version[-12:],
        **given,
    )


__all__ = [
    "RUN",
    "SCOPE",
    "WorkerProcess",
    "assets_of",
    "compiled",
    "envelope_of",
    "worker",
]
