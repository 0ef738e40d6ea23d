"""Search: what has the words, and where they stand in it."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

import msgspec
from litestar import Response
from litestar.params import Parameter

from arco.api.callers import CallerHere
from arco.api.paging import Cursor, read_cursor, write_cursor
from arco.api.search import NAMES_CHARACTERS, Kinds, Namespace, Owners, Tags, Words
from arco.api.session import Here, Seen
from arco.service.search.documents import ASSET, KINDS
from arco.service.search.hits import Fragment, SearchHit
from arco.service.search.searching import BEHIND, Lookup
from arco.ui.addresses import address
from arco.ui.answering import Asked, Page, Visit, page_at
from arco.ui.markup import Child, Html, joined, tag
from arco.ui.parts import link, moment, more, section
from arco.ui.queries import filled
from arco.wire.search import SearchAnswer

HITS = 30
SQL = "SELECT kind, full_name, owner, comment FROM system.search({words})"
PAGES = {"table": "tables", "namespace": "catalog", ASSET: "assets"}
"""Kind -> the pages of its objects; others are shown with their namespace."""
Searched = Annotated[str, Parameter(max_length=NAMES_CHARACTERS)]


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for, and what was found."""

    q: str
    kind: str
    tag: str
    owner: str
    namespace: str
    answer: SearchAnswer


@page_at("/search")
async def show_search(
    session: Here,
    caller: CallerHere,
    request: Asked,
    q: Words = "",
    kind: Kinds = "",
    tag: Tags = "",
    owner: Owners = "",
    namespace: Namespace = "",
    cursor: Cursor = "",
) -> Response[Any]:
    """A page of hits."""
    asked = ("search", q, kind, tag, owner, namespace, "")
    lookup = Lookup(
        text=q,
        kinds=kind,
        tags=tag,
        owners=owner,
        namespace=namespace,
        limit=HITS,
        after=read_cursor(cursor, *asked, types=BEHIND),
    )
    workspace = session.workspace
    await session.terms.brought(workspace.database)
    view = partial(workspace.authority.visible, caller=caller)
    hits = await workspace.search.asked(lookup, caller, view=view)
    answer = SearchAnswer(
        hits=hits.hits, total=hits.total, next_cursor=write_cursor(hits.behind, *asked)
    )
    found = Found(q=q, kind=kind, tag=tag, owner=owner, namespace=namespace, answer=answer)
    page = Page(title="Search", sql=filled(SQL, words=q), words=q)
    return Visit(session, caller, request).shown(Seen(found, hits.token), page, body=_body)


def _body(found: Found) -> Child:
    given = {
        "q": found.q,
        "kind": found.kind,
        "tag": found.tag,
        "owner": found.owner,
        "namespace": found.namespace,
    }
    answer = found.answer
    where = address("search", **given, cursor=answer.next_cursor)
    total = f"{answer.total:,} found"
    return (
        _filters(found),
        section(total, _hits(answer.hits, found), more(answer.next_cursor, where), name="found"),
    )


def _filters(found: Found) -> Html:
    kinds = [
        tag("option", kind or "everything", value=kind, selected=kind == found.kind)
        for kind in ("", *KINDS)
    ]
    return tag(
        "form",
        _field("Words", "q", value=found.q),
        tag("label", "Kind", tag("select", *kinds, name="kind")),
        _field("Tag", "tag", value=found.tag),
        _field("Owner", "owner", value=found.owner),
        _field("Namespace", "namespace", value=found.namespace),
        tag("button", "Search", class_="main"),
        action="/search",
        class_="filters",
    )


def _field(label: str, name: str, *, value: str) -> Html:
    return tag("label", label, tag("input", name=name, value=value))


def _hits(hits: list[SearchHit], found: Found) -> Html:
    if not hits:
        return tag(
            "p",
            "Nothing has all of these words. Fewer words or no filter find more; a word may also "
            "be the beginning of one.",
            class_="empty",
        )
    return tag("ul", *map(_hit, hits), class_="hits")


def _hit(hit: SearchHit) -> Html:
    return tag(
        "li",
        _name(hit),
        " ",
        tag("span", hit.kind, class_="badge calm"),
        joined(" ", moment(hit.materialized_at)) if hit.materialized_at else None,
        tag("p", hit.comment, class_="muted") if hit.comment else None,
        [_fragment(each) for each in hit.fragments if each.field not in {"comment", "description"}],
    )


def _name(hit: SearchHit) -> Html:
    if hit.kind in PAGES:
        # An asset is called as its project calls it, without the catalog.
        name = hit.full_name.partition(".")[2] if hit.kind == ASSET else hit.full_name
        return tag("b", link(hit.full_name, PAGES[hit.kind], name))
    above = hit.full_name.rpartition(".")[0]
    if hit.kind == "catalog" or not above:
        return tag("b", link(hit.full_name, "catalog"))
    return tag("b", link(hit.full_name, "catalog", above))


def _fragment(fragment: Fragment) -> Html:
    pieces: list[Child] = []
    place = 0
    for first, behind in fragment.spans:
        pieces += [fragment.text[place:first], tag("mark", fragment.text[first:behind])]
        place = behind
    name = fragment.field.replace("_", " ")
    return tag("div", tag("span", f"{name} ", class_="muted"), *pieces, fragment.text[place:])


__all__ = ["Found", "show_search"]
