"""`Dataset`: what an asset receives for an upstream it did not ask to convert; nothing is read
until it is used.

Must not know tables, versions or runs: it is given a `pyarrow.dataset.Dataset`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds

from arco.formats.checked import checked_reader, damage_named


class Dataset:
    """A lazy table: any library that speaks Arrow can read it, and filters reach the files."""

    def __init__(self, source: ds.Dataset) -> None:
        self.source = source

    @property
    def schema(self) -> pa.Schema:
        """Column names and types."""
        return self.source.schema

    def count_rows(self) -> int:
        """How many rows there are; mostly answered from file footers."""
        return int(self.source.count_rows())

    def scan(
        self, columns: Sequence[str] | None = None, *, where: ds.Expression | None = None
    ) -> pa.RecordBatchReader:
        """A stream of the chosen columns and rows, for data larger than memory.

        Raises, while it is read: Corrupt DATA_FILE_DAMAGED.
        """
        chosen = None if columns is None else list(columns)
        return checked_reader(self.source, self.source.scanner(columns=chosen, filter=where))

    def to_arrow(self) -> pa.Table:
        """All rows as an Arrow table. Raises: Corrupt DATA_FILE_DAMAGED."""
        with damage_named(self.source):
            return self.source.to_table()

    def to_pandas(self) -> Any:
        """All rows as a `pandas.DataFrame`."""
        return self.to_arrow().to_pandas()

    def to_polars(self) -> Any:
        """All rows as a `polars.DataFrame`."""
        import polars

        return polars.from_arrow(self.to_arrow())

    def to_polars_lazy(self) -> Any:
        """A `polars.LazyFrame` that reads only the columns and rows its query needs."""
        import polars

        return polars.scan_pyarrow_dataset(self.source)

    def to_duckdb(self) -> Any:
        """A relation of DuckDB's default connection, which `duckdb.sql` can join with others."""
        import duckdb

        return duckdb.from_arrow(self.source)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.scan().__arrow_c_stream__(requested_schema)

    def __repr__(self) -> str:
        columns = ", ".join(f"{field.name}: {field.type}" for field in self.schema)
        return f"Dataset({columns})"


__all__ = [
    "Dataset",
]
