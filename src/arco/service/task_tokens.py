"""Tokens of tasks: what lets a worker answer for one attempt, for a short while, and nothing else.

Law L9: a token names tenant, workspace, run, task and attempt, and whatever of it is altered opens
nothing. It is signed with what signs URLs, under a name of its own, and never stored. Must not know
who carries it.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Sequence

import msgspec

from arco.ids import dispatch_id
from arco.runtime import Runtime
from arco.store.keys import Scope

TOKEN_SECONDS = 900
RENEWAL_SECONDS = TOKEN_SECONDS // 2
"""One that ends sooner is replaced with the next answer."""
TOKEN_CHARACTERS_MAX = 8 * 1024
PURPOSE = b"arco-task-token\n"


class TaskClaims(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The attempt that a token is for."""

    tenant: str
    workspace: str
    run_id: str
    task_key: str
    attempt: int
    ends: int
    """Seconds since 1970; from then on the token is worth nothing."""

    @property
    def dispatch_id(self) -> str:
        """The attempt's own name."""
        return dispatch_id(self.run_id, self.task_key, self.attempt)


class NotBelieved(Exception):
    """Why a token opens nothing: for the audit, never for the sender."""


class TaskTokens:
    """Makes and recognises the tokens of one workspace: those of this process, if it has no secrets
    in common with others.
    """

    def __init__(self, runtime: Runtime, scope: Scope, *, secrets: Sequence[bytes] = ()) -> None:
        self._runtime = runtime
        self._scope = scope
        self._secrets = tuple(secrets) or (runtime.entropy(256).to_bytes(32, "big"),)

    def token(self, run_id: str, task_key: str, *, attempt: int) -> str:
        """A token for this attempt that is good from now on."""
        claims = TaskClaims(
            tenant=self._scope.tenant,
            workspace=self._scope.workspace,
            run_id=run_id,
            task_key=task_key,
            attempt=attempt,
            ends=int(self._runtime.now().timestamp()) + TOKEN_SECONDS,
        )
        text = base64.urlsafe_b64encode(msgspec.json.encode(claims)).decode().rstrip("=")
        return f"{text}.{_mac(self._secrets[0], text)}"

    def renewed(self, claims: TaskClaims) -> str:
        """A token for the same attempt; empty while the one at hand is good for long."""
        left_seconds = claims.ends - self._runtime.now().timestamp()
        if left_seconds > RENEWAL_SECONDS:
            return ""
        return self.token(claims.run_id, claims.task_key, attempt=claims.attempt)

    def claims(self, token: str) -> TaskClaims:
        """The attempt that the token is for.

        Raises: NotBelieved.
        """
        text, separator, mac = token.partition(".")
        if not separator or len(token) > TOKEN_CHARACTERS_MAX or not token.isascii():
            raise NotBelieved("it is no token of a task")
        # All are tried, so that time does not tell which one it was.
        matches = [hmac.compare_digest(_mac(each, text), mac) for each in self._secrets]
        if not any(matches):
            raise NotBelieved("it was altered, or is another server's")
        claims = _read(text)
        if (claims.tenant, claims.workspace) != (self._scope.tenant, self._scope.workspace):
            raise NotBelieved("it is for another tenant or workspace")
        if self._runtime.now().timestamp() >= claims.ends:
            raise NotBelieved("it has ended")
        return claims


def _read(text: str) -> TaskClaims:
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        return msgspec.json.decode(data, type=TaskClaims)
    except (binascii.Error, msgspec.MsgspecError) as error:
        raise NotBelieved("it cannot be read") from error


def _mac(secret: bytes, text: str) -> str:
    return hmac.digest(secret, PURPOSE + text.encode(), "sha256").hex()


__all__ = ["NotBelieved", "TaskClaims", "TaskTokens"]
