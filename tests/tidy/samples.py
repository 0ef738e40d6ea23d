"""For each rule, sources that break it and sources that keep it.

A sample is a dict of path -> text; the path decides which module the text pretends to be.
"""

from __future__ import annotations

from typing import TypeAlias

Sample: TypeAlias = dict[str, str]

LONG = "\n".join
HEAD = '"""A module."""\n\nfrom __future__ import annotations\n\n'


def body(lines: int) -> str:
    """A function with that many lines below its docstring."""
    return LONG(["def compute():", '    """Docs."""', *["    pass"] * lines, ""])


def nested(blocks: int) -> str:
    """A function with that many blocks in each other."""
    heads = ["if a:", "for b in c:", "with d:", "while e:"]
    inner = [f"{'    ' * (level + 1)}{heads[level]}" for level in range(blocks)]
    return LONG(["def walk(a, c, /):", *inner, "    " * (blocks + 1) + "pass", ""])


def at(path: str, text: str) -> Sample:
    """One file."""
    return {path: text}


ENGINE, DOMAIN, TEST = "src/arco/engine/log.py", "src/arco/catalog/names.py", "tests/unit/test_a.py"

# rule -> (samples that break it, samples that keep it)
MODULE_SAMPLES: dict[str, tuple[list[Sample], list[Sample]]] = {
    "a file stays short": (
        [at(ENGINE, "x = 1\n" * 401), at(TEST, "x = 1\n" * 501)],
        [at(ENGINE, "x = 1\n" * 400), at(TEST, "x = 1\n" * 500)],
    ),
    "a line stays short": ([at(ENGINE, "#" * 101)], [at(ENGINE, "#" * 100)]),
    "a function body stays short": ([at(ENGINE, body(41))], [at(ENGINE, body(40))]),
    "a function takes few parameters": (
        [
            at(ENGINE, "def f(a, b, *, c, d, e, g): ..."),
            at(ENGINE, "def f(a, b, c): ..."),
            at(ENGINE, "class C:\n    def f(self, a, b, c): ..."),
            at(ENGINE, "class C:\n    @staticmethod\n    def f(a, b, c): ..."),
            at("src/arco/sdk/assets.py", "def _f(a, b, c): ..."),
            at("src/arco/api/tables.py", "def f(a, b, c): ..."),
            at(TEST, "def build(a, b, c): ..."),
        ],
        [
            at(ENGINE, "def f(a, b, *, c, d, e): ..."),
            at(ENGINE, "class C:\n    def f(self, a, b, *, c): ..."),
            at(ENGINE, "class C:\n    def __init__(self, a, b, c, d, e, g): ..."),
            at("src/arco/sdk/assets.py", "def asset(a, b, c, d, e, g): ..."),
            at("src/arco/cli/run.py", "@command\ndef run(a, b, c, d, e, g): ..."),
            at("src/arco/store/keys.py", "def payload(a, b, c): ..."),
            at(TEST, "def test_f(a, b, c): ..."),
        ],
    ),
    "blocks nest no deeper than three": (
        [
            at(ENGINE, nested(4)),
            at(
                ENGINE,
                "def f(a):\n" + nested(4).replace("\n", "\n    ").replace("def", "    def", 1),
            ),
            at(
                ENGINE,
                "def f(a):\n if a:\n  try:\n   match a:\n    case 1:\n     if a: pass\n"
                "  finally: a",
            ),
        ],
        [
            at(ENGINE, nested(3)),
            at(
                ENGINE,
                "def f(a):\n if a: pass\n elif a: pass\n elif a: pass\n elif a: pass\n else: a",
            ),
            at(ENGINE, "def f(a):\n if a:\n  for b in a:\n   def g(c):\n    if c: pass\n"),
        ],
    ),
    "libraries live in their home": (
        [
            at(ENGINE, "import pyarrow as pa"),
            at(ENGINE, "from pyarrow import parquet"),
            at(ENGINE, "import asyncio"),
            at(ENGINE, "import requests"),
            at(ENGINE, "def f():\n    import duckdb"),
        ],
        [
            at("src/arco/engine/parquet.py", "import pyarrow as pa"),
            at("src/arco/runtime.py", "import asyncio"),
            at(ENGINE, "import json, msgspec"),
            at(TEST, "import pyarrow"),
        ],
    ),
    "imports stand at the top": (
        [
            at(ENGINE, "def f():\n    import json"),
            at(ENGINE, "def f():\n    from arco.errors import Invalid"),
            at(ENGINE, "class C:\n    def f(self):\n        import pyarrow"),
            at("src/arco/api/tables.py", "def f():\n    import litestar"),
        ],
        [
            at("src/arco/formats/delta.py", "def f():\n    import deltalake"),
            at("src/arco/query/worker.py", "def f():\n    import pyarrow.parquet as pq"),
            at(ENGINE, "import json\n"),
        ],
    ),
    "nothing is imported by name": (
        [
            at(ENGINE, "import importlib\nimportlib.import_module('json')"),
            at(ENGINE, "from importlib import import_module\nimport_module('json')"),
            at(ENGINE, "__import__('json')"),
            at(ENGINE, "import importlib\nimportlib.import_module('polars')"),
            at("src/arco/formats/arrow.py", "import importlib\nimportlib.import_module('json')"),
        ],
        [
            at("src/arco/cli/__init__.py", "import importlib\nimportlib.import_module('json')"),
            at("src/arco/formats/arrow.py", "import importlib\nimportlib.import_module('polars')"),
        ],
    ),
    "imports are absolute": (
        [at(ENGINE, "from . import commit"), at(ENGINE, "from ..errors import Invalid")],
        [at(ENGINE, "from arco.engine import commit")],
    ),
    "time, chance and environment come in by one door": (
        [
            at(ENGINE, "import time\ntime.monotonic()"),
            at(ENGINE, "import time as clock\nclock.time()"),
            at(ENGINE, "from time import sleep"),
            at(ENGINE, "from datetime import datetime\ndatetime.now()"),
            at(ENGINE, "import datetime\ndatetime.datetime.utcnow()"),
            at(ENGINE, "from datetime import date as day\nday.today()"),
            at(ENGINE, "import random"),
            at(ENGINE, "from uuid import uuid4"),
            at(ENGINE, "import uuid\nuuid.uuid4()"),
            at(ENGINE, "import os\nos.environ['HOME']"),
            at(ENGINE, "from os import getenv"),
            at("src/arco/service/settings.py", "import time\ntime.time()"),
            at(TEST, "import random"),
        ],
        [
            at("src/arco/runtime.py", "import time\ntime.monotonic()"),
            at("src/arco/service/settings.py", "import os\nos.environ['HOME']"),
            at(ENGINE, "from datetime import datetime, time\ndatetime.fromisoformat('')\ntime.max"),
            at(ENGINE, "runtime.now()\nself.clock.time()"),
            at(ENGINE, "import uuid\nuuid.UUID('')"),
            at(TEST, "import time\ntime.monotonic()"),
        ],
    ),
    "nothing is mocked": (
        [
            at(TEST, "from unittest.mock import Mock"),
            at(TEST, "from unittest import mock"),
            at(TEST, "import pytest_mock"),
        ],
        [at(TEST, "def test_a(monkeypatch):\n    monkeypatch.setenv('A', '1')")],
    ),
    "no test is excused": (
        [
            at(TEST, "import pytest\n@pytest.mark.skip\ndef test_a(): ..."),
            at(TEST, "import pytest\n@pytest.mark.skipif(True, reason='')\ndef test_a(): ..."),
            at(TEST, "import pytest\npytest.importorskip('ray')"),
            at(TEST, "from pytest import mark\n@mark.xfail\ndef test_a(): ..."),
        ],
        [
            at(TEST, "import pytest\n@pytest.mark.parametrize('a', [1])\ndef test_a(a): ..."),
            at("tests/contract/needs.py", "import pytest\npytest.skip('no npm')"),
        ],
    ),
    "nothing is named after a drawer": (
        [
            at("src/arco/engine/utils.py", ""),
            at("src/arco/engine/log_helpers.py", ""),
            at("src/arco/common/log.py", ""),
            at(ENGINE, "class StoreManager: ..."),
            at(ENGINE, "class BaseStore: ..."),
        ],
        [
            at(ENGINE, "class Store: ..."),
            at("src/arco/engine/database.py", "class SnapshotBaseFile: ..."),
        ],
    ),
    "names tell no history": (
        [
            at("src/arco/engine/log_v2.py", ""),
            at(ENGINE, "def legacy_read(): ..."),
            at(ENGINE, "class CommitV2: ..."),
            at(ENGINE, "OLD_FORMAT = 1"),
            at(TEST, "def test_issue123(): ..."),
        ],
        [
            at("src/arco/catalog/events.py", "class TableCreatedV2: ..."),
            at("src/arco/catalog/reducers.py", "def table_created_v2(): ..."),
            at(ENGINE, "def uuid7(): ...\nclass S3Store: ...\ndef older_than(): ..."),
            at(TEST, "def test_an_old_writer_meets_a_new_reader(): ..."),
        ],
    ),
    "the engine names no business word": (
        [
            at("src/arco/engine/log.py", "def read_assets(): ..."),
            at("src/arco/engine/log.py", "x = 1  # a run's partitions"),
            at("src/arco/engine/log.py", "hint = 'name a catalog'"),
        ],
        [
            at("src/arco/engine/log.py", "name, _, rest = path.partition('/')"),
            at("src/arco/engine/log.py", "row = types.SimpleNamespace()"),
            at("src/arco/catalog/log.py", "def read_assets(): ..."),
        ],
    ),
    "comments say why instead of a number": (
        [at(ENGINE, "x = 1  # see issue 12"), at(ENGINE, "# mends #345\nx = 1")],
        [at(ENGINE, "# The store may answer twice.\nx = '#1'"), at(ENGINE, "# RFC 9562\nx = 1")],
    ),
    "a module says what it is": (
        [at(ENGINE, "x = 1"), at(TEST, "x = 1")],
        [at(ENGINE, '"""The log."""\nx = 1'), at("src/arco/engine/__init__.py", "")],
    ),
    "annotations are postponed": (
        [at(ENGINE, '"""The log."""\nimport json\n')],
        [at(ENGINE, HEAD), at(ENGINE, '"""Only words."""'), at(ENGINE, "")],
    ),
    "there are no stubs": (
        [
            at(ENGINE, "def f():\n    raise NotImplementedError"),
            at(ENGINE, "def f():\n    raise NotImplementedError('later')"),
        ],
        [
            at(ENGINE, "def f():\n    raise ValueError('no')"),
            at(
                ENGINE,
                "def hook(kind):\n    if kind is str: return 1\n    raise NotImplementedError",
            ),
            at(
                "src/arco/testing/store_contract.py",
                "class C:\n    @pytest.fixture\n    def f(self):\n"
                "        raise NotImplementedError('a subclass says')",
            ),
        ],
    ),
    "what a module offers stands at its bottom": (
        [at(ENGINE, "__all__ = ['f']\ndef f(): ...")],
        [
            at(ENGINE, "def f(): ...\n__all__ = ['f']"),
            at(ENGINE, "def f(): ...\n__all__ = ['f']\nif __name__ == '__main__':\n    f()"),
        ],
    ),
}

TEXT_SAMPLES: dict[str, tuple[list[Sample], list[Sample]]] = {
    "nothing is left for later": (
        [at("docs/a.md", "TODO: write"), at(ENGINE, "x = 1  # FIXME")],
        [at("docs/a.md", "What to do today."), at("tests/tidy/a.py", "TODO")],
    ),
    "no file names a machine or a registry": (
        [
            at("docs/a.md", "cd /home/someone/arco"),
            at("Makefile", "pip install -f /tmp/wheels arco"),
            at("a.cfg", "index = https://pypi.org/simple"),
        ],
        [at("docs/a.md", "cd my-project/tmp/ and open https://example.com/work/it")],
    ),
    "locks hold no addresses": (
        [
            at("requirements/run.txt", "a @ https://example.com/a.whl"),
            at("requirements/a", "-e ."),
            at("package-lock.json", '"resolved": "https://example.com/a.tgz"'),
        ],
        [at("requirements/run.txt", "httpx==1.0 --hash=sha256:00"), at("docs/a.md", "https://a.b")],
    ),
}
