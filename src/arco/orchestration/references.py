"""The stored objects that events of the orchestrator refer to: one that is condemned refuses them.

Must not know what condemns objects, or stores.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from arco.model import Names, Payload, State
from arco.orchestration.events import (
    PublicationAbandoned,
    PublicationRebased,
    PublicationStarted,
    RunTriggered,
    TaskSucceeded,
    TaskSucceededV2,
)
from arco.orchestration.events_joint import TaskSucceededV3
from arco.orchestration.events_of_runs import RunTriggeredV2
from arco.orchestration.maintenance import CompactionStarted
from arco.orchestration.outcomes import Output
from arco.orchestration.restores import RestoreAbandoned, RestoreRebased, RestoreStarted
from arco.orchestration.tables import TASKS


def staged_by_task(_: State, event: TaskSucceeded) -> Iterator[str]:
    """The files the attempt staged."""
    return output_files(event.output)


def staged_together(_: State, event: TaskSucceededV3) -> Iterator[str]:
    """The files the attempt staged, of every table."""
    for output in (event.output, *(each.output for each in event.others)):
        yield from output_files(output)


def adopted_by_run(state: State, event: RunTriggered) -> Iterator[str]:
    """The files of every task whose output is taken over from the parent."""
    for _, index in event.adopted:
        task = state.get(TASKS, event.parent, index)
        yield from output_files(task.output if task else None)


def prepared_for_run(
    _: State, event: PublicationStarted | PublicationRebased | PublicationAbandoned
) -> Iterator[str]:
    """The prepared table-log entries."""
    return (table.prepared for table in event.tables if table.prepared)


def prepared_for_restore(_: State, event: RestoreRebased | RestoreAbandoned) -> Iterator[str]:
    """The prepared table-log entries."""
    return (table.prepared for table in event.tables if table.prepared)


def brought_back(_: State, event: RestoreStarted) -> Iterator[str]:
    """The prepared table-log entries, and the files that they name again."""
    yield from (table.prepared for table in event.tables if table.prepared)
    yield from event.files


def written_by_compaction(_: State, event: CompactionStarted) -> Iterator[str]:
    """The prepared table-log entry, and the files that it names."""
    yield event.table.prepared
    yield from event.files


def output_files(output: Output | None) -> Iterator[str]:
    """The names of the staged files."""
    return (file.key for file in (output.files if output else ()))


NAMES: Mapping[type[Payload], Names] = {
    TaskSucceeded: staged_by_task,
    TaskSucceededV2: staged_by_task,
    TaskSucceededV3: staged_together,
    RunTriggered: adopted_by_run,
    RunTriggeredV2: adopted_by_run,
    PublicationStarted: prepared_for_run,
    PublicationRebased: prepared_for_run,
    PublicationAbandoned: prepared_for_run,
    RestoreStarted: brought_back,
    RestoreRebased: prepared_for_restore,
    RestoreAbandoned: prepared_for_restore,
    CompactionStarted: written_by_compaction,
}

__all__ = [
    "NAMES",
    "adopted_by_run",
    "brought_back",
    "output_files",
    "prepared_for_restore",
    "prepared_for_run",
    "staged_by_task",
    "staged_together",
    "written_by_compaction",
]
