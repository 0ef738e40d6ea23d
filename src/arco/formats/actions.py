"""The lines of a Delta log entry: each action as Delta spells it.

Pure: every value comes from the publication and the snapshot before it. Must not know which
actions a publication needs, stores or clocks.
Source: Delta protocol, "Actions".
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import msgspec

from arco.formats import schema as schemas
from arco.formats.snapshot import Protocol, TableFile, TableSnapshot
from arco.orchestration.definitions import SchemaPolicy, WriteMode
from arco.orchestration.outcomes import Output, StagedFile

ENGINE = "arco"
NAIVE_TIMESTAMP = "timestampNtz"
PLAIN_WRITER_FEATURES = ("appendOnly", "invariants")
"""What a writer of version 2 honours; it must be named once features are."""
WRITER_VERSION_FEATURES = 7
READER_VERSION_FEATURES = 3


class Publication(msgspec.Struct, frozen=True, kw_only=True):
    """What a run adds to one table, whatever version the table has reached."""

    table_id: str
    run_id: str
    outputs: tuple[Output, ...]
    committed_at_ms: int
    mode: WriteMode = "replace"
    schema_policy: SchemaPolicy = "evolve"
    partition_columns: tuple[str, ...] = ()


def commit_info(publication: Publication, before: TableSnapshot | None) -> dict[str, Any]:
    """Who wrote the entry, why, and on top of what."""
    body: dict[str, Any] = {
        "timestamp": publication.committed_at_ms,
        "operation": "WRITE",
        "operationParameters": {
            "mode": "Append" if publication.mode == "append" else "Overwrite",
            "partitionBy": msgspec.json.encode(publication.partition_columns).decode(),
        },
        "isBlindAppend": publication.mode == "append",
        "engineInfo": ENGINE,
        "runId": publication.run_id,
    }
    if before is not None:
        body["readVersion"] = before.version
    return {"commitInfo": body}


def protocol_action(before: TableSnapshot | None, schema: str) -> list[dict[str, Any]]:
    """What readers and writers need, when that is new: features only for naive timestamps."""
    naive = schemas.has_naive_timestamp(schema)
    if before is not None and (not naive or NAIVE_TIMESTAMP in before.protocol.reader_features):
        return []
    if not naive:
        plain = Protocol()
        return [{"protocol": {"minReaderVersion": plain.reader, "minWriterVersion": plain.writer}}]
    known = before.protocol if before else Protocol()
    body = {
        "minReaderVersion": READER_VERSION_FEATURES,
        "minWriterVersion": WRITER_VERSION_FEATURES,
        "readerFeatures": sorted({*known.reader_features, NAIVE_TIMESTAMP}),
        "writerFeatures": sorted({*known.writer_features, *PLAIN_WRITER_FEATURES, NAIVE_TIMESTAMP}),
    }
    return [{"protocol": body}]


def metadata_action(
    publication: Publication, before: TableSnapshot | None, *, schema: str
) -> list[dict[str, Any]]:
    """The table's schema and partitioning, when they are new; everything else stays as it was."""
    columns = publication.partition_columns
    if before is not None and (before.schema, before.partition_columns) == (schema, columns):
        return []
    created_at_ms = before.created_at_ms if before else publication.committed_at_ms
    body = {
        "id": before.metadata_id if before else publication.table_id,
        "name": before.name if before else None,
        "description": before.description if before else None,
        "format": {"provider": "parquet", "options": {}},
        "schemaString": schema,
        "partitionColumns": columns,
        "configuration": before.configuration if before else {},
        "createdTime": created_at_ms,
    }
    return [{"metaData": {name: value for name, value in body.items() if value is not None}}]


def remove(publication: Publication, file: TableFile) -> dict[str, Any]:
    """The file is no longer part of the table."""
    return {
        "remove": {
            "path": file.path,
            "deletionTimestamp": publication.committed_at_ms,
            "dataChange": True,
            "extendedFileMetadata": True,
            "partitionValues": file.partition_values,
            "size": file.size_bytes,
        }
    }


def add(publication: Publication, output: Output, *, file: StagedFile) -> dict[str, Any]:
    """The staged file becomes part of the table."""
    return {
        "add": {
            "path": path_of(file),
            "partitionValues": {
                name: output.partition_values[name] for name in publication.partition_columns
            },
            "size": file.size_bytes,
            "modificationTime": publication.committed_at_ms,
            "dataChange": True,
            **({"stats": file.statistics} if file.statistics else {}),
        }
    }


def add_again(publication: Publication, file: TableFile) -> dict[str, Any]:
    """A file that was part of the table once is part of it again."""
    return {
        "add": {
            "path": file.path,
            "partitionValues": file.partition_values,
            "size": file.size_bytes,
            "modificationTime": publication.committed_at_ms,
            "dataChange": True,
            **({"stats": file.statistics} if file.statistics else {}),
        }
    }


def path_of(file: StagedFile) -> str:
    """The staged file's name in its table's folder, percent-encoded for the log."""
    return quote(file.key.rsplit("/", 1)[-1])


__all__ = [
    "ENGINE",
    "NAIVE_TIMESTAMP",
    "PLAIN_WRITER_FEATURES",
    "WRITER_VERSION_FEATURES",
    "Publication",
    "add",
    "add_again",
    "commit_info",
    "metadata_action",
    "path_of",
    "protocol_action",
    "remove",
]
