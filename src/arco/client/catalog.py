"""The catalog of a server beside its objects: many changes at once, tags, columns, what was
dropped, and the assets that make tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from arco.catalog.changes import CatalogChange
from arco.catalog.kinds import Kind
from arco.client.asking import Asked, Asker
from arco.client.operations import (
    CHANGE_CATALOG,
    SHOW_ASSETS,
    SHOW_COLUMNS,
    SHOW_DROPPED,
    SHOW_TAGS,
)
from arco.client.paging import paged
from arco.client.rows import Rows
from arco.client.run_operations import EXPLAIN_ASSET, SHOW_CHECKS, SHOW_PARTITIONS, SHOW_STALE
from arco.errors import Invalid
from arco.query.protocol import Format
from arco.service.assets import AssetSummary
from arco.service.checks import CheckLine
from arco.service.objects import Bearer, Changed, DroppedLine
from arco.service.partition_ranges import AssetPartitions, PartitionState
from arco.service.stale import AssetStory, StaleList
from arco.wire.columns import ColumnLine
from arco.wire.headers import CURSOR_HEADER, ROWS_HEADER
from arco.wire.objects import ChangesRequest

ARROW = "application/vnd.apache.arrow.stream"


class Assets:
    """What is deployed."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    def list(
        self, *, project: str = "", group: str = "", owner: str = "", tag: str = ""
    ) -> Iterator[AssetSummary]:
        """Deployed assets by key; `tag` is `layer` or `layer=raw`."""
        only = {"project": project, "group": group, "owner": owner, "tag": tag}
        return paged(self._asker, SHOW_ASSETS, only=only, rows=lambda page: page.assets)

    def why(self, asset: str, *, partition: str = "") -> AssetStory:
        """Why the asset, or one partition of it, is stale, and which runs are at it.

        Raises: NotFound ASSET_UNKNOWN; Invalid PARTITION_UNKNOWN, STALENESS_TOO_LARGE.
        """
        asked = Asked(place={"asset": asset}, query={"partition": partition})
        return self._asker.ask(EXPLAIN_ASSET, asked)

    def partitions(self, asset: str, *, state: PartitionState | None = None) -> AssetPartitions:
        """How many partitions failed, are missing, stale or fresh, and which, in ranges.

        Raises: NotFound ASSET_UNKNOWN; Invalid STALENESS_TOO_LARGE.
        """
        asked = Asked(place={"asset": asset}, query={"state": str(state or "")})
        return self._asker.ask(SHOW_PARTITIONS, asked)

    def stale(self, selection: str = "") -> StaleList:
        """What is stale among the selected assets, by asset, reason and root."""
        return self._asker.ask(SHOW_STALE, Asked(query={"select": selection}))

    def checks(self, asset: str = "", *, failed: bool = False) -> Iterator[CheckLine]:
        """How each check stands on each partition; with `failed`, those that do not pass."""
        only = {"asset": asset, "failed": str(failed).lower()}
        return paged(self._asker, SHOW_CHECKS, only=only, rows=lambda page: page.checks)


class Catalog:
    """What is asked of all objects together."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    def change(
        self, changes: Iterable[CatalogChange | Mapping[str, Any]], *, key: str = ""
    ) -> tuple[Changed, ...]:
        """What each change was about, once all of them happened as one commit.

        A change is a struct of `arco.catalog.changes` or a dict with its fields, in which `change`
        names its kind: `{"change": "drop", "kind": "table", "name": "sales.old"}`. Idempotent: by
        `key`, a UUIDv7. Raises: what the first change that cannot happen raises; then none did.
        """
        try:
            wanted = [_change(each) for each in changes]
        except msgspec.ValidationError as error:
            raise Invalid(
                "REQUEST_INVALID",
                f"a change does not fit: {error}",
                hint="`change` names its kind; its fields are those of `arco.catalog.changes`",
            ) from error
        body = ChangesRequest(wanted)
        return self._asker.ask(CHANGE_CATALOG, Asked(body=body, key=key)).changed

    def tags(
        self, tag: str = "", *, value: str | None = None, kind: Kind | str = ""
    ) -> Iterator[Bearer]:
        """What bears the tag, or any tag: objects and columns, by tag and value."""
        only = {"tag": tag, "value": value, "kind": str(kind)}
        found = paged(self._asker, SHOW_TAGS, only=only, rows=lambda page: page.tags)
        # An empty value cannot be spelled in a URL that leaves out what is empty.
        return (each for each in found if value in (None, each.value))

    def dropped(self, *, kind: Kind | str = "") -> Iterator[DroppedLine]:
        """What `undrop` can bring back, by the name it had."""
        only = {"kind": str(kind)}
        return paged(self._asker, SHOW_DROPPED, only=only, rows=lambda page: page.dropped)

    def columns(self, *, catalog: str = "", namespace: str = "") -> Iterator[ColumnLine]:
        """The columns of every table, by namespace, table and ordinal."""
        only = {"catalog": catalog, "namespace": namespace}
        return paged(self._asker, SHOW_COLUMNS, only=only, rows=lambda page: page.columns)

    def column_pages(self, *, catalog: str = "", namespace: str = "") -> Iterator[Rows]:
        """The same as Arrow, the columns of ten thousand tables at a time."""
        cursor = ""
        while True:
            query = {"catalog": catalog, "namespace": namespace, "cursor": cursor}
            answer = self._asker.exchange(SHOW_COLUMNS, Asked(query=query, accept=ARROW))
            cursor = answer.headers.get(CURSOR_HEADER.lower(), "")
            count = int(answer.headers.get(ROWS_HEADER.lower(), "0"))
            yield Rows(
                body=answer.body, format=Format.ARROW, count=count, is_truncated=bool(cursor)
            )
            if not cursor:
                return


def _change(given: CatalogChange | Mapping[str, Any]) -> CatalogChange:
    if not isinstance(given, Mapping):
        return given
    wanted: CatalogChange = msgspec.convert(given, CatalogChange)
    return wanted


__all__ = ["Assets", "Catalog"]
