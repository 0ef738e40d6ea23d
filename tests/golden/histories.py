"""Writing a golden history: a log in which every event of every domain happens at least once.

What it tells is made up; the commands and controllers that decide it are the real ones.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from msgspec.structs import replace

from arco.catalog.commands import PublishedVersion, PublishVersions, publish_versions
from arco.catalog.events import PublishedColumn
from arco.engine import snapshot
from arco.engine.database import Database
from arco.engine.domain import LeaseTaken
from arco.engine.garbage import NamesCollected, NamesCondemned, collection_of
from arco.engine.idempotency import RESULT_HOURS, Intent
from arco.engine.pins import CreatePin, create_pin, drop_pin
from arco.ids import attempt_id, dispatch_id, milliseconds, new_uuid7, sha256, ulid, uuid7
from arco.lineage.columns import ColumnSource, ColumnsTraced, DatasetTrace, TraceMethod
from arco.lineage.domain import next_recording
from arco.lineage.events import ObservedRead, ReadsRecordedV2
from arco.model import Decision, Event, State
from arco.orchestration.commands.abandoning import (
    AbandonPublication,
    abandon_publication,
    finish_undoing,
)
from arco.orchestration.commands.attempts import (
    CompleteAttempt,
    LoseAttempt,
    StartAttempt,
    complete_attempt,
    lose_attempt,
    start_attempt,
)
from arco.orchestration.commands.deployments import (
    ChangeDynamicPartitions,
    Deploy,
    add_dynamic_partitions,
    deploy,
    remove_dynamic_partitions,
)
from arco.orchestration.commands.publications import (
    GiveUpPublication,
    RebasePublication,
    StartPublication,
    give_up_publication,
    publish_run,
    rebase_publication,
    start_publication,
)
from arco.orchestration.commands.reruns import RerunRun, rerun_run
from arco.orchestration.commands.restores import (
    AbandonRestore,
    FinishRestore,
    RebaseRestore,
    StartRestore,
    abandon_restore,
    finish_restore,
    finish_undoing_restore,
    rebase_restore,
    start_restore,
)
from arco.orchestration.commands.runs import (
    CancelRun,
    TriggerRun,
    cancel_run,
    trigger_run,
)
from arco.orchestration.controllers import next_due, standing_decisions
from arco.orchestration.definitions import AssetDefinition, Manifest, RetryPolicy
from arco.orchestration.outcomes import (
    CheckResult,
    Completion,
    ErrorCategory,
    Output,
    Read,
    StagedFile,
    TaskError,
)
from arco.orchestration.partitions import DynamicPartitions
from arco.orchestration.rows import PreparedTable, Task
from arco.orchestration.tables import ASSETS, PARTITION_STATUS, PUBLICATIONS, TASKS
from arco.service.retention import PROFILES, begin
from arco.service.workspace import DOMAINS
from arco.store import keys
from arco.store.local import LocalStore
from arco.store.scoped import ScopedStore
from arco.testing.orchestration_samples import SCOPE as RUN_SCOPE
from arco.testing.orchestration_samples import asset
from tests.golden.clocks import RepeatingRuntime
from tests.golden.folders import HISTORIES, SCOPE, fresh
from tests.golden.states import folded
from tests.golden.tracing import view_traces

ORDERS, TOTALS, LABELS = "shop.orders", "shop.totals", "shop.labels"
RUNS = tuple(ulid(1_772_366_400_000 + number, number) for number in range(10))
PART = "partition=s:ZXU"
CHAPTERS = (
    "begin",
    "succeed_after_trouble",
    "fail_and_rerun",
    "stop_and_repeat",
    "bring_back",
    "take_back",
    "give_up_restore",
    "keep_and_forget",
    "answer_again",
    "trace_columns",
    "trace_views",
)
SCHEMA = (
    '{"type":"struct","fields":[{"name":"amount","type":"long","nullable":true,"metadata":{}}]}'
)


async def write(name: str, chapters: Sequence[str] = ()) -> None:
    """The folder `histories/{name}`: the log, what its first snapshot named, and the state.

    Without `chapters`, all of them are told.
    """
    runtime = RepeatingRuntime(name)
    with tempfile.TemporaryDirectory() as folder:
        root = LocalStore(Path(folder), runtime, fsync=False)
        store = ScopedStore(root, SCOPE)
        teller = Teller(
            runtime, await Database.open(store, runtime, domains=DOMAINS, writer="golden")
        )
        for chapter in chapters or CHAPTERS:
            await getattr(teller, chapter)()
        text = await folded(store, runtime)
        shutil.copytree(folder, fresh(HISTORIES / name) / "store")
    (HISTORIES / name / "state.ndjson").write_text(text, "utf-8")
    (HISTORIES / name / "state.sha256").write_text(sha256(text.encode()) + "\n", "utf-8")


class Teller:
    """Says what happens, one decision after the other, a second apart."""

    def __init__(self, runtime: RepeatingRuntime, database: Database) -> None:
        self._runtime = runtime
        self._database = database

    async def begin(self) -> None:
        """A leader, a project with every kind of definition, values of a dynamic set."""
        await self._say(_lease)
        self._database.controllers = standing_decisions(64, RUN_SCOPE)
        await self._deploy(*_project("1"))
        await snapshot.publish(self._database)
        for values in (("eu", "us"), ("asia",)):
            await self._ask(add_dynamic_partitions(_values(*values)))
        await self._ask(remove_dynamic_partitions(_values("us")))

    async def succeed_after_trouble(self) -> None:
        """A run whose attempts fail and get lost before it is published, over a foreign version."""
        run = RUNS[0]
        await self._trigger(run, ORDERS, run_key="nightly")
        await self._start(run, 0)
        error = TaskError(ErrorCategory.USER_CODE, "boom", traceback="orders.py:3", hint="mend it")
        await self._end(run, 0, completion=Completion(error=error, checks=(_check(passed=True),)))
        await self._retry()
        await self._lose(run, 0)
        await self._retry()
        await self._start(run, 0)
        await self._end(run, 0, completion=await self._staged(ORDERS, data="a"))
        await self._publish(run, ORDERS, version=0)
        await self._trigger(RUNS[1], TOTALS, LABELS)
        await self._end(
            RUNS[1], 0, completion=await self._staged(LABELS, data="b", partition_key=PART)
        )
        await self._end(RUNS[1], 1, completion=Completion())
        await self._end(RUNS[1], 2, completion=await self._staged(TOTALS, data="c"))
        await self._publish(RUNS[1], LABELS, TOTALS, version=3)

    async def fail_and_rerun(self) -> None:
        """A run that fails and skips what is below, and one that adopts what had succeeded."""
        await self._deploy(*_project("2"))
        await self._trigger(RUNS[2], ORDERS, TOTALS)
        await self._end(RUNS[2], 0, completion=await self._staged(ORDERS, data="d"))
        broken = TaskError(ErrorCategory.DATA_QUALITY, "negative amounts")
        await self._end(RUNS[2], 1, completion=Completion(error=broken))
        command = RerunRun(
            run_id=RUNS[3], tenant="t", workspace="w", parent=RUNS[2], which="unsuccessful"
        )
        await self._ask(rerun_run(command))
        await self._end(RUNS[3], 1, completion=await self._staged(TOTALS, data="e"))
        message = "shop.totals changed its columns"
        await self._ask(give_up_publication(GiveUpPublication(run_id=RUNS[3], message=message)))

    async def stop_and_repeat(self) -> None:
        """A cancelled run, a run key that is used for something else, a run without output."""
        await self._trigger(RUNS[4], ORDERS)
        await self._start(RUNS[4], 0)
        await self._ask(cancel_run(CancelRun(run_id=RUNS[4], actor="ann", reason="too late")))
        stopped = TaskError(ErrorCategory.CANCELLED, "the run was cancelled")
        await self._end(RUNS[4], 0, completion=Completion(error=stopped))
        await self._trigger(RUNS[5], TOTALS, run_key="nightly")
        await self._trigger(RUNS[6], TOTALS)
        await self._end(RUNS[6], 0, completion=Completion(reads=(Read(ORDERS, "orders"),)))
        await self._deploy(*_project("2")[:1])

    async def bring_back(self) -> None:
        """A table of which an older version is restored, over a foreign one."""
        self._database.controllers = standing_decisions(64, RUN_SCOPE)
        await self._deploy(*_project("3")[:1])
        run = RUNS[7]
        await self._trigger(run, ORDERS)
        await self._end(run, 0, completion=await self._staged(ORDERS, data="first"))
        await self._publish(run, ORDERS, version=20)
        rows = self._database.state.range(PARTITION_STATUS, ORDERS)
        now = {row.partition_key: row.materialization for row in rows}
        file = keys.staged(self._table_id(ORDERS), attempt_id("older"), 0)
        start = StartRestore(
            restore_id=RUNS[9],
            slot=1,
            versions={ORDERS: 19},
            tables=(self._prepared(ORDERS, 22),),
            actor="ann",
            files=(file,),
        )
        await self._ask(start_restore(start))
        later = (self._prepared(ORDERS, 23),)
        await self._ask(rebase_restore(RebaseRestore(restore_id=RUNS[9], tables=later)))
        then = {key: replace(found, data_version="older") for key, found in now.items() if found}
        finish = FinishRestore(restore_id=RUNS[9], held={ORDERS: then})
        await self._ask(finish_restore(finish))

    async def take_back(self) -> None:
        """A publication that a foreign version made impossible, over one more."""
        self._database.controllers = standing_decisions(64, RUN_SCOPE)
        await self._deploy(*_project("3")[:1])
        run = RUNS[8]
        await self._trigger(run, ORDERS)
        await self._end(run, 0, completion=await self._staged(ORDERS, data="unwanted"))
        tables = (self._prepared(ORDERS, 30),)
        await self._ask(start_publication(StartPublication(run_id=run, tables=tables)))
        command = AbandonPublication(
            run_id=run,
            tables=(self._prepared(ORDERS, 31),),
            standing=tables,
            code="SCHEMA_CHANGED",
            message="shop.orders changed its columns",
        )
        await self._ask(abandon_publication(command))
        later = (self._prepared(ORDERS, 32),)
        await self._ask(rebase_publication(RebasePublication(run_id=run, tables=later)))
        await self._ask(finish_undoing(run))

    async def give_up_restore(self) -> None:
        """A restore that a foreign version made impossible, over one more."""
        self._database.controllers = standing_decisions(64, RUN_SCOPE)
        await self._deploy(*_project("3")[:1])
        run = ulid(1_772_366_500_000, 11)
        await self._trigger(run, ORDERS)
        await self._end(run, 0, completion=await self._staged(ORDERS, data="kept"))
        await self._publish(run, ORDERS, version=40)
        restore_id, tables = ulid(1_772_366_500_000, 12), (self._prepared(ORDERS, 42),)
        start = StartRestore(restore_id=restore_id, slot=1, versions={ORDERS: 19}, tables=tables)
        await self._ask(start_restore(start))
        command = AbandonRestore(
            restore_id=restore_id,
            tables=(self._prepared(ORDERS, 43),),
            standing=tables,
            code="DELTA_FEATURE_UNSUPPORTED",
            message="shop.orders asks writers for more",
        )
        await self._ask(abandon_restore(command))
        later = (self._prepared(ORDERS, 44),)
        await self._ask(rebase_restore(RebaseRestore(restore_id=restore_id, tables=later)))
        await self._ask(finish_undoing_restore(restore_id))

    async def keep_and_forget(self) -> None:
        """A pin, a pass of the collector a month later, and the pin's end."""
        await self._ask(create_pin(CreatePin(name="audit", slot=2, reason="year end")))
        self._runtime.wait(30 * 86_400)
        await self._ask(begin(PROFILES["default"]))
        await self._ask(_condemned)
        await self._ask(lambda state, now: [Event(NamesCollected(1, now))])
        await self._ask(_condemned)
        await self._ask(drop_pin("audit"))

    async def answer_again(self) -> None:
        """Requests that are known by their keys, and that they are forgotten a week later."""
        for number in range(2):
            key = uuid7(milliseconds(self._runtime.now()), number)
            intent = Intent(_told, key, sha256(b"add"), "ann" if number else "")
            values = _values(f"value-{number}")
            await self._database.transact(add_dynamic_partitions(values), intent)
            self._runtime.wait(8 * 86_400)
        assert not list(self._database.state.range(RESULT_HOURS))[1:]

    async def trace_columns(self) -> None:
        """The columns of a dataset are known, then known otherwise."""
        for column in ("amount", "paid"):
            source = ColumnSource("total", ORDERS, column)
            trace = DatasetTrace(dataset=TOTALS, method=TraceMethod.QUERY, sources=(source,))
            await self._say(_columns_traced(trace))

    async def trace_views(self) -> None:
        """A view reads a column, then a table of which no columns are known; then it goes."""
        for decision in view_traces(ORDERS, other=LABELS, view=TOTALS):
            await self._say(decision)

    async def _say(self, decision: Decision) -> None:
        self._runtime.wait(1)
        await self._database.transact(decision)

    async def _ask(self, decision: Decision) -> None:
        before = self._database.seq
        await self._say(decision)
        assert self._database.seq > before, decision

    async def _retry(self) -> None:
        due = next_due(self._database.state)
        if due is not None:
            self._runtime.at = max(due, self._runtime.at)
            await self._ask(lambda state, now: ())

    async def _deploy(self, *assets: AssetDefinition) -> None:
        manifest = Manifest("shop", tuple(sorted(assets, key=lambda item: item.key)))
        deployment = ulid(1_772_366_400_000, self._runtime.entropy(80))
        entropy = self._runtime.entropy(128)
        command = Deploy(deployment_id=deployment, manifest=manifest, entropy=entropy, actor="ann")
        await self._ask(deploy(command))

    async def _trigger(self, run_id: str, *selection: str, run_key: str = "") -> None:
        command = TriggerRun(
            run_id=run_id,
            tenant="t",
            workspace="w",
            selection=selection,
            which="all",
            run_key=run_key,
            actor="ann",
        )
        await self._ask(trigger_run(command))

    def _out(self, run_id: str, index: int) -> str:
        task = self._database.state.get(TASKS, run_id, index)
        assert isinstance(task, Task), (run_id, index)
        return dispatch_id(run_id, task.task_key, task.attempt)

    async def _start(self, run_id: str, index: int) -> None:
        at = self._runtime.now()
        command = StartAttempt(dispatch_id=self._out(run_id, index), started_at=at)
        await self._ask(start_attempt(command))

    async def _lose(self, run_id: str, index: int) -> None:
        command = LoseAttempt(dispatch_id=self._out(run_id, index), reason="it fell silent")
        await self._ask(lose_attempt(command))

    async def _end(self, run_id: str, index: int, *, completion: Completion) -> None:
        at = self._runtime.now()
        out = self._out(run_id, index)
        command = CompleteAttempt(
            dispatch_id=out, started_at=at, ended_at=at, completion=completion
        )
        await self._ask(complete_attempt(command))

    async def _staged(self, key: str, *, data: str, partition_key: str = "") -> Completion:
        table_id = self._table_id(key)
        file = StagedFile(keys.staged(table_id, attempt_id(data), 0), 2, 512)
        values: dict[str, str | None] = {"_partition": "eu"} if partition_key else {}
        output = Output(
            asset=key,
            partition_key=partition_key,
            table_id=table_id,
            files=(file,),
            schema=SCHEMA,
            rows=2,
            data_version=data,
            partition_values=values,
            metadata={"note": data},
        )
        reads = (Read(ORDERS, "orders", ("",), ("a",), 0),) if key == TOTALS else ()
        checks = (_check(passed=True), _check(passed=False))
        return Completion(output=output, checks=checks, reads=reads)

    async def _publish(self, run_id: str, *assets: str, version: int) -> None:
        tables = tuple(self._prepared(key, version) for key in assets)
        await self._ask(start_publication(StartPublication(run_id=run_id, tables=tables)))
        later = (self._prepared(assets[0], version + 1),)
        await self._ask(rebase_publication(RebasePublication(run_id=run_id, tables=later)))
        await self._ask(self._published(run_id))

    def _prepared(self, key: str, version: int) -> PreparedTable:
        table_id = self._table_id(key)
        digest = sha256(f"{key}@{version}".encode())
        name = keys.prepared_entry(table_id, digest[:16], version)
        return PreparedTable(
            table_id=table_id, asset=key, version=version, sha256=digest, prepared=name
        )

    def _table_id(self, key: str) -> str:
        row = self._database.state.get(ASSETS, key)
        assert row is not None, key
        return row.table_id

    def _published(self, run_id: str) -> Decision:
        def decide(state: State, now: datetime) -> Sequence[Event]:
            row = state.get(PUBLICATIONS, run_id)
            assert row is not None
            command = PublishVersions(
                versions=tuple(_version(table) for table in row.tables),
                run_id=run_id,
                actor="",
                mint=lambda name: new_uuid7(self._runtime),
            )
            reads = tuple(_observed(table) for table in row.tables if table.asset == TOTALS)
            recorded = ReadsRecordedV2(
                run_id=run_id, reads=reads, recorded_at=now, number=next_recording(state)
            )
            return [
                *publish_run(run_id)(state, now),
                *publish_versions(command, state, now=now),
                Event(recorded),
            ]

        return decide


def _told(state: State) -> str:
    return '{"fresh":false}'


def _lease(state: State, now: datetime) -> Sequence[Event]:
    return [Event(LeaseTaken(epoch=1, writer="golden", address="127.0.0.1:8321", taken_at=now))]


def _columns_traced(trace: DatasetTrace) -> Decision:
    return lambda state, now: [Event(ColumnsTraced(traces=(trace,), run_id=RUNS[0], traced_at=now))]


def _condemned(state: State, now: datetime) -> Sequence[Event]:
    number = collection_of(state).condemnations + 1
    name = keys.data_folder("catalog", number, "0a1b") + "tables-1.parquet"
    condemned = NamesCondemned(number, "snapshots", (name,), 512, now, now + timedelta(days=1))
    return [Event(condemned)]


def _project(version: str) -> list[AssetDefinition]:
    retry = RetryPolicy(max_attempts=2, delay_ms=30_000, backoff="exponential")
    return [
        asset(ORDERS, version=version, retry=retry, tags={"layer": "raw"}, owners=("ann",)),
        asset(TOTALS, ORDERS, version=version, priority=1, description="Orders, added up."),
        asset(
            LABELS,
            version=version,
            partitions=DynamicPartitions("regions"),
            partition_columns={"partition": "_partition"},
        ),
    ]


def _values(*values: str) -> ChangeDynamicPartitions:
    return ChangeDynamicPartitions(name="regions", values=values, actor="ann")


def _check(*, passed: bool) -> CheckResult:
    name = "not_empty" if passed else "is_recent"
    return CheckResult(name, passed, blocking=passed, message="2 rows", metadata={"rows": 2})


def _observed(table: PreparedTable) -> ObservedRead:
    return ObservedRead(
        downstream=table.asset,
        upstream=ORDERS,
        upstream_partition_keys=("",),
        upstream_data_versions=("a",),
        upstream_version=1,
        downstream_version=table.version,
    )


def _version(table: PreparedTable) -> PublishedVersion:
    namespace, name = table.asset.split(".", 1)
    return PublishedVersion(
        table_id=table.table_id,
        namespace=namespace,
        name=name,
        version=table.version,
        columns=(PublishedColumn("amount", "long"), PublishedColumn("day", "date", nullable=False)),
        rows=2,
        size_bytes=512,
        files=1,
        location=keys.warehouse(table.table_id),
        description="What was sold.",
        partition_columns=("day",),
    )
