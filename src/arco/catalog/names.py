"""What objects may be called, and how a name is read.

A name is lower-case: `Orders` and `orders` are one, as in SQL. A dot separates parts and stands in
none of them. Must not know which objects there are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from arco.catalog.kinds import Kind
from arco.errors import Invalid

PART = re.compile(r"[a-z0-9_][a-z0-9_-]*\Z")
BYTES_MAX = 255
PARTS_MAX = 16
SAID_CHARACTERS_MAX = 65_536
PROPERTIES_MAX = 200
LABEL = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:/-]*\Z")
RESERVED: Mapping[Kind, frozenset[str]] = {
    Kind.CATALOG: frozenset({"system", "temp"}),
    Kind.NAMESPACE: frozenset({"system", "information_schema", "pg_catalog"}),
}
UPPER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")
HINT = "use lower-case letters a to z, digits, '_' and '-', not '-' first, at most 255"


def parts_of(name: str) -> tuple[str, ...]:
    """The parts of a name, folded; nothing is said about whether each may be created.

    Raises: Invalid NAME_INVALID for what can name nothing.

    >>> parts_of("Main.Sales.orders")
    ('main', 'sales', 'orders')
    """
    parts = tuple(name.translate(UPPER).split("."))
    if not name or not all(parts) or len(name.encode()) > BYTES_MAX * PARTS_MAX:
        raise _invalid(name, "has an empty part, or none, or is too long")
    return parts


def checked(part: str, kind: Kind) -> str:
    """The part, if an object of this kind may be called so.

    Raises: Invalid NAME_INVALID, NAME_RESERVED.
    """
    if not PART.match(part) or len(part.encode()) > BYTES_MAX:
        raise _invalid(part, f"cannot name a {kind}")
    if part in RESERVED.get(kind, ()):
        raise Invalid(
            "NAME_RESERVED",
            f"no {kind} may be called {part!r}: SQL has a meaning for it",
            hint="choose another name",
        )
    return part


def checked_label(label: str) -> str:
    """The tag's or property's name, if it may be one.

    Raises: Invalid NAME_INVALID.
    """
    if not LABEL.match(label) or len(label) > BYTES_MAX:
        raise Invalid(
            "NAME_INVALID",
            f"{label[:80]!r} cannot name a tag or property",
            hint="use letters, digits and _ . : / -, at most 255",
        )
    return label


def checked_text(text: str) -> str:
    """What a person says about something, if it can be shown: control characters cannot.

    Raises: Invalid TEXT_INVALID.
    """
    unprintable = [each for each in text if not each.isprintable() and each not in "\n\t"]
    if unprintable or len(text) > SAID_CHARACTERS_MAX:
        raise Invalid(
            "TEXT_INVALID",
            f"{text[:40]!r} has control characters or more than {SAID_CHARACTERS_MAX} characters",
            hint="leave out what cannot be printed; new lines and tabs may stay",
        )
    return text


def checked_properties(properties: Mapping[str, str]) -> dict[str, str]:
    """The properties, if there are not too many and each can be shown.

    Raises: Invalid NAME_INVALID, TEXT_INVALID, PROPERTIES_TOO_MANY.
    """
    if len(properties) > PROPERTIES_MAX:
        raise Invalid(
            "PROPERTIES_TOO_MANY",
            f"{len(properties)} properties are more than {PROPERTIES_MAX}",
            hint="keep data in tables or volumes",
        )
    return {checked_label(name): checked_text(value) for name, value in properties.items()}


def _invalid(name: str, problem: str) -> Invalid:
    return Invalid("NAME_INVALID", f"the name {name[:80]!r} {problem}", hint=HINT)


__all__ = [
    "PARTS_MAX",
    "checked",
    "checked_label",
    "checked_properties",
    "checked_text",
    "parts_of",
]
