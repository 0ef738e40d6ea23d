"""Who asks, for routes: the door has found out before any route is looked up.

A route cannot forget to ask: without a caller at the door there is no route. Must not know how
callers are identified.
"""

from __future__ import annotations

from typing import Any, TypeAlias, cast

from litestar import Request
from litestar.di import NamedDependency

from arco.access.callers import Caller

CALLER = "caller"
BY_COOKIE = "by_cookie"
"""Where a request's state says whether a browser that signed in sent it."""
CallerHere: TypeAlias = NamedDependency[Caller]


def provide_caller(request: Request[Any, Any, Any]) -> Caller:
    """The caller whom the door let in."""
    return cast(Caller, request.scope["state"][CALLER])


__all__ = ["BY_COOKIE", "CALLER", "CallerHere", "provide_caller"]
