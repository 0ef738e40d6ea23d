"""A trial lets a faithful store pass and catches each way in which one may be unfaithful."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from arco.errors import Forbidden, Invalid
from arco.runtime import AsyncioRuntime, run
from arco.store.certify import certify, ensure_certified
from arco.store.memory import MemoryStore
from arco.store.port import Entry, Store, StoreFault
from arco.testing.stores import CountingStore, LatencyStore

RUNTIME = AsyncioRuntime()


class Remote(MemoryStore):
    """A faithful store that needs a certificate."""

    identity = ("s3://lake/", "", "driver 1")


class AlwaysCreates(Remote):
    async def create(self, key: str, data: bytes) -> bool:
        await self.put(key, data)
        return True


class LooksBeforeItCreates(Remote):
    """The classic race: between looking and writing, others look too."""

    async def create(self, key: str, data: bytes) -> bool:
        if await self.get(key) is not None:
            return False
        await RUNTIME.sleep(0)
        await self.put(key, data)
        return True


class NobodyWins(Remote):
    async def create(self, key: str, data: bytes) -> bool:
        return not await super().create(key, data) and False


class ReadsFromACache(Remote):
    """An old miss is remembered, as a gateway in front might."""

    async def get(self, key: str, *, start: int = 0, end: int | None = None) -> bytes | None:
        return None


class IgnoresRanges(Remote):
    async def get(self, key: str, *, start: int = 0, end: int | None = None) -> bytes | None:
        return await super().get(key)


class ListsLate(Remote):
    async def list(self, prefix: str, *, after: str = "", limit: int | None = None) -> list[Entry]:
        return (await super().list(prefix, after=after, limit=limit))[1:]


class MissesAreDenied(Remote):
    """S3 without the right to list."""

    async def get(self, key: str, *, start: int = 0, end: int | None = None) -> bytes | None:
        found = await super().get(key, start=start, end=end)
        if found is None:
            raise Forbidden("STORE_READ_DENIED", "403", hint="grant s3:ListBucket")
        return found


class RefusesACrowd(Remote):
    """Every third create is told to come back later, whether it was applied or not."""

    asked = 0

    async def create(self, key: str, data: bytes) -> bool:
        self.asked += 1
        created = await super().create(key, data)
        if self.asked % 3 == 1:
            raise StoreFault("409 ConditionalRequestConflict")
        return created


def test_a_faithful_store_is_certified_and_left_clean() -> None:
    store = Remote()
    certificate = run(certify(store, RUNTIME))
    assert (certificate.place, certificate.driver) == ("s3://lake/", "driver 1")
    assert certificate.creators == 64
    assert run(store.list("")) == []


def test_a_store_may_refuse_some_of_a_crowd_for_a_moment() -> None:
    assert run(certify(RefusesACrowd(), RUNTIME)).creators == 64


@pytest.mark.parametrize(
    "unfaithful",
    [AlwaysCreates, LooksBeforeItCreates, NobodyWins, ReadsFromACache, IgnoresRanges, ListsLate],
)
def test_an_unfaithful_store_is_caught_and_left_uncertified(
    unfaithful: Callable[[], MemoryStore],
) -> None:
    store = unfaithful()
    with pytest.raises(Invalid) as refusal:
        run(ensure_certified(store, RUNTIME))
    assert refusal.value.code == "STORE_UNFIT"
    assert run(MemoryStore.list(store, "")) == []


def test_the_cause_of_a_denied_miss_is_told() -> None:
    with pytest.raises(Forbidden) as refusal:
        run(ensure_certified(MissesAreDenied(), RUNTIME))
    assert "ListBucket" in refusal.value.hint


def test_a_store_of_this_machine_needs_no_certificate() -> None:
    store = CountingStore(MemoryStore())
    run(ensure_certified(store, RUNTIME))
    assert store.calls == []


def test_another_endpoint_or_driver_is_certified_again() -> None:
    store = Remote()
    run(ensure_certified(store, RUNTIME))
    store.identity = ("s3://lake/", "", "driver 2")
    run(ensure_certified(store, RUNTIME))
    assert len(run(store.list("certificates/"))) == 2


def test_a_certificate_of_another_place_does_not_vouch_for_this_one() -> None:
    store = Remote()
    run(ensure_certified(store, RUNTIME))
    (entry,) = run(store.list("certificates/"))
    record = msgspec.json.decode(run(store.get(entry.key)) or b"")
    run(store.put(entry.key, msgspec.json.encode(record | {"place": "s3://other/"})))
    run(ensure_certified(store, RUNTIME))
    assert msgspec.json.decode(run(store.get(entry.key)) or b"")["place"] == "s3://lake/"


def test_a_trial_on_a_slow_store_ends_soon() -> None:
    slow: Store = LatencyStore(Remote(), RUNTIME, {"create": 0.02, "get": 0.02, "delete": 0.02})
    before = RUNTIME.monotonic()
    run(certify(slow, RUNTIME))
    assert RUNTIME.monotonic() - before < 10


def test_an_unfit_store_says_what_it_broke() -> None:
    with pytest.raises(Invalid) as refusal:
        run(certify(AlwaysCreates(), RUNTIME))
    assert "a second creator" in refusal.value.message
    assert "If-None-Match" in refusal.value.hint
