"""What publications wrote: the hash of every log entry of theirs, by table and version.

A publication fixes its entry's hash before the entry stands, and the entry names files whose names
are the hashes of their bytes: one recorded hash vouches for everything a version added. Must not
know stores.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Literal

import msgspec

from arco.formats.file_lists import listed
from arco.model import State
from arco.orchestration.maintenance import COMPACTIONS, Compaction
from arco.orchestration.restores import RESTORES, Restore
from arco.orchestration.rows import Publication
from arco.orchestration.states import PublicationState
from arco.orchestration.tables import PUBLICATIONS
from arco.store.text import decoded, text_unreadable


class Added(msgspec.Struct, frozen=True):
    """A file that an entry makes part of the table, or takes out of it."""

    path: str
    size: int = 0


class Action(msgspec.Struct, frozen=True):
    """One line of an entry, as far as files go."""

    add: Added | None = None
    remove: Added | None = None
    clear: Literal[True] | None = None
    """The entry says the whole: what stood before counts no more."""


_ACTIONS = msgspec.json.Decoder(Action)


def recorded_entries(state: State) -> dict[tuple[str, int], str]:
    """(table, version) -> the hash of its log entry, of all that runs, restores and
    compactions published.

    Cost: linear in the runs.
    """
    return {
        (table.table_id, table.version): table.sha256
        for done in _finished(state)
        for table in done.tables
    }


def actions_of(entry: bytes, name: str) -> list[Action]:
    """What the entry says of files, in its order.

    Raises: Corrupt TEXT_UNREADABLE.
    """
    return decoded(entry, _ACTIONS.decode_lines, damaged=partial(text_unreadable, name))


def actions_of_list(entry: bytes, name: str) -> list[Action]:
    """What a file list says: its files, and no others.

    Raises: Corrupt FILE_LIST_UNREADABLE.
    """
    files = listed(entry, name).files
    return [Action(clear=True), *(Action(Added(file.path, file.size_bytes)) for file in files)]


def _finished(state: State) -> Iterator[Publication | Restore | Compaction]:
    yield from (row for row in state.range(PUBLICATIONS) if _is_over(row))
    yield from (row for row in state.range(RESTORES) if _is_over(row))
    yield from (row for row in state.range(COMPACTIONS) if _is_over(row))


def _is_over(row: Publication | Restore | Compaction) -> bool:
    return row.state is PublicationState.PUBLISHED


__all__ = ["Action", "Added", "actions_of", "actions_of_list", "recorded_entries"]
