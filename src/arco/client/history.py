"""What happened on a server: slots of its log, versions of a table, what differs between two
moments.
"""

from __future__ import annotations

from collections.abc import Iterator

from arco.client.asking import Asked, Asker
from arco.client.catalog import paged
from arco.client.operations import SHOW_DIFFERENCE, SHOW_HISTORY, SHOW_VERSIONS
from arco.service.differences import Difference
from arco.service.history import SlotLine, VersionLine


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


__all__ = ["History"]
