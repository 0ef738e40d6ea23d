"""The door: who may speak to a server on loopback, before any route is looked up.

Law: a page of another site, under whatever name it reaches this port, reads and changes nothing.
Must not know what is behind the door.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import cast

import msgspec
from litestar.datastructures import Headers, MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from arco.api.failures import (
    BODY_BYTES_MAX,
    REQUEST_ID,
    describe,
    headers_for,
    too_large,
)
from arco.api.reception import Reception
from arco.api.terms import CHANGING_METHODS, TRACEPARENT
from arco.errors import ArcoError, Forbidden, Invalid, Unauthenticated
from arco.ids import new_ulid
from arco.runtime import Runtime
from arco.wire.headers import REQUEST_ID_HEADER, TRACE_HEADER

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")
REQUEST_ID_SHAPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}\Z")
HTTP_PORT = 80
HEAD = "HEAD"
# What is read of a refused body, so that a client that only listens afterwards hears why.
DISCARDED_BYTES_MAX = 4 * BODY_BYTES_MAX
SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}


class Names:
    """What this server is called, besides the loopback names of its own port."""

    def __init__(self, hosts: Collection[str], *, public_url: str = "") -> None:
        self._hosts = frozenset(host.lower() for host in hosts)
        self._public_scheme, _, self._public_host = public_url.lower().partition("://")

    def scheme(self, scope: HTTPScope, headers: Headers) -> str:
        """How the caller spoke to us, or to the proxy that it spoke to in our name."""
        is_public = self._public_host and headers.get("host", "").lower() == self._public_host
        return self._public_scheme if is_public else scope["scheme"]

    def include(self, scope: HTTPScope, host: str) -> bool:
        """True for a `Host` that means this server."""
        return host in self._hosts or host in _own_names(scope)


class Guard:
    """An app behind the door: it sees only requests that came by one of our names."""

    def __init__(
        self,
        app: ASGIApp,
        runtime: Runtime,
        *,
        reception: Reception,
        names: Names,
        way_in: Callable[[HTTPScope, Headers], str],
    ) -> None:
        self._app = app
        self._way_in = way_in
        self._runtime = runtime
        self._reception = reception
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            return
        headers = Headers.from_scope(scope)
        request_id = _request_id(headers, self._runtime)
        scope["state"][REQUEST_ID] = request_id
        scope["scheme"] = self._names.scheme(scope, headers)
        told = _without_body(send) if scope["method"] == HEAD else send
        signed = _signed(told, request_id, trace=_traceparent(headers, self._runtime))
        refusal = _refusal(scope, headers, names=self._names)
        if refusal is None:
            try:
                async with self._reception.received(scope, headers):
                    await self._app(_as_read(scope), receive, signed)
                return
            except ArcoError as error:
                # Raised before the app answered: it turns its own errors into answers.
                refusal = error
        if refusal.code == "BODY_TOO_LARGE":
            await _discard(receive)
        where = self._way_in(scope, headers) if isinstance(refusal, Unauthenticated) else ""
        if where:
            await _lead(where, send=signed)
            return
        await _refuse(refusal, request_id, send=signed)


def _request_id(headers: Headers, runtime: Runtime) -> str:
    """The caller's id where it can be repeated safely, else a fresh one."""
    given = headers.get(REQUEST_ID_HEADER, "")
    return given if REQUEST_ID_SHAPE.match(given) else new_ulid(runtime)


def _traceparent(headers: Headers, runtime: Runtime) -> str:
    """Our part of the caller's trace, or of one that begins here."""
    found = TRACEPARENT.match(headers.get(TRACE_HEADER, ""))
    trace = found[1] if found else f"{runtime.entropy(128):032x}"
    return f"00-{trace}-{runtime.entropy(64):016x}-01"


def _signed(send: Send, request_id: str, *, trace: str) -> Send:
    """The same `send`, with the headers that every answer carries."""

    async def signed(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableScopeHeaders.from_message(message)
            headers[REQUEST_ID_HEADER] = request_id
            headers[TRACE_HEADER] = trace
            for name, value in SECURITY_HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return signed


def _as_read(scope: HTTPScope) -> HTTPScope:
    """What the app is asked: a HEAD is the GET it stands for (RFC 9110, section 9.3.2)."""
    return cast(HTTPScope, {**scope, "method": "GET"}) if scope["method"] == HEAD else scope


def _without_body(send: Send) -> Send:
    """The same `send` for an answer of which only the head is told, however long it would go on."""
    is_told = False

    async def told(message: Message) -> None:
        nonlocal is_told
        if message["type"] == "http.response.body":
            if is_told:
                return
            is_told = True
            message = {"type": "http.response.body", "body": b"", "more_body": False}
        await send(message)

    return told


def _refusal(scope: HTTPScope, headers: Headers, *, names: Names) -> ArcoError | None:
    host = headers.get("host", "").lower()
    if not names.include(scope, host):
        return Forbidden(
            "FORBIDDEN_HOST",
            "this server does not answer under the name it was asked by",
            hint="open the address it printed; other names have to be configured",
        )
    origin = headers.get("origin")
    if origin is not None and origin.lower() != f"{scope['scheme']}://{host}":
        return Forbidden(
            "FORBIDDEN_ORIGIN",
            "a page of another site asked; its requests are not answered",
            hint="ask from a program, or from a page that this server served",
        )
    if scope["method"] in CHANGING_METHODS:
        return _body_refusal(headers)
    return None


def _own_names(scope: HTTPScope) -> set[str]:
    """`Host` values that mean this very port of this machine."""
    port = (scope["server"] or ("", None))[1]
    names = {f"{name}:{port}" for name in LOOPBACK_NAMES}
    return names | set(LOOPBACK_NAMES) if port == HTTP_PORT else names


def _body_refusal(headers: Headers) -> Invalid | None:
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        return Invalid(
            "CONTENT_TYPE_UNSUPPORTED",
            f"the body is announced as {media_type[:80] or 'nothing'}, only JSON is read",
            hint="send `Content-Type: application/json`, also with an empty body",
        )
    length = headers.get("content-length", "0")
    return too_large() if length.isdigit() and int(length) > BODY_BYTES_MAX else None


async def _discard(receive: Receive) -> None:
    """Read what the client sends until it has sent all, or far too much."""
    count = 0
    while count <= DISCARDED_BYTES_MAX:
        message = await receive()
        if message["type"] != "http.request":
            return
        count += len(message["body"])
        if not message["more_body"]:
            return


async def _lead(where: str, *, send: Send) -> None:
    """Tell a browser to go on elsewhere (RFC 9110, section 15.4.4)."""
    headers = [(b"location", where.encode("ascii")), (b"content-length", b"0")]
    await send({"type": "http.response.start", "status": 303, "headers": headers})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _refuse(refusal: ArcoError, request_id: str, *, send: Send) -> None:
    status, body = describe(refusal, request_id)
    told = {"content-type": "application/json", **headers_for(status, body)}
    headers = [(name.lower().encode(), value.encode()) for name, value in told.items()]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    content = msgspec.json.encode(body)
    await send({"type": "http.response.body", "body": content, "more_body": False})


__all__ = ["Guard", "Names"]
