"""A state in which what the caller may not know of is not there.

Law: existence privacy by construction. Whatever reads the view, with its errors, hints, pages and
counts, cannot tell a hidden row from one that never was. A table without a rule is empty.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Protocol

from arco.catalog.finding import look_up
from arco.catalog.kinds import Found, Kind, by_id
from arco.catalog.tables import (
    CATALOGS,
    COLUMNS,
    DROPPED,
    DROPPED_NAMES,
    FUNCTIONS,
    NAMESPACES,
    OBJECT_NAMES,
    SCHEMA_VERSIONS,
    TABLE_NAMES,
    TABLES,
    TAGGED,
    TAGS,
    VIEWS,
    VOLUMES,
    CatalogTable,
    Column,
    DroppedName,
    DroppedObject,
    SchemaVersion,
    TableName,
)
from arco.lineage.columns import COLUMN_CONSUMERS, COLUMN_EDGES, TRACED_DATASETS
from arco.lineage.graph import Link, graph_of
from arco.lineage.tables import CONSUMERS, EDGES, OBSERVATIONS
from arco.model import Key, Relation, Row, State, Table, noting
from arco.orchestration import run_limits
from arco.orchestration.backfills import (
    BACKFILL_CHUNKS,
    BACKFILL_MARKS,
    BACKFILLS,
    NEWEST_BACKFILLS,
)
from arco.orchestration.breaches import BREACH_COUNTS, BREACHES
from arco.orchestration.evaluations import CONDITIONS, EVALUATIONS
from arco.orchestration.freshness import FRESHNESS
from arco.orchestration.maintenance import CHECKPOINTS, COMPACTIONS
from arco.orchestration.notifications import NOTIFICATIONS, SUBJECTS, Notification
from arco.orchestration.schedules import (
    SCHEDULE_TICKS,
    SCHEDULES,
    Schedule,
    ScheduleTick,
    TickOutcome,
)
from arco.orchestration.sensors import SENSOR_EVALUATIONS, SENSORS, Sensor, SensorEvaluation
from arco.orchestration.tables import (
    ASSETS,
    CHECKS,
    DISPATCHES,
    NEWEST_RUNS,
    PARTITION_STATUS,
    PAST_ATTEMPTS,
    PINS,
    PLANS,
    PUBLICATIONS,
    RUN_KEY_CONFLICTS,
    RUN_KEYS,
    RUNS,
    TASKS,
)
from arco.service.visibility import Visible

MISSES_MAX = 16


class Shown(Protocol):
    """Whether a row is shown to whoever sees `visible` of the state."""

    def __call__(self, visible: Visible, state: State, *, row: Any) -> bool: ...


class View:
    """`model.State` as one caller may know it."""

    def __init__(self, state: State, visible: Visible) -> None:
        self._state = state
        self._visible = visible
        self._noting = noting(state)

    @property
    def notes(self) -> dict[str, Any]:
        """Those of the state: who keeps some there says what they rest on, and asks `mark`."""
        return self._noting.notes if self._noting is not None else {}

    def mark(self, table: Table[Any], first: Any) -> object:
        """That of the state for rows of an asset that may be known of; None for any others."""
        # The rule speaks of the asset: all of its rows are shown, or none.
        if self._noting is None or RULES.get(table.name) is not _of_asset:
            return None
        if not self._visible.sees_asset(self._state, first):
            return None
        return self._noting.mark(table, first)

    @property
    def visible(self) -> Visible:
        """What the caller may know of."""
        return self._visible

    @property
    def whole(self) -> State:
        """The state itself: for decisions about the caller, never for answers."""
        return self._state

    def get(self, table: Table[Row], *key: Any) -> Row | None:
        row = self._state.get(table, *key)
        shown = RULES.get(table.name)
        if row is None or shown is None or not shown(self._visible, self._state, row=row):
            return None
        return row

    def range(self, table: Table[Row], *prefix: Any, after: Key | None = None) -> Iterator[Row]:
        if table is TABLES and len(prefix) == 1:
            tables: Iterator[Any] = self._tables_of(prefix[0], after)
            return tables
        shown = RULES.get(table.name)
        if shown is None:
            return iter(())
        rows = self._state.range(table, *prefix, after=after)
        if table is COLUMNS and prefix:
            # All of them are shown, or none: the rule speaks of their table.
            name = self._state.get(TABLE_NAMES, prefix[0])
            known = name is not None and _of_table(self._visible, self._state, row=name)
            return rows if known else iter(())
        return (row for row in rows if shown(self._visible, self._state, row=row))

    def below(self, relation: Relation, nodes: Sequence[Key]) -> Iterator[Link]:
        """The edges that come from the nodes, between datasets that may be known of."""
        return self._known(relation, graph_of(self._state).below(relation, nodes))

    def above(self, relation: Relation, nodes: Sequence[Key]) -> Iterator[Link]:
        """The edges that go to the nodes, between datasets that may be known of."""
        return self._known(relation, graph_of(self._state).above(relation, nodes))

    def _known(self, relation: Relation, links: Iterator[Link]) -> Iterator[Link]:
        if relation.forward.name not in RULES:
            return iter(())
        known: dict[str, bool] = {}
        return (link for link in links if all(self._sees(end[0], known) for end in link))

    def _sees(self, dataset: str, known: dict[str, bool]) -> bool:
        if dataset not in known:
            known[dataset] = self._visible.sees_asset(self._state, dataset)
        return known[dataset]

    def _tables_of(self, namespace_id: str, after: Key | None) -> Iterator[CatalogTable]:
        """The visible tables of a namespace.

        Cost: the rows themselves, and at most sixteen hidden ones before each.
        """
        while True:
            place = yield from self._near(namespace_id, after)
            following = self._visible.next_name(namespace_id, place) if place else None
            if following is None:
                return
            row = self._state.get(TABLES, namespace_id, following)
            if row is not None and row.table_id in self._visible.tables:
                yield row
            after = (namespace_id, following)

    def _near(
        self, namespace_id: str, after: Key | None
    ) -> Generator[CatalogTable, None, str | None]:
        """Visible tables until too many hidden ones stand in a row; then the name reached."""
        rows = self._state.range(TABLES, namespace_id, after=after)
        first = next(rows, None)
        if first is None:
            return None
        if self._visible.is_within(self._state, first):
            yield first
            yield from rows
            return None
        tables, misses = self._visible.tables, 0
        for row in chain((first,), rows):
            if row.table_id in tables:
                misses = 0
                yield row
            elif (misses := misses + 1) > MISSES_MAX:
                return row.name
        return None


def whole_of(state: State) -> State:
    """The state without what hides rows of it."""
    return state.whole if isinstance(state, View) else state


def _of_leaf(kind: Kind) -> Shown:
    def shown(visible: Visible, state: State, *, row: Any) -> bool:
        return visible.sees(state, Found(kind, row))

    return shown


def _of_object(visible: Visible, state: State, *, row: Any) -> bool:
    found = by_id(state, row.object_id)
    return found is not None and visible.sees(state, found)


def _of_table(visible: Visible, state: State, *, row: TableName | Column | SchemaVersion) -> bool:
    name = row if isinstance(row, TableName) else state.get(TABLE_NAMES, row.table_id)
    if name is None or row.table_id in visible.tables:
        return name is not None
    table = state.get(TABLES, name.namespace_id, name.name)
    return table is not None and visible.is_within(state, table)


def _of_dropped(visible: Visible, state: State, *, row: DroppedName | DroppedObject) -> bool:
    dropped = row if isinstance(row, DroppedObject) else state.get(DROPPED, row.object_id)
    return dropped is not None and visible.sees_dropped(state, dropped)


def _of_asset(visible: Visible, state: State, *, row: Any) -> bool:
    return visible.sees_asset(state, row.asset)


def _of_run(visible: Visible, state: State, *, row: Any) -> bool:
    return visible.sees_run(state, row.run_id)


def _of_backfill(visible: Visible, state: State, *, row: Any) -> bool:
    return _sees_backfill(visible, state, backfill_id=row.backfill_id)


def _sees_backfill(visible: Visible, state: State, *, backfill_id: str) -> bool:
    """True for one of which every asset may be known of."""
    backfill = state.get(BACKFILLS, backfill_id)
    assets = backfill.assets if backfill else ()
    return bool(assets) and all(visible.sees_asset(state, asset) for asset in assets)


def _of_condition(visible: Visible, state: State, *, row: Any) -> bool:
    """True for one of which every asset that it looks at may be known of, too."""
    standing = state.get(CONDITIONS, row.asset)
    watched = standing.definition.watches if standing else ()
    return all(visible.sees_asset(state, asset) for asset in (row.asset, *watched))


def _of_breach(visible: Visible, state: State, *, row: Any) -> bool:
    """True for a promise about an asset that may be known of."""
    return bool(row.subject) and visible.sees_asset(state, row.subject)


def _of_schedule(visible: Visible, state: State, *, row: Schedule) -> bool:
    """True for one that selects what may be known of, and ran nothing else last."""
    selected = visible.sees_selection(state, row.definition.selection)
    return selected and _may_name(visible, state, run_id=row.last_run_id)


def _of_tick(visible: Visible, state: State, *, row: ScheduleTick) -> bool:
    """True for one of such a schedule; why it was refused may name anything, but to who asked."""
    schedule = state.get(SCHEDULES, row.schedule)
    if schedule is None or not _of_schedule(visible, state, row=schedule):
        return False
    if row.outcome is TickOutcome.REFUSED and row.actor not in visible.principals:
        return False
    return _may_name(visible, state, run_id=row.run_id)


def _of_sensor(visible: Visible, state: State, *, row: Sensor) -> bool:
    """True for one that selects what may be known of, and whose newest look tells of nothing else.

    A request may name anything, whatever the sensor selects.
    """
    if not visible.sees_selection(state, row.definition.selection):
        return False
    newest = state.get(SENSOR_EVALUATIONS, row.name, row.evaluations)
    told = newest is None or _tells_known(visible, state, look=newest)
    return told and _may_name(visible, state, run_id=row.last_run_id)


def _of_look(visible: Visible, state: State, *, row: SensorEvaluation) -> bool:
    sensor = state.get(SENSORS, row.sensor)
    if sensor is None or not _of_sensor(visible, state, row=sensor):
        return False
    return _tells_known(visible, state, look=row)


def _tells_known(visible: Visible, state: State, *, look: SensorEvaluation) -> bool:
    """True for a look that started nothing hidden; why a request was refused may name anything."""
    runs = (_may_name(visible, state, run_id=run_id) for run_id in look.run_ids)
    return not look.refused and all(runs)


def _may_name(visible: Visible, state: State, *, run_id: str) -> bool:
    """True for no run, for one that may be known of, and for one that is forgotten."""
    return not run_id or state.get(PLANS, run_id) is None or visible.sees_run(state, run_id)


def _of_notification(visible: Visible, state: State, *, row: Notification) -> bool:
    """True for what is told of a run, a backfill or an asset that may be known of."""
    match SUBJECTS.get(row.kind):
        case "runs":
            return visible.sees_run(state, row.subject)
        case "backfills":
            return _sees_backfill(visible, state, backfill_id=row.subject)
        case "assets":
            return visible.sees_asset(state, row.subject)
        case _:
            return False


def _of_edge(visible: Visible, state: State, *, row: Any) -> bool:
    return _of_dataset(visible, state, name=row.upstream) and _of_dataset(
        visible, state, name=row.downstream
    )


def _of_dataset(visible: Visible, state: State, *, name: str) -> bool:
    """Assets by their keys, and tables and views that nothing makes by their names."""
    if state.get(ASSETS, name) is not None:
        return visible.sees_asset(state, name)
    named = (look_up(state, kind, name=name) for kind in (Kind.TABLE, Kind.VIEW))
    return any(visible.sees(state, found) for found in named if found is not None)


# Table -> whether a row of it is shown. What is not here is shown to nobody who may not know of
# the whole workspace: a message or a name in it could tell of something else.
RULES: Mapping[str, Shown] = {
    CATALOGS.name: lambda visible, state, *, row: visible.sees_catalog(state, row.name),
    NAMESPACES.name: lambda visible, state, *, row: visible.sees_namespace(state, row),
    TABLES.name: lambda visible, state, *, row: visible.sees_table(state, row),
    TABLE_NAMES.name: _of_table,
    COLUMNS.name: _of_table,
    SCHEMA_VERSIONS.name: _of_table,
    VIEWS.name: _of_leaf(Kind.VIEW),
    VOLUMES.name: _of_leaf(Kind.VOLUME),
    FUNCTIONS.name: _of_leaf(Kind.FUNCTION),
    OBJECT_NAMES.name: _of_object,
    TAGS.name: _of_object,
    TAGGED.name: _of_object,
    DROPPED.name: _of_dropped,
    DROPPED_NAMES.name: _of_dropped,
    ASSETS.name: lambda visible, state, *, row: visible.sees_asset(state, row.key),
    PARTITION_STATUS.name: _of_asset,
    CHECKS.name: _of_asset,
    PINS.name: _of_asset,
    COMPACTIONS.name: _of_asset,
    CHECKPOINTS.name: _of_asset,
    RUNS.name: _of_run,
    NEWEST_RUNS.name: _of_run,
    PLANS.name: _of_run,
    run_limits.QUEUED_RUNS.name: _of_run,
    run_limits.ADMITTED_RUNS.name: _of_run,
    TASKS.name: _of_run,
    PAST_ATTEMPTS.name: _of_run,
    DISPATCHES.name: _of_run,
    PUBLICATIONS.name: _of_run,
    BACKFILLS.name: _of_backfill,
    BACKFILL_CHUNKS.name: _of_backfill,
    BACKFILL_MARKS.name: _of_backfill,
    NEWEST_BACKFILLS.name: _of_backfill,
    CONDITIONS.name: _of_condition,
    EVALUATIONS.name: _of_condition,
    FRESHNESS.name: _of_asset,
    SCHEDULES.name: _of_schedule,
    SCHEDULE_TICKS.name: _of_tick,
    SENSORS.name: _of_sensor,
    SENSOR_EVALUATIONS.name: _of_look,
    NOTIFICATIONS.name: _of_notification,
    BREACHES.name: _of_breach,
    BREACH_COUNTS.name: _of_breach,
    RUN_KEYS.name: _of_run,
    RUN_KEY_CONFLICTS.name: _of_run,
    EDGES.name: _of_edge,
    CONSUMERS.name: _of_edge,
    OBSERVATIONS.name: _of_edge,
    COLUMN_EDGES.name: _of_edge,
    COLUMN_CONSUMERS.name: _of_edge,
    TRACED_DATASETS.name: lambda visible, state, *, row: _of_dataset(
        visible, state, name=row.dataset
    ),
}

__all__ = ["RULES", "Shown", "View", "whole_of"]
