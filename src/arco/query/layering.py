"""A large table of ours as a worker takes it: files as they are, and the lines above them as Arrow.

Must not know SQL.
"""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace
from typing import Any

import msgspec

from arco.engine.columnar import Columnar, contents, listed
from arco.engine.parquet import changed_to_arrow, encoded_values, schema_of
from arco.engine.reader import Reader
from arco.model import Table, field_types
from arco.query.arrow import ipc_of
from arco.query.protocol import Layers
from arco.runtime import Runtime


async def layers(table: Table[Any], found: Columnar, *, reader: Reader, runtime: Runtime) -> Layers:
    """The table, unread: its files are read when they are sent.

    Cost: the lines that stand in no file, and a GET for each page of the index.
    """
    files = await listed(reader, found.files)
    deltas = len(found.files.deltas)
    return Layers(
        key=table.key,
        base=len(files) - deltas,
        deltas=deltas,
        files=partial(contents, reader, files, runtime=runtime),
        changed=await runtime.thread(_changed, table, found),
        defaults=defaults_of(table),
    )


def _changed(table: Table[Any], found: Columnar) -> bytes:
    return ipc_of(changed_to_arrow(table, found.changed))


def defaults_of(table: Table[Any]) -> bytes:
    """What stands in columns that files of an older release lack."""
    import pyarrow as pa

    schema = schema_of(table)
    fields = msgspec.structs.fields(table.row)
    values = {each.name: _default(each) for each in fields if not each.required}
    row = SimpleNamespace(**values)
    types = field_types(table.row)
    columns = {
        name: pa.array(encoded_values([row], name, kind=types[name]), schema.field(name).type)
        for name in values
    }
    return ipc_of(pa.table(columns))


def _default(field: msgspec.structs.FieldInfo) -> Any:
    factory = field.default_factory
    return field.default if factory is msgspec.NODEFAULT else factory()


__all__ = ["defaults_of", "layers"]
