"""Arrays of a relation as one object, so that the next process need not make them again.

Law: a cache and nothing else. Nobody refers to it, so the collector may take it; one that is gone,
damaged or of another release is made again from the files it was made of.
"""

from __future__ import annotations

import logging
from itertools import accumulate
from typing import Any

import msgspec

from arco.engine.adjacency import Adjacency, Nodes, Side
from arco.engine.index import TableFiles
from arco.errors import ArcoError
from arco.ids import sha256
from arco.store import keys
from arco.store.port import Store

FORMAT = 1
OBJECT_BYTES_MAX = 512 * 1024 * 1024
DIGEST_CHARACTERS = 16
ALIGNMENT = 8
HEAD_BYTES = 8
LOG = logging.getLogger(__name__)


class Head(msgspec.Struct, frozen=True):
    """What stands at the beginning: the parts that follow, and the hash of all of them."""

    format: int
    sizes: tuple[int, ...]
    sha256: str


def object_name(table: str, files: TableFiles) -> str:
    """Where the arrays of these files of a table are kept."""
    digests = "".join(each.sha256 for each in files.listed)
    slot = max((file.slot for file in (*files.base, *files.deltas)), default=0)
    digest = sha256(f"{FORMAT} {table} {digests}".encode())[:DIGEST_CHARACTERS]
    return keys.data_folder(table.partition(".")[0], slot, digest) + "arrays"


async def kept(store: Store, name: str) -> bytes | None:
    """The object, if there is one that can be read."""
    try:
        return await store.get(name)
    except ArcoError as error:
        LOG.info("arrays are made again: %s", error)
        return None


async def keep(store: Store, name: str, *, data: bytes) -> None:
    """The object stands, unless it may not be written: then the next process makes its own.

    It is written as a hint is: nothing depends on it, so it need not survive a power loss.
    """
    if len(data) > OBJECT_BYTES_MAX:
        return
    try:
        await store.put(name, data)
    except ArcoError as error:
        LOG.info("arrays are not kept: %s", error)


def packed(adjacency: Adjacency) -> bytes:
    """The arrays as bytes."""
    nodes, sides = adjacency.nodes, (adjacency.forward, adjacency.backward)
    parts = [_words(words) for words in nodes.words]
    parts += [each.tobytes() for each in (nodes.codes, *_numbers(sides[0]), *_numbers(sides[1]))]
    body = b"".join(part + bytes(-len(part) % ALIGNMENT) for part in parts)
    head = msgspec.json.encode(Head(FORMAT, tuple(map(len, parts)), sha256(body)))
    head += b" " * (-len(head) % ALIGNMENT)
    return len(head).to_bytes(HEAD_BYTES, "little") + head + body


def unpacked(data: bytes, *, width: int) -> Adjacency | None:
    """The arrays; None for bytes that are not what they say."""
    import numpy as np

    size = int.from_bytes(data[:HEAD_BYTES], "little")
    try:
        head = msgspec.json.decode(data[HEAD_BYTES : HEAD_BYTES + size], type=Head)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    body = memoryview(data)[HEAD_BYTES + size :]
    if head.format != FORMAT or sha256(bytes(body)) != head.sha256 or len(head.sizes) != width + 5:
        return None
    starts = accumulate((size + -size % ALIGNMENT for size in head.sizes), initial=0)
    parts = [body[start : start + size] for start, size in zip(starts, head.sizes, strict=False)]
    words = [_words_of(part) for part in parts[:width]]
    codes, *numbers = (
        np.frombuffer(part, kind)
        for part, kind in zip(
            parts[width:], (np.uint64, np.int64, np.uint32, np.int64, np.uint32), strict=True
        )
    )
    forward, backward = Side(numbers[0], numbers[1]), Side(numbers[2], numbers[3])
    return Adjacency(Nodes(words, codes), forward=forward, backward=backward)


def _numbers(side: Side) -> tuple[Any, Any]:
    return side.starts, side.far


def _words(words: Any) -> bytes:
    import pyarrow as pa

    batch = pa.record_batch([words], ["words"])
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    written: bytes = sink.getvalue().to_pybytes()
    return written


def _words_of(part: memoryview) -> Any:
    import pyarrow as pa

    return pa.ipc.open_stream(pa.py_buffer(part)).read_next_batch().column(0)


__all__ = ["Head", "keep", "kept", "object_name", "packed", "unpacked"]
