"""A project's modules as syntax: which top-level names they define and import.

Law: nothing is imported or run to answer. Must not know assets.
"""

from __future__ import annotations

import ast
import symtable
from collections.abc import Iterator, Mapping, Sequence
from importlib.machinery import PathFinder
from pathlib import Path
from types import ModuleType
from typing import TypeAlias

import msgspec

FunctionNode: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
Chain: TypeAlias = tuple[str, ...]
"""A dotted name as its parts: `lib.clean` is `("lib", "clean")`."""


class Imported(msgspec.Struct, frozen=True):
    """What a name is bound to by an import: a module, or `name` within it."""

    module: str
    name: str = ""


class ModuleSource(msgspec.Struct, frozen=True, eq=False):
    """One parsed module."""

    name: str
    package: str
    """What relative imports start from."""
    tree: ast.Module
    definitions: dict[str, list[ast.stmt]]
    imports: dict[str, Imported]
    stars: tuple[str, ...]
    functions: dict[int, FunctionNode]
    """Every function, nested ones too, by the line its code object starts at."""
    globals_by_line: dict[int, frozenset[str]]
    """Names that the function or class defined on a line takes from the module."""


class ProjectSource:
    """Parses each module of the project once, on demand."""

    def __init__(self, roots: tuple[Path, ...], loaded: Mapping[str, ModuleType]) -> None:
        self._roots = roots
        self._loaded = loaded
        self._parsed: dict[str, ModuleSource | None] = {}

    def module(self, name: str) -> ModuleSource | None:
        """The parsed module, or None when it is not a file of the project."""
        if name not in self._parsed:
            path = self._path(name)
            self._parsed[name] = None if path is None else parse_module(name, path)
        return self._parsed[name]

    def is_package(self, name: str) -> bool:
        """Whether `name` is a folder of the project, with or without an `__init__`."""
        return any(root.joinpath(*name.split(".")).is_dir() for root in self._roots)

    def _path(self, name: str) -> Path | None:
        file = getattr(self._loaded.get(name), "__file__", None) or self._find(name)
        if file is None or not str(file).endswith(".py"):
            return None
        path = Path(file).resolve()
        return path if any(path.is_relative_to(root) for root in self._roots) else None

    def _find(self, name: str) -> str | None:
        parent, _, last = name.rpartition(".")
        folders = [str(root.joinpath(*parent.split("."))) for root in self._roots]
        found = PathFinder.find_spec(last, folders if parent else [str(r) for r in self._roots])
        return found.origin if found else None


def parse_module(name: str, path: Path) -> ModuleSource:
    """The module's index of names."""
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    definitions: dict[str, list[ast.stmt]] = {}
    imports: dict[str, Imported] = {}
    stars: list[str] = []
    for statement in top_level(tree.body):
        for bound in bound_names(statement):
            definitions.setdefault(bound, []).append(statement)
        imports.update(imported_names(statement, package))
        if isinstance(statement, ast.ImportFrom) and statement.names[0].name == "*":
            stars.append(absolute_module(statement, package))
    functions = {
        first_line(node): node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    table = symtable.symtable(text, str(path), "exec")
    lines = dict(taken_from_module(table))
    return ModuleSource(name, package, tree, definitions, imports, tuple(stars), functions, lines)


def is_function(node: ast.AST) -> bool:
    """Whether the node defines a named function."""
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)


def first_line(node: FunctionNode) -> int:
    """The line a function's code object names: its first decorator, or its `def`."""
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])


def top_level(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements that run at import, also those inside `if`, `try`, `with` and loops."""
    for statement in body:
        yield statement
        if is_function(statement) or isinstance(statement, ast.ClassDef):
            continue
        for field in ("body", "orelse", "finalbody"):
            yield from top_level(getattr(statement, field, []))
        for handler in getattr(statement, "handlers", []):
            yield from top_level(handler.body)


def bound_names(statement: ast.stmt) -> list[str]:
    """Names that a function, class or assignment statement defines."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [statement.name]
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, ast.AnnAssign | ast.AugAssign):
        targets = [statement.target]
    else:
        return []
    nodes = (node for target in targets for node in ast.walk(target))
    return [node.id for node in nodes if isinstance(node, ast.Name)]


def imported_names(statement: ast.AST, package: str) -> dict[str, Imported]:
    """Names that an import statement binds; `package` anchors relative ones."""
    if isinstance(statement, ast.Import):
        return {
            alias.asname or alias.name.split(".")[0]: Imported(
                alias.name if alias.asname else alias.name.split(".")[0]
            )
            for alias in statement.names
        }
    if isinstance(statement, ast.ImportFrom):
        module = absolute_module(statement, package)
        return {a.asname or a.name: Imported(module, a.name) for a in statement.names}
    return {}


def absolute_module(statement: ast.ImportFrom, package: str) -> str:
    """The full name of the module that `from ... import` reads."""
    if not statement.level:
        return statement.module or ""
    parts = package.split(".")
    anchor = parts[: len(parts) - statement.level + 1]
    return ".".join([*anchor, *([statement.module] if statement.module else [])])


def taken_from_module(table: symtable.SymbolTable) -> Iterator[tuple[int, frozenset[str]]]:
    """(line, names) of every function and class below `table`, nested scopes included."""
    for child in table.get_children():
        yield child.get_lineno(), global_names(child)
        yield from taken_from_module(child)


def global_names(table: symtable.SymbolTable) -> frozenset[str]:
    """Names that a scope and the scopes within it take from the module."""
    own = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_global()}
    return frozenset(own.union(*(global_names(child) for child in table.get_children())))


class _Chains(ast.NodeVisitor):
    def __init__(self) -> None:
        self.found: set[Chain] = set()

    def visit_Name(self, node: ast.Name) -> None:
        self.found.add((node.id,))

    def visit_Attribute(self, node: ast.Attribute) -> None:
        parts = [node.attr]
        inner: ast.expr = node.value
        while isinstance(inner, ast.Attribute):
            parts.append(inner.attr)
            inner = inner.value
        if isinstance(inner, ast.Name):
            self.found.add((inner.id, *reversed(parts)))
        else:
            self.generic_visit(node)


def chains(nodes: Sequence[ast.AST]) -> set[Chain]:
    """Every dotted name that stands in the nodes."""
    visitor = _Chains()
    for node in nodes:
        visitor.visit(node)
    return visitor.found


__all__ = [
    "Chain",
    "FunctionNode",
    "Imported",
    "ModuleSource",
    "ProjectSource",
    "absolute_module",
    "bound_names",
    "chains",
    "first_line",
    "global_names",
    "imported_names",
    "is_function",
    "parse_module",
    "taken_from_module",
    "top_level",
]
