"""A store in a bucket of S3, Google Cloud Storage or Azure, or of a service that speaks like them.

Keeps laws L1 and L2: a name is created by one conditional request that is never repeated here, and
an answer that is not definite is a StoreFault. The only file that knows the driver; must not know
what the bytes mean.
Source: storage format, "Committing".
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

import msgspec
import obstore
from obstore.exceptions import BaseError
from obstore.store import AzureStore, GCSStore, S3Store

from arco.errors import Invalid
from arco.store.address import CloudAddress
from arco.store.names import checked_key, checked_prefix, is_key
from arco.store.port import Entry, StoreFault
from arco.store.refusals import Refusal, read_error, refusal, write_fault
from arco.store.signing import checked_lifetime

if TYPE_CHECKING:
    from obstore import GetOptions

T = TypeVar("T")
Driver: TypeAlias = S3Store | GCSStore | AzureStore

QUICK_BYTES_MAX = 4 * 1024 * 1024
QUICK_SECONDS = 10
BULKY_SECONDS = 300
CONNECT_SECONDS = 5
READ_TRIES_MORE = 3
LISTED_AT_ONCE = 1_000
READ_RETRY_SECONDS = 10
LOGGER = logging.getLogger("arco.store")


class _Drivers(msgspec.Struct, frozen=True):
    """One place, approached with three sorts of patience."""

    quick: Driver
    """Writes that a commit waits for: asked once, soon given up."""
    bulky: Driver
    """Large writes: asked once, given time."""
    reading: Driver
    """Reads change nothing, so the driver may repeat them."""


class CloudStore:
    """Objects below one prefix of a bucket.

    A write is asked exactly once: a driver that repeats a create would meet its own object and
    report somebody else's.
    """

    def __init__(self, address: CloudAddress) -> None:
        self.address = address
        try:
            self._drivers = _Drivers(
                quick=_driver(address, seconds=QUICK_SECONDS, tries_more=0),
                bulky=_driver(address, seconds=BULKY_SECONDS, tries_more=0),
                reading=_driver(address, seconds=BULKY_SECONDS, tries_more=READ_TRIES_MORE),
            )
        except (BaseError, ValueError):
            unusable = True
        else:
            unusable = False
        if unusable:
            # Raised outside the handler: the driver's own words may quote a credential.
            raise Invalid(
                "STORE_SETTINGS_UNUSABLE",
                f"the environment does not say how to reach {address.root}",
                hint="complete the provider's credentials there; docs/how-to/use-a-cloud-store.md",
            )

    @property
    def identity(self) -> tuple[str, str, str]:
        """What a certificate vouches for: the place, the endpoint and the driver's version."""
        config: Any = self._drivers.quick.config
        reached = [self.address.account or str(config.get("account_name", ""))]
        reached += [str(config.get(name, "")) for name in ("endpoint", "base_url", "region")]
        return self.address.root, " ".join(filter(None, reached)), f"obstore {obstore.__version__}"

    async def create(self, key: str, data: bytes) -> bool:
        found = await self._written(key, data, mode="create")
        if not isinstance(found, Refusal):
            return True
        if found.says_taken or (found.hints_taken and await self.get(key, end=0) is not None):
            return False
        raise self._write_fault(found, f"create {key!r}")

    async def get(self, key: str, *, start: int = 0, end: int | None = None) -> bytes | None:
        found = await _answer(self._read(self._path(key), start=start, end=end))
        if not isinstance(found, Refusal):
            return found
        if found.says_past_the_end:
            return b""
        if found.says_missing:
            return None
        raise read_error(found, f"read {key!r}", address=self.address)

    async def put(self, key: str, data: bytes) -> None:
        found = await self._written(key, data, mode="overwrite")
        if isinstance(found, Refusal):
            raise self._write_fault(found, f"put {key!r}")

    async def delete(self, key: str) -> None:
        path = self._path(key)
        found = await _answer(obstore.delete_async(self._drivers.quick, path))
        if isinstance(found, Refusal) and not found.says_missing:
            raise self._write_fault(found, f"delete {key!r}")

    async def list(self, prefix: str, *, after: str = "", limit: int | None = None) -> list[Entry]:
        folder = self.address.prefix + checked_prefix(prefix)
        listing = obstore.list(
            self._drivers.reading,
            folder or None,
            offset=self.address.prefix + after if after else None,
            chunk_size=min(limit or LISTED_AT_ONCE, LISTED_AT_ONCE),
        )

        def entries_of(item: Any) -> list[Entry]:
            key = item["path"].removeprefix(self.address.prefix)
            # The driver writes an offset in its own way, and may begin a little before it.
            wanted = item["path"].startswith(folder) and is_key(key) and key > after
            return [Entry(key, item["size"], item["last_modified"].timestamp())] if wanted else []

        found = await _answer(_collected(listing, entries_of, limit=limit))
        if isinstance(found, Refusal):
            raise read_error(found, f"list {prefix!r}", address=self.address)
        return sorted(found, key=lambda entry: entry.key)[:limit]

    async def confirm(self, key: str) -> None:
        # What a cloud store shows is durable: it answers only after it has replicated.
        checked_key(key)

    def location(self, key: str) -> str:
        return self.address.location(self._path(key))

    async def signed_url(self, key: str, seconds: int) -> str:
        """A URL with which anyone may read this one object for so many seconds.

        Raises: Invalid for a time the providers do not grant, and for a name they do not escape
        alike; StoreFault without credentials that can sign. Cost: none with a key, one request to
        the provider's identity service without.
        """
        path = self._path(key)
        lasting = timedelta(seconds=checked_lifetime(path, seconds))
        found = await _answer(obstore.sign_async(self._drivers.reading, "GET", path, lasting))
        if isinstance(found, Refusal):
            raise self._write_fault(found, f"sign a URL for {key!r}")
        return found

    def _path(self, key: str) -> str:
        return self.address.prefix + checked_key(key)

    async def _written(
        self, key: str, data: bytes, *, mode: Literal["create", "overwrite"]
    ) -> object:
        """The driver's answer, or a Refusal; always one request, because parts are not atomic."""
        path = self._path(key)
        drivers = self._drivers
        driver = drivers.quick if len(data) <= QUICK_BYTES_MAX else drivers.bulky
        return await _answer(obstore.put_async(driver, path, data, mode=mode, use_multipart=False))

    async def _read(self, path: str, *, start: int, end: int | None) -> bytes:
        reading = self._drivers.reading
        if end is not None and end <= start:
            # An empty range cannot be asked for over HTTP, only whether the object is there.
            await obstore.head_async(reading, path)
            return b""
        options: GetOptions = {}
        if end is not None:
            options["range"] = (start, end)
        elif start:
            options["range"] = {"offset": start}
        found = await obstore.get_async(reading, path, options=options)
        return bytes(await found.bytes_async())

    def _write_fault(self, refused: Refusal, asked: str) -> StoreFault:
        fault = write_fault(refused, asked, address=self.address)
        if refused.is_denied:
            # The log asks again until it is answered: only this line tells why that takes long.
            LOGGER.warning("%s (%s)", fault.message, fault.hint)
        return fault


async def _collected(
    listing: Any, entries_of: Callable[[Any], list[Entry]], *, limit: int | None
) -> list[Entry]:
    """What the driver lists, and no more of it than is asked for."""
    found: list[Entry] = []
    async for chunk in listing:
        found += [entry for item in chunk for entry in entries_of(item)]
        if limit is not None and len(found) >= limit:
            break
    return found


async def _answer(question: Awaitable[T]) -> T | Refusal:
    """What the driver returned, or why it did not, without its own words."""
    try:
        return await question
    except (BaseError, OSError, ValueError) as error:
        return refusal(type(error).__name__, str(error))


def _driver(address: CloudAddress, *, seconds: int, tries_more: int) -> Driver:
    """A driver's store for the whole bucket; credentials come from the environment only."""
    options: Any = {
        "client_options": {
            "timeout": timedelta(seconds=seconds),
            "connect_timeout": timedelta(seconds=CONNECT_SECONDS),
            "allow_http": address.endpoint.startswith("http://"),
        },
        "retry_config": {
            "max_retries": tries_more,
            "retry_timeout": timedelta(seconds=READ_RETRY_SECONDS),
        },
    }
    if address.scheme == "s3":
        # The environment could switch conditional requests off, and with them law L1.
        config: Any = {"conditional_put": "etag", **_given(address, "region", "endpoint")}
        return S3Store(address.bucket, config=config, **options)
    if address.scheme == "gs":
        config = {"base_url": address.endpoint} if address.endpoint else {}
        return GCSStore(address.bucket, config=config, **options)
    config = _given(address, "endpoint")
    config |= {"account_name": address.account} if address.account else {}
    return AzureStore(address.bucket, config=config, **options)


def _given(address: CloudAddress, *names: str) -> dict[str, str]:
    return {name: value for name in names if (value := getattr(address, name))}


__all__ = ["CloudStore"]
