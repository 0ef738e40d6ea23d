"""Which asset a name means: a parameter, a string, or a decorated function.

Law: an ambiguous or unknown name is a sentence with the candidates, never a guess. Must not know
code or partitions.
"""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from arco.sdk.declarations import AssetDeclaration, declaration_of, family_of

CANDIDATES_MAX = 3


class NameIndex:
    """Every declared key, found by its name or by its underscored spelling."""

    def __init__(
        self, keys: Mapping[str, AssetDeclaration], resources: Collection[str] = ()
    ) -> None:
        self.keys = keys
        self.resources = resources
        """Names that mean a resource where no input is meant."""
        self._key_of = {
            id(each): key
            for key, declaration in keys.items()
            for each in (declaration, declaration.replaces)
            if each is not None
        }
        self._by_name: dict[str, list[str]] = defaultdict(list)
        self._by_spelling: dict[str, list[str]] = defaultdict(list)
        for key in sorted(keys):
            self._by_name[key.split(".", 1)[1]].append(key)
            self._by_spelling[key.replace(".", "_")].append(key)

    def of_reference(self, reference: Any, reader: str) -> tuple[str, str]:
        """(key, "") of what `inputs`, `deps` or `@check` name, or ("", what is wrong)."""
        declaration = declaration_of(reference)
        if declaration is not None:
            key = self._key_of.get(id(declaration), "")
            return (key, "") if key else ("", f"{reference!r} is not an asset of this project")
        several = [self._key_of.get(id(each), each.label) for each in family_of(reference)]
        if several:
            return "", f"{reference.__name__} makes {', '.join(several)}: name one of them"
        if not isinstance(reference, str):
            return "", f"{reference!r} does not name an asset: use 'namespace.name' or the function"
        if reference in self.keys:
            return reference, ""
        if "." in reference:
            return "", f"there is no asset {reference!r}{self._close([reference])}"
        return self.of_name(reference, reader)

    def of_name(self, name: str, reader: str) -> tuple[str, str]:
        """(key, "") of the one asset the reader means by a bare name, or ("", what is wrong)."""
        own = f"{reader.split('.', 1)[0]}.{name}"
        if own in self.keys and own != reader:
            return own, ""
        for found in (self._by_name[name], self._by_spelling[name]):
            others = [key for key in found if key != reader]
            if len(others) == 1:
                return others[0], ""
            if others:
                candidates, remedy = " or ".join(others), self.remedy(name, others)
                return "", f"{name!r} may mean {candidates}: say which, {remedy}"
        return "", f"{name!r} names no asset{self._close([name, own])}"

    @staticmethod
    def remedy(name: str, keys: Iterable[str]) -> str:
        """How to name the upstream of a parameter in full."""
        return f"inputs={{{name!r}: {next(iter(keys))!r}}}"

    def _close(self, wanted: Iterable[str]) -> str:
        known = [*self.keys, *(name for name, found in self._by_name.items() if found)]
        near = {
            match
            for name in wanted
            for match in difflib.get_close_matches(name, known, n=CANDIDATES_MAX)
        }
        full = sorted({key for match in near for key in self._by_name.get(match, [match])})
        if full:
            return f"; did you mean {' or '.join(full[:CANDIDATES_MAX])}?"
        shown = sorted(self.keys)[:CANDIDATES_MAX]
        return f"; there are {', '.join(shown)}" + (", ..." if len(self.keys) > len(shown) else "")


def cycles(upstreams: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """One cycle of each knot of assets that wait for one another, as the path that leads back."""
    left = {key: sorted(set(ups) & upstreams.keys()) for key, ups in sorted(upstreams.items())}
    found: list[list[str]] = []
    _drop_settled(left)
    while left:
        path: list[str] = []
        step = next(iter(left))
        while step not in path:
            path.append(step)
            step = left[step][0]
        cycle = path[path.index(step) :]
        found.append([*cycle, step])
        for key in cycle:
            del left[key]
        for key in left:
            left[key] = [up for up in left[key] if up in left]
        _drop_settled(left)
    return found


def _drop_settled(left: dict[str, list[str]]) -> None:
    downstream: dict[str, list[str]] = defaultdict(list)
    for key, ups in left.items():
        for up in ups:
            downstream[up].append(key)
    settled = [key for key, ups in left.items() if not ups]
    while settled:
        gone = settled.pop()
        del left[gone]
        for key in downstream[gone]:
            left[key].remove(gone)
            if not left[key]:
                settled.append(key)


__all__ = ["NameIndex", "cycles"]
