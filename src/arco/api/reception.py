"""Behind the door: who asks is established, limited and, when refused, recorded.

Law: every request has a caller before a route is looked up, and a refusal is durable before it is
told. Must not know routes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from litestar.datastructures import Headers
from litestar.types import HTTPScope, Scope

from arco.access.callers import Caller, Method, stranger, task_performer, url_holder
from arco.api.callers import BY_COOKIE, CALLER
from arco.api.cookies import authorization_in
from arco.api.failures import REQUEST_ID
from arco.api.tasks import TASK
from arco.errors import Unauthenticated
from arco.execution.callbacks import Callbacks
from arco.service.audit import Asked, Audit
from arco.service.identity import Identity, credentials_invalid
from arco.service.limits import Limits
from arco.service.signatures import Signatures, is_signed, read_secrets
from arco.service.workspace import Workspace

TICK = ("POST", "/api/v1/tick")
"""What timers ask, and nobody else: another credential is none there."""
TASKS = "/api/v1/tasks/"
"""Where those answer who perform tasks, and nobody else."""
WEBHOOKS = "/api/v1/webhooks/"
"""Where senders outside sign what they say: no other credential counts there, nor is one asked."""


class Reception:
    """Receives the requests of one workspace."""

    def __init__(
        self, workspace: Workspace, callbacks: Callbacks, *, is_open: Callable[[str, str], bool]
    ) -> None:
        self.identity = Identity(workspace)
        self._is_open = is_open
        self._limits = Limits(workspace.settings, workspace.runtime)
        self._audit = Audit(workspace)
        self._callbacks = callbacks
        self._scope = workspace.settings.scope
        settings = workspace.settings
        self.signatures = Signatures(
            workspace.runtime, settings.scope, secrets=read_secrets(settings)
        )

    @property
    def is_strict(self) -> bool:
        """True when nobody is served who is not known."""
        return self.identity.is_required

    @asynccontextmanager
    async def received(self, scope: HTTPScope, headers: Headers) -> AsyncIterator[None]:
        """The caller stands in the scope, and its request counts as under way.

        Raises: Unauthenticated; TooManyRequests; Unavailable.
        """
        caller = await self._caller(scope, headers)
        scope["state"][CALLER] = caller
        # How often a task is answered for is bounded by the tasks that run.
        if caller.is_local or caller.method is Method.TASK:
            yield
            return
        # Who comes by a URL has no name: the address stands for it.
        name = caller.principal or _address(scope)
        self._limits.enter(name)
        try:
            yield
        finally:
            self._limits.leave(name)

    async def refused(self, error: Exception, scope: Scope) -> None:
        """A route refused what was asked, and that is recorded.

        Raises: TooManyRequests; Unavailable: then that is told instead.
        """
        caller = scope["state"].get(CALLER)
        if isinstance(error, Unauthenticated) and caller and caller.method is Method.STRANGER:
            self._limits.stranger(_address(scope))
        await self._audit.record(error, _asked(scope))

    async def _caller(self, scope: HTTPScope, headers: Headers) -> Caller:
        authorization = headers.get("authorization", "")
        try:
            if (scope["method"], scope["path"]) == TICK:
                return await self.identity.timer(authorization)
            if scope["path"].startswith(TASKS):
                scope["state"][TASK] = self._callbacks.claims(authorization)
                return task_performer(self._scope.tenant, self._scope.workspace)
            if scope["path"].startswith(WEBHOOKS):
                return stranger(self._scope.tenant, self._scope.workspace)
            if self.is_strict and self._is_open(scope["method"], scope["path"]):
                return stranger(self._scope.tenant, self._scope.workspace)
            if is_signed(scope["query_string"]) and not authorization:
                return self._by_url(scope)
            return await self._known(authorization, scope, headers=headers)
        except Unauthenticated as error:
            self._limits.stranger(_address(scope))
            await self._audit.record(error, _asked(scope))
            raise

    async def _known(self, authorization: str, scope: HTTPScope, *, headers: Headers) -> Caller:
        # Where nobody is asked for a name, a cookie that another server of this machine left in
        # the browser must not be held against it.
        cookie = authorization_in(headers) if self.is_strict and not authorization else ""
        caller = await self.identity.caller(authorization or cookie)
        scope["state"][BY_COOKIE] = bool(cookie)
        return caller

    def _by_url(self, scope: HTTPScope) -> Caller:
        method, path, query = scope["method"], scope["raw_path"], scope["query_string"]
        if not self.signatures.is_good(method, path, query=query):
            raise credentials_invalid("its URL was altered, has ended or is another process's")
        return url_holder(self._scope.tenant, self._scope.workspace)


def _asked(scope: Scope) -> Asked:
    state = scope["state"]
    return Asked(
        method=str(scope.get("method", "")),
        path=scope["path"],
        request_id=state.get(REQUEST_ID, ""),
        address=_address(scope),
        caller=state.get(CALLER),
    )


def _address(scope: Scope) -> str:
    client = scope["client"]
    return client[0] if client else ""


__all__ = ["Reception"]
