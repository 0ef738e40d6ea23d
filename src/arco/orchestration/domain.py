"""The orchestration domain: its tables, and one reducer for each of its events."""

from __future__ import annotations

from arco.model import Domain
from arco.orchestration import (
    events,
    reducers_deployments,
    reducers_publications,
    reducers_runs,
    reducers_tasks,
)
from arco.orchestration.tables import TABLES

DOMAIN = Domain(
    name="orchestration",
    tables=TABLES,
    reducers={
        events.Deployed: reducers_deployments.deployed,
        events.DynamicPartitionsAdded: reducers_deployments.dynamic_partitions_added,
        events.DynamicPartitionsRemoved: reducers_deployments.dynamic_partitions_removed,
        events.RunTriggered: reducers_runs.run_triggered,
        events.RunKeyConflicted: reducers_runs.run_key_conflicted,
        events.TasksDispatched: reducers_tasks.tasks_dispatched,
        events.TaskStarted: reducers_tasks.task_started,
        events.TaskSucceeded: reducers_tasks.task_succeeded,
        events.TaskFailed: reducers_tasks.task_failed,
        events.AttemptLost: reducers_tasks.attempt_lost,
        events.RetriesReleased: reducers_tasks.retries_released,
        events.TaskCancelled: reducers_tasks.task_cancelled,
        events.RunCancelRequested: reducers_runs.run_cancel_requested,
        events.RunFailed: reducers_runs.run_failed,
        events.RunCancelled: reducers_runs.run_cancelled,
        events.RunSucceeded: reducers_runs.run_succeeded,
        events.PublicationRequested: reducers_publications.publication_requested,
        events.PublicationStarted: reducers_publications.publication_started,
        events.PublicationRebased: reducers_publications.publication_rebased,
        events.RunPublished: reducers_publications.run_published,
    },
)

__all__ = ["DOMAIN"]
