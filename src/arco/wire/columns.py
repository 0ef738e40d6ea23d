"""Columns of many tables as answers tell them: one declaration for the server and its clients."""

from __future__ import annotations

import msgspec


class ColumnLine(msgspec.Struct, frozen=True, gc=False):
    """One column of one table."""

    catalog: str
    namespace: str
    table: str
    """The table's name in its namespace."""
    table_id: str
    ordinal: int
    name: str
    type: str
    nullable: bool
    is_partition: bool
    comment: str | None = None


class ColumnList(msgspec.Struct, frozen=True, omit_defaults=True):
    """The columns of tables, by namespace, table and ordinal."""

    columns: list[ColumnLine]
    """Whole tables: the last one is not cut."""
    next_cursor: str = ""
    """Where the next page starts, as `cursor`; absent on the last page."""


__all__ = ["ColumnLine", "ColumnList"]
