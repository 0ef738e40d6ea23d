"""A page as it was answered becomes a page of files: links lead to files, actions are gone.

It reads only what `arco.ui.markup` writes, with `<` and `>` of text escaped. Law: no link
leads out of the site, and nothing is left that asks a server. Must not know which pages exist.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape, unescape

import msgspec

from arco.ui.addresses import address
from arco.ui.files import PREFIX
from arco.ui.frame import POLICY
from arco.ui.markup import VOID, tag

TAG = re.compile(r"(<[^<>]*>)")
NAME = re.compile(r"</?([a-zA-Z0-9]+)")
ATTRIBUTE = re.compile(r' ([a-z-]+)="([^"]*)"')
GONE = "\x00"
"""Stands where an action stood until what held nothing else is gone, too."""
ONLY_GONE = re.compile(rf"<(p|li|span|div|header|ul)\b[^<>]*>[\s·]*{GONE}[{GONE}\s·]*</\1>")
GONE_BESIDE = re.compile(rf"(?: · )?{GONE}(?: · )?")
SECTIONS_LEFT_OUT = frozenset({"sample", "grants"})
"""A sample asks a server; who holds what is not told to everybody."""
ACTIONS = frozenset(
    {
        "access",
        "backfill",
        "cancel",
        "difference",
        "materialize",
        "partitions",
        "rerun",
        "restore",
        "sql",
    }
)
"""Sections whose pages do something, or ask a server for more than a file holds."""
SECTION = re.compile(r"/([a-z]*)")
ASKING = re.compile(r' data-(?:live|sample|act|log)="[^"]*"')
META = "; ".join(each for each in POLICY.split("; ") if not each.startswith("frame-ancestors"))
"""A page that is a file says itself what it may do; only a header may say who frames it."""
DATA = re.compile(r'(<script type="application/json" id="graph-data">)([^<]*)(</script>)')
ROW = re.compile(r"<tr>(.*?)</tr>", re.DOTALL)
CELL = re.compile(r"<t[hd][^<>]*>.*?</t[hd]>", re.DOTALL)
TABLE = re.compile(r"<table>.*?</table>", re.DOTALL)
CELL_GONE = re.compile(rf"<td[^<>]*>{GONE}*</td>\Z")


class Way(msgspec.Struct, frozen=True):
    """How links of one page are told."""

    leads: Callable[[str], str | None]
    """The way to the file of an address; None: it stands in no file."""
    asset: Callable[[str], str]
    """The way to a style sheet, script or picture."""
    said: str
    """What stands below the title of every page."""


def copied(text: str, way: Way) -> str:
    """The page as a file."""
    text = DATA.sub(lambda found: found[1] + _graph(found[2], way) + found[3], text)
    told = "".join(_Copier(way).pieces(TAG.split(text)))
    told = TABLE.sub(_without_actions, told)
    for _ in range(3):
        told = ONLY_GONE.sub(GONE, told)
    told = GONE_BESIDE.sub("", told)
    said = tag("p", way.said, class_="muted", id="as-of").text
    policy = tag("meta", http_equiv="Content-Security-Policy", content=META).text
    told = told.replace("</h1>", f"</h1>{said}", 1)
    return told.replace("<head>", f"<head>{policy}", 1)


class _Copier:
    """Goes through a page once, tag by tag."""

    def __init__(self, way: Way) -> None:
        self._way = way
        self._skipped = ""
        self._depth = 0
        self._ends: list[str] = []
        """How the links that are open end."""
        self._is_picture = False

    def pieces(self, pieces: list[str]) -> list[str]:
        """What is left of the page."""
        found = []
        for place, piece in enumerate(pieces):
            if self._skipped:
                self._skip(piece)
            elif piece.startswith("<"):
                following = pieces[place + 1] if place + 1 < len(pieces) else ""
                found.append(self._tag(piece, following))
            else:
                found.append(piece)
        return found

    def _skip(self, piece: str) -> None:
        name = NAME.match(piece)
        if name and name[1] == self._skipped:
            self._depth += -1 if piece.startswith("</") else 1
            if not self._depth:
                self._skipped = ""

    def _without(self, name: str) -> str:
        self._skipped, self._depth = name, 1
        return GONE

    def _tag(self, piece: str, following: str) -> str:
        name = NAME.match(piece)
        if name is None:
            return piece
        element = name[1]
        if element == "svg":
            self._is_picture = not piece.startswith("</")
        if piece == "</a>":
            return self._ends.pop()
        given = dict(ATTRIBUTE.findall(piece))
        if piece.startswith("</") or not given:
            return piece
        if element == "a":
            return self._link(piece, given, following=following)
        if _is_action(element, given):
            return GONE if element in VOID else self._without(element)
        return self._kept(piece, given)

    def _link(self, piece: str, given: dict[str, str], *, following: str) -> str:
        href = unescape(given["href"])
        is_button = "button" in given.get("class", "").split() or following.endswith("…")
        where = href if href.startswith("#") else self._way.leads(href)
        if where is None and not is_button and "?" in href and _section(href) not in ACTIONS:
            # Of a part of a list, or of a column, the page of the whole tells as much.
            where = self._way.leads(href.partition("?")[0])
        if where is not None:
            self._ends.append("</a>")
            return piece.replace(f'href="{given["href"]}"', f'href="{escape(where)}"')
        if is_button or self._is_way(href):
            return self._without("a")
        kept = "g" if self._is_picture else "span"
        self._ends.append(f"</{kept}>")
        return f"<{kept}>"

    def _is_way(self, href: str) -> bool:
        """True for a link that is no name: it leads to what a site does not have."""
        is_list = "/" not in href[1:] and "?" not in href
        return _section(href) in ACTIONS or href.partition("?")[0].endswith(".json") or is_list

    def _kept(self, piece: str, given: dict[str, str]) -> str:
        for name in ("href", "src"):
            if given.get(name, "").startswith(f"{PREFIX}/"):
                way = escape(self._way.asset(given[name]))
                piece = piece.replace(f'{name}="{given[name]}"', f'{name}="{way}"')
        if given.get("action") == "/search":
            way = escape(self._way.leads("/search") or "")
            piece = piece.replace('action="/search"', f'action="{way}"')
        return ASKING.sub("", piece)


def _section(href: str) -> str:
    found = SECTION.match(href)
    return found[1] if found else ""


def _is_action(element: str, given: dict[str, str]) -> bool:
    if element == "form":
        return given.get("role") != "search"
    if element == "section":
        return given.get("id") in SECTIONS_LEFT_OUT
    return element == "button" and given.get("id") != "theme" and "data-copy" not in given


def _without_actions(table: re.Match[str]) -> str:
    """The table without columns in which nothing but actions stood."""
    rows = [CELL.findall(row) for row in ROW.findall(table[0])]
    width = len(rows[0]) if rows else 0
    gone = {
        place
        for place in range(width)
        if len(rows) > 1
        and any(GONE in row[place] for row in rows[1:])
        and all(CELL_GONE.match(row[place]) for row in rows[1:])
    }
    if not gone:
        return table[0]
    kept = iter(
        ["".join(cell for place, cell in enumerate(row) if place not in gone) for row in rows]
    )
    return ROW.sub(lambda _: f"<tr>{next(kept)}</tr>", table[0])


def _graph(text: str, way: Way) -> str:
    """The data of a large graph, with the ways to files."""
    graph = msgspec.json.decode(text)
    for node in graph["nodes"]:
        node[1] = way.leads(node[1] or address("lineage", node[0])) or "#"
    return msgspec.json.encode(graph).decode().replace("<", "\\u003c")


__all__ = ["Way", "copied"]
