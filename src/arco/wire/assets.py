"""Assets as answers tell them: one declaration for the server and its clients."""

from __future__ import annotations

from datetime import datetime

import msgspec

from arco.orchestration.definitions import AssetKind


class AssetSummary(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One deployed asset; `version` and what follows only once something of it is published."""

    asset: str
    kind: AssetKind
    project: str
    description: str = ""
    group: str = ""
    owners: tuple[str, ...] = ()
    tags: dict[str, str] = {}
    upstreams: tuple[str, ...] = ()
    dimensions: tuple[str, ...] = ()
    """The names of its partition dimensions; none: it is not partitioned."""
    checks: tuple[str, ...] = ()
    version: int | None = None
    run_id: str = ""
    published_at: datetime | None = None


class AssetList(msgspec.Struct, frozen=True, omit_defaults=True):
    """Assets by key."""

    assets: list[AssetSummary]
    next_cursor: str = ""
    """Where the next page starts, as `cursor`; absent on the last page."""


__all__ = ["AssetList", "AssetSummary"]
