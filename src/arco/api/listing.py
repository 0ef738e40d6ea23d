"""Pages of what stands in namespaces: the same filters and cursors for every kind.

Must not know routes.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar.params import Parameter

from arco.api.altering import PLURALS
from arco.api.paging import page_of, read_cursor, write_cursor
from arco.catalog.kinds import Kind
from arco.model import State
from arco.service.objects import leaves_behind

InCatalog = Annotated[str, Parameter(description="Only those of this catalog.", max_length=255)]
InNamespace = Annotated[
    str,
    Parameter(
        description="Only those that stand in this namespace itself: its path in the catalog, "
        "which is `main` where none is named.",
        max_length=4096,
    ),
]


class Among(msgspec.Struct, frozen=True):
    """Which objects a list is of."""

    kind: Kind
    catalog: str = ""
    namespace: str = ""
    format: str = ""

    @property
    def asked(self) -> tuple[str, ...]:
        """What a cursor of this list names, so that it fits no other."""
        return (PLURALS[self.kind], self.catalog, self.namespace, self.format)

    def keeps(self, row: Any) -> bool:
        """True for a row of the list."""
        return not self.format or self.format == row.format


def leaf_page(state: State, among: Among, *, limit: int, cursor: str) -> tuple[list[Any], str]:
    """At most `limit` objects that stand in namespaces, and the cursor behind them."""
    after = read_cursor(cursor, *among.asked, types=(str, str, str))
    page = page_of(
        leaves_behind(
            state, among.kind, after=after, catalog=among.catalog, namespace=among.namespace
        ),
        limit=limit,
        key=lambda row: (row.catalog, row.namespace, row.name),
        keep=among.keeps,
    )
    return page.rows, write_cursor(page.behind, *among.asked)


__all__ = ["Among", "InCatalog", "InNamespace", "leaf_page"]
