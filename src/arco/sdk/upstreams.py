"""Which upstream each parameter, table name and explicit dependency of an asset means.

Must not know how upstream data is loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import msgspec

from arco.errors import Invalid
from arco.orchestration.definitions import Dependency
from arco.sdk.declarations import AssetDeclaration, AssetRef
from arco.sdk.names import NameIndex
from arco.sdk.parameters import is_input, parameters, unusable

TableNames: TypeAlias = Callable[[str], Sequence[str]]
"""The tables a SELECT names; raises Invalid when it is not one."""


class Upstreams(msgspec.Struct, frozen=True):
    """What an asset depends on, and what is wrong with how it says so."""

    dependencies: tuple[Dependency, ...]
    sentences: tuple[str, ...]


def upstreams_of(
    key: str, declaration: AssetDeclaration, index: NameIndex, table_names: TableNames
) -> Upstreams:
    """The dependencies of one asset: those that are read first, then those that only order."""
    options = declaration.options
    sentences: list[str] = []
    wanted = list(_wanted(declaration, table_names, index=index, sentences=sentences))
    given: Mapping[str, Any] = options.get("inputs", {})
    names = {name for name, _ in wanted}
    sentences += [
        f"inputs names {name!r}, which is no parameter" for name in given if name not in names
    ]
    found: list[Dependency] = []
    for parameter, reference in [*wanted, *(("", each) for each in options.get("deps", ()))]:
        target, mapping = unpacked(reference)
        plain = parameter and target is parameter
        resolve = index.of_name if plain and "." not in parameter else index.of_reference
        upstream, wrong = resolve(target, key)
        if wrong:
            sentences.append(wrong)
        else:
            found.append(Dependency(upstream, parameter, mapping))
    sentences += repeated(found)
    return Upstreams(tuple(found), tuple(sentences))


def unpacked(reference: Any) -> tuple[Any, Any]:
    """The asset a reference names, and its partition mapping if it has one."""
    if isinstance(reference, AssetRef):
        return reference.asset, reference.mapping
    return reference, None


def repeated(dependencies: Sequence[Dependency]) -> list[str]:
    """A sentence for each upstream that is named twice in the same way."""
    seen: set[tuple[str, Any]] = set()
    sentences: list[str] = []
    for each in dependencies:
        spelled = each.upstream, msgspec.json.encode(each.mapping)
        if spelled in seen:
            sentences.append(f"{each.upstream} is a dependency twice: remove one")
        seen.add(spelled)
    return sentences


def _wanted(
    declaration: AssetDeclaration,
    table_names: TableNames,
    *,
    index: NameIndex,
    sentences: list[str],
) -> Iterator[tuple[str, Any]]:
    given = declaration.options.get("inputs", {})
    function = declaration.function
    if declaration.elsewhere is not None:
        return
    if function is None:
        try:
            names = table_names(declaration.sql)
        except Invalid as error:
            sentences.append(f"{error.message}; {error.hint}")
            names = ()
        yield from ((name, given.get(name, name)) for name in names)
        return
    for parameter in parameters(function):
        wrong = unusable(parameter)
        if wrong:
            sentences.append(wrong)
        elif parameter.name in given or is_input(function, parameter, index.resources):
            yield parameter.name, given.get(parameter.name, parameter.name)


__all__ = [
    "TableNames",
    "Upstreams",
    "repeated",
    "unpacked",
    "upstreams_of",
]
