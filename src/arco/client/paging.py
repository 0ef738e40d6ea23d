"""Rows of a server, read page by page as they are needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from arco.client.asking import Asked, Asker
from arco.client.operation import Operation

P = TypeVar("P")
T = TypeVar("T")
NOWHERE: Mapping[str, str] = {}


def paged(
    asker: Asker,
    operation: Operation[P],
    *,
    rows: Callable[[P], list[T]],
    place: Mapping[str, str] = NOWHERE,
    only: Mapping[str, Any] = NOWHERE,
) -> Iterator[T]:
    """The rows of all pages; each page is asked for when the one before is used up."""
    cursor = ""
    while True:
        page: Any = asker.ask(operation, Asked(place=place, query={**only, "cursor": cursor}))
        yield from rows(page)
        cursor = page.next_cursor
        if not cursor:
            return


__all__ = ["paged"]
