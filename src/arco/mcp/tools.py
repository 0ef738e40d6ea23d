"""What an assistant may ask a workspace, as data: each tool's name, arguments, and how it asks.

Law: nothing here changes anything; what a caller may not know of is not told, because the server
does not tell it. Must not know the protocol.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeAlias
from urllib.parse import quote

import msgspec

from arco.access.privileges import Privilege
from arco.catalog.kinds import Kind
from arco.client.client import Client
from arco.orchestration.states import RunState
from arco.wire.objects import PLURALS

Described = msgspec.Meta
ROWS_MAX = 1_000
LINES_MAX = 500
KindName: TypeAlias = Annotated[
    Literal["catalog", "namespace", "table", "view", "volume", "function"],
    Described(description="What kind of object it is."),
]
At: TypeAlias = Annotated[
    str,
    Described(description="As it was then: a slot (120), a time (2026-03-01) or so long ago (2h)."),
]
Cursor: TypeAlias = Annotated[
    str, Described(description="Where to go on: `next_cursor` of the answer before.")
]


class Wish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Arguments of a tool."""


class Tool(msgspec.Struct, frozen=True):
    """One tool; the docstring of `answer` describes it to the assistant."""

    name: str
    wish: type[Wish]
    answer: Callable[[Client, Any], Any]
    writes: bool = False

    @property
    def description(self) -> str:
        """What it does, on one line."""
        return " ".join((self.answer.__doc__ or "").split())

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON Schema of its arguments."""
        _, named = msgspec.json.schema_components([self.wish], ref_template="#/$defs/{name}")
        own = named.pop(self.wish.__name__)
        fields = {name: own[name] for name in own if name not in ("title", "description")}
        return fields | ({"$defs": named} if named else {})


class SearchWish(Wish, frozen=True, kw_only=True):
    """Arguments of `search`."""

    text: Annotated[
        str,
        Described(
            description="Words of names, columns, tags, owners or comments, or how words begin; "
            "all of them must fit."
        ),
    ]
    kind: Annotated[
        str, Described(description="Only these kinds, by commas, such as `table,view`.")
    ] = ""
    namespace: Annotated[
        str, Described(description="Only what stands in this namespace or catalog, at any depth.")
    ] = ""
    tag: Annotated[str, Described(description="Only what has this tag: `pii` or `pii=high`.")] = ""
    owner: Annotated[str, Described(description="Only what this owner has.")] = ""
    limit: Annotated[int, Described(ge=1, le=200, description="How many on one page.")] = 20
    cursor: Cursor = ""
    at: At = ""


class ListWish(Wish, frozen=True, kw_only=True):
    """Arguments of `list`."""

    kind: Annotated[
        Literal["asset", "catalog", "namespace", "table", "view", "volume", "function"],
        Described(description="What to list; assets are what runs make."),
    ] = "table"
    catalog: Annotated[str, Described(description="Only those of this catalog.")] = ""
    namespace: Annotated[
        str, Described(description="Only those that stand in this namespace itself.")
    ] = ""
    owner: Annotated[str, Described(description="Only those that this owner has.")] = ""
    limit: Annotated[int, Described(ge=1, le=200, description="How many on one page.")] = 50
    cursor: Cursor = ""
    at: At = ""


class DescribeWish(Wish, frozen=True, kw_only=True):
    """Arguments of `describe`."""

    name: Annotated[str, Described(min_length=1, description="Such as `sales.orders`, or its id.")]
    kind: KindName = "table"
    at: At = ""


class TraceWish(Wish, frozen=True, kw_only=True):
    """Arguments of `trace`."""

    name: Annotated[str, Described(min_length=1, description="A table, such as `sales.orders`.")]
    column: Annotated[str, Described(description="One column of it.")] = ""
    partition: Annotated[
        str, Described(description="One partition of it, such as `2013-05`; for `impact`.")
    ] = ""
    direction: Annotated[
        Literal["up", "down", "both", "impact"],
        Described(
            description="Where it comes from, what was made from it, or everything that would be "
            "different if it were; of a column: `up` is its origins, the others its impact."
        ),
    ] = "both"
    hops: Annotated[int, Described(ge=1, le=100, description="How far.")] = 5
    at: At = ""


class QueryWish(Wish, frozen=True, kw_only=True):
    """Arguments of `query`."""

    sql: Annotated[str, Described(min_length=1, description="One SELECT, in DuckDB's dialect.")]
    parameters: Annotated[
        list[Any] | dict[str, Any] | None,
        Described(description="Values for `?` and `$1` (a list) or `$name` (an object)."),
    ] = None
    rows_max: Annotated[
        int, Described(ge=1, le=ROWS_MAX, description="How many rows are told at most.")
    ] = 100
    at: At = ""


class StatusWish(Wish, frozen=True, kw_only=True):
    """Arguments of `status`: none."""


class RunsWish(Wish, frozen=True, kw_only=True):
    """Arguments of `list_runs`."""

    state: Annotated[RunState | None, Described(description="Only runs in this state.")] = None
    limit: Annotated[int, Described(ge=1, le=200, description="How many on one page.")] = 20
    cursor: Cursor = ""


class RunWish(Wish, frozen=True, kw_only=True):
    """Arguments of `show_run`."""

    run: Annotated[str, Described(min_length=1, description="A run's id, or how it ends.")]


class LogWish(Wish, frozen=True, kw_only=True):
    """Arguments of `show_log`."""

    run: Annotated[str, Described(min_length=1, description="A run's id, or how it ends.")]
    task: Annotated[
        str, Described(description="An asset, `asset[partition]` or a number; empty: every task.")
    ] = ""


class AccessWish(Wish, frozen=True, kw_only=True):
    """Arguments of `explain_access`."""

    privilege: Annotated[Privilege, Described(description="Such as `SELECT`.")]
    on: Annotated[
        str, Described(min_length=1, description="Such as `table:sales.orders` or `workspace`.")
    ]


def found(client: Client, wish: SearchWish) -> Any:
    """Find anything in the catalog by words, the best first: tables, views, columns and more."""
    given = {name: getattr(wish, name) for name in wish.__struct_fields__}
    query = {"q": given.pop("text"), **given}
    at = query.pop("at")
    return _then(client, at).ask("GET", "/search", query=query)


def listed(client: Client, wish: ListWish) -> Any:
    """List objects of one kind, by name, page by page."""
    plural = "assets" if wish.kind == "asset" else PLURALS[Kind(wish.kind)]
    only = {"catalog": wish.catalog, "namespace": wish.namespace, "owner": wish.owner}
    query = {**only, "limit": wish.limit, "cursor": wish.cursor}
    return _then(client, wish.at).ask("GET", f"/{plural}", query=query)


def described(client: Client, wish: DescribeWish) -> Any:
    """Describe one object: columns with types and comments, tags, owner, size, and how fresh it
    is."""
    return _then(client, wish.at).ask("GET", f"/{PLURALS[Kind(wish.kind)]}/{_part(wish.name)}")


def traced(client: Client, wish: TraceWish) -> Any:
    """Trace lineage as runs recorded it: sources and consumers of a table, origins of a column, or
    what a change would affect."""
    asked = _then(client, wish.at)
    name = _part(wish.name)
    if wish.partition:
        return asked.ask("GET", f"/impact/{name}/partitions/{_part(wish.partition)}")
    if wish.column:
        whither = "lineage" if wish.direction == "up" else "impact"
        return asked.ask("GET", f"/{whither}/{name}/columns/{_part(wish.column)}")
    if wish.direction == "impact":
        return asked.ask("GET", f"/impact/{name}")
    up = 0 if wish.direction == "down" else wish.hops
    down = 0 if wish.direction == "up" else wish.hops
    return asked.ask("GET", f"/lineage/{name}", query={"up": up, "down": down})


def queried(client: Client, wish: QueryWish) -> Any:
    """Run one read-only SELECT over tables (`namespace.name`) and metadata (`system.*`, such as
    `system.catalog.columns` and `system.orchestration.runs`)."""
    rows = _then(client, wish.at).query(wish.sql, parameters=wish.parameters, format="json")
    found = rows.dicts()
    columns = list(found[0]) if found else []
    shown = [[row.get(column) for column in columns] for row in found[: wish.rows_max]]
    rest = rows.count - len(shown)
    more = {"rows_not_told": rest, "more_rows_exist": rows.is_truncated}
    return {"columns": columns, "rows": shown} | (more if rest or rows.is_truncated else {})


def stood(client: Client, wish: StatusWish) -> Any:
    """Tell how the workspace stands: every asset with what of it is missing or stale, the newest
    runs, and which process performs runs."""
    return client.ask("GET", "/overview")


def ran(client: Client, wish: RunsWish) -> Any:
    """List runs, newest first."""
    query = {"state": wish.state or "", "limit": wish.limit, "cursor": wish.cursor}
    return client.ask("GET", "/runs", query=query)


def run_shown(client: Client, wish: RunWish) -> Any:
    """Show one run: its tasks with their errors, and its checks: why it failed, or what it waits
    for."""
    return client.ask("GET", f"/runs/{_part(wish.run)}")


def printed(client: Client, wish: LogWish) -> Any:
    """Show what the tasks of a run printed, the last lines."""
    lines = list(client.runs.logs(wish.run, task=wish.task))
    more = {"earlier_lines_not_told": len(lines) - LINES_MAX} if len(lines) > LINES_MAX else {}
    return {"lines": lines[-LINES_MAX:]} | more


def access_explained(client: Client, wish: AccessWish) -> Any:
    """Explain whether the caller may do something with an object, and which grant says so."""
    query = {"privilege": wish.privilege, "on": wish.on}
    return client.ask("GET", "/access/explain", query=query)


READING = (
    Tool("search", SearchWish, found),
    Tool("list", ListWish, listed),
    Tool("describe", DescribeWish, described),
    Tool("trace", TraceWish, traced),
    Tool("query", QueryWish, queried),
    Tool("status", StatusWish, stood),
    Tool("list_runs", RunsWish, ran),
    Tool("show_run", RunWish, run_shown),
    Tool("show_log", LogWish, printed),
    Tool("explain_access", AccessWish, access_explained),
)


def _then(client: Client, at: str) -> Client:
    return client.as_of(at) if at else client


def _part(text: str) -> str:
    return quote(text, safe="")


__all__ = [
    "READING",
    "AccessWish",
    "DescribeWish",
    "Described",
    "KindName",
    "ListWish",
    "LogWish",
    "QueryWish",
    "RunWish",
    "RunsWish",
    "SearchWish",
    "StatusWish",
    "Tool",
    "TraceWish",
    "Wish",
    "access_explained",
    "described",
    "found",
    "listed",
    "printed",
    "queried",
    "ran",
    "run_shown",
    "stood",
    "traced",
]
