"""Requests to one server, over connections that are kept: one request out, one answer or none.

Law: bounded in time and bytes; no redirect is followed and nothing but the one origin is asked. All
that is asked here may be asked twice. Must not know what is said.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit

import msgspec

from arco.errors import Invalid

LINE_BYTES_MAX = 16 * 1024
HEADERS_MAX = 100
ANSWER_BYTES_MAX = 4 * 1024 * 1024
IDLE_MAX = 8
USUAL_PORTS = {"http": 80, "https": 443}


class Answer(msgspec.Struct, frozen=True):
    """What came back."""

    status: int
    body: bytes


class Unanswered(Exception):
    """No answer came, or none that is HTTP; the server may have acted all the same."""


class Origin(msgspec.Struct, frozen=True):
    """Where a server is."""

    scheme: str
    host: str
    port: int
    path: str
    """What stands before every path, where a proxy puts something there."""

    @property
    def netloc(self) -> str:
        """What the `Host` header says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if USUAL_PORTS[self.scheme] == self.port else f"{host}:{self.port}"


Pair = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Calls:
    """The connections to one server."""

    def __init__(self, url: str, *, seconds_max: float) -> None:
        self.origin = origin_of(url)
        self._seconds_max = seconds_max
        self._trust = ssl.create_default_context() if self.origin.scheme == "https" else None
        self._idle: list[Pair] = []

    async def ask(
        self, method: str, path: str, *, headers: Mapping[str, str], body: bytes = b""
    ) -> Answer:
        """The answer to the request, which is sent twice if a kept connection was closed.

        Raises: Unanswered.
        """
        request = self._request(method, path, headers=headers, body=body)
        try:
            async with asyncio.timeout(self._seconds_max):
                kept = await self._on_kept(request)
                return kept or await self._exchange(await self._connected(), request)
        except TimeoutError as error:
            raise Unanswered(f"no answer within {self._seconds_max:g} seconds") from error
        except (OSError, EOFError, ValueError) as error:
            raise Unanswered(str(error) or type(error).__name__) from error

    def close(self) -> None:
        """Close what is open and not in use."""
        while self._idle:
            self._idle.pop()[1].close()

    async def _on_kept(self, request: bytes) -> Answer | None:
        """The answer on a connection that was kept; None when there is none any more."""
        if not self._idle:
            return None
        try:
            return await self._exchange(self._idle.pop(), request)
        except (OSError, EOFError, ValueError):
            return None

    async def _connected(self) -> Pair:
        return await asyncio.open_connection(
            self.origin.host, self.origin.port, ssl=self._trust, limit=LINE_BYTES_MAX
        )

    def _request(self, method: str, path: str, *, headers: Mapping[str, str], body: bytes) -> bytes:
        told = {
            "Host": self.origin.netloc,
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            **headers,
        }
        lines = [f"{method} {self.origin.path}{path} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in told.items()]
        return "\r\n".join([*lines, "", ""]).encode("ascii") + body

    async def _exchange(self, pair: Pair, request: bytes) -> Answer:
        reader, writer = pair
        try:
            writer.write(request)
            await writer.drain()
            status, headers = await _head(reader)
            body = await _body(reader, headers)
        except BaseException:
            writer.close()
            raise
        is_over = headers.get("connection", "").lower() == "close" or reader.at_eof()
        if is_over or len(self._idle) >= IDLE_MAX:
            writer.close()
        else:
            self._idle.append(pair)
        return Answer(status, body)


def origin_of(url: str) -> Origin:
    """Where the server of this URL is.

    Raises: Invalid WORKER_URL_INVALID.

    >>> origin_of("https://workers.example/pool/").path
    '/pool'
    """
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError as error:
        raise _no_origin(url) from error
    known = parts.scheme in USUAL_PORTS and parts.hostname and url.isascii()
    plain = url.isprintable() and " " not in url.strip()
    if not known or not plain or parts.query or parts.fragment or parts.username:
        raise _no_origin(url)
    assert parts.hostname
    usual = USUAL_PORTS[parts.scheme]
    return Origin(parts.scheme, parts.hostname, port or usual, parts.path.rstrip("/"))


async def _head(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    version, _, rest = (await _line(reader)).partition(" ")
    status = rest.partition(" ")[0]
    if not version.startswith("HTTP/1.") or not status.isdigit():
        raise ValueError("the answer is no HTTP")
    headers: dict[str, str] = {}
    for _ in range(HEADERS_MAX):
        line = await _line(reader)
        if not line:
            return int(status), headers
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    raise ValueError("the answer has too many headers")


async def _body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> bytes:
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return await _chunks(reader)
    if "content-length" not in headers:
        return await _rest(reader)
    length = int(headers["content-length"])
    if not 0 <= length <= ANSWER_BYTES_MAX:
        raise ValueError("the answer is too long")
    return await reader.readexactly(length)


async def _rest(reader: asyncio.StreamReader) -> bytes:
    """All until the server hangs up, as HTTP/1.0 has it."""
    body = b""
    while data := await reader.read(LINE_BYTES_MAX):
        body += data
        if len(body) > ANSWER_BYTES_MAX:
            raise ValueError("the answer is too long")
    return body


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int((await _line(reader)).partition(";")[0], 16):
        if size < 0 or len(body) + size > ANSWER_BYTES_MAX:
            raise ValueError("the answer is too long")
        body += await reader.readexactly(size)
        await _line(reader)
    while await _line(reader):
        pass
    return body


async def _line(reader: asyncio.StreamReader) -> str:
    try:
        return (await reader.readuntil(b"\n")).decode("latin-1").strip("\r\n")
    except asyncio.LimitOverrunError as error:
        raise ValueError("the answer has a line that is too long") from error


def _no_origin(url: str) -> Invalid:
    shown = url.rpartition("@")[2]
    return Invalid(
        "WORKER_URL_INVALID",
        f"{shown[:200]!r} is no URL of a server",
        hint="write it like https://workers.example or http://127.0.0.1:8322",
    )


__all__ = ["Answer", "Calls", "Origin", "Unanswered", "origin_of"]
