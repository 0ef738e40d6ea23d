"""A trial of a store that somebody else keeps: does it hold what the log is built on?

Guards law L1 where we cannot prove it: a service that lets two creators win destroys a workspace
without a word, so a store is tried before it is written to. Must not know what will be stored.
Source: storage format, "Verifying".
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

import msgspec

from arco.errors import ArcoError, Corrupt, Invalid
from arco.ids import sha256
from arco.runtime import Runtime
from arco.store import keys
from arco.store.port import Certifiable, Store, StoreFault
from arco.store.text import decoded_object

CREATORS = 64
ROUNDS = 3
TRIES = 6
RETRY_SECONDS = 0.2
DIGITS = b"0123456789"
CUTS = ((0, None, DIGITS), (3, 6, b"345"), (8, 99, b"89"), (4, 4, b""), (20, 30, b""))


class Certificate(msgspec.Struct, frozen=True):
    """That a store kept its promises when it was tried."""

    place: str
    endpoint: str
    driver: str
    certified_at: datetime
    creators: int
    """How many raced for each name."""


class _Claim(msgspec.Struct, frozen=True):
    """What one racer met: whether it won, and what it then read."""

    creator: int
    won: bool | None
    """None: the store did not say."""
    read: bytes | None


async def certify(store: Store, runtime: Runtime) -> Certificate:
    """The certificate of a store that has just kept every promise the log needs.

    Raises: Invalid STORE_UNFIT with the promise that was broken; StoreFault when the trial could
    not be finished. Cost: about 400 requests; what it wrote is deleted.
    """
    folder = keys.trial_folder(f"{runtime.entropy(128):032x}")
    digits = f"{folder}digits"
    races = [f"{folder}race-{number}" for number in range(ROUNDS)]
    try:
        await _try_name(store, runtime, name=digits)
        decided = [await _race(store, runtime, name=name) for name in races]
        if not any(decided):
            raise StoreFault("the trial of the store was undecided: nobody was let through")
        await _try_listing(store, [digits, *races])
    finally:
        await _sweep(store, [digits, *races])
    return Certificate(*_identity(store), runtime.now(), CREATORS)


async def ensure_certified(store: Store, runtime: Runtime) -> None:
    """The store may be written to: it is ours alone, or it was certified, now or earlier.

    Idempotent: by place, endpoint and driver. Cost: 1 GET when it was certified before.
    Raises: as `certify`; Forbidden when the certificate must not be read.
    """
    if not isinstance(store, Certifiable):
        return
    if await recorded_certificate(store) is not None:
        return
    record = msgspec.json.encode(await certify(store, runtime), order="sorted")
    # A record that is lost or damaged costs another trial, nothing else.
    with suppress(StoreFault):
        await store.put(_record_name(store.identity), record)


async def recorded_certificate(store: Store) -> Certificate | None:
    """The certificate of an earlier trial of this place, endpoint and driver; None without one.

    Cost: 1 GET. Raises: Forbidden when it must not be read.
    """
    if not isinstance(store, Certifiable):
        return None
    record = await store.get(_record_name(store.identity))
    try:
        found = decoded_object(record or b"", Certificate, name=_record_name(store.identity))
    except Corrupt:
        return None
    return found if (found.place, found.endpoint, found.driver) == store.identity else None


def _record_name(identity: tuple[str, str, str]) -> str:
    return keys.certificate(sha256("\n".join(identity).encode())[:32])


def _identity(store: Store) -> tuple[str, str, str]:
    if isinstance(store, Certifiable):
        return store.identity
    return store.location("certificates"), "", type(store).__name__


async def _try_name(store: Store, runtime: Runtime, *, name: str) -> None:
    """Missing is None, the first creator keeps the name, and ranges are cut where they should."""
    if await store.get(name) is not None:
        raise _unfit("an object that nobody created is read")
    await _created(store, runtime, name=name)
    if await store.create(name, b"other"):
        raise _unfit("a second creator took a name that was taken")
    for start, end, expected in CUTS:
        if await store.get(name, start=start, end=end) != expected:
            raise _unfit(f"the bytes from {start} to {end} of ten are not those written")


async def _created(store: Store, runtime: Runtime, *, name: str) -> None:
    for attempt in range(TRIES):
        try:
            # "Taken" is our own earlier try: only this trial knows the name.
            await store.create(name, DIGITS)
            return
        except StoreFault:
            if attempt == TRIES - 1:
                raise
            await runtime.sleep(RETRY_SECONDS * 2**attempt)


async def _race(store: Store, runtime: Runtime, *, name: str) -> bool:
    """True when one of many who created one name at one moment won, and everyone read its bytes.

    False when the store gave nobody a definite win: it may refuse all of a crowd for a moment.
    """
    start, waiting = runtime.signal(), [CREATORS]

    async def claim(creator: int) -> _Claim:
        waiting[0] -= 1
        if not waiting[0]:
            start.set()
        await start.wait()
        try:
            won = await store.create(name, _claimed(creator))
            return _Claim(creator, won, await store.get(name))
        except StoreFault:
            return _Claim(creator, None, None)

    claims = await runtime.gather(claim(creator) for creator in range(CREATORS))
    winners = [claim for claim in claims if claim.won]
    answered = all(claim.won is not None for claim in claims)
    if len(winners) > 1 or (answered and not winners):
        raise _unfit(f"{len(winners)} of {CREATORS} simultaneous creators of one name won")
    read = {claim.read for claim in claims} - {None}
    if len(read) > 1 or any(claim.read != _claimed(claim.creator) for claim in winners):
        raise _unfit("creators of one name read different bytes under it")
    return bool(winners)


def _claimed(creator: int) -> bytes:
    return b"creator %d " % creator * 100


async def _try_listing(store: Store, names: Sequence[str]) -> None:
    """A listing shows at once what was created, in order, and nothing else."""
    folder = names[0].rpartition("/")[0] + "/"
    if [entry.key for entry in await store.list(folder)] != sorted(names):
        raise _unfit("a listing does not show exactly the objects that were created")


async def _sweep(store: Store, names: Sequence[str]) -> None:
    # What cannot be deleted stays: a few kilobytes under a name that nothing reads.
    for name in names:
        with suppress(ArcoError):
            await store.delete(name)


def _unfit(problem: str) -> Invalid:
    return Invalid(
        "STORE_UNFIT",
        f"this store does not keep what Arco is built on: {problem}",
        hint=(
            "use a service with strongly consistent reads and conditional creation"
            " (If-None-Match or ifGenerationMatch), and no cache or gateway in front that drops it"
        ),
    )


__all__ = ["Certificate", "certify", "ensure_certified", "recorded_certificate"]
