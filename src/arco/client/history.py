"""What happened on a server: slots of its log, versions of a table, what differs between two
moments.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from arco.client.asking import Asked, Asker
from arco.client.operations import SHOW_CHANGES, SHOW_DIFFERENCE, SHOW_HISTORY, SHOW_VERSIONS
from arco.client.paging import paged
from arco.service.changes import START, FeedChange, FeedPage
from arco.service.differences import Difference
from arco.service.history import SlotLine, VersionLine

WAIT_SECONDS = 20


class History:
    """The past. A moment is a slot (`120`), a time (`2026-03-01`) or how long ago (`2h`)."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    def slots(self) -> Iterator[SlotLine]:
        """What was committed, newest first: when, by whom, what happened, in which run."""
        return paged(self._asker, SHOW_HISTORY, rows=lambda page: page.slots)

    def versions(self, full_name: str) -> Iterator[VersionLine]:
        """The versions of one table that readers saw, newest first."""
        place = {"full_name": full_name}
        return paged(self._asker, SHOW_VERSIONS, place=place, rows=lambda page: page.versions)

    def difference(self, before: str, after: str = "", *, table: str = "") -> Difference:
        """What differs between two moments; without `after`: up to the present."""
        query = {"before": before, "after": after, "table": table}
        return self._asker.ask(SHOW_DIFFERENCE, Asked(query=query))

    def changes(self, after: str = START, *, tables: Iterable[str] = ()) -> Iterator[FeedChange]:
        """Every row that changed behind a position, up to now, in the order of the log.

        `change.position` goes on behind that change; `tables` are those of `system.*`.
        """
        only = ",".join(tables)
        while True:
            page = self._page(after, only, wait=0)
            yield from page.changes
            if not page.changes and page.position == after:
                return
            after = page.position

    def follow(self, after: str = "", *, tables: Iterable[str] = ()) -> Iterator[FeedChange]:
        """The same, going on with every change as it happens, until the client is closed."""
        only = ",".join(tables)
        while True:
            page = self._page(after, only, wait=WAIT_SECONDS)
            yield from page.changes
            after = page.position

    def _page(self, after: str, only: str, *, wait: int) -> FeedPage:
        query = {"after": after, "table": only, "wait": wait}
        return self._asker.ask(SHOW_CHANGES, Asked(query=query))


__all__ = ["History"]
