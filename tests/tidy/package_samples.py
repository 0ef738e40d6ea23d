"""For each rule about the whole package, trees that break it and trees that keep it."""

from __future__ import annotations

from tests.tidy.samples import Sample, body

EMPTY = ""
CODE = "CODES: dict[str, tuple[str, str]] = "
ERRORS = "class ArcoError(Exception): ...\nclass Invalid(ArcoError): ...\n"


def tree(**files: str) -> Sample:
    """Modules of ours: `engine__log` is `src/arco/engine/log.py`."""
    return {f"src/arco/{name.replace('__', '/')}.py": text for name, text in files.items()}


def package(name: str, init: str, **files: str) -> Sample:
    """One package with that `__init__`, and its modules."""
    inner = {f"src/arco/{name}/{module}.py": text for module, text in files.items()}
    return {f"src/arco/{name}/__init__.py": init, **inner}


def coded(listing: str, text: str) -> Sample:
    """A listing of codes, and an engine module that raises some."""
    return tree(errors=ERRORS, codes=CODE + listing, engine__log=text)


DOCUMENTED = '"""Docs."""'

SOURCES_SAMPLES: dict[str, tuple[list[Sample], list[Sample]]] = {
    "half of the bodies are tiny": (
        [tree(engine__log=body(10) + body(2) + body(30))],
        [tree(engine__log=body(9) + body(2) + body(30)), tree(engine__log=EMPTY)],
    ),
    "every module has a room": (
        [tree(attic__boxes=EMPTY), tree(plumbing=EMPTY)],
        [tree(engine__log=EMPTY), tree(ids=EMPTY), {"src/arco/__init__.py": EMPTY}],
    ),
    "imports go down": (
        [
            tree(engine__log="import arco.service.loop", service__loop=EMPTY),
            tree(engine__log="from arco.catalog import names", catalog__names=EMPTY),
            tree(catalog__names="from arco.access.grants import x", access__grants=EMPTY),
            tree(store__local="from arco.engine.log import Log", engine__log=EMPTY),
            tree(store__local="def f():\n    from arco.engine import log", engine__log=EMPTY),
            tree(
                model="from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import arco.store",
                store__local=EMPTY,
            ),
            tree(sdk__assets="from arco.orchestration.plan import x", orchestration__plan=EMPTY),
            tree(sdk__assets="from arco.engine.log import x", engine__log=EMPTY),
            tree(ids="from arco.model import Event", model=EMPTY),
            tree(service__loop="import arco.testing.world", testing__world=EMPTY),
            tree(api__tables="from arco.cli.run import x", cli__run=EMPTY),
            {
                "src/arco/__init__.py": "NAMES = {'a': 'arco.engine.log'}",
                "src/arco/engine/log.py": EMPTY,
            },
        ],
        [
            tree(engine__log="from arco.store.port import Store\nimport arco.model", model=EMPTY),
            tree(service__loop="from arco.catalog.names import x\nfrom arco.engine.log import y"),
            tree(sdk__assets="from arco.orchestration.definitions import AssetDefinition"),
            tree(sdk__assets="from arco.errors import Invalid\nfrom arco.sdk.project import x"),
            tree(execution__worker="from arco.sdk.project import x\nimport arco.formats.delta"),
            tree(testing__world="from arco.query.pool import x"),
            {
                "src/arco/__init__.py": "NAMES = {'a': 'arco.sdk.assets'}",
                "src/arco/sdk/assets.py": EMPTY,
            },
        ],
    ),
    "imports run in no circle": (
        [
            tree(engine__a="import arco.engine.b", engine__b="from arco.engine.a import x"),
            tree(
                engine__a="import arco.engine.b",
                engine__b="import arco.engine.c",
                engine__c="def f():\n    import arco.engine.a",
            ),
            package("engine", "from arco.engine.a import x", a="from arco.engine import x"),
            {
                **package("store", "from arco.store.local import y", local="import arco.engine.a"),
                **package("engine", EMPTY, a="from arco.store.port import z"),
                "src/arco/store/port.py": EMPTY,
            },
        ],
        [
            tree(engine__a="import arco.engine.b", engine__b="import json"),
            package("engine", "from arco.engine.a import x", a="import arco.engine.b", b=EMPTY),
            package("engine", EMPTY, a="from arco.engine import b", b=EMPTY),
        ],
    ),
    "public things are described": (
        [
            tree(engine__log="def read(): ..."),
            tree(engine__log="class Log: ..."),
            tree(engine__log=f"class Log:\n    {DOCUMENTED}\n    def read(self): ..."),
        ],
        [
            tree(engine__log="def _read(): ...\nclass _Log: ..."),
            tree(engine__log=f"def read():\n    {DOCUMENTED}\n    def inner(): ..."),
            tree(
                store__port=f"class Store(Protocol):\n    {DOCUMENTED}\n    def get(self): ...",
                store__local=f"class LocalStore:\n    {DOCUMENTED}\n    def get(self): ...",
            ),
            tree(
                cli__run=f"import click\nclass Run(click.Group):\n    {DOCUMENTED}\n"
                "    def get_command(self): ..."
            ),
        ],
    ),
    "what is offered is what is used": (
        [
            tree(engine__log="def read(): ..."),
            tree(engine__log="def read(): ...\nclass Log: ...\n__all__ = ['read']"),
            tree(engine__log="def read(): ...\n__all__ = ['read', 'write']"),
            tree(engine__a="Line: TypeAlias = int", engine__b="from arco.engine.a import Line"),
            tree(engine__a="LIMIT = 1", engine__b="from arco.engine.a import LIMIT"),
            {
                "src/arco/engine/a.py": "LIMIT = 1\n__all__ = []",
                "tests/unit/test_a.py": "from arco.engine.a import LIMIT",
            },
        ],
        [
            tree(engine__log="LIMIT = 1\ndef read(): ...\n__all__ = ['read']"),
            tree(engine__log="def _read(): ...\nLIMIT = 1"),
            tree(
                engine__a="LIMIT = 1\n__all__ = ['LIMIT']",
                engine__b="from arco.engine.a import LIMIT",
            ),
            {"src/arco/__init__.py": "T = 'asset',\ndef __getattr__(n): ...\n__all__ = ['asset']"},
            package("engine", EMPTY, a="from arco.engine import b", b=EMPTY),
        ],
    ),
    "every error code is listed": (
        [
            coded("{}", "raise Invalid('LOST', 'It is lost.')"),
            coded("{'LOST': ('Invalid', 'It is lost.')}", EMPTY),
            coded("{'LOST': ('ArcoError', 'x')}", "raise Invalid('LOST', 'It is lost.')"),
            coded("{'B': ('Invalid', 'x'), 'A': ('Invalid', 'x')}", "Invalid('A')\nInvalid('B')"),
            coded("{'LOST': ('Invalid', '')}", "raise Invalid('LOST', 'It is lost.')"),
            coded("{'lost': ('Invalid', 'x')}", "raise Invalid('lost', 'It is lost.')"),
            coded("{}", "def f(code):\n    return Invalid(code, 'It is lost.')"),
            coded("{'A': ('Invalid', 'x')}", "raise Invalid('A' if x else 'B', 'x')"),
            coded(
                "{}",
                "class Lost(Invalid):\n    def __init__(self):\n"
                "        super().__init__('LOST', 'x')",
            ),
        ],
        [
            coded("{'LOST': ('Invalid', 'It is lost.')}", "raise Invalid('LOST', 'It is lost.')"),
            coded("{'LOST': ('Invalid', 'x')}", "LOST = 'LOST'\nraise errors.Invalid(LOST, 'x')"),
            coded(
                "{'A': ('Invalid', 'x'), 'B': ('Invalid', 'x')}",
                "raise Invalid('A' if x else 'B', 'x')",
            ),
            tree(
                errors=ERRORS, codes=CODE + "{}", testing__world="raise Invalid('FAKE_LOST', 'x')"
            ),
            coded(
                "{'LOST': ('Lost', 'x')}",
                "class Lost(Invalid):\n    def __init__(self, m):\n"
                "        super().__init__('LOST', m)\nraise Lost('really')",
            ),
        ],
    ),
}
