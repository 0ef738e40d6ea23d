"""Lists that stand on more than one page: of runs, of checks."""

from __future__ import annotations

from collections.abc import Iterable

from arco.service.summaries import RunSummary
from arco.ui.markup import Child, Html, joined
from arco.ui.parts import badge, bar, grid, link, moment, section, span

RUN_HEADS = ("Run", "State", "Tasks", "Triggered", "Took", "Selection", "Message")
ID_CHARACTERS = 8


def run_link(run_id: str) -> Html:
    """A run by the end of its id, which tells runs apart."""
    return link(run_id[-ID_CHARACTERS:], "runs", run_id)


def run_rows(runs: Iterable[RunSummary], *, empty: Child) -> Html:
    """Runs as a table."""
    rows = (
        (
            run_link(run.run_id),
            badge(run.state),
            joined(bar(run.succeeded / run.total if run.total else 1), f" {_tasks(run)}"),
            moment(run.triggered_at),
            span(run.seconds),
            " ".join((*run.selection, run.partition)).strip() or "everything",
            run.message,
        )
        for run in runs
    )
    return grid(RUN_HEADS, rows, empty=empty)


def runs_grid(title: str, runs: Iterable[RunSummary]) -> Html:
    """Runs under a heading."""
    return section(title, run_rows(runs, empty="None."))


def _tasks(run: RunSummary) -> str:
    failed = f", {run.failed:,} failed" if run.failed else ""
    return f"{run.succeeded:,} of {run.total:,}{failed}"


__all__ = ["ID_CHARACTERS", "run_link", "run_rows", "runs_grid"]
