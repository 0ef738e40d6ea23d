"""The files of the newest snapshot as signed URLs: of public tables, all of them or none.

Law: every name comes from the index that the log names, never from a request, so no text of a
caller's becomes part of one. Must not know HTTP.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import msgspec

from arco.engine import snapshot
from arco.engine.commit import SnapshotReference
from arco.engine.domain import NEWEST, SNAPSHOTS
from arco.engine.index import File, TableFiles
from arco.errors import Invalid, NotFound, Unavailable
from arco.service.signatures import SignedFile
from arco.service.workspace import Workspace
from arco.store import keys

FILES_MAX = 20_000
Sign = Callable[[SignedFile, datetime], str]


class PublicTable(msgspec.Struct, frozen=True):
    """The files that are one public table: its base, and changes above it, oldest first."""

    name: str
    base: tuple[File, ...] = ()
    deltas: tuple[File, ...] = ()

    @property
    def files(self) -> tuple[File, ...]:
        """All of them."""
        return (*self.base, *self.deltas)


class PublicFiles(msgspec.Struct, frozen=True):
    """The public tables at one slot."""

    slot: int
    tables: tuple[PublicTable, ...]

    @property
    def files(self) -> list[File]:
        """Every file once."""
        return [file for table in self.tables for file in table.files]


async def public_files(workspace: Workspace, names: Sequence[str]) -> PublicFiles:
    """The files that hold these tables, all public ones when none is named, as they are now.

    Cost: a snapshot, if the newest one lacks something. Raises: NotFound TABLE_NOT_FOUND; Invalid
    URLS_TOO_MANY; Unavailable SNAPSHOT_MISSING.
    """
    database = workspace.database
    if database.tail.commits:
        await snapshot.publish(database)
        await database.refresh()
    row = await database.asked(lambda state: state.get(SNAPSHOTS, NEWEST))
    if row is None:
        raise Unavailable(
            "SNAPSHOT_MISSING", "nothing is published as files yet", hint="ask again in a moment"
        )
    index = await database.replay.reader.index(SnapshotReference(row.slot, row.index, row.sha256))
    found = []
    for name in names_of(workspace, names):
        files = index.tables.get(name, TableFiles())
        base = await database.replay.reader.base(files)
        found.append(PublicTable(name, base, files.deltas))
    public = PublicFiles(index.slot, tuple(found))
    _check_count(len(public.files))
    return public


async def urls_for(
    workspace: Workspace, files: Sequence[File], *, seconds: int, sign: Sign
) -> list[str]:
    """A URL for each file that shows it for so many seconds: the store's own, where it signs."""
    if workspace.store.signs_urls:
        works = (workspace.store.signed_url(file.name, seconds) for file in files)
        return list(await workspace.runtime.gather(works))
    ends_at = workspace.runtime.now() + timedelta(seconds=seconds)
    return [sign(SignedFile(file.name, file.size_bytes), ends_at) for file in files]


async def files_origin(workspace: Workspace) -> str:
    """Where the URLs lead, such as `https://bucket.example`; empty: to this server itself.

    Cost: that of signing one URL, which is told to nobody.
    """
    if not workspace.store.signs_urls:
        return ""
    found = urlsplit(await workspace.store.signed_url(keys.FORMAT, 1))
    return f"{found.scheme}://{found.netloc}"


def names_of(workspace: Workspace, names: Sequence[str]) -> list[str]:
    """The public tables that are meant, each once.

    Raises: NotFound TABLE_NOT_FOUND: a private table is like one that is not there.
    """
    tables = workspace.database.registry.tables
    public = sorted(name for name, table in tables.items() if table.public)
    for name in names:
        if name not in public:
            raise NotFound(
                "TABLE_NOT_FOUND",
                f"there is no table system.{name[:200]} that can be read as files",
                hint=f"name some of: {', '.join(public)}",
            )
    return sorted(set(names)) if names else public


def _check_count(count: int) -> None:
    if count > FILES_MAX:
        raise Invalid(
            "URLS_TOO_MANY",
            f"these tables have {count:,} files; at most {FILES_MAX:,} are signed at once",
            hint="name fewer tables, or ask by POST /api/v1/query",
        )


__all__ = [
    "FILES_MAX",
    "PublicFiles",
    "PublicTable",
    "files_origin",
    "names_of",
    "public_files",
    "urls_for",
]
