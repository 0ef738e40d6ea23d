"""Tables as answers tell them: one declaration for the server and its clients."""

from __future__ import annotations

import msgspec

from arco.catalog.tables import CatalogTable


class TableList(msgspec.Struct, frozen=True, omit_defaults=True):
    """Tables by namespace and name."""

    tables: list[CatalogTable]
    next_cursor: str = ""
    """Where the next page starts, as `cursor`; absent on the last page."""


__all__ = ["TableList"]
