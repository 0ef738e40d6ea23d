"""A Delta table in a folder, written by publications and read by libraries that are not ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pyarrow as pa
from deltalake import DeltaTable

from arco.formats import delta, reading, staging, steps
from arco.formats.arrow import to_arrow
from arco.orchestration.outcomes import Output

TABLE_ID = "0192d3e0-0000-7000-8000-000000000001"


class Table:
    """Stages and publishes the way a worker and the service do."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.attempts = 0
        (folder / "_delta_log").mkdir(parents=True)

    @property
    def location(self) -> str:
        """Where readers find it."""
        return str(self.folder)

    def stage(self, value: object, **partition: Any) -> Output:
        """Files of one attempt, part of no table yet."""
        self.attempts += 1
        target = staging.Target(
            asset="demo.t",
            table_id=TABLE_ID,
            attempt_id=f"att_{self.attempts:024x}-00000000",
            partition=partition,
        )
        staged = staging.stage(to_arrow(value), target)
        for file in staged.files:
            (self.folder / file.facts.key.rsplit("/", 1)[-1]).write_bytes(file.data)
        return staged.output

    def prepare(self, *outputs: Output, **choices: Any) -> bytes:
        """The entry that publishes the outputs on the newest version."""
        newest = delta.latest_version(self.location)
        before = None if newest is None else delta.snapshot(self.location, newest)
        return delta.entry(steps.written(publication(*outputs, **choices), before), before)

    def publish(self, *outputs: Output, **choices: Any) -> int:
        """The version at which the outputs are part of the table."""
        newest = delta.latest_version(self.location)
        version = 0 if newest is None else newest + 1
        entry = self.folder / "_delta_log" / f"{version:020d}.json"
        entry.write_bytes(self.prepare(*outputs, **choices))
        return version

    def entry(self, version: int) -> list[dict[str, Any]]:
        """The actions of one log entry."""
        lines = (self.folder / "_delta_log" / f"{version:020d}.json").read_bytes().splitlines()
        return [msgspec.json.decode(line) for line in lines]

    def rows(self, version: int | None = None) -> list[dict[str, Any]]:
        """What three independent readers agree the table holds."""
        theirs = DeltaTable(self.location, version=version)
        arrow = theirs.to_pyarrow_dataset().to_table()
        ours = reading.dataset(self.location, theirs.version())
        engine = duckdb.connect().from_arrow(ours).to_arrow_table()
        expected = in_order(arrow)
        assert in_order(ours.to_table()) == expected
        assert in_order(engine.cast(ours.schema)) == expected
        return expected


def publication(*outputs: Output, **choices: Any) -> steps.Publication:
    """A publication of the outputs, partitioned as they are."""
    columns = tuple(outputs[0].partition_values) if outputs else ()
    stated = {"partition_columns": columns, "run_id": "RUN", "committed_at_ms": 1_700_000_000_000}
    return steps.Publication(table_id=TABLE_ID, outputs=outputs, **{**stated, **choices})


def in_order(table: pa.Table) -> list[dict[str, Any]]:
    """Rows with sorted keys, in an order of their own."""
    rows = [dict(sorted(row.items())) for row in table.to_pylist()]
    return sorted(rows, key=repr)


__all__ = ["TABLE_ID", "Table", "in_order", "publication"]
