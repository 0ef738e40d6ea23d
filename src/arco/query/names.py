"""How SQL names a table, and which known names a misspelt one resembles.

Must not know the catalog: who owns a name is the provider's business.
"""

from __future__ import annotations

import difflib
import string
from collections.abc import Iterable

import msgspec

CLOSE_NAMES_MAX = 3
LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


class TableName(msgspec.Struct, frozen=True, omit_defaults=True):
    """A table as the query spells it; parts the query left out are empty."""

    name: str
    namespace: str = ""
    catalog: str = ""
    version: int | None = None
    """The number in `AT (VERSION => n)`; None asks for the current one."""
    words: str | None = None
    """What `system.search` was called with; None for everything that is no search."""

    def dotted(self) -> str:
        """The name as a person writes it, without its version.

        >>> TableName("tables", "catalog", "system").dotted()
        'system.catalog.tables'
        """
        return ".".join(part for part in (self.catalog, self.namespace, self.name) if part)

    def folded(self) -> TableName:
        """The same table for a reader who does not tell cases apart."""
        return TableName(
            fold(self.name), fold(self.namespace), fold(self.catalog), self.version, self.words
        )


def fold(identifier: str) -> str:
    """The identifier as SQL compares it: only ASCII letters have a case, as in DuckDB.

    >>> fold("Straße"), fold("ORDERS")
    ('straße', 'orders')
    """
    return identifier.translate(LOWER)


def close_names(wanted: str, known: Iterable[str]) -> tuple[str, ...]:
    """At most three of the `known` dotted names that `wanted` may have meant, best first.

    >>> close_names("sales.ordres", ["sales.orders", "sales.refunds", "hr.people"])
    ('sales.orders',)
    """
    spelled = {name.casefold(): name for name in known}
    last = {name.rpartition(".")[2]: name for name in spelled}
    folded = wanted.casefold()
    found = difflib.get_close_matches(folded, spelled, CLOSE_NAMES_MAX, 0.75)
    alike = difflib.get_close_matches(folded.rpartition(".")[2], last, CLOSE_NAMES_MAX, 0.8)
    best = dict.fromkeys([*found, *(last[name] for name in alike)])
    return tuple(spelled[name] for name in best)[:CLOSE_NAMES_MAX]


__all__ = ["CLOSE_NAMES_MAX", "TableName", "close_names", "fold"]
