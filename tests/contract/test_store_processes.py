"""The promises of the local store hold between processes, and for processes that are killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from arco.runtime import AsyncioRuntime, run
from arco.store.local import LocalStore

PROCESSES = 8
THREADS = 8
NAMES = 16
OBJECT_BYTES = 300_000
RUNTIME = AsyncioRuntime()
SAME_PATH = f"import sys; sys.path[:0] = {sys.path!r}"
PREAMBLE = """
import os, resource, signal, sys, threading
from pathlib import Path
from arco.runtime import AsyncioRuntime, run
from arco.store.folder import System
from arco.store.local import LocalStore
from arco.store.port import StoreFault

store = LocalStore(Path(sys.argv[1]), AsyncioRuntime())
named = System(anonymous_flag=os.O_DIRECTORY)

def say(text):
    print(text, flush=True)
"""
RACE = """
def claim(creator):
    barrier.wait(timeout=30)
    for number in range({names}):
        if run(store.create(f"race/{{number}}", b"%d" % creator)):
            say(f"{{number}} {{creator}}\\n")

barrier = threading.Barrier({threads})
threads = [
    threading.Thread(target=claim, args=(os.getpid() * 100 + index,)) for index in range({threads})
]
say("ready")
sys.stdin.readline()
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""
CREATE_FOR_EVER = """
for number in range(1_000_000):
    key = f"data/{{number:08d}}"
    assert run(store.create(key, b"%08d" % number * ({size} // 8)))
    say(key)
"""
NAMED_FILES_ONLY = """
store = LocalStore(Path(sys.argv[1]), AsyncioRuntime(), system=named)
"""
DIE_INSTEAD_OF_LINKING = """
run(store.create("data/before", b"1"))
def die(*args, **folders):
    if not args[1].startswith(".arco-tmp-"):
        os.kill(os.getpid(), signal.SIGKILL)
    os.link(*args, **folders)

deadly = System(link=die, anonymous_flag=FLAG)
store = LocalStore(Path(sys.argv[1]), AsyncioRuntime(), system=deadly)
run(store.create("data/never", b"x" * 5000))
"""
HOLD_LOCK = """
lock = run(store.try_lock("lead.json"))
say("held" if lock else "refused")
sys.stdin.readline()
"""
HOLD_LOCK_AND_FORK = """
lock = run(store.try_lock("lead.json"))
if os.fork():
    sys.stdin.readline()
say(os.getpid())
signal.pause()
"""
LIMITED_FILES = """
run(store.create("data/before", b"1"))
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    run(store.create("data/large", b"x" * 50_000))
except StoreFault as fault:
    say(f"{fault.fatal} {fault.hint}")
say(run(store.create("data/small", b"2")))
"""


class Children:
    """The processes of one test; none outlives it."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._started: list[subprocess.Popen[str]] = []

    def start(self, script: str) -> subprocess.Popen[str]:
        child = subprocess.Popen(
            [sys.executable, "-c", SAME_PATH + PREAMBLE + script, str(self._root)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._started.append(child)
        return child

    def end(self) -> None:
        for child in self._started:
            child.kill()
            child.communicate()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def children(root: Path) -> Iterator[Children]:
    started = Children(root)
    yield started
    started.end()


def line(child: subprocess.Popen[str]) -> str:
    assert child.stdout is not None
    return child.stdout.readline().strip()


def names_on_disk(root: Path) -> list[str]:
    return sorted(name for _, _, names in os.walk(root) for name in names)


def test_every_name_has_one_winner_among_processes_and_their_threads(
    root: Path, children: Children
) -> None:
    script = RACE.format(names=NAMES, threads=THREADS)
    racers = [children.start(script) for _ in range(PROCESSES)]
    assert [line(racer) for racer in racers] == ["ready"] * PROCESSES
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    said = "".join(racer.communicate(timeout=60)[0] for racer in racers)
    claims = dict(claim.split() for claim in said.splitlines() if claim)
    assert len([claim for claim in said.splitlines() if claim]) == NAMES
    store = LocalStore(root, RUNTIME)
    for number in range(NAMES):
        assert run(store.get(f"race/{number}")) == claims[str(number)].encode()
    assert len(names_on_disk(root)) == NAMES


@pytest.mark.parametrize("preamble", ["", NAMED_FILES_ONLY], ids=["anonymous", "named"])
def test_a_killed_creator_leaves_whole_objects_and_all_it_acknowledged(
    root: Path, children: Children, preamble: str
) -> None:
    writer = children.start(preamble + CREATE_FOR_EVER.format(size=OBJECT_BYTES))
    acknowledged = [line(writer) for _ in range(5)]
    writer.kill()
    rest, _ = writer.communicate()
    acknowledged += rest.split()
    store = LocalStore(root, RUNTIME)
    visible = [entry.key for entry in run(store.list("data/"))]
    assert set(acknowledged) <= set(visible)
    assert len(visible) <= len(acknowledged) + 1
    for number, key in enumerate(visible):
        assert run(store.get(key)) == b"%08d" % number * (OBJECT_BYTES // 8)


def test_death_between_writing_and_naming_leaves_no_trace(root: Path, children: Children) -> None:
    writer = children.start("FLAG = os.O_TMPFILE" + DIE_INSTEAD_OF_LINKING)
    assert writer.wait(timeout=30) == -signal.SIGKILL
    assert names_on_disk(root) == ["before"]


def test_what_a_killed_writer_left_is_never_listed_and_swept_after_an_hour(
    root: Path, children: Children
) -> None:
    writer = children.start("FLAG = os.O_DIRECTORY" + DIE_INSTEAD_OF_LINKING)
    assert writer.wait(timeout=30) == -signal.SIGKILL
    store = LocalStore(root, RUNTIME)
    (leftover,) = [name for name in names_on_disk(root) if name != "before"]
    assert [entry.key for entry in run(store.list(""))] == ["data/before"]
    assert run(store.get("data/never")) is None
    assert run(store.sweep()) == 0
    then = RUNTIME.now().timestamp() - 3700
    os.utime(root / "data" / leftover, (then, then))
    assert run(store.sweep()) == 1
    assert names_on_disk(root) == ["before"]


def test_a_lock_excludes_other_processes_and_ends_with_its_holder(
    root: Path, children: Children
) -> None:
    store = LocalStore(root, RUNTIME)
    holder = children.start(HOLD_LOCK)
    assert line(holder) == "held"
    assert run(store.try_lock("lead.json")) is None
    assert line(children.start(HOLD_LOCK)) == "refused"
    holder.kill()
    holder.wait(timeout=30)
    assert run(store.try_lock("lead.json")) is not None


def test_a_forked_child_does_not_keep_the_lock_of_its_dead_parent(
    root: Path, children: Children
) -> None:
    parent = children.start(HOLD_LOCK_AND_FORK)
    child = int(line(parent))
    try:
        store = LocalStore(root, RUNTIME)
        assert run(store.try_lock("lead.json")) is None
        parent.kill()
        parent.wait(timeout=30)
        assert run(store.try_lock("lead.json")) is not None
    finally:
        os.kill(child, signal.SIGKILL)


def test_a_file_that_exceeds_the_limit_of_the_process_leaves_nothing(
    root: Path, children: Children
) -> None:
    writer = children.start(LIMITED_FILES)
    said, _ = writer.communicate(timeout=30)
    assert said.splitlines()[0].startswith("False raise the limit of file sizes")
    assert said.splitlines()[1] == "True"
    assert names_on_disk(root) == ["before", "small"]
