"""Access on the command line, as this machine's owner has it: people, grants, keys, filters."""

from __future__ import annotations

import pytest

from tests.integration.cli_project import Project


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("cli") / "shop")
    project.arco("run")
    project.arco("principal", "add", "user:ann", "--description", "Ann")
    project.arco("principal", "add", "group:analysts")
    return project


def test_a_grant_to_a_group_is_explained_to_who_is_in_it(project: Project) -> None:
    asked = ("access", "explain", "user:ann", "select", "--on", "table:raw.orders")
    assert project.arco(*asked).out.startswith("no: nobody gave user:ann")
    project.arco("principal", "join", "user:ann", "group:analysts")
    given = project.arco("grant", "select", "--on", "namespace:raw", "--to", "group:analysts")
    assert given.out == "group:analysts now has SELECT on namespace:raw\n"
    said = "yes: user:ann holds SELECT on namespace:raw through group:analysts\n"
    assert project.arco(*asked).out == said
    assert project.arco(*asked, "--json").json()["rule"] == "grant"
    listed = project.arco("access", "list", "--on", "table:raw.orders", "--json").json()
    assert [line["on"] for line in listed] == ["namespace:raw"]
    taken = ("revoke", "select", "--on", "namespace:raw", "--from", "group:analysts")
    assert project.arco(*taken).out == "group:analysts has SELECT on namespace:raw no more\n"
    assert project.arco(*asked).out.startswith("no:")


def test_a_key_is_shown_once_and_listed_without_its_secret(project: Project) -> None:
    made = project.arco("key", "create", "user:ann", "--scope", "select", "--json").json()
    assert made["key"].startswith(f"arco_{made['key_id']}_")
    secret = made["key"].rpartition("_")[2]
    successor = project.arco("key", "rotate", made["key_id"], "--overlap-hours", "1", "--json")
    assert project.arco("key", "revoke", made["key_id"]).out.endswith("is revoked\n")
    listed = project.arco("key", "list", "--json")
    assert secret not in listed.out
    assert {line["key_id"] for line in listed.json()} == {
        made["key_id"],
        successor.json()["key_id"],
    }


def test_principals_are_listed_with_their_groups(project: Project) -> None:
    project.arco("principal", "join", "user:ann", "group:analysts")
    lines = project.arco("principal", "list", "--json").json()
    assert ("user:ann", ["group:analysts"]) in [(row["principal"], row["groups"]) for row in lines]
    assert project.arco("principal", "disable", "user:ann").out == "user:ann is refused\n"
    assert project.arco("principal", "enable", "user:ann").out == "user:ann is let in\n"


def test_rows_and_values_are_restricted_and_freed(project: Project) -> None:
    on = ("--on", "table:raw.orders")
    masked = ("--on", "column:raw.orders.amount")
    project.arco("access", "restrict", "order_id > 1", *on, "--exempt", "user:ann")
    project.arco("access", "restrict", "0", *masked)
    lines = project.arco("access", "restrictions", *on, "--json").json()
    assert [(line["column"], line["expression"]) for line in lines] == [
        ("", "order_id > 1"),
        ("amount", "0"),
    ]
    assert "order_id > 1" in project.arco("access", "restrictions", *on).out
    project.arco("access", "unrestrict", *on)
    project.arco("access", "unrestrict", *masked)
    assert project.arco("access", "restrictions", *on).out.startswith("nothing is restricted")


def test_what_is_not_there_is_told_with_what_to_do(project: Project) -> None:
    for command, said in (
        (("grant", "select", "--on", "table:no.such", "--to", "user:ann"), "table:no.such"),
        (("grant", "select", "--on", "workspace", "--to", "user:eve"), "arco principal add"),
        (("grant", "run", "--on", "column:raw.orders.amount", "--to", "user:ann"), "column"),
        (("key", "create", "group:analysts"), "cannot hold a key"),
        (("access", "unrestrict", "--on", "table:raw.orders"), "no such filter"),
        (("access", "restrict", "no_column = 1", "--on", "table:raw.orders"), "no_column"),
    ):
        assert said in project.arco(*command, code=1).err
