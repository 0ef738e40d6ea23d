"""The rules of the house, by name: each is a function that yields findings.

A rule is listed once, under what it looks at: one module, one text file, all sources, one domain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import ModuleType

from arco.model import Domain
from tests.tidy import codes, domains, exports, imports, naming, prose, purity, shape
from tests.tidy.source import Finding, Module, Sources

MODULE_RULES: dict[str, Callable[[Module], Iterator[Finding]]] = {
    "a file stays short": shape.file_length,
    "a line stays short": shape.line_length,
    "a function body stays short": shape.body_length,
    "a function takes few parameters": shape.parameters,
    "blocks nest no deeper than three": shape.nesting,
    "libraries live in their home": imports.library_homes,
    "imports stand at the top": imports.lazy_imports,
    "nothing is imported by name": imports.dynamic_imports,
    "imports are absolute": imports.no_relative_imports,
    "time, chance and environment come in by one door": purity.repeatable,
    "nothing is mocked": purity.mocks,
    "no test is excused": purity.excuses,
    "nothing is named after a drawer": naming.drawers,
    "names tell no history": naming.history,
    "the engine names no business word": naming.business,
    "comments say why instead of a number": naming.numbers_of_tickets,
    "a module says what it is": prose.module_docstrings,
    "annotations are postponed": prose.future_annotations,
    "there are no stubs": prose.stubs,
    "what a module offers stands at its bottom": exports.all_at_the_bottom,
}

TEXT_RULES: dict[str, Callable[[str, str], Iterator[Finding]]] = {
    "nothing is left for later": prose.leftovers,
    "no file names a machine or a registry": prose.machine_paths,
    "locks hold no addresses": prose.lock_urls,
}

SOURCES_RULES: dict[str, Callable[[Sources], Iterator[Finding]]] = {
    "half of the bodies are tiny": shape.median_body,
    "every module has a room": imports.unknown_units,
    "imports go down": imports.layers,
    "imports run in no circle": imports.cycles,
    "public things are described": prose.public_docstrings,
    "what is offered is what is used": exports.exported_names,
    "every error code is listed": codes.listed_codes,
}

DOMAIN_RULES: dict[str, Callable[[Domain, list[ModuleType]], Iterator[Finding]]] = {
    "every event has a reducer": domains.reducers,
    "every table is listed and has its key": domains.tables,
    "every event has its own type": lambda domain, _: domains.event_types(domain),
}
