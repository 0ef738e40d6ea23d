"""The transports: standard input and output for the host that started us, HTTP for others.

Law: over HTTP every request is asked as its sender, who is told to say who it is wherever the
server would ask. Must not know tools.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import msgspec
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings

from arco.api.failures import describe, headers_for
from arco.api.server import serve
from arco.client.client import Client
from arco.errors import ArcoError, NotFound, Unauthenticated
from arco.mcp.changing import CHANGING
from arco.mcp.standard import can_be_waited_for, lines
from arco.mcp.surface import ClientFor, Surface, protocol_server
from arco.mcp.tools import READING
from arco.runtime import AsyncioRuntime
from arco.service.identity import credentials_missing

PATH = "/mcp"
LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")
BEARER = "bearer "
TOOLS = {"reading": READING, "changing": READING + CHANGING}


class Offer(msgspec.Struct, frozen=True):
    """What is offered."""

    tools: Literal["reading", "changing"]
    version: str


class Address(msgspec.Struct, frozen=True):
    """Where to listen."""

    host: str
    port: int
    names: tuple[str, ...] = ()
    """Other names to answer under."""


class Strictness(msgspec.Struct, frozen=True):
    """What is said about the door to whoever opens a port for it."""

    is_strict: bool
    """It answers nobody who shows no credential."""


async def serve_stdio(offer: Offer, client: Client) -> None:
    """Answer the process that started this one, until it closes our standard input."""
    server = _server(offer, lambda authorization: client)
    source: Any = lines() if can_be_waited_for() else None
    async with stdio_server(source) as (reading, writing):
        await server.run(reading, writing, server.create_initialization_options())


async def serve_http(door: Door, ready: Callable[[str], None]) -> None:
    """Answer requests until cancelled; `ready` hears the URL once they are taken.

    Raises: Invalid BIND_REFUSED, PORT_BUSY, BIND_FAILED.
    """
    address, failures = door.address, []
    async with door.running():
        try:
            await serve(
                door, address.host, port=address.port, ready=lambda origin: ready(origin + PATH)
            )
        except ArcoError as error:
            # The library's tasks would wrap it into a group.
            failures.append(error)
    for failure in failures:
        raise failure


class Door:
    """The application before the protocol: nobody passes whom the server would not know."""

    def __init__(self, offer: Offer, client: Client, *, address: Address, is_strict: bool) -> None:
        self._client_for = _by_sender(client)
        self._manager = StreamableHTTPSessionManager(
            _server(offer, self._client_for),
            json_response=True,
            stateless=True,
            security_settings=_names(address),
        )
        self._runtime = AsyncioRuntime()
        self.running = self._manager.run
        self.address = address
        self.state = Strictness(is_strict)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        try:
            await self._received(scope)
        except ArcoError as error:
            await _refuse(error, send)
            return
        await self._manager.handle_request(scope, receive, send)

    async def _received(self, scope: Any) -> None:
        """Raises: NotFound for another path; what the server says to unknown senders."""
        if scope["path"].rstrip("/") != PATH:
            raise NotFound("ROUTE_NOT_FOUND", "there is no such route", hint=f"it is {PATH}")
        headers = dict(scope["headers"])
        authorization = headers.get(b"authorization", b"").decode("latin-1")
        if self.state.is_strict and not authorization:
            raise credentials_missing()
        asking = self._client_for(authorization)
        await self._runtime.thread(asking.ask, "GET", "/access/me")


def _server(offer: Offer, client_for: ClientFor) -> Server[Any]:
    surface = Surface(TOOLS[offer.tools], client_for, AsyncioRuntime())
    return protocol_server(surface, offer.version)


def _by_sender(client: Client) -> ClientFor:
    """Who shows a credential is asked for by it; on this machine, who shows none has ours."""

    def client_for(authorization: str) -> Client:
        if not authorization:
            return client
        if not authorization.lower().startswith(BEARER):
            raise Unauthenticated(
                "CREDENTIALS_INVALID",
                "these credentials do not open this server",
                hint="send `Authorization: Bearer` with an API key or a token",
            )
        return client.showing(authorization[len(BEARER) :].strip())

    return client_for


def _names(address: Address) -> TransportSecuritySettings:
    """No page of another site, under whatever name it reaches this port, is answered."""
    loopback = [f"{name}:*" for name in LOOPBACK_NAMES]
    origins = [f"{scheme}://{name}" for name in address.names for scheme in ("http", "https")]
    return TransportSecuritySettings(
        allowed_hosts=[*loopback, *address.names],
        allowed_origins=[*(f"http://{name}" for name in loopback), *origins],
    )


async def _refuse(error: ArcoError, send: Any) -> None:
    status, body = describe(error, "")
    told = {"content-type": "application/json", **headers_for(status, body)}
    headers = [(name.lower().encode(), value.encode()) for name, value in told.items()]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": msgspec.json.encode(body)})


__all__ = ["Address", "Door", "Offer", "Strictness", "serve_http", "serve_stdio"]
