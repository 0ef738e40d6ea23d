"""Links that leave the root are refused; what dead writers left is hidden and swept."""

from __future__ import annotations

import os
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from arco.errors import Invalid
from arco.runtime import AsyncioRuntime, run
from arco.store.local import LocalStore

RUNTIME = AsyncioRuntime()
TWO_HOURS = 7200


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "secret").write_bytes(b"secret")
    return folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "store"
    folder.mkdir()
    return folder


def refused(question: Coroutine[Any, Any, object]) -> bool:
    with pytest.raises(Invalid) as refusal:
        run(question)
    return refusal.value.code == "STORE_LINK_REFUSED"


def age(path: Path) -> None:
    then = RUNTIME.now().timestamp() - TWO_HOURS
    os.utime(path, (then, then), follow_symlinks=False)


def test_a_link_to_a_file_outside_is_not_read(root: Path, outside: Path) -> None:
    (root / "object").symlink_to(outside / "secret")
    store = LocalStore(root, RUNTIME)
    assert refused(store.get("object"))
    assert run(store.list("")) == []


def test_a_link_to_a_folder_outside_is_refused_by_every_verb(root: Path, outside: Path) -> None:
    (root / "folder").symlink_to(outside)
    store = LocalStore(root, RUNTIME)
    questions = [
        store.get("folder/secret"),
        store.create("folder/new", b"x"),
        store.create("folder/deep/new", b"x"),
        store.put("folder/secret", b"x"),
        store.delete("folder/secret"),
        store.list("folder/"),
        store.confirm("folder/secret"),
        store.try_lock("folder/lock"),
    ]
    assert all(refused(question) for question in questions)
    assert [path.name for path in outside.iterdir()] == ["secret"]
    assert (outside / "secret").read_bytes() == b"secret"
    assert run(store.list("")) == []


def test_a_folder_with_the_same_beginning_is_outside(root: Path, tmp_path: Path) -> None:
    twin = tmp_path / "store-twin"
    twin.mkdir()
    (twin / "file").write_bytes(b"twin")
    (root / "link").symlink_to(twin)
    assert refused(LocalStore(root, RUNTIME).get("link/file"))


def test_a_link_that_stays_inside_is_followed_for_reading(root: Path) -> None:
    store = LocalStore(root, RUNTIME)
    run(store.create("real/object", b"1"))
    (root / "alias").symlink_to(root / "real")
    assert run(store.get("alias/object")) == b"1"
    assert [entry.key for entry in run(store.list(""))] == ["real/object"]


def test_a_dangling_link_is_no_object_and_its_name_is_taken(root: Path, outside: Path) -> None:
    (root / "object").symlink_to(outside / "absent")
    store = LocalStore(root, RUNTIME)
    assert run(store.get("object")) is None
    assert run(store.create("object", b"x")) is False
    assert not (outside / "absent").exists()


def test_put_replaces_a_link_and_not_its_target(root: Path, outside: Path) -> None:
    (root / "head.json").symlink_to(outside / "secret")
    store = LocalStore(root, RUNTIME)
    run(store.put("head.json", b"{}"))
    assert run(store.get("head.json")) == b"{}"
    assert (outside / "secret").read_bytes() == b"secret"


def test_the_root_itself_may_be_a_link(root: Path, tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(root)
    store = LocalStore(tmp_path / "alias", RUNTIME)
    assert run(store.create("a/b", b"1")) is True
    assert run(store.get("a/b")) == b"1"
    assert store.location("a/b") == str(root.resolve() / "a" / "b")


def test_a_pipe_in_the_store_does_not_stop_the_reader(root: Path) -> None:
    os.mkfifo(root / "pipe")
    store = LocalStore(root, RUNTIME)
    assert run(store.get("pipe")) is None
    assert run(store.list("")) == []


def test_names_that_cannot_be_keys_are_not_listed(root: Path) -> None:
    store = LocalStore(root, RUNTIME)
    run(store.create("data/one", b"1"))
    (root / "data" / "\u00fcml").write_bytes(b"x")
    (root / "data" / "back\\slash").write_bytes(b"x")
    Path(os.fsdecode(os.fsencode(root) + b"/data/\xff")).write_bytes(b"x")
    (root / "data" / ".arco-tmp-0").write_bytes(b"x")
    assert [entry.key for entry in run(store.list("data/"))] == ["data/one"]


def test_a_sweep_removes_old_temporary_files_and_nothing_else(root: Path) -> None:
    store = LocalStore(root, RUNTIME)
    run(store.create("data/old-object", b"1"))
    held = run(store.try_lock("data/lock"))
    for name in ("old-object", ".arco-tmp-old", ".arco-tmp-young", ".arco-lock-lock"):
        (root / "data" / name).touch()
        if "young" not in name:
            age(root / "data" / name)
    assert run(store.sweep()) == 1
    assert sorted(path.name for path in (root / "data").iterdir()) == [
        ".arco-lock-lock",
        ".arco-tmp-young",
        "old-object",
    ]
    assert held is not None
    assert run(store.try_lock("data/lock")) is None


def test_a_sweep_removes_folders_that_have_long_been_empty(root: Path) -> None:
    store = LocalStore(root, RUNTIME)
    for folder in ("old/deep", "young", "full"):
        (root / folder).mkdir(parents=True)
    run(store.create("full/object", b"1"))
    for folder in ("old/deep", "old", "full"):
        age(root / folder)
    run(store.sweep())
    age(root / "old")
    run(store.sweep())
    assert sorted(path.name for path in root.iterdir()) == ["full", "young"]
    assert run(store.create("old/deep/again", b"1")) is True


def test_a_sweep_does_not_follow_links(root: Path, outside: Path) -> None:
    leftover = outside / ".arco-tmp-0"
    leftover.touch()
    age(leftover)
    (root / "folder").symlink_to(outside)
    assert run(LocalStore(root, RUNTIME).sweep()) == 0
    assert leftover.exists()


def test_a_store_that_does_not_exist_has_nothing_to_sweep(root: Path) -> None:
    assert run(LocalStore(root / "absent", RUNTIME).sweep()) == 0
