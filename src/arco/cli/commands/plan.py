"""`arco plan`: what a run would do, why, and how that differs from the last one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from arco.cli.options import json_option
from arco.cli.session import reading, run_to_end
from arco.cli.terminal import counted, harmless, print_json, table
from arco.cli.where import Where, where_option
from arco.orchestration.commands.runs import TriggerRun
from arco.service.plans import (
    SHOWN_MAX,
    Comparison,
    Foresight,
    PlanAnswer,
    PlanDifference,
    PlanReason,
    PreviewedTask,
    plan_answer,
)
from arco.wire.runs import TriggerRequest

HEADINGS = ("task", "because")
SIGNS = {"ADDED": "+", "REMOVED": "-", "CHANGED": "~"}
TASKS_SHOWN_MAX = 50
WORDS = {
    PlanReason.ASKED: "it is asked for",
    PlanReason.NEVER_MATERIALIZED: "it was never made",
    PlanReason.CODE_CHANGED: "its code changed",
    PlanReason.SETTINGS_CHANGED: "it was made with other settings",
    PlanReason.UPSTREAM_NEVER_MATERIALIZED: "what it reads was never made",
    PlanReason.UPSTREAM_CHANGED: "what it reads has changed",
    PlanReason.UPSTREAM_RUNS: "what it reads is made in this run",
    PlanReason.MADE_TOGETHER: "its function makes it, too",
}
LEFT_OUT: dict[Foresight, str] = {
    "": "",
    "yes": "; it is left out, unchanged",
    "perhaps": "; it is left out if what it reads comes out alike",
}
EPILOG = """\b
Examples:
  arco plan                              what `arco run` would do
  arco plan marts.daily --partition 2013-05
  arco plan --diff                       what differs from the last such run, and why
  arco plan --against 5T1V --json        from the run whose id ends so
"""


@click.command("plan", epilog=EPILOG)
@click.argument("selection", nargs=-1)
@click.option("--partition", default="", help="Only these partitions: 2013-05, 2013-01..2013-06.")
@click.option("--all", "every", is_flag=True, help="Every partition, also the fresh ones.")
@click.option("--diff", is_flag=True, help="How it differs from the last such run.")
@click.option("--against", default="", metavar="RUN", help="Compare with this run.")
@where_option
@json_option
def command(
    selection: tuple[str, ...],
    partition: str,
    every: bool,
    diff: bool,
    against: str,
    where: Where,
    as_json: bool,
) -> None:
    """Show what a run of SELECTION would do now, of what is deployed; nothing is started.

    Takes what `arco run` takes. --diff tells each task that was not in the plan of the newest run
    that was asked for the same, that is no longer in it, or that changed, with the reason.
    """
    if partition and every:
        raise click.UsageError("--partition and --all exclude each other")
    asked = TriggerRequest(
        selection=selection,
        partition=partition,
        which="all" if every else "stale",
    )
    comparison = Comparison(diff or bool(against), against)
    client = where.client()
    if client is not None:
        answer = client.runs.plan(asked, comparison)
    else:
        answer = run_to_end(_answer(where.directory, asked, comparison=comparison))
    print_json(answer) if as_json else click.echo("\n".join(_lines(answer)))


async def _answer(
    directory: Path | None, asked: TriggerRequest, *, comparison: Comparison
) -> PlanAnswer:
    async with reading(directory) as workspace:
        settings, now = workspace.settings, workspace.runtime.now()
        command = TriggerRun(
            run_id="",
            tenant=settings.tenant,
            workspace=settings.workspace,
            selection=asked.selection,
            partition=asked.partition,
            which=asked.which,
        )
        return await workspace.database.asked(
            lambda state: plan_answer(state, now, asked=command, comparison=comparison)
        )


def _lines(answer: PlanAnswer) -> Iterator[str]:
    if answer.difference is not None:
        yield from _difference_lines(answer.difference)
        return
    plan = answer.plan
    if not plan.total:
        yield "everything is fresh: nothing to run"
        return
    yield f"{counted(plan.total, 'task')} in {counted(len(plan.assets), 'asset')}"
    shown = plan.tasks[:TASKS_SHOWN_MAX]
    yield table(HEADINGS, [(_place(each.asset, each.partition), _because(each)) for each in shown])
    if plan.total > len(shown):
        yield f"… and {plan.total - len(shown):,} more: --json has the first {SHOWN_MAX:,}"
    yield f"fingerprint {plan.fingerprint}"


def _because(task: PreviewedTask) -> str:
    made = f"; made by {task.made_by}" if task.made_by else ""
    return f"{WORDS[task.reason]}{made}{LEFT_OUT[task.unchanged]}"


def _difference_lines(difference: PlanDifference) -> Iterator[str]:
    if not difference.against:
        yield "no earlier run was asked for the same: there is nothing to compare with"
        return
    if difference.is_same:
        yield f"the same plan as that of run {difference.against}"
        return
    for each in difference.changes:
        place = _place(each.asset, each.partition)
        yield f"{SIGNS[each.kind]} {place}: {harmless(each.because)}"
    left = sum(difference.counts.values()) - len(difference.changes)
    if left:
        yield f"… and {left:,} more"
    if not difference.changes:
        yield "the same tasks; what they may use differs: memory, processors or time"
    counts = ", ".join(f"{count:,} {kind.lower()}" for kind, count in difference.counts.items())
    yield f"against run {difference.against}" + (f": {counts}" if counts else "")


def _place(asset: str, partition: str) -> str:
    return f"{asset}[{partition}]" if partition else asset


__all__ = ["command"]
