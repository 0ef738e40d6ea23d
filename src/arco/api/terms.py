"""What a request says besides its content: how fresh, how often, under which condition.

Everything here is read from headers, once, before a route is asked. Must not know routes.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any

import msgspec
from litestar import Request

from arco.engine.database import Database
from arco.engine.idempotency import check_key
from arco.engine.tokens import StateToken, parse_token
from arco.errors import Invalid
from arco.ids import sha256
from arco.wire.headers import (
    KEY_HEADER,
    MATCH_HEADER,
    NONE_MATCH_HEADER,
    STALENESS_HEADER,
    STATE_HEADER,
    TRACE_HEADER,
)

STALENESS_MS_MAX = 3_600_000
AT = "at"
MOMENT_CHARACTERS_MAX = 40
TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}\Z")
CHANGING_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """The terms of one request."""

    token: StateToken | None = None
    """The answer is at least as new as this."""
    staleness_ms: int | None = None
    """So old may the answer be; None: as new as everything that was acknowledged."""
    key: str = ""
    """The request's name: asked again under it, it is not done again."""
    fingerprint: str = ""
    """A hash of all that was asked, where there is a key."""
    trace: str = ""
    """The trace that the request belongs to, if the caller follows one."""
    at: str = ""
    """The moment that is asked about: a slot, a time or how long ago; empty: the present."""
    if_match: str = ""
    if_none_match: str = ""

    async def brought(self, database: Database) -> None:
        """Return once the database has read as far as these terms ask.

        Raises: Precondition HISTORY_ROLLBACK. Cost: nothing for a token that was applied; else at
        most one look at the log, shared with everyone who asks at the same time.
        """
        if self.token is not None:
            await database.reads.reach(self.token)
        if self.staleness_ms:
            await database.reads.recent(self.staleness_ms / 1000)
        elif self.staleness_ms == 0 or self.token is None:
            await database.refresh()

    def met(self) -> Terms:
        """The same for a question that goes on: nothing newer has to be read."""
        return msgspec.structs.replace(self, token=None, staleness_ms=STALENESS_MS_MAX)


async def terms_of(request: Request[Any, Any, Any]) -> Terms:
    """The terms that the request's headers set.

    Raises: Invalid IDEMPOTENCY_KEY_INVALID, STATE_TOKEN_INVALID, STALENESS_INVALID,
    MOMENT_INVALID.
    """
    headers = request.headers
    key, token = headers.get(KEY_HEADER), headers.get(STATE_HEADER)
    if key is not None:
        check_key(key)
    return Terms(
        token=None if token is None else parse_token(token),
        staleness_ms=_staleness_ms(headers.get(STALENESS_HEADER)),
        key=key or "",
        fingerprint=await _fingerprint(request) if key else "",
        trace=_trace(headers.get(TRACE_HEADER, "")),
        at=_moment(request),
        if_match=headers.get(MATCH_HEADER, ""),
        if_none_match=headers.get(NONE_MATCH_HEADER, ""),
    )


async def _fingerprint(request: Request[Any, Any, Any]) -> str:
    """The same for requests that ask the same: method, path, parameters and body."""
    if request.method not in CHANGING_METHODS:
        return ""
    body = await request.body()
    # What is no JSON will be refused by the route, in its own words.
    with suppress(msgspec.MsgspecError):
        body = msgspec.json.encode(msgspec.json.decode(body), order="sorted")
    asked = f"{request.method} {request.url.path}?{request.url.query}\n".encode()
    return sha256(asked + body)


def _moment(request: Request[Any, Any, Any]) -> str:
    text: str = request.query_params.get(AT, "") if request.method == "GET" else ""
    if len(text) > MOMENT_CHARACTERS_MAX:
        raise Invalid(
            "MOMENT_INVALID",
            f"a moment has at most {MOMENT_CHARACTERS_MAX} characters",
            hint="write a slot (120), a time (2026-03-01T12:30) or how long ago (90m, 2h, 3d)",
        )
    return text


def _staleness_ms(text: str | None) -> int | None:
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or int(text[:10]) > STALENESS_MS_MAX:
        raise Invalid(
            "STALENESS_INVALID",
            f"{STALENESS_HEADER} is a whole number of milliseconds up to {STALENESS_MS_MAX:,}",
            hint="leave it out for an answer that is as new as everything acknowledged",
        )
    return int(text)


def _trace(text: str) -> str:
    found = TRACEPARENT.match(text)
    return found[1] if found and set(found[1]) != {"0"} else ""


__all__ = [
    "AT",
    "CHANGING_METHODS",
    "MOMENT_CHARACTERS_MAX",
    "TRACEPARENT",
    "Terms",
    "terms_of",
]
