"""Who asks: from the credentials of a request to a caller, or a refusal that tells nothing.

Law L9: tenant and workspace are what the credential proves, and they must be ours. Must not know
HTTP.
"""

from __future__ import annotations

import importlib
from typing import Any

from arco.access.callers import Caller, local_owner
from arco.access.keys import caller_by_key, parsed_key, recognised
from arco.access.tables import PRINCIPALS, ApiKey
from arco.errors import Unauthenticated
from arco.service.issuers import read_issuers
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
        self._tokens: Any = None
        if settings.issuers:
            # The library for signatures loads only where somebody is trusted to sign.
            tokens = importlib.import_module(TOKENS)
            self._refused = tokens.Refused
            self._tokens = tokens.Tokens(
                read_issuers(settings.directory / settings.issuers),
                workspace.runtime,
                scope=settings.scope,
                directory=settings.directory,
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
        scheme, _, credential = authorization.partition(" ")
        if scheme.lower() != "bearer" or len(credential) > CREDENTIAL_CHARACTERS_MAX:
            raise credentials_invalid("it is no bearer credential")
        key = parsed_key(credential)
        if key is not None:
            return await self._by_key(*key)
        return await self._by_token(credential)

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
        try:
            caller: Caller = await self._tokens.caller(token)
        except self._refused as refused:
            raise credentials_invalid(f"token: {refused}") from Unrecognised(f"token: {refused}")
        row = await self._database.asked(lambda state: state.get(PRINCIPALS, caller.principal))
        if row is not None and row.disabled:
            raise credentials_invalid(f"{caller.principal} is disabled")
        return caller


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
