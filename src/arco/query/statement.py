"""SQL text to a statement that is known to only read, with every table under a private name.

Law: what is not on a list of harmless things is refused; a statement of type SELECT is not proof
enough, because its common table expressions may insert and its functions may read files. The text
is judged and rewritten as DuckDB's own syntax tree, never by patterns. Must not know where tables
come from.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NoReturn, TypeAlias

import duckdb
import msgspec

from arco.errors import Invalid, NotFound
from arco.ids import sha256
from arco.query.names import TableName, fold

Node: TypeAlias = dict[str, Any]

QUERY_NODES = frozenset({"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"})
SOURCES = frozenset(
    {
        "BASE_TABLE",
        "SUBQUERY",
        "JOIN",
        "TABLE_FUNCTION",
        "EXPRESSION_LIST",
        "EMPTY",
        "PIVOT",
        "SHOW_REF",
        "CTE",
    }
)
TABLE_FUNCTIONS = frozenset(
    {"generate_series", "json_each", "json_tree", "range", "repeat", "repeat_row", "unnest"}
)
REFUSED_FUNCTIONS = frozenset(
    {
        "copy_database",
        "current_setting",
        "currval",
        "getenv",
        "getvariable",
        "import_database",
        "inet_client_addr",
        "inet_server_addr",
        "json_deserialize_sql",
        "json_execute_serialized_sql",
        "json_serialize_plan",
        "json_serialize_sql",
        "nextval",
        "pg_sleep",
        "query",
        "query_table",
        "setval",
        "sleep_ms",
        "write_log",
    }
)
BUILT_IN_SCHEMAS = frozenset({"information_schema", "pg_catalog"})
PREFIX = "_arco"
PRIVATE = re.compile(r'"?\b_arco(?:_(\w*))?"?\.')
EXPLAIN = re.compile(r"\s*explain\s+(?!\(|analyze\b)", re.IGNORECASE)
LIST_HINT = "list tables with: SELECT * FROM system.catalog.tables"


class Statement(msgspec.Struct, frozen=True):
    """One harmless SELECT: its text with every table under a private name, and those tables."""

    text: str
    tables: tuple[TableName, ...]


def read_statement(connection: duckdb.DuckDBPyConnection, sql: str) -> Statement:
    """The statement that may run, and the tables it needs, each once in order of appearance.

    Raises: Invalid `QUERY_INVALID` or `QUERY_NOT_READ_ONLY`.
    """
    kind = _kind(connection, sql)
    prefix = "" if kind == "SELECT" else "EXPLAIN "
    if prefix:
        sql = EXPLAIN.sub("", sql, count=1)
        _kind(connection, sql)
    tree = _parse(connection, sql)
    tables = _judge_and_rename(tree)
    text = prefix + _convert(connection, "json_deserialize_sql", text=_json(tree))
    assert _kind(connection, text) == kind
    return Statement(text, tables)


def private_name(table: TableName) -> tuple[str, str, str]:
    """The catalog, schema and table under which a needed table is registered.

    DuckDB has a catalog `system` of its own, and one name may be both a catalog and a namespace:
    every catalog gets a prefix, so neither can collide.
    """
    catalog = f"{PREFIX}_{table.catalog}" if table.catalog else PREFIX
    if not table.namespace:
        catalog = f"{PREFIX}_"
    name = table.name if table.version is None else f"{table.name}@{table.version}"
    if table.words is not None:
        name = f"{name}({sha256(table.words.encode())})"
    return catalog, table.namespace or "main", name


def readable(message: str) -> str:
    """DuckDB's message without our private names and without a picture of the rewritten text."""
    first = message.partition("\n\n")[0].strip()
    return PRIVATE.sub(lambda found: f"{found[1]}." if found[1] else "", first)


def _kind(connection: duckdb.DuckDBPyConnection, sql: str) -> str:
    try:
        statements = connection.extract_statements(sql)
    except duckdb.Error as error:
        raise Invalid(
            "QUERY_INVALID", str(error).strip(), hint="mend the SQL and ask again"
        ) from error
    if not statements:
        raise Invalid("QUERY_INVALID", "the query is empty", hint="send one SELECT")
    if len(statements) > 1:
        _refuse(f"a query is one statement; this text has {len(statements)}", "send them singly")
    kind = statements[0].type.name
    if kind == "SELECT" or (kind == "EXPLAIN" and EXPLAIN.match(sql)):
        return str(kind)
    if kind == "MULTI":
        _refuse(
            "this statement expands to several",
            "in PIVOT, list the values: PIVOT t ON c IN ('a', 'b') ...",
        )
    return _refuse(
        f"{kind} statements do not run here",
        "send one SELECT; data is changed by runs and by the API",
    )


def _parse(connection: duckdb.DuckDBPyConnection, sql: str) -> Node:
    serialized = _convert(connection, "json_serialize_sql", text=sql)
    try:
        tree: Node = msgspec.json.decode(serialized)
    except RecursionError as error:
        raise Invalid(
            "QUERY_INVALID", "the query nests too deeply", hint="use WITH to flatten it"
        ) from error
    if tree["error"]:
        raise Invalid(
            "QUERY_INVALID", str(tree["error_message"]), hint="mend the SQL and ask again"
        )
    return tree


def _convert(connection: duckdb.DuckDBPyConnection, function: str, *, text: str) -> str:
    rows = connection.execute(f"SELECT {function}(?)", [text]).fetchall()
    return str(rows[0][0])


def _json(tree: Node) -> str:
    return msgspec.json.encode(tree).decode()


def _judge_and_rename(tree: Node) -> tuple[TableName, ...]:
    tables: dict[TableName, TableName] = {}
    for node, visible in _visit(tree):
        if node.get("type") == "TABLE_FUNCTION" and _is_search(node["function"]):
            table = _make_table(node, words=_words(node["function"]))
            tables.setdefault(table.folded(), table)
            _rename_table(node, table)
            continue
        _judge(node)
        if node.get("type") == "BASE_TABLE":
            table = _table_name(node)
            if table.namespace or fold(table.name) not in visible:
                tables.setdefault(table.folded(), table)
                _rename_table(node, table)
    for node, _ in _visit(tree):
        if node.get("class") == "COLUMN_REF":
            _rename_column(node, tables)
    return tuple(tables.values())


def _visit(tree: Node) -> Iterator[tuple[Node, frozenset[str]]]:
    """Every node of the tree in order of appearance, with the folded names of the CTEs that are
    visible there.
    """
    stack: list[tuple[Any, frozenset[str]]] = [(tree, frozenset())]
    while stack:
        value, visible = stack.pop()
        if isinstance(value, list):
            stack.extend((item, visible) for item in reversed(value))
        elif isinstance(value, dict):
            definitions = []
            for entry in (value.get("cte_map") or {}).get("map", ()):
                visible = visible | {fold(entry["key"])}
                definitions.append((entry["value"], visible))
            yield value, visible
            rest = [(item, visible) for key, item in value.items() if key != "cte_map"]
            stack.extend(reversed(definitions + rest))


def _judge(node: Node) -> None:
    kind = node.get("type")
    if isinstance(kind, str) and kind.endswith("_NODE") and kind not in QUERY_NODES:
        _refuse(
            f"{kind.removesuffix('_NODE').split('_')[0]} is not allowed inside a query",
            "only read in a query",
        )
    if "sample" in node and kind not in SOURCES and kind not in QUERY_NODES:
        _refuse(f"{kind} cannot be read from", "name a table, a subquery or VALUES")
    if kind == "TABLE_FUNCTION":
        _judge_table_function(node["function"])
    if node.get("class") == "FUNCTION" and node["function_name"].casefold() in REFUSED_FUNCTIONS:
        _refuse(f"the function {node['function_name']} is not available", "leave it out")
    if kind == "SHOW_REF":
        _make_describe(node)


def _judge_table_function(function: Node) -> None:
    name = str(function.get("function_name", ""))
    if name.casefold() not in TABLE_FUNCTIONS:
        _refuse(
            f"the table function {name} is not available",
            "name catalog tables instead; " + LIST_HINT,
        )


def _is_search(function: Node) -> bool:
    path = [part.casefold() for part in function["qualified_name"]["path"]]
    return path == ["system", "search"]


def _words(function: Node) -> str:
    """What is searched for.

    Raises: Invalid QUERY_INVALID.
    """
    arguments = function["arguments"]
    literal = arguments[0]["expression"].get("literal", {}) if len(arguments) == 1 else {}
    if literal.get("kind") != "STRING" or arguments[0]["name"]:
        raise Invalid(
            "QUERY_INVALID",
            "system.search takes one text, as it stands in the query",
            hint="write system.search('dep delay') and filter its rows with WHERE",
        )
    return str(literal["text"])


def _make_table(node: Node, *, words: str) -> TableName:
    """The call of a function becomes the name of a table; the answer is that name."""
    alias, columns = node["alias"] or "search", node["column_name_alias"]
    places = {key: value for key, value in node.items() if key.startswith(("query_", "sample"))}
    node.clear()
    node |= {**places, "type": "BASE_TABLE", "alias": alias, "column_name_alias": columns}
    node["at_clause"] = None
    return TableName("search", "system", words=words)


def _make_describe(node: Node) -> None:
    if node["query"] is None:
        raise Invalid("QUERY_INVALID", "SHOW of many tables is not available", hint=LIST_HINT)
    # SHOW t carries the name twice; DESCRIBE reads only from the subquery, where it is renamed.
    if node["show_type"] == "SHOW":
        node["show_type"] = "DESCRIBE"
    node["table_name"] = node["catalog_name"] = node["schema_name"] = ""
    node["qualified_name"] = {"path": []}


def _table_name(node: Node) -> TableName:
    path = node["qualified_name"]["path"]
    if len(path) > 3:
        raise Invalid(
            "QUERY_INVALID",
            f"{'.'.join(path)} has too many parts",
            hint="write catalog.namespace.table",
        )
    catalog, namespace, name = [""] * (3 - len(path)) + path
    table = TableName(name, namespace, catalog, _version(node))
    if namespace.casefold() in BUILT_IN_SCHEMAS:
        raise NotFound("TABLE_NOT_FOUND", f"there is no table {table.dotted()}", hint=LIST_HINT)
    return table


def _version(node: Node) -> int | None:
    clause = node["at_clause"]
    if clause is None:
        return None
    text = str(clause["expr"].get("literal", {}).get("text", ""))
    if clause["unit"].casefold() != "version" or not text.isdecimal():
        raise Invalid("QUERY_INVALID", "AT takes a version number", hint="write AT (VERSION => 3)")
    return int(text)


def _rename_table(node: Node, table: TableName) -> None:
    catalog, schema, name = private_name(table.folded())
    if table.version is not None:
        node["at_clause"] = None
        node["alias"] = node["alias"] or table.name
    node["catalog_name"], node["schema_name"], node["table_name"] = catalog, schema, name
    node["qualified_name"] = {"path": [catalog, schema, name]}


def _rename_column(node: Node, tables: dict[TableName, TableName]) -> None:
    path = node["column_names"]
    if len(path) < 4:
        return
    catalog, namespace, name = path[:3]
    if TableName(name, namespace, catalog).folded() in tables:
        path[0] = f"{PREFIX}_{catalog}"


def _refuse(message: str, hint: str) -> NoReturn:
    raise Invalid("QUERY_NOT_READ_ONLY", message, hint=hint)


__all__ = ["Node", "Statement", "private_name", "read_statement", "readable"]
