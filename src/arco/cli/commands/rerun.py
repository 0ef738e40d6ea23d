"""`arco rerun`: run an earlier run again, follow it to its end."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from arco.access.callers import local_owner
from arco.cli.options import json_option
from arco.cli.remote import followed
from arco.cli.running import continue_left_behind, deploy_and_tell, follow, on_stage
from arco.cli.session import existing_settings, opened, run_to_end
from arco.cli.telling import again, ending
from arco.cli.terminal import print_json
from arco.cli.where import Where, where_option
from arco.ids import new_ulid
from arco.orchestration.commands.reruns import RerunRun, RerunWhich
from arco.orchestration.states import RunState
from arco.service.reruns import Rerun, Rerunning
from arco.service.summaries import RunDetail
from arco.service.workspace import Workspace
from arco.wire.runs import RerunRequest

ACTOR = "cli"
EPILOG = """\b
Examples:
  arco rerun 01K9Z6TWN3M8M2V9J6W1H5X0AB             every task of it
  arco rerun X0AB --from-failure                    what did not succeed; the rest is taken over
  arco rerun X0AB --only mart.totals --only raw.a   these assets
  arco rerun X0AB --only 'mart.totals[2024-01]'     one task
"""


@click.command("rerun", epilog=EPILOG)
@click.argument("run")
@click.option("--from-failure", is_flag=True, help="Only what did not succeed.")
@click.option("--only", multiple=True, help="Only these: assets, globs, tag:NAME, a task.")
@click.option("--no-deploy", is_flag=True, help="Run what is deployed, not what the files say.")
@click.option("--run-key", default="", help="A name that makes this run happen once.")
@where_option
@json_option
def command(
    run: str,
    from_failure: bool,
    only: tuple[str, ...],
    no_deploy: bool,
    run_key: str,
    where: Where,
    as_json: bool,
) -> None:
    """Run RUN again: the same partitions, all of them or a part, and follow to the end.

    What RUN finished without publishing it is taken over where its code and what it read are the
    same; what is not is named with the reason. With --server nothing is deployed.
    """
    if from_failure and only:
        raise click.UsageError("--from-failure and --only exclude each other")
    which: RerunWhich = "unsuccessful" if from_failure else "all"
    request = RerunRequest(which=which, only=only, run_key=run_key)
    client = where.client()
    if client is not None:
        made = client.runs.rerun(run, *only, which=request.which, run_key=run_key)
        click.echo(again(made), err=as_json)
        detail = followed(client, made.run_id, as_json=as_json)
    else:
        work = _rerun(
            run, request, directory=where.directory, deploys=not no_deploy, as_json=as_json
        )
        made, detail = run_to_end(work)
    if as_json:
        print_json({"rerun": made, "run": detail})
    sys.exit(0 if detail.run.state is RunState.SUCCEEDED else 1)


async def _rerun(
    run: str, request: RerunRequest, *, directory: Path | None, deploys: bool, as_json: bool
) -> tuple[Rerun, RunDetail]:
    async with opened(existing_settings(directory)) as workspace:
        if deploys:
            await deploy_and_tell(workspace, lambda text: click.echo(text, err=as_json))
        async with on_stage(workspace, as_json=as_json) as stage:
            await continue_left_behind(stage)
            made = await _triggered(workspace, run, request=request)
            stage.say(again(made))
            detail = await follow(stage, made.run_id)
            stage.say(ending(detail, where=stage.where))
            return made, detail


async def _triggered(workspace: Workspace, run: str, *, request: RerunRequest) -> Rerun:
    scope = workspace.settings.scope
    command = RerunRun(
        run_id=new_ulid(workspace.runtime),
        tenant=scope.tenant,
        workspace=scope.workspace,
        parent=run,
        which=request.which,
        only=request.only,
        run_key=request.run_key,
        actor=ACTOR,
    )
    owner = local_owner(scope.tenant, scope.workspace)
    rerunning = Rerunning(command, caller=owner, authority=workspace.authority)
    await workspace.database.transact(rerunning.decide)
    return await workspace.database.asked(rerunning.outcome)


__all__ = ["command"]
