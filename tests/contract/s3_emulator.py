"""moto's S3, stricter than it is: `python -m tests.contract.s3_emulator PORT`.

moto looks whether a name is free and takes it in two steps, so two of its threads can both win a
race that S3 decides in one. The lock gives it the promise that is under test here: ours to the
caller, not moto's to us. It accepts any signature, too, and releases answers to no page; what
stands in front of it looks at signatures and at the bucket's rules for pages.
"""

from __future__ import annotations

import io
import re
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends
from moto.server import create_backend_app
from werkzeug.serving import WSGIRequestHandler, run_simple

from tests.contract.s3_signatures import NotLetIn, let_in

ACCOUNTS = {"reader": "only-for-tests"}
TURN = threading.Lock()
EMULATOR = create_backend_app("s3")
SETTING_UP = re.compile(r"/[a-z0-9-]+(\?cors)?\Z")
"""Making a bucket and its rules for browsers: what a test does without an account."""
WITHOUT_BODY = (204, 304)
COPYING = "COPY"
"""Not a method of S3: `COPY /bucket?from=prefix&to=prefix`, for tests with much to prepare."""


def one_at_a_time(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """The answer of the emulator, alone while it makes it, to a request that S3 would let in."""
    if environ["REQUEST_METHOD"] == COPYING:
        return copied(environ, start)
    sets_up = environ["REQUEST_METHOD"] == "PUT" and SETTING_UP.match(environ["REQUEST_URI"])
    if not sets_up and environ["REQUEST_METHOD"] != "OPTIONS":
        try:
            let_in(environ, ACCOUNTS, now=datetime.now(UTC))
        except NotLetIn as refusal:
            return refused(environ, start, code=str(refusal))
    with TURN:
        released = released_to_pages(environ)

        def begin(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            return start(status, [*headers, *released], *rest)

        return list(EMULATOR(environ, begin))


def copied(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """Every object below one prefix stands below the other, too."""
    asked, bucket = dict(parse_qsl(environ["QUERY_STRING"])), environ["PATH_INFO"].strip("/")
    with TURN:
        backend = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
        keys = dict(backend.get_bucket(bucket).keys)
        for name in (name for name in keys if name.startswith(asked["from"])):
            key = backend.get_object(bucket, name)
            assert key is not None
            beside = asked["to"] + name.removeprefix(asked["from"])
            backend.copy_object(key, bucket, beside)
    start("200 OK", [])
    return [b""]


def released_to_pages(environ: dict[str, Any]) -> list[tuple[str, str]]:
    """The headers that tell a browser what its page may see: those of a preflight."""
    if "HTTP_ORIGIN" not in environ or environ["REQUEST_METHOD"] == "OPTIONS":
        return []
    told: list[tuple[str, str]] = []
    asked = {**environ, "REQUEST_METHOD": "OPTIONS", "CONTENT_LENGTH": "0"}
    asked["wsgi.input"] = io.BytesIO()
    list(EMULATOR(asked, lambda status, headers, *rest: told.extend(headers)))
    return [(name, value) for name, value in told if name.lower().startswith("access-control-")]


def refused(environ: dict[str, Any], start: Callable[..., Any], *, code: str) -> Iterable[bytes]:
    """S3's answer to a stranger."""
    body = b"" if environ["REQUEST_METHOD"] == "HEAD" else f"<Error><Code>{code}</Code></Error>"
    start("403 Forbidden", [("Content-Type", "application/xml")])
    return [body if isinstance(body, bytes) else body.encode()]


class Handler(WSGIRequestHandler):
    """One connection, which carries many requests; the server it comes with ends it after each."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def run_wsgi(self) -> None:
        """Read one request whole, and answer it."""
        environ = self.make_environ()
        size = int(environ.get("CONTENT_LENGTH") or 0)
        environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(size))
        begun: list[tuple[str, list[tuple[str, str]]]] = []
        parts = self.server.app(environ, lambda *start: begun.append(start[:2]))
        self._send(begun[0], b"".join(parts))

    def _send(self, begun: tuple[str, list[tuple[str, str]]], body: bytes) -> None:
        code, _, reason = begun[0].partition(" ")
        self.send_response(int(code), reason)
        for name, value in begun[1]:
            self.send_header(name, value)
        if int(code) not in WITHOUT_BODY and "content-length" not in dict(lowered(begun[1])):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nobody reads it."""


def lowered(headers: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """The headers, their names as they are compared."""
    return ((name.lower(), value) for name, value in headers)


if __name__ == "__main__":
    run_simple("127.0.0.1", int(sys.argv[1]), one_at_a_time, threaded=True, request_handler=Handler)

__all__ = ["Handler", "copied", "lowered", "one_at_a_time", "refused", "released_to_pages"]
