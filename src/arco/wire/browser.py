"""Signed URLs as they are asked for and told: one declaration for the server and its clients."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

SECONDS = 300
SECONDS_MIN = 60
SECONDS_MAX = 900
TableName = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]


class UrlsRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which tables of `system.*` a browser shall read by itself, and for how long."""

    tables: Annotated[tuple[TableName, ...], msgspec.Meta(max_length=200)] = ()
    """Such as `catalog.tables`; none: every public table."""
    seconds: Annotated[int, msgspec.Meta(ge=SECONDS_MIN, le=SECONDS_MAX)] = SECONDS
    """How long the URLs are good."""


class SignedUrl(msgspec.Struct, frozen=True, kw_only=True):
    """One Parquet file."""

    name: str
    """What `sql` calls it."""
    url: str
    """Where anyone can read it with GET, whole or in ranges, until it ends."""
    size_bytes: int
    """Its size: nobody has to ask with HEAD."""


class SignedTable(msgspec.Struct, frozen=True, kw_only=True):
    """One table, and the statements that make it a view of its files."""

    table: str
    """Its name below `system.`."""
    sql: str
    """For DuckDB, once each file stands under its name."""


class UrlsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Public tables as files, all at one slot."""

    slot: int
    """The slot that the files hold."""
    ends_at: datetime
    """When the URLs open nothing any more."""
    tables: list[SignedTable]
    """The tables by name."""
    files: list[SignedUrl]
    """Their files."""


__all__ = [
    "SECONDS",
    "SECONDS_MAX",
    "SECONDS_MIN",
    "SignedTable",
    "SignedUrl",
    "UrlsAnswer",
    "UrlsRequest",
]
