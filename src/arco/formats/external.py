"""Data that somebody else keeps: which version stands at a location, and that version's rows.

Law: a version is equal only while the data is; where the format keeps old versions, the one that
was observed is read, however the table moves on. Must not know assets.
"""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from arco.formats import delta, reading, surveying
from arco.orchestration.definitions import Format


class Observed(msgspec.Struct, frozen=True):
    """What stood at a location when it was looked at."""

    data_version: str
    facts: dict[str, Any]
    """What there is to say about it besides."""


def observed(location: str, format: Format) -> Observed:
    """The newest version of what stands there.

    Raises: NotFound LOCATION_EMPTY; Invalid LOCATION_UNREADABLE; Unavailable TABLE_UNREACHABLE.
    Cost: of Delta the log; of Parquet a LIST and, for files alone, their footers.
    """
    found = surveying.survey(location, format)
    facts = {
        "rows": found.rows,
        "files": found.files,
        "size_bytes": found.size_bytes,
        "version": found.version,
    }
    said = {name: value for name, value in facts.items() if value is not None}
    if format == "delta":
        table = delta.snapshot(location, int(found.version or 0))
        return Observed(f"delta:{table.version}:{table.metadata_id}", said)
    return Observed(f"files:{_files_hash(location)}", said)


def dataset(location: str, format: Format, *, version: str) -> Any:
    """The rows of the observed version; of Parquet those of the files that stand there now.

    Raises: as `observed`; Invalid LOCATION_UNREADABLE for a version that is none.
    """
    if format == "parquet":
        return surveying.parquet_dataset(location)
    kind, _, rest = version.partition(":")
    number = rest.partition(":")[0]
    if kind == "delta" and number.isdigit():
        return reading.dataset(location, int(number), staged=(), partitions=None, mode="replace")
    newest = delta.latest_version(location)
    if newest is None:
        raise surveying.empty(location)
    return reading.dataset(location, newest, staged=(), partitions=None, mode="replace")


def _files_hash(location: str) -> str:
    """What changes when a file comes, goes, or is written again."""
    folder, files = surveying.parquet_files(location)
    digest = hashlib.sha256()
    for info in folder.get_file_info(list(files)):
        digest.update(f"{info.path}\n{info.size}\n{info.mtime_ns}\n".encode())
    return digest.hexdigest()[:32]


__all__ = ["Observed", "dataset", "observed"]
