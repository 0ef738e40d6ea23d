"""A restriction in SQL: the one SELECT that leaves of a table what its reader may see.

The same text is tried when a filter or mask is set and run when the table is read. Must not know
the engine that runs it.
"""

from __future__ import annotations

from typing import Any

from arco.query.names import TableName, fold
from arco.query.protocol import Restriction

RAW = TableName("restricted")
"""The table, whole, as the SELECT calls it."""


def quoted(name: str) -> str:
    """The name as SQL takes it, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'


def select_of(restriction: Restriction) -> str:
    """What is left of the table, as one SELECT from it."""
    # A line of its own for each expression: a comment in one does not swallow what follows.
    masks = {name: f"(\n{text}\n)" for name, text in restriction.masks.items()}
    if restriction.columns:
        # SQL does not tell cases apart, so neither does a mask.
        folded = {fold(name): text for name, text in masks.items()}
        taken = ", ".join(
            f"{folded.get(fold(name), quoted(name))} AS {quoted(name)}"
            for name in restriction.columns
        )
    else:
        replaced = ", ".join(f"{text} AS {quoted(name)}" for name, text in masks.items())
        taken = f"* REPLACE ({replaced})" if replaced else "*"
    where = f"\nWHERE (\n{restriction.predicate}\n)" if restriction.predicate else ""
    return f"SELECT {taken} FROM {RAW.name}{where}"


def parameters_of(restriction: Restriction) -> dict[str, Any]:
    """What the expressions may ask of the caller: `$caller`, `$groups`."""
    text = select_of(restriction)
    given = {"caller": restriction.caller, "groups": list(restriction.groups)}
    return {name: value for name, value in given.items() if f"${name}" in text}


__all__ = ["RAW", "parameters_of", "quoted", "select_of"]
