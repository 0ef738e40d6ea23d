"""What the command line says about runs and deployments, in whole lines.

Law: every failure names the place to look and the next command. Must not know how runs are made.
"""

from __future__ import annotations

from arco.cli.terminal import counted, harmless, seconds
from arco.execution.deploying import Deployment
from arco.orchestration.adopting import Repetition
from arco.orchestration.definitions import Which
from arco.orchestration.run_settings import spelled_settings
from arco.orchestration.states import RunState, TaskState
from arco.service import metadata
from arco.service.reruns import Rerun
from arco.service.summaries import RunDetail, RunSummary, TaskSummary

FAILURES_SHOWN_MAX = 5
FACTS_SHOWN_MAX = 5
TASKS_NAMED_MAX = 3
# What was asked for needs no reason.
AGAIN = {
    Repetition.PUBLISHED: "because its result is published already",
    Repetition.MERGES_AGAIN: "because it merges into what is published now",
    Repetition.STAGED_DATA_EXPIRED: "because its files are not kept any more",
    Repetition.CODE_CHANGED: "because its code changed",
    Repetition.UPSTREAM_RUNS_AGAIN: "because a task above it does",
    Repetition.UPSTREAM_CHANGED: "because what it read was published anew",
}


def deployment_line(deployment: Deployment) -> str:
    """`deployed shop: 3 assets (2 new, 1 changed)`."""
    parts = {
        "new": len(deployment.added),
        "changed": len(deployment.changed),
        "removed": len(deployment.removed),
    }
    what = ", ".join(f"{count:,} {word}" for word, count in parts.items() if count)
    line = f"deployed {deployment.project}: {counted(deployment.assets, 'asset')}"
    line += f" ({what})" if what else ""
    for word, count in (("schedule", deployment.schedules), ("sensor", deployment.sensors)):
        line += f", {counted(count, word)}" if count else ""
    return line


def beginning(detail: RunDetail, *, which: Which) -> str:
    """`run 01K… : 12 tasks in 3 assets, every missing or stale partition`."""
    assets = len({task.asset for task in detail.tasks})
    if detail.run.partition:
        what = f"partition {detail.run.partition}"
    elif which == "all":
        what = "every partition"
    else:
        what = "every missing or stale partition"
    run = detail.run
    asked = f"{counted(run.total, 'task')} in {counted(assets, 'asset')}, {what}"
    return f"run {run.run_id}: {asked}{with_settings(run)}"


def with_settings(run: RunSummary) -> str:
    """`, with source.pages=3`; nothing where the project's settings hold."""
    told = ", ".join(map(harmless, spelled_settings(run.settings)))
    return f", with {told}" if told else ""


def again(rerun: Rerun) -> str:
    """`run 01K…: run 01J… again, 12 tasks, of which 3 are taken over`, and why others are not."""
    lines = [f"run {rerun.run_id}: run {rerun.parent} again, {counted(rerun.total, 'task')}"]
    if rerun.adopted:
        lines[0] += f", of which {rerun.adopted:,} stand as they were"
    for reason, why in AGAIN.items():
        tasks = [task.task_key for task in rerun.repeated if task.reason is reason]
        more = len(tasks) - TASKS_NAMED_MAX
        named = ", ".join(tasks[:TASKS_NAMED_MAX]) + (f" and {more:,} more" if more > 0 else "")
        if tasks:
            lines.append(f"  succeeded and runs again, {why}: {named}")
    return "\n".join(lines)


def ending(detail: RunDetail, *, where: str = "") -> str:
    """How the run ended: a line, its failures in full, and its warnings."""
    run = detail.run
    failed = [task for task in detail.tasks if task.state is TaskState.FAILED]
    lines = [failure(run.run_id, task, where=where) for task in failed[:FAILURES_SHOWN_MAX]]
    if len(failed) > FAILURES_SHOWN_MAX:
        more = len(failed) - FAILURES_SHOWN_MAX
        lines.append(f"… and {more:,} more: arco status {run.run_id}{where}")
    for check in detail.checks:
        if not check.passed and not check.blocking:
            what = place(check.asset, check.partition)
            lines.append(f"warning: check {check.name} on {what}: {check.message or 'failed'}")
    lines += _facts(detail)
    lines.append(_summary(detail))
    if run.state is RunState.FAILED and run.message and not failed:
        lines.append(f"  {run.message}")
    return "\n".join(lines)


def failure(run_id: str, task: TaskSummary, *, where: str = "") -> str:
    """A failed task: the user's error, their traceback, and where to look."""
    what = place(task.asset, task.partition)
    error = task.error
    why = error.message if error else "no reason was recorded"
    lines = [f"FAILED {what}: {harmless(why)}"]
    if error is not None and error.traceback:
        lines += [f"    {harmless(line)}" for line in error.traceback.rstrip().splitlines()]
    if error is not None and error.hint:
        lines.append(f"  hint: {error.hint}")
    lines.append(f"  logs: arco logs {run_id} --task '{what}'{where}")
    return "\n".join(lines)


def remainder(detail: RunDetail, *, again: str, where: str) -> str:
    """What an interrupted command says: what remains, and which command continues it; `again` is
    empty when another process goes on with it.
    """
    run = detail.run
    done = run.succeeded + run.failed + run.skipped + run.cancelled
    if run.ended_at is not None:
        return _summary(detail)
    stands = f"run {run.run_id} stands at {done:,} of {counted(run.total, 'task')}; none is lost"
    give_up = f"`arco cancel {run.run_id}{where}` gives it up"
    if again:
        return f"{stands}\n  `{again}` continues it, {give_up}"
    return f"{stands}\n  the leading process goes on with it; {give_up}"


def place(asset: str, partition: str) -> str:
    """`staging.flights[2013-05]`; no brackets when unpartitioned."""
    return f"{asset}[{partition}]" if partition else asset


def _facts(detail: RunDetail) -> list[str]:
    """What user code said about what it made, of the first few tasks that said something."""
    told = [task for task in detail.tasks if task.metadata and not task.adopted_from]
    lines = [
        f"{place(task.asset, task.partition)}: {harmless(line)}"
        for task in told[:FACTS_SHOWN_MAX]
        for line in metadata.lines(task.metadata)
    ]
    more = len(told) - FACTS_SHOWN_MAX
    tail = f"… and metadata of {more:,} more: arco status {detail.run.run_id} --json"
    return [*lines, tail] if more > 0 else lines


def _summary(detail: RunDetail) -> str:
    run = detail.run
    rows = sum(task.rows or 0 for task in detail.tasks)
    counts = {
        "succeeded": run.succeeded,
        "failed": run.failed,
        "skipped": run.skipped,
        "cancelled": run.cancelled,
    }
    parts = ", ".join(f"{count:,} {word}" for word, count in counts.items() if count)
    unchanged = sum(bool(task.memoized_from) for task in detail.tasks)
    parts += f", {unchanged:,} of them unchanged" if unchanged else ""
    tail = f", {counted(rows, 'row')}" if run.state is RunState.SUCCEEDED else ""
    return f"run {run.run_id} {run.state.lower()}: {parts}{tail} in {seconds(run.seconds)}"


__all__ = [
    "again",
    "beginning",
    "deployment_line",
    "ending",
    "failure",
    "place",
    "remainder",
    "with_settings",
]
