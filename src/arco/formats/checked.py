"""Data files that are damaged: the one that cannot be decoded is named, whoever reads.

Arrow says that some page does not match its checksum, or makes no sense, and not where; only then
are the files read once more, one by one. Must not know tables or versions.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.fs

from arco.errors import Corrupt

DECODING = (
    "CRC checksum",
    "deserialize thrift",
    "decompress",
    "ZSTD",
    "Unexpected end of stream",
    "corrupt",
    "Corrupt",
    "nvalid page header",
    "Could not open Parquet input source",
)
"""What Arrow says when bytes are there and are not a file, however the words reach us."""
READ_AT_ONCE = 1024 * 1024
PAGES_CHECKED = ds.ParquetFragmentScanOptions(page_checksum_verification=True)
"""Files of other writers may have no checksums; those that are there are looked at."""


@contextmanager
def damage_named(source: ds.Dataset) -> Iterator[None]:
    """Reads of the source happen inside.

    Raises: Corrupt DATA_FILE_DAMAGED for a file that can be read and not decoded.
    """
    try:
        yield
    except (OSError, pa.ArrowInvalid) as error:
        damage = damage_in(source)
        if damage is None:
            raise
        raise damage from error


def is_damage(said: str) -> bool:
    """True for what Arrow says of bytes that are no file."""
    return any(sign in said for sign in DECODING)


def damage_in(source: ds.Dataset) -> Corrupt | None:
    """The error that names the first damaged file; None when all that can be read can be decoded.

    Cost: reads everything up to there.
    """
    for fragment in source.get_fragments():
        try:
            for _ in fragment.to_batches():
                pass
        except (OSError, pa.ArrowInvalid):
            if _is_readable(fragment):
                return _damaged(_name(fragment))
    return None


def _is_readable(fragment: ds.Fragment) -> bool:
    """True when the store gives every byte: then it is they that are wrong."""
    try:
        with fragment.filesystem.open_input_stream(fragment.path) as stream:
            while stream.read(READ_AT_ONCE):
                pass
    except OSError:
        return False
    return True


def checked_reader(source: ds.Dataset, scanner: ds.Scanner) -> pa.RecordBatchReader:
    """What the scanner of the source reads, batch by batch."""
    reader = scanner.to_reader()
    return pa.RecordBatchReader.from_batches(reader.schema, _batches(source, reader))


def _batches(source: ds.Dataset, reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    with damage_named(source):
        yield from reader


def _name(fragment: ds.Fragment) -> str:
    folder = fragment.filesystem
    if isinstance(folder, pyarrow.fs.SubTreeFileSystem):
        return f"{folder.base_path.rstrip('/')}/{fragment.path}"
    return str(fragment.path)


def _damaged(name: str) -> Corrupt:
    return Corrupt(
        "DATA_FILE_DAMAGED",
        f"{name} is damaged: its pages cannot be decoded, or do not match their checksums",
        hint="restore the file from a backup, or run the asset again; `arco verify` names every "
        "damaged file",
        object=name,
    )


__all__ = ["DECODING", "PAGES_CHECKED", "checked_reader", "damage_in", "damage_named", "is_damage"]
