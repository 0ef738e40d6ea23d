"""`arco import-plan`: what a project of another tool would become here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import click

from arco.cli.options import json_option
from arco.cli.terminal import counted, harmless, print_json, table
from arco.sdk.importing.airflow import airflow_plan
from arco.sdk.importing.dagster import dagster_plan
from arco.sdk.importing.dbt import dbt_plan
from arco.sdk.importing.plan import ImportPlan, PlannedAsset

READERS: Mapping[str, Callable[[Path], ImportPlan]] = {
    "dbt": dbt_plan,
    "dagster": dagster_plan,
    "airflow": airflow_plan,
}
HEADINGS = ("asset", "kind", "made from", "checks", "there")
SCHEDULE_HEADINGS = ("schedule", "fires", "zone", "runs")
EPILOG = """\b
Examples:
  arco import-plan dbt ../jaffle_shop        reads target/manifest.json and run_results.json
  arco import-plan dagster ../etl --json
  arco import-plan airflow ~/airflow/dags
"""


@click.command("import-plan", epilog=EPILOG)
@click.argument("tool", type=click.Choice(sorted(READERS)))
@click.argument("path", type=click.Path(path_type=Path, exists=True))
@json_option
def command(tool: str, path: Path, as_json: bool) -> None:
    """Show the assets, checks and schedules that a project of TOOL at PATH would become.

    Its code is read and never run. Nothing is written.
    """
    plan = READERS[tool](path)
    print_json(plan) if as_json else click.echo("\n".join(_lines(plan)))


def _lines(plan: ImportPlan) -> Iterator[str]:
    checks = sum(len(each.checks) for each in plan.assets)
    found = (counted(len(plan.assets), "asset"), counted(checks, "check"))
    yield f"{plan.tool}: {', '.join(found)}, {counted(len(plan.schedules), 'schedule')}"
    if plan.assets:
        yield ""
        yield table(HEADINGS, [_cells(each) for each in plan.assets])
    if plan.schedules:
        rows = [
            (each.name, each.cron, each.timezone, " ".join(each.selection) or "every asset")
            for each in plan.schedules
        ]
        yield ""
        yield table(SCHEDULE_HEADINGS, rows)
    if plan.tool == "dbt":
        yield ""
        yield "`dbt_project(PATH)` of `arco.dbt` in a module of your project runs it as it stands"
    if plan.notes:
        yield ""
        yield from (f"note: {harmless(note)}" for note in plan.notes)


def _cells(each: PlannedAsset) -> tuple[str, ...]:
    checks = ", ".join(check.what or check.name for check in each.checks)
    outcome = f"{each.origin} ({each.outcome})" if each.outcome else each.origin
    return (each.key, each.kind, ", ".join(each.upstreams), checks, outcome)


__all__ = ["command"]
