"""What a privilege is held on: a kind and an id, and the chain of what it stands in.

An id never changes with a name, so renaming and moving change no grant. Must not know the catalog:
who knows names builds chains.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from arco.access.privileges import Kind

COLUMN_SEPARATOR = "/"


class Securable(msgspec.Struct, frozen=True, order=True):
    """An object that grants name."""

    kind: Kind
    id: str = ""
    """The object's id; empty for the workspace. A column's is `{table id}/{column}`."""

    def __str__(self) -> str:
        return f"{self.kind.value}:{self.id}" if self.id else self.kind.value


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """One object of a chain: who owns it, and what people call it."""

    securable: Securable
    name: str = ""
    owner: str = ""


Chain: TypeAlias = tuple[Link, ...]
"""An object, then what it stands in, up to the workspace."""

WORKSPACE = Securable(Kind.WORKSPACE)
WORKSPACE_CHAIN: Chain = (Link(securable=WORKSPACE, name="workspace"),)


def column_of(table_id: str, column: str) -> Securable:
    """A column of a table.

    >>> str(column_of("t1", "amount"))
    'column:t1/amount'
    """
    return Securable(Kind.COLUMN, f"{table_id}{COLUMN_SEPARATOR}{column}")


def told(link: Link) -> str:
    """The object as people name it: `table:sales.orders`, `workspace`.

    >>> told(Link(securable=Securable(Kind.TABLE, "t1"), name="sales.orders"))
    'table:sales.orders'
    """
    if link.securable.kind is Kind.WORKSPACE:
        return Kind.WORKSPACE.value
    return f"{link.securable.kind.value}:{link.name or link.securable.id}"


__all__ = [
    "COLUMN_SEPARATOR",
    "WORKSPACE",
    "WORKSPACE_CHAIN",
    "Chain",
    "Link",
    "Securable",
    "column_of",
    "told",
]
