"""Assets and tables of a server, read page by page as they are needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from arco.catalog.tables import CatalogTable
from arco.client.asking import Asked, Asker
from arco.client.operations import SHOW_ASSETS, SHOW_TABLE, SHOW_TABLES, Operation
from arco.service.assets import AssetSummary
from arco.service.summaries import TableDetail

P = TypeVar("P")
T = TypeVar("T")
NOWHERE: Mapping[str, str] = {}


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


class Tables:
    """What stands in the catalog."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    def list(self, *, namespace: str = "", format: str = "") -> Iterator[CatalogTable]:
        """Tables by namespace and name."""
        only = {"namespace": namespace, "format": format}
        return paged(self._asker, SHOW_TABLES, only=only, rows=lambda page: page.tables)

    def get(self, full_name: str) -> TableDetail:
        """One table with its columns. Raises: NotFound TABLE_NOT_FOUND."""
        return self._asker.ask(SHOW_TABLE, Asked(place={"full_name": full_name}))


def paged(
    asker: Asker,
    operation: Operation[P],
    *,
    rows: Callable[[P], list[T]],
    place: Mapping[str, str] = NOWHERE,
    only: Mapping[str, str] = NOWHERE,
) -> Iterator[T]:
    """The rows of all pages; each page is asked for when the one before is used up."""
    cursor = ""
    while True:
        page: Any = asker.ask(operation, Asked(place=place, query={**only, "cursor": cursor}))
        yield from rows(page)
        cursor = page.next_cursor
        if not cursor:
            return


__all__ = ["Assets", "Tables", "paged"]
