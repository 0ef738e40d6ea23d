"""Tables of plain Parquet files: every version is one small object that lists its files whole.

Law: a list is made once, under the number of its version, and never changed; what a folder holds
besides is part of no version. Files hold all their columns, those of partitions, too. Must not know
stores, workers or clocks.
Source: storage format, "File lists".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import msgspec
import pyarrow.fs

from arco.errors import Corrupt, NotFound
from arco.formats import places
from arco.formats.steps import Operation, Step, partition_identity
from arco.formats.versions import Protocol, PublishedVersion, TableFile, TableSnapshot
from arco.ids import sha256
from arco.orchestration.definitions import WriteMode
from arco.store.text import decoded

FORMAT = 1
FOLDER = "_file_lists"
LIST_FILE = re.compile(rf"{FOLDER}/(\d{{20}})\.json\Z")


class FileList(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a table."""

    format: int = FORMAT
    table_id: str
    version: int
    made_by: str
    """The id of the run, restore or compaction."""
    operation: Operation
    committed_at_ms: int
    table_schema: str = msgspec.field(name="schema")
    """As Delta spells it."""
    partition_columns: tuple[str, ...]
    files: tuple[TableFile, ...]


_LIST = msgspec.json.Decoder(FileList)


def entry(step: Step, before: TableSnapshot | None) -> bytes:
    """The list that follows `before` (None: version 0) and makes exactly this step.

    Cost: as long as the table has files.
    """
    gone = {file.path for file in step.removed}
    kept = (file for file in before.files if file.path not in gone) if before else ()
    made = FileList(
        table_id=step.table_id,
        version=before.version + 1 if before else 0,
        made_by=step.mover,
        operation=step.operation,
        committed_at_ms=step.committed_at_ms,
        table_schema=step.schema,
        partition_columns=step.partition_columns,
        files=tuple(sorted((*kept, *step.added), key=lambda file: file.path)),
    )
    return msgspec.json.encode(made) + b"\n"


def latest_version(location: str) -> int | None:
    """The newest version that a list stands for; None when there is none. Cost: 1 LIST."""
    selector = pyarrow.fs.FileSelector(FOLDER, allow_not_found=True)
    infos = places.folder(location, {}).get_file_info(selector)
    found = (LIST_FILE.search(info.path) for info in infos)
    return max((int(match[1]) for match in found if match), default=None)


def snapshot(location: str, version: int | PublishedVersion) -> TableSnapshot:
    """The table at `version`, whatever was written since. Cost: 1 HEAD, 1 GET.

    Raises: NotFound TABLE_VERSION_NOT_FOUND; Corrupt TABLE_ENTRY_DAMAGED, FILE_LIST_UNREADABLE.
    """
    wanted = version if isinstance(version, PublishedVersion) else PublishedVersion(version)
    data = _content(location, wanted.number)
    if wanted.entry and sha256(data) != wanted.entry:
        raise Corrupt(
            "TABLE_ENTRY_DAMAGED",
            f"{_name(wanted.number)} of the table at {location.partition('?')[0]} is not what was "
            "published",
            hint="restore it from a backup, or read an older version; `arco verify` names every "
            "damaged entry",
            version=wanted.number,
        )
    found = listed(data, f"{location.partition('?')[0]}/{_name(wanted.number)}")
    return TableSnapshot(
        version=wanted.number,
        schema=found.table_schema,
        metadata_id=found.table_id,
        partition_columns=found.partition_columns,
        files=found.files,
        protocol=Protocol(),
        configuration={},
        format="parquet",
    )


def listed(data: bytes, name: str) -> FileList:
    """What the list says. Raises: Corrupt FILE_LIST_UNREADABLE."""
    found = decoded(data, _LIST.decode, damaged=lambda reason: _unreadable(name, reason))
    if found.format > FORMAT:
        raise _unreadable(name, f"its format is {found.format}, this release reads {FORMAT}")
    for file in found.files:
        if "/" in file.path or file.path.startswith("."):
            raise _unreadable(name, "it names a file outside its table")
    return found


def refuse_features(before: TableSnapshot, mode: WriteMode) -> None:
    """Nothing: nobody else makes versions, so nobody asks writers for anything."""


def moves_rows(location: str, version: int, *, of: Mapping[str, str | None]) -> bool:
    """True unless the version left the rows of this partition what they were.

    Cost: as two snapshots.
    """
    made = listed(_content(location, version), _name(version))
    if made.operation == "compact":
        return False
    before = snapshot(location, version - 1)
    wanted = partition_identity(of)
    return _paths(made.files, wanted) != _paths(before.files, wanted)


def _paths(files: Iterable[TableFile], wanted: frozenset[tuple[str, str | None]]) -> set[str]:
    return {file.path for file in files if partition_identity(file.partition_values) == wanted}


def _name(version: int) -> str:
    return f"{FOLDER}/{version:020d}.json"


def _content(location: str, version: int) -> bytes:
    folder, name = places.folder(location, {}), _name(version)
    if folder.get_file_info(name).type == pyarrow.fs.FileType.NotFound:
        newest = latest_version(location)
        found = "there is no table" if newest is None else f"its newest version is {newest}"
        raise NotFound(
            "TABLE_VERSION_NOT_FOUND",
            f"version {version} of the table at {location.partition('?')[0]} does not exist: "
            f"{found}",
            hint="read a version that was published, or run the asset first",
        )
    with folder.open_input_stream(name) as stream:
        return bytes(stream.read())


def _unreadable(name: str, why: str) -> Corrupt:
    return Corrupt(
        "FILE_LIST_UNREADABLE",
        f"{name} cannot be read: {why}",
        hint="restore it from a backup, or read an older version; `arco verify` names every "
        "damaged list",
    )


__all__ = [
    "FOLDER",
    "FORMAT",
    "LIST_FILE",
    "FileList",
    "entry",
    "latest_version",
    "listed",
    "moves_rows",
    "refuse_features",
    "snapshot",
]
