"""What the fields of a struct mean: their own docstring, their type's, or the common word.

The same name means the same thing everywhere, so most fields need no sentence of their own; a field
that has neither is undocumented. Must not know pages.
"""

from __future__ import annotations

import ast
import enum
import inspect
import textwrap
import types
import typing
from collections.abc import Iterator
from functools import cache
from typing import Any

import msgspec

from arco.model import field_types
from tests.reference.words import FIELD_WORDS


def summary(described: Any) -> str:
    """The docstring as one paragraph."""
    return " ".join((inspect.getdoc(described) or "").split("\n\n")[0].split())


def field_docs(struct: type[msgspec.Struct]) -> dict[str, str]:
    """Field -> the string literal below it, for the fields that have one."""
    found: dict[str, str] = {}
    for owner in reversed(struct.__mro__):
        if owner.__module__.startswith("arco"):
            found.update(_own_docs(owner))
    return found


def field_meaning(struct: type[msgspec.Struct], name: str) -> str:
    """What the field means; "" when nothing says it."""
    own = field_docs(struct).get(name)
    word = FIELD_WORDS.get(f"{struct.__name__}.{name}") or FIELD_WORDS.get(name)
    return own or word or _type_meaning(field_types(struct)[name])


def type_name(kind: Any) -> str:
    """The type as the pages write it: `string`, `AssetDefinition`, `list of string or null`."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        rest = [type_name(item) for item in arguments if item is not type(None)]
        return " or ".join([*rest, "null"] if type(None) in arguments else rest)
    if origin is tuple:
        variadic = arguments[-1] is Ellipsis
        inner = ", ".join(type_name(item) for item in arguments if item is not Ellipsis)
        return f"list of {inner}" if variadic else f"[{inner}]"
    if origin is dict:
        return f"map of {type_name(arguments[0])} to {type_name(arguments[1])}"
    if origin is typing.Literal:
        return " or ".join(f'"{item}"' for item in arguments)
    return NAMES.get(kind, getattr(kind, "__name__", str(kind)))


def structs_in(kind: Any) -> Iterator[type[msgspec.Struct]]:
    """The structs that a value of this type may hold, directly."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield kind
    for argument in typing.get_args(kind):
        yield from structs_in(argument)


def used_words(structs: typing.Iterable[type[msgspec.Struct]]) -> set[str]:
    """The entries of the common words that some field needs."""
    used: set[str] = set()
    for struct in structs:
        documented = field_docs(struct)
        for name in struct.__struct_fields__:
            if name not in documented:
                special = f"{struct.__name__}.{name}"
                used.add(special if special in FIELD_WORDS else name)
    return used


NAMES: dict[Any, str] = {
    str: "string",
    int: "integer",
    float: "float",
    bool: "boolean",
    bytes: "bytes",
    Any: "any JSON",
}


@cache
def _own_docs(owner: type) -> dict[str, str]:
    """Kept: to find a class's source, the whole module is parsed."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(owner)))
    assert isinstance(tree.body[0], ast.ClassDef)
    return dict(_docs_below(tree.body[0]))


def _docs_below(owner: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for field, below in zip(owner.body, owner.body[1:], strict=False):
        literal = below.value if isinstance(below, ast.Expr) else None
        if isinstance(field, ast.AnnAssign) and isinstance(literal, ast.Constant):
            yield ast.unparse(field.target), " ".join(str(literal.value).split())


def _type_meaning(kind: Any) -> str:
    for named in (kind, *typing.get_args(kind)):
        if isinstance(named, type) and issubclass(named, msgspec.Struct | enum.Enum):
            return summary(named)
    return ""
