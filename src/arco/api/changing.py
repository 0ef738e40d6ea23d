"""Changes over HTTP: one decision, one commit, and an answer that a repetition gets again.

The answer is told from the state that the decision leads to, and kept with it when the request has
an idempotency key. Law L2: it goes out when the commit is durable. Must not know routes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar

import msgspec
from litestar import Response

from arco import errors
from arco.access.callers import Caller
from arco.api.session import Session, entity_tag, names_tag, state_headers
from arco.api.terms import Terms
from arco.engine.batch import Receipt
from arco.engine.idempotency import Intent
from arco.engine.tokens import StateToken
from arco.errors import ArcoError, Invalid, Precondition
from arco.model import Decision, Event, State
from arco.wire.access import AccessOutcome
from arco.wire.headers import REPEATED_HEADER, SLOT_HEADER

JSON = "application/json"
T = TypeVar("T")


class Told(msgspec.Struct, Generic[T], frozen=True):
    """What is answered once the change stands."""

    value: T
    status: int = 200


class Problem(msgspec.Struct, frozen=True):
    """A refusal that was decided together with events: it is told again, too."""

    kind: str
    code: str
    message: str
    hint: str
    details: dict[str, Any]

    def error(self) -> ArcoError:
        """The refusal itself."""
        kind: type[ArcoError] = getattr(errors, self.kind)
        return kind(self.code, self.message, hint=self.hint, **self.details)


class Envelope(msgspec.Struct, frozen=True, omit_defaults=True):
    """An answer as it is kept."""

    status: int = 200
    body: msgspec.Raw = msgspec.Raw(b"null")
    problem: Problem | None = None


async def change(
    session: Session,
    decision: Decision,
    *,
    tell: Callable[[State], Told[T]],
    caller: Caller,
    current: Callable[[State], object] | None = None,
) -> Response[T]:
    """The answer that `tell` gives once what was decided is durable.

    `current` tells the object that an `If-Match` of the request speaks of. Idempotent: by the
    request's key. Raises: what the decision or `tell` raises; Precondition ETAG_MISMATCH; Invalid
    IF_MATCH_UNSUPPORTED.
    """
    visible = session.workspace.authority.visible
    if session.terms.if_match:
        decision = _matching(decision, session.terms, current=current)
    return await _carried_out(
        session,
        decision,
        answer=lambda state: _envelope(tell, visible(state, caller)),
        caller=caller,
    )


async def change_one(
    session: Session,
    decision: Decision,
    *,
    tell: Callable[[State], T],
    caller: Caller,
    status: int = 200,
) -> Response[T]:
    """The object that `tell` tells, once what was decided about it is durable; an `If-Match` of the
    request speaks of it as the caller sees it before.

    Idempotent, and raises: as `change`.
    """
    visible = session.workspace.authority.visible
    return await change(
        session,
        decision,
        tell=lambda state: Told(tell(state), status),
        caller=caller,
        current=lambda state: tell(visible(state, caller)),
    )


async def acknowledge(
    session: Session, decision: Decision, *, told: T, caller: Caller, status: int = 200
) -> Response[T]:
    """The answer `told`, which needs no look at the state, once what was decided is durable.

    For changes that may end what lets the caller look. Idempotent: by the request's key. Raises:
    what the decision raises; Invalid IF_MATCH_UNSUPPORTED.
    """
    if session.terms.if_match:
        decision = _matching(decision, session.terms, current=None)
    body = msgspec.Raw(msgspec.json.encode(told))
    text = msgspec.json.encode(Envelope(status, body)).decode()
    return await _carried_out(session, decision, answer=lambda state: text, caller=caller)


async def decided(
    session: Session, decision: Decision, *, caller: Caller
) -> Response[AccessOutcome]:
    """Whether the decision changed anything, once that is durable.

    Idempotent: by the request's key. Raises: as `acknowledge`.
    """
    if session.terms.if_match:
        decision = _matching(decision, session.terms, current=None)
    events: Sequence[Event] = ()

    def noted(state: State, now: datetime) -> Sequence[Event]:
        nonlocal events
        events = decision(state, now)
        return events

    def answer(state: State) -> str:
        return _envelope(lambda _: Told(AccessOutcome(bool(events))), state)

    return await _carried_out(session, noted, answer=answer, caller=caller)


async def _carried_out(
    session: Session, decision: Decision, *, answer: Callable[[State], str], caller: Caller
) -> Response[Any]:
    terms = session.terms
    intent = Intent(
        answer=answer,
        key=terms.key,
        request=terms.fingerprint,
        principal=caller.principal if terms.key else "",
    )
    receipt = await session.workspace.database.transact(_traced(decision, terms.trace), intent)
    return _response(receipt)


def _envelope(tell: Callable[[State], Told[T]], state: State) -> str:
    try:
        told = tell(state)
    except ArcoError as error:
        details = msgspec.to_builtins(error.details, str_keys=True, enc_hook=str)
        kind = type(error).__name__
        problem = Problem(kind, error.code, error.message, error.hint, details)
        return msgspec.json.encode(Envelope(problem=problem)).decode()
    body = msgspec.Raw(msgspec.json.encode(told.value))
    return msgspec.json.encode(Envelope(told.status, body)).decode()


def _response(receipt: Receipt) -> Response[Any]:
    envelope = msgspec.json.decode(receipt.answer, type=Envelope)
    if envelope.problem is not None:
        raise envelope.problem.error()
    headers = state_headers(StateToken(receipt.seq, receipt.hash))
    if receipt.repeats is not None:
        headers |= {SLOT_HEADER: str(receipt.repeats), REPEATED_HEADER: "true"}
    body = bytes(envelope.body)
    return Response(body, status_code=envelope.status, headers=headers, media_type=JSON)


def _matching(
    decision: Decision, terms: Terms, *, current: Callable[[State], object] | None
) -> Decision:
    if current is None:
        raise Invalid(
            "IF_MATCH_UNSUPPORTED",
            "this request speaks of no single object that If-Match could be held against",
            hint="leave If-Match out",
        )

    def decided(state: State, now: datetime) -> Sequence[Event]:
        if not names_tag(terms.if_match, entity_tag(current(state))):
            raise Precondition(
                "ETAG_MISMATCH",
                "the object is not the one that If-Match names any more",
                hint="read it again, look whether the change still makes sense, send its new ETag",
            )
        return decision(state, now)

    return decided


def _traced(decision: Decision, trace: str) -> Decision:
    """The decision whose events name the trace they belong to."""
    if not trace:
        return decision

    def decided(state: State, now: datetime) -> Sequence[Event]:
        events = decision(state, now)
        return [Event(each.payload, each.actor, each.trace or trace) for each in events]

    return decided


__all__ = [
    "Envelope",
    "Problem",
    "Told",
    "acknowledge",
    "change",
    "change_one",
    "decided",
]
