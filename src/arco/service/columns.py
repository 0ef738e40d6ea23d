"""Columns by the names people use for them: `namespace.table.column`.

A dataset is an asset, a table or a view; its columns are those of the version readers see.
"""

from __future__ import annotations

from contextlib import suppress
from difflib import get_close_matches

from arco.catalog.finding import find_table, look_up
from arco.catalog.kinds import Kind
from arco.catalog.tables import COLUMNS
from arco.errors import NotFound
from arco.lineage.tracing import Untraceable
from arco.model import State
from arco.service.view_lineage import view_columns


def columns_of(state: State, dataset: str) -> tuple[str, ...]:
    """The columns of the table or view called `dataset`; none of a view whose text is not
    understood.

    Raises: NotFound TABLE_NOT_FOUND.
    """
    view = look_up(state, Kind.VIEW, name=dataset)
    if view is not None:
        with suppress(Untraceable):
            return view_columns(state, view)
        return ()
    table = find_table(state, dataset)
    return tuple(row.name for row in state.range(COLUMNS, table.table_id))


def require_column(state: State, dataset: str, *, column: str) -> None:
    """Raise NotFound COLUMN_NOT_FOUND, with close names, unless the table has the column."""
    columns = columns_of(state, dataset)
    if column in columns:
        return
    close = get_close_matches(column, columns, n=3)
    meant = f"did you mean {' or '.join(close)}?" if close else f"it has {', '.join(columns[:20])}"
    raise NotFound(
        "COLUMN_NOT_FOUND", f"{dataset} has no column {column!r}", hint=meant, close=tuple(close)
    )


def split_column(state: State, name: str) -> tuple[str, str]:
    """Dataset and column of `namespace.table.column`; the column is "" when `name` is a table.

    Raises: NotFound for what is neither.
    """
    if look_up(state, Kind.VIEW, name=name) is not None:
        return name, ""
    try:
        find_table(state, name)
    except NotFound as nothing:
        dataset, _, column = name.rpartition(".")
        if "." not in dataset:
            raise nothing from None
        require_column(state, dataset, column=column)
        return dataset, column
    return name, ""


__all__ = ["columns_of", "require_column", "split_column"]
