"""Which format an asset's table has, and the promise that it keeps it.

Law: old versions are read as what they are, so a table that was published is of one format for
ever. Must not know how a format keeps versions.
"""

from __future__ import annotations

from collections.abc import Iterable

from arco.catalog.tables import TABLE_NAMES, TABLES, CatalogTable
from arco.errors import Invalid
from arco.model import State
from arco.orchestration.definitions import AssetDefinition, Format
from arco.orchestration.rows import Asset
from arco.orchestration.tables import ASSETS, PINS

NOT_KEPT: Format = "none"
OURS: dict[str, Format] = {"delta": "delta", "parquet": "parquet"}
"""What tables of ours can be, as the catalog calls it."""
OTHERWISE: Format = "delta"


def format_of(state: State, asset: Asset) -> Format:
    """The format of the asset's table: once it stands, what it has; before, what is declared."""
    name = state.get(TABLE_NAMES, asset.table_id)
    table = state.get(TABLES, name.namespace_id, name.name) if name else None
    return format_of_table(table) if table else OURS.get(asset.definition.format, OTHERWISE)


def format_of_table(table: CatalogTable) -> Format:
    """The format of a table of ours."""
    return OURS.get(table.format, OTHERWISE)


def formats_of(state: State) -> dict[str, Format]:
    """Table id -> format, of every table any asset ever had."""
    return {row.table_id: format_of(state, row) for row in state.range(ASSETS)}


def refuse_other_formats(state: State, definitions: Iterable[AssetDefinition]) -> None:
    """Nothing, unless one of them declares another format than its published table has.

    Raises: Invalid FORMAT_CHANGED.
    """
    for definition in definitions:
        asset = state.get(ASSETS, definition.key)
        if asset is None or definition.format == NOT_KEPT:
            continue
        if state.get(PINS, definition.key) is None:
            continue
        refuse_other_format(definition, format_of(state, asset))


def refuse_other_format(definition: AssetDefinition, standing: Format) -> None:
    """Nothing, unless it declares another format. Raises: Invalid FORMAT_CHANGED."""
    if definition.format != standing:
        raise Invalid(
            "FORMAT_CHANGED",
            f"the table of {definition.key} is {standing}, the asset declares {definition.format}",
            hint="a table keeps its format: declare it as it is, or give the asset another name",
        )


__all__ = [
    "format_of",
    "format_of_table",
    "formats_of",
    "refuse_other_format",
    "refuse_other_formats",
]
