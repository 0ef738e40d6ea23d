"""`arco deploy`: make the project's definitions what the workspace runs."""

from __future__ import annotations

from pathlib import Path

import click

from arco.cli.options import directory_option, json_option
from arco.cli.session import opened, run_to_end, settings_for
from arco.cli.terminal import counted, print_json
from arco.execution.deploying import Deployment, deploy_project

EPILOG = """\b
Examples:
  arco deploy
  arco deploy --dir shop --json
"""


@click.command("deploy", epilog=EPILOG)
@directory_option
@json_option
def command(directory: Path | None, as_json: bool) -> None:
    """Compile the project and make its definitions what runs.

    A project with problems is refused as a whole, with every problem and its line.
    """
    deployment = run_to_end(_deploy(directory))
    if as_json:
        print_json(deployment)
        return
    click.echo(f"{deployment.project}: {counted(deployment.assets, 'asset')}", nl=False)
    if deployment.schedules:
        click.echo(f", {counted(deployment.schedules, 'schedule')}", nl=False)
    if deployment.sensors:
        click.echo(f", {counted(deployment.sensors, 'sensor')}", nl=False)
    if deployment.conditions:
        click.echo(f", {counted(deployment.conditions, 'condition')}", nl=False)
    if deployment.notifiers:
        click.echo(f", {counted(deployment.notifiers, 'notifier')}", nl=False)
    click.echo(", unchanged" if deployment.is_unchanged else "")
    for sign, keys in (
        ("+", deployment.added),
        ("~", deployment.changed),
        ("-", deployment.removed),
    ):
        for key in keys:
            click.echo(f"  {sign} {key}")


async def _deploy(directory: Path | None) -> Deployment:
    settings = settings_for(directory)
    async with opened(settings) as workspace:
        return await deploy_project(workspace, settings.directory)


__all__ = ["command"]
