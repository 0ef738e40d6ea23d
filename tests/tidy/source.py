"""The source tree as the tidy rules see it: every file parsed once, its nodes indexed by type.

Must not know a single rule.
"""

from __future__ import annotations

import ast
import io
import subprocess
import tokenize
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TypeAlias, TypeVar

ROOT = Path(__file__).resolve().parents[2]
PICTURE = ".png"
FOLDERS = ("src", "tests", "bench", "examples")

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
Definition: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
Node = TypeVar("Node", bound=ast.AST)


@dataclass(frozen=True)
class Finding:
    """One offence: where, and a sentence that says what to do."""

    path: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


@dataclass(frozen=True, eq=False)
class Module:
    """One Python file. `path` is relative to the repository, with forward slashes."""

    path: str
    text: str

    @cached_property
    def name(self) -> str:
        """The dotted name it is imported by: `arco.store.keys`, `tests.tidy.source`."""
        parts = self.path.removesuffix(".py").split("/")
        parts = parts[1:] if parts[0] == "src" else parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @property
    def is_package(self) -> bool:
        """It is a package's `__init__.py`."""
        return self.path.endswith("/__init__.py")

    @property
    def is_shipped(self) -> bool:
        """It stands under `src`, so users get it."""
        return self.path.startswith("src/")

    @property
    def is_test(self) -> bool:
        """It stands under `tests`."""
        return self.path.startswith("tests/")

    @cached_property
    def lines(self) -> list[str]:
        """The physical lines."""
        return self.text.splitlines()

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree."""
        return ast.parse(self.text, self.path)

    @cached_property
    def _index(self) -> dict[type[ast.AST], list[ast.AST]]:
        index: dict[type[ast.AST], list[ast.AST]] = defaultdict(list)
        for node in ast.walk(self.tree):
            index[type(node)].append(node)
        return index

    def nodes(self, kind: type[Node]) -> list[Node]:
        """All nodes of exactly this type."""
        return self._index.get(kind, [])  # type: ignore[return-value]

    @cached_property
    def functions(self) -> list[Function]:
        """All functions and methods, nested ones too."""
        return [*self.nodes(ast.FunctionDef), *self.nodes(ast.AsyncFunctionDef)]

    @cached_property
    def methods(self) -> dict[Function, ast.ClassDef]:
        """Each method with the class it stands in."""
        return {
            item: owner
            for owner in self.nodes(ast.ClassDef)
            for item in owner.body
            if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef)
        }

    @cached_property
    def in_functions(self) -> frozenset[ast.AST]:
        """All nodes that run only when a function is called."""
        return frozenset(
            inner
            for function in self.functions
            for statement in function.body
            for inner in ast.walk(statement)
        )

    @cached_property
    def comments(self) -> list[tuple[int, str]]:
        """Line and text of each comment."""
        tokens = tokenize.generate_tokens(io.StringIO(self.text).readline)
        return [(item.start[0], item.string) for item in tokens if item.type == tokenize.COMMENT]

    @cached_property
    def docstrings(self) -> list[tuple[int, str]]:
        """Line and text of each docstring."""
        owners = [self.tree, *self.nodes(ast.ClassDef), *self.functions]
        found = [(owner, ast.get_docstring(owner)) for owner in owners]
        return [(getattr(owner, "lineno", 1), text) for owner, text in found if text is not None]

    @cached_property
    def aliases(self) -> dict[str, str]:
        """Local name -> the dotted thing it was imported as."""
        names: dict[str, str] = {}
        for node in self.nodes(ast.Import):
            for alias in node.names:
                target = alias.name if alias.asname else alias.name.split(".")[0]
                names[alias.asname or target] = target
        for origin in self.nodes(ast.ImportFrom):
            for alias in origin.names:
                names[alias.asname or alias.name] = f"{origin.module}.{alias.name}"
        return names

    def dotted(self, node: ast.expr) -> str:
        """`datetime.datetime.now` for the expression, imports resolved; "" when it is no name."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name) or node.id not in self.aliases:
            return ""
        return ".".join([self.aliases[node.id], *reversed(parts)])

    def finding(self, where: ast.AST | int, message: str) -> Finding:
        """A finding in this file."""
        line = where if isinstance(where, int) else getattr(where, "lineno", 1)
        return Finding(self.path, line, message)


@dataclass(frozen=True, eq=False)
class Sources:
    """All Python files that the rules judge, by module name."""

    modules: tuple[Module, ...]

    @cached_property
    def by_name(self) -> dict[str, Module]:
        """Module name -> module."""
        return {module.name: module for module in self.modules}

    @cached_property
    def shipped(self) -> tuple[Module, ...]:
        """What stands under `src`."""
        return tuple(module for module in self.modules if module.is_shipped)

    @cached_property
    def error_classes(self) -> frozenset[str]:
        """The names of ArcoError and every class below it, wherever it is defined."""
        bases = {
            node.name: {base.id for base in node.bases if isinstance(base, ast.Name)}
            for module in self.shipped
            for node in module.nodes(ast.ClassDef)
        }
        found = {"ArcoError"}
        while grown := {name for name, above in bases.items() if above & found} - found:
            found |= grown
        return frozenset(found)

    @cached_property
    def protocol_methods(self) -> frozenset[str]:
        """Names of methods that some port declares: their meaning is written there."""
        return frozenset(
            method.name
            for module in self.shipped
            for method, owner in module.methods.items()
            if is_protocol(owner)
        )


def is_protocol(owner: ast.ClassDef) -> bool:
    """Whether the class is a `Protocol`, generic or not."""
    bases = [base.value if isinstance(base, ast.Subscript) else base for base in owner.bases]
    return any(isinstance(base, ast.Name) and base.id == "Protocol" for base in bases)


def is_fixture(function: Function) -> bool:
    """Whether pytest makes its result."""
    return any("fixture" in ast.unparse(item) for item in function.decorator_list)


def body_without_docstring(node: Definition | ast.Module) -> list[ast.stmt]:
    """The statements that do something."""
    return node.body[1:] if ast.get_docstring(node) is not None else node.body


def assigned_names(statement: ast.stmt) -> list[str]:
    """The plain names that an assignment binds; none for another statement."""
    targets: list[ast.expr] = []
    if isinstance(statement, ast.AnnAssign):
        targets = [statement.target]
    elif isinstance(statement, ast.Assign):
        targets = statement.targets
    return [target.id for target in targets if isinstance(target, ast.Name)]


def read_sources(root: Path) -> Sources:
    """Every Python file below the judged folders of `root`."""
    return Sources(tuple(_modules(root)))


@lru_cache(maxsize=1)
def repository() -> Sources:
    """This repository's sources, read once per process."""
    return read_sources(ROOT)


@lru_cache(maxsize=1)
def text_files() -> tuple[tuple[str, str], ...]:
    """Path and text of every file git would commit, binary files and locks' hashes included, but
    for pictures: any bytes may stand among their pixels.
    """
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode()
    found = (path for path in listed.split("\0") if path and not path.endswith(PICTURE))
    paths = sorted(path for path in found if (ROOT / path).is_file())
    return tuple((path, (ROOT / path).read_text("utf-8", "replace")) for path in paths)


def _modules(root: Path) -> Iterator[Module]:
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*.py")):
            yield Module(path.relative_to(root).as_posix(), path.read_text("utf-8"))
