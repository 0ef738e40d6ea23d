"""Pages: a bounded slice of rows in key order, and an opaque cursor that says where it ended.

A cursor names the last row that was looked at, not a position: rows that come or go before it move
nothing, so no row that stands throughout is told twice or left out. Must not know routes.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable
from typing import Annotated, Any, Generic, TypeAlias, TypeVar

import msgspec
from litestar.params import Parameter

from arco.errors import Invalid
from arco.model import Key

PAGE_SIZE = 1000
SCANNED_MAX = 10_000
"""A filter that lets little through ends its page after so many rows: it goes on at the cursor."""
PageSize: TypeAlias = Annotated[
    int, Parameter(ge=1, le=PAGE_SIZE, description="How many at most on one page.")
]
Cursor: TypeAlias = Annotated[
    str,
    Parameter(
        description="Where to go on: `next_cursor` of the page before, with the same filters.",
        max_length=4000,
    ),
]
T = TypeVar("T")


class Page(msgspec.Struct, Generic[T], frozen=True):
    """Rows, and the key of the last one that was looked at, unless it was the last of all."""

    rows: list[T]
    behind: Key | None


def page_of(
    rows: Iterable[T],
    *,
    limit: int,
    key: Callable[[T], Key],
    keep: Callable[[T], bool] = lambda row: True,
) -> Page[T]:
    """At most `limit` of the rows that are kept.

    Cost: the page; with a filter at most `SCANNED_MAX` rows.
    """
    kept: list[T] = []
    last: T | None = None
    for scanned, row in enumerate(rows):
        if last is not None and (len(kept) == limit or scanned == SCANNED_MAX):
            return Page(kept, key(last))
        last = row
        if keep(row):
            kept.append(row)
    return Page(kept, None)


def write_cursor(key: Key | None, *asked: str) -> str:
    """The cursor of a page that ended at `key`, for whoever asked so; empty after the last page."""
    if key is None:
        return ""
    text = msgspec.json.encode([list(key), *asked])
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def read_cursor(text: str, *asked: str, types: tuple[type, ...]) -> Key | None:
    """The key that the cursor names; None without one.

    Raises: Invalid CURSOR_INVALID, also for a cursor of another list or of another filter.
    """
    if not text:
        return None
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        found: list[Any] = msgspec.json.decode(data, type=list[Any])
        key = found[0]
        fits = [type(part) for part in key] == list(types) and found[1:] == list(asked)
    except (binascii.Error, msgspec.MsgspecError, ValueError, TypeError, IndexError):
        fits = False
    if not fits:
        raise Invalid(
            "CURSOR_INVALID",
            "the cursor is not one that this list gave for these filters",
            hint="send `next_cursor` as it stands, with the same filters, or begin without one",
        )
    return tuple(key)


__all__ = [
    "PAGE_SIZE",
    "SCANNED_MAX",
    "Cursor",
    "Page",
    "PageSize",
    "page_of",
    "read_cursor",
    "write_cursor",
]
