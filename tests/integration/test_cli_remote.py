"""The command line against a running server: the same answers as from the store beside it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

import arco
from tests.integration.cli_project import Ended, Project, ended, interrupt, start
from tests.integration.development import Development

SHELLS = ("bash", "zsh", "fish")


class Elsewhere:
    """A folder without a project, and the command line in it."""

    def __init__(self, folder: Path, server: str) -> None:
        self.folder = folder
        self.server = server

    def arco(self, *arguments: str, code: int = 0, **environment: str) -> Ended:
        """The command, ended, with the server in the environment."""
        environment = {
            "ARCO_SERVER": self.server,
            "XDG_CONFIG_HOME": str(self.folder),
        } | environment
        return ended(start(arguments, self.folder, **environment), code)

    def profiles(self, text: str) -> None:
        """The user's profiles are these."""
        (self.folder / "arco").mkdir(exist_ok=True)
        (self.folder / "arco" / "profiles.toml").write_text(text)


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Development]:
    development = Development(Project(tmp_path_factory.mktemp("remote") / "shop"))
    development.line("deployed shop: 2 assets (2 new)")
    yield development
    development.process.kill()
    development.process.communicate()


@pytest.fixture(scope="module")
def ran(dev: Development) -> str:
    """The id of a run that the server performed for a client."""
    with arco.Client(dev.address) as client:
        run_id = client.runs.trigger().run_id
        detail = client.runs.wait(run_id, seconds_max=60)
        assert detail.run.state == "SUCCEEDED"
    return run_id


@pytest.fixture
def elsewhere(tmp_path: Path, dev: Development) -> Elsewhere:
    return Elsewhere(tmp_path, dev.address)


@pytest.mark.parametrize(
    "arguments",
    [
        ("tables",),
        ("tables", "--preview", "raw.orders"),
        ("lineage", "raw.orders"),
        ("lineage", "mart.totals", "--up", "1"),
        ("lineage", "raw.orders", "--format", "mermaid"),
        ("impact", "raw.orders"),
        ("impact", "raw.orders.amount"),
        ("lineage", "raw.orders", "--to", "mart.totals"),
        ("lineage", "mart.totals", "--depth", "1", "--format", "openlineage"),
        ("impact", "raw.orders", "--version", "0", "--into", "mart.totals"),
        ("impact", "raw.orders", "--format", "mermaid"),
        ("impact", "raw.orders", "--format", "openlineage"),
        ("sql", "select * from mart.totals order by all"),
        ("tables", "--at", "0"),
        ("sql", "select count(*) n from system.orchestration.runs", "--at", "1"),
        ("history",),
        ("history", "mart.totals", "--limit", "2"),
        ("diff", "1", "8"),
        ("sql", "select count(*) n from system.orchestration.runs", "--json"),
    ],
    ids=" ".join,
)
def test_a_server_answers_as_the_store_does(
    dev: Development, ran: str, elsewhere: Elsewhere, arguments: tuple[str, ...]
) -> None:
    assert elsewhere.arco(*arguments).out == dev.project.arco(*arguments).out


def test_a_server_tells_what_differs_as_the_store_does(
    dev: Development, ran: str, elsewhere: Elsewhere
) -> None:
    asked = ("diff", "1", "--table", "raw.orders")
    through, beside = (each.arco(*asked).out for each in (elsewhere, dev.project))
    # The present is a later slot for whoever asks later.
    assert through.splitlines()[1:] == beside.splitlines()[1:]
    assert "raw.orders" in through


@pytest.mark.parametrize("arguments", [("status",), ("impact", "raw.orders"), ("tables",)])
def test_json_is_the_same_too(
    dev: Development, ran: str, elsewhere: Elsewhere, arguments: tuple[str, ...]
) -> None:
    asked = elsewhere.arco(*arguments, "--json").json()
    assert asked == dev.project.arco(*arguments, "--json").json()


def test_one_run_and_its_lines_are_shown(dev: Development, ran: str, elsewhere: Elsewhere) -> None:
    assert elsewhere.arco("status", ran).out == dev.project.arco("status", ran).out
    lines = elsewhere.arco("logs", ran, "--follow").out
    assert lines == dev.project.arco("logs", ran).out
    assert "raw.orders | three orders" in lines
    assert lines.count("totals of") == 3
    only = elsewhere.arco("logs", ran, "--task", "raw.orders", "--json").out.splitlines()
    assert [json.loads(line)["line"] for line in only] == ["three orders"]
    assert "TASK_NOT_FOUND" in elsewhere.arco("logs", ran, "--task", "none", code=1).err


def test_a_run_is_followed_to_its_end(ran: str, elsewhere: Elsewhere) -> None:
    assert "succeeded: 1 succeeded" in elsewhere.arco("run", "raw.orders", "--all").out
    run = elsewhere.arco("run", "raw.orders", "--all", "--json").json()
    assert run["run"]["state"] == "SUCCEEDED"
    fresh = elsewhere.arco("run", "raw.orders", "--json")
    assert fresh.json() == {"fresh": True}
    error = elsewhere.arco("run", "no.such", code=1).err
    assert "error ASSET_UNKNOWN" in error and "hint:" in error


def test_a_table_says_how_fresh_it_is(dev: Development, ran: str, elsewhere: Elsewhere) -> None:
    asked = ("table", "freshness", "mart.totals")
    through, beside = (each.arco(*asked, "--json").json() for each in (elsewhere, dev.project))
    assert through.pop("age_seconds") <= beside.pop("age_seconds")
    assert through == beside
    assert (through["asset"], through["partitions"], through["materialized"]) == (
        "mart.totals",
        3,
        3,
    )
    assert through["stale"] == sum(through["reasons"].values())
    assert "asset mart.totals: 3 of 3 partitions there" in elsewhere.arco(*asked).out


def test_a_table_is_brought_back_through_a_server(ran: str, elsewhere: Elsewhere) -> None:
    elsewhere.arco("run", "raw.orders", "--all")
    done = elsewhere.arco("restore", "raw.orders", "--to", "v0", "--yes", "--json").json()
    assert [each["version_then"] for each in done["plan"]["tables"]] == [0]
    assert done["restore_id"]
    again = elsewhere.arco("restore", "raw.orders", "--to", "v0", "--yes")
    assert "raw.orders is what it was then" in again.out
    assert again.out.endswith("nothing to restore\n") or "stale:" in again.out


def test_an_interrupted_follower_says_that_the_run_goes_on(
    dev: Development, tmp_path: Path
) -> None:
    slow = Project(tmp_path / "slow", SLOW)
    server = Development(slow)
    try:
        server.line("deployed")
        process = start(("run", "--server", server.address), tmp_path)
        with arco.Client(server.address) as client:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("run ")
            (run,) = client.runs.list()
            left = interrupt(process, 130)
            assert "the leading process goes on with it" in left.err
            run_id = run.run_id
            cancelled = Elsewhere(tmp_path, server.address).arco("cancel", run_id)
            assert cancelled.out == f"run {run_id} cancelled\n"
            assert client.runs.get(run_id).run.state == "CANCELLED"
    finally:
        server.process.kill()
        server.process.communicate()


def test_a_profile_names_a_server_and_its_key(dev: Development, elsewhere: Elsewhere) -> None:
    key = elsewhere.folder / "arco" / "shop.key"
    elsewhere.profiles(f'[shop]\nserver = "{dev.address}"\nkey_file = "shop.key"\n')
    key.touch(0o600)
    os.chmod(key, 0o644)
    exposed = elsewhere.arco("tables", "--server", "shop", code=1).err
    assert "KEY_FILE_EXPOSED" in exposed and "chmod 600" in exposed
    os.chmod(key, 0o600)
    assert elsewhere.arco("tables", "--server", "shop").code == 0
    assert elsewhere.arco("tables", ARCO_SERVER="shop").code == 0
    unknown = elsewhere.arco("tables", "--server", "shoq", code=1).err
    assert "PROFILE_NOT_FOUND" in unknown and "did you mean shop?" in unknown


def test_a_folder_that_is_named_goes_before_the_environment(
    dev: Development, ran: str, elsewhere: Elsewhere
) -> None:
    gone = "http://127.0.0.1:9"
    shop = str(dev.project.directory)
    assert elsewhere.arco("tables", "--dir", shop, ARCO_SERVER=gone).out
    both = elsewhere.arco("tables", "--dir", shop, "--server", gone, code=2).err
    assert "exclude each other" in both


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_gets_its_script(elsewhere: Elsewhere, shell: str) -> None:
    script = elsewhere.arco("completion", shell).out
    assert "_ARCO_COMPLETE" in script and f"{shell}_complete" in script


def completed_in(elsewhere: Elsewhere, words: str) -> list[str]:
    """What a shell offers where the last word was begun."""
    count = str(len(words.split(" ")) - 1)
    asked = {"_ARCO_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": count}
    lines = elsewhere.arco(**asked).out.splitlines()
    return [line.partition(",")[2] for line in lines if line]


def test_names_of_objects_are_completed_on_a_folder_and_on_a_server(
    dev: Development, ran: str, elsewhere: Elsewhere
) -> None:
    for place in (f"--server {dev.address}", f"--dir {dev.project.directory}"):
        assert completed_in(elsewhere, f"arco impact {place} raw.or") == ["raw.orders"]


def test_commands_options_and_profiles_are_completed(elsewhere: Elsewhere) -> None:
    elsewhere.profiles('[production]\nserver = "https://arco.example"\n')
    completed = partial(completed_in, elsewhere)
    assert completed("arco stat") == ["status"]
    assert "--server" in completed("arco status --")
    assert completed("arco status --server pro") == ["production"]
    elsewhere.profiles("not toml")
    assert completed("arco status --server pro") == []


SLOW = """
import time
from arco import asset

@asset(namespace="raw")
def naps() -> None:
    time.sleep(60)
"""
