"""What every cloud store promises besides the Store port, as an inheritable test class.

Subclass it with a `store` fixture of an empty folder, `foreign` (the same place with credentials
nobody knows) and `bucketless` (the same service, a bucket that is not there).
"""

from __future__ import annotations

import threading
import urllib.error
import urllib.request

import msgspec
import pytest

from arco.engine import snapshot
from arco.engine.database import Database
from arco.engine.domain import DOMAIN as ENGINE
from arco.engine.verify import Verifier
from arco.errors import AlreadyExists, ArcoError, Invalid
from arco.runtime import AsyncioRuntime, run
from arco.store.certify import Certificate, ensure_certified
from arco.store.keys import Scope
from arco.store.port import Certifiable, SignsUrls, Store, StoreFault
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

    def test_a_signed_url_shows_one_object_to_anyone(self, store: Store) -> None:
        run(store.create("data/one.parquet", b"0123456789"))
        run(store.create("data/two.parquet", b"secret"))
        url = run(signer(store).signed_url("data/one.parquet", 60))
        assert fetched(url) == b"0123456789"
        assert fetched(url, {"Range": "bytes=2-4"}) == b"234"

    def test_a_scope_signs_for_its_own_objects(self, store: Store) -> None:
        scoped = ScopedStore(store, Scope(tenant="acme"))
        run(scoped.create("data/one", b"acme"))
        assert fetched(run(scoped.signed_url("data/one", 60))) == b"acme"
        with pytest.raises(Invalid) as refusal:
            run(scoped.signed_url("../tenant=other/data/one", 60))
        assert refusal.value.code == "STORE_KEY_INVALID"

    @pytest.mark.parametrize("seconds", [0, -1, 7 * 24 * 3600 + 1])
    def test_a_signed_url_lasts_from_a_second_to_a_week(self, store: Store, seconds: int) -> None:
        with pytest.raises(Invalid) as refusal:
            run(signer(store).signed_url("data/one", seconds))
        assert refusal.value.code == "SIGNED_URL_SECONDS_INVALID"

    def test_a_bucket_that_is_not_there_is_not_an_empty_store(self, bucketless: Store) -> None:
        with pytest.raises(ArcoError) as refusal:
            run(bucketless.get("head.json"))
        assert refusal.value.code == "STORE_BUCKET_NOT_FOUND"
        with pytest.raises(StoreFault):
            run(bucketless.create("head.json", b"1"))
        with pytest.raises(ArcoError):
            run(ensure_certified(bucketless, RUNTIME))


class SignatureContract:
    """For a service that looks at signatures."""

    @pytest.mark.parametrize("part", ["path", "signature"])
    def test_a_signed_url_that_was_changed_is_refused(self, store: Store, part: str) -> None:
        run(store.create("data/one", b"1"))
        run(store.create("data/two", b"2"))
        url = run(signer(store).signed_url("data/one", 60))
        changed = url.replace("data/one", "data/two") if part == "path" else other_signature(url)
        assert changed != url
        assert refused_with(changed) == 403

    def test_a_signed_url_cannot_write(self, store: Store) -> None:
        run(store.create("data/one", b"1"))
        url = run(signer(store).signed_url("data/one", 60))
        headers = {"x-ms-blob-type": "BlockBlob"}
        assert refused_with(url, urllib.request.Request(url, b"2", headers, method="PUT")) == 403
        assert run(store.get("data/one")) == b"1"

    def test_a_signed_url_ends(self, store: Store) -> None:
        run(store.create("data/one", b"1"))
        url = run(signer(store).signed_url("data/one", 1))
        run(RUNTIME.sleep(2.1))
        assert refused_with(url) == 403

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


def signer(store: Store) -> SignsUrls:
    """The store as one that signs URLs."""
    assert isinstance(store, SignsUrls)
    return store


def fetched(url: str, headers: dict[str, str] | None = None) -> bytes:
    """What a stranger without credentials reads there."""
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers or {})) as answer:
        body: bytes = answer.read()
        return body


def refused_with(url: str, request: urllib.request.Request | None = None) -> int:
    """The status with which a stranger is turned away."""
    with pytest.raises(urllib.error.HTTPError) as refusal:
        urllib.request.urlopen(request or url).close()
    refusal.value.close()
    return refusal.value.code


def other_signature(url: str) -> str:
    """The URL with one character of its signature changed."""
    head, mark, signature = url.partition("sig=" if "sig=" in url else "X-Goog-Signature=")
    return f"{head}{mark}{'b' if signature[0] == 'a' else 'a'}{signature[1:]}"
