"""Results by idempotency key: a request that is asked again is answered again, never done again.

A result is a row of the commit that it tells about, so neither is ever there without the other.
Whatever a key could still be looked up for is kept; older keys are refused unseen, and only that
makes forgetting safe, whatever the clocks of two processes say. Must not know what is asked.
Source: storage format, "Committing".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice

import msgspec

from arco.errors import Invalid
from arco.ids import milliseconds
from arco.model import Change, Drop, Event, Payload, Put, Reducer, State, Table

KEY_AGE_MAX = timedelta(days=7)
KEY_LEAD_MAX = timedelta(minutes=5)
ANSWER_BYTES_MAX = 4096
"""A larger answer is made again from the state when it is asked for again."""
FORGOTTEN_PER_KEPT = 2
FORGOTTEN_MIN = 16
HOUR_MS = 3_600_000
ONLY = "results"
UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\Z")


class Intent(msgspec.Struct, frozen=True):
    """What a decision is for: `answer` tells its result from the state it leads to, and a `key`
    makes that result the answer to every repetition.
    """

    answer: Callable[[State], str]
    key: str = ""
    request: str = ""
    """A hash of everything that was asked: the same key never stands for two requests."""
    principal: str = ""
    """Who asks: nobody hears the result of somebody else's key."""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a request, kept under its idempotency key."""

    hour: int
    """The hour since 1970 that the key was made in, by the key itself."""
    key: str
    """The key, a UUIDv7."""
    principal: str
    """Who asked."""
    request: str
    """A hash of what was asked."""
    slot: int
    """The slot that holds what was decided."""
    answer: str | None
    """The answer as it was told; null when it was too large to keep."""
    kept_at: datetime
    """The decision's clock."""


class ResultHour(msgspec.Struct, frozen=True):
    """An hour that has results: what is forgotten is found without looking at all of them."""

    hour: int
    """Hours since 1970."""


class Forgetting(msgspec.Struct, frozen=True):
    """How far results are forgotten."""

    name: str
    """Always `results`: there is one."""
    hour: int
    """Keys of this hour, and of every earlier one, are refused unseen."""


RESULTS = Table("engine.results", Result, ("hour", "key", "principal"), public=False)
RESULT_HOURS = Table("engine.result_hours", ResultHour, ("hour",), public=False)
FORGETTING = Table("engine.forgetting", Forgetting, ("name",), public=False)
TABLES = (RESULTS, RESULT_HOURS, FORGETTING)


class ResultKept(Payload, frozen=True):
    """A request was carried out by the events before this one in the same commit."""

    key: str
    """The key, a UUIDv7."""
    request: str
    """A hash of what was asked."""
    slot: int
    """The slot that holds it."""
    kept_at: datetime
    """The decision's clock."""
    answer: str | None = None
    """What was answered; null when it was too large to keep."""
    principal: str = ""
    """Who asked."""


class ResultsForgotten(Payload, frozen=True):
    """The first results of an hour are not needed any more: their keys are refused unseen."""

    hour: int
    """Hours since 1970: the first that still had results."""
    count_max: int
    """So many of them at most are forgotten by this event."""


def check_key(key: str) -> None:
    """Nothing, for a UUIDv7 in lower case.

    Raises: Invalid IDEMPOTENCY_KEY_INVALID.
    """
    if not UUID7.match(key):
        raise Invalid(
            "IDEMPOTENCY_KEY_INVALID",
            "an idempotency key is a UUIDv7 in lower case, and this is none",
            hint="make a fresh UUIDv7 for every request, and send the same one with every retry",
        )


def find_result(state: State, intent: Intent, *, now: datetime) -> Result | None:
    """What came of the request when it was carried out before; None when it never was.

    Raises: Invalid IDEMPOTENCY_KEY_EXPIRED, IDEMPOTENCY_KEY_REUSED.
    """
    made_ms = key_milliseconds(intent.key)
    forgetting = state.get(FORGETTING, ONLY)
    if forgetting is not None and made_ms // HOUR_MS <= forgetting.hour:
        raise _expired("too old")
    if made_ms < milliseconds(now - KEY_AGE_MAX):
        raise _expired("too old")
    if made_ms > milliseconds(now + KEY_LEAD_MAX):
        raise _expired("from the future")
    found = state.get(RESULTS, made_ms // HOUR_MS, intent.key, intent.principal)
    if found is not None and found.request != intent.request:
        raise Invalid(
            "IDEMPOTENCY_KEY_REUSED",
            "this idempotency key was sent before, with another request",
            hint="make a fresh key for every request; repeat one only with the very same request",
        )
    return found


def kept_result(intent: Intent, answer: str, *, slot: int, now: datetime) -> Event:
    """That the request is carried out in `slot` and answered so."""
    kept = answer if len(answer.encode()) <= ANSWER_BYTES_MAX else None
    return Event(ResultKept(intent.key, intent.request, slot, now, kept, intent.principal))


def forget_results(state: State, now: datetime, *, kept: int) -> Sequence[Event]:
    """What can be forgotten beside `kept` fresh results: more than they are, so that what is kept
    stays bounded.
    """
    first = next(iter(state.range(RESULT_HOURS)), None)
    # Every key of the hour is too old a whole hour before it is forgotten.
    limit = (milliseconds(now - KEY_AGE_MAX) // HOUR_MS) - 1
    if first is None or first.hour >= limit:
        return ()
    count = max(FORGOTTEN_MIN, FORGOTTEN_PER_KEPT * kept)
    return (Event(ResultsForgotten(first.hour, count)),)


def key_milliseconds(key: str) -> int:
    """When the key was made, by itself: milliseconds since 1970.

    >>> key_milliseconds("00000000-0001-7000-8000-000000000000")
    1
    """
    return int(key[:8] + key[9:13], 16)


def result_kept(state: State, event: ResultKept) -> Iterator[Change]:
    """The first result of a key stands; none comes back once its hour is forgotten."""
    hour = key_milliseconds(event.key) // HOUR_MS
    forgetting = state.get(FORGETTING, ONLY)
    if forgetting is not None and hour <= forgetting.hour:
        return
    if state.get(RESULTS, hour, event.key, event.principal) is not None:
        return
    yield Put(
        RESULTS,
        Result(
            hour=hour,
            key=event.key,
            principal=event.principal,
            request=event.request,
            slot=event.slot,
            answer=event.answer,
            kept_at=event.kept_at,
        ),
    )
    if state.get(RESULT_HOURS, hour) is None:
        yield Put(RESULT_HOURS, ResultHour(hour))


def results_forgotten(state: State, event: ResultsForgotten) -> Iterator[Change]:
    """The hour's keys are refused from now on; the hour is gone with its last result."""
    forgetting = state.get(FORGETTING, ONLY)
    if forgetting is None or event.hour > forgetting.hour:
        yield Put(FORGETTING, Forgetting(ONLY, event.hour))
    found = list(islice(state.range(RESULTS, event.hour), event.count_max + 1))
    for row in found[: event.count_max]:
        yield Drop(RESULTS, RESULTS.key_of(row))
    if len(found) <= event.count_max and state.get(RESULT_HOURS, event.hour) is not None:
        yield Drop(RESULT_HOURS, (event.hour,))


REDUCERS: Mapping[type[Payload], Reducer] = {
    ResultKept: result_kept,
    ResultsForgotten: results_forgotten,
}


def _expired(why: str) -> Invalid:
    return Invalid(
        "IDEMPOTENCY_KEY_EXPIRED",
        f"this idempotency key is {why}: whether it was sent before is not known any more",
        hint="look whether the request was carried out; if it was not, send it with a fresh key",
    )


__all__ = [
    "ANSWER_BYTES_MAX",
    "FORGETTING",
    "HOUR_MS",
    "KEY_AGE_MAX",
    "KEY_LEAD_MAX",
    "REDUCERS",
    "RESULTS",
    "RESULT_HOURS",
    "TABLES",
    "Forgetting",
    "Intent",
    "Result",
    "ResultHour",
    "ResultKept",
    "ResultsForgotten",
    "check_key",
    "find_result",
    "forget_results",
    "kept_result",
    "key_milliseconds",
    "result_kept",
    "results_forgotten",
]
