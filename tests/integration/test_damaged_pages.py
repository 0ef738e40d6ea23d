"""Questions about user tables whose files are damaged: the file is named, and never read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from arco.errors import Corrupt
from arco.query.names import TableName
from arco.query.pool import QueryPool
from arco.query.protocol import Ask, Format, ParquetFolder, Provision
from arco.runtime import AsyncioRuntime, run


def test_a_damaged_page_is_named_and_never_answered(tmp_path: Path) -> None:
    for name in ("whole", "harmed"):
        path = tmp_path / f"{name}.parquet"
        pq.write_table(pa.table({"n": list(range(10_000))}), path, write_page_checksum=True)
    data = bytearray(path.read_bytes())
    data[1_000] ^= 1
    path.write_bytes(data)

    async def folder(needed: Sequence[TableName]) -> list[Provision]:
        return [ParquetFolder(str(tmp_path)) for _ in needed]

    async def main() -> None:
        pool = QueryPool(AsyncioRuntime(), memory_bytes=2 * 1024**3)
        try:
            await pool.run(Ask("SELECT sum(n) FROM lake.parts", format=Format.JSON), folder)
        finally:
            await pool.close()

    with pytest.raises(Corrupt, match=r"harmed\.parquet is damaged") as damaged:
        run(main())
    assert damaged.value.code == "DATA_FILE_DAMAGED"
    assert damaged.value.hint
