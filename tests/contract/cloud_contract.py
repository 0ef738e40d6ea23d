"""What every cloud store promises besides the Store port, as an inheritable test class.

Subclass it with a `store` fixture of an empty folder, `foreign` (the same place with credentials
nobody knows) and `bucketless` (the same service, a bucket that is not there).
"""

from __future__ import annotations

import threading

import msgspec
import pytest

from arco.engine import snapshot
from arco.engine.database import Database
from arco.engine.domain import DOMAIN as ENGINE
from arco.engine.verify import Verifier
from arco.errors import AlreadyExists, ArcoError
from arco.runtime import AsyncioRuntime, run
from arco.store.certify import Certificate, ensure_certified
from arco.store.keys import Scope
from arco.store.port import Certifiable, Store, StoreFault
from arco.store.scoped import ScopedStore
from arco.testing.registry import NAMES, REGISTRY, take_name
from arco.testing.stores import CountingStore

RUNTIME = AsyncioRuntime()
CREATORS = 64


class CertifiableCounter(CountingStore):
    """Counts, and is as much in need of a certificate as the store it counts for."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        assert isinstance(store, Certifiable)
        self.identity = store.identity


class CloudContract:
    """Promises of a store that somebody else's service keeps."""

    def test_one_of_64_threads_that_start_together_wins(self, store: Store) -> None:
        barrier = threading.Barrier(CREATORS)
        results: list[tuple[int, bool, bytes | None]] = []

        def claim(creator: int) -> None:
            barrier.wait(timeout=30)
            won = run(store.create("race/1", b"%d" % creator))
            results.append((creator, won, run(store.get("race/1"))))

        threads = [threading.Thread(target=claim, args=(number,)) for number in range(CREATORS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
        winners = [creator for creator, won, _ in results if won]
        assert len(winners) == 1
        assert {read for _, _, read in results} == {b"%d" % winners[0]}
        assert len(results) == CREATORS

    def test_it_is_certified_once_and_then_taken_at_its_word(self, store: Store) -> None:
        counting = CertifiableCounter(store)
        run(ensure_certified(counting, RUNTIME))
        (entry,) = run(store.list("certificates/"))
        record = msgspec.json.decode(run(store.get(entry.key)) or b"", type=Certificate)
        assert (record.place, record.endpoint, record.driver) == counting.identity
        assert "only-for-tests" not in str(record)
        counting.reset()
        run(ensure_certified(counting, RUNTIME))
        assert counting.counts() == {"get": 1}

    def test_a_damaged_certificate_is_replaced_by_another_trial(self, store: Store) -> None:
        run(ensure_certified(store, RUNTIME))
        (entry,) = run(store.list("certificates/"))
        whole = run(store.get(entry.key))
        run(store.put(entry.key, b'{"place": "somewhere else"'))
        run(ensure_certified(store, RUNTIME))
        again = msgspec.json.decode(run(store.get(entry.key)) or b"", type=Certificate)
        assert again.place == msgspec.json.decode(whole or b"", type=Certificate).place

    def test_a_database_lives_in_it_and_is_found_again(self, store: Store) -> None:
        async def opened() -> Database:
            scoped = ScopedStore(store, Scope())
            return await Database.open(scoped, RUNTIME, domains=(REGISTRY,), writer="test")

        async def main() -> None:
            first = await opened()
            await first.transact(take_name("orders", "token-1"))
            assert await snapshot.publish(first)
            await first.transact(take_name("users", "token-2"))
            second = await opened()
            assert second.state.get(NAMES, "users") == first.state.get(NAMES, "users")
            with pytest.raises(AlreadyExists):
                await second.transact(take_name("orders", "token-3"))
            report = await Verifier(second.store, RUNTIME, (REGISTRY, ENGINE)).run()
            assert report.findings == ()
            assert report.snapshot_rows > 0

        run(main())

    def test_a_bucket_that_is_not_there_is_not_an_empty_store(self, bucketless: Store) -> None:
        with pytest.raises(ArcoError) as refusal:
            run(bucketless.get("head.json"))
        assert refusal.value.code == "STORE_BUCKET_NOT_FOUND"
        with pytest.raises(StoreFault):
            run(bucketless.create("head.json", b"1"))
        with pytest.raises(ArcoError):
            run(ensure_certified(bucketless, RUNTIME))


class CredentialsContract:
    """For a service that looks at who asks."""

    def test_unknown_credentials_are_denied_and_never_repeated(self, foreign: Store) -> None:
        with pytest.raises(ArcoError) as refusal:
            run(foreign.get("head.json"))
        assert refusal.value.code == "STORE_READ_DENIED"
        assert "credentials" in refusal.value.hint
        with pytest.raises(StoreFault) as fault:
            run(foreign.create("head.json", b"1"))
        for told in (refusal.value, fault.value):
            assert told.__cause__ is None
            assert told.__context__ is None
            assert "Signature=" not in told.message
            assert "403" in told.message
