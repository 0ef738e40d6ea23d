"""Kinds of metadata: what a fact about an output is, so that whoever shows it knows how.

Law: a fact is bounded, and is JSON once it is stored: plain values stay what they are, a kind is an
object with its name under `arco.kind`. Must not know who shows it.
"""

from __future__ import annotations

import io
from base64 import b64encode
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any, Literal, TypeAlias

import msgspec

from arco.errors import Invalid

KIND = "arco.kind"
FACTS_BYTES_MAX = 16 * 1024
"""Everything but plots, in all."""
PLOT_BYTES_MAX = 128 * 1024
PLOTS_BYTES_MAX = 256 * 1024
SAMPLE_ROWS_MAX = 100
PNG = b"\x89PNG\r\n\x1a\n"
Rows: TypeAlias = Sequence[Mapping[str, Any]]


class Url(msgspec.Struct, frozen=True, tag_field=KIND, tag="url"):
    """A place to look at: a report, a dashboard, a ticket."""

    url: str


class FilePath(msgspec.Struct, frozen=True, tag_field=KIND, tag="path"):
    """A file or a folder; a `pathlib.Path` becomes one by itself."""

    path: str


class Markdown(msgspec.Struct, frozen=True, tag_field=KIND, tag="markdown"):
    """Text with headings, lists and emphasis."""

    markdown: str


class Sample(msgspec.Struct, frozen=True, tag_field=KIND, tag="table"):
    """A few rows to look at: `Sample.of(frame)`."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]

    @classmethod
    def of(cls, data: Any, *, rows: int = 10) -> Sample:
        """The first rows of a data frame, an Arrow table or a list of dicts.

        Raises: Invalid METADATA_INVALID.
        """
        found = _records(data, min(rows, SAMPLE_ROWS_MAX))
        columns = tuple(dict.fromkeys(name for row in found for name in row))
        return cls(columns, tuple(tuple(row.get(name) for name in columns) for row in found))


class Plot(msgspec.Struct, frozen=True, tag_field=KIND, tag="plot"):
    """A picture: `Plot.svg(text)`, `Plot.png(data)`, `Plot.figure(figure)`."""

    media_type: Literal["image/svg+xml", "image/png"]
    data: str
    """The SVG's text, or the PNG in base64."""

    @classmethod
    def svg(cls, text: str) -> Plot:
        """An SVG picture. Raises: Invalid METADATA_INVALID."""
        if "<svg" not in text[:1024]:
            raise _invalid("this is no SVG picture", hint="pass text that begins with <svg")
        return cls("image/svg+xml", _bounded(text))

    @classmethod
    def png(cls, data: bytes) -> Plot:
        """A PNG picture. Raises: Invalid METADATA_INVALID."""
        if not data.startswith(PNG):
            raise _invalid("this is no PNG picture", hint="pass the bytes of a .png file")
        return cls("image/png", _bounded(b64encode(data).decode()))

    @classmethod
    def figure(cls, figure: Any) -> Plot:
        """What has a `savefig`, such as a figure of Matplotlib, as PNG."""
        target = io.BytesIO()
        figure.savefig(target, format="png")
        return cls.png(target.getvalue())


def stored(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts as JSON values; numbers of NumPy and Arrow become Python's.

    Raises: Invalid METADATA_INVALID for what is not JSON, and for more than is kept.
    """
    try:
        texts = {name: msgspec.json.encode(fact, enc_hook=_unboxed) for name, fact in facts.items()}
        plain = {name: msgspec.json.decode(text) for name, text in texts.items()}
    except (TypeError, ValueError) as error:
        raise _invalid(
            f"metadata must be JSON values: {error}",
            hint="pass numbers, strings, lists, dicts, or a kind: Url, Markdown, Sample, Plot",
        ) from None
    sizes = {name: len(text) for name, text in texts.items()}
    plots = sum(size for name, size in sizes.items() if is_plot(plain[name]))
    if plots > PLOTS_BYTES_MAX:
        raise _too_large("plots take", plots, most=PLOTS_BYTES_MAX)
    rest = sum(sizes.values()) - plots
    if rest > FACTS_BYTES_MAX:
        raise _too_large("metadata takes", rest, most=FACTS_BYTES_MAX)
    return plain


def is_plot(fact: object) -> bool:
    """Whether a stored fact is a picture."""
    return isinstance(fact, dict) and fact.get(KIND) == "plot"


def _records(data: Any, rows: int) -> Rows:
    """The first rows as dicts: of Arrow, polars, pandas, or what is a list of them."""
    head = data.head(rows) if hasattr(data, "head") else data
    for name, arguments in (("to_pylist", ()), ("to_dicts", ()), ("to_dict", ("records",))):
        if hasattr(head, name):
            found: Rows = getattr(head, name)(*arguments)
            return found
    if isinstance(head, Sequence) and all(isinstance(row, Mapping) for row in head):
        return head[:rows]
    raise _invalid(
        f"{type(data).__name__} has no rows to show",
        hint="pass a data frame, an Arrow table or a list of dicts",
    )


def _bounded(text: str) -> str:
    size_bytes = len(text.encode())
    if size_bytes > PLOT_BYTES_MAX:
        raise _too_large("the plot takes", size_bytes, most=PLOT_BYTES_MAX)
    return text


def _unboxed(value: Any) -> Any:
    if isinstance(value, PurePath):
        return FilePath(str(value))
    for unbox in ("item", "as_py"):
        if hasattr(value, unbox):
            return getattr(value, unbox)()
    raise TypeError(f"{type(value).__name__} is none")


def _too_large(what: str, size_bytes: int, *, most: int) -> Invalid:
    return _invalid(
        f"{what} {size_bytes} bytes; the limit is {most}", hint="store what is larger as a table"
    )


def _invalid(message: str, *, hint: str) -> Invalid:
    return Invalid("METADATA_INVALID", message, hint=hint)


__all__ = [
    "FACTS_BYTES_MAX",
    "KIND",
    "PLOTS_BYTES_MAX",
    "PLOT_BYTES_MAX",
    "FilePath",
    "Markdown",
    "Plot",
    "Sample",
    "Url",
    "is_plot",
    "stored",
]
