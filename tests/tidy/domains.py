"""Rules about domains, asked of the imported package: events have reducers, keys have columns.

Reads `DOMAIN` of each domain package; a package without one yet has nothing to judge.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from arco.model import Domain, Payload, Table
from tests.tidy.source import Finding, Sources

DOMAIN_PACKAGES = (
    "arco.catalog",
    "arco.access",
    "arco.lineage",
    "arco.orchestration",
    "arco.engine",
)


def load_domains(sources: Sources) -> list[tuple[Domain, list[ModuleType]]]:
    """Each domain with all modules of its package, imported."""
    found = []
    for package in DOMAIN_PACKAGES:
        if f"{package}.domain" not in sources.by_name:
            continue
        names = [name for name in sources.by_name if name.startswith(package + ".")]
        modules = [importlib.import_module(name) for name in sorted(names)]
        found.append((sys.modules[f"{package}.domain"].DOMAIN, modules))
    return found


def reducers(domain: Domain, modules: list[ModuleType]) -> Iterator[Finding]:
    """Events and facts of a domain that nothing folds."""
    for payload in _defined(modules, Payload):
        if payload not in domain.reducers and payload not in domain.facts:
            yield _finding(domain, f"event {payload.__name__} has no reducer")
        if payload in domain.reducers and payload in domain.facts:
            yield _finding(domain, f"{payload.__name__} is an event and a fact")


def tables(domain: Domain, modules: list[ModuleType]) -> Iterator[Finding]:
    """Tables that are not in the domain, share a name, or have a key their row lacks."""
    names = [table.name for table in domain.tables]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield _finding(domain, f"two tables are named {name}")
    for table in domain.tables:
        absent = [field for field in table.key if field not in table.row.__struct_fields__]
        if absent or not table.key:
            yield _finding(domain, f"table {table.name}: its row lacks key fields {absent}")
        if not table.row.__struct_config__.frozen:
            yield _finding(domain, f"table {table.name}: its row is not frozen")
    for module in modules:
        for name, value in vars(module).items():
            unlisted = isinstance(value, Table) and value not in domain.tables
            if unlisted and not _is_foreign(value, modules):
                yield _finding(domain, f"{module.__name__}.{name} is in no domain")


def event_types(domain: Domain) -> Iterator[Finding]:
    """Events that two payloads of one version would share on the wire."""
    seen: dict[tuple[str, int], type[Payload]] = {}
    for payload in domain.reducers:
        key = (domain.event_type(payload), payload.VERSION)
        if key in seen:
            yield _finding(domain, f"{seen[key].__name__} and {payload.__name__} are both {key}")
        seen[key] = payload


def _defined(modules: list[ModuleType], kind: type) -> list[type]:
    """Classes below `kind` that these modules define themselves."""
    return [
        value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, kind)
        and value is not kind
        and value.__module__ == module.__name__
    ]


def _is_foreign(table: Table[Any], own: list[ModuleType]) -> bool:
    """Whether the table is another domain's, which this module only names."""
    return table.row.__module__ not in {item.__name__ for item in own}


def _finding(domain: Domain, message: str) -> Finding:
    return Finding(f"src/arco/{domain.name}/domain.py", 1, message)
