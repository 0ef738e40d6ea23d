"""Which store a URL or a path names, and how a scope confines it."""

from __future__ import annotations

from pathlib import Path

import pytest

from arco.errors import Invalid
from arco.runtime import AsyncioRuntime, run
from arco.store.keys import Scope
from arco.store.local import LocalStore
from arco.store.memory import MemoryStore
from arco.store.open import open_store
from arco.store.port import Entry, Lock
from arco.store.scoped import ScopedStore

RUNTIME = AsyncioRuntime()


@pytest.mark.parametrize("form", ["{path}", "file://{path}", "file://localhost{path}"])
def test_a_path_and_a_file_url_open_the_same_folder(tmp_path: Path, form: str) -> None:
    folder = tmp_path / "my store"
    store = open_store(form.format(path=folder), RUNTIME)
    assert isinstance(store, LocalStore)
    assert store.location("a/b") == str(folder.resolve() / "a/b")


def test_a_file_url_may_escape_characters(tmp_path: Path) -> None:
    store = open_store(f"file://{tmp_path}/my%20store", RUNTIME)
    assert store.location("a") == str(tmp_path.resolve() / "my store" / "a")


def test_a_path_object_is_a_folder_whatever_it_looks_like(tmp_path: Path) -> None:
    store = open_store(tmp_path / "memory:", RUNTIME)
    assert isinstance(store, LocalStore)


def test_opening_a_folder_does_not_make_it(tmp_path: Path) -> None:
    store = open_store(tmp_path / "absent", RUNTIME)
    assert run(store.get("FORMAT.json")) is None
    assert run(store.list("")) == []
    assert not (tmp_path / "absent").exists()


def test_every_memory_store_is_a_fresh_one() -> None:
    first, second = open_store("memory://", RUNTIME), open_store("memory://", RUNTIME)
    assert isinstance(first, MemoryStore)
    run(first.create("a", b"1"))
    assert run(second.get("a")) is None


@pytest.mark.parametrize(
    "url",
    [
        "",
        "memory://shared",
        "file://server/share",
        "file://",
        "file:///path?query",
        "ftp://host/path",
        "postgres://user:secret@host/db",
    ],
)
def test_any_other_url_is_refused_with_the_forms_that_work(url: str) -> None:
    with pytest.raises(Invalid) as refusal:
        open_store(url, RUNTIME)
    assert refusal.value.code == "STORE_URL_INVALID"
    assert "memory://" in refusal.value.hint
    assert "secret" not in refusal.value.message


def test_two_scopes_of_one_store_do_not_see_each_other() -> None:
    shared = MemoryStore()
    acme = ScopedStore(shared, Scope(tenant="acme", workspace="main"))
    acmeplus = ScopedStore(shared, Scope(tenant="acme", workspace="main2"))
    assert run(acme.create("log/1", b"acme")) is True
    assert run(acmeplus.create("log/1", b"other")) is True
    assert run(acme.get("log/1")) == b"acme"
    assert _names(run(acme.list(""))) == ["log/1"]
    assert _names(run(shared.list(""))) == [
        "tenant=acme/workspace=main/log/1",
        "tenant=acme/workspace=main2/log/1",
    ]


def test_a_scope_has_its_own_locks_and_locations() -> None:
    shared = MemoryStore()
    stores = [ScopedStore(shared, Scope(workspace=name)) for name in ("one", "two")]
    locks: list[Lock | None] = [run(store.try_lock("lead.json")) for store in stores]
    assert None not in locks
    assert stores[0].location("a") == "memory://tenant=local/workspace=one/a"


@pytest.mark.parametrize("name", ["", "..", "a/b", "a..b", ".a", "a b", "é", "a\n", "x" * 129])
def test_a_name_that_could_leave_its_folder_cannot_be_a_scope(name: str) -> None:
    for scope in (Scope(tenant=name), Scope(workspace=name)):
        with pytest.raises(Invalid) as refusal:
            ScopedStore(MemoryStore(), scope)
        assert refusal.value.code == "SCOPE_INVALID"


class Trusting(MemoryStore):
    """A store that takes any key as it is, as a careless one would."""

    def location(self, key: str) -> str:
        return key


@pytest.mark.parametrize("key", ["", "../../tenant=other/workspace=main/log/1", "a/../../b"])
def test_a_scope_does_not_rely_on_the_store_to_refuse_a_key(key: str) -> None:
    with pytest.raises(Invalid) as refusal:
        ScopedStore(Trusting(), Scope()).location(key)
    assert refusal.value.code == "STORE_KEY_INVALID"


class Lockless:
    """A store that offers what the Store port asks for and nothing else, as a cloud store does."""

    def __init__(self) -> None:
        store = MemoryStore()
        self.create, self.get, self.put, self.delete = (
            store.create,
            store.get,
            store.put,
            store.delete,
        )
        self.list, self.confirm, self.location = store.list, store.confirm, store.location


def test_a_store_without_locks_says_so_instead_of_seeming_locked() -> None:
    store = ScopedStore(Lockless(), Scope())
    assert run(store.create("a", b"1")) is True
    with pytest.raises(Invalid) as refusal:
        run(store.try_lock("lead.json"))
    assert refusal.value.code == "STORE_LOCKS_ABSENT"


def _names(entries: list[Entry]) -> list[str]:
    return [entry.key for entry in entries]
