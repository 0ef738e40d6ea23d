"""Access: who the server takes you for, and why somebody may or may not do something."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Annotated, Any

import msgspec
from litestar import Response
from litestar.params import Parameter

from arco.access.callers import Caller
from arco.access.decisions import Decision, principals_of
from arco.access.privileges import Privilege
from arco.api.callers import CallerHere
from arco.api.session import Here, ask
from arco.api.strictness import PRESENT_ONLY
from arco.errors import Forbidden
from arco.model import State
from arco.service.granting import GrantLine, GrantWish, explained, grants_of, grants_on
from arco.service.views import View
from arco.ui.answering import Asked, Page, Visit, page_at
from arco.ui.markup import Child, Html, joined, tag
from arco.ui.parts import badge, code, facts, grid, moment, note, nothing, section

GRANTS_SHOWN = 200
SQL = "SELECT * FROM system.access.grants"
RULES = {
    "local": "nobody is asked for a name here: whoever reaches this server owns the workspace",
    "grant": "it was given",
    "column": "a column of it may be read",
    "scope": "the key is limited to less than its principal may do",
    "nothing": "nobody gave it",
}
OnObject = Annotated[
    str, Parameter(max_length=4096, description="Such as `table:sales.orders` or `workspace`.")
]
Wanted = Annotated[Privilege, Parameter(description="The privilege.")]
PrincipalName = Annotated[str, Parameter(max_length=512, description="Such as `user:ann`.")]


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """A decision explained, and what is held."""

    principal: str
    """Who asks."""
    groups: tuple[str, ...]
    on: str
    privilege: Privilege
    about: str
    """About whom it was asked; empty: about who asks."""
    decision: Decision | None
    """Null: no object was named."""
    on_object: list[GrantLine] | None
    """What is held on the object; null for who does not manage it."""
    own: list[GrantLine]
    """What the caller holds."""


@page_at("/access", opt={PRESENT_ONLY: True})
async def show_access(
    session: Here,
    caller: CallerHere,
    request: Asked,
    on: OnObject = "",
    privilege: Wanted = Privilege.SELECT,
    principal: PrincipalName = "",
) -> Response[Any]:
    """Why somebody may or may not."""
    wish = GrantWish(privilege=privilege, on=on, principal=principal)
    seen = await ask(session, lambda state: access_of(state, caller, wish=wish), caller=caller)
    page = Page(title="Access", section="Access", sql=SQL)
    return Visit(session, caller, request).shown(seen, page, body=_body)


def access_of(state: State, caller: Caller, *, wish: GrantWish) -> Access:
    """What is told of a decision and of what is held.

    Raises: NotFound SECURABLE_NOT_FOUND; Forbidden ACCESS_DENIED about others on what the caller
    does not manage.
    """
    whole = state.whole if isinstance(state, View) else state
    return Access(
        principal=caller.principal,
        groups=principals_of(whole, caller)[1:],
        on=wish.on,
        privilege=wish.privilege,
        about=wish.principal,
        decision=explained(state, caller, wish=wish) if wish.on else None,
        on_object=_held(state, caller, on=wish.on) if wish.on else [],
        own=_told(grants_of(state, caller, principal=caller.principal)),
    )


def _held(state: State, caller: Caller, *, on: str) -> list[GrantLine] | None:
    try:
        return _told(grants_on(state, caller, on=on))
    except Forbidden:
        return None


def _told(grants: Iterable[tuple[Any, GrantLine]]) -> list[GrantLine]:
    return [line for _, line in islice(grants, GRANTS_SHOWN)]


def _body(found: Access) -> Child:
    return (
        _form(found),
        _decision(found.decision) if found.decision else None,
        _on_object(found) if found.on else None,
        section(
            "You",
            facts({"Name": found.principal, "Groups": ", ".join(found.groups) or nothing()}),
            tag("h3", "What you hold yourself"),
            grants_grid(found.own, empty="Nothing was given to you by name."),
        ),
    )


def _form(found: Access) -> Html:
    options = [
        tag("option", each.value, value=each.value, selected=each is found.privilege)
        for each in Privilege
    ]
    field = tag(
        "input", name="on", value=found.on, placeholder="table:namespace.name", required=True
    )
    who = tag("input", name="principal", value=found.about, placeholder="you")
    return tag(
        "form",
        tag("label", "May", who),
        tag("label", "do", tag("select", *options, name="privilege")),
        tag("label", "on", field),
        tag("button", "Explain", class_="main"),
        action="/access",
        class_="filters",
    )


def _decision(decision: Decision) -> Html:
    told = badge("ALLOWED" if decision.allowed else "REFUSED")
    by = joined(
        f", because {decision.holder} holds ",
        code(str(decision.held)),
        " on ",
        code(decision.held_on),
    )
    return section(
        "The decision",
        tag(
            "p",
            told,
            f" {decision.principal}: {decision.privilege.value} on ",
            code(decision.securable),
            f": {RULES.get(decision.rule.value, decision.rule.value)}",
            by if decision.held else None,
        ),
        name="decision",
    )


def _on_object(found: Access) -> Html:
    if found.on_object is None:
        return section("Who holds what on it", note("Only who manages it is told."))
    empty = "Nobody was given anything on it, or on what it stands in."
    return section("Who holds what on it", grants_grid(found.on_object, empty=empty))


def grants_grid(grants: list[GrantLine], *, empty: str) -> Html:
    """Grants as a table."""
    rows = (
        (row.principal, row.privilege.value, code(row.on), row.granted_by, moment(row.granted_at))
        for row in grants
    )
    return grid(("Principal", "Privilege", "On", "Given by", "Given"), rows, empty=empty)


__all__ = ["Access", "access_of", "grants_grid", "show_access"]
