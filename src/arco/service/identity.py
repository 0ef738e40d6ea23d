"""Who asks: from the credentials of a request to a caller, or a refusal that tells nothing.

Law L9: tenant and workspace are what the credential proves, and they must be ours. Must not know
HTTP.
"""

from __future__ import annotations

import importlib
from functools import partial
from typing import Any

import msgspec

from arco.access.callers import Caller, Method, local_owner
from arco.access.keys import caller_by_key, parsed_key, recognised
from arco.access.tables import PRINCIPALS, ApiKey
from arco.errors import Unauthenticated
from arco.service.issuers import Trust, read_trust
from arco.service.settings import Settings
from arco.service.workspace import Workspace

TOKENS = "arco.service.tokens"
CREDENTIAL_CHARACTERS_MAX = 16 * 1024


class Unrecognised(Exception):
    """The cause of a refusal: why. It is told to the audit, not to the sender."""


class Identity:
    """Tells callers of one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        settings = workspace.settings
        self._scope = settings.scope
        self._runtime = workspace.runtime
        self._database = workspace.database
        self.is_required = settings.authentication == "required"
        self._library: Any = None
        self._tokens: Any = None
        self._timers: Any = None
        self._timer_names: frozenset[tuple[str, str]] = frozenset()
        if settings.issuers:
            self._trust(read_trust(settings.directory / settings.issuers, settings.scope), settings)

    def _trust(self, trust: Trust, settings: Settings) -> None:
        # The library for signatures loads only where somebody is trusted to sign.
        self._library = importlib.import_module(TOKENS)
        reader = partial(
            self._library.Tokens,
            runtime=self._runtime,
            scope=self._scope,
            directory=settings.directory,
        )
        self._tokens = reader(trust.issuer)
        self._timers = reader([timer.issuer(self._scope) for timer in trust.timer])
        self._timer_names = frozenset(
            (timer.url, f"service:{name}") for timer in trust.timer for name in timer.subjects
        )

    async def caller(self, authorization: str) -> Caller:
        """Whoever sent this `Authorization`; empty: nothing was sent.

        Raises: Unauthenticated CREDENTIALS_MISSING, CREDENTIALS_INVALID; Unavailable
        ISSUER_UNREACHABLE. Cost: nothing for a known key; 1 GET for one that is not known yet.
        """
        if not authorization:
            if self.is_required:
                raise credentials_missing()
            return local_owner(self._scope.tenant, self._scope.workspace)
        credential = _bearer(authorization)
        key = parsed_key(credential)
        if key is not None:
            return await self._by_key(*key)
        return await self._by_token(credential)

    async def timer(self, authorization: str) -> Caller:
        """The timer that sent this `Authorization`: nobody else may let time pass, whoever else is
        let in here without a name.

        Raises: Unauthenticated CREDENTIALS_MISSING, CREDENTIALS_INVALID; Unavailable
        ISSUER_UNREACHABLE.
        """
        if not authorization:
            raise credentials_missing()
        token = _bearer(authorization)
        if not self._timer_names:
            raise credentials_invalid("no timer is trusted here")
        caller = await self._read(self._timers, token)
        _, claims = self._library.unverified(token)
        if (claims["iss"], caller.principal) not in self._timer_names:
            raise credentials_invalid(f"{caller.principal} is no timer of this workspace")
        return msgspec.structs.replace(caller, method=Method.TIMER, groups=(), scopes=frozenset())

    async def _by_key(self, key_id: str, secret: str) -> Caller:
        row = await self._recognised(key_id, secret)
        if row is None:
            # It may have been created by another process a moment ago.
            await self._database.refresh()
            row = await self._recognised(key_id, secret)
        if row is None:
            raise credentials_invalid(f"key {key_id} is unknown or wrong, or opens nothing now")
        return caller_by_key(row, tenant=self._scope.tenant, workspace=self._scope.workspace)

    async def _recognised(self, key_id: str, secret: str) -> ApiKey | None:
        now = self._runtime.now()
        return await self._database.asked(
            lambda state: recognised(state, now, key_id=key_id, secret=secret)
        )

    async def _by_token(self, token: str) -> Caller:
        if self._tokens is None:
            raise credentials_invalid("no issuer of tokens is trusted here")
        return await self._read(self._tokens, token)

    async def _read(self, tokens: Any, token: str) -> Caller:
        """Whom the token names, if it is not shut out here."""
        try:
            caller: Caller = await tokens.caller(token)
        except self._library.Refused as refused:
            raise credentials_invalid(f"token: {refused}") from Unrecognised(f"token: {refused}")
        row = await self._database.asked(lambda state: state.get(PRINCIPALS, caller.principal))
        if row is not None and row.disabled:
            raise credentials_invalid(f"{caller.principal} is disabled")
        return caller


def _bearer(authorization: str) -> str:
    """The credential itself.

    Raises: Unauthenticated CREDENTIALS_INVALID.
    """
    scheme, _, credential = authorization.partition(" ")
    if scheme.lower() != "bearer" or len(credential) > CREDENTIAL_CHARACTERS_MAX:
        raise credentials_invalid("it is no bearer credential")
    return credential


def credentials_missing() -> Unauthenticated:
    """The error for a request that says nothing about who sends it."""
    return Unauthenticated(
        "CREDENTIALS_MISSING",
        "this server answers nobody it does not know",
        hint="send `Authorization: Bearer` with an API key (`arco key create`) or a token",
    )


def credentials_invalid(why: str) -> Unauthenticated:
    """The error for every credential that does not open the door: all of them look the same."""
    error = Unauthenticated(
        "CREDENTIALS_INVALID",
        "these credentials do not open this server",
        hint="they may be mistyped, expired, revoked or meant for another server; the audit says "
        "which, under this request id",
    )
    error.__cause__ = Unrecognised(why)
    return error


__all__ = ["Identity", "Unrecognised", "credentials_invalid", "credentials_missing"]
