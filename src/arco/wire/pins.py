"""Pins as they are asked for and told: one declaration for the server and its clients."""

from __future__ import annotations

from typing import Annotated

import msgspec

from arco.engine.garbage import PinnedSlot

HOURS_MAX = 24 * 3_660


class PinRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A slot that shall stay readable."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    """Letters, digits, `.`, `_` and `-`."""
    slot: Annotated[int, msgspec.Meta(ge=0, le=2**53)] | None = None
    """The slot; null: the newest."""
    expires_hours: Annotated[float, msgspec.Meta(gt=0, le=HOURS_MAX)] | None = None
    """After so many hours the pin goes by itself; null: never."""
    reason: Annotated[str, msgspec.Meta(max_length=4096)] = ""
    """Why, for those who find it."""


class PinList(msgspec.Struct, frozen=True, omit_defaults=True):
    """Pins by name."""

    pins: list[PinnedSlot]
    """The pins."""
    next_cursor: str = ""
    """Where the next page starts, as `cursor`; absent on the last page."""


__all__ = ["PinList", "PinRequest", "PinnedSlot"]
