"""Pools as requests and answers name them: one declaration for the server and its clients."""

from __future__ import annotations

from typing import Annotated

import msgspec

from arco.orchestration.commands.pools import SLOTS_MAX
from arco.service.pools import PoolSummary


class PoolList(msgspec.Struct, frozen=True):
    """Pools by name."""

    pools: list[PoolSummary]
    """Those that were sized, and those that assets name."""


class PoolRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many slots a pool has from now on."""

    name: Annotated[str, msgspec.Meta(max_length=64)]
    """Lower-case letters, digits and `_`."""
    slots: Annotated[int, msgspec.Meta(ge=0, le=SLOTS_MAX)]
    """0 closes the pool: nothing that needs it starts."""


__all__ = ["PoolList", "PoolRequest"]
