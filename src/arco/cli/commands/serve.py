"""`arco serve`: one of any number of servers of one workspace, for production.

Law: nothing is deployed or watched here; what runs is what was deployed. Every server answers
everything, one of them leads.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from arco.api.probes import Readiness
from arco.cli.options import directory_option, port_option
from arco.cli.serving import HOST, lead_for_ever, serve_workspace, until_one_ends
from arco.cli.session import opened, run_to_end, settings_for
from arco.cli.terminal import age_seconds
from arco.execution.following import Follower
from arco.orchestration.controllers import AUTOMATING
from arco.service.settings import Settings
from arco.service.workspace import Workspace

EPILOG = """\b
Examples:
  arco serve
  arco serve --host 0.0.0.0 --port 8321
  arco serve --no-lead                   only answer; others perform runs
"""


@click.command("serve", epilog=EPILOG)
@click.option("--host", default=HOST, help=f"The address to listen on. Default: {HOST}.")
@click.option(
    "--lead/--no-lead", default=True, help="Whether to lead, and so perform runs, if nobody does."
)
@directory_option
@port_option
def command(host: str, lead: bool, directory: Path | None, port: int | None) -> None:
    """Answer requests for a workspace until stopped; perform its runs when no other process does.

    Any number of servers may share one store. Beyond this machine it listens only if everybody who
    asks has to say who they are. `GET /live` and `GET /ready` are for whoever runs the process.
    SIGTERM or Ctrl-C: `/ready` answers 503, after ARCO_DRAIN_SECONDS nothing new is taken, what is
    under way is answered.
    """
    run_to_end(_serve(settings_for(directory, port=port), host, leads=lead))


async def _serve(settings: Settings, host: str, *, leads: bool) -> None:
    async with opened(settings) as workspace:
        follower = Follower(workspace, settings.directory, AUTOMATING)
        readiness = Readiness(workspace.database)

        def tell(address: str) -> None:
            click.echo(f"arco serve on {address}")
            click.echo(f"  store    {settings.store_url}, {settings.tenant}/{settings.workspace}")
            click.echo(f"  ready in {age_seconds() * 1000:,.0f} ms; SIGTERM or Ctrl-C stops")

        answering = serve_workspace(workspace, follower, ready=tell, host=host, readiness=readiness)
        works = [answering, lead_for_ever(workspace, follower)] if leads else [answering]
        work = asyncio.ensure_future(until_one_ends(*works))
        try:
            await _until_drained(workspace, readiness, work=work)
        except asyncio.CancelledError:
            click.echo("stopped; what was acknowledged is stored")
        finally:
            await follower.stop()


async def _until_drained(
    workspace: Workspace, readiness: Readiness, *, work: asyncio.Future[None]
) -> None:
    """What is asked meanwhile is answered, until whoever sends requests has heard to stop."""
    try:
        await asyncio.shield(work)
    except asyncio.CancelledError:
        readiness.drain()
        click.echo("stopping; /ready says so")
        await workspace.runtime.sleep(workspace.settings.drain_seconds)
        raise
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


__all__ = ["command"]
