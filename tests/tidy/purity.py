"""Rules about what makes a program unrepeatable: clocks, chance, environment; and about mocks.

Time and chance come through the Runtime port, settings through one file, so a seed replays a bug.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from fnmatch import fnmatchcase

from tests.tidy.source import Finding, Module

CLOCK, CHANCE, ENVIRONMENT = "clock", "chance", "environment"

# Names (with everything below them) that read the world behind the program's back.
IMPURE = {
    "datetime.date.today": CLOCK,
    "datetime.datetime.now": CLOCK,
    "datetime.datetime.today": CLOCK,
    "datetime.datetime.utcnow": CLOCK,
    "time": CLOCK,
    "random": CHANCE,
    "secrets": CHANCE,
    "uuid": CHANCE,
    "uuid_utils": CHANCE,
    "numpy.random": CHANCE,
    "os.urandom": CHANCE,
    "os.environ": ENVIRONMENT,
    "os.environb": ENVIRONMENT,
    "os.getenv": ENVIRONMENT,
    "os.putenv": ENVIRONMENT,
    "os.unsetenv": ENVIRONMENT,
}
# Parts of the same modules that compute from what they are given.
PURE = ("time.strptime", "time.struct_time", "uuid.UUID")
# Importing these is harmless: what is used of them is judged.
JUDGED_BY_USE = frozenset({"time", "uuid"})

# Module pattern -> what it may read, and why.
HOMES: dict[str, tuple[frozenset[str], str]] = {
    "arco.runtime": (frozenset({CLOCK, CHANCE}), "the one implementation of the Runtime port"),
    "arco.service.settings": (frozenset({ENVIRONMENT}), "the one reader of settings"),
    "arco.cli.terminal": (
        frozenset({CLOCK, ENVIRONMENT}),
        "draws progress and honours NO_COLOR: nothing durable depends on it",
    ),
    "arco.execution.worker*": (
        frozenset({CLOCK, ENVIRONMENT}),
        "a process around user code: it stamps its answers and prepares the user's environment",
    ),
    "tests.*": (frozenset({CLOCK, ENVIRONMENT}), "watches real processes from outside"),
    "bench.*": (frozenset({CLOCK, ENVIRONMENT}), "measures"),
    "examples.*": (frozenset({CLOCK, ENVIRONMENT}), "user code"),
}

MOCKS = ("unittest.mock", "mock", "pytest_mock", "asynctest")
EXCUSES = (
    "pytest.skip",
    "pytest.xfail",
    "pytest.importorskip",
    "pytest.mark.skip",
    "pytest.mark.skipif",
    "pytest.mark.xfail",
    "unittest.skip",
    "unittest.skipIf",
    "unittest.skipUnless",
    "unittest.expectedFailure",
)
# Module -> what it may leave out, and who notices.
EXCUSED = {
    "tests.contract.needs": "tests on tools that are no Python packages; named at the end, and CI"
    " fails instead",
}


def repeatable(module: Module) -> Iterator[Finding]:
    """Reads of a clock, of chance or of the environment outside their one file."""
    allowed = _allowed(module.name)
    for node, name in _names(module):
        kind = _kind(name)
        if kind is not None and kind not in allowed:
            yield module.finding(node, f"{name} reads {kind}: ask the Runtime or the settings")


def mocks(module: Module) -> Iterator[Finding]:
    """Mocks: a fake that passes the contract suite takes their place."""
    for node, name in _names(module):
        if _is_below(name, MOCKS):
            yield module.finding(node, f"{name}: use a fake that passes the contract suite")


def excuses(module: Module) -> Iterator[Finding]:
    """Tests that are skipped or expected to fail."""
    if module.name in EXCUSED:
        return
    for node, name in _names(module):
        if _is_below(name, EXCUSES):
            yield module.finding(node, f"{name}: a test that does not run proves nothing")


def _names(module: Module) -> Iterator[tuple[ast.AST, str]]:
    """Every imported name, and every dotted use of one, each with the full name it stands for."""
    for node in module.nodes(ast.Import):
        for alias in node.names:
            if alias.name not in JUDGED_BY_USE:
                yield node, alias.name
    for origin in module.nodes(ast.ImportFrom):
        for alias in origin.names:
            yield origin, f"{origin.module}.{alias.name}"
    for attribute in module.nodes(ast.Attribute):
        name = module.dotted(attribute)
        if name:
            yield attribute, name


def _kind(name: str) -> str | None:
    if _is_below(name, PURE):
        return None
    return next((kind for impure, kind in IMPURE.items() if _is_below(name, (impure,))), None)


def _is_below(name: str, heads: tuple[str, ...]) -> bool:
    return any(name == head or name.startswith(head + ".") for head in heads)


def _allowed(module: str) -> frozenset[str]:
    granted = [kinds for pattern, (kinds, _) in HOMES.items() if fnmatchcase(module, pattern)]
    return frozenset().union(*granted)
