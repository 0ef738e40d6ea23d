"""An asset's table becomes the output of one attempt: files, schema, statistics and data version.

Nothing here touches a table log: staged data is part of no table until a run publishes it. Must
not know stores.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

import msgspec
import pyarrow as pa

from arco.formats import parquet, partition
from arco.formats.fingerprint import data_version
from arco.formats.kinds import KINDS
from arco.formats.parquet import EncodedFile
from arco.formats.partition import ColumnValue
from arco.orchestration.definitions import Format
from arco.orchestration.outcomes import Output
from arco.store import keys


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """What an attempt writes: one partition of an asset's table, under names of its own."""

    asset: str
    table_id: str
    attempt_id: str
    partition_key: str = ""
    partition: dict[str, ColumnValue] = {}
    """Partition column -> value; empty when unpartitioned."""
    format: Format = "delta"


class Staged(msgspec.Struct, frozen=True):
    """What the worker reports, and the files it has to write first."""

    output: Output
    files: tuple[EncodedFile, ...]


Names: TypeAlias = Callable[[int, str], str]
"""The object name of an attempt's i-th file, by the hash of its bytes."""
Encode: TypeAlias = Callable[[pa.Table, Names], Iterable[EncodedFile]]


def stage(table: pa.Table, target: Target, *, encode: Encode = parquet.stage) -> Staged:
    """The output of one attempt from a table in storage form.

    Raises: Invalid PARTITION_MISMATCH when rows belong to another partition.
    """
    data, schema = partition.detach(table, target.partition)
    whole = KINDS[target.format].files_are_whole
    body = partition.attach(data, target.partition, schema=schema) if whole else data
    files = tuple(encode(body, _names(target)))
    output = Output(
        asset=target.asset,
        partition_key=target.partition_key,
        table_id=target.table_id,
        files=tuple(file.facts for file in files),
        schema=schema,
        rows=data.num_rows,
        data_version=data_version(data),
        partition_values=partition.serialise_all(target.partition),
    )
    return Staged(output, files)


def _names(target: Target) -> Names:
    return lambda index, digest: keys.staged(
        target.table_id, target.attempt_id, index, sha256=digest
    )


__all__ = [
    "Encode",
    "Names",
    "Staged",
    "Target",
    "stage",
]
