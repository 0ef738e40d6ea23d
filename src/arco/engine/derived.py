"""Derived files: what is worked out from the rows of a snapshot and published with it.

They are named by the index, so they are checked, collected, copied and restored like any other file
of it, and stand in no event. Law: they say nothing that the rows do not; whoever finds them absent
or of another version works them out again. Must not know what is worked out.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec

from arco.engine.gathering import Gathered
from arco.engine.index import Derived, File, Index
from arco.engine.parquet import Changed
from arco.model import Table

LOG = logging.getLogger(__name__)


class Files(Protocol):
    """What writes the files of one snapshot."""

    async def rows_file(self, table: Table[Any], rows: Sequence[msgspec.Struct]) -> File:
        """A file with these rows, of which there is one at least, in the order of their keys."""
        ...

    def size(self, table: Table[Any]) -> int:
        """About how many rows the snapshot has of a table: no fewer than there are."""
        ...

    async def gathered(
        self, table: Table[Any], fields: Sequence[str], *, of: Sequence[str]
    ) -> Gathered:
        """Fields of the rows whose keys begin with these ids, as the snapshot has them."""
        ...


class Derivation(Protocol):
    """One way of working something out."""

    name: str
    version: int
    is_distrusted: bool
    """True once a file of it was found damaged: all of it is made anew."""

    async def derive(
        self, files: Files, before: Derived | None, *, changes: Mapping[str, Sequence[Changed]]
    ) -> Derived:
        """What follows from the present rows: `before` and what changed since, or all of it anew
        when `before` is None.

        Rows that change while this works may be taken as they were or as they are.
        """
        ...


async def derived(
    derivations: Sequence[Derivation],
    files: Files,
    *,
    before: Index | None,
    changes: Mapping[str, Sequence[Changed]],
) -> dict[str, Derived]:
    """What every derivation made. One that fails is left out: a snapshot does not wait for it."""
    made: dict[str, Derived] = {}
    for each in derivations:
        known = before.derived.get(each.name) if before is not None else None
        if known is not None and known.version != each.version:
            known = None
        try:
            made[each.name] = await each.derive(files, known, changes=changes)
        except Exception:
            LOG.exception("%s is left out of a snapshot", each.name)
    return made


def lacking(derivations: Sequence[Derivation], index: Index) -> bool:
    """True when the index lacks what one of them makes."""
    versions = {name: each.version for name, each in index.derived.items()}
    return any(
        each.is_distrusted or versions.get(each.name) != each.version for each in derivations
    )


__all__ = ["Derivation", "Files", "derived", "lacking"]
