"""Snapshot files of earlier releases stay readable: tables grow by nullable columns only."""

from __future__ import annotations

import pytest

from tests.golden.folders import BYTES_MAX, GOLDEN, SCHEMAS
from tests.golden.schemas import TABLES, breaches, read, spelled

ADD = "run `python -m tests.golden schemas` and commit what it writes"


@pytest.mark.parametrize("name", sorted(path.stem for path in SCHEMAS.glob("*.txt")))
def test_a_stored_table_only_ever_gains_nullable_columns(name: str) -> None:
    golden = (SCHEMAS / f"{name}.txt").read_text("utf-8")
    assert name in TABLES, f"nullable additions only: table {name} is gone"
    found = list(breaches(TABLES[name], golden))
    assert not found, f"nullable additions only: {name}: {'; '.join(found)}"
    assert golden == spelled(TABLES[name]), f"{name} grew: {ADD}"


def test_every_table_has_a_golden_schema() -> None:
    missing = [name for name in TABLES if not (SCHEMAS / f"{name}.txt").is_file()]
    assert not missing, f"{missing}: {ADD}"


@pytest.mark.parametrize(
    ("change", "breach"),
    [
        (("name: string", "title: string"), "column title is gone"),
        (("name: string", "name: int64"), "column name was"),
        (("name: string", "name: string nullable"), "column name was"),
        (("key name", "key catalog_id"), "its key was"),
        (("name: string\n", ""), "column name was added and may not be null"),
    ],
)
def test_a_change_that_stored_rows_would_not_survive_is_found(
    change: tuple[str, str], breach: str
) -> None:
    table = TABLES["catalog.catalogs"]
    found = list(breaches(table, spelled(table).replace(*change)))
    assert any(item.startswith(breach) for item in found), found


def test_a_nullable_addition_is_no_breach() -> None:
    table = TABLES["catalog.tables"]
    key, columns = read(spelled(table))
    assert columns["version"] == ("int64", True)
    golden = spelled(table).replace("\nversion: int64 nullable\n", "\n")
    assert list(breaches(table, golden)) == []
    assert key == table.key


def test_the_golden_files_stay_small() -> None:
    goldens = (path for path in GOLDEN.rglob("*") if path.suffix not in (".py", ".pyc"))
    assert sum(path.stat().st_size for path in goldens if path.is_file()) < BYTES_MAX
