"""What an author says of columns: `column_lineage={"late_share": "staging_flights.delay"}`.

Law: a name that is no upstream of the asset is a problem, never a guess.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from arco.orchestration.definitions import DeclaredSource, Dependency

ROWS = "*"
"""The key for columns that decide which rows there are: what is joined, filtered or grouped by."""
EXAMPLE = 'column_lineage={"late_share": ["orders.delay"], "*": ["orders.day"]}'


class DeclaredColumns(msgspec.Struct, frozen=True):
    """What an author said, and what is wrong with how."""

    sources: tuple[DeclaredSource, ...]
    sentences: tuple[str, ...]


def declared_sources(given: Any, dependencies: Sequence[Dependency]) -> DeclaredColumns:
    """The sources by column: `upstream.column`, the upstream named by parameter or by asset key."""
    if not isinstance(given, Mapping):
        return DeclaredColumns((), (f"column_lineage is {given!r}; write {EXAMPLE}",))
    sources: list[DeclaredSource] = []
    sentences: list[str] = []
    for column, references in given.items():
        for reference in (references,) if isinstance(references, str) else references:
            source = _source(column, reference, dependencies=dependencies)
            if source is None:
                known = ", ".join(sorted({name for name, _ in _names(dependencies)})) or "none"
                sentences.append(
                    f"column_lineage of {column!r} names {reference!r}, which is no column of an "
                    f"upstream; upstreams: {known}"
                )
            else:
                sources.append(source)
    return DeclaredColumns(tuple(sources), tuple(sentences))


def _source(
    column: str, reference: object, *, dependencies: Sequence[Dependency]
) -> DeclaredSource | None:
    if not isinstance(reference, str):
        return None
    own = "" if column == ROWS else column
    for name, upstream in _names(dependencies):
        if reference.startswith(f"{name}.") and len(reference) > len(name) + 1:
            return DeclaredSource(own, upstream, reference[len(name) + 1 :])
    return None


def _names(dependencies: Sequence[Dependency]) -> Iterator[tuple[str, str]]:
    """What an upstream may be called; longer names first, because names hold dots."""
    names = {(each.upstream, each.upstream) for each in dependencies}
    names |= {(each.parameter, each.upstream) for each in dependencies if each.parameter}
    yield from sorted(names, key=lambda each: (-len(each[0]), each))


__all__ = ["DeclaredColumns", "declared_sources"]
