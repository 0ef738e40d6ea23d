"""An assistant's host: the official client of the protocol, and `arco mcp` as a real process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import httpx2
import msgspec
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client

from arco.runtime import run
from tests.integration.cli_project import SOURCES, ended, start

T = TypeVar("T")
Script: TypeAlias = Callable[["Assistant"], Awaitable[T]]
PROGRAM = "from arco.cli import main; main()"


class Answer(msgspec.Struct):
    """What a tool answered."""

    is_error: bool
    text: str

    @property
    def data(self) -> Any:
        """What it tells; a refusal tells nothing."""
        assert not self.is_error, self.text
        return self.json["data"]

    @property
    def json(self) -> Any:
        """The whole answer."""
        return json.loads(self.text)


class Assistant:
    """Asks a server of the protocol."""

    def __init__(self, client: Client) -> None:
        self.client = client

    async def call(self, tool: str, **arguments: Any) -> Answer:
        """What the tool answers."""
        result = await self.client.call_tool(tool, arguments)
        (content,) = result.content
        assert content.type == "text"
        return Answer(bool(result.is_error), content.text)

    async def tools(self) -> dict[str, Any]:
        """Every tool by its name."""
        return {tool.name: tool for tool in (await self.client.list_tools()).tools}


def by_stdio(directory: Path, script: Script[T], *options: str, **environment: str) -> T:
    """What the script returns, with a server that this process started."""
    parameters = StdioServerParameters(
        command=sys.executable,
        args=["-c", PROGRAM, "mcp", *options],
        cwd=directory,
        env={**os.environ, "PYTHONPATH": SOURCES, **environment},
    )

    return run(_scripted(stdio_client(parameters), script))


def by_http(url: str, script: Script[T], *, key: str = "") -> T:
    """What the script returns, with a server that is asked over HTTP."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}

    async def main() -> T:
        async with httpx2.AsyncClient(headers=headers, timeout=30) as http:
            return await _scripted(streamable_http_client(url, http_client=http), script)

    return run(main())


@contextmanager
def listening(directory: Path, *options: str, **environment: str) -> Iterator[str]:
    """The URL of an `arco mcp` on loopback."""
    arguments = ("mcp", "--transport", "http", "--port", "0", *options)
    process = start(arguments, directory, PYTHONUNBUFFERED="1", **environment)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("arco mcp on http://"), line + process.communicate()[1]
        yield line.split()[-1]
        process.terminate()
        ended(process, 128 + 15)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def posted(url: str, **headers: str) -> int:
    """The status of an answer to a plain request, with these headers."""
    told = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx2.post(url, json=body, headers=told | named, timeout=30).status_code


def waiting(directory: Path) -> subprocess.Popen[bytes]:
    """An `arco mcp` whose host says nothing."""
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "mcp"],
        cwd=directory,
        env={**os.environ, "PYTHONPATH": SOURCES},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


async def _scripted(transport: Any, script: Script[T]) -> T:
    failures: list[AssertionError] = []
    async with Client(transport) as client:
        try:
            return await script(Assistant(client))
        except AssertionError as error:
            # The library's tasks would wrap it into groups.
            failures.append(error)
    raise failures[0]


__all__ = ["Answer", "Assistant", "Script", "by_http", "by_stdio", "listening", "posted", "waiting"]
