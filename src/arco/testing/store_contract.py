"""The promises of the Store port as an inheritable test class.

Subclass it with a `store` fixture that returns an empty store, and every promise is a test. Must
not know which store it tests: a promise that only some stores keep is tested beside that store.
"""

from __future__ import annotations

import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest

from arco.errors import Invalid
from arco.runtime import AsyncioRuntime, run
from arco.store.port import Locks, Store

T = TypeVar("T")

SLOT = "log/000000000000/00000000000000000001.json"
CREATORS = 64
THREADS = 8
REFUSED_KEYS = [
    "",
    "/",
    "/absolute",
    "folder/",
    "a//b",
    ".",
    "..",
    "../outside",
    "a/../b",
    "a/./b",
    "a/..",
    "a\\b",
    "nul\0byte",
    "line\nbreak",
    "line-break-at-the-end\n",
    "bell\x07",
    "delete\x7f",
    "ümlaut",
    "u\u0308mlaut",
    "right\u202eto-left",
    "fullwidth\uff0fslash",
    "surrogate\udcff",
    ".arco-tmp-1",
    "a/.arco-lock-b",
    "x" * 201,
    "/".join(["segment"] * 200),
]
ACCEPTED_KEYS = [
    "FORMAT.json",
    SLOT,
    "tenant=t/workspace=w/head.json",
    "with space/and,comma+plus",
    "...dots",
    ".hidden/file",
    "percent%2Fescape",
    "x" * 200,
]


class StoreContract:
    """What every store promises."""

    def test_a_created_object_reads_back_as_it_was_written(self, store: Store) -> None:
        assert run(store.create(SLOT, b'{"seq": 1}')) is True
        assert run(store.get(SLOT)) == b'{"seq": 1}'

    def test_a_missing_object_is_none(self, store: Store) -> None:
        assert run(store.get(SLOT)) is None
        assert run(store.get(SLOT, start=3, end=9)) is None

    def test_a_folder_is_not_an_object(self, store: Store) -> None:
        run(store.create("a/b/c", b"1"))
        assert run(store.get("a")) is None
        assert run(store.get("a/b")) is None
        assert run(store.get("a/b/c/d")) is None

    def test_create_never_overwrites(self, store: Store) -> None:
        assert run(store.create(SLOT, b"first")) is True
        assert run(store.create(SLOT, b"second, and longer")) is False
        assert run(store.get(SLOT)) == b"first"

    def test_create_does_not_take_the_name_of_a_hint(self, store: Store) -> None:
        run(store.put("head.json", b"hint"))
        assert run(store.create("head.json", b"mine")) is False
        assert run(store.get("head.json")) == b"hint"

    def test_a_creator_that_asks_again_recognises_its_own_bytes(self, store: Store) -> None:
        mine = b'{"cid": "5f0c"}'
        assert run(store.create(SLOT, mine)) is True
        assert run(store.create(SLOT, mine)) is False
        assert run(store.get(SLOT)) == mine

    def test_one_of_many_concurrent_creators_wins_and_the_others_read_its_bytes(
        self, store: Store
    ) -> None:
        async def claim(creator: int) -> tuple[bool, bytes | None]:
            mine = f"creator {creator}".encode() * 50
            return await store.create(SLOT, mine), await store.get(SLOT)

        async def race() -> list[tuple[bool, bytes | None]]:
            return await AsyncioRuntime().gather(claim(creator) for creator in range(CREATORS))

        results = run(race())
        winners = [creator for creator, (won, _) in enumerate(results) if won]
        assert len(winners) == 1
        assert {found for _, found in results} == {f"creator {winners[0]}".encode() * 50}

    def test_every_name_has_one_winner_among_threads(self, store: Store) -> None:
        names = [f"race/{number}" for number in range(8)]
        barrier = threading.Barrier(THREADS)
        won: list[tuple[str, int]] = []

        def claim(creator: int) -> None:
            barrier.wait(timeout=30)
            mine = [name for name in names if run(store.create(name, b"%d" % creator))]
            won.extend((name, creator) for name in mine)

        threads = [threading.Thread(target=claim, args=(number,)) for number in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
        assert sorted(name for name, _ in won) == names
        assert all(run(store.get(name)) == b"%d" % creator for name, creator in won)

    @pytest.mark.parametrize(
        "cut",
        [
            (0, None, b"0123456789"),
            (3, 6, b"345"),
            (7, None, b"789"),
            (0, 10, b"0123456789"),
            (8, 99, b"89"),
            (4, 4, b""),
            (10, None, b""),
            (99, 120, b""),
        ],
    )
    def test_a_range_is_cut_at_the_end_of_the_object(
        self, store: Store, cut: tuple[int, int | None, bytes]
    ) -> None:
        start, end, expected = cut
        run(store.create("digits", b"0123456789"))
        assert run(store.get("digits", start=start, end=end)) == expected

    def test_an_empty_object_exists(self, store: Store) -> None:
        assert run(store.create("empty", b"")) is True
        assert run(store.get("empty")) == b""
        assert run(store.create("empty", b"x")) is False
        assert [entry.size_bytes for entry in run(store.list(""))] == [0]

    def test_five_megabytes_read_back_whole_and_in_ranges(self, store: Store) -> None:
        data = bytes(range(256)) * (5 * 4096)
        assert run(store.create("big", data)) is True
        assert run(store.get("big")) == data
        assert run(store.get("big", start=1_000_000, end=3_000_000)) == data[1_000_000:3_000_000]
        assert run(store.get("big", start=len(data) - 5)) == data[-5:]

    def test_put_overwrites_with_longer_and_shorter_bytes(self, store: Store) -> None:
        for data in (b"short", b"much longer than before", b""):
            run(store.put("head.json", data))
            assert run(store.get("head.json")) == data

    def test_delete_may_be_repeated(self, store: Store) -> None:
        run(store.create("data/one", b"1"))
        run(store.delete("data/one"))
        run(store.delete("data/one"))
        run(store.delete("never/was"))
        assert run(store.get("data/one")) is None

    def test_a_deleted_name_leaves_its_neighbours(self, store: Store) -> None:
        run(store.create("data/one", b"1"))
        run(store.create("data/two", b"2"))
        run(store.delete("data/one"))
        assert _keys(store, "data/") == ["data/two"]

    def test_a_folder_is_not_deleted_as_if_it_were_an_object(self, store: Store) -> None:
        run(store.create("data/one", b"1"))
        run(store.delete("data"))
        assert run(store.get("data/one")) == b"1"

    def test_a_listing_is_sorted_by_the_whole_key(self, store: Store) -> None:
        keys = ["d/a/x", "d/a.b", "d/a0", "d/B", "d/a/b/c", "d/10", "d/9"]
        for key in keys:
            run(store.create(key, b"1"))
        assert _keys(store, "d/") == sorted(keys)

    def test_a_listing_goes_on_after_a_key_and_ends_at_a_limit(self, store: Store) -> None:
        keys = sorted(["d/a/x", "d/a.b", "d/a0", "d/B", "d/a/b/c", "d/10", "d/9", "e/1"])
        for key in keys:
            run(store.create(key, b"1"))
        for place in ("", "d/", "d/a", "d/a/", "d/a/b/c", "d/a/~", "d/zz", *keys):
            for limit in (1, 3, 100, None):
                found = run(store.list("d/", after=place, limit=limit))
                expected = [key for key in keys if key > place and key.startswith("d/")]
                assert [entry.key for entry in found] == expected[:limit]

    def test_a_listing_stays_in_its_folder(self, store: Store) -> None:
        for key in ("log", "log-old/1", "log2", "logs/1", "other/log/1", "deep/log/1"):
            run(store.create(key, b"1"))
        assert _keys(store, "logs/") == ["logs/1"]
        assert _keys(store, "other/") == ["other/log/1"]

    def test_a_listing_of_the_root_holds_everything(self, store: Store) -> None:
        for key in ("b", "a/1", "c/d/e"):
            run(store.create(key, b"1"))
        assert _keys(store, "") == ["a/1", "b", "c/d/e"]

    def test_a_folder_that_does_not_exist_lists_nothing(self, store: Store) -> None:
        run(store.create("file", b"1"))
        assert run(store.list("nowhere/")) == []
        assert run(store.list("file/")) == []

    def test_a_listing_tells_size_and_time(self, store: Store) -> None:
        before = AsyncioRuntime().now().timestamp()
        run(store.create("data/one", b"12345"))
        (entry,) = run(store.list("data/"))
        assert (entry.key, entry.size_bytes) == ("data/one", 5)
        assert before - 60 < entry.modified_at < before + 60

    @pytest.mark.parametrize("prefix", ["log", "/", "a//", "../", "a/../", "ü/", "a\\/"])
    def test_a_prefix_that_is_not_a_folder_is_refused(self, store: Store, prefix: str) -> None:
        with pytest.raises(Invalid) as refusal:
            run(store.list(prefix))
        assert refusal.value.code == "STORE_PREFIX_INVALID"

    @pytest.mark.parametrize("key", REFUSED_KEYS, ids=ascii)
    def test_a_key_that_could_mean_something_else_is_refused_by_every_verb(
        self, store: Store, key: str
    ) -> None:
        asked: list[Coroutine[Any, Any, object]] = [
            store.create(key, b"x"),
            store.get(key),
            store.put(key, b"x"),
            store.delete(key),
            store.confirm(key),
        ]
        for question in asked:
            assert _refusal_code(question) == "STORE_KEY_INVALID"
        with pytest.raises(Invalid):
            store.location(key)
        assert run(store.list("")) == []

    @pytest.mark.parametrize("key", ACCEPTED_KEYS, ids=ascii)
    def test_an_ordinary_key_is_accepted_and_listed(self, store: Store, key: str) -> None:
        assert run(store.create(key, b"x")) is True
        assert run(store.get(key)) == b"x"
        assert _keys(store, "") == [key]

    def test_confirming_what_exists_changes_nothing(self, store: Store) -> None:
        run(store.create(SLOT, b"1"))
        run(store.confirm(SLOT))
        run(store.confirm(SLOT))
        assert run(store.get(SLOT)) == b"1"

    def test_every_object_has_its_own_location(self, store: Store) -> None:
        assert store.location("a/b") != store.location("a/c")
        assert store.location("a/b").partition("?")[0].endswith("a/b")


class LocksContract:
    """What a store promises that offers locks; inherit it beside `StoreContract`."""

    def test_a_lock_has_one_holder_until_it_is_released(self, store: Store) -> None:
        locks = _locks(store)
        first = run(locks.try_lock("lead.json"))
        assert first is not None
        assert run(locks.try_lock("lead.json")) is None
        first.release()
        assert run(locks.try_lock("lead.json")) is not None

    def test_releasing_twice_does_not_take_the_lock_from_the_next_holder(
        self, store: Store
    ) -> None:
        locks = _locks(store)
        first = run(locks.try_lock("lead.json"))
        assert first is not None
        first.release()
        second = run(locks.try_lock("lead.json"))
        first.release()
        assert second is not None
        assert run(locks.try_lock("lead.json")) is None

    def test_locks_of_different_names_are_independent(self, store: Store) -> None:
        locks = _locks(store)
        held = [run(locks.try_lock(name)) for name in ("lead.json", "other", "folder/lead.json")]
        assert None not in held

    def test_a_lock_is_no_object_and_does_not_touch_one(self, store: Store) -> None:
        locks = _locks(store)
        held = run(locks.try_lock("lead.json"))
        assert run(store.list("")) == []
        run(store.put("lead.json", b"beat"))
        assert run(locks.try_lock("lead.json")) is None
        assert held is not None
        assert run(store.get("lead.json")) == b"beat"

    def test_a_key_that_is_refused_cannot_be_locked(self, store: Store) -> None:
        assert _refusal_code(_locks(store).try_lock("../lead.json")) == "STORE_KEY_INVALID"


def _keys(store: Store, prefix: str) -> list[str]:
    return [entry.key for entry in run(store.list(prefix))]


def _locks(store: Store) -> Locks:
    assert isinstance(store, Locks)
    return store


def _refusal_code(question: Coroutine[Any, Any, object]) -> str:
    with pytest.raises(Invalid) as refusal:
        run(question)
    return refusal.value.code


__all__ = ["ACCEPTED_KEYS", "REFUSED_KEYS", "LocksContract", "StoreContract"]
