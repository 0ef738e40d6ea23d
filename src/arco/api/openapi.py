"""The API described by its own types: OpenAPI 3.1, the same bytes wherever it is made.

`python -m arco.api.openapi` prints it; the copy in the documentation is that output.
"""

from __future__ import annotations

import sys
from functools import lru_cache
from typing import Any

import msgspec
from litestar import Litestar, Response, get
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Tag

from arco.api.callers import CALLER
from arco.api.examples import with_examples
from arco.api.headers import with_headers
from arco.api.promises import with_promises
from arco.api.routes import api_routes
from arco.api.schemas import DocumentedStructs, with_plain_items
from arco.api.strictness import travels

MEDIA_TYPE = "application/vnd.oai.openapi+json"
DESCRIPTION = """\
A data catalog and an orchestrator on one log of immutable files.

Every answer names the slot of the log that it was read at (`Arco-Slot`), every change the slot that
holds it. `Arco-State` is the same as a token: sent back, to whichever replica, it promises to see
at least that state. Every failure has one shape: `{"error": {"code", "message", "details",
"request_id", "hint"}}`, and 429 and 503 say in `Retry-After` when to ask again. Every change takes
an `Idempotency-Key`: asked again with it, it is answered again and not done again (facts carry keys
of their own instead). Lists are read page by page: send `next_cursor` as `cursor` until none comes.
Every read of the workspace takes `at`, a moment of the past, from callers who may know of all of
it. Send `X-Request-Id` to find a request again, or `traceparent` to follow it. Bodies are JSON, at
most 16 MiB; unknown fields, repeated names and unknown parameters are refused.
"""
TAGS = [
    Tag(name="server", description="This process."),
    Tag(name="catalog", description="Catalogs, namespaces, tables, views, volumes, functions."),
    Tag(name="orchestration", description="Assets, runs, tasks and what they print."),
    Tag(name="lineage", description="What was made from what."),
    Tag(name="access", description="Principals, privileges, keys, and why a decision is as it is."),
    Tag(name="time travel", description="What happened, what differs, and bringing it back."),
    Tag(name="facts", description="What other systems observed, and what of it cannot be folded."),
    Tag(name="query", description="SQL over published tables and `system.*`."),
]
CONFIG = OpenAPIConfig(
    title="Arco",
    version="1",
    description=DESCRIPTION,
    tags=TAGS,
    use_handler_docstrings=True,
    operation_id_creator=lambda handler, method, path: handler.handler_name,
)


@lru_cache(maxsize=1)
def openapi_document() -> bytes:
    """The OpenAPI document as indented JSON."""
    described = Litestar(
        [api_routes()],
        openapi_config=CONFIG,
        dependencies={
            "session": Provide(_nobody, sync_to_thread=False),
            CALLER: Provide(_no_caller, sync_to_thread=False),
        },
        plugins=[DocumentedStructs()],
        logging_config=None,
    )
    handlers = {
        handler.operation_id or handler.handler_name: handler
        for route in described.routes
        for handler in getattr(route, "route_handlers", ())
    }
    travelling = {name for name, handler in handlers.items() if travels(handler)}
    options = {name: handler.opt for name, handler in handlers.items()}
    schema = with_plain_items(described.openapi_schema.to_schema())
    schema = with_headers(with_promises(schema, options), options, travelling=travelling)
    schema = with_examples(schema)
    return msgspec.json.format(msgspec.json.encode(schema), indent=2) + b"\n"


@get("/openapi.json", include_in_schema=False)
async def show_openapi() -> Response[bytes]:
    """The OpenAPI document."""
    return Response(openapi_document(), media_type=MEDIA_TYPE)


def _no_caller() -> Any:
    """Who asks an app that is never asked."""
    return None


def _nobody() -> Any:
    """The session of an app that is described and never asked."""
    return None


__all__ = ["openapi_document", "show_openapi"]

if __name__ == "__main__":
    sys.stdout.buffer.write(openapi_document())
