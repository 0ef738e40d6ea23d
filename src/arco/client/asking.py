"""Asking until there is an answer: what may be lost on the way is sent again, and nothing twice.

A request that changes something carries a key of its own in every repetition; reads carry the
newest state that this client has seen, so nobody misses what they wrote themselves. Source: how-to
"Call the API safely".
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from arco.client.closing import Closing
from arco.client.connections import Answer, Exchanges, Lost, Request, unreadable
from arco.client.operation import PREFIX, Operation
from arco.client.operations import SHOW_HEALTH
from arco.client.refusals import error_of
from arco.errors import ArcoError, Invalid, Unavailable
from arco.ids import new_uuid7
from arco.runtime import Runtime
from arco.wire.headers import KEY_HEADER, STALENESS_HEADER, STATE_HEADER, TRACE_HEADER

T = TypeVar("T")
JSON = "application/json"
TRANSIENT = frozenset({429, 502, 503, 504})
BACKOFF_SECONDS = 0.1
BACKOFF_SECONDS_MAX = 5.0
RETRY_AFTER_SECONDS_MAX = 3600
SKEWED = frozenset({"ROUTE_NOT_FOUND", "PARAMETER_UNKNOWN", "REQUEST_INVALID", "ANSWER_UNREADABLE"})
"""What a server of another release may answer to a request that fits its own."""


class _Release(msgspec.Struct, frozen=True):
    """What every release tells of itself."""

    version: str


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One request, before it is spelled."""

    place: Mapping[str, str] = {}
    query: Mapping[str, Any] = {}
    """Values that are None or empty are left out."""
    body: Any = None
    key: str = ""
    """The request's name, if the caller has one; else a fresh one is made."""
    if_match: str = ""
    """The `etag` that the object must have."""
    accept: str = ""
    """The form of the answer, where there are several."""


class Manner(msgspec.Struct, frozen=True, kw_only=True):
    """How a client asks."""

    credential: str = ""
    patience_seconds: float = 30.0
    """How long a request is repeated before its failure is told."""
    timeout_seconds: float = 60.0
    """How long one exchange may take."""
    staleness_ms: int = 0
    """So old may what is read be, besides what this client wrote."""
    at: str = ""
    """The moment that is asked about; empty: the present."""
    trace: str = ""
    """The trace that all requests belong to; empty: each has its own."""


class Memory:
    """The newest state that was seen, whichever thread saw it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seq = -1
        self.token = ""

    def note(self, token: str) -> None:
        """An answer carried this token."""
        seq = token.partition(".")[0]
        with self._lock:
            if seq.isdigit() and int(seq) > self._seq:
                self._seq, self.token = int(seq), token

    def forget(self) -> None:
        """Begin anew, with whatever history the server has now."""
        with self._lock:
            self._seq, self.token = -1, ""


class Asker:
    """Asks one server."""

    def __init__(self, connections: Exchanges, manner: Manner, *, runtime: Runtime) -> None:
        self._connections = connections
        self._manner = manner
        self._runtime = runtime
        self._closing = Closing()
        self.memory = Memory()

    def ask(self, operation: Operation[T], asked: Asked | None = None) -> T:
        """What the server answers.

        Raises: the error that the server told, as its class; Unavailable SERVER_UNREACHABLE,
        OUTCOME_UNKNOWN; Invalid ANSWER_UNREADABLE.
        """
        answer = self.exchange(operation, asked or Asked())
        try:
            told: T = msgspec.json.decode(answer.body, type=operation.told(answer.status))
        except msgspec.MsgspecError as error:
            raise self._of_another_release(unreadable(str(error)), operation) from error
        return told

    def exchange(self, operation: Operation[T], asked: Asked) -> Answer:
        """The answer as it came. Raises: what `ask` raises."""
        if self._closing.is_closed:
            raise Invalid("CLIENT_CLOSED", "this client is closed", hint="make another one")
        key = asked.key or new_uuid7(self._runtime)
        request = self._request(operation, asked, key=key)
        until = self._runtime.monotonic() + self._manner.patience_seconds
        tries, sent = 0, False
        while True:
            try:
                answer = self._connections.exchange(request)
            except Lost as lost:
                sent = sent or lost.sent
                if lost.is_hopeless or not self._waited(tries, until=until):
                    raise _unreachable(lost, operation, key=key if sent else "") from lost
            else:
                if answer.status < 300:
                    self.memory.note(answer.headers.get(STATE_HEADER.lower(), ""))
                    return answer
                at_least = _retry_after(answer)
                if answer.status not in TRANSIENT or not self._waited(
                    tries, until=until, at_least=at_least
                ):
                    error = _refused(answer, operation, key=key)
                    raise self._of_another_release(error, operation)
                sent = sent or answer.status != 429
            tries += 1

    def wait(self, seconds: float) -> None:
        """Return after so many seconds, or once the client is closed."""
        self._closing.wait(seconds)

    def close(self) -> None:
        """Nobody waits any more, and no connection stays open."""
        self._closing.close()
        self._connections.close()

    @property
    def timeout_seconds(self) -> float:
        """How long one exchange may take."""
        return self._manner.timeout_seconds

    @property
    def moment(self) -> str:
        """The moment that is asked about; empty: the present."""
        return self._manner.at

    def with_trace(self, trace: str) -> Asker:
        """The same, with requests that belong to this trace."""
        return self._in(msgspec.structs.replace(self._manner, trace=trace))

    def with_moment(self, at: str) -> Asker:
        """The same, with reads of this moment."""
        return self._in(msgspec.structs.replace(self._manner, at=at))

    def with_credential(self, credential: str) -> Asker:
        """The same, for somebody else, who has seen nothing yet."""
        other = self._in(msgspec.structs.replace(self._manner, credential=credential))
        other.memory = Memory()
        return other

    def _in(self, manner: Manner) -> Asker:
        other = Asker(self._connections, manner, runtime=self._runtime)
        other.memory, other._closing = self.memory, self._closing
        return other

    def _waited(self, tries: int, *, until: float, at_least: float = 0.0) -> bool:
        """False without waiting when the next try would come too late."""
        chance = 0.5 + self._runtime.entropy(16) / 2**17
        backoff = min(BACKOFF_SECONDS_MAX, BACKOFF_SECONDS * 2 ** min(tries, 10)) * chance
        seconds = max(at_least, backoff)
        if self._closing.is_closed or self._runtime.monotonic() + seconds > until:
            return False
        return not self._closing.wait(seconds)

    def _request(self, operation: Operation[Any], asked: Asked, *, key: str) -> Request:
        place = {name: quote(value, safe="") for name, value in asked.place.items()}
        target = PREFIX + operation.path.format(**place)
        moment = {"at": self._manner.at if operation.method == "GET" else ""}
        given = {**asked.query, **moment}
        query = {name: value for name, value in given.items() if value not in (None, "")}
        if query:
            target += "?" + urlencode(query)
        body = None if asked.body is None else msgspec.json.encode(asked.body)
        headers = self._headers(operation, key=key)
        if asked.if_match:
            headers["If-Match"] = f'"{asked.if_match}"'
        if asked.accept:
            headers["Accept"] = asked.accept
        return Request(operation.method, target, headers, body)

    def _of_another_release(self, error: ArcoError, operation: Operation[Any]) -> ArcoError:
        """The error, which names the server's release where it may come from that."""
        if error.code in SKEWED and operation is not SHOW_HEALTH:
            with suppress(ArcoError, Lost, msgspec.MsgspecError):
                answer = self._connections.exchange(self._request(SHOW_HEALTH, Asked(), key=""))
                found = msgspec.json.decode(answer.body, type=_Release).version
                error.details["server_version"] = found
                said = f"the server is of release {found}, `arco version` prints this client's"
                error.hint = f"{error.hint}; {said}"
        return error

    def _headers(self, operation: Operation[Any], *, key: str) -> dict[str, str]:
        headers = {"User-Agent": "arco-python", TRACE_HEADER: self._traceparent()}
        if operation.method != "GET":
            headers["Content-Type"] = JSON
        if self._manner.credential:
            headers["Authorization"] = f"Bearer {self._manner.credential}"
        if operation.repetition == "by_key":
            headers[KEY_HEADER] = key
        elif operation.repetition == "reads":
            headers[STALENESS_HEADER] = str(self._manner.staleness_ms)
            if self.memory.token:
                headers[STATE_HEADER] = self.memory.token
        return headers

    def _traceparent(self) -> str:
        trace = self._manner.trace or f"{self._runtime.entropy(128):032x}"
        return f"00-{trace}-{self._runtime.entropy(64):016x}-01"


def _retry_after(answer: Answer) -> float:
    """The seconds that the server asks for; a date is not read."""
    text = answer.headers.get("retry-after", "")
    seconds = int(text[:9]) if text.isascii() and text.isdigit() else 0
    return float(min(seconds, RETRY_AFTER_SECONDS_MAX))


def _refused(answer: Answer, operation: Operation[Any], *, key: str) -> ArcoError:
    """The server's error; where the outcome may be unknown, with the key that finds it out."""
    error = error_of(answer)
    if operation.repetition == "reads" or answer.status not in TRANSIENT:
        return error
    if error.code == "SERVER_UNREACHABLE":
        return _unknown(error.message, operation, key=key)
    if operation.repetition == "by_key":
        error.details = {"idempotency_key": key, **error.details}
    return error


def _unreachable(lost: Lost, operation: Operation[Any], *, key: str) -> Unavailable:
    """No answer came; `key` is empty when the server never heard the request."""
    if key and operation.repetition != "reads":
        return _unknown(str(lost), operation, key=key)
    return Unavailable(
        "SERVER_UNREACHABLE",
        f"the server does not answer: {lost}",
        hint="look whether it runs (`arco dev`) and whether the URL is right",
    )


def _unknown(why: str, operation: Operation[Any], *, key: str) -> Unavailable:
    by_key = operation.repetition == "by_key"
    again = (
        "ask again with the same `key`: you get the answer, and it is not done twice"
        if by_key
        else "send it again: what has a number or a key of your own counts once"
    )
    details = {"idempotency_key": key} if by_key else {}
    message = f"the server did not say whether this was done: {why}"
    return Unavailable("OUTCOME_UNKNOWN", message, hint=again, **details)


__all__ = ["Asked", "Asker", "Manner", "Memory"]
