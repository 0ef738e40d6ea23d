"""What publications wrote against what stands: entries and files of user tables, byte by byte."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from deltalake import write_deltalake

from arco.catalog.tables import TABLES, CatalogTable
from arco.engine.tables import Tables
from arco.errors import Corrupt
from arco.formats import delta, inspecting, reading
from arco.formats.arrow import to_arrow
from arco.formats.inspecting import Depth, Inspection, Place, inspect_tables
from arco.formats.recorded import recorded_entries
from arco.ids import sha256
from arco.model import Put
from arco.orchestration.restores import RESTORES, Restore
from arco.orchestration.rows import PreparedTable, Publication
from arco.orchestration.states import PublicationState
from arco.orchestration.tables import PUBLICATIONS
from arco.runtime import AsyncioRuntime, run
from arco.service.workspace import DOMAINS
from arco.store import keys
from arco.store.local import LocalStore
from tests.integration.delta_table import TABLE_ID, Table

RUNTIME = AsyncioRuntime()
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ROWS = [{"x": number} for number in range(1_000)]


class Shelf:
    """A store with one table that runs published, and what the catalog knows of it."""

    def __init__(self, folder: Path) -> None:
        self.store = LocalStore(folder, RUNTIME, fsync=False)
        self.table = Table(folder / "warehouse" / TABLE_ID)
        self.state = Tables(table for domain in DOMAINS for table in domain.tables)
        self.publish(ROWS)
        self.publish([{"x": 7}])

    def publish(self, rows: list[dict[str, Any]]) -> None:
        """The rows are the table's newest version, by a run of their own."""
        version = self.table.publish(self.table.stage(rows))
        entry = self.entry(version)
        prepared = PreparedTable(
            table_id=TABLE_ID, asset="demo.t", version=version, sha256=sha256(entry.read_bytes())
        )
        publication = Publication(
            run_id=f"RUN{version}",
            state=PublicationState.PUBLISHED,
            table_ids=(TABLE_ID,),
            tables=(prepared,),
            requested_at=NOON,
        )
        self.state.apply([Put(PUBLICATIONS, publication)], version)
        self.read(version, rows=len(rows))

    def read(self, version: int, *, rows: int) -> None:
        """Readers see this version."""
        row = CatalogTable(
            namespace_id="n",
            name="t",
            table_id=TABLE_ID,
            namespace="demo",
            catalog="main",
            format="delta",
            location=keys.warehouse(TABLE_ID),
            version=version,
            rows=rows,
            created_at=NOON,
            updated_at=NOON,
        )
        self.state.apply([Put(TABLES, row)], version)

    def entry(self, version: int) -> Path:
        """Its log entry."""
        return self.table.folder / "_delta_log" / f"{version:020d}.json"

    def file(self, version: int) -> Path:
        """The data file that the version added."""
        (added,) = (line["add"] for line in self.table.entry(version) if "add" in line)
        return self.table.folder / added["path"]

    def inspect(self, **choices: Any) -> Inspection:
        """What is found."""
        return run(inspect_tables(self.store, RUNTIME, state=self.state, **choices))

    def problems(self, **choices: Any) -> list[str]:
        """What is wrong."""
        return [each.problem for each in self.inspect(**choices).findings]


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


def flip(path: Path, position: int) -> None:
    """One bit is another; the size stays."""
    data = bytearray(path.read_bytes())
    data[position] ^= 1
    path.write_bytes(data)


def test_a_file_says_by_its_name_what_it_holds(shelf: Shelf) -> None:
    for version in (0, 1):
        path = shelf.file(version)
        name = keys.warehouse(TABLE_ID) + path.name
        assert keys.staged_hash(name) == sha256(path.read_bytes())
        assert keys.staged_parts(name) == (TABLE_ID, f"att_{version + 1:024x}")
    found = shelf.inspect()
    assert found.findings == ()
    assert (found.files, found.files_unrecorded, found.entries_unrecorded) == (1, 0, 0)
    assert found.read_bytes == sum(shelf.file(version).stat().st_size for version in (0, 1))


@pytest.mark.parametrize("version", [0, 1])
def test_a_data_file_of_any_kept_version_that_changed_is_named(shelf: Shelf, version: int) -> None:
    path = shelf.file(version)
    for position in (0, path.stat().st_size // 2, path.stat().st_size - 1):
        flip(path, position)
        (problem,) = shelf.problems()
        assert path.name in problem
        flip(path, position)
    assert shelf.problems() == []


def test_two_data_files_that_were_exchanged_are_named(shelf: Shelf) -> None:
    shelf.publish([{"x": 8}])
    one, other = shelf.file(1), shelf.file(2)
    first, second = one.read_bytes(), other.read_bytes()
    assert len(first) == len(second)
    one.write_bytes(second)
    other.write_bytes(first)
    assert len(shelf.problems()) == 2
    assert shelf.problems(depth=Depth.SIZES) == []


@pytest.mark.parametrize("version", [0, 1])
def test_a_log_entry_that_changed_is_named_although_it_can_be_read(
    shelf: Shelf, version: int
) -> None:
    path = shelf.entry(version)
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b'"RUN"', b'"RUM"'))
    assert len(path.read_bytes()) == len(whole)
    (problem,) = shelf.problems(depth=Depth.SIZES)
    assert keys.delta_entry(TABLE_ID, version) in problem


def test_a_file_of_an_older_version_that_was_collected_is_no_harm(shelf: Shelf) -> None:
    shelf.file(0).unlink()
    assert shelf.problems() == []


def test_what_nobody_recorded_is_counted_and_never_called_fine(shelf: Shelf) -> None:
    write_deltalake(shelf.table.location, to_arrow([{"x": 9}]), mode="overwrite")
    shelf.read(2, rows=1)
    found = shelf.inspect()
    assert found.findings == ()
    assert (found.entries_unrecorded, found.files_unrecorded) == (1, 1)


def test_a_checkpoint_that_says_otherwise_is_named(shelf: Shelf) -> None:
    delta.checkpoint(shelf.table.location, 1)
    assert shelf.problems() == []
    log = shelf.table.folder / "_delta_log"
    wrong = Table(shelf.table.folder.parent / "other")
    wrong.publish(wrong.stage(ROWS))
    wrong.publish(wrong.stage([{"x": 5}]))
    delta.checkpoint(wrong.location, 1)
    (checkpoint,) = log.glob("*.checkpoint.parquet")
    other = wrong.folder / "_delta_log" / checkpoint.name
    checkpoint.write_bytes(other.read_bytes())
    assert any("checkpoint" in problem for problem in shelf.problems())


def test_a_restore_vouches_for_its_entries_too(shelf: Shelf) -> None:
    prepared = PreparedTable(table_id=TABLE_ID, asset="demo.t", version=5, sha256="5" * 64)
    restore = Restore(
        restore_id="R",
        state=PublicationState.PUBLISHED,
        slot=3,
        versions={"demo.t": 0},
        tables=(prepared,),
        started_at=NOON,
    )
    shelf.state.apply([Put(RESTORES, restore)], 9)
    assert recorded_entries(shelf.state)[TABLE_ID, 5] == "5" * 64


def test_files_are_read_piece_by_piece_and_progress_is_told(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspecting, "PIECE_BYTES", 100)
    told: list[Place] = []
    tell: Callable[[Place], None] = told.append
    assert shelf.problems(tell=tell) == []
    assert [place.name for place in told[:1]] == ["demo.t"]
    assert [place.read_bytes for place in told] == sorted(place.read_bytes for place in told)
    assert len(told) > 10


def test_an_entry_with_a_block_that_was_never_written_is_refused_and_not_read_up_to_there(
    shelf: Shelf,
) -> None:
    whole = shelf.entry(1).read_bytes()
    start = whole.index(b"att_") + 10
    shelf.entry(1).write_bytes(whole[:start] + bytes(50) + whole[start + 50 :])
    with pytest.raises(Corrupt, match="is torn"):
        reading.dataset(shelf.table.location, 1)
    assert reading.dataset(shelf.table.location, 0).count_rows() == len(ROWS)
    assert any("is torn" in problem for problem in shelf.problems())
    delta_log = shelf.table.folder / "_delta_log"
    shelf.entry(1).write_bytes(whole)
    delta.checkpoint(shelf.table.location, 1)
    assert len(list(delta_log.glob("*.checkpoint.parquet"))) == 1
    shelf.entry(0).write_bytes(bytes(10))
    assert reading.dataset(shelf.table.location, 1).count_rows() == 1
