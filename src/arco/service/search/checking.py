"""Checking what search is published as: every document of it says what the rows say.

Changes since the snapshot are not in it, and what they concern is not compared. Must not know who
asked for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from arco.catalog.search.segments import Segment, told
from arco.engine.commit import SnapshotReference
from arco.engine.domain import NEWEST, SNAPSHOTS
from arco.engine.index import Derived, Index, TableFiles
from arco.engine.reader import Reader
from arco.engine.tables import Tables
from arco.engine.verify import Finding
from arco.errors import Corrupt
from arco.runtime import Runtime
from arco.service.search.documents import KINDS, TOUCHED, Object, all_objects, document_of, touched
from arco.service.search.publishing import NAME, VERSION, hidden_in, segment_of
from arco.service.search.tables import ENTRIES, HIDDEN, POSTINGS
from arco.store.port import Store

TABLES = (POSTINGS, ENTRIES, HIDDEN)
HINT = "rows are not harmed: `arco verify --rebuild` makes it again from the log"


async def search_findings(store: Store, runtime: Runtime, *, tables: Tables) -> tuple[Finding, ...]:
    """What is wrong with the published segments, next to the rows of the newest slot.

    Cost: each file of the segments once.
    """
    newest = tables.get(SNAPSHOTS, NEWEST)
    if newest is None:
        return ()
    reader = Reader(store, runtime)
    try:
        index = await reader.index(SnapshotReference(newest.slot, newest.index, newest.sha256))
        derived = index.derived.get(NAME)
        if derived is None or derived.version != VERSION:
            return ()
        published = await _published(reader, derived)
    except Corrupt as damage:
        return (Finding(NAME, damage.message, HINT),)
    return tuple(
        Finding(NAME, problem, HINT) for problem in _problems(tables, index, published=published)
    )


def _problems(tables: Tables, index: Index, *, published: Mapping[Object, int]) -> Iterator[str]:
    since = {
        each
        for name in TOUCHED
        for key in tables.memory[name].changed(index.slot)
        for each in touched(tables, name, key=key)
    }
    expected = dict(_expected(tables))
    differing = {
        each
        for each in {*published, *expected}
        if each not in since and published.get(each) != expected.get(each)
    }
    if differing:
        kind, key = min(differing)
        yield (
            f"{len(differing)} objects are found by other words than their rows have, "
            f"first the {kind} {key!r}"
        )


def _expected(tables: Tables) -> Iterator[tuple[Object, int]]:
    for kind in KINDS:
        for each in all_objects(tables, kind):
            document = document_of(tables, each)
            if document is not None:
                yield each, _sum(document.terms())


async def _published(reader: Reader, derived: Derived) -> dict[Object, int]:
    """The sum of the terms of every document that is not hidden."""
    files = {each.name: derived.tables.get(each.name, TableFiles()) for each in TABLES}
    hidden = await hidden_in(reader, files[HIDDEN.name].base)
    found: dict[Object, int] = {}
    pairs = zip(files[POSTINGS.name].deltas, files[ENTRIES.name].deltas, strict=True)
    for postings, entries in pairs:
        segment = await segment_of(reader, postings=postings, entries=entries)
        found |= _sums(segment, hidden.get(postings.name, 0))
    return found


def _sums(segment: Segment, hidden: int) -> dict[Object, int]:
    sums = [0] * len(segment.entries)
    for term, ordinals in told(segment):
        for ordinal in ordinals:
            sums[ordinal] ^= hash(term)
    return {
        (entry.kind, entry.key): sums[entry.ordinal]
        for entry in segment.entries
        if not hidden >> entry.ordinal & 1
    }


def _sum(terms: list[str]) -> int:
    total = 0
    for term in dict.fromkeys(terms):
        total ^= hash(term)
    return total


__all__ = ["search_findings"]
