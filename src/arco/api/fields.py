"""Answers with only the fields that were asked for: `fields=name,rows`.

Law: a name that no answer has is refused, never ignored. Must not know routes.
"""

from __future__ import annotations

import typing
from collections.abc import Sequence
from typing import Annotated, Any, TypeAlias

import msgspec
from litestar.params import Parameter

from arco.errors import Invalid
from arco.model import field_types

Fields: TypeAlias = Annotated[
    str,
    Parameter(
        description="Names of fields, separated by commas: of each object only these are answered.",
        max_length=1000,
    ),
]


def selected(value: Any, fields: str) -> Any:
    """The answer with only these fields, all where none is named: of each row, where the answer is
    a list of rows.

    Raises: Invalid FIELD_UNKNOWN.
    """
    if not fields:
        return value
    built: dict[str, Any] = msgspec.to_builtins(value)
    listed = _listed(type(value))
    if listed is None:
        return _picked(built, named(fields, type(value)))
    field, row = listed
    names = named(fields, row)
    return {**built, field: [_picked(each, names) for each in built.get(field, ())]}


def named(fields: str, kind: type[msgspec.Struct]) -> tuple[str, ...]:
    """The fields of this kind that are asked for, in the order they were; all where none is.

    Raises: Invalid FIELD_UNKNOWN.
    """
    if not fields:
        return kind.__struct_encode_fields__
    names = tuple(dict.fromkeys(name.strip() for name in fields.split(",")))
    _refuse_unknown(names, kind)
    return names


def _listed(kind: type[msgspec.Struct]) -> tuple[str, type[msgspec.Struct]] | None:
    """The only field that is a list of structs, when the answer is a page of rows."""
    if "next_cursor" not in kind.__struct_fields__:
        return None
    for name, declared in field_types(kind).items():
        if typing.get_origin(declared) is list:
            return name, typing.get_args(declared)[0]
    return None


def _picked(row: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: row[name] for name in names if name in row}


def _refuse_unknown(names: Sequence[str], kind: type[msgspec.Struct]) -> None:
    for name in names:
        if name not in kind.__struct_encode_fields__:
            known = ", ".join(kind.__struct_encode_fields__)
            raise Invalid(
                "FIELD_UNKNOWN",
                f"there is no field {name[:100]!r}",
                hint=f"the fields are: {known}",
            )


__all__ = ["Fields", "named", "selected"]
