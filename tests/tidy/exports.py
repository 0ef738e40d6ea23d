"""Rules about `__all__`: what a module offers is written at its bottom, and is true.

Functions and classes without a leading underscore are public. A constant or a type alias is public
when another module imports it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.tidy.source import Finding, Module, Sources, assigned_names


def exported_names(sources: Sources) -> Iterator[Finding]:
    """Modules whose `__all__` is missing, incomplete, or names what is not there."""
    used = _imported_constants(sources)
    for module in sources.shipped:
        listed = declared(module)
        needed = _public_names(module) | used.get(module.name, set())
        if listed is None:
            if needed:
                yield module.finding(len(module.lines), "ends without `__all__`")
            continue
        for name in sorted(needed - listed):
            yield module.finding(1, f"{name} is public and not in `__all__`: add it or rename it")
        for name in sorted(listed - _defined_names(module)):
            yield module.finding(1, f"`__all__` names {name}, which is not defined here")


def all_at_the_bottom(module: Module) -> Iterator[Finding]:
    """Modules whose `__all__` is not the last statement (an entry point may follow it)."""
    if not module.is_shipped:
        return
    body = [item for item in module.tree.body if not isinstance(item, ast.If)]
    for statement in body[:-1]:
        if _is_all(statement):
            yield module.finding(statement, "`__all__` stands at the bottom of the module")


def declared(module: Module) -> set[str] | None:
    """The names in `__all__`, or None where there is none."""
    for statement in module.tree.body:
        if _is_all(statement):
            value = getattr(statement, "value", None)
            elements = value.elts if isinstance(value, ast.List | ast.Tuple) else []
            return {str(item.value) for item in elements if isinstance(item, ast.Constant)}
    return None


def _is_all(statement: ast.stmt) -> bool:
    return "__all__" in assigned_names(statement)


def _public_names(module: Module) -> set[str]:
    names = set()
    for statement in module.tree.body:
        if isinstance(statement, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            names.add(statement.name)
    return {name for name in names if not name.startswith("_")}


def _defined_names(module: Module) -> set[str]:
    """Everything the module binds; one with `__getattr__` defines what its table says."""
    names = set(module.aliases)
    for statement in ast.walk(module.tree):
        if isinstance(statement, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            names.add(statement.name)
        if isinstance(statement, ast.stmt):
            names.update(assigned_names(statement))
    if "__getattr__" in names:
        constants = module.nodes(ast.Constant)
        names.update(item.value for item in constants if isinstance(item.value, str))
    return names


def _imported_constants(sources: Sources) -> dict[str, set[str]]:
    """Module -> names that other modules and tests import from it."""
    used: dict[str, set[str]] = {}
    for module in sources.modules:
        for origin in module.nodes(ast.ImportFrom):
            home = sources.by_name.get(origin.module or "")
            if home is None or not home.is_shipped:
                continue
            inner = {alias.name for alias in origin.names}
            submodules = {name for name in inner if f"{home.name}.{name}" in sources.by_name}
            used.setdefault(home.name, set()).update(inner - submodules)
    return used
