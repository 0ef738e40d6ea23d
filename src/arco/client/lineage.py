"""Lineage on a server: walks, ways, where a column comes from, and what depends on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from arco.client.asking import Asked, Asker
from arco.client.operations import (
    REPORT_FOREIGN_RUN,
    SHOW_COLUMN_IMPACT,
    SHOW_COLUMN_ORIGINS,
    SHOW_DATASET_IMPACT,
    SHOW_LINEAGE,
    SHOW_PARTITION_IMPACT,
    SHOW_PATH,
)
from arco.lineage.impact import Impact, Origins, PartitionImpact
from arco.wire.facts import FactsReceipt
from arco.wire.lineage import LineageAnswer


class Lineage:
    """What was made from what. Every method raises NotFound for a name that nobody knows."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    def walk(self, dataset: str, *, up: int = 5, down: int = 5) -> LineageAnswer:
        """The edges around a dataset, nearest first, so many hops both ways."""
        asked = Asked(place={"dataset": dataset}, query={"up": up, "down": down})
        return self._asker.ask(SHOW_LINEAGE, asked)

    def path(self, upstream: str, downstream: str) -> tuple[str, ...]:
        """The datasets of a shortest way down, both ends included; empty: there is no way."""
        asked = Asked(query={"upstream": upstream, "downstream": downstream})
        return self._asker.ask(SHOW_PATH, asked).datasets

    def column_origins(self, dataset: str, column: str) -> Origins:
        """Every column that this one comes from."""
        asked = Asked(place={"dataset": dataset, "column": column})
        return self._asker.ask(SHOW_COLUMN_ORIGINS, asked)

    def impact(self, dataset: str) -> Impact:
        """Every table that would be different if this one were."""
        return self._asker.ask(SHOW_DATASET_IMPACT, Asked(place={"dataset": dataset}))

    def column_impact(self, dataset: str, column: str) -> Impact:
        """Every column and table that depends on this column."""
        asked = Asked(place={"dataset": dataset, "column": column})
        return self._asker.ask(SHOW_COLUMN_IMPACT, asked)

    def partition_impact(self, dataset: str, partition: str) -> PartitionImpact:
        """Every partition that was made from this one, such as `2013-05`."""
        asked = Asked(place={"dataset": dataset, "partition": partition})
        return self._asker.ask(SHOW_PARTITION_IMPACT, asked)

    def report(self, event: Mapping[str, Any]) -> FactsReceipt:
        """Where an OpenLineage run event stands. Reporting it twice is harmless."""
        return self._asker.ask(REPORT_FOREIGN_RUN, Asked(body=event))


__all__ = ["Lineage"]
