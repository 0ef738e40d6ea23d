"""The HTTP application of one session: routes behind the door, every failure in one shape."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from litestar import Litestar, Request, Response
from litestar.datastructures import Headers
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.types import HTTPScope

from arco.api.callers import CALLER, provide_caller
from arco.api.failures import BODY_BYTES_MAX, failed
from arco.api.guard import Guard, Names
from arco.api.openapi import show_openapi
from arco.api.probes import Probes, Readiness
from arco.api.reception import Reception
from arco.api.routes import api_routes
from arco.api.session import Session
from arco.api.strictness import StrictRequest, refuse_unknown_parameters
from arco.api.terms import terms_of
from arco.errors import ArcoError
from arco.execution.callbacks import Callbacks
from arco.execution.leading import CollectorOnDemand
from arco.service.settings import configured_names
from arco.service.ticking import Ticker


class Pages(msgspec.Struct, frozen=True):
    """What people look at: routes of their own, and how a failure looks to them."""

    routes: Sequence[HTTPRouteHandler] = ()
    failed: Callable[[Request[Any, Any, Any], Exception], Response[Any]] = failed
    is_open: Callable[[str, str], bool] = lambda method, path: False
    """True for a method and a path that strangers may ask: how to sign in, and nothing else."""
    way_in: Callable[[HTTPScope, Headers], str] = lambda scope, headers: ""
    """Where somebody nobody knows is sent to sign in; empty: nowhere, it is told a refusal."""


NO_PAGES = Pages()


def create_app(
    session: Session, readiness: Readiness | None = None, *, pages: Pages = NO_PAGES
) -> Litestar:
    """The application, ready to be served; `readiness` is what its probe tells."""

    workspace = session.workspace
    callbacks = session.callbacks or Callbacks(workspace)
    reception = Reception(workspace, callbacks, is_open=pages.is_open)
    ticker = Ticker(workspace, CollectorOnDemand(workspace), session.performers)
    equipped = msgspec.structs.replace(
        session,
        signatures=reception.signatures,
        ticker=ticker,
        callbacks=callbacks,
        identity=reception.identity,
    )

    async def provide_session(request: Request[Any, Any, Any]) -> Session:
        return msgspec.structs.replace(equipped, terms=await terms_of(request))

    app = Litestar(
        [api_routes(), show_openapi, *pages.routes],
        dependencies={
            "session": Provide(provide_session),
            CALLER: Provide(provide_caller, sync_to_thread=False),
        },
        exception_handlers=dict.fromkeys((Exception, HTTPException, ArcoError), pages.failed),
        after_exception=[reception.refused],
        before_request=refuse_unknown_parameters,
        request_class=StrictRequest,
        request_max_body_size=BODY_BYTES_MAX,
        openapi_config=None,
        logging_config=None,
    )
    app.state.is_strict = reception.is_strict
    # Middleware of the framework runs only for routes that exist; the door stands before them.
    guard = _guard(app, session, reception=reception, pages=pages)
    app.asgi_handler = Probes(guard, readiness or Readiness(session.workspace.database))
    return app


def _guard(app: Litestar, session: Session, *, reception: Reception, pages: Pages) -> Guard:
    settings = session.workspace.settings
    return Guard(
        app.asgi_handler,
        session.workspace.runtime,
        reception=reception,
        way_in=pages.way_in,
        names=Names((*session.hosts, *configured_names(settings)), public_url=settings.public_url),
    )


__all__ = ["Pages", "create_app"]
