"""Markup that is built, never pasted: text becomes markup in one place, where it is escaped.

Law: a `str` is text. Only `tag`, `joined` and `data` make `Html`, so no name, comment or log can
become markup. Must not know what is shown.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any, TypeAlias

import msgspec

VOID = frozenset({"br", "hr", "img", "input", "link", "meta"})


class Html(msgspec.Struct, frozen=True):
    """Markup that is safe as it stands."""

    text: str


Child: TypeAlias = "Html | str | int | float | Iterable[Child] | None"
Attribute: TypeAlias = str | int | float | bool | None


def tag(element: str, /, *children: Child, **attributes: Attribute) -> Html:
    """An element. A trailing `_` of an attribute's name is dropped, other `_` become `-`.

    >>> tag("a", "x < y", href="/t?a=1&b=2", class_="muted", hidden=False, title=None).text
    '<a href="/t?a=1&amp;b=2" class="muted">x &lt; y</a>'
    """
    start = f"<{element}{''.join(_attribute(each, value) for each, value in attributes.items())}>"
    if element in VOID:
        return Html(start)
    return Html(f"{start}{joined(*children).text}</{element}>")


def joined(*children: Child) -> Html:
    """The children one after another; what is None is left out.

    >>> joined("a & b", None, 3, [tag("b", "!")]).text
    'a &amp; b3<b>!</b>'
    """
    return Html("".join(map(_text, children)))


def data(name: str, value: Any) -> Html:
    """The value as JSON for the scripts of the page, which find it by this name; nothing shows it.

    >>> data("rows", ["</script><b>"]).text
    '<script type="application/json" id="rows">["\\\\u003c/script>\\\\u003cb>"]</script>'
    """
    # Within a script nothing is escaped by names; without `<` it holds no markup and no comment.
    text = msgspec.json.encode(value).decode().replace("<", "\\u003c")
    return Html(f'<script type="application/json" id="{escape(name)}">{text}</script>')


def _text(child: Child) -> str:
    if child is None:
        return ""
    if isinstance(child, Html):
        return child.text
    if isinstance(child, str):
        return escape(child)
    if isinstance(child, int | float):
        return str(child)
    return "".join(map(_text, child))


def _attribute(name: str, value: Attribute) -> str:
    if value is None or value is False:
        return ""
    spelled = name.rstrip("_").replace("_", "-")
    if value is True:
        return f" {spelled}"
    text = str(value)
    # A link leads to a page of ours: no scheme, no other host.
    assert spelled not in {"href", "src", "action"} or is_ours(text), text
    return f' {spelled}="{escape(text)}"'


def is_ours(link: str) -> bool:
    """True for a link that names no scheme and no host.

    >>> is_ours("/runs"), is_ours("//evil.example"), is_ours("https://evil.example")
    (True, False, False)
    """
    return link.startswith(("#", "?")) or (link.startswith("/") and link[:2] not in {"//", "/\\"})


__all__ = ["Attribute", "Child", "Html", "data", "is_ours", "joined", "tag"]
