"""Columns of ten thousand tables in one answer: as JSON, as lines of JSON, or as an Arrow stream.

Law L4: the answer is made from one state, also when its rows have to be read from disk first. Must
not know routes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import islice
from operator import attrgetter
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import Parameter

from arco.api.callers import CallerHere
from arco.api.failures import refusals
from arco.api.fields import Fields, named
from arco.api.listing import Among, InCatalog, InNamespace
from arco.api.paging import Cursor, read_cursor, write_cursor
from arco.api.promises import FORMS
from arco.api.session import Here, ask, state_headers
from arco.catalog.kinds import Kind
from arco.catalog.tables import COLUMNS, CatalogTable
from arco.model import Key, Misses, State, Table, field_types
from arco.query.arrow import rows_to_ipc
from arco.service.objects import leaves_behind
from arco.wire.columns import ColumnLine, ColumnList
from arco.wire.headers import CURSOR_HEADER, ROWS_HEADER

TABLES_MAX = 10_000
TABLES_AT_ONCE = 500
TABLES_TOGETHER = 64
"""What so many tables miss is loaded together, and need not stay in memory for the others."""
BEGUN_MAX = 2
LINES = "application/x-ndjson"
ARROW = "application/vnd.apache.arrow.stream"
TableCount = Annotated[
    int, Parameter(ge=1, le=TABLES_MAX, description="The columns of how many tables at most.")
]
ANSWERS = {
    200: ResponseSpec(
        ColumnList,
        generate_examples=False,
        description="The columns. With `Accept: application/x-ndjson` one object a line, with "
        "`Accept: application/vnd.apache.arrow.stream` an Arrow stream; then the next cursor "
        "stands in `Arco-Next-Cursor`. `Arco-Rows` counts them.",
    ),
    **refusals(),
}


class Found(msgspec.Struct, frozen=True):
    """Columns of whole tables, and the last table that was looked at unless it was the last."""

    lines: list[ColumnLine]
    behind: Key | None


class Gathering:
    """A question that goes on where it was, unless the state moved: when rows had to be loaded, and
    after `at_once` tables, so that nobody else waits for long. The answer None says that there is
    more.

    Once the state has moved twice meanwhile, the whole answer is gathered in one go.
    """

    def __init__(
        self,
        seq: Callable[[], int],
        after: Key | None,
        *,
        limit: int,
        among: Among,
        at_once: int = TABLES_MAX,
    ) -> None:
        self._seq = seq
        self._after = after
        self._limit = limit
        self._at_once = at_once
        self._among = among
        self._at = -1
        self._begun = 0
        self._lines: list[ColumnLine] = []
        self._tables = 0
        self._behind = after
        self._is_cold = False

    def __call__(self, state: State) -> Found | None:
        if self._at != self._seq():
            self._at, self._lines, self._tables, self._behind = self._seq(), [], 0, self._after
            self._begun += 1
        may_pause = self._begun <= BEGUN_MAX
        pause = min(self._limit, self._tables + self._at_once) if may_pause else self._limit
        ahead = self._ahead(state)
        while tables := list(islice(ahead, min(TABLES_TOGETHER, pause - self._tables))):
            self._lines += self._told(state, tables)
            self._tables += len(tables)
            last = tables[-1]
            self._behind = (last.catalog, last.namespace, last.name)
            if may_pause and self._is_cold:
                pause = self._tables
        self._is_cold = False
        if next(ahead, None) is None:
            return Found(self._lines, None)
        return Found(self._lines, self._behind) if self._tables == self._limit else None

    def _ahead(self, state: State) -> Iterator[CatalogTable]:
        among = self._among
        return leaves_behind(
            state,
            among.kind,
            after=self._behind,
            catalog=among.catalog,
            namespace=among.namespace,
        )

    def _told(self, state: State, tables: Sequence[CatalogTable]) -> list[ColumnLine]:
        misses = Misses()
        lines: list[ColumnLine] = []
        for table in tables:
            with misses:
                lines += lines_of(state, table)
        self._is_cold |= misses.any
        misses.settle()
        return lines


def lines_of(state: State, table: CatalogTable) -> list[ColumnLine]:
    """A line for each column of the table's present schema."""
    of = (table.catalog, table.namespace, table.name, table.table_id)
    return [
        # By position, and in this order: that is several times faster, and there are many.
        ColumnLine(
            *of, row.ordinal, row.name, row.type, row.nullable, row.is_partition, row.comment
        )
        for row in state.range(COLUMNS, table.table_id)
    ]


@get(
    "/columns",
    summary="List the columns of many tables",
    tags=["catalog"],
    responses=ANSWERS,
    opt={FORMS: (LINES, ARROW)},
)
async def show_columns(
    session: Here,
    caller: CallerHere,
    request: Request[Any, Any, Any],
    cursor: Cursor = "",
    limit: TableCount = TABLES_MAX,
    catalog: InCatalog = "",
    namespace: InNamespace = "",
    fields: Fields = "",
) -> Response[ColumnList]:
    """The columns of up to ten thousand tables, by namespace, table and ordinal.

    Made for programs that want all of them: ask for lines of JSON or Arrow in `Accept`, and name
    the `fields` that are needed.
    """
    chosen = named(fields, ColumnLine)
    names = tuple(each for each in ColumnLine.__struct_encode_fields__ if each in chosen)
    among = Among(kind=Kind.TABLE, catalog=catalog, namespace=namespace)
    after = read_cursor(cursor, "columns", *among.asked, types=(str, str, str))
    database = session.workspace.database
    # A moment such as `2h` would be another one in the next breath.
    at_once = TABLES_MAX if session.terms.at else TABLES_AT_ONCE
    gathering = Gathering(lambda: database.seq, after, limit=limit, among=among, at_once=at_once)
    seen = await ask(session, gathering, caller=caller)
    # The state that was asked for has been read; what is left is of the same one.
    rest = msgspec.structs.replace(session, terms=session.terms.met())
    while (found := seen.value) is None:
        await session.workspace.runtime.sleep(0)
        seen = await ask(rest, gathering, caller=caller)
    follows = write_cursor(found.behind, "columns", *among.asked)
    accept = request.headers.get("accept", "")
    kind, content = _written(found.lines, follows, names=names, accept=accept)
    body = await session.workspace.runtime.thread(content)
    headers = {**state_headers(seen.token), ROWS_HEADER: str(len(found.lines))}
    headers |= {CURSOR_HEADER: follows} if follows else {}
    answer: Response[Any] = Response(body, media_type=kind, headers=headers)
    return answer


def _written(
    lines: list[ColumnLine], follows: str, *, names: tuple[str, ...], accept: str
) -> tuple[str, Callable[[], bytes]]:
    """The media type, and what makes the body."""
    if ARROW in accept:
        return ARROW, lambda: rows_to_ipc(_table(names), _cut(lines, names))
    if LINES in accept:
        return LINES, lambda: msgspec.json.Encoder().encode_lines(_cut(lines, names))
    return "application/json", lambda: _document(_cut(lines, names), follows)


def _document(lines: list[Any], follows: str) -> bytes:
    # What a line tells was chosen; the list says what it is all the same.
    return msgspec.json.encode(ColumnList(lines, follows))


def _cut(lines: list[ColumnLine], names: tuple[str, ...]) -> list[Any]:
    """The lines with these fields alone."""
    if names == ColumnLine.__struct_encode_fields__:
        return lines
    make, told = _table(names).row, attrgetter(*names)
    if len(names) == 1:
        return [make(told(line)) for line in lines]
    return [make(*told(line)) for line in lines]


@cache
def _table(names: tuple[str, ...]) -> Table[Any]:
    """Lines of these fields alone."""
    if names == ColumnLine.__struct_encode_fields__:
        return Table("columns", ColumnLine, ("table_id", "ordinal"))
    types = field_types(ColumnLine)
    row = msgspec.defstruct("ColumnPart", [(name, types[name]) for name in names], gc=False)
    return Table("columns", row, names)


__all__ = ["BEGUN_MAX", "TABLES_TOGETHER", "Found", "Gathering", "lines_of", "show_columns"]
