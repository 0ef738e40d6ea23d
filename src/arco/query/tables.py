"""Provisions to relations: what the control plane provides, registered under the names a statement
was given.

Law: DuckDB sees Arrow data, never a path, so SQL cannot reach beside the files it was given.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb
import pyarrow as pa

from arco.errors import ArcoError, Corrupt, NotFound, Unavailable
from arco.formats import iceberg
from arco.formats.checked import damage_in
from arco.formats.reading import dataset
from arco.formats.surveying import parquet_dataset
from arco.formats.versions import PublishedVersion
from arco.ids import sha256
from arco.query import layers
from arco.query.layers import arrow_stream
from arco.query.names import TableName
from arco.query.protocol import (
    Framed,
    IcebergTable,
    Layered,
    Missing,
    OnWire,
    ParquetFolder,
    PinnedTable,
    UsersTable,
)
from arco.query.restricting import restricted
from arco.query.stage import Stage
from arco.query.statement import private_name
from arco.query.wording import quoted


def register(
    stage: Stage,
    table: TableName,
    *,
    provision: OnWire,
    frames: Sequence[bytes] = (),
) -> None:
    """The needed name stands in the database; `frames` are the content of a table that is sent.

    Raises: NotFound `TABLE_NOT_FOUND`, Unavailable `TABLE_UNREADABLE`.
    """
    connection = stage.connection
    source = "_arco_" + sha256("\0".join(private_name(table.folded())).encode())
    if isinstance(provision, Layered):
        query = layers.query(stage, source, layered=provision, frames=frames)
        stand(connection, table, query=query)
        return
    data = arrow_stream(frames[0]) if isinstance(provision, Framed) else _open(table, provision)
    if isinstance(provision, UsersTable) and provision.restriction is not None:
        data = restricted(connection, data, restriction=provision.restriction)
    connection.register(source, data)
    stand(connection, table, query=f"FROM temp.main.{source}")


def stand(connection: duckdb.DuckDBPyConnection, table: TableName, *, query: str) -> None:
    """A view that a query is behind stands under the table's private name."""
    catalog, schema, name = (quoted(part) for part in private_name(table.folded()))
    connection.execute(f"ATTACH IF NOT EXISTS ':memory:' AS {catalog}")
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {catalog}.{schema}")
    connection.execute(f"CREATE VIEW {catalog}.{schema}.{name} AS {query}")


def open_dataset(spec: OnWire) -> Any:
    """An Arrow dataset of exactly what `spec` names; nothing is read yet."""
    if isinstance(spec, PinnedTable):
        version = PublishedVersion(spec.version, spec.entry, spec.format)
        return dataset(spec.location, version)
    if isinstance(spec, IcebergTable):
        return iceberg.dataset(spec.location, spec.version)
    assert isinstance(spec, ParquetFolder), spec
    return parquet_dataset(spec.location)


def damage_behind(provision: OnWire) -> Corrupt | None:
    """The error that names the first damaged file of a user's table; None when none is."""
    if isinstance(provision, UsersTable):
        return damage_in(open_dataset(provision))
    return None


def _open(table: TableName, provision: OnWire) -> Any:
    if isinstance(provision, Missing):
        close = " or ".join(f"`{name}`" for name in provision.close)
        hint = (
            f"did you mean {close}?"
            if close
            else "list tables with: SELECT * FROM system.catalog.tables"
        )
        raise NotFound(
            "TABLE_NOT_FOUND", f"there is no table `{table.dotted()}`", hint=provision.hint or hint
        )
    try:
        return open_dataset(provision)
    except ArcoError:
        raise
    except (OSError, pa.ArrowException) as error:
        raise Unavailable(
            "TABLE_UNREADABLE",
            f"`{table.dotted()}` cannot be read: {error}",
            hint="ask again; then run `arco verify`",
        ) from error


__all__ = ["damage_behind", "open_dataset", "register", "stand"]
