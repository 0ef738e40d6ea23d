"""Rules about size: files, bodies, parameters, nesting, lines.

Admired projects regret files that grew for years; nobody ever shrinks them back.
"""

from __future__ import annotations

import ast
import statistics
from collections.abc import Iterator

from tests.tidy.source import (
    Finding,
    Function,
    Module,
    Sources,
    body_without_docstring,
    is_fixture,
)

FILE_LINES_MAX = 400
TEST_FILE_LINES_MAX = 500
BODY_LINES_MAX = 40
BODY_LINES_MEDIAN_MAX = 10
PARAMETERS_MAX = 5
POSITIONAL_MAX = 2
NESTING_MAX = 3
LINE_CHARACTERS_MAX = 100

# Modules whose functions may take more than two positional parameters, and why.
POSITIONAL_EXEMPT = {
    "arco.ids": "parameters stand in the order of the identifier they build",
    "arco.store.keys": "parameters stand in the order of the object name they build",
}
# Packages whose decorated functions get their parameters from a framework.
FRAMEWORK_PACKAGES = ("arco.api", "arco.ui", "arco.cli")

LOOPS = (ast.For, ast.AsyncFor, ast.While)
BLOCKS = (ast.With, ast.AsyncWith)


def file_length(module: Module) -> Iterator[Finding]:
    """Files that are too long."""
    limit = TEST_FILE_LINES_MAX if module.is_test else FILE_LINES_MAX
    count = len(module.lines)
    if count > limit:
        yield module.finding(limit + 1, f"{count} lines, at most {limit}: split it by noun")


def line_length(module: Module) -> Iterator[Finding]:
    """Lines that are too long."""
    for number, line in enumerate(module.lines, 1):
        if len(line) > LINE_CHARACTERS_MAX:
            message = f"{len(line)} characters, at most {LINE_CHARACTERS_MAX}"
            yield module.finding(number, message)


def body_length(module: Module) -> Iterator[Finding]:
    """Functions whose body is too long."""
    for function in module.functions:
        count = body_lines(function)
        if count > BODY_LINES_MAX:
            message = f"{function.name}: body of {count} lines, at most {BODY_LINES_MAX}"
            yield module.finding(function, message)


def median_body(sources: Sources) -> Iterator[Finding]:
    """The package, if half of its bodies have ten lines or more."""
    lengths = [body_lines(function) for module in sources.shipped for function in module.functions]
    median = statistics.median(lengths) if lengths else 0
    if median >= BODY_LINES_MEDIAN_MAX:
        message = f"median body of {median} lines, must stay under {BODY_LINES_MEDIAN_MAX}"
        yield Finding("src", 1, message)


def parameters(module: Module) -> Iterator[Finding]:
    """Functions with too many parameters, or too many that are given by position."""
    for function in module.functions:
        if _is_called_by_others(module, function):
            continue
        positional, everything = _parameter_counts(module, function)
        if everything > PARAMETERS_MAX:
            message = f"{function.name}: {everything} parameters, at most {PARAMETERS_MAX}"
            yield module.finding(function, message)
        if positional > POSITIONAL_MAX and not _may_be_positional(module, function):
            message = f"{function.name}: keyword-only after parameter {POSITIONAL_MAX}"
            yield module.finding(function, message)


def nesting(module: Module) -> Iterator[Finding]:
    """Functions with blocks in blocks in blocks in blocks."""
    for function in module.functions:
        depth = _depth(function.body, 0)
        if depth > NESTING_MAX:
            message = f"{function.name}: nested {depth} deep, at most {NESTING_MAX}"
            yield module.finding(function, message)


def body_lines(function: Function) -> int:
    """Physical lines from the first statement after the docstring to the end."""
    body = body_without_docstring(function)
    if not body:
        return 0
    return (body[-1].end_lineno or 0) - body[0].lineno + 1


def _is_called_by_others(module: Module, function: Function) -> bool:
    """Parameters that are the user's surface or a framework's contract are not ours to count."""
    if function.name.startswith("__") and function.name.endswith("__"):
        return True
    if module.name.startswith(FRAMEWORK_PACKAGES):
        return bool(function.decorator_list)
    return module.name.startswith("arco.sdk") and not function.name.startswith("_")


def _may_be_positional(module: Module, function: Function) -> bool:
    """Builders of names, and test functions, which pytest calls by keyword."""
    if module.is_test or module.name.startswith("arco.testing"):
        return is_fixture(function) or function.name.startswith("test_")
    return module.name in POSITIONAL_EXEMPT


def _parameter_counts(module: Module, function: Function) -> tuple[int, int]:
    """How many may be given by position, and how many there are; `self` and `cls` left out."""
    signature = function.args
    positional = len(signature.posonlyargs) + len(signature.args)
    decorators = {ast.unparse(item) for item in function.decorator_list}
    if function in module.methods and "staticmethod" not in decorators:
        positional -= 1
    stars = (signature.vararg is not None) + (signature.kwarg is not None)
    return positional, positional + len(signature.kwonlyargs) + stars


def _depth(statements: list[ast.stmt], level: int) -> int:
    """The deepest level below; nested functions are judged on their own."""
    return max((_statement_depth(item, level) for item in statements), default=level)


def _statement_depth(statement: ast.stmt, level: int) -> int:
    """The deepest level in one statement; an `elif` stands beside its `if`."""
    if isinstance(statement, ast.If):
        rest = statement.orelse
        chained = len(rest) == 1 and isinstance(rest[0], ast.If)
        return max(_depth(statement.body, level + 1), _depth(rest, level if chained else level + 1))
    blocks = _blocks(statement)
    return max((_depth(block, level + 1) for block in blocks), default=level)


def _blocks(statement: ast.stmt) -> list[list[ast.stmt]]:
    """The inner blocks of a compound statement that is no `if` and no definition."""
    if isinstance(statement, LOOPS):
        return [statement.body, *([statement.orelse] if statement.orelse else [])]
    if isinstance(statement, BLOCKS):
        return [statement.body]
    if isinstance(statement, ast.Try | ast.TryStar):
        handlers = [handler.body for handler in statement.handlers]
        others = [block for block in (statement.orelse, statement.finalbody) if block]
        return [statement.body, *handlers, *others]
    if isinstance(statement, ast.Match):
        return [case.body for case in statement.cases]
    return []
