"""Metadata of materializations as it is shown: a value a line, and no picture in a list.

Must not know who wrote it: what is no known kind is shown as the JSON it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

KIND = "arco.kind"
OURS = "arco."
"""How the names begin that user code does not choose, such as the cursor's."""
LINE_CHARACTERS_MAX = 120


def given(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The facts that user code gave."""
    return {name: fact for name, fact in metadata.items() if not name.startswith(OURS)}


def summary(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The facts that user code gave; of a plot only its type and size."""
    return {name: _without_picture(fact) for name, fact in given(metadata).items()}


def lines(metadata: Mapping[str, Any]) -> Iterator[str]:
    """`name: value`, a line for each fact."""
    for name, fact in summary(metadata).items():
        text = " ".join(spelled(fact).split())
        more = "…" if len(text) > LINE_CHARACTERS_MAX else ""
        yield f"{name}: {text[:LINE_CHARACTERS_MAX]}{more}"


def spelled(fact: Any) -> str:
    """The fact in words.

    >>> spelled({"arco.kind": "url", "url": "https://example.com"})
    'https://example.com'
    >>> spelled({"arco.kind": "table", "columns": ["a"], "rows": [[1], [2]]})
    'table of 2 rows: a'
    """
    kind = fact.get(KIND) if isinstance(fact, dict) else None
    if kind in ("url", "path", "markdown"):
        return str(fact.get(kind, ""))
    if kind == "table":
        columns = ", ".join(map(str, fact.get("columns", ())))
        return f"table of {len(fact.get('rows', ()))} rows: {columns}"
    if kind == "plot":
        return f"plot, {fact.get('media_type')}, {fact.get('size_bytes', 0):,} bytes"
    return fact if isinstance(fact, str) else msgspec.json.encode(fact).decode()


def _without_picture(fact: Any) -> Any:
    if not isinstance(fact, dict) or fact.get(KIND) != "plot" or "data" not in fact:
        return fact
    size_bytes = len(str(fact["data"]).encode())
    return {KIND: "plot", "media_type": fact.get("media_type"), "size_bytes": size_bytes}


__all__ = ["KIND", "given", "lines", "spelled", "summary"]
