"""The text of a SQL asset: how its author may name a table, and what an engine is given.

Must not know engines or what a table is.
"""

from __future__ import annotations

import re

BRACES = re.compile(r"\{\{\s*([A-Za-z][A-Za-z0-9_.]*)\s*\}\}")


def plain_sql(sql: str) -> str:
    """The statement with `{{raw.flights}}` written as the identifier `"raw.flights"`."""
    return BRACES.sub(lambda found: f'"{found[1].lower()}"', sql).strip().rstrip(";")


__all__ = ["plain_sql"]
