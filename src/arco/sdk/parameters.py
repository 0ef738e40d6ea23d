"""What each parameter of a user's function is for: data, settings, a resource, or the context.

Must not know which asset a name means.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Collection, Mapping
from typing import Any

from arco.sdk.configuration import is_settings
from arco.sdk.declarations import Function

CONTEXT = "context"


@functools.lru_cache(maxsize=4096)
def names_of(function: Function) -> Mapping[str, inspect.Parameter]:
    """The function's parameters by name, those of what it wraps."""
    return inspect.signature(function).parameters


def parameters(function: Function) -> list[inspect.Parameter]:
    """The function's parameters in order."""
    return list(names_of(function).values())


@functools.lru_cache(maxsize=4096)
def annotations_of(function: Function) -> dict[str, Any]:
    """Parameter -> annotation, evaluated where its names are known, else as it is spelled."""
    plain = inspect.unwrap(function)
    names = vars(sys.modules[plain.__module__]) if plain.__module__ in sys.modules else {}
    found = {name: each.annotation for name, each in names_of(function).items()}
    return {name: _evaluated(value, names) for name, value in found.items()}


def is_supplied(function: Function, name: str, resources: Collection[str]) -> bool:
    """Whether a parameter receives settings or one of the resources."""
    return name in resources or is_settings(annotations_of(function).get(name))


def is_input(
    function: Function, parameter: inspect.Parameter, resources: Collection[str] = ()
) -> bool:
    """Whether a parameter receives data: it has no default and nothing else is meant for it."""
    named = parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    free = parameter.name != CONTEXT and parameter.default is parameter.empty
    return named and free and not is_supplied(function, parameter.name, resources)


def unusable(parameter: inspect.Parameter) -> str:
    """Why a parameter can receive nothing, or ""."""
    if parameter.kind is parameter.POSITIONAL_ONLY:
        return f"parameter {parameter.name!r} is positional-only: remove the '/'"
    if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
        return f"parameter {parameter} can receive nothing: name each upstream"
    return ""


def _evaluated(annotation: Any, names: Mapping[str, Any]) -> Any:
    if not isinstance(annotation, str):
        return annotation
    try:
        return eval(annotation, dict(names))
    except (NameError, AttributeError, TypeError, SyntaxError):
        return annotation


__all__ = [
    "CONTEXT",
    "annotations_of",
    "is_input",
    "is_supplied",
    "names_of",
    "parameters",
    "unusable",
]
