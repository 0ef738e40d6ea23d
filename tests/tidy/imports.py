"""Rules about imports: layers, cycles, homes of libraries, and laziness.

Every import counts: at module level, inside functions, under TYPE_CHECKING, and by name.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from tests.tidy.layers import (
    DYNAMIC_IMPORTS,
    LAYERS,
    LAZY_HOMES,
    LAZY_LIBRARIES,
    LIBRARY_HOMES,
    VALUE_MODULES,
    VALUES_ONLY,
    stands_in,
    unit,
)
from tests.tidy.source import Finding, Module, Sources

DYNAMIC_CALLS = frozenset({"importlib.import_module", "importlib.__import__"})
GUARDED_STDLIB = frozenset({"asyncio"})


@dataclass(frozen=True)
class Import:
    """One import of one module; `target` is the module that really gets loaded."""

    node: ast.AST
    target: str


def layers(sources: Sources) -> Iterator[Finding]:
    """Imports that go up or sideways."""
    for module in sources.shipped:
        for item in imports_of(module, sources):
            if item.target.split(".")[0] == "arco" and not _is_allowed(module, item.target):
                message = f"{unit(module.name)} must not import {item.target}"
                yield module.finding(item.node, message)


def unknown_units(sources: Sources) -> Iterator[Finding]:
    """Modules that stand in no room of the house."""
    for module in sources.shipped:
        if unit(module.name) not in LAYERS:
            yield module.finding(1, f"{unit(module.name)!r} is not in tests/tidy/layers.py")


def cycles(sources: Sources) -> Iterator[Finding]:
    """Modules that import each other, however long the way round."""
    graph = import_graph(sources)
    for ring in rings(graph):
        first = sources.by_name[ring[0]]
        yield first.finding(1, "import cycle: " + " -> ".join([*ring, ring[0]]))


def library_homes(module: Module) -> Iterator[Finding]:
    """Libraries imported outside their home."""
    if not module.is_shipped:
        return
    for item in _direct_imports(module):
        library = item.target.split(".")[0]
        if library in ("arco", "__future__"):
            continue
        if library in sys.stdlib_module_names and library not in GUARDED_STDLIB:
            continue
        if not stands_in(module.name, LIBRARY_HOMES.get(library, ())):
            homes = ", ".join(LIBRARY_HOMES.get(library, ())) or "none: it is no dependency"
            yield module.finding(item.node, f"{library} is imported only in {homes}")


def lazy_imports(module: Module) -> Iterator[Finding]:
    """Imports inside functions that do not keep a heavy library from start-up."""
    if not module.is_shipped:
        return
    for item in _direct_imports(module):
        if item.node not in module.in_functions or _may_be_lazy(module, item.target):
            continue
        yield module.finding(item.node, f"import {item.target} at the top of the module")


def dynamic_imports(module: Module) -> Iterator[Finding]:
    """Imports by name outside the modules that exist for it."""
    if not module.is_shipped or module.name in DYNAMIC_IMPORTS:
        return
    for node in module.nodes(ast.Call):
        builtin = isinstance(node.func, ast.Name) and node.func.id == "__import__"
        if not builtin and module.dotted(node.func) not in DYNAMIC_CALLS:
            continue
        named = node.args[0] if node.args else None
        literal = str(named.value) if isinstance(named, ast.Constant) else ""
        if not _may_be_lazy(module, literal):
            yield module.finding(node, "imports by name: write an import statement")


def no_relative_imports(module: Module) -> Iterator[Finding]:
    """Imports that do not say where they go."""
    for node in module.nodes(ast.ImportFrom):
        if node.level:
            yield module.finding(node, "write the absolute name of the module")


def imports_of(module: Module, sources: Sources) -> list[Import]:
    """What a module imports, names resolved to the modules that define them."""
    found = []
    for item in _direct_imports(module):
        found.append(Import(item.node, _loaded(item.target, sources)))
    if module.name in DYNAMIC_IMPORTS:
        found.extend(_named_in_strings(module, sources))
    return found


def import_graph(sources: Sources) -> dict[str, set[str]]:
    """Module -> modules it loads, packages on the way included."""
    graph: dict[str, set[str]] = {}
    for module in sources.shipped:
        targets: set[str] = set()
        for item in imports_of(module, sources):
            targets.add(item.target)
            targets.update(_packages_entered(module.name, item.target))
        graph[module.name] = {name for name in targets if name in sources.by_name}
    return graph


def rings(graph: dict[str, set[str]]) -> list[list[str]]:
    """The strongly connected groups of more than one module, and modules that import themselves."""
    walk = _Walk(graph)
    for name in sorted(graph):
        if name not in walk.order:
            walk.visit(name)
    return walk.rings


class _Walk:
    """Tarjan's algorithm; the graph is small enough for recursion."""

    def __init__(self, graph: dict[str, set[str]]) -> None:
        self.graph = graph
        self.order: dict[str, int] = {}
        self.lowest: dict[str, int] = {}
        self.stack: list[str] = []
        self.rings: list[list[str]] = []

    def visit(self, name: str) -> None:
        self.order[name] = self.lowest[name] = len(self.order)
        self.stack.append(name)
        for target in sorted(self.graph.get(name, ())):
            if target not in self.order:
                self.visit(target)
            if target in self.stack:
                self.lowest[name] = min(self.lowest[name], self.lowest[target])
        if self.lowest[name] == self.order[name]:
            self._close(name)

    def _close(self, name: str) -> None:
        start = self.stack.index(name)
        group, self.stack = self.stack[start:], self.stack[:start]
        if len(group) > 1 or name in self.graph.get(name, ()):
            self.rings.append(group)


def _direct_imports(module: Module) -> Iterator[Import]:
    for node in module.nodes(ast.Import):
        for alias in node.names:
            yield Import(node, alias.name)
    for origin in module.nodes(ast.ImportFrom):
        for alias in origin.names:
            yield Import(origin, f"{origin.module}.{alias.name}")


def _loaded(target: str, sources: Sources) -> str:
    """`arco.ids.ulid` -> `arco.ids`; what is no module of ours stays as it is."""
    parent = target.rpartition(".")[0]
    return parent if target not in sources.by_name and parent in sources.by_name else target


def _named_in_strings(module: Module, sources: Sources) -> Iterator[Import]:
    """Names of our modules in string constants, `arco.cli.run` or `arco.cli.run:run`."""
    for node in module.nodes(ast.Constant):
        name = node.value.partition(":")[0] if isinstance(node.value, str) else ""
        if name in sources.by_name and name != "arco":
            yield Import(node, name)


def _packages_entered(importer: str, target: str) -> set[str]:
    """Packages whose `__init__` runs on the way; those the importer stands in run already."""
    parts = target.split(".")
    parents = {".".join(parts[:count]) for count in range(1, len(parts))}
    return {parent for parent in parents if not importer.startswith(parent + ".")} - {importer}


def _is_allowed(module: Module, target: str) -> bool:
    own, other = unit(module.name), unit(target)
    if own == other:
        return True
    values = own in VALUES_ONLY and target.startswith("arco.") and other in LAYERS[own]
    if values and other not in ("errors", "ids", "sdk"):
        return stands_in(target, VALUE_MODULES)
    return other in LAYERS.get(own, frozenset())


def _may_be_lazy(module: Module, target: str) -> bool:
    library = target.split(".")[0]
    return library in LAZY_LIBRARIES and stands_in(module.name, LAZY_HOMES)
