"""What makes one version of a table out of the one before it: files that go and come, and the
schema after it, whatever the format that writes it down.

Pure: the same arguments give the same step, and the order of outputs does not matter. Must not know
how a format spells a version, stores or clocks.
Source: orchestration, "Publishing".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, TypeAlias

import msgspec

from arco.errors import Invalid
from arco.formats import schema as schemas
from arco.formats.versions import TableFile, TableSnapshot, path_of
from arco.orchestration.definitions import SchemaPolicy, WriteMode
from arco.orchestration.outcomes import Output

Operation: TypeAlias = Literal["write", "restore", "compact"]


class Publication(msgspec.Struct, frozen=True, kw_only=True):
    """What a run adds to one table, whatever version the table has reached."""

    table_id: str
    run_id: str
    outputs: tuple[Output, ...]
    committed_at_ms: int
    mode: WriteMode = "replace"
    schema_policy: SchemaPolicy = "evolve"
    partition_columns: tuple[str, ...] = ()


class Reversion(msgspec.Struct, frozen=True, kw_only=True):
    """Bring a table back to `target`, whatever version it has reached."""

    table_id: str
    restore_id: str
    target: TableSnapshot
    committed_at_ms: int


class Rewriting(msgspec.Struct, frozen=True, kw_only=True):
    """What a compaction puts in the place of files."""

    table_id: str
    compaction_id: str
    removed: tuple[TableFile, ...]
    added: tuple[TableFile, ...]
    committed_at_ms: int


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """The next version of a table, as far as every format can say it."""

    table_id: str
    mover: str
    """The id of the run, restore or compaction."""
    committed_at_ms: int
    operation: Operation
    mode: WriteMode = "replace"
    schema: str
    partition_columns: tuple[str, ...]
    removed: tuple[TableFile, ...]
    added: tuple[TableFile, ...]
    target_version: int | None = None
    """Of a restore: the version that comes back."""

    @property
    def changes_rows(self) -> bool:
        """False when only files change, not what they hold."""
        return self.operation != "compact"


def written(publication: Publication, before: TableSnapshot | None) -> Step:
    """The step that publishes on top of `before` (None: there is no version yet).

    Raises: Invalid SCHEMA_CHANGED, PARTITIONING_CHANGED, OUTPUTS_MISSING.
    """
    publication = _in_order(publication, before)
    _refuse_other_columns(publication)
    schema = _schema_after(publication, before)
    removed = _replaced(publication, before)
    _refuse_mixed_types(before, schema, removed=removed)
    present = {file.path for file in before.files} if before else set()
    added = [file for output in publication.outputs for file in _files(publication, output)]
    ours = {file.path for file in added}
    return Step(
        table_id=publication.table_id,
        mover=publication.run_id,
        committed_at_ms=publication.committed_at_ms,
        operation="write",
        mode=publication.mode,
        schema=schema,
        partition_columns=publication.partition_columns,
        removed=tuple(file for file in removed if file.path not in ours),
        added=tuple(file for file in added if file.path not in present),
    )


def reverted(reversion: Reversion, before: TableSnapshot) -> Step:
    """The step that leaves exactly the target's files, schema and partitioning."""
    target = reversion.target
    return Step(
        table_id=reversion.table_id,
        mover=reversion.restore_id,
        committed_at_ms=reversion.committed_at_ms,
        operation="restore",
        schema=target.schema,
        partition_columns=target.partition_columns,
        removed=tuple(without(before, target)),
        added=tuple(without(target, before)),
        target_version=target.version,
    )


def compacted(rewriting: Rewriting, before: TableSnapshot) -> Step:
    """The step that exchanges files and leaves every row what it is."""
    return Step(
        table_id=rewriting.table_id,
        mover=rewriting.compaction_id,
        committed_at_ms=rewriting.committed_at_ms,
        operation="compact",
        schema=before.schema,
        partition_columns=before.partition_columns,
        removed=rewriting.removed,
        added=rewriting.added,
    )


def without(one: TableSnapshot, other: TableSnapshot) -> list[TableFile]:
    """The files of one version that the other does not have."""
    paths = {file.path for file in other.files}
    return [file for file in one.files if file.path not in paths]


def is_same(one: TableSnapshot, other: TableSnapshot) -> bool:
    """True when both versions hold the same files under the same schema and partitioning."""
    files = {file.path for file in one.files} == {file.path for file in other.files}
    shape = (one.schema, one.partition_columns) == (other.schema, other.partition_columns)
    return files and shape


def partition_identity(values: Mapping[str, str | None]) -> frozenset[tuple[str, str | None]]:
    """Partition values as one thing that can be looked up; an unpartitioned table has one."""
    return frozenset(values.items())


def partitions_of(outputs: Iterable[Output]) -> set[frozenset[tuple[str, str | None]]]:
    """The partitions the outputs write."""
    return {partition_identity(output.partition_values) for output in outputs}


def _in_order(publication: Publication, before: TableSnapshot | None) -> Publication:
    """The publication in the one order that decides the version's bytes: outputs, and columns."""
    outputs = sorted(publication.outputs, key=lambda output: (output.partition_key, _paths(output)))
    columns = publication.partition_columns
    if before is not None and set(before.partition_columns) == set(columns):
        columns = before.partition_columns
    return msgspec.structs.replace(publication, outputs=tuple(outputs), partition_columns=columns)


def _paths(output: Output) -> list[str]:
    return [path_of(file) for file in output.files]


def _files(publication: Publication, output: Output) -> list[TableFile]:
    """The output's files as part of the table."""
    values = {name: output.partition_values[name] for name in publication.partition_columns}
    return [
        TableFile(
            path=path_of(file),
            size_bytes=file.size_bytes,
            rows=file.rows,
            partition_values=values,
            statistics=file.statistics,
        )
        for file in output.files
    ]


def _refuse_other_columns(publication: Publication) -> None:
    """Refuse what no version can say."""
    for output in publication.outputs:
        if set(output.partition_values) != set(publication.partition_columns):
            raise Invalid(
                "PARTITIONING_CHANGED",
                f"{output.asset} staged partition columns {sorted(output.partition_values)}, "
                f"the table has {sorted(publication.partition_columns)}",
                hint="run the asset again with the deployed partitions",
            )


def _schema_after(publication: Publication, before: TableSnapshot | None) -> str:
    """The table's schema once the publication stands."""
    if not publication.outputs:
        raise Invalid(
            "OUTPUTS_MISSING", "there is nothing to publish", hint="publish a run's outputs"
        )
    staged = schemas.unite(output.schema for output in publication.outputs)
    if before is None:
        return staged
    return schemas.compare(before.schema, staged, policy=publication.schema_policy) or before.schema


def _replaced(publication: Publication, before: TableSnapshot | None) -> list[TableFile]:
    """The files that are no longer part of the table."""
    if before is None:
        return []
    if before.partition_columns != publication.partition_columns:
        return _repartitioned(publication, before)
    if publication.mode == "append":
        return []
    gone = partitions_of(publication.outputs)
    return [file for file in before.files if partition_identity(file.partition_values) in gone]


def _repartitioned(publication: Publication, before: TableSnapshot) -> list[TableFile]:
    """All files: a table with other partition columns starts anew, if the asset says so."""
    if publication.schema_policy == "overwrite" and publication.mode == "replace":
        return list(before.files)
    raise Invalid(
        "PARTITIONING_CHANGED",
        f"the table is partitioned by {list(before.partition_columns)}, "
        f"the asset by {list(publication.partition_columns)}",
        hint='set schema_policy="overwrite" with write_mode="replace" and rebuild every partition',
    )


def _refuse_mixed_types(
    before: TableSnapshot | None, schema: str, *, removed: Sequence[TableFile]
) -> None:
    """Refuse to change a column's type while files of the old type stay in the table."""
    if before is None or len(removed) == len(before.files):
        return
    old, new = schemas.fields_of(before.schema), schemas.fields_of(schema)
    lines = schemas.retyped(old, new)
    if lines:
        raise Invalid(
            "SCHEMA_CHANGED",
            "the type of a column cannot change while other partitions keep the old one:\n"
            + "\n".join(lines),
            hint="rebuild every partition in one run, or keep the column's type",
            difference=lines,
        )


__all__ = [
    "Operation",
    "Publication",
    "Reversion",
    "Rewriting",
    "Step",
    "compacted",
    "is_same",
    "partition_identity",
    "partitions_of",
    "reverted",
    "without",
    "written",
]
