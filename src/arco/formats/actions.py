"""The lines of a Delta log entry: each action as Delta spells it.

Pure: every value comes from the step and the snapshot before it. Must not know how a step came
about, stores or clocks.
Source: Delta protocol, "Actions".
"""

from __future__ import annotations

from typing import Any

import msgspec

from arco.formats import schema as schemas
from arco.formats.steps import Step
from arco.formats.versions import Protocol, TableFile, TableSnapshot

ENGINE = "arco"
NAIVE_TIMESTAMP = "timestampNtz"
PLAIN_WRITER_FEATURES = ("appendOnly", "invariants")
"""What a writer of version 2 honours; it must be named once features are."""
WRITER_VERSION_FEATURES = 7
READER_VERSION_FEATURES = 3


def commit_info(step: Step, before: TableSnapshot | None) -> dict[str, Any]:
    """Who wrote the entry, why, and on top of what."""
    operation, parameters = _operation(step)
    body: dict[str, Any] = {
        "timestamp": step.committed_at_ms,
        "operation": operation,
        "operationParameters": parameters,
        "isBlindAppend": step.mode == "append",
        "engineInfo": ENGINE,
        "runId": step.mover,
    }
    if before is not None:
        body["readVersion"] = before.version
    return {"commitInfo": body}


def _operation(step: Step) -> tuple[str, dict[str, str]]:
    if step.operation == "restore":
        return "RESTORE", {"version": str(step.target_version)}
    if step.operation == "compact":
        return "OPTIMIZE", {}
    mode = "Append" if step.mode == "append" else "Overwrite"
    columns = msgspec.json.encode(step.partition_columns).decode()
    return "WRITE", {"mode": mode, "partitionBy": columns}


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


def metadata_action(step: Step, before: TableSnapshot | None) -> list[dict[str, Any]]:
    """The table's schema and partitioning, when they are new; everything else stays as it was."""
    schema, columns = step.schema, step.partition_columns
    if before is not None and (before.schema, before.partition_columns) == (schema, columns):
        return []
    created_at_ms = before.created_at_ms if before else step.committed_at_ms
    body = {
        "id": before.metadata_id if before else step.table_id,
        "name": before.name if before else None,
        "description": before.description if before else None,
        "format": {"provider": "parquet", "options": {}},
        "schemaString": schema,
        "partitionColumns": columns,
        "configuration": before.configuration if before else {},
        "createdTime": created_at_ms,
    }
    return [{"metaData": {name: value for name, value in body.items() if value is not None}}]


def remove(step: Step, file: TableFile) -> dict[str, Any]:
    """The file is no longer part of the table."""
    return {
        "remove": {
            "path": file.path,
            "deletionTimestamp": step.committed_at_ms,
            "dataChange": step.changes_rows,
            "extendedFileMetadata": True,
            "partitionValues": file.partition_values,
            "size": file.size_bytes,
        }
    }


def add(step: Step, file: TableFile) -> dict[str, Any]:
    """The file is part of the table from now on."""
    return {
        "add": {
            "path": file.path,
            "partitionValues": file.partition_values,
            "size": file.size_bytes,
            "modificationTime": step.committed_at_ms,
            "dataChange": step.changes_rows,
            **({"stats": file.statistics} if file.statistics else {}),
        }
    }


__all__ = [
    "ENGINE",
    "NAIVE_TIMESTAMP",
    "PLAIN_WRITER_FEATURES",
    "WRITER_VERSION_FEATURES",
    "add",
    "commit_info",
    "metadata_action",
    "protocol_action",
    "remove",
]
