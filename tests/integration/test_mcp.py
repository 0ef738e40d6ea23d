"""`arco mcp` as an assistant's host meets it: the official client, real processes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mcp.shared.exceptions import MCPError

from arco.access.privileges import Privilege
from arco.mcp.answers import BYTES_MAX
from tests.integration.assistant import (
    Assistant,
    by_http,
    by_stdio,
    listening,
    posted,
    waiting,
)
from tests.integration.cli_project import SOURCES, Project, until
from tests.integration.guarded_server import HIDDEN, Guarded, guarding


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("mcp") / "shop")
    project.arco("run")
    return project


@pytest.fixture(scope="module")
def at_hand(shop: Project) -> Iterator[str]:
    """The URL of a server that answers everybody on this machine."""
    with listening(shop.directory) as url:
        yield url


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    with guarding(tmp_path_factory.mktemp("guarded")) as guarded:
        guarded.grant(Privilege.SELECT, "namespace:sales", to="user:ann")
        yield guarded


def test_an_assistant_finds_describes_traces_and_queries(shop: Project) -> None:
    async def script(assistant: Assistant) -> None:
        tools = await assistant.tools()
        assert not {"tag", "comment", "run_assets"} & tools.keys()
        assert all(tool.annotations.read_only_hint for tool in tools.values())
        hits = (await assistant.call("search", text="order amount", kind="table")).data["hits"]
        assert [hit["full_name"] for hit in hits] == ["main.raw.orders"]
        tables = (await assistant.call("list")).data["tables"]
        assert [row["name"] for row in tables] == ["totals", "orders"]
        assert (await assistant.call("list", owner="nobody")).data["tables"] == []
        orders = (await assistant.call("describe", name="raw.orders")).data
        assert [column["name"] for column in orders["columns"]] == ["order_id", "amount"]
        assert orders["table"]["rows"] == 3
        walk = (await assistant.call("trace", name="raw.orders", direction="down")).data
        assert [step["downstream"] for step in walk["downstream"]] == ["mart.totals"]
        impact = (await assistant.call("trace", name="raw.orders", direction="impact")).data
        assert [each["dataset"] for each in impact["affected"]] == ["mart.totals"]
        sql = "select order_id, amount from raw.orders where amount > ? order by 1"
        found = (await assistant.call("query", sql=sql, parameters=[6])).data
        assert found == {"columns": ["order_id", "amount"], "rows": [[1, 10.0], [3, 7.0]]}
        status = (await assistant.call("status")).data
        assert {each["key"]: each["stale"] for each in status["assets"]} == {
            "mart.totals": 0,
            "raw.orders": 0,
        }
        await _looked_at_a_run(assistant)
        await _read_resources(assistant)

    by_stdio(shop.directory, script)


async def _looked_at_a_run(assistant: Assistant) -> None:
    (run,) = (await assistant.call("list_runs", state="SUCCEEDED")).data["runs"]
    shown = (await assistant.call("show_run", run=run["run_id"])).data
    assert {check["message"] for check in shown["checks"]} == {"only three"}
    log = (await assistant.call("show_log", run=run["run_id"], task="raw.orders")).data
    assert [line["line"] for line in log["lines"]] == ["three orders"]
    why = await assistant.call("explain_access", privilege="SELECT", on="table:raw.orders")
    assert why.data["allowed"] is True


async def _read_resources(assistant: Assistant) -> None:
    listed = (await assistant.client.list_resources()).resources
    assert [each.uri for each in listed] == [
        "arco://tables/mart.totals",
        "arco://tables/raw.orders",
    ]
    read = await assistant.client.read_resource(listed[1].uri)
    (content,) = read.contents
    assert json.loads(content.text)["data"]["table"]["name"] == "orders"
    with pytest.raises(MCPError, match="TABLE_NOT_FOUND"):
        await assistant.client.read_resource("arco://tables/no.such")


def test_what_makes_no_sense_is_answered_with_what_to_do(at_hand: str) -> None:
    async def script(assistant: Assistant) -> None:
        cases: list[tuple[str, dict[str, Any], str]] = [
            ("describe", {"name": "raw.order"}, "TABLE_NOT_FOUND"),
            ("describe", {}, "name"),
            ("describe", {"name": "x", "kind": "cat"}, "kind"),
            ("list", {"limit": 100_000}, "limit"),
            ("list", {"cursor": "junk"}, "CURSOR"),
            ("query", {"sql": "drop table raw.orders"}, "QUERY_NOT_READ_ONLY"),
            ("query", {"sql": "select * from read_csv('/etc/passwd')"}, "QUERY"),
            ("trace", {"name": "raw.orders", "column": "nothing"}, "COLUMN"),
            ("show_run", {"run": "../assets"}, "NOT_FOUND"),
            ("explain_access", {"privilege": "FLY", "on": "workspace"}, "privilege"),
        ]
        for tool, arguments, word in cases:
            answer = await assistant.call(tool, **arguments)
            assert answer.is_error and word in answer.text, (tool, arguments, answer.text)
        with pytest.raises(MCPError, match="no tool"):
            await assistant.call("tag", name="raw.orders", tags={"a": "b"})

    by_http(at_hand, script)


def test_long_answers_are_cut_and_say_where(at_hand: str) -> None:
    async def script(assistant: Assistant) -> None:
        sql = "select range as n, repeat('x', 200) as text from range(5000)"
        answer = await assistant.call("query", sql=sql, rows_max=1000)
        assert len(answer.text) < BYTES_MAX + 1_000
        rows = answer.data["rows"]
        assert len(rows) + answer.json["left_out"]["rows"] == 1000
        assert answer.data["rows_not_told"] == 4000
        few = (await assistant.call("query", sql=sql, rows_max=2)).data
        assert (len(few["rows"]), few["rows_not_told"]) == (2, 4998)
        text = await assistant.call("query", sql="select repeat('y', 100000) as text")
        assert text.json["left_out"] == {"rows[][]": 96_000}

    by_http(at_hand, script)


def test_changes_are_made_where_they_are_let_and_once(shop: Project) -> None:
    async def script(assistant: Assistant) -> None:
        tools = await assistant.tools()
        writes = {name for name, tool in tools.items() if not tool.annotations.read_only_hint}
        assert writes == {"tag", "comment", "run_assets"}
        for _ in range(2):
            tagged = await assistant.call("tag", name="raw.orders", tags={"layer": "gold"})
            assert not tagged.is_error, tagged.text
            column = {"name": "raw.orders", "column": "amount", "comment": "In euros."}
            commented = await assistant.call("comment", **column)
            assert not commented.is_error, commented.text
        orders = (await assistant.call("describe", name="raw.orders")).data
        assert ("layer", "gold") in [(tag["tag"], tag["value"]) for tag in orders["tags"]]
        assert orders["columns"][1]["comment"] == "In euros."
        wish = {"selection": ["raw.orders"], "request_name": "again"}
        fresh = (await assistant.call("run_assets", **wish)).data
        assert fresh["everything_is_fresh"] is True
        wish = {"partition": "2024-02", "selection": ["mart.totals"], "request_name": "february"}
        first = (await assistant.call("run_assets", **wish)).data
        assert first["a_process_performs_runs"] is False
        again = (await assistant.call("run_assets", **wish)).data
        assert first["run_id"] == again["run_id"] != ""
        other = await assistant.call("run_assets", **(wish | {"partition": "2024-03"}))
        assert other.is_error and "RUN_KEY_CONFLICT" in other.text

    by_stdio(shop.directory, script, "--allow-writes")


def test_over_http_everybody_sees_what_their_own_key_opens(guarded: Guarded) -> None:
    directory = guarded.server.workspace.settings.directory
    ann = guarded.key("user:ann", Privilege.BROWSE, Privilege.SELECT)
    owner = guarded.owner
    with listening(directory, ARCO_AUTHENTICATION="required") as url:
        assert posted(url) == 401
        assert posted(url, Authorization="Bearer arco_x") == 401
        assert posted(url, Authorization="Basic YTpi") == 401
        assert posted(url, Authorization=f"Bearer {ann}", Origin="http://evil.example") == 403
        assert posted(url, Authorization=f"Bearer {ann}", Host="evil.example:80") == 421
        assert posted(url + "/else", Authorization=f"Bearer {ann}") == 404
        assert _told(by_http(url, _everything, key=owner))
        assert not _told(by_http(url, _everything, key=ann))


def test_a_server_is_asked_with_the_callers_key(guarded: Guarded, tmp_path: Path) -> None:
    ann, server = guarded.key("user:ann"), guarded.server.address
    assert not _told(by_stdio(tmp_path, _everything, "--server", server, ARCO_KEY=ann))
    with listening(tmp_path, "--server", server, ARCO_KEY=guarded.owner) as url:
        assert _told(by_http(url, _everything))
        assert not _told(by_http(url, _everything, key=ann))
        assert posted(url, Authorization="Bearer arco_x") == 401


async def _everything(assistant: Assistant) -> str:
    """All that can be heard about what is hidden from some."""
    asked: list[tuple[str, dict[str, Any]]] = [
        ("search", {"text": ""}),
        ("search", {"text": "sales"}),
        ("list", {}),
        ("list", {"kind": "namespace"}),
        ("list", {"kind": "asset"}),
        ("status", {}),
        ("describe", {"name": "sales.orders"}),
        ("trace", {"name": "sales.orders"}),
        ("trace", {"name": "sales.orders", "direction": "impact"}),
        ("query", {"sql": "select * from system.catalog.tables"}),
        ("query", {"sql": "select * from system.catalog.columns"}),
    ]
    answers = [await assistant.call(tool, **arguments) for tool, arguments in asked]
    assert not [answer.text for answer in answers if answer.is_error]
    hidden = await assistant.call("query", sql="select * from hr.people")
    resources = (await assistant.client.list_resources()).resources
    told = [answer.text for answer in answers] + [str(each.uri) for each in resources]
    return "".join([*told, "" if hidden.is_error else hidden.text])


def _told(text: str) -> list[str]:
    """The hidden words that it tells."""
    assert "sales" in text
    return [word for word in HIDDEN if word in text]


def test_nobody_beyond_this_machine_is_served_without_credentials(shop: Project) -> None:
    refused = shop.arco("mcp", "--transport", "http", "--host", "0.0.0.0", "--port", "0", code=1)
    assert "BIND_REFUSED" in refused.err


def test_a_server_whose_host_is_silent_ends_when_it_is_told_to(shop: Project) -> None:
    process = waiting(shop.directory)
    assert process.stdin is not None
    process.stdin.write(b'{"jsonrpc":"2.0","id":1,"method":"ping"}\nno message\n')
    process.stdin.flush()
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["id"] == 1
    process.terminate()
    until(lambda: process.poll() is not None)
    assert process.returncode == 128 + 15
    process.communicate()


def test_without_the_library_it_says_what_to_install(shop: Project) -> None:
    program = "import sys; sys.modules['mcp'] = None; from arco.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, "mcp"],
        cwd=shop.directory,
        env={"PYTHONPATH": SOURCES},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "MCP_EXTRA_MISSING" in done.stderr and "pip install 'arco[mcp]'" in done.stderr
