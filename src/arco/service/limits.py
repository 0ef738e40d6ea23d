"""How much one principal, and one tenant, may ask of this process.

Buckets that fill with time; who has emptied its own waits, and nobody else does. Bounded: only so
many principals are remembered, and a forgotten one starts with a full bucket.
"""

from __future__ import annotations

from collections import OrderedDict

from arco.errors import TooManyRequests
from arco.runtime import Runtime
from arco.service.settings import Settings

REMEMBERED_MAX = 10_000
BURST_SECONDS = 2.0


class Bucket:
    """Requests that may be made now."""

    def __init__(self, rate: float, now: float) -> None:
        self._rate = rate
        self._size = max(1.0, rate * BURST_SECONDS)
        self._left = self._size
        self._filled_at = now
        self.under_way = 0

    def wait_seconds(self, now: float) -> float:
        """How long until one more may be made; 0: now."""
        self._left = min(self._size, self._left + (now - self._filled_at) * self._rate)
        self._filled_at = now
        return 0.0 if self._left >= 1 else (1 - self._left) / self._rate

    def take(self) -> None:
        """One is made."""
        self._left -= 1


class Limits:
    """The buckets of one process."""

    def __init__(self, settings: Settings, runtime: Runtime) -> None:
        self._settings = settings
        self._runtime = runtime
        self._principals: OrderedDict[str, Bucket] = OrderedDict()
        self._strangers: OrderedDict[str, Bucket] = OrderedDict()
        rate = settings.tenant_requests_per_second
        self._tenant = Bucket(rate, runtime.monotonic()) if rate else None

    def enter(self, principal: str) -> None:
        """A request of the principal begins; `leave` ends it.

        Raises: TooManyRequests RATE_LIMITED, REQUESTS_AT_ONCE.
        """
        rate = self._settings.requests_per_second
        own = self._bucket(self._principals, principal, rate=rate)
        if own.under_way >= self._settings.requests_at_once:
            raise TooManyRequests(
                "REQUESTS_AT_ONCE",
                f"{own.under_way} requests of {principal} are under way",
                hint="wait for some of them to be answered",
                retry_after_seconds=1,
            )
        # Its own bucket comes first: who is refused by it takes nothing of the tenant's.
        if rate:
            self._draw(own, principal)
        if self._tenant is not None:
            self._draw(self._tenant, "this tenant")
        own.under_way += 1

    def leave(self, principal: str) -> None:
        """A request that began has ended."""
        bucket = self._principals.get(principal)
        if bucket is not None and bucket.under_way:
            bucket.under_way -= 1

    def stranger(self, address: str) -> None:
        """Somebody at the address could not be recognised.

        Raises: TooManyRequests RATE_LIMITED when that happens too often there.
        """
        rate = self._settings.strangers_per_second
        if rate:
            self._draw(self._bucket(self._strangers, address, rate=rate), "this address")

    def _bucket(self, buckets: OrderedDict[str, Bucket], name: str, *, rate: float) -> Bucket:
        bucket = buckets.get(name)
        if bucket is None:
            bucket = buckets[name] = Bucket(rate, self._runtime.monotonic())
            idle = next((each for each, known in buckets.items() if not known.under_way), None)
            if len(buckets) > REMEMBERED_MAX and idle is not None:
                del buckets[idle]
        else:
            buckets.move_to_end(name)
        return bucket

    def _draw(self, bucket: Bucket, whose: str) -> None:
        seconds = bucket.wait_seconds(self._runtime.monotonic())
        if seconds > 0:
            raise TooManyRequests(
                "RATE_LIMITED",
                f"{whose} has asked more often than it may",
                hint="slow down; `Retry-After` says when to ask again",
                retry_after_seconds=max(1, round(seconds + 0.5)),
            )
        bucket.take()


__all__ = ["Bucket", "Limits"]
