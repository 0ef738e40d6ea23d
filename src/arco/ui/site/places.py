"""Where a page of the application stands among the files of a site, and which pages do.

Law: different pages have different files, also where letters are folded. Must not know what
a page shows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import parse_qs, unquote

import msgspec

from arco.catalog.finding import DEFAULT_CATALOG
from arco.ids import sha256
from arco.ui.addresses import plain_name, wants_json

FIRST = "index.html"
SEARCH = "search.html"
LISTS = frozenset({"catalog", "assets", "runs", "lineage", "checks"})
NAMED = frozenset({"catalog", "tables", "versions", "assets", "lineage", "runs"})
TABLES = frozenset({"tables", "versions"})
"""Pages of tables, which may be called without the catalog where it is the default one."""
PLAIN = re.compile(r"[a-z0-9_][a-z0-9._-]{0,99}\Z")
UNSAFE = re.compile(r"[^A-Za-z0-9._-]")
HASH_CHARACTERS = 12
NAME_CHARACTERS = 80


class Target(msgspec.Struct, frozen=True):
    """What an address asks for: a section, a name in it, and where a list goes on."""

    section: str
    name: str = ""
    cursor: str = ""
    rest: bool = False
    """True: it asks for more than that, which no file answers."""


def target_of(address: str) -> Target:
    """The parts of an address.

    >>> target_of("/tables/raw.x")
    Target(section='tables', name='main.raw.x', cursor='', rest=False)
    >>> target_of("/runs?cursor=a&state=FAILED").rest, target_of("/tables/raw.x.json").rest
    (True, True)
    """
    path, _, query = address.partition("?")
    section, _, name = path[1:].partition("/")
    asked = parse_qs(query)
    cursor = asked.pop("cursor", [""])[0]
    is_other = "/" in name or wants_json(path)
    told = plain_name(unquote(name))
    if section in TABLES and told.count(".") == 1:
        told = f"{DEFAULT_CATALOG}.{told}"
    return Target(section, told, cursor, bool(asked) or is_other)


def place_of(target: Target) -> str:
    """The file of the page.

    >>> place_of(Target("")), place_of(Target("runs")), place_of(Target("tables", "main.raw.x"))
    ('index.html', 'runs.html', 'tables/main.raw.x.html')
    >>> place_of(Target("tables", "Raw/x"))
    'tables/Raw_x~362f2a2de1d7.html'
    """
    if not target.section:
        return FIRST
    parts = [target.section]
    if target.name:
        parts.append(_safe(target.name))
    path = "/".join(parts)
    return f"{path}~{_short(target.cursor)}.html" if target.cursor else f"{path}.html"


def relative(place: str, to: str) -> str:
    """The way from one file of the site to another.

    >>> relative("tables/a.html", "runs.html"), relative("runs.html", "tables/a.html")
    ('../runs.html', 'tables/a.html')
    """
    return "../" * place.count("/") + to


class Members:
    """Which pages stand in the site: all lists, tables and assets, and of runs the newest."""

    def __init__(self, runs: Iterable[str]) -> None:
        self._runs = frozenset(runs)

    def has(self, target: Target) -> bool:
        """True for a page that stands in the site."""
        if target.rest:
            return False
        if not target.name:
            return not target.section or target.section in LISTS
        if target.section == "runs":
            return target.name in self._runs
        return target.section in NAMED


def _safe(name: str) -> str:
    if PLAIN.match(name):
        return name
    # Names that differ in what a file system folds or forbids differ in the hash.
    return f"{UNSAFE.sub('_', name)[:NAME_CHARACTERS]}~{_short(name)}"


def _short(text: str) -> str:
    return sha256(text.encode())[:HASH_CHARACTERS]


__all__ = ["FIRST", "SEARCH", "Members", "Target", "place_of", "relative", "target_of"]
