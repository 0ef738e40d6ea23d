"""Which edits change a code version, and which do not."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from arco.sdk.code_version import CodeVersions, sql_version
from arco.sdk.source import ProjectSource

ASSETS = '''
import os
import lib.clean as cleaning
from arco import asset
from lib import LIMIT, tidy as tidied
from lib.shapes import Shape as S

FACTOR = 3
UNUSED = 1

def local(x):
    """Doc."""
    return x * FACTOR

@asset("a.b", tags=["x"])
def flights(raw, helper=None):
    """Says what it does."""
    # A comment.
    return local(tidied(raw)) + LIMIT + S.area(raw) + cleaning.strip(raw)

def factory(url):
    @asset("a.c")
    def made(made_by=url):
        def again(n):
            return again(n - 1) if n else local(url)
        return again(2)
    return made

made_one = factory("one")

@asset("a.d")
def reads_parameter(local):
    return local
'''
LIB = "LIMIT = 10\nOTHER = 1\nfrom lib.inner import tidy\n"
INNER = "from lib import OTHER\ndef tidy(x):\n    return deeper(x)\ndef deeper(x):\n    return x\n"
CLEAN = "def strip(x):\n    return x\ndef unused(x):\n    return x\n"
SHAPES = (
    "class Base:\n    side = 2\nclass Shape(Base):\n    @staticmethod\n    def area(x): return x\n"
)
FILES = {
    "assets.py": ASSETS,
    "lib/__init__.py": LIB,
    "lib/inner.py": INNER,
    "lib/clean.py": CLEAN,
    "lib/shapes.py": SHAPES,
}


@pytest.fixture(autouse=True)
def _no_leftovers() -> Iterator[None]:
    path = list(sys.path)
    yield
    sys.path[:] = path
    forget()


def forget() -> None:
    for name in [name for name in sys.modules if name.split(".")[0] in ("assets", "lib")]:
        del sys.modules[name]


def versions(folder: Path, file: str = "", *, before: str = "", after: str = "") -> dict[str, str]:
    """Function -> version of a project in which `before` stands as `after` in `file`."""
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name == file:
            assert before in text
            text = text.replace(before, after)
        path.write_text(text)
    forget()
    sys.path.insert(0, str(folder))
    sys.dont_write_bytecode = True
    importlib.invalidate_caches()
    module = importlib.import_module("assets")
    found = CodeVersions(ProjectSource((folder,), sys.modules))
    sys.path.remove(str(folder))
    names = ("flights", "made_one", "reads_parameter")
    return {name: found.of(getattr(module, name)) for name in names}


@pytest.mark.parametrize(
    ("file", "before", "after"),
    [
        ("assets.py", "# A comment.", "# Another comment.\n"),
        ("assets.py", "Says what it does.", "Says it differently."),
        ("assets.py", '"""Doc."""', ""),
        ("assets.py", "import os", "import os\n\n\n"),
        ("assets.py", "return x * FACTOR", "return (x *\n        FACTOR)"),
        ("assets.py", 'tags=["x"]', 'tags=["y"], owners=["me"]'),
        ("assets.py", "UNUSED = 1", "UNUSED = 2"),
        ("lib/clean.py", "def unused(x):\n    return x", "def unused(x):\n    return 2"),
        ("lib/__init__.py", "OTHER = 1", "OTHER = 2"),
    ],
)
def test_an_edit_that_changes_no_behaviour_keeps_the_version(
    tmp_path: Path, file: str, before: str, after: str
) -> None:
    first = versions(tmp_path / "one")
    assert versions(tmp_path / "two", file, before=before, after=after) == first


@pytest.mark.parametrize(
    ("file", "before", "after"),
    [
        ("assets.py", "+ LIMIT", "- LIMIT"),
        ("assets.py", "FACTOR = 3", "FACTOR = 4"),
        ("assets.py", "return x * FACTOR", "return x + FACTOR"),
        ("lib/__init__.py", "LIMIT = 10", "LIMIT = 11"),
        ("lib/inner.py", "return deeper(x)", "return -deeper(x)"),
        ("lib/inner.py", "def deeper(x):\n    return x", "def deeper(x):\n    return 2"),
        ("lib/clean.py", "def strip(x):\n    return x", "def strip(x):\n    return 2"),
        ("lib/shapes.py", "side = 2", "side = 3"),
        ("assets.py", "helper=None", "helper=UNUSED"),
    ],
)
def test_an_edit_of_anything_the_function_reaches_changes_the_version(
    tmp_path: Path, file: str, before: str, after: str
) -> None:
    first = versions(tmp_path / "one")
    second = versions(tmp_path / "two", file, before=before, after=after)
    assert second["flights"] != first["flights"]
    assert second["reads_parameter"] == first["reads_parameter"]


def test_what_a_factory_passes_in_is_part_of_the_version(tmp_path: Path) -> None:
    first = versions(tmp_path / "one")
    second = versions(
        tmp_path / "two", "assets.py", before='factory("one")', after='factory("two")'
    )
    changed = {name for name in first if first[name] != second[name]}
    assert changed == {"made_one"}


def test_a_parameter_that_is_spelled_like_a_function_is_not_that_function(tmp_path: Path) -> None:
    first = versions(tmp_path / "one")
    second = versions(tmp_path / "two", "assets.py", before="x * FACTOR", after="x")
    assert second["reads_parameter"] == first["reads_parameter"]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("select a from t", "select  a -- why\nfrom t", True),
        ("select a from t", "/* x */ select a\tfrom t", True),
        ("select ' -- no comment'", "select ' -- no  comment'", False),
        ("select a from t", "select b from t", False),
        ("select a b", "select ab", False),
    ],
)
def test_white_space_and_comments_do_not_change_the_version_of_a_statement(
    one: str, other: str, same: bool
) -> None:
    assert (sql_version(one) == sql_version(other)) is same
