"""What an assistant is told: bounded, marked as data, and honest about what is missing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from arco.mcp.answers import NOTE, told
from arco.mcp.changing import CHANGING
from arco.mcp.tools import READING, Tool

BYTES = 2_000
TOOLS = READING + CHANGING


@pytest.mark.parametrize(
    "data",
    [
        [],
        {"rows": [["x" * 50] * 3] * 1_000},
        {"a": {"b": [{"c": list(range(100))}] * 100}, "d": list(range(5_000))},
        {f"name {n}": "value" for n in range(1_000)},
        ["x" * 3_000] * 10,
        [[[[["deep"] * 500]]]],
    ],
)
def test_an_answer_fits_and_counts_what_it_leaves_out(data: Any) -> None:
    answer = told(data, bytes_max=BYTES)
    assert len(answer) < BYTES + 500
    read = json.loads(answer)
    assert read["note"] == NOTE
    assert bool(read.get("left_out")) == (read["data"] != data)


def test_what_is_left_out_adds_up() -> None:
    data = {"small": [1, 2, 3], "large": [{"n": n} for n in range(1_000)]}
    read = json.loads(told(data, bytes_max=BYTES))
    assert read["data"]["small"] == [1, 2, 3]
    assert len(read["data"]["large"]) + read["left_out"]["large"] == 1_000
    assert data["large"][999] == {"n": 999}


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_a_tool_describes_itself_and_every_argument(tool: Tool) -> None:
    schema = tool.schema
    assert schema["type"] == "object"
    assert schema["additionalProperties"] is False
    assert [name for name, each in schema["properties"].items() if not each["description"]] == []
    assert tool.description.endswith((".", "`)."))


def test_only_tools_that_say_so_write() -> None:
    assert [tool.name for tool in READING if tool.writes] == []
    assert [tool.name for tool in CHANGING if not tool.writes] == []
    assert len({tool.name for tool in TOOLS}) == len(TOOLS)
