"""How principals are named: `user:ann`, `group:analysts`, `service:loader`."""

from __future__ import annotations

import re

from arco.errors import Invalid

GROUP = "group"
EVERYONE = "group:everyone"
"""Whoever has proven who it is; nobody has to be added to it."""
NAME = re.compile(r"(user|group|service):[A-Za-z0-9][A-Za-z0-9._@/+=-]{0,199}\Z")


def checked_principal(text: str) -> str:
    """The same text, which names a principal.

    Raises: Invalid PRINCIPAL_INVALID.

    >>> checked_principal("group:analysts")
    'group:analysts'
    """
    if NAME.match(text) is None:
        raise Invalid(
            "PRINCIPAL_INVALID",
            f"{text[:80]!r} does not name a principal",
            hint="write user:NAME, group:NAME or service:NAME; names are letters, digits and "
            "._@/+=- ",
        )
    return text


def is_principal(text: str) -> bool:
    """True for a text that names a principal."""
    return NAME.match(text) is not None


def kind_of(principal: str) -> str:
    """`user`, `group` or `service`.

    >>> kind_of("service:loader")
    'service'
    """
    return principal.partition(":")[0]


__all__ = [
    "EVERYONE",
    "GROUP",
    "checked_principal",
    "is_principal",
    "kind_of",
]
