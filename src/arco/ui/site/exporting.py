"""Writes the pages of a workspace as files: one moment of it, for any web server.

Law: what stands in the folder is whole or was not begun: it is written beside it and moved. Every
link leads to a file that is there. Must not know how a page is made.
"""

from __future__ import annotations

import shutil
from collections import deque
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from functools import partial
from itertools import islice
from pathlib import Path

import msgspec

from arco.access.callers import local_owner
from arco.api.session import Session
from arco.catalog.finding import find_table
from arco.catalog.tables import NAMESPACES, Namespace
from arco.engine.past import Past
from arco.errors import Conflict
from arco.model import Key, State
from arco.orchestration.tables import NEWEST_RUNS
from arco.service.history import VersionLine, published_lines
from arco.service.past import slot_of
from arco.ui.addresses import address
from arco.ui.files import FILES, PREFIX
from arco.ui.frame import Around, document
from arco.ui.pages.versions import VERSIONS, Versions, versions_body
from arco.ui.site.asking import Answers
from arco.ui.site.copying import Way, copied
from arco.ui.site.names import Named, Names
from arco.ui.site.places import SEARCH, Members, place_of, relative, target_of

MARK = "arco-site.json"
NAMESPACES_AT_ONCE = 1_000
SLOTS_SCANNED_MAX = 4_096
"""Versions are told that were published by so many of the newest slots."""
RUNS = 500
KINDS = {"tables": "table", "catalog": "namespace", "assets": "asset"}
LEFT_OUT_OF_FILES = "/search"


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """What was written."""

    slot: int
    as_of: datetime
    """When that slot was committed."""
    pages: int
    runs: int
    """So many of the newest runs have a page."""
    size_bytes: int


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What to write where."""

    folder: Path
    moment: str = ""
    """The slot or time that is shown; empty: the newest."""
    runs: int = RUNS
    """So many of the newest runs get a page."""


async def export_site(session: Session, wanted: Wanted, *, told: Callable[[int], None]) -> Site:
    """The site of one moment; `told` hears after every page how many there are.

    Raises: Conflict SITE_FOLDER_IN_USE; what `slot_of` raises. Cost: every page once; memory
    grows with how many there are, by the rows that the past keeps.
    """
    folder = wanted.folder.absolute()
    refuse_foreign(folder)
    workspace = session.workspace
    slot = await slot_of(workspace, wanted.moment or str(workspace.database.seq))
    beside = folder.with_name(f"{folder.name}.writing")
    refuse_foreign(beside)
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    (beside / MARK).write_text("{}\n", "utf-8")
    writing = Writing(session, beside, past=await workspace.pasts.at(slot))
    done = await writing.all_of(wanted.runs, told=told)
    (beside / MARK).write_bytes(msgspec.json.format(msgspec.json.encode(done)) + b"\n")
    put_in_place(beside, folder)
    return done


def refuse_foreign(folder: Path) -> None:
    """Nothing, for a folder that is free, empty, or holds a site.

    Raises: Conflict SITE_FOLDER_IN_USE.
    """
    is_free = not folder.exists() or (folder.is_dir() and not any(folder.iterdir()))
    if not is_free and not (folder / MARK).is_file():
        raise Conflict(
            "SITE_FOLDER_IN_USE",
            f"{folder} is no site: it would be overwritten",
            hint="name a folder that is new or empty, or one that a site was written to before",
        )


def put_in_place(beside: Path, folder: Path) -> None:
    """The folder is what stands beside it; what it held is gone."""
    before = folder.with_name(f"{folder.name}.before")
    refuse_foreign(before)
    shutil.rmtree(before, ignore_errors=True)
    if folder.exists():
        folder.rename(before)
    beside.rename(folder)
    shutil.rmtree(before, ignore_errors=True)


class Writing:
    """The pages that were written and those that wait."""

    def __init__(self, session: Session, folder: Path, *, past: Past) -> None:
        settings = session.workspace.settings
        self._session = session
        self._folder = folder
        self._past = past
        caller = local_owner(settings.tenant, settings.workspace)
        self._answers = Answers(session, caller, slot=past.seq)
        self._members = Members(())
        self._names = Names()
        self._versions: dict[str, list[VersionLine]] = {}
        """Table id -> the versions that the newest slots published, newest first."""
        self._waiting: deque[str] = deque()
        self._known: set[str] = set()
        """The places of pages that were written or wait: some pages have two addresses."""
        self._said = ""
        self._pages = 0
        self._size_bytes = 0

    async def all_of(self, runs: int, *, told: Callable[[int], None]) -> Site:
        """Every page, the files they need, and the index of the search."""
        newest = await self._past.asked(lambda state: _newest(state, runs))
        as_of = self._past.position.committed_at
        assert as_of is not None, "a slot that stands was committed"
        self._members = Members(newest)
        self._said = (
            f"A copy of slot {self._past.seq}, as of {as_of:%Y-%m-%d %H:%M:%S} UTC, "
            f"with the newest {'run' if len(newest) == 1 else f'{len(newest):,} runs'}."
        )
        await self._read_versions()
        self._wanted("/")
        async for name in self._namespaces():
            self._wanted(address("catalog", name))
        while self._waiting:
            await self._page(self._waiting.popleft())
            told(self._pages)
        self._search()
        for name, served in FILES.items():
            self._write(f"ui/{name}", served.content)
        return Site(
            slot=self._past.seq,
            as_of=as_of,
            pages=self._pages,
            runs=len(newest),
            size_bytes=self._size_bytes,
        )

    async def _namespaces(self) -> AsyncIterator[str]:
        rows = await self._past.asked(partial(_namespaces, after=None))
        while rows:
            for row in rows:
                yield row.full_name
            after = NAMESPACES.key_of(rows[-1])
            rows = await self._past.asked(partial(_namespaces, after=after))

    async def _page(self, where: str) -> None:
        target = target_of(where)
        place = place_of(target)
        is_log = target.section == "versions"
        text = await (self._versions_of(target.name) if is_log else self._answers.page(where))
        self._write(place, copied(text, self._way(place)).encode())
        self._pages += 1
        if target.name and not target.cursor and target.section in KINDS:
            self._names.add(Named(target.name, KINDS[target.section], place))

    async def _read_versions(self) -> None:
        newest = self._past.seq
        oldest = max(0, newest + 1 - SLOTS_SCANNED_MAX)
        lines = published_lines(self._session.workspace, newest=newest, oldest=oldest)
        async for table_id, line in lines:
            found = self._versions.setdefault(table_id, [])
            if len(found) < VERSIONS:
                found.append(line)

    async def _versions_of(self, name: str) -> str:
        """The page that the server makes from the log for each table, from one look at the log."""
        table = await self._past.asked(lambda state: find_table(state, name))
        found = Versions(
            table=table, versions=self._versions.get(table.table_id, []), next_cursor=""
        )
        around = Around(section="Catalog", slot=self._past.seq, version=self._session.version)
        return document(f"Versions of {table.full_name}", versions_body(found), around=around)

    def _search(self) -> None:
        around = Around(slot=self._past.seq, version=self._session.version)
        text = document("Search", self._names.page(), around=around, script="site.js")
        self._write(SEARCH, copied(text, self._way(SEARCH)).encode())
        self._pages += 1
        for place, content in self._names.files():
            self._write(place, content)

    def _way(self, place: str) -> Way:
        return Way(
            leads=lambda where: self._leads(place, where),
            asset=lambda where: relative(place, f"ui/{where.rpartition('/')[2]}"),
            said=self._said,
        )

    def _leads(self, place: str, where: str) -> str | None:
        if where == LEFT_OUT_OF_FILES:
            return relative(place, SEARCH)
        target = target_of(where)
        if where.startswith(f"{PREFIX}/") or not self._members.has(target):
            return None
        self._wanted(where)
        return relative(place, place_of(target))

    def _wanted(self, where: str) -> None:
        place = place_of(target_of(where))
        if place not in self._known:
            self._known.add(place)
            self._waiting.append(where)

    def _write(self, place: str, content: bytes) -> None:
        path = self._folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        self._size_bytes += len(content)


def _namespaces(state: State, *, after: Key | None) -> list[Namespace]:
    return list(islice(state.range(NAMESPACES, after=after), NAMESPACES_AT_ONCE))


def _newest(state: State, count: int) -> list[str]:
    return [row.run_id for row in islice(state.range(NEWEST_RUNS), count)]


__all__ = [
    "MARK",
    "RUNS",
    "Site",
    "Wanted",
    "Writing",
    "export_site",
    "put_in_place",
    "refuse_foreign",
]
