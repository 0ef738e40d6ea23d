"""Lineage on a server: walks, ways, where a column comes from, and what depends on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from arco.client.asking import Asked, Asker
from arco.client.operations import (
    EXPORT_LINEAGE,
    REPORT_FOREIGN_RUN,
    SHOW_COLUMN_IMPACT,
    SHOW_COLUMN_ORIGINS,
    SHOW_DATASET_IMPACT,
    SHOW_EDGE,
    SHOW_LINEAGE,
    SHOW_PARTITION_IMPACT,
    SHOW_PATH,
    SHOW_VERSION_IMPACT,
)
from arco.lineage.evidence import EdgeStory, LineagePath
from arco.lineage.impact import Impact, Origins, PartitionImpact
from arco.wire.facts import FactsReceipt
from arco.wire.lineage import LineageAnswer

HOPS_MAX = 100


class Lineage:
    """What was made from what. Every method raises NotFound for a name that nobody knows."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    def walk(
        self, dataset: str, *, up: int = 5, down: int = 5, details: bool = False
    ) -> LineageAnswer:
        """The edges around a dataset, nearest first, so many hops both ways; with `details` also
        the run and the versions of the nearest thousand.
        """
        query = {"up": up, "down": down, "details": "true" if details else None}
        return self._asker.ask(SHOW_LINEAGE, Asked(place={"dataset": dataset}, query=query))

    def path(self, upstream: str, downstream: str) -> LineagePath:
        """A shortest way down, both ends included, and what is known of each hop; no datasets:
        there is no way.
        """
        asked = Asked(query={"upstream": upstream, "downstream": downstream})
        return self._asker.ask(SHOW_PATH, asked)

    def edge(self, upstream: str, downstream: str) -> EdgeStory:
        """Why one edge stands: its newest run, versions, partitions and columns."""
        asked = Asked(query={"upstream": upstream, "downstream": downstream})
        return self._asker.ask(SHOW_EDGE, asked)

    def openlineage(self, dataset: str, *, up: int = 5, down: int = 5) -> list[dict[str, Any]]:
        """The datasets around this one as OpenLineage run events."""
        asked = Asked(place={"dataset": dataset}, query={"up": up, "down": down})
        return self._asker.ask(EXPORT_LINEAGE, asked).events

    def column_origins(self, dataset: str, column: str) -> Origins:
        """Every column that this one comes from."""
        asked = Asked(place={"dataset": dataset, "column": column})
        return self._asker.ask(SHOW_COLUMN_ORIGINS, asked)

    def impact(self, dataset: str, *, depth: int = HOPS_MAX) -> Impact:
        """Every table that would be different if this one were."""
        asked = Asked(place={"dataset": dataset}, query={"depth": depth})
        return self._asker.ask(SHOW_DATASET_IMPACT, asked)

    def column_impact(self, dataset: str, column: str, *, depth: int = HOPS_MAX) -> Impact:
        """Every column and table that depends on this column."""
        place = {"dataset": dataset, "column": column}
        return self._asker.ask(SHOW_COLUMN_IMPACT, Asked(place=place, query={"depth": depth}))

    def partition_impact(
        self, dataset: str, partition: str, *, version: int | None = None, into: str = ""
    ) -> PartitionImpact:
        """Every partition that was made from this one, such as `2013-05`; only those of `into`."""
        place = {"dataset": dataset, "partition": partition}
        query = {"version": version, "into": into}
        return self._asker.ask(SHOW_PARTITION_IMPACT, Asked(place=place, query=query))

    def version_impact(self, dataset: str, version: int, *, into: str = "") -> PartitionImpact:
        """Every partition that was made from this version of the dataset; only those of `into`."""
        place = {"dataset": dataset, "version": str(version)}
        return self._asker.ask(SHOW_VERSION_IMPACT, Asked(place=place, query={"into": into}))

    def report(self, event: Mapping[str, Any]) -> FactsReceipt:
        """Where an OpenLineage run event stands. Reporting it twice is harmless."""
        return self._asker.ask(REPORT_FOREIGN_RUN, Asked(body=event))


__all__ = ["Lineage"]
