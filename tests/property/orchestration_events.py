"""Any event of the orchestrator, whether or not it makes sense where it stands."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import strategies as st

from arco.model import Payload
from arco.orchestration import (
    events,
    events_joint,
    events_of_runs,
    maintenance,
    pools,
)
from arco.orchestration.outcomes import ErrorCategory, Observation, TaskError
from arco.orchestration.rows import PlannedTask, PreparedTable
from arco.testing.orchestration_samples import START, staged

run_ids = st.sampled_from(["R1", "R1", "R1", "R2"])
indices = st.sampled_from([-1, 0, 0, 0, 1, 1, 2, 3, 4])
attempts = st.sampled_from([0, 1, 1, 1, 1, 2, 2, 3])
pairs = st.lists(st.tuples(indices, attempts), min_size=1, max_size=4).map(tuple)
times = st.integers(0, 50).map(lambda seconds: START + timedelta(seconds=seconds))
optional_times = st.none() | times
planned = st.builds(
    PlannedTask,
    asset=st.sampled_from(["n.a", "n.b", "n.c"]),
    upstreams=st.lists(st.integers(-2, 5), max_size=3).map(tuple),
)
errors = st.builds(
    TaskError, category=st.sampled_from(list(ErrorCategory)), message=st.just("broken")
)
outputs = st.none() | st.just(staged("n.a", table_id="T", data_version="v"))
prepared_table = st.builds(
    PreparedTable,
    table_id=st.sampled_from(["T", "U"]),
    asset=st.just("n.a"),
    version=st.integers(0, 3),
    sha256=st.just(""),
)
prepared = st.lists(prepared_table, max_size=2, unique_by=lambda table: table.table_id).map(tuple)
compaction_ids = st.sampled_from(["C1", "C2"])
limit_names = st.sampled_from(["*", "tag:odd"])
any_trigger: st.SearchStrategy[Payload] = st.builds(
    events.RunTriggered,
    run_id=run_ids,
    tasks=st.lists(planned, max_size=4).map(tuple),
    fingerprint=st.just(""),
    triggered_at=times,
    run_key=st.sampled_from(["", "k"]),
    parent=st.sampled_from(["", "R1", "R9"]),
    adopted=pairs,
)
others = st.lists(st.builds(events_joint.OtherTask, index=indices, output=outputs), max_size=3).map(
    tuple
)
any_event: st.SearchStrategy[Payload] = st.one_of(
    any_trigger,
    st.builds(
        events_of_runs.RunTriggeredV2,
        run_id=run_ids,
        tasks=st.lists(planned, max_size=4).map(tuple),
        fingerprint=st.just(""),
        triggered_at=times,
        settings=st.sampled_from([{}, {"source": {"pages": 3}}]),
        memoized=st.lists(indices, max_size=3).map(tuple),
    ),
    st.builds(
        events_of_runs.TaskMemoized,
        run_id=run_ids,
        index=indices,
        made_by=run_ids,
        data_version=st.sampled_from(["v", "value:1"]),
        memoized_at=times,
    ),
    st.builds(
        events.RunKeyConflicted, run_key=st.just("k"), request=st.just("q"), conflicted_at=times
    ),
    st.builds(events.TasksDispatched, run_id=run_ids, tasks=pairs, dispatched_at=times),
    st.builds(events.TasksDispatched, run_id=run_ids, tasks=pairs, dispatched_at=times),
    st.builds(events.TasksDispatched, run_id=run_ids, tasks=pairs, dispatched_at=times),
    st.builds(
        events.TaskStarted, run_id=run_ids, index=indices, attempt=attempts, started_at=times
    ),
    st.builds(
        events.TaskSucceeded,
        run_id=run_ids,
        index=indices,
        attempt=attempts,
        ended_at=times,
        output=outputs,
    ),
    st.builds(
        events.TaskSucceededV2,
        run_id=run_ids,
        index=indices,
        attempt=attempts,
        ended_at=times,
        observation=st.builds(Observation, data_version=st.sampled_from(["", "value:1"])),
    ),
    st.builds(
        events_joint.TaskSucceededV3,
        run_id=run_ids,
        index=indices,
        attempt=attempts,
        ended_at=times,
        output=outputs,
        others=others,
    ),
    st.builds(
        events_joint.TaskFailedV2,
        run_id=run_ids,
        index=indices,
        attempt=attempts,
        ended_at=times,
        error=errors,
        retry_at=optional_times,
        others=others,
    ),
    st.builds(
        events.TaskFailed,
        run_id=run_ids,
        index=indices,
        attempt=attempts,
        ended_at=times,
        error=errors,
        retry_at=optional_times,
    ),
    st.builds(
        events.AttemptLost,
        run_id=run_ids,
        index=indices,
        attempt=attempts,
        reason=st.just("gone"),
        lost_at=times,
        retry_at=optional_times,
    ),
    st.builds(events.RetriesReleased, run_id=run_ids, tasks=pairs, released_at=times),
    st.builds(events.RetriesReleasedV2, run_id=run_ids, tasks=pairs, released_at=times),
    st.builds(
        events.TaskCancelled, run_id=run_ids, index=indices, attempt=attempts, ended_at=times
    ),
    st.builds(events.RunCancelRequested, run_id=run_ids, requested_at=times),
    st.builds(events.RunFailed, run_id=run_ids, ended_at=times),
    st.builds(events.RunCancelled, run_id=run_ids, ended_at=times),
    st.builds(events.RunSucceeded, run_id=run_ids, ended_at=times),
    st.builds(
        pools.PoolSized,
        name=st.just("wide"),
        version=st.integers(-1, 3),
        sized_at=times,
        slots=st.none() | st.integers(-1, 3),
    ),
    st.builds(
        events.RunLimitSet,
        name=limit_names,
        version=st.integers(-1, 3),
        set_at=times,
        runs_max=st.none() | st.integers(-1, 3),
        covered=st.lists(run_ids, max_size=2).map(tuple),
        through=st.integers(-1, 3),
    ),
    st.builds(
        events.RunsQueued,
        after=st.integers(-1, 1),
        through=st.integers(-1, 3),
        queued_at=times,
        runs=st.lists(
            st.builds(events.LimitedRun, run_ids, st.tuples(limit_names)), max_size=2
        ).map(tuple),
    ),
    st.builds(
        events.RunsAdmitted, runs=st.lists(run_ids, max_size=2).map(tuple), admitted_at=times
    ),
    st.builds(
        events.RunPrioritized,
        run_id=run_ids,
        priority=st.integers(-2, 2),
        version=st.integers(-1, 3),
        prioritized_at=times,
    ),
    st.builds(
        events.PublicationRequested, run_id=run_ids, table_ids=st.just(("T",)), requested_at=times
    ),
    st.builds(
        maintenance.CompactionStarted,
        compaction_id=compaction_ids,
        table=prepared_table,
        files=st.just(()),
        files_removed=st.just(2),
        files_added=st.just(1),
        bytes_removed=st.just(9),
        bytes_added=st.just(5),
        started_at=times,
    ),
    st.builds(maintenance.TableCompacted, compaction_id=compaction_ids, compacted_at=times),
    st.builds(
        maintenance.CompactionAbandoned,
        compaction_id=compaction_ids,
        message=st.just("beaten"),
        abandoned_at=times,
    ),
    st.builds(
        maintenance.TableCheckpointed,
        asset=st.just("n.a"),
        table_id=st.sampled_from(["T", "U"]),
        version=st.integers(0, 3),
        checkpointed_at=times,
    ),
    st.builds(events.PublicationStarted, run_id=run_ids, tables=prepared, started_at=times),
    st.builds(events.PublicationRebased, run_id=run_ids, tables=prepared, rebased_at=times),
    st.builds(
        events.PublicationAbandoned,
        run_id=run_ids,
        tables=st.one_of(prepared, st.just(())),
        standing=prepared,
        code=st.just("SCHEMA_CHANGED"),
        message=st.just("changed"),
        abandoned_at=times,
    ),
    st.builds(events.PublicationUndone, run_id=run_ids, undone_at=times),
    st.builds(
        events.RunPublished,
        run_id=run_ids,
        tables=st.just((events.PublishedTable("T", "n.a", 1),)),
        published_at=times,
    ),
)
