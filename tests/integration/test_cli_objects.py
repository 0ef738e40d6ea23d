"""Catalog objects from the command line: made, described, found, dropped and brought back."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from tests.integration.cli_project import SHOP, Project

MADE = {
    "namespace": ("sales.eu",),
    "view": ("sales.newest", "--sql", "from sales.orders"),
    "volume": ("sales.invoices",),
    "function": ("sales.net", "--parameter", "gross double", "--returns", "double", "--sql", "1"),
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("objects") / "shop", SHOP)
    project.arco("deploy")
    project.arco("namespace", "create", "sales", "--comment", "What is sold.")
    project.arco("table", "create", "sales.orders", "--column", "id bigint not null")
    return project


@pytest.mark.parametrize("kind", MADE)
def test_an_object_of_every_kind_is_made_shown_moved_and_brought_back(
    project: Project, kind: str
) -> None:
    name = MADE[kind][0]
    made = project.arco(kind, "create", *MADE[kind], "--tag", "layer=gold", "--json").json()
    assert made["full_name"] == f"main.{name}"
    assert name in project.arco(kind, "list").out
    told = project.arco(kind, "show", name).out
    assert "tag layer=gold" in told and made["object_id"] in told
    project.arco(kind, "move", name, f"{name}_old")
    assert "brings it back" in project.arco(kind, "drop", f"{name}_old").out
    assert f"{name}_old" in project.arco("undrop", "--list").out
    back = project.arco("undrop", kind, f"{name}_old", "--as", name, "--json").json()
    assert back["object_id"] == made["object_id"]


def test_columns_and_what_is_said_about_them_are_shown(project: Project) -> None:
    project.arco(
        "table", "alter", "sales.orders", "--comment", "One row per order.", "--column", "id=Its id"
    )
    project.arco("tag", "set", "sales.orders", "pii=no", "--column", "id")
    told = project.arco("table", "show", "sales.orders").out
    for each in ("One row per order.", "long", "Its id", "tag pii=no on id"):
        assert each in told
    (bearer,) = project.arco("tag", "list", "pii=no", "--json").json()
    assert (bearer["full_name"], bearer["column"]) == ("main.sales.orders", "id")
    project.arco("tag", "unset", "sales.orders", "pii", "--column", "id")
    assert project.arco("tag", "list", "pii").out == "nothing bears it\n"


def test_a_table_that_stands_already_is_registered_and_refreshed(project: Project) -> None:
    folder = project.directory / "lake"
    write_deltalake(str(folder), pa.table({"id": [1, 2]}))
    project.arco("table", "create", "sales.old", "--location", str(folder))
    assert project.arco("table", "show", "sales.old", "--json").json()["table"]["rows"] == 2
    write_deltalake(
        str(folder), pa.table({"id": [3], "note": ["x"]}), mode="append", schema_mode="merge"
    )
    assert "refreshed table main.sales.old" in project.arco("table", "refresh", "sales.old").out
    assert len(project.arco("table", "schemas", "sales.old", "--json").json()) == 2
    assert "note string" in project.arco("table", "schemas", "sales.old").out


def test_a_file_of_changes_is_one_commit_or_nothing(project: Project) -> None:
    file = Path(project.directory) / "changes.json"
    changes = [
        {"change": "create_catalog", "name": "lab"},
        {"change": "create_namespace", "name": "lab.tests"},
    ]
    file.write_text(json.dumps(changes))
    assert project.arco("catalog", "apply", str(file)).out == "2 changes made in one commit\n"
    refused = project.arco("catalog", "apply", str(file), code=1).err
    assert "NAME_TAKEN" in refused
    file.write_text('[{"change": "rename"}]')
    assert "CHANGES_INVALID" in project.arco("catalog", "apply", str(file), code=1).err
    assert "lab" in project.arco("catalog", "list").out


def test_a_name_that_is_not_there_is_refused_with_what_to_do(project: Project) -> None:
    assert "did you mean sales.orders" in project.arco("table", "show", "sales.order", code=1).err
    assert "arco view list" in project.arco("view", "show", "no.such", code=1).err
    assert "arco undrop --list" in project.arco("undrop", "table", "no.such", code=1).err
    assert "--list" in project.arco("undrop", code=2).err
    assert "TAG=VALUE" in project.arco("tag", "set", "sales.orders", "gold", code=2).err
    assert "--sql" in project.arco("view", "create", "sales.x", code=2).err
