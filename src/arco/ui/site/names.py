"""What a site is searched by: the words of names, in small files that a browser reads as it needs.

Law: a word is found in the file of its first two characters. Must not know how names are shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from arco.ui.markup import Html, data, joined, tag
from arco.ui.parts import note, section

WORD = re.compile(r"[^\W_]+")
PREFIX_CHARACTERS = 2


class Named(msgspec.Struct, frozen=True, array_like=True):
    """Something that has a page: what it is called, what it is, and its file."""

    name: str
    kind: str
    place: str


class Names:
    """The names of a site."""

    def __init__(self) -> None:
        self._by_prefix: dict[str, dict[str, Named]] = {}

    def add(self, named: Named) -> None:
        """It is found by every word of its name."""
        for word in WORD.findall(named.name.lower()):
            self._by_prefix.setdefault(word[:PREFIX_CHARACTERS], {})[named.place] = named

    def files(self) -> Iterator[tuple[str, bytes]]:
        """The files of the index, by their places."""
        for prefix, found in sorted(self._by_prefix.items()):
            rows = sorted(found.values(), key=lambda each: (each.name, each.kind))
            yield f"names/{prefix.encode().hex()}.json", msgspec.json.encode(rows)

    def page(self) -> Html:
        """What stands on the page of the search before its script runs."""
        waiting = "Searching needs a web server: a browser lets no page of a disk read the index."
        prefixes = [prefix.encode().hex() for prefix in sorted(self._by_prefix)]
        return joined(
            note(waiting, tone="calm"),
            section("Found", tag("ul", class_="hits", id="hits"), name="found"),
            data("prefixes", prefixes),
        )


__all__ = ["Named", "Names"]
