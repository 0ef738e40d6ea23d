"""Who asks: from the credentials of a request to a caller, or a refusal that tells nothing.

Law L9: tenant and workspace are what the credential proves, and it must be ours. Must not know
HTTP.
"""

from __future__ import annotations

from arco.access.callers import Caller, local_owner
from arco.service.workspace import Workspace


class Identity:
    """Tells callers of one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        scope = workspace.settings.scope
        self._local = local_owner(scope.tenant, scope.workspace)

    async def caller(self, authorization: str) -> Caller:
        """Whoever sent this `Authorization`; empty: nothing was sent."""
        return self._local


__all__ = ["Identity"]
