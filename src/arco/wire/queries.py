"""One SELECT as it is asked: one declaration for the server and its clients."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from arco.query.protocol import Format


class QueryRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One SELECT over published tables and `system.*`."""

    sql: str
    format: Format = Format.JSON
    """`json`: an array of one object a row; `csv`; `arrow`: an IPC stream; `text`: aligned."""
    parameters: list[Any] | dict[str, Any] | None = None
    """Values for `?` and `$1` (a list) or `$name` (an object)."""
    at: Annotated[str, msgspec.Meta(max_length=40)] = ""
    """The moment to answer about: a slot, a time or how long ago."""


__all__ = ["QueryRequest"]
