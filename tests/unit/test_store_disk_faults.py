"""What the local store does when the operating system fails it, and how often it syncs.

The operating system is the seam: its calls are made to fail, our own parts are the real ones.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar, TypeVarTuple

import msgspec
import pytest

from arco.errors import ArcoError, Invalid
from arco.runtime import AsyncioRuntime, run
from arco.store.folder import System
from arco.store.local import INLINE_BYTES_MAX, LocalStore
from arco.store.port import StoreFault

SLOT = "log/000000000000/00000000000000000001.json"
NEXT = "log/000000000000/00000000000000000002.json"
RUNTIME = AsyncioRuntime()
T = TypeVar("T")
Args = TypeVarTuple("Args")


@pytest.fixture(autouse=True)
def no_file_stays_open(tmp_path: Path) -> Iterator[None]:
    """Only files of this test count: others may be closed at any time, by the collector."""
    yield
    assert [name for name in _open_files() if name.startswith(str(tmp_path))] == []


def _open_files() -> Iterator[str]:
    for descriptor in os.listdir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):  # the listing's own is closed by now
            yield os.readlink(f"/proc/self/fd/{descriptor}")


class Calls:
    """A call of the operating system that notes its first argument, and fails when told."""

    def __init__(self, call: Callable[..., Any]) -> None:
        self._call = call
        self._failures: dict[int, int] = {}
        self.seen: list[str] = []

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.seen.append(_named(args[0]))
        code = self._failures.get(len(self.seen))
        if code is not None:
            raise OSError(code, os.strerror(code))
        return self._call(*args, **kwargs)

    def fail(self, code: int, *, nth: int = 1) -> None:
        """The `nth` call from now on fails with this errno."""
        self._failures[len(self.seen) + nth] = code

    def forget(self) -> None:
        """What was seen so far is not asked about."""
        self._failures = {}
        self.seen.clear()


def _named(argument: object) -> str:
    return os.readlink(f"/proc/self/fd/{argument}") if isinstance(argument, int) else str(argument)


class Machine:
    """An operating system whose calls can be watched and made to fail."""

    def __init__(self) -> None:
        self.calls = {name: Calls(getattr(os, name)) for name in CALLS}
        self.system = msgspec.structs.replace(System(), **self.calls)

    def __getitem__(self, name: str) -> Calls:
        return self.calls[name]


CALLS = ("open", "write", "pread", "fsync", "link", "rename", "mkdir")


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def store(tmp_path: Path, machine: Machine) -> LocalStore:
    return LocalStore(tmp_path / "store", RUNTIME, system=machine.system)


def fault_of(question: Coroutine[Any, Any, object]) -> StoreFault:
    with pytest.raises(StoreFault) as fault:
        run(question)
    return fault.value


def error_of(question: Coroutine[Any, Any, object]) -> ArcoError:
    with pytest.raises(ArcoError) as error:
        run(question)
    return error.value


def files_under(root: str) -> list[str]:
    return [name for _, _, names in os.walk(root) for name in names]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_says_so_and_leaves_nothing_visible(
    store: LocalStore, machine: Machine, code: int
) -> None:
    run(store.create(SLOT, b"1"))
    machine["write"].fail(code)
    fault = fault_of(store.create(NEXT, b"2"))
    assert not fault.fatal
    assert "full" in fault.message
    assert "free space" in fault.hint
    assert run(store.get(NEXT)) is None
    assert files_under(store.location("log")) == [os.path.basename(SLOT)]
    assert run(store.create(NEXT, b"2")) is True


@pytest.mark.parametrize("call", ["write", "link", "open", "mkdir"])
def test_an_error_before_the_name_appears_is_not_fatal(
    store: LocalStore, machine: Machine, call: str
) -> None:
    run(store.create("first", b"1"))
    machine[call].fail(errno.EIO)
    assert not fault_of(store.create(SLOT, b"2")).fatal
    assert run(store.get(SLOT)) is None
    assert run(store.create(SLOT, b"2")) is True


def test_a_write_that_the_disk_takes_in_pieces_is_whole(tmp_path: Path) -> None:
    hesitant = System(write=lambda file, data: os.write(file, data[:7]))
    store = LocalStore(tmp_path, RUNTIME, system=hesitant)
    assert run(store.create(SLOT, bytes(range(100)))) is True
    assert run(store.get(SLOT)) == bytes(range(100))


def test_a_read_that_comes_in_pieces_is_whole(tmp_path: Path) -> None:
    hesitant = System(pread=lambda file, size, start: os.pread(file, min(size, 7), start))
    store = LocalStore(tmp_path, RUNTIME, system=hesitant)
    assert run(store.create(SLOT, bytes(range(100)))) is True
    assert run(store.get(SLOT)) == bytes(range(100))
    assert run(store.get(SLOT, start=10, end=90)) == bytes(range(10, 90))


def test_a_failed_fsync_of_the_file_ends_all_writing(store: LocalStore, machine: Machine) -> None:
    run(store.create(SLOT, b"1"))
    machine["fsync"].fail(errno.EIO)
    assert fault_of(store.create(NEXT, b"2")).fatal
    assert run(store.get(NEXT)) is None
    writes = [
        store.create(NEXT, b"2"),
        store.put("head.json", b"{}"),
        store.delete(SLOT),
        store.confirm(SLOT),
        store.try_lock("lead.json"),
    ]
    for write in writes:
        fault = fault_of(write)
        assert fault.fatal
        assert "restart" in fault.hint
    assert run(store.get(SLOT)) == b"1"
    assert [entry.key for entry in run(store.list(""))] == [SLOT]


def test_a_failed_fsync_of_the_folder_is_never_acknowledged(
    store: LocalStore, machine: Machine
) -> None:
    run(store.create(SLOT, b"1"))
    machine["fsync"].fail(errno.EIO, nth=2)
    assert fault_of(store.create(NEXT, b"2")).fatal
    # The name is there, and only a restart that verifies the tail may decide what it is worth.
    assert run(store.get(NEXT)) == b"2"
    assert fault_of(store.create(NEXT, b"2")).fatal


def test_a_failed_fsync_while_confirming_is_fatal(
    store: LocalStore, tmp_path: Path, machine: Machine
) -> None:
    run(LocalStore(tmp_path / "store", RUNTIME).create(SLOT, b"1"))
    machine["fsync"].fail(errno.EIO)
    assert fault_of(store.confirm(SLOT)).fatal
    assert fault_of(store.create(NEXT, b"2")).fatal


def test_the_first_create_syncs_the_file_its_folder_and_every_new_parent(
    store: LocalStore, tmp_path: Path, machine: Machine
) -> None:
    synced = machine["fsync"]
    synced.forget()
    run(store.create(SLOT, b"1"))
    assert len(synced.seen) == 5
    assert synced.seen[1:] == [
        str(tmp_path / "store" / "log" / "000000000000"),
        str(tmp_path),
        str(tmp_path / "store"),
        str(tmp_path / "store" / "log"),
    ]


def test_the_next_create_in_a_folder_syncs_the_file_and_the_folder_only(
    store: LocalStore, tmp_path: Path, machine: Machine
) -> None:
    run(store.create(SLOT, b"1"))
    synced = machine["fsync"]
    synced.forget()
    run(store.create(NEXT, b"2"))
    assert len(synced.seen) == 2
    assert synced.seen[1] == str(tmp_path / "store" / "log" / "000000000000")


def test_a_named_temporary_file_is_synced_before_it_gets_its_name(
    tmp_path: Path, machine: Machine
) -> None:
    system = msgspec.structs.replace(machine.system, anonymous_flag=os.O_DIRECTORY)
    store = LocalStore(tmp_path, RUNTIME, system=system)
    run(store.create(SLOT, b"1"))
    machine["fsync"].forget()
    run(store.create(NEXT, b"2"))
    file, folder = machine["fsync"].seen
    assert os.path.basename(file).startswith(".arco-tmp-")
    assert folder == str(tmp_path / "log" / "000000000000")
    machine["fsync"].fail(errno.EIO)
    assert fault_of(store.create("log/third", b"3")).fatal
    assert run(store.get("log/third")) is None


def test_parents_that_another_process_made_are_synced_too(
    store: LocalStore, tmp_path: Path, machine: Machine
) -> None:
    (tmp_path / "store" / "log" / "000000000000").mkdir(parents=True)
    synced = machine["fsync"]
    synced.forget()
    run(store.create(SLOT, b"1"))
    assert str(tmp_path / "store" / "log") in synced.seen


def test_a_name_that_is_taken_costs_no_sync(store: LocalStore, machine: Machine) -> None:
    run(store.create(SLOT, b"1"))
    synced = machine["fsync"]
    synced.forget()
    assert run(store.create(SLOT, b"2")) is False
    assert synced.seen == []


def test_confirming_syncs_what_others_made_once_and_what_we_made_never(
    store: LocalStore, tmp_path: Path, machine: Machine
) -> None:
    run(store.create(SLOT, b"1"))
    run(LocalStore(tmp_path / "store", RUNTIME).create(NEXT, b"2"))
    synced = machine["fsync"]
    synced.forget()
    run(store.confirm(SLOT))
    assert synced.seen == []
    run(store.confirm(NEXT))
    assert synced.seen == [str(tmp_path / "store" / "log" / "000000000000")]
    run(store.confirm(NEXT))
    assert len(synced.seen) == 1


def test_a_name_that_was_deleted_is_confirmed_anew(
    store: LocalStore, tmp_path: Path, machine: Machine
) -> None:
    run(store.create(SLOT, b"1"))
    run(store.delete(SLOT))
    run(LocalStore(tmp_path / "store", RUNTIME).create(SLOT, b"2"))
    machine["fsync"].forget()
    run(store.confirm(SLOT))
    assert len(machine["fsync"].seen) == 1


def test_what_is_not_there_cannot_be_confirmed(store: LocalStore) -> None:
    run(store.create(SLOT, b"1"))
    assert not fault_of(store.confirm(NEXT)).fatal
    assert not fault_of(store.confirm("nowhere/at/all")).fatal


def test_a_hint_is_not_synced(store: LocalStore, machine: Machine) -> None:
    synced = machine["fsync"]
    synced.forget()
    run(store.put("head.json", b"{}"))
    assert synced.seen == []


@pytest.mark.parametrize("call", ["write", "rename"])
def test_a_hint_that_cannot_be_written_keeps_its_old_bytes(
    store: LocalStore, machine: Machine, call: str
) -> None:
    run(store.put("head.json", b"old"))
    machine[call].fail(errno.EIO)
    assert not fault_of(store.put("head.json", b"new")).fatal
    assert run(store.get("head.json")) == b"old"
    assert files_under(store.location("head.json").rpartition("/")[0]) == ["head.json"]


def test_switching_fsync_off_is_said_loudly_and_saves_every_sync(
    tmp_path: Path, machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, logger="arco.store"):
        store = LocalStore(tmp_path, RUNTIME, fsync=False, system=machine.system)
    assert "fsync is off" in caplog.text
    assert run(store.create(SLOT, b"1")) is True
    run(LocalStore(tmp_path, RUNTIME, fsync=False, system=machine.system).confirm(SLOT))
    assert machine["fsync"].seen == []


def test_a_read_error_is_a_fault_and_not_a_missing_object(
    store: LocalStore, machine: Machine
) -> None:
    run(store.create(SLOT, b"1"))
    machine["pread"].fail(errno.EIO)
    fault = fault_of(store.get(SLOT))
    assert not fault.fatal
    assert "system log" in fault.hint
    machine["open"].fail(errno.EMFILE)
    assert "ulimit -n" in fault_of(store.get(SLOT)).hint


def test_a_file_system_without_hard_links_is_refused(store: LocalStore, machine: Machine) -> None:
    for nth in (1, 2):
        machine["link"].fail(errno.EPERM, nth=nth)
    error = error_of(store.create(SLOT, b"1"))
    assert isinstance(error, Invalid)
    assert error.code == "STORE_FILESYSTEM_UNSUITABLE"
    assert files_under(store.location("log")) == []


def test_a_folder_that_is_swept_under_a_writer_is_made_again(tmp_path: Path) -> None:
    swept: list[str] = []

    def link_after_sweep(source: str, name: str, **folders: Any) -> None:
        if name == "file" and not swept:
            swept.append(str(tmp_path / "data" / "one"))
            os.rmdir(swept[0])
        os.link(source, name, **folders)

    store = LocalStore(tmp_path, RUNTIME, system=System(link=link_after_sweep))
    assert run(store.create("data/one/file", b"1")) is True
    assert run(store.get("data/one/file")) == b"1"
    assert swept


@pytest.mark.parametrize(("taken", "key"), [("a", "a/b"), ("a", "a/b/c"), ("a/b/c", "a/b")])
def test_a_name_cannot_be_both_an_object_and_a_folder(
    store: LocalStore, taken: str, key: str
) -> None:
    run(store.create(taken, b"1"))
    for question in (store.create(key, b"2"), store.put(key, b"2")):
        assert error_of(question).code == "STORE_KEY_CLASH"
    assert run(store.get(key)) is None
    assert run(store.get(taken)) == b"1"


class CountingRuntime(AsyncioRuntime):
    """Counts how often work leaves the loop."""

    def __init__(self) -> None:
        self.threads = 0

    async def thread(self, work: Callable[[*Args], T], *args: *Args) -> T:
        self.threads += 1
        return await super().thread(work, *args)


def test_an_operation_leaves_the_loop_at_most_once_and_a_small_read_never(tmp_path: Path) -> None:
    runtime = CountingRuntime()
    store = LocalStore(tmp_path, runtime)

    def threads_of(question: Coroutine[Any, Any, object]) -> int:
        before = runtime.threads
        run(question)
        return runtime.threads - before

    assert threads_of(store.get(SLOT)) == 0
    assert threads_of(store.create(SLOT, b"1")) == 1
    assert threads_of(store.get(SLOT)) == 0
    assert threads_of(store.confirm(SLOT)) == 0
    assert threads_of(store.create("big", bytes(INLINE_BYTES_MAX + 1))) == 1
    assert threads_of(store.get("big", end=INLINE_BYTES_MAX)) == 0
    assert threads_of(store.get("big")) == 1
    assert threads_of(store.put("head.json", b"{}")) == 1
    assert threads_of(store.list("")) == 1
    assert threads_of(store.delete("big")) == 1
