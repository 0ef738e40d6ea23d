"""One SQL statement from the command line: a worker process of its own, ended after it."""

from __future__ import annotations

from arco.cli.asking import owner_of
from arco.query.pool import QueryPool, Result
from arco.query.protocol import Ask, Format, Limits
from arco.query.provider import provider_for
from arco.service.past import past_at
from arco.service.settings import store_environment
from arco.service.workspace import Workspace


async def query(workspace: Workspace, sql: str, *, format: Format, moment: str = "") -> Result:
    """The rows of one SELECT, over everything as it was at `moment`; empty: as it is.

    Raises: what `QueryPool.run` and `past_at` raise.
    """
    past = await past_at(workspace, moment) if moment else None
    pool = QueryPool(workspace.runtime, size=1, environment=store_environment(workspace.settings))
    limits = Limits(seconds_max=workspace.settings.query_seconds_max)
    try:
        provide = provider_for(workspace, past, caller=owner_of(workspace))
        return await pool.run(Ask(sql, limits=limits, format=format), provide)
    finally:
        await pool.close()


def quoted(name: str) -> str:
    """A dotted name as SQL takes it, whatever is in its parts."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in name.split(".", 1))


__all__ = ["query", "quoted"]
