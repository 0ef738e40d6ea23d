"""What a statement reads, views included: asked for round by round, and standing once all is there.

Law: the text of a view is judged exactly as a question is; it may read nothing that a question may
not. Must not know where tables come from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TypeAlias

import duckdb
import msgspec

from arco.errors import Invalid, Unavailable
from arco.formats.checked import is_damage
from arco.query.names import TableName
from arco.query.protocol import Layered, OnWire, ViewText
from arco.query.stage import Stage, stage_with_files
from arco.query.statement import Statement, read_statement
from arco.query.tables import damage_behind, register, stand

ROUNDS_MAX = 16
TABLES_MAX = 1_000

Answers: TypeAlias = Sequence[tuple[OnWire, Sequence[bytes]]]
Provide: TypeAlias = Callable[[tuple[TableName, ...]], Answers | None]


class Need(msgspec.Struct, frozen=True):
    """A name that is read, what stands behind it, and for a view what that reads."""

    table: TableName
    provision: OnWire
    frames: Sequence[bytes]
    view: Statement | None = None


Known: TypeAlias = Mapping[TableName, Need]


def provided(
    connection: duckdb.DuckDBPyConnection, tables: tuple[TableName, ...], *, provide: Provide
) -> Known | None:
    """Everything that reading these tables takes, by folded name; None when the asker gave up.

    Raises: Invalid `QUERY_INVALID` for views that nest too deeply, and what a view's text raises.
    """
    needs: dict[TableName, Need] = {}
    for _ in range(ROUNDS_MAX):
        wanted = {each.folded(): each for each in tables if each.folded() not in needs}
        if not wanted:
            return needs
        if len(needs) + len(wanted) > TABLES_MAX:
            raise _unusable(f"the query reads more than {TABLES_MAX} tables")
        answers = provide(tuple(wanted.values()))
        if answers is None:
            return None
        for (folded, table), (provision, frames) in zip(wanted.items(), answers, strict=True):
            needs[folded] = Need(
                table, provision, frames, _view(connection, table, provision=provision)
            )
        tables = tuple(
            each
            for folded in wanted
            if (view := needs[folded].view) is not None
            for each in view.tables
        )
    raise _unusable(f"views stand on views more than {ROUNDS_MAX} deep")


def stage_for(
    needs: Known, connection: duckdb.DuckDBPyConnection, *, memory_bytes: int
) -> AbstractContextManager[Stage]:
    """Where the needs may stand: on the database that there is, unless some of them are files."""
    if any(isinstance(need.provision, Layered) for need in needs.values()):
        return stage_with_files(memory_bytes)
    return nullcontext(Stage(connection))


def stand_all(stage: Stage, needs: Known) -> None:
    """Every need stands there, each view behind what it reads.

    Raises: Invalid `QUERY_INVALID` for a view that reads itself; what `register` raises.
    """
    done: set[TableName] = set()
    for folded in needs:
        _stand(stage, folded, needs=needs, done=done, above=())


@contextmanager
def damage_named(needs: Known) -> Iterator[None]:
    """The needs are read inside.

    Raises: Corrupt `DATA_FILE_DAMAGED` for a file that can be read and not decoded.
    """
    try:
        yield
    except Unavailable as error:
        if not is_damage(error.message):
            raise
        found = (damage_behind(need.provision) for need in needs.values())
        raise next(filter(None, found), error) from error


def _stand(
    stage: Stage,
    folded: TableName,
    *,
    needs: Known,
    done: set[TableName],
    above: tuple[TableName, ...],
) -> None:
    need = needs[folded]
    if folded in above:
        raise _unusable(f"the view {need.table.dotted()} reads itself")
    if folded in done:
        return
    if need.view is None:
        register(stage, need.table, provision=need.provision, frames=need.frames)
    else:
        for table in need.view.tables:
            _stand(stage, table.folded(), needs=needs, done=done, above=(*above, folded))
        stand(stage.connection, need.table, query=need.view.text)
    done.add(folded)


def _view(
    connection: duckdb.DuckDBPyConnection, table: TableName, *, provision: OnWire
) -> Statement | None:
    if not isinstance(provision, ViewText):
        return None
    try:
        statement = read_statement(connection, provision.text)
    except Invalid as error:
        raise Invalid(
            "QUERY_INVALID",
            f"the view {table.dotted()} cannot be read: {error.message}",
            hint=f"mend its text, or read what it reads: {error.hint}",
        ) from error
    if statement.text.startswith("EXPLAIN "):
        raise _unusable(f"the view {table.dotted()} is no SELECT")
    return statement


def _unusable(problem: str) -> Invalid:
    return Invalid("QUERY_INVALID", problem, hint="read the tables themselves, or mend the views")


__all__ = [
    "ROUNDS_MAX",
    "TABLES_MAX",
    "Answers",
    "Known",
    "Need",
    "Provide",
    "damage_named",
    "provided",
    "stage_for",
    "stand_all",
]
