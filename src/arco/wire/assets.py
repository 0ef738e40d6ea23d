"""Assets as answers tell them: one declaration for the server and its clients."""

from __future__ import annotations

import msgspec

from arco.service.assets import AssetSummary


class AssetList(msgspec.Struct, frozen=True, omit_defaults=True):
    """Assets by key."""

    assets: list[AssetSummary]
    next_cursor: str = ""
    """Where the next page starts, as `cursor`; absent on the last page."""


__all__ = ["AssetList"]
