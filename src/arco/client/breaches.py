"""Breaches of a server: promises that were not kept."""

from __future__ import annotations

from collections.abc import Iterator

from arco.client.asking import Asker
from arco.client.condition_operations import SHOW_BREACHES
from arco.client.paging import paged
from arco.orchestration.breaches import Breach


class Breaches:
    """Promises that were not kept: freshness of assets, service levels of the workspace."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    def list(self, *, only_open: bool = False) -> Iterator[Breach]:
        """Breaches by promise and subject."""
        return paged(
            self._asker, SHOW_BREACHES, only={"open": only_open}, rows=lambda page: page.breaches
        )


__all__ = ["Breaches"]
