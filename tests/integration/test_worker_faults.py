"""What user code may do to a worker: print, raise, hang, exit; and what a worker does when left."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from arco.execution.protocol import Completed, Dispatch, HeartbeatReply, Started
from arco.orchestration.definitions import AssetDefinition
from arco.orchestration.outcomes import ErrorCategory, TaskError
from tests.integration.worker_process import WorkerProcess, assets_of, envelope_of, worker

PROJECT = """
import logging
import os
import subprocess
import sys
import time
from arco import asset

print("printed at import")

def divide(a, b):
    return a / b

@asset(namespace="f")
def prints(context):
    for number in range(50_000):
        print("line", number)
    print("to stderr", file=sys.stderr)
    context.log.warning("something %s", "odd")
    logging.getLogger("lib").debug("invisible")
    os.write(1, b"from native code\\n")
    subprocess.run(["echo", "from a child"], check=True)
    if os.fork() == 0:
        print("from a fork")
        os._exit(0)
    os.wait()
    print("no end", end="")

@asset(namespace="f")
def prints_slowly():
    print("early", flush=True)
    time.sleep(1.6)
    print("late")

@asset(namespace="f")
def raises():
    try:
        divide(1, 0)
    except ZeroDivisionError as error:
        raise ValueError("no rate") from error

@asset(namespace="f")
def runs_out_of_memory():
    raise MemoryError

@asset(namespace="f")
def fills_the_disk():
    raise OSError(28, "No space left on device")

@asset(namespace="f")
def exits():
    sys.exit(3)

@asset(namespace="f")
def leaves():
    os._exit(7)

@asset(namespace="f")
def hangs():
    try:
        time.sleep(60)
    except Exception:
        pass

@asset(namespace="f")
def touches():
    open(os.path.join(os.environ["PROOF"], "touched"), "w").close()

@asset(namespace="f")
def too_much_metadata(context):
    context.add_metadata(text="x" * 20_000)
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("faults")
    (folder / "assets.py").write_text(PROJECT)
    return folder


@pytest.fixture(scope="module")
def assets(project: Path) -> dict[str, AssetDefinition]:
    return assets_of(project)


@pytest.fixture
def running(project: Path, tmp_path: Path) -> Iterator[WorkerProcess]:
    with worker(project, tmp_path) as process:
        yield process


def failed(completed: Completed) -> TaskError:
    assert completed.completion.error is not None
    return completed.completion.error


def test_everything_a_task_prints_is_stored_in_order_and_nothing_reaches_the_stream(
    running: WorkerProcess, assets: dict[str, AssetDefinition]
) -> None:
    envelope = envelope_of(assets["f.prints"])
    completed = running.perform(envelope)
    assert completed.completion.error is None
    assert completed.log_chunks >= 1
    lines = running.log(envelope)
    stdout = [each["line"] for each in lines if each["stream"] == "stdout"]
    assert stdout[:50_000] == [f"line {number}" for number in range(50_000)]
    rest = stdout[50_000:]
    assert set(rest) == {"from native code", "from a child", "from a fork", "no end"}
    assert [each["line"] for each in lines if each["stream"] == "stderr"] == ["to stderr"]
    logged = [each["line"] for each in lines if each["stream"] == "log"]
    assert logged == ["WARNING f.prints: something odd"]


def test_output_can_be_read_while_the_task_runs(
    running: WorkerProcess, assets: dict[str, AssetDefinition]
) -> None:
    envelope = envelope_of(assets["f.prints_slowly"])
    running.begin(envelope)
    deadline = time.monotonic() + 1.5
    while not running.log(envelope) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [each["line"] for each in running.log(envelope)] == ["early"]


def test_a_silent_task_stores_no_log(
    running: WorkerProcess, assets: dict[str, AssetDefinition]
) -> None:
    envelope = envelope_of(assets["f.runs_out_of_memory"])
    completed = running.perform(envelope)
    assert (completed.log_chunks, running.log(envelope)) == (0, [])


def test_an_exception_shows_the_frames_of_user_code_and_its_cause(
    running: WorkerProcess, assets: dict[str, AssetDefinition], project: Path
) -> None:
    error = failed(running.perform(envelope_of(assets["f.raises"])))
    assert (error.category, error.message) == (ErrorCategory.USER_CODE, "ValueError: no rate")
    assert 'File "assets.py", line' in error.traceback
    assert "ZeroDivisionError" in error.traceback
    assert "arco/execution" not in error.traceback
    assert str(project) not in error.traceback


@pytest.mark.parametrize(
    ("key", "category", "hint"),
    [
        ("f.runs_out_of_memory", ErrorCategory.INFRASTRUCTURE, "smaller partitions"),
        ("f.fills_the_disk", ErrorCategory.INFRASTRUCTURE, "free space"),
        ("f.exits", ErrorCategory.USER_CODE, ""),
        ("f.too_much_metadata", ErrorCategory.USER_CODE, "store what is larger"),
    ],
)
def test_errors_say_who_has_to_act(
    running: WorkerProcess,
    assets: dict[str, AssetDefinition],
    key: str,
    category: ErrorCategory,
    hint: str,
) -> None:
    error = failed(running.perform(envelope_of(assets[key])))
    assert error.category is category
    assert hint in error.hint
    assert running.stop() == 0


def test_a_cancelled_task_is_interrupted_at_its_heartbeat_and_the_worker_lives_on(
    running: WorkerProcess, assets: dict[str, AssetDefinition]
) -> None:
    began = time.monotonic()
    error = failed(running.perform(envelope_of(assets["f.hangs"]), cancel=True))
    assert error.category is ErrorCategory.CANCELLED
    assert time.monotonic() - began < 10
    assert running.heartbeats == 1
    assert failed(running.perform(envelope_of(assets["f.raises"]))).message.startswith("ValueError")


def test_user_code_does_not_start_before_it_is_acknowledged(
    project: Path, assets: dict[str, AssetDefinition], tmp_path: Path
) -> None:
    os.environ["PROOF"] = str(tmp_path)
    with worker(project, tmp_path / "store") as running:
        envelope = envelope_of(assets["f.touches"])
        running.wire.send(Dispatch(envelope))
        assert isinstance(running.wire.receive(), Started)
        refusal = HeartbeatReply(envelope.dispatch_id, should_cancel=True)
        running.wire.send(refusal)
        assert running.stop() == 0
    del os.environ["PROOF"]
    assert not (tmp_path / "touched").exists()


def test_a_worker_that_user_code_ends_is_seen_as_the_end_of_its_stream(
    running: WorkerProcess, assets: dict[str, AssetDefinition]
) -> None:
    running.begin(envelope_of(assets["f.leaves"]))
    assert running.wire.receive() is None
    assert running.process.wait(timeout=10) == 7


def test_a_killed_worker_is_seen_as_the_end_of_its_stream(
    running: WorkerProcess, assets: dict[str, AssetDefinition]
) -> None:
    running.begin(envelope_of(assets["f.hangs"]))
    running.process.send_signal(signal.SIGKILL)
    assert running.wire.receive() is None


def test_a_worker_ends_when_the_other_side_is_gone_even_in_the_middle_of_a_task(
    running: WorkerProcess, assets: dict[str, AssetDefinition]
) -> None:
    running.begin(envelope_of(assets["f.hangs"]))
    running.wire.close()
    assert running.process.wait(timeout=10) == 3


def test_an_interrupt_from_the_terminal_is_left_to_the_parent(
    running: WorkerProcess, assets: dict[str, AssetDefinition]
) -> None:
    running.process.send_signal(signal.SIGINT)
    assert failed(running.perform(envelope_of(assets["f.raises"]))).message.startswith("ValueError")


def test_a_project_that_cannot_be_imported_ends_the_worker_with_its_problems(
    tmp_path: Path,
) -> None:
    (tmp_path / "assets.py").write_text("import arco\nimport not_installed_here\n")
    ours, theirs = socket.socketpair()
    with ours, theirs:
        number = theirs.fileno()
        command = [sys.executable, "-m", "arco.execution.worker", "--fd", str(number)]
        command += ["--project", str(tmp_path), "--store", str(tmp_path / "s"), "--scope", "a/b"]
        done = subprocess.run(command, pass_fds=[number], capture_output=True, check=False)
    assert done.returncode == 2
    assert b"assets.py:2: importing assets failed: ModuleNotFoundError" in done.stderr
