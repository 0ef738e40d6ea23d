"""The orchestration domain: its tables, and one reducer for each of its events."""

from __future__ import annotations

from arco.model import Domain
from arco.orchestration import (
    backfill_events,
    backfills,
    breaches,
    evaluations,
    events,
    events_joint,
    events_of_runs,
    freshness,
    maintenance,
    notifications,
    pools,
    restores,
    run_limits,
    schedules,
    sensors,
)
from arco.orchestration.reducers import (
    abandoning,
    conditions,
    deployments,
    expiring,
    joining,
    memoizing,
    publications,
    runs,
    tasks,
)
from arco.orchestration.reducers import backfills as backfilling
from arco.orchestration.reducers import breaches as breaching
from arco.orchestration.reducers import freshness as freshening
from arco.orchestration.reducers import maintenance as maintaining
from arco.orchestration.reducers import notifications as notifying
from arco.orchestration.reducers import pools as pooling
from arco.orchestration.reducers import restores as restoring
from arco.orchestration.reducers import run_limits as limiting
from arco.orchestration.reducers import schedules as scheduling
from arco.orchestration.reducers import sensors as sensing
from arco.orchestration.references import NAMES
from arco.orchestration.tables import TABLES

DOMAIN = Domain(
    name="orchestration",
    tables=(
        *TABLES,
        restores.RESTORES,
        *maintenance.TABLES,
        *schedules.TABLES,
        *sensors.TABLES,
        *notifications.TABLES,
        *pools.TABLES,
        *backfills.TABLES,
        *run_limits.TABLES,
        *evaluations.TABLES,
        *freshness.TABLES,
        *breaches.TABLES,
    ),
    reducers={
        events.Deployed: conditions.waking(deployments.deployed),
        events.DynamicPartitionsAdded: conditions.waking(deployments.dynamic_partitions_added),
        events.DynamicPartitionsRemoved: conditions.waking(deployments.dynamic_partitions_removed),
        events.RunTriggered: runs.run_triggered,
        events_of_runs.RunTriggeredV2: runs.run_triggered_v2,
        events.RunKeyConflicted: runs.run_key_conflicted,
        events.TasksDispatched: tasks.tasks_dispatched,
        events_of_runs.TaskMemoized: memoizing.task_memoized,
        events.TaskStarted: tasks.task_started,
        events.TaskSucceeded: tasks.task_succeeded,
        events.TaskSucceededV2: tasks.task_succeeded_v2,
        events_joint.TaskSucceededV3: joining.task_succeeded_v3,
        events.TaskFailed: tasks.task_failed,
        events_joint.TaskFailedV2: joining.task_failed_v2,
        events.AttemptLost: tasks.attempt_lost,
        events.RetriesReleased: tasks.retries_released,
        events.RetriesReleasedV2: tasks.retries_released_v2,
        events.TaskCancelled: tasks.task_cancelled,
        events.RunCancelRequested: runs.run_cancel_requested,
        events.RunFailed: notifying.telling(conditions.waking(runs.run_failed)),
        events.RunCancelled: conditions.waking(runs.run_cancelled),
        events.RunSucceeded: notifying.telling(
            conditions.waking(freshening.renewing(runs.run_succeeded))
        ),
        events.PublicationRequested: publications.publication_requested,
        events.PublicationStarted: publications.publication_started,
        events.PublicationRebased: publications.publication_rebased,
        events.PublicationAbandoned: abandoning.publication_abandoned,
        events.PublicationUndone: notifying.telling(
            conditions.waking(abandoning.publication_undone)
        ),
        events.RunPublished: notifying.telling(
            conditions.waking(freshening.renewing(publications.run_published))
        ),
        restores.RestoreStarted: restoring.restore_started,
        restores.RestoreRebased: restoring.restore_rebased,
        restores.RestoreAbandoned: restoring.restore_abandoned,
        restores.RestoreUndone: restoring.restore_undone,
        restores.TablesRestored: conditions.waking(restoring.tables_restored),
        maintenance.CompactionStarted: maintaining.compaction_started,
        maintenance.TableCompacted: maintaining.table_compacted,
        maintenance.CompactionAbandoned: maintaining.compaction_abandoned,
        maintenance.TableCheckpointed: maintaining.table_checkpointed,
        events.StagedOutputsExpired: expiring.staged_outputs_expired,
        schedules.SchedulesDefined: scheduling.schedules_defined,
        schedules.ScheduleEnabled: scheduling.schedule_enabled,
        schedules.ScheduleDisabled: scheduling.schedule_disabled,
        schedules.ScheduleTicked: scheduling.schedule_ticked,
        schedules.ScheduleAdvanced: scheduling.schedule_advanced,
        sensors.SensorsDefined: sensing.sensors_defined,
        sensors.SensorEnabled: sensing.sensor_enabled,
        sensors.SensorDisabled: sensing.sensor_disabled,
        sensors.SensorAsked: sensing.sensor_asked,
        sensors.SensorCursorSet: sensing.sensor_cursor_set,
        sensors.SensorMessageReceived: sensing.sensor_message_received,
        sensors.SensorEvaluated: sensing.sensor_evaluated,
        notifications.NotifiersDefined: notifying.notifiers_defined,
        notifications.NotifierTested: notifying.notifier_tested,
        notifications.NotificationDelivered: notifying.notification_delivered,
        notifications.NotificationRefused: notifying.notification_refused,
        backfill_events.BackfillCreated: backfilling.backfill_created,
        backfill_events.BackfillAdvanced: backfilling.backfill_advanced,
        backfill_events.BackfillRested: backfilling.backfill_rested,
        backfill_events.BackfillRunsEnded: backfilling.backfill_runs_ended,
        backfill_events.BackfillPaused: backfilling.backfill_paused,
        backfill_events.BackfillResumed: backfilling.backfill_resumed,
        backfill_events.BackfillCancelRequested: backfilling.backfill_cancel_requested,
        backfill_events.BackfillRetried: backfilling.backfill_retried,
        backfill_events.BackfillConcurrencySet: backfilling.backfill_concurrency_set,
        backfill_events.BackfillEnded: notifying.telling(backfilling.backfill_ended),
        pools.PoolSized: pooling.pool_sized,
        events.RunLimitSet: limiting.run_limit_set,
        events.RunsQueued: limiting.runs_queued,
        events.RunsAdmitted: limiting.runs_admitted,
        events.RunPrioritized: limiting.run_prioritized,
        evaluations.ConditionsDefined: conditions.conditions_defined,
        evaluations.ConditionEnabled: conditions.condition_enabled,
        evaluations.ConditionDisabled: conditions.condition_disabled,
        evaluations.ConditionEvaluated: conditions.condition_evaluated,
        freshness.FreshnessPoliciesDefined: freshening.freshness_policies_defined,
        freshness.FreshnessMissed: notifying.telling(freshening.freshness_missed),
        freshness.FreshnessRecovered: notifying.telling(freshening.freshness_recovered),
        freshness.FreshnessRenewed: freshening.freshness_renewed,
        breaches.ServiceLevelBreached: notifying.telling(breaching.service_level_breached),
        breaches.ServiceLevelRestored: notifying.telling(breaching.service_level_restored),
    },
    names=NAMES,
)

__all__ = ["DOMAIN"]
