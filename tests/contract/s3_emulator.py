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
from collections.abc import Callable, Iterable
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
    # What was sent is read first: a client that still writes would see a broken connection.
    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    body = b"" if environ["REQUEST_METHOD"] == "HEAD" else f"<Error><Code>{code}</Code></Error>"
    start("403 Forbidden", [("Content-Type", "application/xml")])
    return [body if isinstance(body, bytes) else body.encode()]


class Handler(WSGIRequestHandler):
    """One connection, which carries many requests."""

    protocol_version = "HTTP/1.1"


if __name__ == "__main__":
    run_simple("127.0.0.1", int(sys.argv[1]), one_at_a_time, threaded=True, request_handler=Handler)

__all__ = ["copied", "one_at_a_time", "refused", "released_to_pages"]
