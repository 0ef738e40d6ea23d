"""The parts that pages are made of: tables, badges, times, facts, notes.

Must not know which page they stand on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from arco.ui.addresses import address
from arco.ui.markup import Child, Html, joined, tag

TONES: Mapping[str, str] = {
    "SUCCEEDED": "good",
    "PUBLISHED": "good",
    "FRESH": "good",
    "PASSED": "good",
    "ALLOWED": "good",
    "RESTORED": "good",
    "STARTED": "busy",
    "TRIGGERED": "busy",
    "RUNNING": "busy",
    "DISPATCHED": "busy",
    "READY": "busy",
    "REQUESTED": "busy",
    "RETRY_WAIT": "warn",
    "STALE": "warn",
    "MISSING": "warn",
    "WARNED": "warn",
    "FAILED": "bad",
    "REFUSED": "bad",
    "DAMAGED": "bad",
}
"""State -> how it looks; a state that is not here is neither good nor bad."""
BYTE_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")
PERCENT = 100
SQUARE = 5
TALL = frozenset({"bad", "warn"})


def badge(state: str, tone: str = "") -> Html:
    """A state as a word in its colour: colour alone says nothing."""
    told = state.lower().replace("_", " ")
    return tag("span", told, class_=f"badge {tone or TONES.get(state, 'calm')}")


def moment(when: datetime | None) -> Html:
    """A time; the page's script adds how long ago it was."""
    if when is None:
        return nothing()
    told = when.astimezone(UTC)
    return tag("time", f"{told:%Y-%m-%d %H:%M:%S} UTC", datetime=told.isoformat())


def nothing() -> Html:
    """What stands where there is nothing to tell."""
    return tag("span", "—", class_="muted")


def number(value: int | float | None) -> Html | str:
    """A number with separators."""
    return nothing() if value is None else f"{value:,}"


def size(count: int | None) -> Html | str:
    """So many bytes, as people read it.

    >>> size(999), size(1_500_000)
    ('999 B', '1.5 MB')
    """
    if count is None:
        return nothing()
    amount, unit = float(count), 0
    while amount >= 1000 and unit < len(BYTE_UNITS) - 1:
        amount, unit = amount / 1000, unit + 1
    return f"{amount:.3g} {BYTE_UNITS[unit]}" if amount < 1000 else f"{amount:,.0f} B"


def span(seconds: float | None) -> Html | str:
    """A length of time.

    >>> span(0.25), span(75), span(7322)
    ('0.25 s', '1 min 15 s', '2 h 2 min')
    """
    if seconds is None:
        return nothing()
    if seconds < 60:
        return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def link(text: str, *parts: str, **parameters: str | int | None) -> Html:
    """A link to one of our pages."""
    return tag("a", text, href=address(*parts, **parameters))


def links(names: Iterable[str], page: str) -> Html:
    """Links to pages of one kind, by commas."""
    found = [link(name, page, name) for name in names]
    return joined(*(joined(", " if place else None, each) for place, each in enumerate(found)))


def code(text: str) -> Html:
    """Text that programs read."""
    return tag("code", text)


def prose(text: str) -> Html:
    """A description; what stands between backticks is code.

    >>> prose("reads `a<b` now").text
    'reads <code>a&lt;b</code> now'
    """
    pieces = text.split("`")
    is_odd = len(pieces) % 2 == 0
    if is_odd:
        return joined(text)
    return joined(*(code(each) if place % 2 else each for place, each in enumerate(pieces)))


def tags(found: Mapping[str, str]) -> Html:
    """Tags as links to what else bears them."""
    if not found:
        return nothing()
    return joined(
        *(
            tag(
                "a",
                f"{name}={value}" if value else name,
                href=address("search", tag=f"{name}={value}" if value else name),
                class_="tag",
            )
            for name, value in found.items()
        )
    )


def grid(
    heads: Sequence[str],
    rows: Iterable[Sequence[Child]],
    *,
    empty: Child,
    numbers: Sequence[int] = (),
) -> Html:
    """A table, or what it says when it has no row; `numbers` are the columns of numbers."""
    lines = [
        tag("tr", *(_cell(cell, place in numbers) for place, cell in enumerate(row)))
        for row in rows
    ]
    if not lines:
        return tag("p", empty, class_="empty")
    top = (
        tag("th", head, scope="col", class_="n" if place in numbers else None)
        for place, head in enumerate(heads)
    )
    body = tag("table", tag("thead", tag("tr", *top)), tag("tbody", *lines))
    return tag("div", body, class_="scroll", tabindex=0, role="group", aria_label="Table")


def section(title: str, *children: Child, name: str = "", extra: Child = None) -> Html:
    """A part of a page under a heading that can be linked to."""
    found = name or title.lower().replace(" ", "-")
    head = tag("header", tag("h2", title, id=f"{found}-title"), extra)
    return tag("section", head, *children, id=found, aria_labelledby=f"{found}-title")


def facts(found: Mapping[str, Child]) -> Html:
    """Names with what is told of each."""
    return tag(
        "dl", *(tag("div", tag("dt", name), tag("dd", told)) for name, told in found.items())
    )


def tiles(*found: tuple[str, Child, str]) -> Html:
    """Numbers that matter most: what, how many, and the address that says more."""
    return tag(
        "ul",
        *(
            tag("li", tag("a", tag("strong", told), tag("span", name), href=where))
            for name, told, where in found
        ),
        class_="tiles",
    )


def note(*children: Child, tone: str = "calm") -> Html:
    """A remark that must not be missed."""
    return tag("p", *children, class_=f"note {tone}")


def more(cursor: str, where: str) -> Html | None:
    """The way to the following page of a list, if there is one."""
    if not cursor:
        return None
    return tag("p", tag("a", "Next page", href=where, rel="next", class_="button"))


def bar(share: float) -> Html:
    """A share of a whole as a bar; the number stands beside it."""
    width = max(0.0, min(1.0, share)) * PERCENT
    return tag(
        "svg",
        tag("rect", class_="whole", width=PERCENT, height=8, rx=4),
        tag("rect", class_="part", width=f"{width:.1f}", height=8, rx=4),
        viewBox="0 0 100 8",
        class_="bar",
        aria_hidden="true",
        preserveAspectRatio="none",
    )


def shares(counts: Sequence[tuple[int, str]], *, whole: int) -> Html:
    """Parts of a whole as one bar, each in its tone; the numbers stand beside it."""
    pieces: list[Html] = []
    behind = 0.0
    for count, tone in counts:
        width = PERCENT * count / whole if whole else 0.0
        if count:
            pieces.append(
                tag("rect", x=f"{behind:.2f}", width=f"{width:.2f}", height=8, class_=tone)
            )
        behind += width
    return tag(
        "svg",
        tag("rect", class_="whole", width=PERCENT, height=8),
        *pieces,
        viewBox="0 0 100 8",
        class_="bar",
        aria_hidden="true",
        preserveAspectRatio="none",
    )


def strip(squares: Sequence[tuple[str, str]], *, told: str) -> Html:
    """A course of results: a square each, its tone and what it says; those not good are tall."""
    width = max(1, len(squares)) * SQUARE
    return tag(
        "svg",
        *(
            tag(
                "rect",
                tag("title", words),
                x=place * SQUARE,
                y=0 if tone in TALL else SQUARE + 1,
                width=SQUARE - 1,
                height=(SQUARE + 1) * (2 if tone in TALL else 1),
                class_=tone,
            )
            for place, (tone, words) in enumerate(squares)
        ),
        viewBox=f"0 0 {width} {2 * SQUARE + 2}",
        width=width,
        height=2 * SQUARE + 2,
        class_="course",
        role="img",
        aria_label=told,
    )


def _cell(cell: Child, is_number: bool) -> Html:
    return tag("td", cell, class_="n" if is_number else None)


__all__ = [
    "TONES",
    "badge",
    "bar",
    "code",
    "facts",
    "grid",
    "link",
    "links",
    "moment",
    "more",
    "note",
    "nothing",
    "number",
    "prose",
    "section",
    "shares",
    "size",
    "span",
    "strip",
    "tags",
    "tiles",
]
