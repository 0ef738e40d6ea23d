"""Merging: rows take the place of those with the same keys, and a merge stands on what it read.

Law: the same rows give the same order, so that data versions can be compared; what was merged into
another content of the partition than it replaces is refused. Must not know runs or stores.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from arco.errors import Invalid
from arco.formats.kinds import KINDS, snapshot
from arco.formats.versions import PublishedVersion, TableSnapshot
from arco.orchestration.outcomes import Output

PLACE = "_arco_place"
EXAMPLES_MAX = 3


def merged(before: pa.Table | None, rows: pa.Table, *, keys: Sequence[str]) -> pa.Table:
    """The rows that were there and have other keys, in their order; then the rows that came.

    Raises: Invalid MERGE_KEYS_INVALID when a key column is missing or null or keys are repeated.
    """
    _refuse_unusable(rows, keys)
    if before is None:
        return rows
    kept = _others(before, rows, keys=keys)
    return pa.concat_tables([before.take(kept), rows], promote_options="permissive")


def refuse_other_base(
    location: str, outputs: Sequence[Output], *, base: int | None, before: TableSnapshot | None
) -> None:
    """Refuses to replace partitions of `before` that hold something else than in version `base`,
    which the outputs were merged into.

    Raises: Invalid MERGE_BASE_CHANGED.
    """
    if (before.version if before else None) == base:
        return
    format = before.format if before else "delta"
    merged_into = (
        None if base is None else snapshot(location, PublishedVersion(base, format=format))
    )
    for output in outputs:
        if _paths(merged_into, output) == _paths(before, output):
            continue
        if _rows_changed(location, output, since=base, until=before):
            named = f" {output.partition_key}" if output.partition_key else ""
            raise Invalid(
                "MERGE_BASE_CHANGED",
                f"another run or program wrote to{named or ' the table'} of {output.asset} after "
                "this run began to merge into it",
                hint="run it again: it then merges into what is there now",
            )


def _rows_changed(
    location: str, output: Output, *, since: int | None, until: TableSnapshot | None
) -> bool:
    """False when the partition's files were only put together since: it holds the same rows."""
    if since is None or until is None:
        return True
    moves_rows = KINDS[until.format].moves_rows
    return any(
        moves_rows(location, version, of=output.partition_values)
        for version in range(since + 1, until.version + 1)
    )


def _paths(found: TableSnapshot | None, output: Output) -> set[str]:
    files = found.files if found else ()
    return {file.path for file in files if file.partition_values == output.partition_values}


def _others(before: pa.Table, rows: pa.Table, *, keys: Sequence[str]) -> pa.Array:
    """Where rows stand whose keys do not come again, ascending."""
    names = list(keys)
    missing = [name for name in names if name not in before.column_names]
    if missing:
        raise _unusable(f"the published table has no column {', '.join(missing)}")
    places = pa.array(range(before.num_rows), pa.int64())
    known = before.select(names).append_column(PLACE, places)
    types = [before.schema.field(name) for name in names]
    try:
        coming = rows.select(names).cast(pa.schema(types))
    except pa.ArrowException as error:
        raise _unusable(f"keys of another type than the published ones: {error}") from None
    left = known.join(coming, names, join_type="left anti").column(PLACE)
    return left.take(pc.sort_indices(left))


def _refuse_unusable(rows: pa.Table, keys: Sequence[str]) -> None:
    for name in keys:
        if name not in rows.column_names:
            raise _unusable(f"the data has no column {name}")
        if rows.column(name).null_count:
            raise _unusable(f"{rows.column(name).null_count} rows have no {name}")
    counted = rows.group_by(list(keys)).aggregate([([], "count_all")])
    repeated = counted.filter(pc.greater(counted.column("count_all"), 1))
    if repeated.num_rows:
        shown = repeated.select(list(keys)).slice(0, EXAMPLES_MAX).to_pylist()
        raise _unusable(f"{repeated.num_rows} keys come more than once, for example {shown}")


def _unusable(sentence: str) -> Invalid:
    return Invalid(
        "MERGE_KEYS_INVALID",
        f"rows cannot be merged: {sentence}",
        hint="each row needs its own values in the columns of merge_keys",
    )


__all__ = ["EXAMPLES_MAX", "PLACE", "merged", "refuse_other_base"]
