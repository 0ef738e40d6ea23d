"""Why, in lines: what is stale and what waits. Must not know how it is found out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from arco.cli.telling import place
from arco.cli.terminal import counted, harmless, moment, table
from arco.orchestration.partitions import display
from arco.orchestration.staleness import StaleReason
from arco.orchestration.waiting import Standing, TaskStory
from arco.service.stale import AssetStory, StaleGroup
from arco.service.stories import RunExplanation

STALE_HEADINGS = ("asset", "stale", "because", "root cause", "path")
WORDS = {
    StaleReason.NEVER_MATERIALIZED: "it was never made",
    StaleReason.CODE_CHANGED: "its code changed",
    StaleReason.SETTINGS_CHANGED: "it was made with other settings",
    StaleReason.UPSTREAM_NEVER_MATERIALIZED: "what it reads was never made",
    StaleReason.UPSTREAM_CHANGED: "what it reads has changed",
}
ROOT_WORDS = {
    StaleReason.NEVER_MATERIALIZED: "was never made",
    StaleReason.CODE_CHANGED: "has other code",
    StaleReason.SETTINGS_CHANGED: "was made with other settings",
    StaleReason.UPSTREAM_NEVER_MATERIALIZED: "was never made",
    StaleReason.UPSTREAM_CHANGED: "was made anew",
}


def stale_text(groups: Sequence[StaleGroup]) -> str:
    """What is stale as a table, from sources on."""
    if not groups:
        return "everything is fresh"
    return table(STALE_HEADINGS, [_stale_cells(group) for group in groups])


def asset_text(story: AssetStory) -> str:
    """Why the asset is stale, and what is being done about it."""
    what = place(story.asset, story.partition)
    if not story.stale:
        lines = [f"{what} is fresh: it holds what its code and its inputs give now"]
    elif story.partitions == 1:
        lines = [f"{what} is stale"]
    else:
        lines = [f"{what}: {story.stale:,} of {counted(story.partitions, 'partition')} are stale"]
    lines += [line for group in story.groups for line in _group_lines(group)]
    if story.tasks:
        lines += ["", "in runs that have not ended:"]
        lines += [line for each in story.tasks for line in _task_lines(each)]
    elif story.stale:
        lines += ["", f"no run is at it; `arco run +{story.asset}` makes it with what is above it"]
    return "\n".join(lines)


def run_text(told: RunExplanation) -> str:
    """What a run waits for, and what the tasks that were asked about do."""
    run = told.run
    if told.tasks:
        return "\n".join(line for each in told.tasks for line in _task_lines(each))
    lines = [f"run {run.run_id} is {run.state.lower()}: {harmless(run.message)}"]
    return "\n".join([*lines, *(f"  {_standing(root)}" for root in run.roots)])


def _stale_cells(group: StaleGroup) -> tuple[object, ...]:
    root = f"{group.root} {ROOT_WORDS[group.root_reason]}" if len(group.path) > 1 else ""
    return (
        group.asset,
        f"{group.partitions:,}",
        WORDS[group.reason],
        root,
        " <- ".join(group.path) if len(group.path) > 1 else "",
    )


def _group_lines(group: StaleGroup) -> Iterator[str]:
    more = ", ..." if group.partitions > len(group.examples) else ""
    which = f"{', '.join(group.examples)}{more}: " if group.examples else ""
    yield f"  {which}{WORDS[group.reason]}"
    if len(group.path) > 1:
        roots = f" ({', '.join(group.root_examples)})" if group.root_examples else ""
        yield f"    {' <- '.join(group.path)}: {group.root}{roots} {ROOT_WORDS[group.root_reason]}"


def _task_lines(story: TaskStory) -> Iterator[str]:
    yield _standing(story.task)
    yield from (f"  {_standing(root)}" for root in story.roots)


def _standing(task: Standing) -> str:
    what = place(task.asset, display(task.partition_key) if task.partition_key else "")
    times = [
        f"{word} {moment(at)}" for word, at in (("since", task.since), ("until", task.until)) if at
    ]
    tail = f" ({', '.join(times)})" if times else ""
    return f"{what}: {harmless(task.message)}{tail}"


__all__ = ["asset_text", "run_text", "stale_text"]
