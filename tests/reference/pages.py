"""Which page comes from where, and what is undocumented."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

from arco.codes import CODES
from arco.model import field_types
from arco.orchestration import states
from arco.service.settings import LIMITS, Settings
from tests.conformance.page import schedule_conformance_page
from tests.reference import conformance, folding, surfaces, typescript, worker_protocol
from tests.reference.meanings import field_meaning, summary, used_words
from tests.reference.words import BODY_WORDS, FIELD_WORDS, OWNER_WORDS, STATE_WORDS

FOLDER = "docs/reference"
PAGES: dict[str, Callable[[], str | None]] = {
    "tables.md": folding.tables_page,
    "events.md": folding.events_page,
    "states.md": folding.states_page,
    "errors.md": surfaces.errors_page,
    "settings.md": surfaces.settings_page,
    "cli.md": surfaces.cli_page,
    "http.md": surfaces.http_page,
    "when-schedules-fire.md": conformance.conformance_page,
    "schedule-conformance.md": schedule_conformance_page,
    "mcp.md": surfaces.mcp_page,
    "worker-protocol.md": worker_protocol.worker_protocol_page,
}
TYPESCRIPT = "clients/typescript/src/api.ts"


def rendered() -> dict[str, str]:
    """Path below the repository -> text, for every page and source that is made from the code."""
    pages = {f"{FOLDER}/{name}": make() for name, make in PAGES.items()}
    pages[TYPESCRIPT] = typescript.typescript_module()
    pages[worker_protocol.SCHEMA] = worker_protocol.schema_text()
    pages[worker_protocol.FIXTURES] = worker_protocol.fixtures_text()
    return {path: text for path, text in pages.items() if text is not None}


def undocumented() -> Iterator[str]:
    """What a reader of the reference would find without a meaning."""
    yield from _fields_and_words()
    yield from _states()
    yield from (f"error code {name}" for name, (_, meaning) in CODES.items() if not meaning)
    yield from _settings()
    yield from _commands()
    yield from _routes()


def _fields_and_words() -> Iterator[str]:
    structs = list(dict.fromkeys(folding.described_structs()))
    for struct in structs:
        if not summary(struct):
            yield f"{struct.__name__} has no docstring"
        for name in struct.__struct_fields__:
            if not field_meaning(struct, name):
                yield f"{struct.__name__}.{name}: a docstring below it, or a common word"
    for word in sorted(FIELD_WORDS.keys() - used_words(structs)):
        yield f"the common word {word} is used by no field: remove it"


def _states() -> Iterator[str]:
    for kind in (states.RunState, states.TaskState, states.PublicationState):
        differing = {str(state) for state in kind} ^ set(STATE_WORDS[kind.__name__])
        yield from (f"{kind.__name__}.{state}" for state in sorted(differing))
    owners = {*states.RUN_OWNERS.values(), *states.TASK_OWNERS.values()}
    for owner in sorted({*owners, *states.PUBLICATION_OWNERS.values()} ^ OWNER_WORDS.keys()):
        yield f"owner {owner}"


def _settings() -> Iterator[str]:
    ranges = surfaces.setting_ranges()
    for name, kind in field_types(Settings).items():
        if not field_meaning(Settings, name):
            yield f"setting {name}: a docstring below it"
        if kind in (int, float) and name not in LIMITS:
            yield f"setting {name}: a range in LIMITS"
    yield from (f"the range of {name} is no lambda" for name in LIMITS.keys() - ranges.keys())


def _commands() -> Iterator[str]:
    if surfaces.cli_page() is None:
        return
    for name, command in surfaces.commands():
        if not inspect.cleandoc(command.help or ""):
            yield f"command {name} has no help"
        if name.startswith("arco ") and "Example" not in (command.epilog or ""):
            yield f"command {name} has no example in its epilog"
        for parameter in command.params:
            if parameter.param_type_name == "option" and not parameter.help:
                yield f"command {name}: option {parameter.name} has no help"


def _routes() -> Iterator[str]:
    if surfaces.http_page() is None:
        return
    for path, methods in surfaces.openapi()["paths"].items():
        for method, operation in methods.items():
            yield from _route(f"{method.upper()} {path}", operation)
    used: set[str] = set()
    for body, field, described in surfaces.body_fields():
        used |= {f"{body}.{field}", field}
        if not surfaces.body_meaning(body, field, described=described):
            yield f"body {body}.{field}: a docstring below it, or an entry in BODY_WORDS"
    yield from (f"the word {word} is used by no body" for word in sorted(BODY_WORDS.keys() - used))


def _route(name: str, operation: dict[str, Any]) -> Iterator[str]:
    if not operation.get("description"):
        yield f"route {name} has no docstring"
    for parameter in operation.get("parameters", ()):
        if not parameter.get("description"):
            yield f"route {name}: {parameter['name']} has no description"
