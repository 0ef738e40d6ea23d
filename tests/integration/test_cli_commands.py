"""Every command on a small project that has run once, and what all commands have in common."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import click
import pytest

from arco.cli.main import COMMANDS, arco
from tests.integration.cli_project import Ended, Project, start


class Shop:
    """The project, and what its first run said."""

    def __init__(self, directory: Path) -> None:
        self.project = Project(directory)
        self.first = self.project.arco("run")
        self.run_id = self.first.out.partition("run ")[2][:26]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return Shop(tmp_path_factory.mktemp("cli") / "shop")


def test_a_run_deploys_and_tells_each_asset_its_warnings_and_its_end(shop: Shop) -> None:
    out = shop.first.out
    assert "deployed shop: 2 assets (2 new)" in out
    assert "4 tasks in 2 assets, every missing or stale partition" in out
    assert [line.split()[:2] for line in out.splitlines() if line.startswith("ok ")] == [
        ["ok", "raw.orders"],
        ["ok", "mart.totals"],
    ]
    assert "warning: check many_orders on mart.totals[2024-02]: only three" in out
    assert f"run {shop.run_id} succeeded: 4 succeeded, 6 rows" in out
    assert shop.first.err == ""


def test_a_second_run_finds_everything_fresh(shop: Shop) -> None:
    assert shop.project.arco("run").out == "everything is fresh: nothing to run\n"


def test_a_named_partition_runs_although_it_is_fresh(shop: Shop) -> None:
    ended = shop.project.arco("run", "mart.totals", "--partition", "2024-02", "--json")
    detail = ended.json()
    assert [task["partition"] for task in detail["tasks"]] == ["2024-02"]
    assert detail["run"]["state"] == "SUCCEEDED"
    assert "partition 2024-02" in ended.err


def test_a_run_key_makes_a_run_happen_once(shop: Shop) -> None:
    first = shop.project.arco("run", "raw.orders", "--all", "--run-key", "once", "--json").json()
    second = shop.project.arco("run", "raw.orders", "--all", "--run-key", "once", "--json").json()
    assert first["run"]["run_id"] == second["run"]["run_id"]
    other = shop.project.arco("run", "mart.totals", "--run-key", "once", code=1)
    assert "error RUN_KEY_CONFLICT" in other.err


def test_status_shows_assets_and_runs(shop: Shop) -> None:
    text = shop.project.arco("status").out
    assert "nobody leads" in text and "tier=bronze" in text
    assert shop.run_id in text
    overview = shop.project.arco("status", "--json").json()
    partitions = {asset["key"]: asset["partitions"] for asset in overview["assets"]}
    assert partitions == {"mart.totals": 3, "raw.orders": 1}


def test_status_of_a_run_is_found_by_the_end_of_its_id(shop: Shop) -> None:
    text = shop.project.arco("status", shop.run_id[-8:].lower()).out
    assert "2024-03" in text and f"run {shop.run_id} succeeded" in text
    assert "error RUN_ENDED" in shop.project.arco("cancel", shop.run_id, code=1).err
    assert "error RUN_NOT_FOUND" in shop.project.arco("status", "nothing", code=1).err


def test_logs_are_what_tasks_printed(shop: Shop) -> None:
    lines = shop.project.arco("logs", shop.run_id).out.splitlines()
    assert [line.partition(" ")[2] for line in lines] == [
        "raw.orders | three orders",
        "mart.totals[2024-01] | totals of month=d:2024-01-01",
        "mart.totals[2024-02] | totals of month=d:2024-02-01",
        "mart.totals[2024-03] | totals of month=d:2024-03-01",
    ]
    one = shop.project.arco("logs", shop.run_id, "--task", "mart.totals[2024-02]", "-f", "--json")
    assert json.loads(one.out)["line"] == "totals of month=d:2024-02-01"
    wrong = shop.project.arco("logs", shop.run_id, "--task", "mart.total", code=1)
    assert "error TASK_NOT_FOUND" in wrong.err and "arco status" in wrong.err


def sql(shop: Shop, text: str, *arguments: str) -> Ended:
    return shop.project.arco("sql", text, *arguments)


def test_sql_reads_user_tables_in_each_format(shop: Shop) -> None:
    query = "select order_id, amount from raw.orders order by order_id limit 2"
    table = sql(shop, query)
    assert table.out.splitlines()[2:] == ["       1    10.0", "       2     5.5"]
    assert table.err.startswith("(2 rows, ")
    rows = sql(shop, query, "--format", "csv").out
    assert list(csv.reader(io.StringIO(rows)))[1] == ["1", "10.0"]
    assert sql(shop, query, "--json").json()[1] == {"order_id": 2, "amount": 5.5}


def test_every_system_table_answers_and_is_one_cut(shop: Shop) -> None:
    names = [
        "catalog.catalogs",
        "catalog.namespaces",
        "catalog.tables",
        "catalog.columns",
        "commits",
        "lineage.edges",
        "lineage.observations",
        "orchestration.assets",
        "orchestration.attempts",
        "orchestration.checks",
        "orchestration.dependencies",
        "orchestration.deployments",
        "orchestration.partition_status",
        "orchestration.runs",
        "orchestration.tasks",
    ]
    counts = " union all ".join(
        f"select '{name}' t, count(*) n from system.{name}" for name in names
    )
    found = {row["t"]: row["n"] for row in sql(shop, counts, "--json").json()}
    assert all(found.values()), found
    assert found["catalog.tables"] == 2 and found["lineage.edges"] == 1
    join = """select count(*) n from system.orchestration.dependencies d
        join system.orchestration.tasks t using (run_id, task_key)"""
    assert sql(shop, join, "--json").json()[0]["n"] == found["orchestration.dependencies"]


def test_commits_are_a_view_over_the_log(shop: Shop) -> None:
    query = "select seq, events, size_bytes, event_types from system.commits order by seq"
    commits = sql(shop, query, "--json").json()
    assert [row["seq"] for row in commits] == list(range(len(commits)))
    assert "orchestration.deployed" in commits[1]["event_types"]
    assert all(row["size_bytes"] > 0 for row in commits)


def test_earlier_versions_stay_readable(shop: Shop) -> None:
    query = "select count(*) n from raw.orders at (version => 0)"
    assert sql(shop, query, "--json").json() == [{"n": 3}]
    later = shop.project.arco("sql", query.replace("0)", "99)"), code=1)
    assert "the newest published version of raw.orders is" in later.err


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("select * from raw.order", "did you mean `raw.orders`?"),
        ("select * from system.orchestration.run", "`system.orchestration.runs`"),
        ("select * from system.catalog.tables at (version => 1)", "only user tables have versions"),
        ("select nothing from raw.orders", "error QUERY_INVALID"),
    ],
)
def test_sql_that_cannot_be_answered_says_why(shop: Shop, query: str, said: str) -> None:
    assert said in shop.project.arco("sql", query, code=1).err


def test_tables_are_listed_and_previewed(shop: Shop) -> None:
    assert shop.project.tables() == {"mart.totals": 3, "raw.orders": 3}
    assert "_month" in shop.project.arco("tables").out
    preview = shop.project.arco("tables", "--preview", "raw.orders").out
    assert preview.splitlines()[0].split() == ["order_id", "amount"]


def test_lineage_is_a_tree_both_ways(shop: Shop) -> None:
    assert shop.project.arco("lineage", "raw.orders").out.split("\n")[2:4] == [
        "used by:",
        "  mart.totals",
    ]
    up = shop.project.arco("lineage", "mart.totals", "--up", "1", "--json").json()
    assert [step["upstream"] for step in up["up"]["steps"]] == ["raw.orders"]
    wrong = shop.project.arco("lineage", "orders", code=1)
    assert "did you mean raw.orders?" in wrong.err


def test_what_is_stored_verifies_clean(shop: Shop) -> None:
    assert shop.project.arco("verify").out.endswith("clean\n")
    found = shop.project.arco("verify", "--json").json()
    assert found["findings"] == [] and found["tables"] == 2 and found["files"] >= 4
    assert found["read_bytes"] > 0 == found["files_unrecorded"] == found["entries_unrecorded"]
    assert "data not compared" in shop.project.arco("verify", "--tables", "sizes").out


def test_a_file_of_a_table_that_is_gone_is_found(tmp_path: Path) -> None:
    project = Project(tmp_path / "lost")
    project.arco("run", "raw.orders")
    next((tmp_path / "lost/.arco").rglob("warehouse/*/*.parquet")).unlink()
    verified = project.arco("verify", code=1)
    assert "FOUND table raw.orders" in verified.out and "is missing" in verified.out


def test_commands_find_the_project_from_a_folder_below(shop: Shop) -> None:
    below = shop.project.directory / "docs"
    below.mkdir(exist_ok=True)
    process = start(["tables", "--json"], below)
    out, _ = process.communicate(timeout=60)
    assert len(json.loads(out)) == 2


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(name: str) -> None:
    context = click.Context(arco, info_name="arco")
    command = arco.get_command(context, name)
    assert command is not None
    text = command.get_help(click.Context(command, info_name=name, parent=context))
    assert f"arco {name}" in text.partition("Example")[2]
    assert command.help


def test_help_loads_no_heavy_library() -> None:
    program = (
        "import sys; from arco.cli.main import arco\n"
        "try: arco.main(['--help'], prog_name='arco')\n"
        "except SystemExit: pass\n"
        "print(sorted({name.split('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, text=True
    )
    heavy = {"pyarrow", "duckdb", "deltalake", "litestar", "rich", "asyncio", "msgspec"}
    assert not heavy & set(json.loads(found.stderr.replace("'", '"')))
    assert all(f"  {name} " in found.stdout for name in COMMANDS)


def test_usage_errors_exit_with_two_and_name_what_was_meant(tmp_path: Path) -> None:
    project = Project(tmp_path / "usage")
    assert "Did you mean 'status'?" in project.arco("stauts", code=2).err
    project.arco("sql", code=2)
    project.arco("run", "--partition", "2024-01", "--all", code=2)
    project.arco("dev", "--port", "banana", code=2)


def test_reading_where_nothing_was_run_says_what_to_do(tmp_path: Path) -> None:
    process = start(["status"], tmp_path)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "error STORE_NOT_FOUND" in err and "arco init DIR" in err
    assert not (tmp_path / ".arco").exists()


def test_a_setting_that_makes_no_sense_is_refused_by_name(tmp_path: Path) -> None:
    said = Project(tmp_path / "settings").arco("run", code=1, ARCO_WORKERS="0").err
    assert "error SETTING_INVALID" in said and "workers" in said


def test_a_reader_that_stops_reading_is_no_error(shop: Shop) -> None:
    with shop.project.start("logs", shop.run_id) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
