"""The projects on the pages for those who come from elsewhere deploy, and their tests pass."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from arco.execution.compile import compile_project

PAGES = Path(__file__).parents[2] / "docs" / "how-to"
BLOCK = re.compile(r"^```(python|toml)\n(.*?)^```$", re.S | re.M)


@pytest.fixture(autouse=True)
def _clean_imports() -> Iterator[None]:
    path = list(sys.path)
    yield
    sys.path[:] = path
    sys.modules.pop("assets", None)


@pytest.mark.parametrize("page", ["from-dagster", "from-airflow"])
def test_the_project_on_the_page_deploys_and_its_test_passes(page: str, tmp_path: Path) -> None:
    blocks = BLOCK.findall((PAGES / f"{page}.md").read_text("utf-8"))
    assert [kind for kind, _ in blocks] == ["python", "toml", "python"]
    assets, settings, test = (text for _, text in blocks)
    (tmp_path / "assets.py").write_text(assets)
    (tmp_path / "pyproject.toml").write_text(settings)
    compiled = compile_project(tmp_path)
    assert compiled.manifest is not None, compiled.problems
    assert [each.key for each in compiled.manifest.assets] == ["shop.orders", "shop.revenue"]
    assert len(compiled.schedules) == 1
    module: ModuleType = sys.modules["assets"]
    exec(test, vars(module))
    tests = [found for name, found in vars(module).items() if name.startswith("test_")]
    for each in tests:
        each()
    assert len(tests) == 1
