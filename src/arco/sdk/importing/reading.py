"""Python files of another tool, read as syntax: calls, their arguments, decorators.

Law: nothing is imported or run. What only running could tell is None. Must not know the tools.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from arco.errors import Invalid
from arco.orchestration.definitions import SourceLine

FILES_MAX = 5_000
FILE_BYTES_MAX = 4 * 1024 * 1024
SKIPPED = frozenset({".git", ".venv", "venv", "node_modules", "__pycache__", "site-packages"})


class Module(msgspec.Struct, frozen=True, eq=False):
    """One file as syntax, and where it is below what was named."""

    tree: ast.Module
    file: str

    def place(self, node: ast.AST) -> SourceLine:
        """Where the node stands."""
        return SourceLine(self.file, getattr(node, "lineno", 0))


def modules(path: Path) -> tuple[list[Module], list[str]]:
    """Every Python file at or below `path`, and a sentence for each that cannot be read.

    Raises: Invalid IMPORT_UNREADABLE when there is none.
    """
    files = [path] if path.is_file() else sorted(_below(path))[:FILES_MAX]
    found: list[Module] = []
    notes: list[str] = []
    for file in files:
        name = str(file.relative_to(path)) if file != path else file.name
        try:
            if file.stat().st_size > FILE_BYTES_MAX:
                raise ValueError("it is larger than 4 MiB")
            found.append(Module(ast.parse(file.read_bytes(), name), name))
        except (OSError, ValueError, SyntaxError, RecursionError) as error:
            notes.append(f"{name} cannot be read: {error}")
    if not found:
        raise Invalid(
            "IMPORT_UNREADABLE",
            f"{path} holds no Python file that can be read",
            hint="name a file, or the folder of the definitions",
        )
    return found, notes


def called(node: ast.AST) -> str:
    """The last name of what is called or stands there: `DAG` of `airflow.DAG(...)`.

    >>> called(ast.parse("dg.asset(x=1)", mode="eval").body)
    'asset'
    """
    if isinstance(node, ast.Call):
        return called(node.func)
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def arguments(node: ast.AST) -> Mapping[str, ast.expr]:
    """The keyword arguments of a call."""
    given = node.keywords if isinstance(node, ast.Call) else ()
    return {each.arg: each.value for each in given if each.arg is not None}


def text_of(node: ast.AST | None) -> str | None:
    """The text that a literal is; None: it is none."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def items(node: ast.AST | None) -> list[ast.expr]:
    """The elements of a list, tuple or set that is written out."""
    return list(node.elts) if isinstance(node, ast.List | ast.Tuple | ast.Set) else []


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function, wherever it stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _below(path: Path) -> Iterator[Path]:
    for file in path.rglob("*.py"):
        if not SKIPPED.intersection(file.relative_to(path).parts):
            yield file


__all__ = ["Module", "arguments", "called", "functions", "items", "modules", "text_of"]
