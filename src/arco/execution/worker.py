"""The worker process: it loads a project once and performs one attempt after another.

`python -m arco.execution.worker --fd N --project DIR --store URL --scope TENANT/WORKSPACE`

Law: user code starts only after `started` was acknowledged; the worker dies with its parent. Must
not know the log or the state. Heavy libraries load with the first task that reads or returns data.
"""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import socket
import sys
import threading
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import cast

import msgspec

from arco.errors import Invalid
from arco.execution.attempts import attempt
from arco.execution.capture import Capture
from arco.execution.evaluating import evaluate
from arco.execution.failures import Cancelled
from arco.execution.parting import EXIT_PARENT_GONE, die_with_parent, leave_nobody_behind
from arco.execution.protocol import (
    Acknowledge,
    Completed,
    Dispatch,
    Envelope,
    Heartbeat,
    HeartbeatReply,
    Ready,
    Sense,
    Sensed,
    Started,
    Stop,
    ToWorker,
)
from arco.execution.task_log import TaskLog
from arco.execution.wire import Wire, to_worker
from arco.execution.workshops import Cancellation, Tables, Workshop, workshop
from arco.orchestration.outcomes import Completion, ErrorCategory, TaskError
from arco.runtime import AsyncioRuntime, Runtime
from arco.sdk.project import find_project, load_project
from arco.store.keys import Scope
from arco.store.open import open_store
from arco.store.scoped import ScopedStore

HEARTBEAT_SECONDS = 1.0
TICK_SECONDS = 0.25
INTERRUPT = signal.SIGUSR1
EXIT_PROJECT_INVALID = 2


class Options(msgspec.Struct, frozen=True):
    """What a worker is started with."""

    descriptor: int
    project: Path
    store: str
    scope: Scope


class Pulse:
    """A thread beside user code: heartbeats, cancellation, and the output so far."""

    def __init__(
        self,
        wire: Wire[ToWorker],
        log: TaskLog,
        cancellation: Cancellation,
        runtime: Runtime,
    ) -> None:
        self._wire = wire
        self._log = log
        self._cancellation = cancellation
        self._runtime = runtime
        self._main = threading.get_ident()
        self._task = ""
        self._beaten = 0.0
        self._never = threading.Event()
        signal.signal(INTERRUPT, self._interrupt)

    def start(self) -> None:
        """Ticks until the process ends."""
        threading.Thread(target=self._tick_for_ever, name="arco-pulse", daemon=True).start()

    def begin(self, dispatch_id: str) -> None:
        """An attempt runs from now on."""
        self._beaten = self._runtime.monotonic()
        self._task = dispatch_id

    def end(self) -> None:
        """No attempt runs."""
        self._task = ""

    def _tick_for_ever(self) -> None:
        while not self._never.wait(TICK_SECONDS):
            task = self._task
            if task:
                self._tick(task)

    def _tick(self, task: str) -> None:
        now = self._runtime.monotonic()
        if now - self._beaten >= HEARTBEAT_SECONDS:
            self._beaten = now
            self._wire.send(Heartbeat(task))
        for reply in self._wire.arrived(HeartbeatReply):
            self._obey(reply, task)
        if self._wire.closed:
            os._exit(EXIT_PARENT_GONE)
        self._log.flush_due()

    def _obey(self, reply: HeartbeatReply, task: str) -> None:
        cancellation = self._cancellation
        current = reply.dispatch_id == task and self._task == task
        if reply.should_cancel and current and not cancellation.requested:
            cancellation.requested = True
            signal.pthread_kill(self._main, INTERRUPT)

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        if self._cancellation.requested and self._cancellation.interruptible:
            raise Cancelled


class Worker:
    """The main thread: it takes dispatches and answers them."""

    def __init__(
        self, wire: Wire[ToWorker], shop: Workshop, log: TaskLog, runtime: Runtime
    ) -> None:
        self._wire = wire
        self._shop = shop
        self._log = log
        self._runtime = runtime
        self._stopping = False
        self._pulse = Pulse(wire, log, shop.cancellation, runtime)

    def serve(self) -> None:
        """Performs what is dispatched until it is told to stop or the other side is gone."""
        self._pulse.start()
        self._wire.send(Ready(os.getpid()))
        while not self._stopping:
            message = self._wire.receive()
            if message is None or isinstance(message, Stop):
                return
            if isinstance(message, Dispatch):
                self._perform(message.envelope)
            elif isinstance(message, Sense):
                answer = evaluate(self._shop, message.look, now=self._runtime.now())
                self._wire.send(Sensed(message.dispatch_id, answer))

    def _perform(self, envelope: Envelope) -> None:
        started_at = self._runtime.now()
        self._wire.send(Started(envelope.dispatch_id, started_at))
        if not self._is_acknowledged(envelope.dispatch_id):
            self._answer_unbegun(envelope.dispatch_id, started_at)
            return
        self._log.begin(envelope.run_id, envelope.attempt_id)
        self._pulse.begin(envelope.dispatch_id)
        completion = attempt(self._shop, envelope)
        chunks = self._log.finish()
        self._pulse.end()
        self._wire.send(
            Completed(
                envelope.dispatch_id, started_at, self._runtime.now(), completion, log_chunks=chunks
            )
        )

    def _answer_unbegun(self, dispatch_id: str, started_at: datetime) -> None:
        """Say that the attempt ended before user code began: nobody waits for it in vain."""
        completion = Completion(error=TaskError(ErrorCategory.CANCELLED, "it was not wanted"))
        self._wire.send(Completed(dispatch_id, started_at, self._runtime.now(), completion))

    def _is_acknowledged(self, dispatch_id: str) -> bool:
        while (message := self._wire.receive()) is not None:
            if isinstance(message, Dispatch | Sense):
                self._wire.give_back(message)
                return False
            if isinstance(message, Stop):
                self._stopping = True
            elif message.dispatch_id == dispatch_id:
                return isinstance(message, Acknowledge) or not message.should_cancel
        return False


def data_side() -> Tables:
    """The module that reads and stages tables, loaded with the first task that needs it."""
    return cast(Tables, importlib.import_module("arco.execution.tables"))


def parsed(arguments: Sequence[str]) -> Options:
    """The command line's options."""
    parser = argparse.ArgumentParser(prog="python -m arco.execution.worker")
    parser.add_argument("--fd", type=int, required=True)
    parser.add_argument("--project", type=Path, required=True)
    parser.add_argument("--store", required=True)
    parser.add_argument("--scope", required=True)
    given = parser.parse_args(arguments)
    tenant, _, workspace = given.scope.partition("/")
    store = given.store if "://" in given.store else str(Path(given.store).absolute())
    return Options(given.fd, given.project, store, Scope(tenant, workspace))


def main(arguments: Sequence[str]) -> int:
    """Serves the stream at the given descriptor until it ends; the exit code."""
    die_with_parent()
    options = parsed(arguments)
    leave_nobody_behind(options.descriptor)
    os.set_inheritable(options.descriptor, False)
    # Ctrl-C reaches the whole group; the parent decides. An ignored signal would be inherited.
    signal.signal(signal.SIGINT, lambda number, frame: None)
    runtime = AsyncioRuntime()
    capture = Capture(runtime.now)
    store = ScopedStore(open_store(options.store, runtime), options.scope)
    try:
        project = find_project(options.project)
        os.chdir(project.directory)
        shop = workshop(
            load_project(project),
            store,
            tables=data_side,
            cancellation=Cancellation(),
            environment=os.environ,
        )
    except Invalid as error:
        capture.pass_on()
        capture.terminal.write(f"{error.message}\n{error.hint}\n")
        return EXIT_PROJECT_INVALID
    capture.pass_on()
    connection = socket.socket(fileno=options.descriptor)
    Worker(to_worker(connection), shop, TaskLog(capture, store, runtime), runtime).serve()
    shop.supplies.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

__all__ = ["Options", "Pulse", "Worker", "data_side", "main", "parsed"]
