"""Filters and masks are tried before they are set: on a table without rows that has the columns.

Law: what is tried reads nothing, and is judged like any query. What cannot be tried, because a
column's type has no word in SQL, is set untried: then it shows nothing if it does not fit.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from arco.access.callers import Caller
from arco.catalog.tables import COLUMNS
from arco.catalog.types import normal_type
from arco.errors import Invalid, NotFound
from arco.model import State
from arco.query.names import TableName
from arco.query.pool import QueryPool
from arco.query.protocol import Ask, Limits, Missing, Provision, Restriction, ViewText
from arco.query.wording import RAW, parameters_of, quoted, select_of
from arco.service.policing import PolicyWish, policed_place
from arco.service.workspace import Workspace

SECONDS_MAX = 10.0
MESSAGE_CHARACTERS_MAX = 1_000
TOKENS = re.compile(r"`(?:[^`]|``)+`|decimal\([0-9,]+\)|\w+|[<>,:]")
# Types of the catalog that SQL names otherwise.
WORDS = {
    "binary": "BLOB",
    "byte": "TINYINT",
    "long": "BIGINT",
    "short": "SMALLINT",
    "string": "VARCHAR",
    "timestamp": "TIMESTAMPTZ",
    "timestamp_ntz": "TIMESTAMP",
}
T = TypeVar("T")


async def try_policy(
    workspace: Workspace, queries: QueryPool, *, wish: PolicyWish, caller: Caller
) -> None:
    """Nothing, when the filter or mask can be applied to the table as it is now.

    Raises: Invalid POLICY_INVALID, which says what does not fit; what setting it raises when the
    caller may not, or when there is no such table.
    """
    await workspace.database.refresh()
    empty, column = await workspace.database.asked(
        lambda state: _place(state, wish, caller=caller, workspace=workspace)
    )
    if not empty:
        return
    masks = {column: wish.expression} if column else {}
    restriction = Restriction(
        predicate="" if column else wish.expression, masks=masks, caller=caller.principal
    )
    limits = Limits(rows_max=1, seconds_max=SECONDS_MAX)
    asked = Ask(select_of(restriction), parameters_of(restriction), limits)
    try:
        await queries.run(asked, partial(_stands, empty=empty))
    except (Invalid, NotFound) as error:
        raise _unfit(wish, error) from error


def _place(
    state: State, wish: PolicyWish, *, caller: Caller, workspace: Workspace
) -> tuple[str, str]:
    """A query that is the table without rows, or nothing if there is none; and the column."""
    seen = workspace.authority.visible(state, caller)
    table_id, column = policed_place(seen, caller, on=wish.on)
    rows = list(state.range(COLUMNS, table_id))
    types = {row.name: sql_type(row.type) for row in rows}
    if not types or not all(types.values()):
        return "", column
    taken = ", ".join(f"CAST(NULL AS {kind}) AS {quoted(name)}" for name, kind in types.items())
    return f"SELECT {taken} WHERE false", column


async def _stands(names: Sequence[TableName], *, empty: str) -> list[Provision]:
    """The table behind its own name, and nothing behind any other."""
    hint = "an expression speaks of the table's columns and of nothing else"
    return [ViewText(empty) if name == RAW else Missing(hint=hint) for name in names]


def sql_type(text: str) -> str:
    """The catalog's type as SQL spells it; empty for a text that names none.

    >>> sql_type("array<struct<lat: double, at: timestamp not null>>")
    'STRUCT("lat" double, "at" TIMESTAMPTZ)[]'
    """
    try:
        tokens = deque(TOKENS.findall(normal_type(text)))
    except Invalid:
        return ""
    return _kind(tokens)


def _kind(tokens: deque[str]) -> str:
    word = tokens.popleft()
    if word == "array":
        spelled = f"{_inside(tokens, _kind)[0]}[]"
    elif word == "map":
        spelled = f"MAP({', '.join(_inside(tokens, _kind))})"
    elif word == "struct":
        spelled = f"STRUCT({', '.join(_inside(tokens, _field))})"
    else:
        spelled = WORDS.get(word, word)
    if tokens and tokens[0] == "not":
        tokens.popleft()
        tokens.popleft()
    return spelled


def _field(tokens: deque[str]) -> str:
    name = tokens.popleft()
    tokens.popleft()
    plain = name[1:-1].replace("``", "`") if name.startswith("`") else name
    return f"{quoted(plain)} {_kind(tokens)}"


def _inside(tokens: deque[str], read: Callable[[deque[str]], T]) -> list[T]:
    """What stands between the angles; the text was read before, so they are there."""
    found = []
    while tokens.popleft() != ">":
        found.append(read(tokens))
    return found


def _unfit(wish: PolicyWish, error: Exception) -> Invalid:
    said = str(getattr(error, "message", error))[:MESSAGE_CHARACTERS_MAX]
    return Invalid(
        "POLICY_INVALID",
        f"the expression cannot be applied to {wish.on[:200]}: {said}",
        hint="write one SQL expression over the table's columns; `$caller` and `$groups` say who "
        "asks",
    )


__all__ = ["sql_type", "try_policy"]
