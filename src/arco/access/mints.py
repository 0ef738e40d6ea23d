"""Signed URLs that were given away: a fact for each time, so that every right is accounted for.

Law F8: each stands under an id of its own, so order never matters. The URLs themselves are in no
fact. Must not know how a URL is signed.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from arco.model import Payload, Table

Text = Annotated[str, msgspec.Meta(max_length=1024)]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class UrlsMinted(Payload, frozen=True, kw_only=True):
    """Somebody got URLs with which anyone can read these files until they end."""

    mint_id: Text
    """Its identity (ULID)."""
    minted_at: Moment
    """When they were given away."""
    principal: Text
    slot: Count
    """The snapshot whose files they are."""
    tables: Count
    """Of how many tables."""
    files: Count
    """How many files."""
    size_bytes: Count
    """The bytes of the files."""
    ends_at: Moment
    """When the URLs open nothing any more."""
    request_id: Text = ""
    address: Text = ""
    """Where the request came from."""


MINTS = Table("access.mints", UrlsMinted, ("mint_id",), public=False)

__all__ = ["MINTS", "UrlsMinted"]
