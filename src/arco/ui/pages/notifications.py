"""Notifications: who is told what happened, what was told, and whether it was taken."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from itertools import islice
from typing import Annotated, Any

import msgspec
from litestar import Response
from litestar.params import Parameter

from arco.api.callers import CallerHere
from arco.api.session import Here, Seen, ask
from arco.api.strictness import PRESENT_ONLY
from arco.model import State
from arco.orchestration.commands.notifications import find_notifier, try_notifier
from arco.orchestration.notifications import SUBJECTS, Notification, NotificationState
from arco.service.notifiers import (
    NotifierSummary,
    newest_notifications,
    notifier_summary,
    notifiers,
)
from arco.service.permits import permitted_on_notifier
from arco.ui.acting import Action, button
from arco.ui.addresses import address, plain_name
from arco.ui.answering import Asked, Page, Visit, page_at
from arco.ui.markup import Child, Html, joined, tag
from arco.ui.pages.listing import run_link
from arco.ui.parts import (
    badge,
    code,
    facts,
    grid,
    link,
    moment,
    nothing,
    number,
    section,
)
from arco.ui.queries import filled

SHOWN_MAX = 100
NOTIFIERS_MAX = 1000
SECTION = "Notifications"
LIVE = "orchestration.notifiers,orchestration.notifications"
SQL = """SELECT created_at, notifier, kind, title, why, state, attempts, error
FROM system.orchestration.notifications ORDER BY created_at DESC, notifier, number DESC LIMIT 100"""
ONE_SQL = """SELECT number, created_at, kind, title, why, state, attempts, error
FROM system.orchestration.notifications WHERE notifier = {name} ORDER BY number DESC LIMIT 100"""
HEADS = ("When", "Notifier", "What", "Why", "About", "State", "Attempts", "What the last came to")
TONES = {
    NotificationState.WAITING: "warn",
    NotificationState.DELIVERED: "good",
    NotificationState.FAILED: "bad",
    NotificationState.REMOVED: "calm",
}
Name = Annotated[str, Parameter(max_length=200)]


class News(msgspec.Struct, frozen=True, kw_only=True):
    """Who is told, and what was told last."""

    notifiers: list[NotifierSummary]
    """By name."""
    notifications: list[Notification]
    """The newest hundred, newest first."""


class OneNotifier(msgspec.Struct, frozen=True, kw_only=True):
    """One notifier, and what it was told."""

    notifier: NotifierSummary
    notifications: list[Notification]
    """The newest hundred, newest first."""


@page_at("/notifications")
async def show_news(session: Here, caller: CallerHere, request: Asked) -> Response[Any]:
    """Who is told, and the newest of what was told."""

    def look(state: State) -> News:
        return News(
            notifiers=list(islice(notifiers(state), NOTIFIERS_MAX)),
            notifications=newest_notifications(state)[:SHOWN_MAX],
        )

    seen = await ask(session, look, caller=caller)
    page = Page(title=SECTION, section=SECTION, sql=SQL, live=LIVE)
    return Visit(session, caller, request).shown(seen, page, body=_news_body)


@page_at("/notifications/{name:str}")
async def show_notifier(
    session: Here, caller: CallerHere, request: Asked, name: Name
) -> Response[Any]:
    """One notifier."""
    plain = plain_name(name)
    seen = await ask(session, lambda state: one_notifier(state, plain), caller=caller)
    sql = filled(ONE_SQL, name=plain)
    page = Page(title=f"Notifier {plain}", section=SECTION, sql=sql, live=LIVE)
    return Visit(session, caller, request).shown(seen, page, body=_one_body)


@page_at("/notifications/{name:str}/test", opt={PRESENT_ONLY: True})
async def show_test_notifier(
    session: Here, caller: CallerHere, request: Asked, name: Name
) -> Response[Any]:
    """What a test would do."""
    workspace = session.workspace
    await session.terms.brought(workspace.database)
    decide = permitted_on_notifier(
        name,
        try_notifier(name, actor=caller.principal),
        caller=caller,
        authority=workspace.authority,
    )
    now = workspace.runtime.now()

    def look(state: State) -> OneNotifier:
        decide(state, now)
        return one_notifier(state, name)

    seen = Seen(await workspace.database.asked(look), workspace.database.token)
    action = Action(
        path=f"/api/v1/notifiers/{name}/test",
        body={},
        label="Send it a test",
        then=f"/notifications/{name}",
    )
    do = button(action, workspace.runtime, back=link("Not now", "notifications", name))
    page = Page(title=f"Send {name} a test", section=SECTION, script="act.js")
    return Visit(session, caller, request).shown(seen, page, body=partial(_test_body, do=do))


def one_notifier(state: State, name: str) -> OneNotifier:
    """What is told of one notifier. Raises: NotFound NOTIFIER_UNKNOWN."""
    row = find_notifier(state, name)
    return OneNotifier(
        notifier=notifier_summary(state, row),
        notifications=newest_notifications(state, notifier=name)[:SHOWN_MAX],
    )


def _news_body(found: News) -> Child:
    rows = (
        (
            link(each.name, "notifications", each.name),
            each.channel,
            _kinds(each),
            number(each.notifications),
            _state(each.newest) if each.newest else nothing(),
        )
        for each in found.notifiers
    )
    heads = ("Notifier", "By", "Told of", "Was told", "The newest")
    empty = joined(
        "No notifier is deployed, or you may not know of any. ",
        code('notify("ops", slack="env:SLACK_URL")'),
        " in the project declares one.",
    )
    count = len(found.notifications)
    return (
        section(
            f"{len(found.notifiers):,} notifiers",
            grid(heads, rows, empty=empty, numbers=(3,)),
            name="notifiers",
        ),
        section(f"The newest {count:,}", _told(found.notifications), name="told"),
    )


def _one_body(page: OneNotifier) -> Child:
    notifier = page.notifier
    about: dict[str, Child] = {
        "By": notifier.channel,
        "Told of": _kinds(notifier),
        "Was told": number(notifier.notifications),
        "Project": notifier.project,
    }
    if notifier.recipients:
        about["E-mails go to"] = ", ".join(notifier.recipients)
    test = address("notifications", notifier.name, "test")
    way = tag("a", "Send a test…", href=test, class_="button")
    return (
        section("About", facts(about), extra=tag("span", way, class_="buttons")),
        section("What it was told", _told(page.notifications), name="told"),
    )


def _test_body(page: OneNotifier, *, do: Html) -> Child:
    notifier = page.notifier
    follows = (
        f"whoever leads would send {notifier.name} something now, by {notifier.channel}",
        "whether it was taken would stand with what it was told; until it is, it is tried again",
    )
    return section("This would happen", tag("ul", *(tag("li", each) for each in follows)), do)


def _told(found: Iterable[Notification]) -> Html:
    rows = (
        (
            moment(each.created_at),
            link(each.notifier, "notifications", each.notifier),
            each.title,
            each.why,
            _subject(each),
            _state(each),
            number(each.attempts),
            each.error,
        )
        for each in found
    )
    return grid(HEADS, rows, empty="Nothing was told yet.", numbers=(6,))


def _kinds(notifier: NotifierSummary) -> str:
    return ", ".join(kind.replace("_", " ") for kind in notifier.kinds)


def _state(row: Notification) -> Html:
    return badge(row.state.value, TONES[row.state])


def _subject(row: Notification) -> Child:
    place = SUBJECTS.get(row.kind)
    if place is None:
        return "the workspace" if row.subject else nothing()
    return run_link(row.subject) if place == "runs" else link(row.subject, place, row.subject)


__all__ = [
    "News",
    "OneNotifier",
    "one_notifier",
    "show_news",
    "show_notifier",
    "show_test_notifier",
]
