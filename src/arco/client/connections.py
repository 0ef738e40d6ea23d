"""Connections to one server, kept open between requests: one request in, one answer or a loss out.

Any thread may ask; each request has a connection to itself. Must not know the API.
"""

from __future__ import annotations

import http.client
import ssl
from collections import deque
from collections.abc import Mapping
from typing import Protocol
from urllib.parse import urlsplit

import msgspec

from arco.errors import Invalid

IDLE_MAX = 8
ANSWER_BYTES_MAX = 512 * 1024 * 1024
STALE = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError)
LOSSES = (OSError, http.client.HTTPException)


class Request(msgspec.Struct, frozen=True):
    """What is sent."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes | None = None


class Answer(msgspec.Struct, frozen=True):
    """What came back; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Lost(Exception):
    """No answer came; `sent` tells whether the server may have acted all the same."""

    def __init__(self, cause: Exception, *, sent: bool) -> None:
        super().__init__(str(cause) or type(cause).__name__)
        self.sent = sent
        self.is_hopeless = isinstance(cause, ssl.SSLCertVerificationError)


class Place(msgspec.Struct, frozen=True):
    """Where a server is."""

    is_secure: bool
    host: str
    port: int
    path: str
    """What stands before every route, where a proxy puts something there."""


class Exchanges(Protocol):
    """A way to one server, for any number of threads."""

    def exchange(self, request: Request) -> Answer:
        """The answer to the request. Raises: Lost; Invalid ANSWER_UNREADABLE."""

    def close(self) -> None:
        """Nobody asks any more."""


class Connections:
    """The open connections to one server."""

    def __init__(self, url: str, *, timeout_seconds: float) -> None:
        self._place = place_of(url)
        self._timeout_seconds = timeout_seconds
        self._trust = ssl.create_default_context() if self._place.is_secure else None
        self._idle: deque[http.client.HTTPConnection] = deque()

    def exchange(self, request: Request) -> Answer:
        """The answer to the request.

        A kept connection that the server has closed meanwhile is replaced once: then the request is
        sent twice. Raises: Lost; Invalid ANSWER_UNREADABLE.
        """
        try:
            connection = self._idle.pop()
        except IndexError:
            return self._fresh(request)
        try:
            return self._on(connection, request)
        except STALE:
            self.close()
            return self._fresh(request)
        except LOSSES as error:
            raise Lost(error, sent=True) from error

    def close(self) -> None:
        """Close what is open and not in use."""
        while self._idle:
            self._idle.pop().close()

    def _fresh(self, request: Request) -> Answer:
        connection = self._connection()
        try:
            connection.connect()
        except LOSSES as error:
            connection.close()
            raise Lost(error, sent=False) from error
        try:
            return self._on(connection, request)
        except LOSSES as error:
            raise Lost(error, sent=True) from error

    def _connection(self) -> http.client.HTTPConnection:
        place, seconds = self._place, self._timeout_seconds
        if self._trust is not None:
            return http.client.HTTPSConnection(
                place.host, place.port, timeout=seconds, context=self._trust
            )
        return http.client.HTTPConnection(place.host, place.port, timeout=seconds)

    def _on(self, connection: http.client.HTTPConnection, request: Request) -> Answer:
        """The answer on this connection, which is kept unless something went wrong."""
        try:
            target = self._place.path + request.target
            connection.request(request.method, target, request.body, dict(request.headers))
            response = connection.getresponse()
            body = response.read(ANSWER_BYTES_MAX + 1)
        except BaseException:
            connection.close()
            raise
        headers = {name.lower(): value for name, value in response.getheaders()}
        if len(body) > ANSWER_BYTES_MAX:
            connection.close()
            raise unreadable("it is larger than 512 MiB")
        if response.will_close or len(self._idle) >= IDLE_MAX:
            connection.close()
        else:
            self._idle.append(connection)
        return Answer(response.status, headers, body)


def place_of(url: str) -> Place:
    """Where the server of this URL is.

    Raises: Invalid SERVER_URL_INVALID.

    >>> place_of("https://arco.example/data/")
    Place(is_secure=True, host='arco.example', port=443, path='/data')
    """
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError as error:
        raise _not_a_url(url) from error
    known = parts.scheme in ("http", "https") and parts.hostname
    if not known or parts.query or parts.fragment or parts.username or not url.isascii():
        raise _not_a_url(url)
    is_secure = parts.scheme == "https"
    usual = 443 if is_secure else 80
    return Place(is_secure, parts.hostname or "", port or usual, parts.path.rstrip("/"))


def unreadable(why: str) -> Invalid:
    """The error for an answer that no server of ours gives."""
    return Invalid(
        "ANSWER_UNREADABLE",
        f"the answer is not one of this API: {why}",
        hint="look whether the URL is that of an Arco server, and of a release that fits",
    )


def _not_a_url(url: str) -> Invalid:
    # A password in a URL must not end up in somebody's log.
    shown = url.rpartition("@")[2]
    return Invalid(
        "SERVER_URL_INVALID",
        f"{shown[:200]!r} is no URL of a server",
        hint="write it like http://127.0.0.1:8321 or https://arco.example; keys go elsewhere",
    )


__all__ = [
    "Answer",
    "Connections",
    "Exchanges",
    "Lost",
    "Place",
    "Request",
    "place_of",
    "unreadable",
]
