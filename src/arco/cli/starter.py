"""The project that `arco init` writes: two small assets, a check, a test, and what to do next."""

from __future__ import annotations

import re
from pathlib import Path

from arco.errors import AlreadyExists

NAME_FALLBACK = "project"

PYPROJECT = """\
[project]
name = "{name}"
version = "0.1.0"
requires-python = ">=3.11"
dependencies = ["arco"]

[tool.arco]
name = "{name}"
modules = ["assets"]

[tool.pytest.ini_options]
pythonpath = ["."]
"""

ASSETS = '''\
"""The assets of {name}: each function makes one table."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from arco import MonthlyPartitions, asset, check


@asset(namespace="{name}")
def orders() -> pa.Table:
    """Every order: replace this with where your data comes from."""
    return pa.table(
        {{
            "order_id": [1, 2, 3, 4],
            "month": ["2025-01", "2025-01", "2025-02", "2025-03"],
            "amount": [20.0, 35.5, 12.0, 99.9],
        }}
    )


@asset(namespace="{name}", partitions=MonthlyPartitions(start="2025-01", end="2025-04"))
def revenue(context, orders: pa.Table) -> pa.Table:
    """Orders and revenue of one month."""
    month = context.partition["month"].strftime("%Y-%m")
    mine = orders.filter(pc.equal(orders["month"], month))
    print(f"{{mine.num_rows}} orders in {{month}}")
    return pa.table({{"orders": [mine.num_rows], "revenue": [pc.sum(mine["amount"]).as_py()]}})


@check(asset=revenue)
def revenue_is_positive(data: pa.Table) -> bool:
    """Keeps a month without revenue from being published."""
    return pc.min(data["revenue"]).as_py() > 0
'''

TEST = '''\
"""Assets are functions: call them."""

from __future__ import annotations

from assets import orders, revenue_is_positive


def test_every_order_has_an_amount() -> None:
    assert orders().column("amount").null_count == 0


def test_revenue_must_be_positive() -> None:
    import pyarrow as pa

    assert not revenue_is_positive(pa.table({"revenue": [0.0]}))
'''

README = """\
# {name}

    arco run                                        # make what is missing or stale
    arco sql "select * from {name}.revenue"         # ask it
    arco status                                     # what is there, what is stale
    arco lineage {name}.orders                      # what is made from what
    arco dev                                        # serve it, reload on every change

`assets.py` holds the assets; `python -m pytest` runs the tests. State is in `.arco/`: copy that
folder and you have a backup.
"""

GITIGNORE = ".arco/\n__pycache__/\n"


def files_for(name: str) -> dict[str, str]:
    """Path in the project -> its text."""
    return {
        "pyproject.toml": PYPROJECT.format(name=name),
        "assets.py": ASSETS.format(name=name),
        "tests/test_assets.py": TEST,
        "README.md": README.format(name=name),
        ".gitignore": GITIGNORE,
    }


def project_name(directory: Path) -> str:
    """A name that can be a namespace, made from the folder's.

    >>> project_name(Path("My Shop-2")), project_name(Path("2025"))
    ('my_shop_2', 'project_2025')
    """
    words = re.sub(r"[^a-z0-9]+", "_", directory.name.lower()).strip("_")
    return words if words[:1].isalpha() else f"{NAME_FALLBACK}_{words}".rstrip("_")


def write_project(directory: Path) -> list[Path]:
    """The files that now stand in the folder.

    Raises: AlreadyExists FOLDER_NOT_EMPTY.
    """
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise AlreadyExists(
            "FOLDER_NOT_EMPTY",
            f"{directory} is not an empty folder",
            hint="name a new folder, or write a module with `from arco import asset` in this one",
        )
    written = []
    for path, text in files_for(project_name(directory.resolve())).items():
        file = directory / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        written.append(file)
    return written


__all__ = ["files_for", "project_name", "write_project"]
