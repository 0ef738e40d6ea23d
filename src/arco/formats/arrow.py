"""What assets return becomes Arrow, and Arrow becomes what assets ask for.

A library is only imported when the user's code already speaks it. Must not know files, tables
or runs.
"""

from __future__ import annotations

import inspect
import re
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds

from arco.errors import Invalid
from arco.formats.dataset import Dataset
from arco.formats.normal import normalise

ACCEPTED = (
    "a polars or pandas DataFrame, a polars LazyFrame, a DuckDB relation, a PyArrow Table, "
    "RecordBatchReader or Dataset, an input as it was received, a list of dicts, or any object "
    "with __arrow_c_stream__"
)
INDEX_COLUMN = re.compile(r"__index_level_\d+__\Z")
ALIASES = {"pd": "pandas", "pl": "polars", "pa": "pyarrow", "ds": "pyarrow", "_duckdb": "duckdb"}
CONVERSIONS: dict[tuple[str, str], Callable[[Dataset], Any]] = {
    ("pandas", "DataFrame"): Dataset.to_pandas,
    ("polars", "DataFrame"): Dataset.to_polars,
    ("polars", "LazyFrame"): Dataset.to_polars_lazy,
    ("pyarrow", "Table"): Dataset.to_arrow,
    ("pyarrow", "RecordBatchReader"): Dataset.scan,
    ("pyarrow", "Dataset"): lambda data: data.source,
    ("duckdb", "DuckDBPyRelation"): Dataset.to_duckdb,
    ("builtins", "list"): lambda data: data.to_arrow().to_pylist(),
    ("arco", "Dataset"): lambda data: data,
}
BARE = {
    "LazyFrame": ("polars", "LazyFrame"),
    "Table": ("pyarrow", "Table"),
    "RecordBatchReader": ("pyarrow", "RecordBatchReader"),
    "DuckDBPyRelation": ("duckdb", "DuckDBPyRelation"),
    "Dataset": ("arco", "Dataset"),
    "list": ("builtins", "list"),
}
UNASKED = {"", "Any", "object", "typing.Any"}


def to_arrow(value: object, *, expected: pa.Schema | None = None) -> pa.Table:
    """The value as an Arrow table in storage form.

    `expected` (the published schema) gives types to columns that hold only nulls and to an
    empty list of rows.

    Raises: Invalid OUTPUT_TYPE_UNKNOWN naming what came and what is accepted; Invalid for
        columns that cannot be stored.
    """
    try:
        table = _read(value, expected)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise Invalid(
            "OUTPUT_UNREADABLE",
            f"{_spell(type(value))} could not be read as a table: {error}",
            hint=f"return {ACCEPTED}",
        ) from error
    return normalise(table, expected)


def convert(source: ds.Dataset | pa.Table, annotation: object = inspect.Parameter.empty) -> Any:
    """The data as the type a parameter is annotated with, or a lazy `Dataset` without annotation.

    The annotation is a class or its spelling (`"pd.DataFrame"`); `X | None` counts as `X`.

    Raises: Invalid INPUT_TYPE_UNKNOWN for an annotation that names no known type.
    """
    data = Dataset(ds.dataset(source) if isinstance(source, pa.Table) else source)
    asked = _meaning(annotation)
    if asked is None:
        return data
    if asked not in CONVERSIONS:
        known = ", ".join(f"{root}.{name}" for root, name in CONVERSIONS)
        raise Invalid(
            "INPUT_TYPE_UNKNOWN",
            f"an input cannot be given as {_spell(annotation)}",
            hint=f"annotate the parameter with one of {known}, or leave the annotation out",
        )
    return CONVERSIONS[asked](data)


def _read(value: object, expected: pa.Schema | None) -> pa.Table:
    """The value as an Arrow table with whatever types it has."""
    if isinstance(value, ds.Dataset):
        return Dataset(value).to_arrow()
    family = _root(type(value))
    if family == "pandas" and type(value).__name__ == "DataFrame":
        return _read_pandas(value)
    if family == "polars" and type(value).__name__ == "LazyFrame":
        return pa.table(typing.cast(Any, value).collect())
    if isinstance(value, list | tuple) and all(isinstance(row, Mapping) for row in value):
        return _read_rows(value, expected)
    if isinstance(value, pa.Table) or hasattr(value, "__arrow_c_stream__"):
        return pa.table(value)
    if isinstance(value, pa.RecordBatch):
        return pa.Table.from_batches([value])
    raise Invalid(
        "OUTPUT_TYPE_UNKNOWN",
        f"{_spell(type(value))} is not a table",
        hint=f"return {ACCEPTED}",
    )


def _read_pandas(frame: Any) -> pa.Table:
    """Columns and named index levels; an index without a name is only a row number."""
    table = pa.Table.from_pandas(frame)
    unnamed = [name for name in table.column_names if INDEX_COLUMN.match(name)]
    return table.drop_columns(unnamed).replace_schema_metadata(None)


def _read_rows(rows: Sequence[Mapping[str, Any]], expected: pa.Schema | None) -> pa.Table:
    """A table of all keys of all rows, in order of appearance; a key a row lacks is null."""
    if not rows and expected is not None:
        return expected.empty_table()
    names = dict.fromkeys(name for row in rows for name in row)
    return pa.table({name: pa.array([row.get(name) for row in rows]) for name in names})


def _meaning(annotation: object) -> tuple[str, str] | None:
    """(library, class) that an annotation asks for; None when it asks for nothing in particular."""
    if annotation in (None, inspect.Parameter.empty, Any, object):
        return None
    if isinstance(annotation, str):
        return _meaning_of_text(annotation)
    origin = typing.get_origin(annotation)
    if origin in (typing.Union, types.UnionType):
        others = [part for part in typing.get_args(annotation) if part is not type(None)]
        return _meaning(others[0]) if len(others) == 1 else ("", _spell(annotation))
    if origin is typing.Annotated:
        return _meaning(typing.get_args(annotation)[0])
    asked = origin or annotation
    return _root(asked), getattr(asked, "__name__", _spell(asked))


def _meaning_of_text(text: str) -> tuple[str, str] | None:
    """The same for an annotation that was not evaluated."""
    parts = [part.strip() for part in text.strip("\"' ").split("|")]
    named = [part.split("[")[0] for part in parts if part != "None"]
    if len(named) != 1:
        return "", text
    name = named[0].removeprefix("Optional[")
    if name in UNASKED:
        return None
    library, dot, rest = name.partition(".")
    if not dot:
        return BARE.get(name, ("", name))
    return ALIASES.get(library, library), rest.rsplit(".", 1)[-1]


def _root(asked: object) -> str:
    """The top-level package a class comes from."""
    package = str(getattr(asked, "__module__", "")).split(".")[0]
    return ALIASES.get(package, package)


def _spell(kind: object) -> str:
    """A type as the user would recognise it."""
    if isinstance(kind, type):
        return f"{_root(kind)}.{kind.__qualname__}".removeprefix("builtins.")
    return str(kind)


__all__ = [
    "convert",
    "to_arrow",
]
