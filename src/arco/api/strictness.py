"""Requests without guesswork: a body has one meaning, and a parameter nobody reads is refused.

Two readers that resolve a repeated name differently are a hole between them. Must not know routes.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec
from litestar import Request
from litestar.handlers import HTTPRouteHandler
from litestar.typing import FieldDefinition

from arco.api.failures import DOCUMENTATION
from arco.api.terms import AT
from arco.errors import Invalid

MESSAGE_CHARACTERS_MAX = 200
PRESENT_ONLY = "present_only"
"""The option of a route that takes no `at`."""
# Parameters of route functions that the framework fills.
NOT_FROM_OUTSIDE = frozenset({"session", "caller", "request", "data"})


class StrictRequest(Request[Any, Any, Any]):
    """A request whose JSON names every field once."""

    async def json(self) -> Any:
        """The body as JSON values.

        Raises: Invalid BODY_INVALID.
        """
        body = await self.body()
        try:
            value = msgspec.json.decode(body)
            json.loads(body, object_pairs_hook=_named_once)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise Invalid(
                "BODY_INVALID",
                f"the body is not usable JSON: {str(error)[:MESSAGE_CHARACTERS_MAX]}",
                hint="send one JSON object with every name once",
            ) from error
        return value


async def refuse_unknown_parameters(request: Request[Any, Any, Any]) -> None:
    """Nothing, when the route reads every query parameter that was sent, and each came once.

    It awaits nothing: were it no coroutine, the framework would hand each request to a thread.
    Raises: Invalid PARAMETER_UNKNOWN, PARAMETER_REPEATED.
    """
    if not request.query_params:
        return
    handler = request.route_handler
    assert isinstance(handler, HTTPRouteHandler)
    given = request.path_params.keys() | NOT_FROM_OUTSIDE
    known = {_name(field) for field in handler.parsed_fn_signature.parameters.values()} - given
    if travels(handler):
        known.add(AT)
    for name in request.query_params:
        if name not in known:
            shown = name[:MESSAGE_CHARACTERS_MAX]
            message = f"this route has no query parameter {shown!r}"
            raise Invalid("PARAMETER_UNKNOWN", message, hint=DOCUMENTATION)
        if len(request.query_params.getall(name)) > 1:
            message = f"the query parameter {name!r} was given more than once"
            raise Invalid("PARAMETER_REPEATED", message, hint="give each parameter once")


def travels(handler: HTTPRouteHandler) -> bool:
    """Whether the route answers about the past, too: every read of the workspace does, unless it
    says that it speaks of this process or names its moments itself.
    """
    reads = "session" in handler.parsed_fn_signature.parameters and "GET" in handler.http_methods
    return reads and not handler.opt.get(PRESENT_ONLY, False)


def _name(field: FieldDefinition) -> str:
    """What the parameter is called in a URL."""
    return getattr(field.kwarg_definition, "name", None) or field.name


def _named_once(pairs: list[tuple[str, Any]]) -> None:
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("a name stands twice in one object")


__all__ = ["PRESENT_ONLY", "StrictRequest", "refuse_unknown_parameters", "travels"]
