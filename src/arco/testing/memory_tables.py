"""Tables in memory: what `execution/tables.py` does with files, for tests that need none.

Law: values are converted, judged and fingerprinted by the code that real tasks use; only the bytes
stay away. Must not know runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import msgspec
import pyarrow as pa
import pyarrow.dataset as ds

from arco.execution import tables
from arco.execution.protocol import Envelope, Input
from arco.formats import arrow, partition, schema
from arco.formats.dataset import Dataset
from arco.formats.parquet import EncodedFile
from arco.formats.staging import Names
from arco.orchestration.definitions import Format, WriteMode
from arco.orchestration.outcomes import Output, StagedFile
from arco.store.port import Store

Version: TypeAlias = tuple[Output, ...]
"""The outputs that a version of a table consists of."""


class MemoryTables:
    """The data side of attempts, and the published versions of each table."""

    def __init__(self) -> None:
        self._rows: dict[str, pa.Table] = {}
        self._versions: dict[str, list[Version]] = {}

    def open_input(self, store: Store, source: Input, *, annotation: object) -> Any:
        """What the input may read, as the annotated type. Raises: Invalid UPSTREAM_MISSING."""
        return arrow.convert(self.input_dataset(store, source), annotation)

    def input_dataset(self, store: Store, source: Input) -> ds.Dataset:
        """The pinned version with what the run staged laid over it.

        Raises: Invalid UPSTREAM_MISSING.
        """
        if source.location:
            return tables.input_dataset(store, source)
        tables.refuse_missing(source)
        pinned = self._version(source.table_id, source.table_version)
        wanted = set(source.partition_keys)
        seen = following(pinned, source.staged, mode=source.write_mode)
        return self._united([each for each in seen if not wanted or each.partition_key in wanted])

    def stage_output(
        self, store: Store, envelope: Envelope, *, result: object, metadata: Mapping[str, Any]
    ) -> Output:
        """The result as the attempt's output; its rows are kept here."""
        pinned = self._version(envelope.table_id, envelope.table_version)
        published = schema.unite(each.schema for each in pinned) if pinned else None
        own = [each for each in pinned if each.partition_key == envelope.partition_key]
        before = self.read(own) if own else None
        staged = tables.encoded(
            envelope, result, published=published, before=before, encode=self._keep
        )
        return msgspec.structs.replace(staged.output, metadata=dict(metadata))

    def staged_dataset(self, store: Store, output: Output) -> ds.Dataset:
        """The staged rows with their partition columns."""
        return self._united((output,))

    def as_annotated(self, dataset: Any, annotation: object) -> Any:
        """The data as the annotated type."""
        return arrow.convert(dataset, annotation)

    def observed(self, location: str, format: Format) -> Any:
        """What stands at the location now, outside of memory."""
        return tables.observed(location, format)

    def external_dataset(self, location: str, format: Format, *, version: str) -> Any:
        """The observed version of what stands at the location."""
        return tables.external_dataset(location, format, version=version)

    def fingerprint(self, value: object) -> str:
        """The data version of a value that is a table."""
        return tables.fingerprint(value)

    def publish(self, outputs: Sequence[Output], *, mode: WriteMode) -> int:
        """The number of the table's next version, which holds the outputs, too."""
        versions = self._versions.setdefault(outputs[0].table_id, [])
        versions.append(following(versions[-1] if versions else (), outputs, mode=mode))
        return len(versions) - 1

    def read(self, outputs: Sequence[Output]) -> Dataset:
        """The rows of the outputs as one table."""
        return Dataset(self._united(outputs))

    def newest(self, table_id: str) -> Version:
        """The outputs of the newest version; none before the first."""
        versions = self._versions.get(table_id)
        return versions[-1] if versions else ()

    def _version(self, table_id: str, number: int | None) -> Version:
        return () if number is None else self._versions[table_id][number]

    def _keep(self, table: pa.Table, names: Names) -> Iterable[EncodedFile]:
        key = names(0, "0" * 64)
        self._rows[key] = table
        yield EncodedFile(StagedFile(key, table.num_rows, table.nbytes), b"")

    def _united(self, outputs: Iterable[Output]) -> ds.Dataset:
        whole = list(outputs)
        wanted = schema.to_arrow(schema.unite(each.schema for each in whole))
        return ds.dataset(pa.concat_tables([self._fitted(each, wanted) for each in whole]))

    def _fitted(self, output: Output, wanted: pa.Schema) -> pa.Table:
        table = pa.concat_tables(self._rows[file.key] for file in output.files)
        return pa.table(list(_columns(table, output, wanted=wanted)), schema=wanted)


def following(before: Version, outputs: Sequence[Output], *, mode: WriteMode) -> Version:
    """The version after `before` in which the outputs stand."""
    if mode == "append":
        return (*before, *outputs)
    replaced = {each.partition_key for each in outputs}
    return (*(each for each in before if each.partition_key not in replaced), *outputs)


def _columns(table: pa.Table, output: Output, *, wanted: pa.Schema) -> Iterator[Any]:
    """Every wanted column: from the rows, else the partition's value, else null."""
    for field in wanted:
        if field.name in table.column_names:
            yield table.column(field.name)
        else:
            text = output.partition_values.get(field.name)
            yield pa.repeat(partition.parse(text, field.type), table.num_rows)


__all__ = ["MemoryTables", "Version", "following"]
