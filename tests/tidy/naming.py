"""Rules about names: no drawers called utils, and no history.

A name says what a thing is now; git remembers what it was.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.tidy.source import Finding, Function, Module, assigned_names

DRAWERS = frozenset({"util", "utils", "helper", "helpers", "common", "manager", "managers", "misc"})
# `base` is a word of the field inside a name, and a drawer at either end of one.
DRAWER_AT_AN_END = "base"

HISTORY = re.compile(r"v\d+|legacy|mvp|obsolete|deprecated|old|phase\d+|tier\d+|issue\d+|ticket\d*")
# Tests speak of old writers and legacy bytes; a number is history anywhere.
HISTORY_IN_SENTENCES = re.compile(r"v\d+|phase\d+|tier\d+|issue\d+|ticket\d+")
# A new version of an event is a new payload and a new reducer: there, and only there.
VERSIONED = re.compile(r"\.(events|reducers)(\.|$|_)")

WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+\d*|[A-Z]+\d*|\d+")
# The engine keeps rows of any domain; what they mean is said above it. Words that are also the
# engine's own (a run of lines, a task of the event loop, a schedule of faults) are not among these.
BUSINESS = re.compile(
    r"assets?|catalogs?|namespaces?|lineage|partitions?|materiali[sz]\w*|sensors?|backfills?"
    r"|datasets?|grants?|warehouses?|dags?|iceberg"
)
OF_PYTHON = re.compile(r"SimpleNamespace|\.r?partition\(")
NUMBERED = re.compile(r"\b(?:issue|ticket|pull request|PR) ?#?\d+|(?<![\w&/#])#\d{1,5}\b")


def words(name: str) -> list[str]:
    """The lower-case words of a snake_case, CamelCase or UPPER_CASE name.

    >>> words("RunTriggeredV2"), words("old_state"), words("SQLHelper")
    (['run', 'triggered', 'v2'], ['old', 'state'], ['sql', 'helper'])
    """
    return [word.lower() for word in WORD.findall(name)]


def drawers(module: Module) -> Iterator[Finding]:
    """Modules, packages and classes named after nothing in particular."""
    for part in module.name.split("."):
        if _is_drawer(part):
            yield module.finding(1, f"{part!r} names no noun: say what is in it")
    for owner in module.nodes(ast.ClassDef):
        if _is_drawer(owner.name):
            yield module.finding(owner, f"{owner.name!r} names no noun: say what it is")


def history(module: Module) -> Iterator[Finding]:
    """Names that tell how the code came to be."""
    for where, name in _named(module):
        pattern = HISTORY_IN_SENTENCES if module.is_test else HISTORY
        if any(pattern.fullmatch(word) for word in words(name)) and not _is_versioned(module, name):
            yield module.finding(where, f"{name!r} tells history: name what it is now")


def business(module: Module) -> Iterator[Finding]:
    """Words of catalogs and orchestrators in the engine, be it in code, text or comments."""
    if not module.name.startswith("arco.engine."):
        return
    for number, line in enumerate(module.text.splitlines(), start=1):
        for word in words(OF_PYTHON.sub("", line)):
            if BUSINESS.fullmatch(word):
                yield module.finding(number, f"the engine knows no {word!r}: say it in a domain")


def numbers_of_tickets(module: Module) -> Iterator[Finding]:
    """Comments and docstrings that point at a ticket instead of saying why."""
    if not NUMBERED.search(module.text):
        return
    for line, text in [*module.comments, *module.docstrings]:
        if NUMBERED.search(text):
            yield module.finding(line, "say why; a ticket's number explains nothing")


def _named(module: Module) -> Iterator[tuple[ast.AST | int, str]]:
    """Module parts, classes, functions and module-level constants."""
    for part in module.name.split("."):
        yield 1, part
    definitions: list[ast.ClassDef | Function] = [
        *module.nodes(ast.ClassDef),
        *module.functions,
    ]
    for definition in definitions:
        yield definition, definition.name
    for statement in module.tree.body:
        for name in assigned_names(statement):
            yield statement, name


def _is_drawer(name: str) -> bool:
    parts = words(name)
    ends = {parts[0], parts[-1]} if parts else set()
    return bool(DRAWERS.intersection(parts)) or DRAWER_AT_AN_END in ends


def _is_versioned(module: Module, name: str) -> bool:
    return bool(VERSIONED.search(module.name)) and bool(re.fullmatch(r"v\d+", words(name)[-1]))
