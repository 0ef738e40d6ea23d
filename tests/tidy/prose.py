"""Rules about words: docstrings, leftovers, and what must not be in any file.

A public name that nobody can describe in one line is not finished.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.tidy.source import (
    Finding,
    Function,
    Module,
    Sources,
    body_without_docstring,
    is_fixture,
    is_protocol,
)

LEFTOVER = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
MACHINE_PATH = re.compile(r"(?<![\w.}$)-])/(?:root|work|tmp|home|Users)/")
REGISTRY_HOSTS = re.compile(
    r"pypi\.org|pythonhosted\.org|registry\.npmjs|crates\.io|proxy\.golang|maven\.org|debian\.org"
)
LOCK_URL = re.compile(r"https?://|file:|^-e |^(?:--)?(?:extra-)?index-url|find-links")
NPM_ADDRESS = re.compile(r'"resolved":')
# This folder holds the patterns themselves, and samples that break them.
TIDY = "tests/tidy/"

OWN_BASES = frozenset({"msgspec.Struct", "enum.StrEnum", "enum.Enum", "enum.IntEnum"})


def module_docstrings(module: Module) -> Iterator[Finding]:
    """Modules that do not say what they are; an empty file needs no words."""
    if module.tree.body and ast.get_docstring(module.tree) is None:
        yield module.finding(1, "start with a docstring: one sentence, the law it keeps")


def future_annotations(module: Module) -> Iterator[Finding]:
    """Modules with code that does not postpone annotations."""
    body = body_without_docstring(module.tree)
    if not body:
        return
    first = body[0]
    if isinstance(first, ast.ImportFrom) and first.module == "__future__":
        return
    yield module.finding(first, "begin with `from __future__ import annotations`")


def public_docstrings(sources: Sources) -> Iterator[Finding]:
    """Public classes, functions and methods without a first line that says what results."""
    for module in sources.shipped:
        for node in _undocumented(module, sources):
            message = f"{node.name}: the docstring's first line says what results"
            yield module.finding(node, message)


def leftovers(path: str, text: str) -> Iterator[Finding]:
    """Marks of unfinished work."""
    if path.startswith(TIDY):
        return
    for number, line in enumerate(text.splitlines(), 1):
        if LEFTOVER.search(line):
            yield Finding(path, number, "finish it or leave it out")


def stubs(module: Module) -> Iterator[Finding]:
    """Functions that promise and do not do; an inheritable suite leaves its subject to the heir."""
    for function in module.functions:
        body = body_without_docstring(function)
        if len(body) == 1 and _is_not_implemented(body[0]) and not is_fixture(function):
            yield module.finding(function, f"{function.name} is a stub: write it, or leave it out")


def machine_paths(path: str, text: str) -> Iterator[Finding]:
    """Paths of the machine it was written on, and hosts of registries."""
    if path.startswith(TIDY):
        return
    for number, line in enumerate(text.splitlines(), 1):
        if MACHINE_PATH.search(line):
            yield Finding(path, number, "a path of one machine: write it relative")
        if REGISTRY_HOSTS.search(line):
            yield Finding(path, number, "a registry's host: the client is configured elsewhere")


def lock_urls(path: str, text: str) -> Iterator[Finding]:
    """Addresses in a lock: it names versions and hashes, never where they come from."""
    pattern = LOCK_URL if path.startswith("requirements/") else NPM_ADDRESS
    if pattern is NPM_ADDRESS and path != "package-lock.json":
        return
    for number, line in enumerate(text.splitlines(), 1):
        if pattern.search(line):
            yield Finding(path, number, "an address: run `make lock`")


def _is_not_implemented(statement: ast.stmt) -> bool:
    raised = statement.exc if isinstance(statement, ast.Raise) else None
    raised = raised.func if isinstance(raised, ast.Call) else raised
    return isinstance(raised, ast.Name) and raised.id == "NotImplementedError"


def _undocumented(module: Module, sources: Sources) -> Iterator[ast.ClassDef | Function]:
    for statement in module.tree.body:
        if not isinstance(statement, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if statement.name.startswith("_"):
            continue
        if ast.get_docstring(statement) is None and not _is_overload(statement):
            yield statement
        if isinstance(statement, ast.ClassDef):
            yield from _undocumented_methods(module, statement, sources=sources)


def _undocumented_methods(
    module: Module, owner: ast.ClassDef, *, sources: Sources
) -> Iterator[Function]:
    """Methods a caller meets here first: ports and frameworks describe their own elsewhere."""
    if is_protocol(owner) or _extends_a_framework(module, owner):
        return
    for item in owner.body:
        if not isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        described = item.name in sources.protocol_methods or _is_overload(item)
        described = described or _belongs_to_a_suite(item)
        if not item.name.startswith("_") and not described and ast.get_docstring(item) is None:
            yield item


def _belongs_to_a_suite(item: Function) -> bool:
    """A shipped test or fixture: the name of a test is its sentence."""
    return is_fixture(item) or item.name.startswith("test_")


def _extends_a_framework(module: Module, owner: ast.ClassDef) -> bool:
    bases = [module.dotted(base) for base in owner.bases]
    return any(base and base not in OWN_BASES and base.split(".")[0] != "arco" for base in bases)


def _is_overload(node: ast.ClassDef | Function) -> bool:
    names = {ast.unparse(item).rpartition(".")[2] for item in node.decorator_list}
    return bool(names & {"overload", "setter"})
