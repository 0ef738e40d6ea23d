"""The pages about state: tables, events, and the diagrams of what may move where."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

import msgspec

from arco.engine.domain import DOMAIN as ENGINE
from arco.engine.parquet import schema_of
from arco.model import AsRow, Domain, Jointly, Payload, Reducer, Table, field_types
from arco.orchestration import states
from arco.query.auditing import AUDIT
from arco.query.provider import COMMITS
from arco.query.worked_out import DATASETS, DEPENDENCIES
from arco.service.workspace import DOMAINS
from tests.reference.markdown import code, page, section, table
from tests.reference.meanings import field_meaning, structs_in, summary, type_name
from tests.reference.words import OWNER_WORDS, STATE_WORDS

ALL_DOMAINS: tuple[Domain, ...] = (*DOMAINS, ENGINE)
VIEWS: tuple[Table[Any], ...] = (COMMITS, DEPENDENCIES, DATASETS, AUDIT)

TABLES_INTRODUCTION = """
The rows Arco keeps, as they stand in snapshot files and in SQL. A **public** table is
`system.{domain}.{table}` in a query; a **private** one is an index that reducers keep and has no
name in SQL, but those about access, which have a name for who owns the workspace
([Access](../explanation/access.md)). Types are those of the Parquet columns; `JSON` is text that
holds one JSON value, spelled like the named struct ([Events](events.md#structs-inside)). Columns
that may be null say so. Columns are only ever added, and added ones may be null.
"""
EVENTS_INTRODUCTION = """
What can stand in the `events` of a [commit](storage-format.md#a-commit), by domain. A field that
has its default value is left out of the JSON. The reducer named here is the only code that turns
the event into changed rows; a released pair of event type and version never changes its meaning.

A **fact** stands in a lane instead of a commit ([Facts](../explanation/facts.md)), under the same
kind of name; its reducer commutes, and what it makes stands in an `engine.facts_folded`.
"""
STATES_INTRODUCTION = """
Drawn from the tables of moves in `arco.orchestration.states`: what is not drawn cannot happen.
Every state that is not terminal has an owner that moves it on.
"""


def tables_page() -> str:
    """Every table of every domain, and the views SQL offers besides."""
    sections = [_domain_tables(domain) for domain in ALL_DOMAINS]
    views = [_table_section(view, "view: made when a query asks for it") for view in VIEWS]
    return page("Tables", TABLES_INTRODUCTION, sections=[*sections, section("views", *views)])


def events_page() -> str:
    """Every event of every domain, and the structs inside them."""
    sections = [_domain_events(domain) for domain in ALL_DOMAINS]
    nested = sorted(_nested(), key=lambda struct: struct.__name__)
    parts = [_struct_section(struct) for struct in nested]
    return page(
        "Events", EVENTS_INTRODUCTION, sections=[*sections, section("structs inside", *parts)]
    )


def states_page() -> str:
    """The diagrams of runs, tasks and publications, with meanings and owners."""
    sections = [
        _machine("Run", states.RUN_MOVES, owners=states.RUN_OWNERS),
        _machine("Task", states.TASK_MOVES, owners=states.TASK_OWNERS),
        _machine("Publication", states.PUBLICATION_MOVES, owners=states.PUBLICATION_OWNERS),
    ]
    owners = table(("Owner", "What it is"), [(code(k), v) for k, v in OWNER_WORDS.items()])
    return page("States", STATES_INTRODUCTION, sections=[*sections, section("Owners", owners)])


def described_structs() -> Iterator[type[msgspec.Struct]]:
    """Every row and event whose fields must be documented."""
    for domain in ALL_DOMAINS:
        yield from (item.row for item in domain.tables)
        yield from domain.reducers
        yield from domain.facts
    yield from (view.row for view in VIEWS)
    yield from _nested()


def _domain_tables(domain: Domain) -> str:
    blocks = [
        _table_section(item, "public" if item.public else "private") for item in domain.tables
    ]
    return section(domain.name, *blocks)


def _table_section(item: Table[Any], access: str) -> str:
    key = ", ".join(code(name) for name in item.key)
    rows = [
        (
            code(field.name),
            _column_type(item, field.name, stored=str(field.type))
            + (", null" if field.nullable else ""),
            field_meaning(item.row, field.name),
        )
        for field in schema_of(item)
    ]
    columns = table(("Column", "Type", "Meaning"), rows)
    return section(item.name, summary(item.row), f"{access}; key: {key}", columns, level=3)


def _column_type(item: Table[Any], name: str, *, stored: str) -> str:
    kind = field_types(item.row)[name]
    if stored == "string" and not _is_text(kind):
        return f"JSON ({type_name(kind).removesuffix(' or null')})"
    return stored.replace("list<item: ", "list of ").rstrip(">")


def _is_text(kind: Any) -> bool:
    named = [item for item in (kind, *getattr(kind, "__args__", ())) if item is not type(None)]
    return any(isinstance(item, type) and issubclass(item, str) for item in named[:2])


def _domain_events(domain: Domain) -> str:
    parts = [
        _event_section(domain, payload, reducer=reducer)
        for payload, reducer in domain.reducers.items()
    ]
    parts += [
        _event_section(domain, payload, reducer=reducer, kind="fact, ")
        for payload, reducer in domain.facts.items()
    ]
    return section(domain.name, *parts)


def _event_section(
    domain: Domain, payload: type[Payload], *, reducer: Reducer, kind: str = ""
) -> str:
    if isinstance(reducer, AsRow):
        how = f"a row of `{reducer.table.name}`"
    else:
        named = reducer.reduce if isinstance(reducer, Jointly) else reducer
        how = f"folded by `{named.__module__}.{getattr(named, '__name__', '')}`"
    folded = f"{kind}version {payload.VERSION}; {how}"
    name = domain.event_type(payload)
    return section(name, summary(payload), folded, _fields(payload), level=3)


def _struct_section(struct: type[msgspec.Struct]) -> str:
    return section(struct.__name__, summary(struct), _fields(struct), level=3)


def _fields(struct: type[msgspec.Struct]) -> str:
    spelled = {field.name: field.encode_name for field in msgspec.structs.fields(struct)}
    rows = [
        (code(spelled[name]), type_name(kind), field_meaning(struct, name))
        for name, kind in field_types(struct).items()
    ]
    return table(("Field", "Type", "Meaning"), rows)


def _nested() -> set[type[msgspec.Struct]]:
    found: set[type[msgspec.Struct]] = set()
    waiting: list[type[msgspec.Struct]] = [
        payload for domain in ALL_DOMAINS for payload in (*domain.reducers, *domain.facts)
    ]
    while waiting:
        for kind in field_types(waiting.pop()).values():
            fresh = set(structs_in(kind)) - found
            found |= fresh
            waiting.extend(fresh)
    return found


def _machine(name: str, moves: Mapping[Any, frozenset[Any]], *, owners: Mapping[Any, str]) -> str:
    kind: type[StrEnum] = type(next(iter(moves)))
    drawn = f"```mermaid\n{states.diagram(moves)}```"
    meanings = STATE_WORDS[kind.__name__]
    rows = [
        (code(state), meanings.get(state, ""), code(owners.get(state, "")) or "nobody: it is final")
        for state in moves
    ]
    return section(name, summary(kind), drawn, table(("State", "Meaning", "Moved on by"), rows))
