"""Text that somebody wrote with headings, lists, emphasis and code, as markup of ours.

Law: what is not one of those few is told as the text it is; no link, picture or tag comes of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from arco.ui.markup import Child, Html, joined, tag

HEADING = re.compile(r"#{1,6}\s+(.*?)\s*#*\Z")
ITEM = re.compile(r"\s{0,3}(?:[-*+]|\d{1,3}[.)])\s+(.*)\Z")
FENCE = "```"
INLINE = re.compile(r"`([^`]+)`|\*\*([^*]+)\*\*|\*([^*\s][^*]*)\*")


def written(text: str) -> Html:
    """The text as markup.

    >>> written("# A & B\\n- one\\n- **two**").text
    '<h3>A &amp; B</h3><ul><li>one</li><li><b>two</b></li></ul>'
    >>> written("[x](javascript:y) `z`").text
    '<p>[x](javascript:y) <code>z</code></p>'
    """
    pieces = text.replace("\r\n", "\n").split(FENCE)
    return joined(
        # A fence that is not closed has its text to the end.
        *(
            _code(piece) if place % 2 else joined(*_blocks(piece.split("\n")))
            for place, piece in enumerate(pieces)
        )
    )


def _code(piece: str) -> Html:
    """What stands in a fence, without the language in its first line."""
    _, _, text = piece.partition("\n")
    return tag("pre", tag("code", text or piece), tabindex=0)


def _blocks(lines: Sequence[str]) -> Iterator[Child]:
    for kind, found in groupby(lines, _kind):
        yield _block(kind, list(found))


def _kind(line: str) -> str:
    if not line.strip():
        return ""
    return "heading" if HEADING.match(line) else "item" if ITEM.match(line) else "text"


def _block(kind: str, lines: Sequence[str]) -> Child:
    if kind == "heading":
        return [tag("h3", _inline(HEADING.sub(r"\1", each))) for each in lines]
    if kind == "item":
        return tag("ul", *(tag("li", _inline(ITEM.sub(r"\1", each))) for each in lines))
    return tag("p", _inline("\n".join(lines))) if kind else None


def _inline(text: str) -> Html:
    found: list[Child] = []
    behind = 0
    for match in INLINE.finditer(text):
        found.append(text[behind : match.start()])
        code, bold, slanted = match.groups()
        found.append(tag("code", code) if code else tag("b", bold) if bold else tag("i", slanted))
        behind = match.end()
    return joined(*found, text[behind:])


__all__ = ["written"]
