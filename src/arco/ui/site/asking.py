"""Asks the pages of an application that serves nobody, as of one slot.

Law: every page is told from one state, that of the slot. Must not know what becomes of a page.
"""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import unquote

import msgspec
from litestar import Litestar
from litestar.di import Provide
from litestar.types import HTTPScope, Message, Receive, Send

from arco.access.callers import Caller
from arco.api.callers import CALLER, provide_caller
from arco.api.failures import REQUEST_ID
from arco.api.session import Session
from arco.api.strictness import StrictRequest
from arco.api.terms import Terms
from arco.errors import Unavailable
from arco.ui.routes import PAGES

OK, NOT_FOUND = 200, 404
TEXT = frozenset({OK, NOT_FOUND})
DOCUMENT = b"<!doctype html>"


class Answers:
    """The pages as they stand at one slot."""

    def __init__(self, session: Session, caller: Caller, *, slot: int) -> None:
        at_slot = msgspec.structs.replace(session, terms=Terms(at=str(slot)))
        self._caller = caller

        async def provide_session() -> Session:
            return at_slot

        self._app = Litestar(
            list(PAGES.routes),
            dependencies={
                "session": Provide(provide_session),
                CALLER: Provide(provide_caller, sync_to_thread=False),
            },
            request_class=StrictRequest,
            openapi_config=None,
            logging_config=None,
        )

    async def page(self, address: str) -> str:
        """The page; one that says that there is no such thing, where that is so.

        Raises: Unavailable PAGE_NOT_TOLD.
        """
        sent: list[Message] = []

        async def send(message: Message) -> None:
            sent.append(message)

        await self._app(self._scope(address), cast(Receive, _nothing), cast(Send, send))
        status = next(each["status"] for each in sent if each["type"] == "http.response.start")
        body = b"".join(each["body"] for each in sent if each["type"] == "http.response.body")
        if status not in TEXT or not body.startswith(DOCUMENT):
            raise Unavailable(
                "PAGE_NOT_TOLD",
                f"the page {address} could not be made: status {status}",
                hint="`arco serve` shows what is wrong with it",
            )
        return body.decode()

    def _scope(self, address: str) -> HTTPScope:
        path, _, query = address.partition("?")
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": unquote(path),
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": query.encode(),
            "headers": [(b"host", b"localhost"), (b"accept", b"text/html")],
            "client": None,
            "server": ("localhost", 80),
            "extensions": {},
            "state": {CALLER: self._caller, REQUEST_ID: ""},
        }
        return cast(HTTPScope, scope)


async def _nothing() -> Message:
    return cast(Message, {"type": "http.request", "body": b"", "more_body": False})


__all__ = ["Answers"]
