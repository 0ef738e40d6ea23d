"""A workspace as one file: what comes out is what went in, or nothing does."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path

import pytest

from arco.engine.package import read_package
from arco.errors import ArcoError
from arco.ids import sha256
from arco.runtime import AsyncioRuntime, run
from tests.integration.cli_project import Project
from tests.integration.dying_command import dies

RUNTIME = AsyncioRuntime()
SHOP = """
import pyarrow as pa
from arco import asset
ROUND = open("round").read()

@asset(namespace="n")
def first() -> pa.Table: return pa.table({"round": [ROUND]})

@asset(namespace="n")
def second(first: pa.Table) -> pa.Table:
    if ROUND == "bad": raise ValueError("no")
    return pa.table({"round": [ROUND] * 2})
"""
SLOT_ZERO = "tenant=local/workspace=main/log/000000000000/00000000000000000000.json"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Two rounds that succeeded and one that failed half-way."""
    folder = tmp_path_factory.mktemp("package") / "shop"
    project = Project(folder, SHOP)
    for number, code in (("1", 0), ("2", 0), ("bad", 1)):
        (folder / "round").write_text(number)
        project.arco("run", "--all", code=code)
    (folder / "round").write_text("3")
    return project


@pytest.fixture(scope="module")
def package(shop: Project) -> Path:
    shop.arco("export", "../shop.tar")
    return shop.directory.parent / "shop.tar"


def folder_of(project: Project) -> dict[str, str]:
    """Every object of the store with its hash; hints left out."""
    root = project.directory / ".arco"
    found = {
        path.relative_to(root).as_posix(): sha256(path.read_bytes())
        for path in root.rglob("*")
        if path.is_file()
    }
    return {name: digest for name, digest in found.items() if "/log/" in name}


def imported(package: Path, folder: Path) -> Project:
    project = Project(folder, SHOP)
    (folder / "round").write_text("3")
    out = project.arco("import", str(package), ".").out
    assert out.endswith("clean\n")
    return project


def rounds(project: Project) -> list[str]:
    found = project.arco("sql", "select round from n.second group by 1", "--json").json()
    return [row["round"] for row in found]


def test_what_is_imported_is_verified_and_goes_on(
    shop: Project, package: Path, tmp_path: Path
) -> None:
    copy = imported(package, tmp_path / "copy")
    exported = folder_of(shop)
    # The export pinned what it read, and let it go: neither is part of it.
    assert folder_of(copy).items() == dict(sorted(exported.items())[:-2]).items()
    assert copy.arco("pin", "list", "--json").json() == []
    assert rounds(copy) == ["2"]
    assert copy.tables() == shop.tables()
    # Two versions of two tables, and what the failed run had staged: a retry adopts it.
    assert len(list(copy.directory.rglob("warehouse/*/*.parquet"))) == 5
    copy.arco("run", "--all")
    assert rounds(copy) == ["3"]
    assert copy.arco("verify").out.endswith("clean\n")
    old = copy.arco("sql", "select * from n.first at (version => 0)", "--json").json()
    assert old == [{"round": "1"}]


def test_a_folder_with_a_workspace_is_refused_and_so_is_a_file_that_stands(
    shop: Project, package: Path
) -> None:
    before = folder_of(shop)
    assert "error STORE_NOT_EMPTY" in shop.arco("import", str(package), ".", code=1).err
    assert folder_of(shop) == before
    assert "error FILE_EXISTS" in shop.arco("export", str(package), code=1).err
    unwritable = shop.arco("export", "/proc/nowhere/shop.tar", code=1)
    assert "error FILE_UNWRITABLE" in unwritable.err


def test_a_damaged_package_brings_nothing(package: Path, tmp_path: Path) -> None:
    whole = package.read_bytes()
    manifest = run(read_package(RUNTIME, package))
    damaged = tmp_path / "damaged.tar"
    found = 0
    for at in range(0, len(whole), len(whole) // 150):
        flipped = bytearray(whole)
        flipped[at] ^= 0xFF
        damaged.write_bytes(flipped)
        try:
            # What nothing reads, the padding between objects, may be anything.
            assert run(read_package(RUNTIME, damaged)) == manifest
        except ArcoError as error:
            assert error.code.startswith("PACKAGE_")
            found += 1
        damaged.write_bytes(whole[: min(at, len(whole) - 20_000)])
        with pytest.raises(ArcoError, match=r"package|damaged"):
            run(read_package(RUNTIME, damaged))
    assert found > 50
    project = Project(tmp_path / "p", SHOP)
    assert "error PACKAGE_INVALID" in project.arco("import", str(damaged), ".", code=1).err
    missing = project.arco("import", "nowhere.tar", ".", code=1)
    assert "there is no such file" in missing.err
    assert not (project.directory / ".arco").exists()


def test_a_package_cannot_write_beside_the_store(package: Path, tmp_path: Path) -> None:
    evil = tmp_path / "evil.tar"
    shutil.copy(package, evil)
    victim = tmp_path / "victim"
    victim.write_text("gone")
    with tarfile.open(evil, "a") as archive:
        archive.add(victim, "../../escaped")
    refused = Project(tmp_path / "p", SHOP).arco("import", str(evil), ".", code=1)
    assert "error PACKAGE_DAMAGED" in refused.err
    assert not list(tmp_path.rglob("escaped"))


def test_an_export_that_is_killed_leaves_no_package(shop: Project, tmp_path: Path) -> None:
    for nth in (3, 40, 90):
        target = tmp_path / f"{nth}.tar"
        died = dies(shop.directory, "export", str(target), verb="get", nth=nth)
        assert died
        assert not target.exists()
        shop.arco("export", str(target))


def test_an_import_that_is_killed_is_no_workspace_and_is_finished_by_the_same_command(
    package: Path, tmp_path: Path
) -> None:
    with tarfile.open(package) as archive:
        objects = len(archive.getnames()) - 2
    for nth in (1, objects // 2, objects):
        project = Project(tmp_path / str(nth), SHOP)
        assert dies(project.directory, "import", str(package), ".", verb="create", nth=nth)
        assert not (project.directory / ".arco" / SLOT_ZERO).exists()
        assert project.arco("import", str(package), ".").out.endswith("clean\n")
        assert rounds(project) == ["2"]
