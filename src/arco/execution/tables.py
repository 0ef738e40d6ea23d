"""The data side of an attempt: upstream tables as user code wants them, its result as files.

Loads the table formats, so it is only imported once a task reads or returns data. Must not know the
worker or its stream.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from arco.errors import Conflict, Invalid
from arco.execution.protocol import Envelope, Input
from arco.formats import (
    arrow,
    external,
    kinds,
    merging,
    parquet,
    partition,
    reading,
    schema,
    staging,
)
from arco.formats.dataset import Dataset
from arco.formats.fingerprint import data_version
from arco.formats.versions import PublishedVersion
from arco.orchestration.definitions import Format
from arco.orchestration.outcomes import Output
from arco.orchestration.partitions import parse_partition_key, partition_values
from arco.runtime import AsyncioRuntime, run
from arco.store import keys
from arco.store.creating import create_patiently
from arco.store.port import Store


def open_input(store: Store, source: Input, *, annotation: object) -> Any:
    """What the input may read, as the annotated type; without annotation a lazy `Dataset`.

    Raises: Invalid UPSTREAM_MISSING when there is nothing to read.
    """
    return arrow.convert(input_dataset(store, source), annotation)


def input_dataset(store: Store, source: Input) -> Any:
    """The pinned version of the input's partitions, with what this run staged laid over it.

    Raises: Invalid UPSTREAM_MISSING.
    """
    refuse_missing(source)
    if source.location:
        return external.dataset(source.location, source.format, version=source.data_versions[0])
    wanted = [column_values(source, key) for key in source.partition_keys if key]
    version, entry = source.table_version, source.table_entry
    return reading.dataset(
        table_location(store, source.table_id),
        None if version is None else PublishedVersion(version, entry, source.format),
        staged=source.staged,
        partitions=wanted or None,
        mode=source.write_mode,
    )


def refuse_missing(source: Input) -> None:
    """Refuses an input of which no requested partition was ever materialized."""
    staged = {output.partition_key for output in source.staged}
    known = any(source.data_versions) or not source.data_versions
    published = (source.table_version is not None or bool(source.location)) and known
    if published or staged:
        return
    missing = ", ".join(key for key in source.partition_keys if key)
    raise Invalid(
        "UPSTREAM_MISSING",
        f"{source.upstream} was never materialized" + (f" for {missing}" if missing else ""),
        hint=f"run it first: arco run {source.upstream}, or include it: arco run +<asset>",
    )


def column_values(source: Input, partition_key: str) -> dict[str, str | None]:
    """Partition column -> value as Delta writes it."""
    named = partition_values(partition_key)
    return {
        source.partition_columns.get(dimension, dimension): value
        for dimension, value in named.items()
    }


def stage_output(
    store: Store, envelope: Envelope, *, result: object, metadata: Mapping[str, Any]
) -> Output:
    """The result as Parquet files of this attempt, durable, and the facts about them.

    Raises: Invalid for data that cannot be stored or does not fit the published schema; Conflict
    ATTEMPT_STAGED_TWICE; StoreFault.
    """
    published = published_schema(store, envelope)
    before = _merged_into(store, envelope) if published is not None else None
    staged = encoded(envelope, result, published=published, before=before)
    run(write(store, staged))
    return msgspec.structs.replace(staged.output, metadata=dict(metadata))


def encoded(
    envelope: Envelope,
    result: object,
    *,
    published: str | None,
    before: Dataset | None = None,
    encode: staging.Encode = parquet.stage,
) -> staging.Staged:
    """The result as files that fit the published schema, or may follow it.

    `before`: of an asset that merges, the rows that its partition holds.

    Raises: Invalid for data that cannot be stored or does not fit.
    """
    expected = None if published is None else schema.to_arrow(published)
    table = arrow.to_arrow(result, expected=expected)
    aim = target(envelope)
    if envelope.asset.write_mode == "merge":
        carried = set(aim.partition).difference(table.column_names)
        held = before.to_arrow().drop_columns(list(carried)) if before is not None else None
        table = merging.merged(held, table, keys=envelope.asset.merge_keys)
    staged = staging.stage(table, aim, encode=encode)
    if published is not None:
        schema.compare(published, staged.output.schema, policy=envelope.asset.schema_policy)
    return staged


def _merged_into(store: Store, envelope: Envelope) -> Dataset | None:
    """The rows of the attempt's partition that its own are merged into."""
    if envelope.asset.write_mode != "merge" or envelope.table_version is None:
        return None
    values = partition.serialise_all(target(envelope).partition)
    data = reading.dataset(
        table_location(store, envelope.table_id),
        PublishedVersion(envelope.table_version, format=envelope.asset.format),
        partitions=[values] if values else None,
    )
    return Dataset(data)


def published_schema(store: Store, envelope: Envelope) -> str | None:
    """The output table's schema at dispatch; None before its first publication."""
    if envelope.table_version is None:
        return None
    location = table_location(store, envelope.table_id)
    version = PublishedVersion(envelope.table_version, format=envelope.asset.format)
    return kinds.snapshot(location, version).schema


def target(envelope: Envelope) -> staging.Target:
    """Where the attempt writes: its partition, with a typed value for each partition column.

    An attempt may be performed again after its leader died, so each performance has names of its
    own.
    """
    columns = envelope.asset.partition_carriers
    performance = AsyncioRuntime().entropy(32)
    return staging.Target(
        asset=envelope.asset.key,
        table_id=envelope.table_id,
        attempt_id=f"{envelope.attempt_id}-{performance:08x}",
        partition_key=envelope.partition_key,
        format=envelope.asset.format,
        partition={
            columns.get(dimension, dimension): value
            for dimension, value in parse_partition_key(envelope.partition_key).items()
        },
    )


async def write(store: Store, staged: staging.Staged) -> None:
    """Makes every file of the attempt durable.

    Raises: Conflict ATTEMPT_STAGED_TWICE; StoreFault when the store stays without an answer.
    """
    for file in staged.files:
        key, data = file.facts.key, file.data
        if not await create_patiently(store, AsyncioRuntime(), key=key, data=data):
            raise Conflict(
                "ATTEMPT_STAGED_TWICE",
                f"{file.facts.key} is there already: this attempt was delivered twice",
                hint="nothing is lost; the next attempt stages under its own names",
            )


def staged_dataset(store: Store, output: Output) -> Any:
    """The staged rows with their partition columns, read back from the files."""
    return reading.dataset(table_location(store, output.table_id), None, staged=(output,))


def observed(location: str, format: Format) -> external.Observed:
    """What stands at the location now.

    Raises: NotFound LOCATION_EMPTY; Invalid LOCATION_UNREADABLE; Unavailable TABLE_UNREACHABLE.
    """
    return external.observed(location, format)


def external_dataset(location: str, format: Format, *, version: str) -> Any:
    """The data at the location, of the version that was observed where its format keeps it."""
    return external.dataset(location, format, version=version)


def fingerprint(value: object) -> str:
    """The data version of a value that is a table. Raises: Invalid for what is none."""
    return data_version(arrow.to_arrow(value))


def as_annotated(dataset: Any, annotation: object) -> Any:
    """The data as the annotated type."""
    return arrow.convert(dataset, annotation)


def table_location(store: Store, table_id: str) -> str:
    """The table's folder, where an outside reader finds it."""
    return store.location(keys.warehouse(table_id).rstrip("/"))


__all__ = [
    "as_annotated",
    "column_values",
    "encoded",
    "external_dataset",
    "fingerprint",
    "input_dataset",
    "observed",
    "open_input",
    "published_schema",
    "refuse_missing",
    "stage_output",
    "staged_dataset",
    "table_location",
    "target",
    "write",
]
