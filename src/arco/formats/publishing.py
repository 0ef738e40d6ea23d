"""Publishing a run: its staged files become the next version of each of its tables, exactly once.

Fix the versions and the bytes, create the table-log entries, then one commit moves every pin, names
the tables and records the lineage. From `PublicationStarted` on only forward.
Source: orchestration, "Publishing".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial

import msgspec

from arco.catalog.commands import PublishVersions, publish_versions
from arco.engine.fold import fold
from arco.engine.tables import Overlay
from arco.errors import ArcoError, Invalid, NotFound
from arco.formats import kinds, steps
from arco.formats import schema as schemas
from arco.formats.column_lineage import columns_event, traceable_assets, traced
from arco.formats.entries import displaced_of, fixed_entry, published_version, snapshots_of
from arco.formats.kinds import KINDS
from arco.formats.maintaining import compact
from arco.formats.merging import refuse_other_base
from arco.formats.restoring import restore
from arco.formats.undoing import undo_of
from arco.formats.versions import PublishedVersion, TableSnapshot
from arco.ids import milliseconds, new_uuid7
from arco.lineage.columns import DatasetTrace
from arco.lineage.domain import next_recording
from arco.lineage.events import ObservedRead, ReadsRecordedV2
from arco.model import Event, State
from arco.orchestration.commands.abandoning import (
    AbandonPublication,
    abandon_publication,
    finish_undoing,
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
from arco.orchestration.definitions import Format
from arco.orchestration.maintenance import COMPACTIONS
from arco.orchestration.outcomes import Output
from arco.orchestration.published import recorded_entry
from arco.orchestration.reducers.abandoning import is_abandoned
from arco.orchestration.restores import RESTORES
from arco.orchestration.rows import Asset, PreparedTable, Publication, Task
from arco.orchestration.states import PublicationState
from arco.orchestration.tables import ASSETS, PINS, PLANS, PUBLICATIONS, TASKS
from arco.service.table_formats import format_of, refuse_other_format
from arco.service.view_lineage import retraced, views_among
from arco.service.workspace import Workspace
from arco.store import keys

REBASES_MAX = 100


class StagedTable(msgspec.Struct, frozen=True):
    """One table of a run: the asset, the version readers see now, and what was staged for it."""

    asset: Asset
    format: Format
    pinned: int | None
    outputs: tuple[Output, ...]
    merged_into: int | None = None
    """Of an asset that merges: the version that its outputs hold, too."""
    entry: str = ""
    """The hash of the log entry that made `pinned`, as it was recorded."""

    @property
    def seen(self) -> PublishedVersion | None:
        """What readers see now, as it was published."""
        if self.pinned is None:
            return None
        return PublishedVersion(self.pinned, self.entry, self.format)


class TablePublisher:
    """The service's `Publisher`."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._database = workspace.database
        self._store = workspace.store
        self._runtime = workspace.runtime

    async def publish(self, run_id: str) -> None:
        """The run's publication moves forward as far as it can; so does a restore or a
        compaction by its id.

        Idempotent: by that id.
        """
        if await self._database.asked(lambda state: state.get(RESTORES, run_id)) is not None:
            await restore(self._workspace, run_id)
            return
        if await self._database.asked(lambda state: state.get(COMPACTIONS, run_id)) is not None:
            await compact(self._workspace, run_id)
            return
        for _ in range(REBASES_MAX):
            publication = await self._publication(run_id)
            if publication is None or publication.state is PublicationState.PUBLISHED:
                return
            if publication.state is PublicationState.REQUESTED:
                if not await self._start(run_id):
                    return
            elif not await self._create_entries(publication):
                continue
            elif is_abandoned(publication):
                await self._database.transact(finish_undoing(run_id))
            else:
                await self._finish(publication)

    async def _publication(self, run_id: str) -> Publication | None:
        return await self._database.asked(lambda state: state.get(PUBLICATIONS, run_id))

    async def _start(self, run_id: str) -> bool:
        """Fix versions and bytes. False: nothing moved, somebody else publishes these tables
        now.
        """
        try:
            tables = await self._prepare(run_id)
        except (Invalid, NotFound) as error:
            command = GiveUpPublication(run_id=run_id, message=f"{error.message}. {error.hint}")
            await self._database.transact(give_up_publication(command))
            return False
        start = StartPublication(run_id=run_id, tables=tables)
        receipt = await self._database.transact(start_publication(start))
        return bool(receipt.events)

    async def _prepare(self, run_id: str) -> tuple[PreparedTable, ...]:
        staged = await self._database.asked(lambda state: staged_tables(state, run_id))
        return tuple([await self._prepared(run_id, table, onto=table.seen) for table in staged])

    async def _prepared(
        self, run_id: str, table: StagedTable, *, onto: PublishedVersion | None
    ) -> PreparedTable:
        refuse_other_format(table.asset.definition, table.format)
        location = self._location(table.asset.table_id)
        before = None
        if onto is not None:
            before = await self._runtime.thread(kinds.snapshot, location, onto)
        if table.asset.definition.write_mode == "merge":
            refuse = partial(refuse_other_base, location, table.outputs)
            await self._runtime.thread(partial(refuse, base=table.merged_into, before=before))
        publication = steps.Publication(
            table_id=table.asset.table_id,
            run_id=run_id,
            outputs=table.outputs,
            committed_at_ms=milliseconds(self._runtime.now()),
            mode=table.asset.definition.write_mode,
            schema_policy=table.asset.definition.schema_policy,
            partition_columns=tuple(table.asset.definition.partition_carriers.values()),
        )
        data = await self._runtime.thread(partial(_entry, publication, before, format=table.format))
        following = 0 if onto is None else onto.number + 1
        return await fixed_entry(
            self._store, table.asset, data=data, version=following, owner=run_id
        )

    async def _create_entries(self, publication: Publication) -> bool:
        """Every table-log entry stands. False: a foreign one was in the way and we moved past
        it.
        """
        displaced = await displaced_of(self._workspace, publication.tables)
        if displaced and is_abandoned(publication):
            await self._rebase_undo(publication, displaced)
        elif displaced:
            try:
                await self._rebase(publication, displaced)
            except (Invalid, NotFound) as error:
                await self._abandon(publication, displaced, error=error)
        return not displaced

    async def _rebase(self, publication: Publication, displaced: list[PreparedTable]) -> None:
        run_id = publication.run_id
        tables = await self._database.asked(lambda state: staged_tables(state, run_id))
        staged = {table.asset.table_id: table for table in tables}
        moved = []
        for table in displaced:
            location = self._location(table.table_id)
            kept = staged[table.table_id]
            newest = await self._runtime.thread(KINDS[kept.format].latest_version, location)
            onto = None if newest is None else PublishedVersion(newest, format=kept.format)
            following = await self._prepared(run_id, kept, onto=onto)
            moved.append(following)
        command = RebasePublication(run_id=publication.run_id, tables=tuple(moved))
        await self._database.transact(rebase_publication(command))

    async def _abandon(
        self,
        publication: Publication,
        displaced: list[PreparedTable],
        *,
        error: Invalid | NotFound,
    ) -> None:
        """What a foreign version refuses is refused for the run; what stands of it goes back."""
        run_id = publication.run_id
        standing = [table for table in publication.tables if table not in displaced]
        undo = await undo_of(self._workspace, standing, run_id=run_id)
        command = AbandonPublication(
            run_id=run_id,
            tables=undo.tables,
            standing=undo.standing,
            code=error.code,
            message=_why(error, displaced, left=undo.left),
        )
        await self._database.transact(abandon_publication(command))

    async def _rebase_undo(self, publication: Publication, displaced: list[PreparedTable]) -> None:
        """Displaced entries that take ours back follow the foreign ones; or cannot any more."""
        run_id = publication.run_id
        moved = {table.table_id for table in displaced}
        standing = publication.standing or ()
        undo = await undo_of(
            self._workspace, [each for each in standing if each.table_id in moved], run_id=run_id
        )
        if undo.left:
            kept = [table for table in publication.tables if table.asset not in undo.left]
            fewer = AbandonPublication(
                run_id=run_id, tables=tuple(kept), standing=standing, code="", message=""
            )
            await self._database.transact(abandon_publication(fewer))
        command = RebasePublication(run_id=run_id, tables=undo.tables)
        await self._database.transact(rebase_publication(command))

    async def _finish(self, publication: Publication) -> None:
        snapshots = await snapshots_of(self._workspace, publication.tables)
        traces = await self._traces(publication, snapshots)
        ids: dict[str, str] = {}

        def mint(name: str) -> str:
            return ids.setdefault(name, new_uuid7(self._runtime))

        def decide(state: State, now: datetime) -> Sequence[Event]:
            published = publish_run(publication.run_id)(state, now)
            if not published:
                return ()
            versions = tuple(
                published_version(state, table, snapshot=snapshots[table.table_id])
                for table in publication.tables
            )
            command = PublishVersions(
                versions=versions, run_id=publication.run_id, actor="", mint=mint
            )
            columns = columns_event(state, traces, run_id=publication.run_id, now=now)
            lineage = [recorded_reads(state, publication, now=now), *columns]
            named = publish_versions(command, state, now=now)
            events = [*published, *named, *(Event(payload) for payload in lineage)]
            return [*events, *self._of_views(state, publication, events=events, now=now)]

        await self._database.transact(decide)

    def _of_views(
        self, state: State, publication: Publication, *, events: Sequence[Event], now: datetime
    ) -> Iterator[Event]:
        """What the views that read the published tables read of them from now on."""
        names = [table.asset for table in publication.tables]
        if not views_among(state, names):
            return
        overlay = Overlay(state)
        fold(self._database.registry, overlay, events=events)
        yield from (Event(payload) for payload in retraced(overlay, names, now=now))

    async def _traces(
        self, publication: Publication, snapshots: Mapping[str, TableSnapshot]
    ) -> tuple[DatasetTrace, ...]:
        columns = {
            table.asset: tuple(schemas.fields_of(snapshots[table.table_id].schema))
            for table in publication.tables
        }
        assets = await self._database.asked(
            lambda state: traceable_assets(state, publication, published=columns)
        )
        return await self._runtime.thread(traced, assets)

    def _location(self, table_id: str) -> str:
        return self._store.location(keys.warehouse(table_id).rstrip("/"))


def _entry(
    publication: steps.Publication, before: TableSnapshot | None, *, format: Format
) -> bytes:
    """The entry that publishes on top of `before`.

    Raises: what `steps.written` and the format's `entry` raise.
    """
    return KINDS[format].entry(steps.written(publication, before), before)


def _why(error: ArcoError, displaced: Sequence[PreparedTable], *, left: Sequence[str]) -> str:
    """What the run ends with."""
    names = ", ".join(table.asset for table in displaced)
    lines = [
        f"{error.code}: another program changed {names} while the run was published, and its data "
        f"does not fit any more. {error.message}. {error.hint}. Nothing of the run is visible."
    ]
    if left:
        lines.append(f"{', '.join(left)} cannot be written to any more and keeps its rows.")
    return " ".join(lines)


def staged_tables(state: State, run_id: str) -> list[StagedTable]:
    """What the run's tasks staged, by table, in the order of the tasks."""
    outputs: dict[str, list[Output]] = {}
    for task in state.range(TASKS, run_id):
        if task.output is not None:
            outputs.setdefault(task.asset, []).append(task.output)
    plan = state.get(PLANS, run_id)
    tables = []
    for key, staged in sorted(outputs.items()):
        asset = state.get(ASSETS, key)
        pin = state.get(PINS, key)
        if asset is not None:
            base = plan.pins.get(key) if plan else None
            version = pin.version if pin else None
            entry = recorded_entry(state, key, version=version)
            format = format_of(state, asset)
            tables.append(StagedTable(asset, format, version, tuple(staged), base, entry))
    return tables


def recorded_reads(state: State, publication: Publication, *, now: datetime) -> ReadsRecordedV2:
    """What the run's tasks really read, as lineage."""
    versions = {table.asset: table.version for table in publication.tables}
    reads = tuple(
        _observed(task, index, versions=versions)
        for task in state.range(TASKS, publication.run_id)
        for index in range(len(task.reads))
    )
    return ReadsRecordedV2(
        run_id=publication.run_id, reads=reads, recorded_at=now, number=next_recording(state)
    )


def _observed(task: Task, index: int, *, versions: dict[str, int]) -> ObservedRead:
    read = task.reads[index]
    return ObservedRead(
        downstream=task.asset,
        upstream=read.upstream,
        partition_key=task.partition_key,
        upstream_partition_keys=read.partition_keys,
        upstream_data_versions=read.data_versions,
        upstream_version=versions.get(read.upstream, read.table_version),
        downstream_version=versions.get(task.asset),
    )


__all__ = [
    "StagedTable",
    "TablePublisher",
    "recorded_reads",
    "staged_tables",
]
