"""Whether user tables are what was published: every log entry and every data file has the bytes
that the publication wrote, and every file of every version that is read is there.

Reads everything, changes nothing; of a file no more than a piece is in memory. What no publication
recorded is counted, never called fine. Law L6.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from enum import StrEnum
from functools import partial
from urllib.parse import unquote

import msgspec

from arco.catalog.tables import TABLES, CatalogTable
from arco.engine.verify import Finding
from arco.errors import ArcoError
from arco.formats import kinds
from arco.formats.kinds import KINDS
from arco.formats.recorded import Action, recorded_entries
from arco.formats.versions import PublishedVersion, TableSnapshot
from arco.ids import sha256
from arco.model import State
from arco.orchestration.tables import PINS
from arco.runtime import Runtime
from arco.service.leftovers import versions_in_use
from arco.service.table_formats import format_of_table
from arco.store import keys
from arco.store.port import Store

RESTORE_HINT = "restore the file from a backup, or run the asset again"
ENTRY_HINT = "restore the entry from a backup; a copy may stand below `_prepared/`"
PIECE_BYTES = 8 * 1024 * 1024
ENTRIES_AT_ONCE = 16


class Depth(StrEnum):
    """How closely data files are looked at."""

    CONTENTS = "contents"
    """Every byte of them is read."""
    SIZES = "sizes"
    """That they are there, with their size."""


class Inspection(msgspec.Struct, frozen=True):
    """What was looked at and what was found."""

    tables: int
    files: int
    """Files of the newest versions."""
    findings: tuple[Finding, ...]
    read_bytes: int = 0
    """How much of data files was read and compared."""
    entries_unrecorded: int = 0
    """Log entries that no publication recorded: nobody can say whether they are what they were."""
    files_unrecorded: int = 0
    """Data files whose hash nobody recorded: they are there, with their size."""


class Place(msgspec.Struct, frozen=True):
    """How far an inspection has come."""

    table: int
    tables: int
    name: str
    read_bytes: int


Telling = Callable[[Place], None]


def _silent(place: Place) -> None:
    """Nobody waits to hear it."""


def _ignored(read_bytes: int) -> None:
    """Nobody waits to hear it."""


async def inspect_tables(
    store: Store,
    runtime: Runtime,
    *,
    state: State,
    depth: Depth = Depth.CONTENTS,
    tell: Telling = _silent,
) -> Inspection:
    """Every table that Arco publishes, of a state that is wholly in memory, against the files.

    Cost: a LIST and one log replay a table, a GET a log entry, and all data files once when their
    contents are compared.
    """
    rows = state.range(TABLES)
    published = [row for row in rows if row.version is not None and not row.is_external]
    recorded, used = recorded_entries(state), versions_in_use(state)
    found = Inspection(len(published), 0, ())
    for number, row in enumerate(published):
        place = Place(number, len(published), row.full_name, found.read_bytes)
        tell(place)
        inspector = _Inspector(store, runtime, row)
        inspector.tell = partial(_add, tell, to=place)
        inspector.findings += _pin_findings(state, row)
        read_too = {version for table_id, version in used if table_id == row.table_id}
        await inspector.look(recorded, read_too)
        if depth is Depth.CONTENTS:
            await inspector.compare()
        found = inspector.added_to(found)
    return found


def _add(tell: Telling, read_bytes: int, *, to: Place) -> None:
    tell(msgspec.structs.replace(to, read_bytes=to.read_bytes + read_bytes))


class _Inspector:
    """The look at one table."""

    def __init__(self, store: Store, runtime: Runtime, row: CatalogTable) -> None:
        self._store = store
        self._runtime = runtime
        self._row = row
        self._folder = keys.warehouse(row.table_id)
        self._format = format_of_table(row)
        self._kind = KINDS[self._format]
        self._sizes: dict[str, int] = {}
        self._named: dict[str, int] = {}
        """Data file -> its size, of every version whose entry stands."""
        self._read_bytes = 0
        self._files = 0
        self._entries_unrecorded = 0
        self.findings: list[Finding] = []
        self.tell: Callable[[int], None] = _ignored
        """Told how many bytes were read so far."""

    async def look(
        self, recorded: Mapping[tuple[str, int], str], read_too: Collection[int]
    ) -> None:
        """Log entries are what was recorded; the files of versions that are read are there."""
        row = self._row
        self._sizes = {
            entry.key: entry.size_bytes for entry in await self._store.list(self._folder)
        }
        live = await self._replayed(recorded)
        for version in sorted({row.version or 0, *read_too}):
            snapshot = await self._snapshot(version)
            if snapshot is None:
                continue
            self._named |= {self._key(file.path): file.size_bytes for file in snapshot.files}
            self._judge_files(snapshot)
            if version == row.version:
                self._files = len(snapshot.files)
                self._judge_newest(snapshot, live)

    async def compare(self) -> None:
        """Every data file that stands has the bytes that its name says."""
        for name in sorted(self._named.keys() & self._sizes.keys()):
            expected = keys.staged_hash(name)
            if expected is not None and await self._hash(name) not in (expected, None):
                self._find(f"{name} does not hold what was published", hint=RESTORE_HINT)

    def added_to(self, found: Inspection) -> Inspection:
        """The sum of what was found before and here."""
        standing = self._named.keys() & self._sizes.keys()
        return Inspection(
            tables=found.tables,
            files=found.files + self._files,
            findings=(*found.findings, *self.findings),
            read_bytes=found.read_bytes + self._read_bytes,
            entries_unrecorded=found.entries_unrecorded + self._entries_unrecorded,
            files_unrecorded=found.files_unrecorded
            + sum(keys.staged_hash(name) is None for name in standing),
        )

    async def _replayed(self, recorded: Mapping[tuple[str, int], str]) -> set[str] | None:
        """The files after the newest version, as the entries alone say; None when some are gone."""
        newest = self._row.version or 0
        standing = {keys.entry_version(name): name for name in self._sizes}
        versions = [version for version in range(newest + 1) if version in standing]
        live: set[str] = set()
        for start in range(0, len(versions), ENTRIES_AT_ONCE):
            some = versions[start : start + ENTRIES_AT_ONCE]
            for actions in await self._runtime.gather(
                self._entry(version, recorded.get((self._row.table_id, version)))
                for version in some
            ):
                self._apply(actions, live)
        return live if len(versions) == newest + 1 else None

    async def _entry(self, version: int, expected: str | None) -> Sequence[Action]:
        """What the entry says, once it was compared with what was recorded."""
        name = self._kind.entry_name(self._row.table_id, version)
        data = await self._store.get(name) or b""
        if expected is None:
            self._entries_unrecorded += 1
        elif sha256(data) != expected:
            self._find(f"{name} is not the entry that was published", hint=ENTRY_HINT)
        try:
            return self._kind.actions(data, name)
        except ArcoError as error:
            self._find(error.message, hint=ENTRY_HINT)
            return ()

    def _apply(self, actions: Sequence[Action], live: set[str]) -> None:
        for action in actions:
            if action.clear:
                live.clear()
            if action.add is not None:
                live.add(self._key(action.add.path))
                self._named[self._key(action.add.path)] = action.add.size
            if action.remove is not None:
                live.discard(self._key(action.remove.path))

    async def _snapshot(self, version: int) -> TableSnapshot | None:
        location = self._store.location(self._folder.rstrip("/"))
        try:
            wanted = PublishedVersion(version, format=self._format)
            return await self._runtime.thread(kinds.snapshot, location, wanted)
        except ArcoError as error:
            self._find(error.message, hint=error.hint)
            return None

    def _judge_files(self, snapshot: TableSnapshot) -> None:
        for file in snapshot.files:
            found = self._sizes.get(self._key(file.path))
            if found is None:
                self._find(f"{file.path} is missing", hint=RESTORE_HINT)
            elif found != file.size_bytes:
                problem = f"{file.path} has {found:,} bytes, its log says {file.size_bytes:,}"
                self._find(problem, hint=RESTORE_HINT)

    def _judge_newest(self, snapshot: TableSnapshot, live: set[str] | None) -> None:
        if snapshot.rows != self._row.rows:
            self._find(f"the catalog says {self._row.rows} rows, its files say {snapshot.rows}")
        read = {self._key(file.path) for file in snapshot.files}
        if live is not None and live != read:
            differing = min(live ^ read)
            problem = f"its log, read from a checkpoint, differs from its entries: {differing}"
            self._find(problem, hint="delete the checkpoints below its `_delta_log`")

    async def _hash(self, name: str) -> str | None:
        """The hash of the object, read piece by piece; None when it was collected meanwhile."""
        digest, start = hashlib.sha256(), 0
        while start < self._sizes[name]:
            piece = await self._store.get(name, start=start, end=start + PIECE_BYTES)
            if piece is None:
                return None
            await self._runtime.thread(digest.update, piece)
            start += len(piece) or self._sizes[name]
            self._read_bytes += len(piece)
            self.tell(self._read_bytes)
        return digest.hexdigest()

    def _key(self, path: str) -> str:
        return self._folder + unquote(path)

    def _find(self, problem: str, *, hint: str = "") -> None:
        self.findings.append(_finding(self._row, problem, hint=hint))


def _pin_findings(state: State, row: CatalogTable) -> Iterator[Finding]:
    for pin in state.range(PINS):
        if pin.table_id == row.table_id and pin.version != row.version:
            problem = f"readers see version {row.version}, runs build on {pin.version}"
            yield _finding(row, problem)


def _finding(row: CatalogTable, problem: str, *, hint: str = "") -> Finding:
    return Finding(f"table {row.full_name}", problem, hint)


__all__ = ["Depth", "Inspection", "Place", "Telling", "inspect_tables"]
