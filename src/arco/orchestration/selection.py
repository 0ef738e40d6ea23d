"""The selection language: which assets a few words mean.

`raw.flights` is a key, `marts.*` a glob, `tag:tier`, `tag:tier=gold` and `group:sales` are labels;
`+` in front adds everything upstream, `+` behind everything downstream, `,` inside a term means
both at once. Terms add up. Must not know partitions or runs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import TypeAlias

from arco.errors import Invalid, NotFound
from arco.orchestration.definitions import AssetDefinition

Definitions: TypeAlias = Mapping[str, AssetDefinition]

TERMS_MAX = 10_000
GLOB_CHARACTERS = frozenset("*?[")


def select_assets(definitions: Definitions, selection: Sequence[str]) -> tuple[str, ...]:
    """The keys of all assets that a term names, sorted; no term at all means every asset.

    Raises: NotFound ASSET_UNKNOWN with close matches, NotFound SELECTION_EMPTY; Invalid
    SELECTION_INVALID, SELECTION_TOO_LARGE.
    """
    if len(selection) > TERMS_MAX:
        message = f"{len(selection):,} terms are too many; {TERMS_MAX:,} is the most."
        raise Invalid("SELECTION_TOO_LARGE", message, hint="Use a glob, a tag or a group.")
    if not selection:
        return tuple(sorted(definitions))
    found: set[str] = set()
    for term in selection:
        found |= _assets_of_term(definitions, term.strip())
    return tuple(sorted(found))


def _assets_of_term(definitions: Definitions, term: str) -> set[str]:
    parts = [_assets_of_part(definitions, part.strip()) for part in term.split(",")]
    found = set.intersection(*parts)
    if not found:
        raise NotFound(
            "SELECTION_EMPTY",
            f"No asset matches {term!r}.",
            hint="`arco status` lists the assets with their tags and groups.",
        )
    return found


def _assets_of_part(definitions: Definitions, part: str) -> set[str]:
    name = part.removeprefix("+").removesuffix("+")
    if not name or "+" in name:
        raise Invalid(
            "SELECTION_INVALID",
            f"{part!r} is not a selection.",
            hint="Write a key, a glob, tag:name or group:name, with + in front or behind.",
        )
    named = _named(definitions, name)
    found = set(named)
    if part.startswith("+"):
        found |= upstream_closure(definitions, named)
    if part.endswith("+"):
        found |= downstream_closure(definitions, named)
    return found


def upstream_closure(definitions: Definitions, keys: Iterable[str]) -> set[str]:
    """The assets and everything they depend on, as far as it is deployed."""
    found = set(keys)
    frontier = list(found)
    while frontier:
        for dependency in definitions[frontier.pop()].dependencies:
            if dependency.upstream not in found and dependency.upstream in definitions:
                found.add(dependency.upstream)
                frontier.append(dependency.upstream)
    return found


def downstream_closure(definitions: Definitions, keys: Iterable[str]) -> set[str]:
    """The assets and everything that depends on them."""
    below: dict[str, list[str]] = defaultdict(list)
    for key in definitions:
        for dependency in definitions[key].dependencies:
            below[dependency.upstream].append(key)
    found = set(keys)
    frontier = list(found)
    while frontier:
        fresh = [key for key in below.get(frontier.pop(), ()) if key not in found]
        found.update(fresh)
        frontier += fresh
    return found


def unknown_asset(definitions: Iterable[str], key: str) -> NotFound:
    """The error for a key that names no asset, with the keys that look like it."""
    known = sorted(definitions)
    close = get_close_matches(key, known, n=3, cutoff=0.5)
    close += [name for name in known if name.endswith(f".{key}") and name not in close]
    meant = f"Did you mean {' or '.join(close)}?" if close else "`arco status` lists the assets."
    return NotFound("ASSET_UNKNOWN", f"There is no asset {key!r}.", hint=meant, close=close)


def _named(definitions: Definitions, name: str) -> set[str]:
    kind, colon, label = name.partition(":")
    if colon:
        return _labelled(definitions, kind, label=label)
    if GLOB_CHARACTERS.isdisjoint(name):
        if name not in definitions:
            raise unknown_asset(definitions, name)
        return {name}
    return {key for key in definitions if fnmatchcase(key, name)}


def _labelled(definitions: Definitions, kind: str, *, label: str) -> set[str]:
    if kind == "group":
        return {key for key in definitions if definitions[key].group == label}
    if kind == "tag":
        tag, equals, value = label.partition("=")
        return {
            key
            for key in definitions
            if tag in definitions[key].tags and (not equals or definitions[key].tags[tag] == value)
        }
    raise Invalid(
        "SELECTION_INVALID",
        f"{kind!r} is not something assets are selected by.",
        hint="Use tag:name, tag:name=value or group:name.",
    )


__all__ = [
    "TERMS_MAX",
    "Definitions",
    "downstream_closure",
    "select_assets",
    "unknown_asset",
    "upstream_closure",
]
