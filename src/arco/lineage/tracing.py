"""Column lineage of a SELECT, read off its syntax tree with the schemas of the tables it reads.

Law: exact or not at all. Whatever is not understood completely makes the whole query untraced, with
the reason. Pure: text in, columns out; the parser loads on first use.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import msgspec

from arco.lineage.columns import ROWS, ColumnSource, in_order

if TYPE_CHECKING:
    from sqlglot import exp
    from sqlglot.optimizer.scope import Scope

SQL_CHARACTERS_MAX = 100_000
DIALECT = "duckdb"
Reference: TypeAlias = tuple[str, str]
"""The name by which the query reads a table, and a column of it in lower case."""
References: TypeAlias = frozenset[Reference]
NOTHING: References = frozenset()
Told = TypeVar("Told")


class Untraceable(Exception):
    """The query says something whose columns cannot be told exactly."""


class ReadTable(msgspec.Struct, frozen=True):
    """A table a query reads: its name in the query, the dataset it is, and its columns."""

    name: str
    dataset: str
    columns: tuple[str, ...]


def trace_query(
    sql: str, tables: Sequence[ReadTable], *, dialect: str = DIALECT
) -> tuple[ColumnSource, ...]:
    """Where the values of each column come from, and which columns decide what rows there are.

    Shape: `column` as the query spells it, in lower case, "" for the rows; `upstream_column` as the
    dataset spells it.

    Raises: Untraceable.
    """
    return _within_bounds(sql, lambda: _traced(sql, tables, dialect=dialect))


def output_columns(
    sql: str, tables: Sequence[ReadTable], *, dialect: str = DIALECT
) -> tuple[str, ...]:
    """The columns of the query, in lower case. Raises: Untraceable."""

    def found() -> tuple[str, ...]:
        named = _named(tables)
        query = _Query(_scope(sql, named, dialect=dialect), named)
        return tuple(query.outputs(query.root))

    return _within_bounds(sql, found)


def tables_read(sql: str, *, dialect: str = DIALECT) -> tuple[str, ...]:
    """The tables that the query names, as it spells them, each once. Raises: Untraceable."""
    return _within_bounds(sql, lambda: _tables(_parsed(sql, dialect)))


def _within_bounds(sql: str, work: Callable[[], Told]) -> Told:
    if len(sql) > SQL_CHARACTERS_MAX:
        raise Untraceable(f"the query is longer than {SQL_CHARACTERS_MAX:,} characters")
    try:
        return work()
    except RecursionError:
        raise Untraceable("the query is nested too deeply") from None


def _tables(tree: exp.Expr) -> tuple[str, ...]:
    from sqlglot import exp

    defined = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    names = (".".join(part.name for part in each.parts) for each in tree.find_all(exp.Table))
    return tuple(dict.fromkeys(name for name in names if name and name.lower() not in defined))


def _parsed(sql: str, dialect: str) -> exp.Expr:
    import sqlglot
    from sqlglot.errors import SqlglotError

    if sqlglot.Dialect.get(dialect) is None:
        raise Untraceable(f"the dialect {dialect!r} is not known")
    try:
        return sqlglot.parse_one(sql, read=dialect)
    except SqlglotError as error:
        raise _not_understood(error) from None


def _not_understood(error: Exception) -> Untraceable:
    first = (str(error).splitlines() or ["no reason was given"])[0]
    return Untraceable(f"the query is not understood: {first}")


def _named(tables: Sequence[ReadTable]) -> dict[str, ReadTable]:
    return {f"t{position}": table for position, table in enumerate(tables)}


def _traced(sql: str, tables: Sequence[ReadTable], *, dialect: str) -> tuple[ColumnSource, ...]:
    named = _named(tables)
    query = _Query(_scope(sql, named, dialect=dialect), named)
    spelled = {
        (name, column.lower()): (table.dataset, column)
        for name, table in named.items()
        for column in table.columns
    }
    outputs = {**query.outputs(query.root), ROWS: query.rows(query.root)}
    return in_order(
        ColumnSource(column, *spelled[reference])
        for column, references in outputs.items()
        for reference in references
    )


def _scope(sql: str, named: Mapping[str, ReadTable], *, dialect: str) -> Scope:
    """The query with every column resolved and every `*` expanded, as a tree of scopes."""
    from sqlglot import exp
    from sqlglot.errors import SqlglotError
    from sqlglot.optimizer.qualify import qualify
    from sqlglot.optimizer.scope import build_scope

    schema: dict[str, object] = {
        name: {column.lower(): "unknown" for column in table.columns}
        for name, table in named.items()
    }
    tree = _parsed(sql, dialect)
    _rename_tables(tree, {table.name.lower(): name for name, table in named.items()})
    try:
        qualified = qualify(tree, schema=schema, dialect=dialect)
    except SqlglotError as error:
        raise _not_understood(error) from None
    scope = build_scope(qualified) if isinstance(qualified, exp.Query) else None
    if scope is None:
        raise Untraceable("the query is not a plain SELECT")
    _refuse_inexact(qualified)
    return scope


def _rename_tables(tree: exp.Expr, named: Mapping[str, str]) -> None:
    """Each table gets one plain name, so that `flights` and `raw.flights` stand side by side."""
    from sqlglot import exp

    defined = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    for table in list(tree.find_all(exp.Table)):
        parts = [part.name for part in table.parts]
        full = ".".join(parts).lower()
        if full in defined and full in named:
            raise Untraceable(f"{full} is both a table and an expression of the query")
        if full not in named:
            continue
        if not table.alias:
            alias = exp.to_identifier(parts[-1], quoted=True)
            table.set("alias", exp.TableAlias(this=alias))
        table.set("this", exp.to_identifier(named[full]))
        table.set("db", None)
        table.set("catalog", None)


def _refuse_inexact(tree: exp.Expr) -> None:
    from sqlglot import exp

    refused: dict[type[exp.Expr], str] = {
        exp.Pivot: "a pivot names its columns after the data",
        exp.Columns: "COLUMNS(...) picks columns by pattern",
        exp.Lateral: "a lateral join is not traced",
        exp.Parameter: "the query has parameters",
        exp.PositionalColumn: "a column is named by its position",
        exp.TableColumn: "a whole row is used as a value",
        exp.TableSample: "a sample has no exact rows",
    }
    for kind, reason in refused.items():
        if tree.find(kind) is not None:
            raise Untraceable(reason)
    for with_ in tree.find_all(exp.With):
        if with_.recursive:
            raise Untraceable("a recursive expression is not traced")
    for star in tree.find_all(exp.Star):
        if not isinstance(star.parent, exp.Count):
            raise Untraceable("a * stands for columns that are not known")


class _Query:
    """What the columns and the rows of each scope of a query depend on."""

    def __init__(self, root: Scope, named: Mapping[str, ReadTable]) -> None:
        self.root = root
        self._named = named
        self._scopes = {id(scope.expression): scope for scope in root.traverse()}
        self._outputs: dict[int, dict[str, References]] = {}
        self._rows: dict[int, References] = {}

    def outputs(self, scope: Scope) -> dict[str, References]:
        """Output column, lower case -> what its values come from."""
        known = self._outputs.get(id(scope))
        if known is None:
            known = (
                self._union_outputs(scope) if scope.set_operation_scopes else self._selected(scope)
            )
            self._outputs[id(scope)] = known
        return known

    def rows(self, scope: Scope) -> References:
        """What decides which rows the scope has."""
        known = self._rows.get(id(scope))
        if known is None:
            known = self._rows[id(scope)] = frozenset(self._deciding(scope))
        return known

    def _selected(self, scope: Scope) -> dict[str, References]:
        return {
            each.alias_or_name.lower(): self._references(scope, each)
            for each in _selects(scope.expression)
        }

    def _union_outputs(self, scope: Scope) -> dict[str, References]:
        branches = [list(self.outputs(branch).values()) for branch in scope.set_operation_scopes]
        names = list(self.outputs(scope.set_operation_scopes[0]))
        if any(len(branch) != len(names) for branch in branches) or _is_by_name(scope):
            raise Untraceable("the sides of a UNION have other columns")
        return {
            name: NOTHING.union(*(branch[position] for branch in branches))
            for position, name in enumerate(names)
        }

    def _deciding(self, scope: Scope) -> Iterator[Reference]:
        from sqlglot import exp

        if scope.set_operation_scopes:
            for branch in scope.set_operation_scopes:
                yield from self.rows(branch)
            is_union = isinstance(scope.expression, exp.Union)
            if not is_union or scope.expression.args.get("distinct"):
                for references in self.outputs(scope).values():
                    yield from references
            return
        for condition in _conditions(scope.expression):
            yield from self._references(scope, condition)
        for source in _sources(scope).values():
            if not isinstance(source, exp.Expr):
                yield from self.rows(source)

    def _references(self, scope: Scope, expression: exp.Expr) -> References:
        """The columns of stored tables that an expression of the scope is computed from."""
        found: set[Reference] = set()
        for node in _nodes_outside_queries(expression):
            inner = self._scopes.get(id(node))
            if inner is not None:
                found.update(self.rows(inner), *self.outputs(inner).values())
            else:
                found.update(self._column(scope, node))
        return frozenset(found)

    def _column(self, scope: Scope, column: exp.Expr) -> References:
        from sqlglot import exp

        name = column.name.lower()
        if not column.args.get("table"):
            outputs = {each.alias_or_name.lower(): each for each in _selects(scope.expression)}
            if name not in outputs:
                raise Untraceable(f"{column.name} is not a column of one table")
            return self._references(scope, outputs[name])
        source = _source(scope, str(column.args["table"].name))
        # Some dialects spell names without quotes in capitals.
        if isinstance(source, exp.Table) and source.name.lower() in self._named:
            return frozenset({(source.name.lower(), name)})
        if source is None or isinstance(source, exp.Expr):
            raise Untraceable(f"{column.sql(DIALECT)} does not come from a table")
        return self.outputs(source).get(name) or _no_such(column, self.outputs(source))


def _no_such(column: exp.Expr, outputs: Mapping[str, References]) -> References:
    if column.name.lower() in outputs:
        return NOTHING
    raise Untraceable(f"{column.sql(DIALECT)} is not a column of what it is read from")


def _source(scope: Scope, alias: str) -> Any:
    """What the alias stands for in the scope, or around it when the query is correlated."""
    at: Scope | None = scope
    while at is not None:
        sources = _sources(at)
        if alias in sources:
            return sources[alias]
        at = at.parent
    return None


def _sources(scope: Scope) -> dict[str, Any]:
    """Alias -> the table or scope that FROM and every join read, semi and anti joins too."""
    found = {alias: source for alias, (_, source) in scope.selected_sources.items()}
    for join in scope.expression.args.get("joins") or ():
        alias = join.this.alias_or_name
        if alias in scope.sources:
            found.setdefault(alias, scope.sources[alias])
    return found


def _is_by_name(scope: Scope) -> bool:
    return bool(scope.expression.args.get("by_name"))


def _nodes_outside_queries(expression: exp.Expr) -> Iterator[exp.Expr]:
    """Columns of the expression, and the queries in it, which are not looked into."""
    from sqlglot import exp

    for node in expression.walk(prune=lambda each: isinstance(each, exp.Query)):
        if isinstance(node, exp.Column) or (
            isinstance(node, exp.Query) and not isinstance(node, exp.Subquery)
        ):
            yield node
        elif isinstance(node, exp.Subquery):
            yield node.unnest()


def _selects(query: exp.Expr) -> list[exp.Expr]:
    from sqlglot import exp

    return query.selects if isinstance(query, exp.Query) else []


def _conditions(select: exp.Expr) -> Iterable[exp.Expr]:
    """The expressions that decide which rows, groups or first rows a SELECT has."""
    from sqlglot import exp

    arguments = select.args
    for name in ("where", "having", "qualify"):
        if arguments.get(name):
            yield arguments[name].this
    for join in arguments.get("joins") or ():
        if join.args.get("on"):
            yield join.args["on"]
    # Every element of the list becomes a row.
    yield from (each for each in _selects(select) if each.find(exp.Explode))
    yield from _group_keys(select)
    distinct = arguments.get("distinct")
    if distinct:
        yield from (distinct.args["on"],) if distinct.args.get("on") else _selects(select)
    if arguments.get("order") and (arguments.get("limit") or distinct):
        yield from arguments["order"].expressions


def _group_keys(select: exp.Expr) -> Iterable[exp.Expr]:
    from sqlglot import exp

    group = select.args.get("group")
    if group is None:
        return
    if group.args.get("all"):
        yield from (each for each in _selects(select) if not each.find(exp.AggFunc))
    yield from group.expressions
    for kind in ("cube", "rollup", "grouping_sets"):
        yield from group.args.get(kind) or ()


__all__ = [
    "DIALECT",
    "SQL_CHARACTERS_MAX",
    "ReadTable",
    "Untraceable",
    "output_columns",
    "tables_read",
    "trace_query",
]
