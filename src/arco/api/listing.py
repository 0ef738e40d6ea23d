"""Pages of catalog objects: the same filters and cursors for every kind.

Must not know routes.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar.params import Parameter

from arco.api.paging import page_of, read_cursor, write_cursor
from arco.catalog.kinds import Kind
from arco.model import State
from arco.service.objects import PLACES, objects_behind
from arco.wire.objects import PLURALS

ObjectNamed = Annotated[
    str,
    Parameter(
        title="Name",
        description="Its name, such as `sales.orders` or `main.sales.orders`, or its id.",
        max_length=4096,
    ),
]
InCatalog = Annotated[str, Parameter(description="Only those of this catalog.", max_length=255)]
InNamespace = Annotated[
    str,
    Parameter(
        description="Only those that stand in this namespace itself: its path in the catalog, "
        "which is `main` where none is named.",
        max_length=4096,
    ),
]
OfOwner = Annotated[str, Parameter(description="Only those that this owner has.", max_length=512)]
FormatName = Annotated[str, Parameter(description="Only tables of this format, such as `delta`.")]


class Among(msgspec.Struct, frozen=True, kw_only=True):
    """Which objects a list is of."""

    kind: Kind
    catalog: str = ""
    namespace: str = ""
    owner: str = ""
    format: str = ""

    @property
    def asked(self) -> tuple[str, ...]:
        """What a cursor of this list names, so that it fits no other."""
        return (PLURALS[self.kind], self.catalog, self.namespace, self.owner, self.format)

    def keeps(self, row: Any) -> bool:
        """True for a row of the list."""
        return self.owner in ("", row.owner) and (not self.format or self.format == row.format)


def object_page(
    state: State, among: Among, *, limit: int, cursor: str = ""
) -> tuple[list[Any], str]:
    """At most `limit` of the objects, and the cursor behind them."""
    place = PLACES[among.kind]
    page = page_of(
        objects_behind(
            state,
            among.kind,
            after=read_cursor(cursor, *among.asked, types=(str,) * len(place)),
            catalog=among.catalog,
            namespace=among.namespace,
        ),
        limit=limit,
        key=lambda row: tuple(getattr(row, part) for part in place),
        keep=among.keeps,
    )
    return page.rows, write_cursor(page.behind, *among.asked)


__all__ = [
    "Among",
    "FormatName",
    "InCatalog",
    "InNamespace",
    "ObjectNamed",
    "OfOwner",
    "object_page",
]
