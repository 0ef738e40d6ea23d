"""How a column's type is written: one spelling for each type, nested ones included.

`long`, `decimal(10,2)`, `array<string>`, `map<string, long>`, `struct<lat: double, lon: double>`;
inside, `not null` follows a type whose values are never null. Must not know any table format.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from arco.errors import Invalid

T = TypeVar("T")

PRIMITIVES = frozenset(
    {
        "binary",
        "boolean",
        "byte",
        "date",
        "double",
        "float",
        "integer",
        "long",
        "short",
        "string",
        "time",
        "timestamp",
        "timestamp_ntz",
        "uuid",
        "variant",
    }
)
ALIASES: Mapping[str, str] = {
    "bigint": "long",
    "blob": "binary",
    "bool": "boolean",
    "int": "integer",
    "real": "float",
    "smallint": "short",
    "text": "string",
    "timestamptz": "timestamp",
    "tinyint": "byte",
    "varchar": "string",
}
DEPTH_MAX = 32
CHARACTERS_MAX = 65_536
DECIMAL_DIGITS_MAX = 38
TOKEN = re.compile(r"\s*(`(?:[^`]|``)+`|[^\W\d]\w*|\d+|[<>(),:])")
PLAIN = re.compile(r"[^\W\d]\w*\Z")
HINT = "write long, decimal(10,2), array<string>, map<string, long> or struct<lat: double>"


def normal_type(text: str) -> str:
    """The one spelling of the type that `text` writes.

    Raises: Invalid TYPE_INVALID.

    >>> normal_type("STRUCT<a:int NOT NULL,b:array<varchar>>")
    'struct<a: integer not null, b: array<string>>'
    """
    if len(text) > CHARACTERS_MAX:
        raise _invalid(text, "is too long")
    reader = Reader(text)
    spelled = reader.kind(0)
    if reader.peek():
        raise _invalid(text, f"does not end before {reader.peek()!r}")
    return spelled


def struct_of(fields: Iterable[tuple[str, str]]) -> str:
    """The spelling of a struct of (name, spelled type) fields.

    >>> struct_of([("a", "long"), ("b c", "string not null")])
    'struct<a: long, `b c`: string not null>'
    """
    return f"struct<{', '.join(f'{_quoted(name)}: {kind}' for name, kind in fields)}>"


class Reader:
    """Reads a type from its text, a token at a time."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _tokens(text)
        self._position = 0

    def peek(self) -> str:
        """The next token; empty at the end."""
        at_end = self._position >= len(self._tokens)
        return "" if at_end else self._tokens[self._position]

    def kind(self, depth: int) -> str:
        """The type that stands next, as it is spelled."""
        if depth > DEPTH_MAX:
            raise _invalid(self._text, f"nests deeper than {DEPTH_MAX}")
        word = self._take().lower()
        if word == "decimal":
            return self._decimal()
        if word == "array":
            return f"array<{', '.join(self._types(depth, count=1))}>"
        if word == "map":
            return f"map<{', '.join(self._types(depth, count=2))}>"
        if word == "struct":
            return struct_of(self._fields(depth))
        spelled = ALIASES.get(word, word)
        if spelled not in PRIMITIVES:
            raise _invalid(self._text, f"has no known type at {word!r}")
        return spelled

    def _types(self, depth: int, *, count: int) -> list[str]:
        found = self._angled(lambda: self._nullable(depth))
        if len(found) != count:
            raise _invalid(self._text, f"takes {count} types between < and >")
        return found

    def _fields(self, depth: int) -> list[tuple[str, str]]:
        found = self._angled(lambda: (self._name(), self._nullable(depth)))
        if len(dict(found)) < len(found):
            raise _invalid(self._text, "names a field twice")
        return found

    def _angled(self, item: Callable[[], T]) -> list[T]:
        self._expect("<")
        found = [item()]
        while self.peek() == ",":
            self._expect(",")
            found.append(item())
        self._expect(">")
        return found

    def _nullable(self, depth: int) -> str:
        spelled = self.kind(depth + 1)
        if self.peek().lower() != "not":
            return spelled
        self._take()
        self._expect("null")
        return f"{spelled} not null"

    def _name(self) -> str:
        name = self._take()
        self._expect(":")
        return name[1:-1].replace("``", "`") if name.startswith("`") else name

    def _decimal(self) -> str:
        if self.peek() != "(":
            return "decimal(10,0)"
        self._expect("(")
        digits, scale = self._take(), "0"
        if self.peek() == ",":
            self._expect(",")
            scale = self._take()
        self._expect(")")
        if not (digits.isdecimal() and scale.isdecimal()):
            raise _invalid(self._text, "has a decimal without numbers")
        if not (1 <= int(digits) <= DECIMAL_DIGITS_MAX and int(scale) <= int(digits)):
            raise _invalid(self._text, f"has a decimal out of 1..{DECIMAL_DIGITS_MAX} digits")
        return f"decimal({int(digits)},{int(scale)})"

    def _take(self) -> str:
        token = self.peek()
        if not token:
            raise _invalid(self._text, "ends too early")
        self._position += 1
        return token

    def _expect(self, token: str) -> None:
        if self._take().lower() != token:
            raise _invalid(self._text, f"lacks {token!r}")


def _tokens(text: str) -> list[str]:
    tokens: list[str] = []
    position, text = 0, text.rstrip()
    while position < len(text):
        found = TOKEN.match(text, position)
        if found is None:
            raise _invalid(text, f"has something unreadable at {position}")
        tokens.append(found[1])
        position = found.end()
    return tokens


def _quoted(name: str) -> str:
    return name if PLAIN.match(name) else "`" + name.replace("`", "``") + "`"


def _invalid(text: str, problem: str) -> Invalid:
    return Invalid("TYPE_INVALID", f"the type {text[:80]!r} {problem}", hint=HINT)


__all__ = ["Reader", "normal_type", "struct_of"]
