"""Settings of user code: a class of fields, and the values that a project and its environment give.

Law: an error names who asked, the field, what was given and where to give it; a secret's value is
in no error. Must not know processes: the environment is an argument.
"""

from __future__ import annotations

import dataclasses
import difflib
import typing
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from arco.errors import Invalid
from arco.sdk.secrets import Secret

VARIABLE_PREFIX = "ARCO_CONFIG__"
TABLE = "tool.arco.config"
REFERENCES = "env:NAME or file:PATH"
Resolve: TypeAlias = Callable[[str], Secret]
"""A reference's secret; raises LookupError, in words, when there is none."""


class Field(msgspec.Struct, frozen=True):
    """One setting."""

    name: str
    kind: Any
    is_required: bool


class Asked(msgspec.Struct, frozen=True):
    """Who asks for settings, and under which name."""

    reader: str
    """The asset, check or resource."""
    section: str
    """The parameter's name, which is the table's."""


def is_settings(annotation: object) -> bool:
    """Whether a parameter with this annotation receives settings: a Struct or a dataclass."""
    if not isinstance(annotation, type):
        return False
    return issubclass(annotation, msgspec.Struct) or dataclasses.is_dataclass(annotation)


def fields_of(settings: type) -> list[Field]:
    """The fields of a settings class, in order."""
    if issubclass(settings, msgspec.Struct):
        found = msgspec.structs.fields(settings)
        return [Field(each.name, each.type, each.required) for each in found]
    assert dataclasses.is_dataclass(settings)
    kinds = typing.get_type_hints(settings)
    absent = dataclasses.MISSING
    return [
        Field(
            each.name,
            kinds[each.name],
            each.default is absent and each.default_factory is absent,
        )
        for each in dataclasses.fields(settings)
        if each.init
    ]


def from_variables(section: str, environment: Mapping[str, str]) -> dict[str, str]:
    """Field -> text of every `ARCO_CONFIG__{SECTION}__{FIELD}`."""
    prefix = f"{VARIABLE_PREFIX}{section.upper()}__"
    return {
        name.removeprefix(prefix).lower(): value
        for name, value in environment.items()
        if name.startswith(prefix)
    }


def configured(settings: type, asked: Asked, *, given: Mapping[str, Any], resolve: Resolve) -> Any:
    """The settings with the given values.

    Raises: Invalid CONFIG_INVALID.
    """
    fields = fields_of(settings)
    _refuse_unknown(asked, given, known=[each.name for each in fields])
    values: dict[str, Any] = {}
    for field in fields:
        if field.name in given:
            values[field.name] = _converted(field, asked, value=given[field.name], resolve=resolve)
        elif field.is_required:
            raise _invalid(asked, f"{asked.section}.{field.name} is not set", field=field.name)
    try:
        return settings(**values)
    except (TypeError, ValueError) as error:
        raise _invalid(
            asked, f"{asked.section} was refused by {settings.__name__}: {error}"
        ) from None


def sentences(settings: type, asked: Asked, *, given: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with values before anything is looked up: fields that are not given may still
    come from a worker's environment.
    """
    try:
        _refuse_unknown(asked, given, known=[each.name for each in fields_of(settings)])
        for field in fields_of(settings):
            if field.name in given:
                _converted(field, asked, value=given[field.name], resolve=_unresolved)
    except Invalid as error:
        yield error.message.removeprefix(f"{asked.reader}: ")


def resolver(environment: Mapping[str, str], folder: Path) -> Resolve:
    """Looks references up in the environment and in files; a relative path starts at `folder`."""

    def resolve(reference: str) -> Secret:
        kind, _, name = reference.partition(":")
        if kind == "env":
            if name not in environment:
                raise LookupError(f"this process has no environment variable {name}")
            return Secret(environment[name], reference)
        if kind == "file" and name:
            try:
                return Secret((folder / name).read_text(encoding="utf-8").rstrip("\n"), reference)
            except (OSError, UnicodeError) as error:
                raise LookupError(f"{name} cannot be read: {type(error).__name__}") from None
        raise LookupError(f"a secret is given as {REFERENCES}, never as its value")

    return resolve


def _unresolved(reference: str) -> Secret:
    if reference.partition(":")[0] not in ("env", "file"):
        raise LookupError(f"a secret is given as {REFERENCES}, never as its value")
    return Secret("", reference)


def _converted(field: Field, asked: Asked, *, value: Any, resolve: Resolve) -> Any:
    def decoded(kind: type, text: Any) -> Any:
        if kind is Secret:
            return text if isinstance(text, Secret) else resolve(str(text))
        if kind is Path and isinstance(text, str):
            return Path(text)
        raise LookupError(f"a setting cannot be a {kind.__name__}")

    try:
        return msgspec.convert(
            _opened(value, field.kind), field.kind, strict=False, dec_hook=decoded
        )
    except LookupError as error:
        raise _invalid(asked, f"{asked.section}.{field.name}: {error}", field=field.name) from None
    except msgspec.ValidationError as error:
        # A message of the hook is repeated in this one; a secret's value never is.
        hidden = "" if "Secret" in str(field.kind) else f", given {value!r}"
        sentence = f"{asked.section}.{field.name}: {error}{hidden}"
        raise _invalid(asked, sentence, field=field.name) from None


def _opened(value: Any, kind: Any) -> Any:
    """Text of an environment variable that is meant as a list or a table."""
    if kind is not str and isinstance(value, str) and value[:1] in ("[", "{"):
        try:
            return msgspec.json.decode(value)
        except msgspec.DecodeError:
            return value
    return value


def _refuse_unknown(asked: Asked, given: Mapping[str, Any], *, known: list[str]) -> None:
    for name in given:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            meant = f"; did you mean {close[0]}?" if close else f"; there is {', '.join(known)}"
            raise _invalid(asked, f"{asked.section}.{name} is no setting{meant}")


def _invalid(asked: Asked, sentence: str, *, field: str = "FIELD") -> Invalid:
    variable = f"{VARIABLE_PREFIX}{asked.section}__{field}".upper()
    return Invalid(
        "CONFIG_INVALID",
        f"{asked.reader}: {sentence}",
        hint=f"set it in pyproject.toml under [{TABLE}.{asked.section}], or as {variable}",
    )


__all__ = [
    "TABLE",
    "VARIABLE_PREFIX",
    "Asked",
    "Field",
    "Resolve",
    "configured",
    "fields_of",
    "from_variables",
    "is_settings",
    "resolver",
    "sentences",
]
