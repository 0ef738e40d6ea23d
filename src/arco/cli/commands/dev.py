"""`arco dev`: lead, serve, and deploy again whenever a source file changes.

Law: definitions that do not compile change nothing; the last good deployment keeps serving.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import click

from arco.cli.explaining import explain
from arco.cli.options import directory_option, port_option
from arco.cli.serving import lead_for_ever, leader_address, serve_workspace, until_one_ends
from arco.cli.session import opened, run_to_end, settings_for
from arco.cli.telling import deployment_line
from arco.cli.terminal import age_seconds, counted, moment
from arco.cli.watching import watch
from arco.errors import ArcoError
from arco.execution.deploying import deploy_project
from arco.execution.following import Follower
from arco.orchestration.controllers import AUTOMATING
from arco.orchestration.tables import ASSETS
from arco.service.settings import Settings
from arco.service.workspace import Workspace

EPILOG = """\b
Examples:
  arco dev
  arco dev --dir shop --port 0           on any free port
"""


@click.command("dev", epilog=EPILOG)
@directory_option
@port_option
def command(directory: Path | None, port: int | None) -> None:
    """Serve the project on this machine and deploy it again whenever a file changes.

    A second `arco dev` says where the first one is. Ctrl-C stops; runs in flight are continued by
    the next `arco dev` or `arco run`.
    """
    sys.exit(run_to_end(_dev(settings_for(directory, port=port))))


async def _dev(settings: Settings) -> int:
    async with opened(settings) as workspace:
        follower = Follower(workspace, settings.directory, AUTOMATING)
        await follower.start()
        try:
            if not follower.leads and await leader_address(workspace):
                click.echo(f"arco dev runs already: {await leader_address(workspace)}")
                return 0
            await _wait_for_lead(workspace, follower)
            await Development(workspace, follower).run()
        except asyncio.CancelledError:
            click.echo("\nstopped; what was acknowledged is stored")
        finally:
            await follower.stop()
    return 0


async def _wait_for_lead(workspace: Workspace, follower: Follower) -> None:
    if not follower.leads:
        click.echo("waiting for another command that is running in this project to end")
    while not follower.leads:
        await workspace.runtime.sleep(workspace.settings.poll_seconds)
        await follower.step_in()


class Development:
    """One session of `arco dev`."""

    def __init__(self, workspace: Workspace, follower: Follower) -> None:
        self._follower = follower
        self._workspace = workspace
        self._runtime = workspace.runtime
        self._directory = workspace.settings.directory
        self._changed = workspace.runtime.signal()

    async def run(self) -> None:
        """Serve and reload until cancelled.

        Raises: Invalid PORT_BUSY, BIND_FAILED.
        """
        await until_one_ends(
            serve_workspace(self._workspace, self._follower, ready=self._tell_ready),
            watch(self._directory, self._changed.set),
            self._reload_for_ever(),
            lead_for_ever(self._workspace, self._follower),
        )

    def _tell_ready(self, address: str) -> None:
        settings = self._workspace.settings
        click.echo(f"arco dev on {address}")
        click.echo(f"  project  {settings.directory}")
        click.echo(f"  store    {settings.store_url}")
        click.echo(f"  ready in {age_seconds() * 1000:,.0f} ms; Ctrl-C stops")

    async def _reload_for_ever(self) -> None:
        while True:
            self._changed.clear()
            await self._deploy()
            await self._changed.wait()

    async def _deploy(self) -> None:
        now = moment(self._runtime.now()).split()[-1]
        try:
            deployment = await deploy_project(self._workspace, self._directory, actor="dev")
        except ArcoError as error:
            explain(error)
            click.echo(f"{now} {await self._what_serves()}", err=True)
            return
        if deployment.is_unchanged:
            click.echo(f"{now} {counted(deployment.assets, 'asset')}, unchanged")
        else:
            click.echo(f"{now} {deployment_line(deployment)}")

    async def _what_serves(self) -> str:
        count = await self._workspace.database.asked(
            lambda state: sum(not row.removed for row in state.range(ASSETS))
        )
        if not count:
            return "nothing is deployed yet; waiting for a change"
        return f"the last good deployment goes on ({counted(count, 'asset')}); waiting for a change"


__all__ = ["Development", "command"]
