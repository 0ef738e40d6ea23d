"""How a page is answered: the model as JSON, or as HTML in its frame; errors as pages, too.

Law: HTML and JSON of one address come from one model, read from one state. Must not know any page.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeAlias, TypeVar

import msgspec
from litestar import Request, Response, get
from litestar.enums import MediaType
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler

from arco.access.callers import Caller
from arco.api.callers import BY_COOKIE
from arco.api.failures import failed
from arco.api.session import Seen, Session, state_headers
from arco.errors import ArcoError
from arco.ui.addresses import json_address, wants_json
from arco.ui.frame import POLICY, Around, document
from arco.ui.markup import Child, tag
from arco.ui.parts import facts, note
from arco.wire.failures import FailureAnswer

T = TypeVar("T")
Asked: TypeAlias = Request[Any, Any, Any]
HEADERS = {"Content-Security-Policy": POLICY}
HTML = "text/html; charset=utf-8"
PRESSED_MIN = 4_096
PRESSED_LEVEL = 3
TITLES = {
    400: "That cannot be asked",
    401: "Please sign in",
    403: "No access",
    404: "Not found",
    409: "Not now",
    429: "Too many requests",
    503: "No answer now",
}


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """A page beside its model: what is above, below and around what it shows."""

    title: str
    section: str = ""
    sql: str = ""
    """The query over `system.*` that shows the same."""
    live: str = ""
    """The tables whose changes renew the page, by commas."""
    script: str = ""
    words: str = ""
    policy: str = POLICY
    """What the page may do."""


class Visit(msgspec.Struct, frozen=True):
    """Who asks for which page of what."""

    session: Session
    caller: Caller
    request: Asked

    def shown(self, seen: Seen[T], page: Page, *, body: Callable[[T], Child]) -> Response[Any]:
        """The answer: the model, or the page that `body` makes of it."""
        headers = state_headers(seen.token)
        if wants_json(self.request.url.path):
            return self._sent(msgspec.json.encode(seen.value), MediaType.JSON, headers=headers)
        around = Around(
            section=page.section,
            who="" if self.caller.is_local else self.caller.principal,
            signed_in=self.request.scope["state"].get(BY_COOKIE, False),
            slot=seen.slot,
            version=self.session.version,
            json=json_address(self.request.url.path, self.request.url.query),
            sql=page.sql,
            live=page.live,
            words=page.words,
        )
        text = document(page.title, body(seen.value), around=around, script=page.script)
        headers["Content-Security-Policy"] = page.policy
        return self._sent(text.encode(), HTML, headers=headers)

    def _sent(
        self, content: bytes, media_type: str, *, headers: Mapping[str, str]
    ) -> Response[bytes]:
        """What is large goes pressed to who takes that: a page repeats itself."""
        if len(content) > PRESSED_MIN and _takes_gzip(self.request):
            content = gzip.compress(content, PRESSED_LEVEL, mtime=0)
            headers = {**headers, "Content-Encoding": "gzip"}
        told = {**headers, "Vary": "Accept-Encoding"}
        return Response(content, media_type=media_type, headers=told)


def page_at(
    path: str, opt: Mapping[str, Any] | None = None
) -> Callable[[Callable[..., Any]], HTTPRouteHandler]:
    """A decorator: the function answers at the path, and at the same address as JSON."""
    ends_in_name = path.endswith("}")
    paths = [path] if ends_in_name else [path, json_address(path, "")]
    return partial(_handler, paths, opt=dict(opt or {}))


def _handler(
    paths: list[str], function: Callable[..., Any], *, opt: dict[str, Any]
) -> HTTPRouteHandler:
    decorator = get(
        paths,
        include_in_schema=False,
        opt=opt,
        exception_handlers=dict.fromkeys((Exception, HTTPException, ArcoError), failed_page),
    )
    handler: HTTPRouteHandler = decorator(function)
    return handler


def _takes_gzip(request: Asked) -> bool:
    """True for who says so without a reservation."""
    named = (each.strip() for each in request.headers.get("accept-encoding", "").split(","))
    return "gzip" in named


def failed_page(request: Asked, error: Exception) -> Response[Any]:
    """Whatever went wrong, as a page for people and as JSON for programs."""
    told = failed(request, error)
    if wants_json(request.url.path) or not wants_html(request):
        return told
    text = document(
        TITLES.get(told.status_code or 500, "Something went wrong"),
        failure_told(told.content),
        around=Around(),
    )
    headers = {**told.headers, **HEADERS}
    return Response(text, media_type=HTML, status_code=told.status_code, headers=headers)


def failure_told(answer: FailureAnswer) -> Child:
    """What happened, and a way on."""
    error = answer.error
    return (
        note(error.message, tone="bad"),
        tag("p", error.hint),
        facts({"Code": tag("code", error.code), "Request": tag("code", error.request_id)}),
        tag("p", tag("a", "Back to the first page", href="/", class_="button")),
    )


def wants_html(request: Asked) -> bool:
    """True for a browser that goes to a page."""
    return "text/html" in request.headers.get("accept", "")


__all__ = [
    "HEADERS",
    "HTML",
    "Asked",
    "Page",
    "Visit",
    "failed_page",
    "failure_told",
    "page_at",
    "wants_html",
]
