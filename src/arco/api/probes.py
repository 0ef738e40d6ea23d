"""Answers for whoever runs this process: does it live, and should requests be sent to it?

They stand before the door, because a probe has no credentials and asks by an address of its own;
they tell nothing else. Must not know routes.
"""

from __future__ import annotations

import msgspec
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

from arco.engine.database import Database
from arco.errors import ArcoError

LIVE = "/live"
READY = "/ready"
METHODS = frozenset({"GET", "HEAD"})
LOOK_SECONDS = 1.0
"""A probe looks at the store unless somebody did so long ago."""
ANSWER_SECONDS_MAX = 5.0


class Readiness:
    """Whether this process should be sent requests."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._drains = False

    def drain(self) -> None:
        """From now on requests should go elsewhere; those that come are answered."""
        self._drains = True

    async def problem(self) -> str:
        """Why requests should go elsewhere; empty: they need not.

        Cost: at most one look at the log a second, whoever asks.
        """
        if self._drains:
            return "stopping"
        if self._database.failed is not None or self._database.unknown is not None:
            return "read_only"
        return "" if await self._reaches_store() else "store_unreachable"

    async def _reaches_store(self) -> bool:
        runtime = self._database.runtime
        done = runtime.signal()
        reached = []

        async def look() -> None:
            try:
                await self._database.reads.recent(LOOK_SECONDS)
                reached.append(True)
            except ArcoError:
                return
            finally:
                done.set()

        # It is left to its end: others wait for the same look.
        runtime.spawn(look(), "arco-probe")
        await done.wait(ANSWER_SECONDS_MAX)
        return bool(reached)


class Probes:
    """An application with two more answers, given to anybody."""

    def __init__(self, app: ASGIApp, readiness: Readiness) -> None:
        self._app = app
        self._readiness = readiness

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or not _is_probe(scope):
            await self._app(scope, receive, send)
            return
        problem = await self._readiness.problem() if scope["path"] == READY else ""
        await _tell(problem, send)


def _is_probe(scope: HTTPScope) -> bool:
    return scope["path"] in (LIVE, READY) and scope["method"] in METHODS


async def _tell(problem: str, send: Send) -> None:
    content = msgspec.json.encode({"status": problem or "ok"})
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(content)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    ]
    status = 503 if problem else 200
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content, "more_body": False})


__all__ = ["LIVE", "READY", "Probes", "Readiness"]
