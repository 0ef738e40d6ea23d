"""Error codes: what the code raises, against what `arco.codes` lists.

`python -m tests.tidy.codes` prints the lines that are missing; with `--write` it puts them in.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from tests.tidy.source import (
    ROOT,
    Finding,
    Module,
    Sources,
    assigned_names,
    read_sources,
)

LISTING = "arco.codes"
LISTING_PATH = "src/arco/codes.py"
SHAPE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*\Z")
MEANING_CHARACTERS_MAX = 60

# Modules that rebuild an error from its wire form, where the code is data.
REBUILDERS = ("arco.sdk.client", "arco.sdk.wire", "arco.cli.client", "arco.errors")


# Codes of invented domains and of broken stores: no user meets them.
PRETENDED = "arco.testing"


@dataclass(frozen=True)
class Use:
    """A code as one place raises it; `code` is None when it is no literal."""

    module: Module
    node: ast.AST
    code: str | None
    error: str
    message: str


def listed_codes(sources: Sources) -> Iterator[Finding]:
    """Codes that are raised and not listed, listed and not raised, or listed otherwise."""
    listing = read_listing(sources)
    found = list(uses(sources))
    for use in found:
        yield from _judge(use, listing)
    raised = {use.code for use in found}
    for code in listing:
        if code not in raised:
            yield Finding(LISTING_PATH, 1, f"{code} is listed and nothing raises it")
        if not listing[code][1]:
            yield Finding(LISTING_PATH, 1, f"{code}: say in one line what it means")
    if list(listing) != sorted(listing):
        yield Finding(LISTING_PATH, 1, "codes stand in alphabetical order")


def read_listing(sources: Sources) -> dict[str, tuple[str, str]]:
    """Code -> (class, meaning), read from the source so that no import is needed."""
    module = sources.by_name.get(LISTING)
    statements = module.tree.body if module else []
    for statement in statements:
        if isinstance(statement, ast.AnnAssign) and ast.unparse(statement.target) == "CODES":
            assert statement.value is not None
            listing: dict[str, tuple[str, str]] = ast.literal_eval(statement.value)
            return listing
    return {}


def uses(sources: Sources) -> Iterator[Use]:
    """Every place where an error of ours is made."""
    makers = sources.error_classes - _with_own_code(sources)
    for module in sources.shipped:
        if module.name.startswith(PRETENDED):
            continue
        constants = dict(_string_constants(module))
        owners = _errors_around(module, sources)
        for call in module.nodes(ast.Call):
            error = _error_made(call, makers=makers, owners=owners)
            if error and (call.args or call.keywords):
                yield from _uses_of(module, call, error=error, constants=constants)


def missing(sources: Sources) -> dict[str, tuple[str, str]]:
    """What has to be added to the listing, meaning taken from the message."""
    listing = read_listing(sources)
    return {
        use.code: (use.error, use.message)
        for use in uses(sources)
        if use.code is not None and use.code not in listing
    }


def render(listing: dict[str, tuple[str, str]]) -> str:
    """The lines of `CODES`, sorted."""
    lines = []
    for code, (error, meaning) in sorted(listing.items()):
        first = f'    "{code}": ({json.dumps(error)}, {json.dumps(meaning, ensure_ascii=False)}),'
        lines.append(first)
    return "\n".join(lines)


def main(arguments: list[str]) -> None:
    """Print the missing lines, or write them into the listing."""
    sources = read_sources(ROOT)
    lines = missing(sources)
    print(render(lines) or "every code is listed")
    if "--write" in arguments and lines:
        path = ROOT / LISTING_PATH
        text = path.read_text("utf-8")
        head, _, rest = text.partition("] = {\n")
        tail = rest.partition("\n}\n")[2]
        body = render(read_listing(sources) | lines)
        path.write_text(f"{head}] = {{\n{body}\n}}\n{tail}", "utf-8")


def _judge(use: Use, listing: dict[str, tuple[str, str]]) -> Iterator[Finding]:
    where = use.module
    if use.code is None:
        if where.name not in REBUILDERS:
            yield where.finding(use.node, f"{use.error}: write the code as a literal")
    elif not SHAPE.match(use.code):
        yield where.finding(use.node, f"{use.code!r} is no UPPER_SNAKE code")
    elif use.code not in listing:
        yield where.finding(use.node, f"{use.code} is not listed: python -m tests.tidy.codes")
    elif listing[use.code][0] != use.error:
        listed = listing[use.code][0]
        yield where.finding(use.node, f"{use.code} is listed as {listed}, raised as {use.error}")


def _error_made(call: ast.Call, *, makers: frozenset[str], owners: dict[ast.AST, str]) -> str:
    """The error class that the call makes, or "": `Invalid(...)`, or `super().__init__(...)`."""
    function = call.func
    name = function.attr if isinstance(function, ast.Attribute) else ""
    name = function.id if isinstance(function, ast.Name) else name
    if name == "__init__":
        return owners.get(call, "")
    return name if name in makers else ""


def _with_own_code(sources: Sources) -> set[str]:
    """Errors whose `__init__` fixes the code: their callers give none."""
    return {
        node.name
        for module in sources.shipped
        for node in module.nodes(ast.ClassDef)
        if node.name in sources.error_classes - {"ArcoError"}
        and any(isinstance(item, ast.FunctionDef) and item.name == "__init__" for item in node.body)
    }


def _errors_around(module: Module, sources: Sources) -> dict[ast.AST, str]:
    """Each node inside an error class below ArcoError -> that class."""
    return {
        inner: owner.name
        for owner in module.nodes(ast.ClassDef)
        if owner.name in sources.error_classes - {"ArcoError"}
        for inner in ast.walk(owner)
    }


def _uses_of(
    module: Module, call: ast.Call, *, error: str, constants: dict[str, str]
) -> Iterator[Use]:
    named = {item.arg: item.value for item in call.keywords}
    first = call.args[0] if call.args else named.get("code")
    second = call.args[1] if len(call.args) > 1 else named.get("message")
    choices = [first.body, first.orelse] if isinstance(first, ast.IfExp) else [first]
    for choice in choices:
        yield Use(module, call, _text(choice, constants), error, _meaning(second))


def _text(node: ast.expr | None, constants: dict[str, str]) -> str | None:
    if isinstance(node, ast.Name):
        return constants.get(node.id)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _meaning(node: ast.expr | None) -> str:
    """The message with `{}` for what is filled in, cut to one line."""
    if isinstance(node, ast.JoinedStr):
        text = "".join(
            str(item.value) if isinstance(item, ast.Constant) else "{}" for item in node.values
        )
    else:
        text = str(node.value) if isinstance(node, ast.Constant) else ""
    sentence = " ".join(text.split())
    cut = sentence[:MEANING_CHARACTERS_MAX].rsplit(" ", 1)[0]
    return sentence if len(sentence) <= MEANING_CHARACTERS_MAX else f"{cut} ..."


def _string_constants(module: Module) -> Iterator[tuple[str, str]]:
    for statement in module.tree.body:
        value = getattr(statement, "value", None)
        if not isinstance(value, ast.Constant) or not isinstance(value.value, str):
            continue
        for name in assigned_names(statement):
            yield name, value.value


if __name__ == "__main__":
    main(sys.argv[1:])
