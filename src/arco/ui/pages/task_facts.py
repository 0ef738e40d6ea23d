"""What a task said about its output: numbers, words, tables, text and pictures, each as it is.

Law: nothing that user code said becomes markup or a link. Must not know where pictures are kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from arco.service.metadata import KIND
from arco.ui.addresses import address
from arco.ui.markdown import written
from arco.ui.markup import Child, Html, tag
from arco.ui.parts import code, facts, grid, number, section, size

PICTURES = ("image/svg+xml", "image/png")
ROWS_MAX = 100


def said(metadata: Mapping[str, Any], *where: str) -> Html | None:
    """A part of the page for everything that was said; `where` is the task's own address."""
    if not metadata:
        return None
    short: dict[str, Child] = {}
    long: list[Child] = []
    for place, (name, fact) in enumerate(metadata.items()):
        told = _told(fact, name=name, picture=address(*where, "pictures", str(place)))
        if told is None:
            short[name] = _plain(fact)
        else:
            long.append(tag("div", tag("h3", name), told))
    return section("What it said", facts(short) if short else None, *long, name="said")


def _told(fact: Any, *, name: str, picture: str) -> Html | None:
    """What takes more room than a line; None: the fact is told in one."""
    kind = fact.get(KIND) if isinstance(fact, dict) else None
    if kind == "markdown":
        return written(str(fact.get("markdown", "")))
    if kind == "table":
        return _rows(fact)
    if kind == "plot" and fact.get("media_type") in PICTURES:
        return tag("img", src=picture, alt=f"{name}, drawn by the task", class_="picture")
    return None


def _rows(fact: Mapping[str, Any]) -> Html:
    heads, rows = list(fact.get("columns", ())), list(fact.get("rows", ()))
    told = ([_plain(cell) for cell in row] for row in rows[:ROWS_MAX])
    return grid([str(each) for each in heads], told, empty="It has no rows.")


def _plain(fact: Any) -> Child:
    if isinstance(fact, dict) and fact.get(KIND) in ("url", "path"):
        # It leads out of here: whoever trusts it copies it.
        return code(str(fact.get(fact[KIND], "")))
    if isinstance(fact, dict) and fact.get(KIND) == "plot":
        return ("a picture of ", size(fact.get("size_bytes")))
    if isinstance(fact, str):
        return fact
    is_number = isinstance(fact, int | float) and not isinstance(fact, bool)
    return number(fact) if is_number else code(msgspec.json.encode(fact).decode())


__all__ = ["PICTURES", "said"]
