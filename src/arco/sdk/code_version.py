"""The code version: a hash of what a function does, so that a comment does not make data stale.

Law: the version covers the function and every project function, class and constant it reaches;
docstrings, comments, formatting, line numbers, Arco's own decorators and the hash seed never change
it. Must not know partitions or tables.
"""

from __future__ import annotations

import ast
import functools
import inspect
import re
from collections.abc import Callable, Iterable
from types import CellType, FunctionType
from typing import Any, TypeAlias

from arco.ids import sha256
from arco.sdk.source import (
    Chain,
    FunctionNode,
    Imported,
    ModuleSource,
    ProjectSource,
    chains,
    imported_names,
)

Place: TypeAlias = tuple[str, str]
"""(module, top-level name); an empty name is the whole module."""

SILENT_FIELDS = frozenset({"kind", "type_comment", "type_ignores", "ctx"})
SQL_TOKEN = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/|\s+|\w+|.", re.S)
DEPTH_MAX = 32


class CodeVersions:
    """Computes versions for one loaded project; shared functions are read once."""

    def __init__(self, source: ProjectSource) -> None:
        self._source = source
        self._digest = functools.cache(self._digest_place)
        self._reached = functools.cache(self._reach_place)
        self._text = functools.cache(self._text_of)
        self._references = functools.cache(self._references_of)

    def of(self, function: Callable[..., Any]) -> str:
        """`cv_` and 24 hex: the version of a function of the project."""
        plain = inspect.unwrap(function)
        if not isinstance(plain, FunctionType):
            plain = type(plain).__call__
        texts, starts = self._own(plain, seen=set())
        places = self._closure(starts)
        lines = [f"{module}:{name}={self._digest((module, name))}" for module, name in places]
        return version_of("\n".join([*texts, *sorted(lines)]))

    def _own(
        self, function: FunctionType, *, seen: set[FunctionType]
    ) -> tuple[list[str], set[Place]]:
        # A function inside a factory may hold itself.
        seen.add(function)
        module = self._source.module(function.__module__)
        node = module.functions.get(function.__code__.co_firstlineno) if module else None
        if module is None or node is None:
            return [function.__code__.co_code.hex()], set()
        texts = [self._text(module, node)]
        starts = set(self._references(module, node))
        for value in captured_values(function):
            if isinstance(value, FunctionType) and value in seen:
                continue
            if isinstance(value, FunctionType):
                more, reached = self._own(value, seen=seen)
                texts += more
                starts |= reached
            else:
                texts.append(literal(value))
        return texts, starts

    def _closure(self, starts: Iterable[Place]) -> set[Place]:
        seen: set[Place] = set()
        waiting = list(starts)
        while waiting:
            place = waiting.pop()
            if place not in seen:
                seen.add(place)
                waiting.extend(self._reached(place))
        return seen

    def _nodes(self, place: Place) -> tuple[ModuleSource, list[ast.AST]]:
        module = self._source.module(place[0])
        assert module is not None
        return module, [*(module.definitions[place[1]] if place[1] else [module.tree])]

    def _digest_place(self, place: Place) -> str:
        module, nodes = self._nodes(place)
        return sha256("\n".join(self._text(module, node) for node in nodes).encode())

    def _reach_place(self, place: Place) -> frozenset[Place]:
        module, nodes = self._nodes(place)
        found = [self._references(module, node) for node in nodes]
        return frozenset().union(*found) - {place}

    def _text_of(self, module: ModuleSource, node: ast.AST) -> str:
        return shape(node, lambda decorator: is_arco_decorator(module, decorator))

    def _references_of(self, module: ModuleSource, node: ast.AST) -> set[Place]:
        inner = local_imports(module, node)
        allowed = names_from_module(module, node)
        found: set[Place] = set()
        for chain in chains([node]):
            if chain[0] in inner:
                found |= self._imported(inner[chain[0]], chain[1:], depth=DEPTH_MAX)
            elif allowed is None or chain[0] in allowed:
                found |= self._resolve(module, chain, depth=DEPTH_MAX)
        return found

    def _resolve(self, module: ModuleSource, chain: Chain, *, depth: int) -> set[Place]:
        root, rest = chain[0], chain[1:]
        if root in module.definitions:
            return {(module.name, root)}
        if depth == 0:
            return set()
        if root in module.imports:
            return self._imported(module.imports[root], rest, depth=depth - 1)
        for star in module.stars:
            target = self._source.module(star)
            found = self._resolve(target, chain, depth=depth - 1) if target else set()
            if found:
                return found
        return set()

    def _imported(self, target: Imported, rest: Chain, *, depth: int) -> set[Place]:
        chain = (target.name, *rest) if target.name else rest
        return self._within(target.module, chain, depth=depth)

    def _within(self, name: str, chain: Chain, *, depth: int) -> set[Place]:
        module = self._source.module(name)
        if module is None and not self._source.is_package(name):
            return set()
        if module and chain:
            found = self._resolve(module, chain, depth=depth)
            if found:
                return found
        submodule = f"{name}.{chain[0]}" if chain else ""
        if submodule and (self._source.module(submodule) or self._source.is_package(submodule)):
            return self._within(submodule, chain[1:], depth=depth)
        outside = bool(module and chain and chain[0] in module.imports)
        return {(name, "")} if module and not outside else set()


def sql_version(sql: str) -> str:
    """The version of a statement; white space and comments do not change it.

    >>> sql_version("select  1 -- one") == sql_version("select 1")
    True
    """
    tokens = (token for token in SQL_TOKEN.findall(sql) if not token.isspace())
    return version_of("\n".join(t for t in tokens if not t.startswith(("--", "/*"))))


def version_of(text: str) -> str:
    """`cv_` and the first 24 hex of sha256."""
    return "cv_" + sha256(text.encode("utf-8", "surrogatepass"))[:24]


def shape(node: Any, silent: Callable[[ast.expr], bool]) -> str:
    """A node as text that is the same in every Python version; `silent` decorators are left out."""
    if isinstance(node, list):
        return "[" + ",".join(shape(item, silent) for item in node) + "]"
    if not isinstance(node, ast.AST):
        return repr(node)
    parts = []
    for field, value in ast.iter_fields(node):
        if field == "decorator_list":
            value = [decorator for decorator in value if not silent(decorator)]
        if field == "body" and isinstance(value, list):
            value = without_docstring(node, value)
        if field not in SILENT_FIELDS and value is not None and value != []:
            parts.append(f"{field}={shape(value, silent)}")
    return f"{type(node).__name__}({','.join(parts)})"


def without_docstring(node: ast.AST, body: list[Any]) -> list[Any]:
    """The statements without a leading string, where that is documentation."""
    documented = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Module
    first = body[0] if body and isinstance(node, documented) else None
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        return body[1:] if isinstance(first.value.value, str) else body
    return body


def is_arco_decorator(module: ModuleSource, decorator: ast.expr) -> bool:
    """Whether a decorator is Arco's own: it declares the asset and is not part of its code."""
    target = decorator.func if isinstance(decorator, ast.Call) else decorator
    roots = [node.id for node in ast.walk(target) if isinstance(node, ast.Name)]
    bound = module.imports.get(roots[0]) if roots else None
    return bound is not None and bound.module.split(".")[0] == "arco"


def local_imports(module: ModuleSource, node: ast.AST) -> dict[str, Imported]:
    """Names bound by imports inside a function or class."""
    if isinstance(node, ast.Module):
        return {}
    found: dict[str, Imported] = {}
    for inner in ast.walk(node):
        found.update(imported_names(inner, module.package))
    return found


def names_from_module(module: ModuleSource, node: ast.AST) -> set[str] | None:
    """Names a definition takes from its module; None where every name does."""
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return None
    outside: list[ast.AST] = [d for d in node.decorator_list if not is_arco_decorator(module, d)]
    if isinstance(node, ast.ClassDef):
        outside += [*node.bases, *(keyword.value for keyword in node.keywords)]
    else:
        outside += signature_nodes(node)
    return {chain[0] for chain in chains(outside)} | module.globals_by_line[node.lineno]


def signature_nodes(node: FunctionNode) -> list[ast.AST]:
    """Defaults and annotations: they are evaluated outside the function."""
    arguments = node.args
    parameters = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    parameters += [each for each in (arguments.vararg, arguments.kwarg) if each]
    nodes = [*arguments.defaults, *arguments.kw_defaults, node.returns]
    nodes += [parameter.annotation for parameter in parameters]
    return [each for each in nodes if each is not None]


def captured_values(function: FunctionType) -> list[Any]:
    """What a function made by a factory took from it, in a fixed order."""
    if "<locals>" not in function.__qualname__:
        return []
    cells: tuple[CellType, ...] = function.__closure__ or ()
    defaults = [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
    return [*(cell.cell_contents for cell in cells if cell != CellType()), *defaults]


def literal(value: Any) -> str:
    """Plain data as text; anything else by its type, whose address must not matter."""
    if value is None or isinstance(value, str | bytes | int | float):
        return repr(value)
    if isinstance(value, list | tuple):
        return "[" + ",".join(literal(item) for item in value) + "]"
    if isinstance(value, set | frozenset):
        return "{" + ",".join(sorted(literal(item) for item in value)) + "}"
    if isinstance(value, dict):
        pairs = sorted(f"{literal(key)}:{literal(item)}" for key, item in value.items())
        return "{" + ",".join(pairs) + "}"
    return f"{type(value).__module__}.{type(value).__qualname__}"


__all__ = [
    "CodeVersions",
    "Place",
    "captured_values",
    "is_arco_decorator",
    "literal",
    "local_imports",
    "names_from_module",
    "shape",
    "signature_nodes",
    "sql_version",
    "version_of",
    "without_docstring",
]
