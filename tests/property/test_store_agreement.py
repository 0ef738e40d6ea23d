"""A disk and a dictionary give the same answers to the same questions."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from arco.errors import Invalid
from arco.runtime import AsyncioRuntime, run
from arco.store.keys import Scope
from arco.store.local import LocalStore
from arco.store.memory import MemoryStore
from arco.store.names import is_key
from arco.store.port import Store
from arco.store.scoped import ScopedStore

RUNTIME = AsyncioRuntime()
KEYS = st.sampled_from(["head.json", "log/0/1", "log/0/2", "log/1/1", "logs/x", "data/a b"])
FOLDERS = st.sampled_from(["", "log/", "log/0/", "logs/", "data/", "none/"])
BYTES = st.binary(max_size=40)
OFFSETS = st.integers(0, 50)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("create"), KEYS, BYTES),
        st.tuples(st.just("put"), KEYS, BYTES),
        st.tuples(st.just("get"), KEYS, OFFSETS, st.none() | OFFSETS),
        st.tuples(st.just("delete"), KEYS),
        st.tuples(st.just("list"), FOLDERS),
    ),
    max_size=25,
)
HOSTILE = st.text(st.sampled_from("a./\\\0\n\x7f%~=:ü \u202e"), max_size=12) | st.text(max_size=30)


async def answer(store: Store, step: tuple[object, ...]) -> object:
    match step:
        case ("create", str(key), bytes(data)):
            return await store.create(key, data)
        case ("put", str(key), bytes(data)):
            await store.put(key, data)
        case ("get", str(key), int(start), int() | None as end):
            return await store.get(key, start=start, end=end)
        case ("delete", str(key)):
            await store.delete(key)
        case ("list", str(folder)):
            return [(entry.key, entry.size_bytes) for entry in await store.list(folder)]
        case _:
            raise AssertionError(step)
    return None


async def answers(store: Store, steps: list[tuple[object, ...]]) -> list[object]:
    return [await answer(store, step) for step in steps]


@given(STEPS)
@settings(max_examples=60, deadline=None)
def test_every_store_answers_alike(steps: list[tuple[object, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        local = LocalStore(Path(folder), RUNTIME, fsync=False)
        expected = run(answers(MemoryStore(), steps))
        assert run(answers(local, steps)) == expected
        assert run(answers(ScopedStore(local, Scope()), steps)) == expected


@given(HOSTILE)
@settings(max_examples=200, deadline=None)
def test_an_accepted_key_stays_where_it_says(key: str) -> None:
    if is_key(key):
        location = ScopedStore(MemoryStore(), Scope()).location(key)
        assert location == f"memory://tenant=local/workspace=main/{key}"
        assert not {"", ".", ".."} & set(key.split("/"))
        assert key.isascii() and key.isprintable()
    else:
        try:
            ScopedStore(MemoryStore(), Scope()).location(key)
        except Invalid as refusal:
            assert refusal.code == "STORE_KEY_INVALID"
        else:
            raise AssertionError(f"{key!r} was neither accepted nor refused")
