"""What stands around every page: its head, the ways to other pages, the search box, who asks.

Law: nothing is asked of another host, nothing runs that is no file of ours. Must not know what a
page shows.
"""

from __future__ import annotations

from functools import cache

import msgspec

from arco.ui.addresses import address
from arco.ui.files import file_address, imported
from arco.ui.markup import Child, Html, joined, tag
from arco.ui.parts import link

DIRECTIVES = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
    "require-trusted-types-for": "'script'",
    "trusted-types": "'none'",
}


def policy(**changed: str) -> str:
    """What a page may do; one that needs more than the others names that: `worker_src=...`."""
    more = {name.replace("_", "-"): said for name, said in changed.items()}
    return "; ".join(f"{name} {said}" for name, said in (DIRECTIVES | more).items())


POLICY = policy()
SECTIONS = (
    ("Home", ""),
    ("Catalog", "catalog"),
    ("Assets", "assets"),
    ("Runs", "runs"),
    ("Backfills", "backfills"),
    ("Schedules", "schedules"),
    ("Sensors", "sensors"),
    ("Conditions", "conditions"),
    ("Breaches", "breaches"),
    ("Notifications", "notifications"),
    ("Lineage", "lineage"),
    ("Checks", "checks"),
    ("SQL", "sql"),
    ("Access", "access"),
    ("Audit", "audit"),
    ("System", "system"),
)
"""The ways that stand on every page: what they are called and where they lead."""

EVERYWHERE = "arco.js"
"""The module of every page."""

SKIP = tag("a", "Skip to content", href="#content", class_="skip")


class Around(msgspec.Struct, frozen=True, kw_only=True):
    """What the frame tells besides the page."""

    section: str = ""
    """Which of `SECTIONS` the page belongs to."""
    who: str = ""
    """The principal that asks; empty: nobody is asked for a name."""
    signed_in: bool = False
    """True for a browser that signed in, and can sign out."""
    slot: int | None = None
    version: str = ""
    json: str = ""
    """Where the page is as JSON."""
    sql: str = ""
    """The query that shows the same."""
    live: str = ""
    """The tables whose changes renew the page, by commas."""
    words: str = ""
    """What was searched for."""


def document(title: str, body: Child, *, around: Around, script: str = "") -> str:
    """The whole page; `script` is the module that works on it, besides the one of all pages."""
    around_it = tag(
        "div", _ways(around.section), _main(title, body, around=around), class_="columns"
    )
    top = _top(around)
    return _whole(title, tag("body", SKIP, top, around_it), script=script)


def alone(title: str, body: Child, *, script: str) -> str:
    """A page for whom nobody knows: it leads nowhere, and tells nothing of the server."""
    content = tag("main", tag("h1", title), tag("section", body), id="content", tabindex=-1)
    return _whole(title, tag("body", SKIP, tag("div", content, class_="alone")), script=script)


def _whole(title: str, body: Html, *, script: str) -> str:
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("title", f"{title} · Arco" if title else "Arco"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("link", rel="icon", href=file_address("arco.svg"), type="image/svg+xml"),
        tag("link", rel="stylesheet", href=file_address("arco.css")),
        tag("script", src=file_address("theme.js")),
        _modules(script),
    )
    return f"<!doctype html>\n{tag('html', head, body, lang='en').text}\n"


@cache
def _modules(script: str) -> Html:
    """The modules of a page, and what they import: a browser that knows of all asks at once."""
    names = [each for each in (EVERYWHERE, script) if each]
    others = sorted({needed for name in names for needed in imported(name)})
    return joined(
        *(tag("script", src=file_address(each), type="module") for each in names),
        *(tag("link", rel="modulepreload", href=file_address(each)) for each in others),
    )


def _top(around: Around) -> Html:
    field = tag(
        "input",
        type="search",
        name="q",
        value=around.words,
        placeholder="Search the catalog",
        aria_label="Search the catalog",
        aria_keyshortcuts="/ Control+K",
        autocomplete="off",
        id="search",
    )
    form = tag("form", field, tag("kbd", "/"), action="/search", role="search", class_="search")
    theme = tag("button", "Theme", type="button", id="theme", class_="quiet")
    name = tag("a", tag("b", "Arco"), href="/", class_="name")
    return tag("header", name, form, tag("span", class_="grow"), theme, _who(around), class_="top")


def _who(around: Around) -> Child:
    if not around.who:
        return None
    out = tag("button", "Sign out", type="button", id="sign-out", class_="quiet")
    return tag("a", around.who, href="/access", class_="who"), out if around.signed_in else None


def _ways(section: str) -> Html:
    found = (
        tag(
            "li",
            tag(
                "a",
                name,
                href=address(where) if where else "/",
                aria_current="page" if name == section else None,
            ),
        )
        for name, where in SECTIONS
    )
    return tag("nav", tag("ul", *found), aria_label="Sections", class_="ways")


def _main(title: str, body: Child, *, around: Around) -> Html:
    return tag(
        "main",
        tag("h1", title or "Arco"),
        tag("div", body, id="live", data_live=around.live or None),
        _foot(around),
        id="content",
        tabindex=-1,
    )


def _foot(around: Around) -> Html:
    told = tag(
        "p",
        f"Arco {around.version}",
        joined(", slot ", tag("span", around.slot, id="slot")) if around.slot is not None else None,
        class_="muted",
    )
    return tag("footer", _query(around.sql), told, _as_json(around.json))


def _query(sql: str) -> Html | None:
    if not sql:
        return None
    return tag(
        "details",
        tag("summary", "The query behind this page"),
        tag("pre", tag("code", sql, id="page-sql"), tabindex=0),
        tag(
            "p",
            tag("button", "Copy", type="button", data_copy="page-sql"),
            link("Open in the console", "sql", q=sql),
            class_="buttons",
        ),
        class_="query",
    )


def _as_json(where: str) -> Html | None:
    return tag("p", tag("a", "This page as JSON", href=where), class_="muted") if where else None


__all__ = ["POLICY", "SECTIONS", "Around", "alone", "document", "policy"]
