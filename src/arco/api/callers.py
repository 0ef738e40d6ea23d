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
CallerHere: TypeAlias = NamedDependency[Caller]


def provide_caller(request: Request[Any, Any, Any]) -> Caller:
    """The caller whom the door let in."""
    return cast(Caller, request.scope["state"][CALLER])


__all__ = ["CALLER", "CallerHere", "provide_caller"]
