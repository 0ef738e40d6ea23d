"""What has to be known afterwards: who was refused, and who did what.

Law: a refusal is durable before it is told. What was allowed needs no record beside the commit: the
commit's events name who made them, and the log's chain of hashes is what nobody can bend unseen.
"""

from __future__ import annotations

import msgspec

from arco.access.callers import Caller
from arco.access.refusals import AccessRefused
from arco.errors import ArcoError
from arco.ids import new_ulid
from arco.service.authority import Denial
from arco.service.identity import Unrecognised
from arco.service.workspace import Workspace

CHARACTERS_MAX = 1_000


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The request that was refused."""

    method: str
    path: str
    request_id: str
    address: str
    caller: Caller | None = None


class Audit:
    """Records the refusals of one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self._runtime = workspace.runtime
        self._ingester = workspace.ingester

    async def record(self, error: Exception, asked: Asked) -> None:
        """The refusal is durable, if the error is one.

        Raises: TooManyRequests, Unavailable: then it must not be told either.
        """
        if isinstance(error, ArcoError) and isinstance(error.__cause__, Denial | Unrecognised):
            await self._ingester.record([self._refused(error, asked)])

    def _refused(self, error: ArcoError, asked: Asked) -> AccessRefused:
        cause = error.__cause__
        decision = cause.decision if isinstance(cause, Denial) else None
        return AccessRefused(
            refusal_id=new_ulid(self._runtime),
            refused_at=self._runtime.now(),
            principal=asked.caller.principal if asked.caller else "",
            code=error.code,
            rule=decision.rule.value if decision else _short(str(cause)),
            privilege=decision.privilege.value if decision else "",
            securable=_short(decision.securable) if decision else "",
            method=_short(asked.method),
            path=_short(asked.path),
            request_id=asked.request_id,
            address=asked.address,
        )


def _short(text: str) -> str:
    return text[:CHARACTERS_MAX]


__all__ = ["Asked", "Audit"]
