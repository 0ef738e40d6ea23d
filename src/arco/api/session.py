"""What every route works with: one workspace, its query workers, and how reads and their slot meet.

Law L4: an answer is made from state(N) for one N, and names it. Must not know HTTP routes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Generic, TypeAlias, TypeVar

import msgspec
from litestar import Response
from litestar.di import NamedDependency

from arco.access.callers import Caller
from arco.access.privileges import Privilege
from arco.api.fields import selected
from arco.api.terms import Terms
from arco.engine.past import Past
from arco.engine.tokens import StateToken
from arco.execution.callbacks import Callbacks
from arco.ids import sha256
from arco.model import State
from arco.query.pool import QueryPool
from arco.service.authority import require_on_workspace
from arco.service.identity import Identity
from arco.service.past import slot_of
from arco.service.ports import Performer
from arco.service.signatures import Signatures
from arco.service.ticking import Ticker
from arco.service.workspace import Workspace
from arco.wire.headers import SLOT_HEADER, STATE_HEADER, TAG_HEADER

TAG_CHARACTERS = 32
T = TypeVar("T")


class Session(msgspec.Struct, frozen=True, eq=False):
    """An open workspace as the API serves it, to one request."""

    workspace: Workspace
    queries: QueryPool
    version: str
    hosts: tuple[str, ...] = ()
    """`Host` values to answer besides the loopback names, such as `arco.example:8321`."""
    signatures: Signatures | None = None
    """What signs URLs of this server; the application has it."""
    ticker: Ticker | None = None
    """What does what falls due when a timer asks; the application has it."""
    callbacks: Callbacks | None = None
    """Where worker services answer; the application has it, if whoever leads here has none."""
    performers: Callable[[], Sequence[Performer]] = tuple
    """What does what falls due outside of the log, while this process leads."""
    identity: Identity | None = None
    """What tells callers, for who signs in; the application has it."""
    terms: Terms = Terms()
    """What the request at hand asks for in its headers."""


class Seen(msgspec.Struct, Generic[T], frozen=True):
    """An answer, and the state it was read from."""

    value: T
    token: StateToken

    @property
    def slot(self) -> int:
        """The slot it was read at."""
        return self.token.seq


Here: TypeAlias = NamedDependency[Session]


async def ask(session: Session, question: Callable[[State], T], *, caller: Caller) -> Seen[T]:
    """The answer as fresh as the request asks for, or as of the moment it names, from the state
    without what the caller may not know of; `question` returns values, never a generator.

    Cost: nothing or a look at the log, as `Terms.brought` says; that of `past_of` for a moment.
    """
    database = session.workspace.database
    await session.terms.brought(database)
    if session.terms.at:
        past = await past_of(session, session.terms.at, caller=caller)
        return await past.asked(lambda state: Seen(question(state), past.token))
    authority = session.workspace.authority
    await authority.acquainted(caller)
    return await database.asked(
        lambda state: Seen(question(authority.visible(state, caller)), database.token)
    )


async def past_of(session: Session, moment: str, *, caller: Caller) -> Past:
    """The state at a moment, for a caller who may know of the whole workspace now.

    Who may know of what may have been otherwise then, so whoever sees a part sees no past.
    Raises: Forbidden ACCESS_DENIED; Invalid MOMENT_INVALID; NotFound SLOT_NOT_FOUND. Cost: nothing
    for a slot that was asked about lately, else that of `slot_at` and `state_at`.
    """
    await require_whole(session, caller)
    workspace = session.workspace
    return await workspace.pasts.at(await slot_of(workspace, moment))


async def require_whole(session: Session, caller: Caller) -> None:
    """Nothing, when the caller may know of the whole workspace.

    Raises: Forbidden ACCESS_DENIED.
    """
    check = partial(require_on_workspace, caller=caller, privilege=Privilege.BROWSE)
    await session.workspace.database.asked(check)


async def read(
    session: Session, question: Callable[[State], T], *, caller: Caller, fields: str = ""
) -> Response[T]:
    """The answer as a response that names its slot; of each row only `fields`, if there are any.

    Raises: Invalid FIELD_UNKNOWN.
    """
    seen = await ask(session, question, caller=caller)
    return answer(selected(seen.value, fields), seen.token)


async def read_one(
    session: Session, question: Callable[[State], T], *, caller: Caller, fields: str = ""
) -> Response[T]:
    """The same for one object, with its `ETag`; 304 without a body when the caller has it
    already.
    """
    seen = await ask(session, question, caller=caller)
    tag = entity_tag(seen.value)
    chosen = selected(seen.value, fields)
    if names_tag(session.terms.if_none_match, tag):
        chosen = None
    response: Response[T] = answer(chosen, seen.token, status=200 if chosen is not None else 304)
    response.headers[TAG_HEADER] = tag
    return response


def answer(value: T, token: StateToken, *, status: int = 200) -> Response[T]:
    """The value as a response that names its slot."""
    return Response(value, status_code=status, headers=state_headers(token))


def state_headers(token: StateToken) -> dict[str, str]:
    """The headers that say which state an answer comes from."""
    return {SLOT_HEADER: str(token.seq), STATE_HEADER: str(token)}


def entity_tag(value: object) -> str:
    """The object's version: its own word for it, else the same for the same content."""
    told: str = getattr(value, "etag", "")
    return f'"{told or sha256(msgspec.json.encode(value))[:TAG_CHARACTERS]}"'


def names_tag(header: str, tag: str) -> bool:
    """Whether an `If-Match` or `If-None-Match` header names this tag."""
    return header.strip() == "*" or tag in (
        each.strip().removeprefix("W/") for each in header.split(",")
    )


__all__ = [
    "Here",
    "Seen",
    "Session",
    "answer",
    "ask",
    "entity_tag",
    "names_tag",
    "past_of",
    "read",
    "read_one",
    "require_whole",
    "state_headers",
]
