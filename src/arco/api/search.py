"""Search over HTTP."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from litestar import Response, get
from litestar.params import Parameter

from arco.api.callers import CallerHere
from arco.api.failures import refusals
from arco.api.fields import Fields, selected
from arco.api.paging import Cursor, read_cursor, write_cursor
from arco.api.session import Here, answer, past_of
from arco.service.search.documents import KINDS
from arco.service.search.searching import BEHIND, LIMIT_MAX, Lookup
from arco.wire.search import SearchAnswer

NAMES_CHARACTERS = 4000
Words = Annotated[
    str,
    Parameter(
        description="Words of names, columns, tags, owners, comments and descriptions, or how "
        "words begin; all of them must fit. `dep_delay`, `DepDelay` and `dep delay` are the same "
        "words; accents and case do not count. Empty: everything that the filters leave."
    ),
]
Kinds = Annotated[
    str,
    Parameter(
        description=f"Only these kinds, by commas: {', '.join(KINDS)}.",
        max_length=NAMES_CHARACTERS,
    ),
]
Tags = Annotated[
    str,
    Parameter(
        description="Only what has all of these tags, by commas: `pii` or `pii=high`.",
        max_length=NAMES_CHARACTERS,
    ),
]
Owners = Annotated[
    str,
    Parameter(description="Only what one of these owns, by commas.", max_length=NAMES_CHARACTERS),
]
Namespace = Annotated[
    str,
    Parameter(
        description="Only what stands in this namespace or catalog, at any depth.",
        max_length=NAMES_CHARACTERS,
    ),
]
FreshSince = Annotated[
    str,
    Parameter(
        description="Only tables with data of this day (UTC) or later: `2026-03-01`, or how long "
        "ago, such as `7d`.",
        max_length=64,
    ),
]
Limit = Annotated[int, Parameter(ge=1, le=LIMIT_MAX, description="How many at most on one page.")]


@get(
    "/search",
    summary="Find anything in the catalog",
    tags=["catalog"],
    response_description="What was found, best first, and how much there is on all pages.",
    responses=refusals(400, 404),
)
async def search(
    session: Here,
    caller: CallerHere,
    q: Words = "",
    kind: Kinds = "",
    tag: Tags = "",
    owner: Owners = "",
    namespace: Namespace = "",
    fresh_since: FreshSince = "",
    limit: Limit = 20,
    cursor: Cursor = "",
    fields: Fields = "",
) -> Response[SearchAnswer]:
    """Everything that has the words: the name itself first, then words of names, then what stands
    in columns, tags and owners, then comments; of equals what is yours, what many tables are made
    from, and what changed lately. A word that nothing has is taken for one that is a slip away.
    """
    asked = ("search", q, kind, tag, owner, namespace, fresh_since)
    lookup = Lookup(
        text=q,
        kinds=kind,
        tags=tag,
        owners=owner,
        namespace=namespace,
        fresh_since=fresh_since,
        limit=limit,
        after=read_cursor(cursor, *asked, types=BEHIND),
    )
    workspace, moment = session.workspace, session.terms.at
    await session.terms.brought(workspace.database)
    past = await past_of(session, moment, caller=caller) if moment else None
    await workspace.authority.acquainted(caller)
    view = partial(workspace.authority.visible, caller=caller)
    found = await workspace.search.asked(
        lookup, caller, view=view if past is None else lambda state: state, past=past
    )
    follows = write_cursor(found.behind, *asked)
    body = SearchAnswer(hits=found.hits, total=found.total, next_cursor=follows)
    return answer(selected(body, fields), found.token)


__all__ = ["NAMES_CHARACTERS", "Kinds", "Namespace", "Owners", "Tags", "Words", "search"]
