"""Whether a task would come out as it did: then it need not be performed.

Law: code, settings and the data of every input are those that the partition was made from, and what
it was made into is what readers of this run would see. Must not know who asks, nor dispatch.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping

from arco.model import State
from arco.orchestration.definitions import AssetDefinition
from arco.orchestration.inputs import Place, reading
from arco.orchestration.rows import Materialization, PlanRow
from arco.orchestration.run_settings import Settings, settings_read, settings_version
from arco.orchestration.tables import ASSETS, PARTITION_STATUS


def may_be_left_out(plan: PlanRow, index: int) -> bool:
    """Whether the run leaves the task out when it would come out as it did.

    >>> may_be_left_out(PlanRow(run_id="R", tasks=(), downstreams=(), memoized=(1, 4)), 4)
    True
    """
    wanted = plan.memoized or ()
    place = bisect_left(wanted, index)
    return place < len(wanted) and wanted[place] == index


def unchanged(state: State, place: Place, *, settings: Settings | None) -> Materialization | None:
    """What the task's partition holds, when performing the task would make the same again.

    Cost: the task's dependencies, as `reading`.
    """
    task = place.plan.tasks[place.index]
    row = state.get(ASSETS, task.asset)
    status = state.get(PARTITION_STATUS, task.asset, task.partition_key)
    held = status.materialization if status else None
    if row is None or row.removed or not row.definition.memoize or held is None:
        return None
    definition = row.definition
    own = settings_version(settings_read(definition, settings))
    # What an asset remembers for its next attempt is an input that nobody else knows.
    if held.cursor is not None:
        return None
    if (held.code_version, held.settings_version) != (definition.code.version, own):
        return None
    if not _is_seen(held, place.plan.pins.get(task.asset)):
        return None
    return held if _inputs(state, place, definition=definition) == held.reads else None


def _is_seen(held: Materialization, pin: int | None) -> bool:
    """Whether readers of this run see what is held: another run may have published since."""
    return held.table_version is None or (pin is not None and held.table_version <= pin)


def _inputs(
    state: State, place: Place, *, definition: AssetDefinition
) -> Mapping[str, Mapping[str, str]]:
    """Upstream asset -> partition -> data version, as an attempt would record what it read."""
    found: dict[str, dict[str, str]] = {}
    for dependency in definition.dependencies:
        upstream = state.get(ASSETS, dependency.upstream)
        if upstream is None or not dependency.parameter:
            continue
        read = reading(
            state,
            place,
            dependency=dependency,
            downstream=definition,
            upstream=upstream.definition,
        )
        known = {key: version for key, version in read.versions.items() if version}
        found.setdefault(dependency.upstream, {}).update(known)
    return found


__all__ = ["may_be_left_out", "unchanged"]
