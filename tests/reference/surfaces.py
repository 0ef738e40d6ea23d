"""The pages about what people type and read: errors, settings, commands, routes.

A surface that this checkout does not have yet has no page.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import msgspec

from arco import errors
from arco.codes import CODES
from arco.mcp.changing import CHANGING
from arco.mcp.tools import READING, Tool
from arco.model import field_types
from arco.service import settings
from arco.store.port import StoreFault
from tests.reference.markdown import code, page, section, sentence, table
from tests.reference.meanings import field_meaning, type_name
from tests.reference.words import BODY_WORDS, FIELD_WORDS

REMARK = re.compile(r" {3,}(?=\w)")

ERRORS_INTRODUCTION = """
Every failure has a code that scripts may compare, a sentence, and a hint that says what to do next.
Codes are only ever added. The class says what the caller should do, whatever the code; `{}` stands
for what is filled in.
"""
SETTINGS_INTRODUCTION = """
A value is taken from the command line or the caller, else from the environment, else the default. A
value out of range is refused at start with `SETTING_INVALID`.
"""
MCP_INTRODUCTION = """
`arco mcp` offers these by the Model Context Protocol. Each asks with the caller's grants, and none
but those that say so can change anything. Resources are the tables, `arco://tables/{full_name}`.
"""
CLI_INTRODUCTION = """
Exit codes: 0 it worked, 1 it failed, 2 the command line makes no sense.
"""


def errors_page() -> str:
    """The classes by what to do, and every code."""
    classes = [errors_class(name) for name in sorted({name for name, _ in CODES.values()})]
    kinds = table(
        ("Class", "HTTP status", "What to do"),
        [(code(kind.__name__), str(kind.status), inspect.getdoc(kind) or "") for kind in classes],
    )
    rows = [
        (code(name), code(kind), str(errors_class(kind).status), meaning)
        for name, (kind, meaning) in sorted(CODES.items())
    ]
    listing = table(("Code", "Class", "HTTP status", "Meaning"), rows)
    return page(
        "Errors",
        ERRORS_INTRODUCTION,
        sections=[section("Classes", kinds), section("Codes", listing)],
    )


def errors_class(name: str) -> type[errors.ArcoError]:
    """The class a code is listed under."""
    found: type[errors.ArcoError] = getattr(errors, name, StoreFault)
    assert found.__name__ == name, f"{name} is no class of errors"
    return found


def settings_page() -> str:
    """Every setting with its variable, default and range."""
    ranges = setting_ranges()
    defaults = dict(
        zip(
            settings.Settings.__struct_fields__[-len(settings.Settings.__struct_defaults__) :],
            settings.Settings.__struct_defaults__,
            strict=True,
        )
    )
    rows = [
        (
            code(name),
            code(f"{settings.ENVIRONMENT_PREFIX}{name.upper()}"),
            type_name(kind) if kind in (str, int, float, bool) else "path",
            code(_spelled(defaults.get(name, msgspec.NODEFAULT))),
            code(ranges.get(name, "")),
            field_meaning(settings.Settings, name),
        )
        for name, kind in field_types(settings.Settings).items()
    ]
    header = ("Setting", "Environment variable", "Type", "Default", "Range", "Meaning")
    return page("Settings", SETTINGS_INTRODUCTION, sections=[table(header, rows)])


def setting_ranges() -> dict[str, str]:
    """Setting -> its range, as `arco.service.settings.LIMITS` writes it."""
    tree = ast.parse(inspect.getsource(settings))
    limits = next(
        node.value
        for node in tree.body
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "LIMITS"
    )
    assert isinstance(limits, ast.Dict)
    return {
        ast.literal_eval(key): ast.unparse(check.body)
        for key, check in zip(limits.keys, limits.values, strict=True)
        if key is not None and isinstance(check, ast.Lambda)
    }


def cli_page() -> str | None:
    """Every command with its arguments, options and examples; None without a command line."""
    if find_spec("arco.cli.main") is None:
        return None
    sections = [_command(name, command) for name, command in commands()]
    return page("Commands", CLI_INTRODUCTION, sections=sections)


def commands() -> Iterator[tuple[str, Any]]:
    """Every command of `arco` by its full name, inner ones of groups too."""
    import click

    main = importlib.import_module("arco.cli.main")
    group = getattr(main, "arco", None) or main.main
    context = click.Context(group, info_name="arco")
    waiting = [
        (f"arco {name}", group.get_command(context, name)) for name in group.list_commands(context)
    ]
    while waiting:
        name, command = waiting.pop(0)
        yield name, command
        if isinstance(command, click.Group):
            waiting = [(f"{name} {n}", c) for n, c in command.commands.items()] + waiting


def http_page() -> str | None:
    """Every route with its parameters and answers; None without an API."""
    if find_spec("arco.api.openapi") is None:
        return None
    document = openapi()
    info = document["info"]
    sections = [
        _route(path, method, operation=operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    schemas = document.get("components", {}).get("schemas", {})
    bodies = [_body(name, schema) for name, schema in sorted(schemas.items())]
    everything = [*sections, section("Bodies", *bodies)]
    return page("HTTP", info.get("description", ""), sections=everything)


def mcp_page() -> str:
    """Every tool for assistants, with its arguments."""
    return page("Tools for assistants", MCP_INTRODUCTION, sections=map(_tool, READING + CHANGING))


def openapi() -> dict[str, Any]:
    """The OpenAPI document of the API."""
    module = importlib.import_module("arco.api.openapi")
    document: dict[str, Any] = msgspec.json.decode(module.openapi_document())
    return document


def body_meaning(body: str, field: str, *, described: dict[str, Any]) -> str:
    """What a field of a body means; "" when nothing says it."""
    for words in (BODY_WORDS, FIELD_WORDS):
        found = words.get(f"{body}.{field}") or words.get(field)
        if found and not described.get("description"):
            return found
    return str(described.get("description", ""))


def body_fields() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every field of every body: the body, the field, and how OpenAPI describes it."""
    for body, schema in openapi().get("components", {}).get("schemas", {}).items():
        for field, described in schema.get("properties", {}).items():
            yield body, field, described


def _spelled(value: Any) -> str:
    if value is msgspec.NODEFAULT:
        return ""
    return '""' if value == "" else str(value)


def _command(name: str, command: Any) -> str:
    import click

    context = click.Context(command, info_name=name)
    usage = f"```\n{command.get_usage(context).removeprefix('Usage: ')}\n```"
    documented = inspect.cleandoc(command.help or "")
    rows = [record for parameter in command.params if (record := _option(parameter, context))]
    options = table(("Option", "Meaning"), rows) if rows else ""
    examples = _examples(command.epilog or "")
    return section(name, documented, usage, *filter(None, (options, examples)))


def _option(parameter: Any, context: Any) -> tuple[str, str] | None:
    record = parameter.get_help_record(context) if parameter.param_type_name == "option" else None
    return (code(record[0]), record[1]) if record else None


def _examples(epilog: str) -> str:
    text = inspect.cleandoc(epilog.replace("\b", "")).strip()
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    lines = [line.removeprefix("Example:").removeprefix("Examples:").strip() for line in lines]
    lines = [REMARK.sub("  # ", line) for line in lines if line]
    return "```bash\n" + "\n".join(lines) + "\n```" if lines else ""


def _route(path: str, method: str, *, operation: dict[str, Any]) -> str:
    text = operation.get("description") or operation.get("summary", "")
    parameters = [
        (
            code(item["name"]),
            item["in"] + ("" if item.get("required") else ", optional"),
            _schema_name(item.get("schema", {})),
            item.get("description", ""),
        )
        for item in operation.get("parameters", ())
    ]
    answers = [
        (status, _content(answer), answer.get("description", ""))
        for status, answer in operation.get("responses", {}).items()
    ]
    body = operation.get("requestBody")
    blocks = [
        text,
        table(("Parameter", "In", "Type", "Meaning"), parameters) if parameters else "",
        f"Body: {_content(body)}" if body else "",
        table(("Status", "Body", "Meaning"), answers),
    ]
    return section(f"{method.upper()} {path}", *filter(None, blocks))


def _body(name: str, schema: dict[str, Any]) -> str:
    required = schema.get("required", ())
    rows = [
        (
            code(field),
            _schema_name(kind) + ("" if field in required else ", optional"),
            body_meaning(name, field, described=kind),
        )
        for field, kind in schema.get("properties", {}).items()
    ]
    values = ", ".join(code(str(value)) for value in schema.get("enum", ()))
    blocks = [
        schema.get("description", ""),
        f"One of {values}." if values else "",
        table(("Field", "Type", "Meaning"), rows) if rows else "",
    ]
    return section(name, *filter(None, blocks), level=3)


def _content(described: dict[str, Any]) -> str:
    names = [
        _schema_name(media.get("schema", {})) or kind
        for kind, media in described.get("content", {}).items()
    ]
    return ", ".join(names)


def _tool(tool: Tool) -> str:
    required = tool.schema["required"]
    rows = [
        (
            code(name),
            _argument(described, tool.schema) + ("" if name in required else ", optional"),
            described["description"],
        )
        for name, described in tool.schema["properties"].items()
    ]
    offered = "Only with `--allow-writes`." if tool.writes else ""
    arguments = table(("Argument", "Type", "Meaning"), rows) if rows else "It takes no arguments."
    return section(tool.name, *filter(None, (tool.description, offered, arguments)))


def _argument(described: dict[str, Any], schema: dict[str, Any]) -> str:
    """The type of an argument, or the values that it may have."""
    if "enum" in described:
        return ", ".join(code(str(value)) for value in described["enum"])
    if "$ref" in described:
        return _argument(schema["$defs"][described["$ref"].rsplit("/", 1)[-1]], schema)
    return _schema_name(described)


def _schema_name(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    parts = schema.get("oneOf") or schema.get("anyOf") or ()
    if parts:
        return " or ".join(_schema_name(part) for part in parts)
    if schema.get("type") == "array":
        inner = _schema_name(schema.get("items", {}))
        return f"list of {inner}" if inner else "list"
    kind = schema.get("type", "")
    return sentence(" or ".join(kind) if isinstance(kind, list) else kind)
