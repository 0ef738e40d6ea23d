"""The queries that pages offer: text with values in it, as SQL spells them."""

from __future__ import annotations


def literal(text: str) -> str:
    """The text as SQL writes it.

    >>> literal("it's")
    "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"


def filled(sql: str, **values: str) -> str:
    """The query with `{name}` replaced by the value of that name.

    >>> filled("SELECT {x}", x="a'{x}")
    "SELECT 'a''{x}'"
    """
    return sql.format(**{name: literal(value) for name, value in values.items()})


def identifier(full_name: str) -> str:
    """A table's name as SQL reads it, whatever characters it has.

    >>> identifier("main.raw.odd name")
    'main.raw."odd name"'
    """
    return ".".join(
        part if part.isidentifier() else '"' + part.replace('"', '""') + '"'
        for part in full_name.split(".")
    )


__all__ = ["filled", "identifier", "literal"]
