"""Serving the application: one socket, ours to close, nothing reloaded.

Law: an application that does not ask everybody for credentials never listens beyond loopback. Must
not know routes.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from collections.abc import Callable
from typing import Any, Protocol

import uvicorn

from arco.errors import Invalid

LOOPBACK_ADDRESSES = {"localhost": "127.0.0.1", "127.0.0.1": "127.0.0.1", "::1": "::1"}
GRACE_SECONDS = 3
CUT_OFF_SECONDS_MAX = 1
BACKLOG = 2048
_LOG = logging.getLogger("uvicorn.error")


class Application(Protocol):
    """What can be served; `state.is_strict`: it answers nobody whom it does not know."""

    state: Any

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""


async def serve(app: Application, host: str, *, port: int, ready: Callable[[str], None]) -> None:
    """Answer requests until cancelled; `ready` hears the address once connections are taken.

    Port 0 takes any free one. Cancelling lets running requests end, at most for three seconds.

    Raises: Invalid BIND_REFUSED, PORT_BUSY, BIND_FAILED.
    """
    listener = _bound(_allowed(app, host), port)
    server = uvicorn.Server(_config(app))
    _LOG.addFilter(_told_once)
    server.config.load()
    server.lifespan = server.config.lifespan_class(server.config)
    try:
        await server.startup(sockets=[listener])
        ready(_address(listener))
        await server.main_loop()
    finally:
        if server.started:
            await server.shutdown(sockets=[listener])
            if cut_off := list(server.server_state.tasks):
                await asyncio.wait(cut_off, timeout=CUT_OFF_SECONDS_MAX)
        listener.close()
        _LOG.removeFilter(_told_once)


def _told_once(record: logging.LogRecord) -> bool:
    """Requests that outlast the grace are told of in one line; where each stood tells nobody
    anything.
    """
    if record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError):
        return False
    if str(record.msg).startswith("Cancel "):
        record.msg = f"%s requests were under way after {GRACE_SECONDS} s, and were cut off"
    return True


def _config(app: Application) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="error",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        backlog=BACKLOG,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


def _allowed(app: Application, host: str) -> str:
    """The address to listen on.

    Raises: Invalid BIND_REFUSED.
    """
    # Nothing said means that nobody is asked: an application without a door stays on loopback.
    if host in LOOPBACK_ADDRESSES or getattr(app.state, "is_strict", False):
        return LOOPBACK_ADDRESSES.get(host, host)
    raise Invalid(
        "BIND_REFUSED",
        f"{host!r} is not this machine alone, and nobody is authenticated",
        hint="set ARCO_AUTHENTICATION=required, or serve on 127.0.0.1",
    )


def _bound(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    # Named, so that asyncio knows it for TCP and never waits to fill a packet.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((address, port))
        # Listening says whether somebody else listens already.
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise _not_bound(error, address, port=port) from error
    return listener


def _not_bound(error: OSError, address: str, *, port: int) -> Invalid:
    if error.errno == errno.EADDRINUSE:
        return Invalid(
            "PORT_BUSY",
            f"port {port} of {address} is taken by another process",
            hint="choose another port, or end the process that holds it",
        )
    return Invalid(
        "BIND_FAILED",
        f"port {port} of {address} cannot be used: {error.strerror}",
        hint="choose a port above 1023 on 127.0.0.1",
    )


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


__all__ = ["LOOPBACK_ADDRESSES", "Application", "serve"]
