"""What `select=` names, of a schedule, a sensor or a request: terms of the selection language.

Must not know what is selected for.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from arco.sdk.declarations import declaration_of, family_of
from arco.sdk.names import NameIndex


def several(thing: Any) -> tuple[Any, ...]:
    """The things, where one or several may be given."""
    is_many = isinstance(thing, list | tuple | set | frozenset)
    return tuple(thing) if is_many else (thing,)


def selected(
    things: Iterable[Any], names: NameIndex, *, namespace: str
) -> tuple[tuple[str, ...], list[str]]:
    """The terms that are selected, and what is wrong with what was named."""
    terms: list[str] = []
    wrong: list[str] = []
    for thing in (each for given in things for each in family_of(given) or (given,)):
        if isinstance(thing, str):
            terms.append(thing)
            continue
        key, sentence = names.of_reference(thing, f"{namespace}.")
        if sentence and declaration_of(thing) is None:
            sentence = f"{thing!r} is no asset: put @schedule above @asset, or name one in select="
        (wrong if sentence else terms).append(sentence or key)
    return tuple(dict.fromkeys(terms)), wrong


__all__ = ["selected", "several"]
