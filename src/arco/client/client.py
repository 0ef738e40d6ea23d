"""`arco.Client`: everything a server can be asked, from any Python program.

Law: a call that returns was done once; a call that raises OUTCOME_UNKNOWN names the key that finds
out. Must not know how requests are sent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import TracebackType
from typing import Any, TypedDict, Unpack

from arco.catalog.kinds import Kind
from arco.client.access import Access
from arco.client.asking import Asked, Asker, Manner
from arco.client.backfills import Backfills
from arco.client.breaches import Breaches
from arco.client.browser import Browser
from arco.client.catalog import Assets, Catalog
from arco.client.conditions import Conditions
from arco.client.connections import Connections, Exchanges
from arco.client.facts import Facts
from arco.client.history import History
from arco.client.limits import Limits
from arco.client.lineage import Lineage
from arco.client.notifiers import Notifiers
from arco.client.objects import (
    Catalogs,
    Functions,
    Namespaces,
    Tables,
    Views,
    Volumes,
)
from arco.client.operation import Operation, Repetition
from arco.client.operations import RUN_QUERY, SEARCH, SHOW_HEALTH, SHOW_OVERVIEW
from arco.client.pins import Pins
from arco.client.pools import Pools
from arco.client.restores import Restores
from arco.client.rows import Rows
from arco.client.run_operations import TICK
from arco.client.runs import Runs
from arco.client.schedules import Schedules
from arco.client.sensors import Sensors
from arco.errors import Invalid
from arco.query.protocol import Format
from arco.runtime import AsyncioRuntime
from arco.service.summaries import Overview
from arco.service.ticking import Ticked
from arco.wire.headers import ROWS_HEADER, TRUNCATED_HEADER
from arco.wire.health import Health
from arco.wire.objects import PLURALS
from arco.wire.queries import QueryRequest
from arco.wire.search import SearchAnswer

CREDENTIAL = re.compile(r"[\x21-\x7e]{0,8192}\Z")
TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}\Z")


class Filters(TypedDict, total=False):
    """What a search leaves out; lists are written with commas."""

    kind: str
    tag: str
    """`pii` or `pii=high`; all of them."""
    owner: str
    """One of them."""
    namespace: str
    """A namespace or a catalog, at any depth."""
    fresh_since: str
    """A day, or how long ago (`7d`): only tables with data of that day or later."""


class Client:
    """A server, asked synchronously; any number of threads may share one client.

    Every call raises the error that the server told, as its class in `arco.errors`; Unavailable
    SERVER_UNREACHABLE or OUTCOME_UNKNOWN when no answer came for `patience_seconds`; Invalid
    ANSWER_UNREADABLE for what is no answer of ours.
    """

    def __init__(
        self,
        url: str,
        *,
        key: str = "",
        timeout_seconds: float = 60.0,
        patience_seconds: float = 30.0,
        staleness_ms: int = 0,
    ) -> None:
        """A client of the server at `url`; nothing is asked yet.

        `staleness_ms`: so old may answers be; what this client wrote is always in them. Raises:
        Invalid SERVER_URL_INVALID, KEY_UNSENDABLE.
        """
        manner = Manner(
            credential=_sendable(key),
            patience_seconds=patience_seconds,
            timeout_seconds=timeout_seconds,
            staleness_ms=staleness_ms,
        )
        connections = Connections(url, timeout_seconds=timeout_seconds)
        self._use(Asker(connections, manner, runtime=AsyncioRuntime()))

    @staticmethod
    def _asking(asker: Asker) -> Client:
        client = Client.__new__(Client)
        client._use(asker)
        return client

    def _use(self, asker: Asker) -> None:
        runtime = AsyncioRuntime()
        self._asker = asker
        self.assets = Assets(asker)
        self.catalog = Catalog(asker)
        self.catalogs = Catalogs(asker)
        self.namespaces = Namespaces(asker)
        self.tables = Tables(asker)
        self.views = Views(asker)
        self.volumes = Volumes(asker)
        self.functions = Functions(asker)
        self.access = Access(asker)
        self.browser = Browser(asker)
        self.pins = Pins(asker)
        self.pools = Pools(asker)
        self.limits = Limits(asker)
        self.restores = Restores(asker, runtime)
        self.runs = Runs(asker, runtime)
        self.schedules = Schedules(asker)
        self.sensors = Sensors(asker, runtime)
        self.conditions = Conditions(asker)
        self.breaches = Breaches(asker)
        self.notifiers = Notifiers(asker, runtime)
        self.backfills = Backfills(asker)
        self.lineage = Lineage(asker)
        self.history = History(asker)
        self.facts = Facts(asker, runtime)

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def state(self) -> str:
        """The newest state this client has seen, as a token; empty before the first answer."""
        return self._asker.memory.token

    def see(self, state: str) -> None:
        """Answers are at least as new as this token of another client from now on."""
        self._asker.memory.note(state)

    def forget_state(self) -> None:
        """Take the server's present history, after HISTORY_ROLLBACK was looked into."""
        self._asker.memory.forget()

    @classmethod
    def over(cls, connections: Exchanges) -> Client:
        """A client of whatever answers these connections."""
        return cls._asking(Asker(connections, Manner(), runtime=AsyncioRuntime()))

    def showing(self, key: str) -> Client:
        """The same client for somebody else, who has this key.

        Raises: Invalid KEY_UNSENDABLE.
        """
        return self._asking(self._asker.with_credential(_sendable(key)))

    def following(self, traceparent: str) -> Client:
        """The same client, with requests and events that belong to this W3C trace.

        Raises: Invalid TRACE_INVALID.
        """
        found = TRACEPARENT.match(traceparent)
        if found is None:
            raise Invalid(
                "TRACE_INVALID",
                "this is no W3C `traceparent`",
                hint="it reads 00-, 32 and 16 hexadecimal digits, and 01",
            )
        return self._asking(self._asker.with_trace(found[1]))

    def as_of(self, moment: str) -> Client:
        """The same client, with reads of how everything was at this moment: a slot (`120`), a time
        (`2026-03-01T12:30`) or so long ago (`2h`).
        """
        return self._asking(self._asker.with_moment(moment))

    def objects(self, kind: Kind | str) -> Any:
        """The objects of a kind that is named at run time: `client.objects("table").get(name)`."""
        return getattr(self, PLURALS[Kind(kind)])

    def health(self) -> Health:
        """How the server is, and how far it has read."""
        return self._asker.ask(SHOW_HEALTH)

    def overview(self) -> Overview:
        """The workspace at a glance: assets with what is stale, the newest runs, who leads."""
        return self._asker.ask(SHOW_OVERVIEW)

    def tick(self) -> Ticked:
        """What fell due and was done by it: for the token of a timer that the server knows."""
        return self._asker.ask(TICK)

    def search(
        self, text: str = "", *, limit: int = 20, cursor: str = "", **filters: Unpack[Filters]
    ) -> SearchAnswer:
        """What has these words, best first, and how much there is; the next page with `cursor`.

        Raises: Invalid SEARCH_INVALID; NotFound for a namespace that is not there.
        """
        asked = Asked(query={"q": text, "limit": limit, "cursor": cursor, **filters})
        return self._asker.ask(SEARCH, asked)

    def query(
        self,
        sql: str,
        *,
        parameters: list[Any] | dict[str, Any] | None = None,
        format: Format | str = Format.ARROW,
    ) -> Rows:
        """The rows of one SELECT over published tables and `system.*`.

        `parameters` stand for `?` and `$1` (a list) or `$name` (a dict). Raises: what the query
        raises.
        """
        spelled = Format(format)
        body = QueryRequest(sql=sql, format=spelled, parameters=parameters, at=self._asker.moment)
        answer = self._asker.exchange(RUN_QUERY, Asked(body=body))
        return Rows(
            body=answer.body,
            format=spelled,
            count=int(answer.headers.get(ROWS_HEADER.lower(), "0")),
            is_truncated=answer.headers.get(TRUNCATED_HEADER.lower()) == "true",
        )

    def ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        key: str = "",
    ) -> Any:
        """What any route below `/api/v1` answers, as JSON, asked as safely as all others.

        `path` is escaped by the caller: `/tables/sales.orders`.
        """
        literal = path.replace("{", "%7B").replace("}", "%7D")
        repetition: Repetition = "reads" if method == "GET" else "by_key"
        operation: Operation[Any] = Operation("ask", method, literal, object, repetition)
        return self._asker.ask(operation, Asked(query=query or {}, body=body, key=key))

    def close(self) -> None:
        """End what waits, and close the connections."""
        self._asker.close()


def _sendable(key: str) -> str:
    if CREDENTIAL.match(key):
        return key
    raise Invalid(
        "KEY_UNSENDABLE",
        "the key holds characters that cannot be sent",
        hint="give it as it was shown when it was made, without line breaks",
    )


__all__ = ["Client", "Filters"]
