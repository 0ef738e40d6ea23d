"""What the catalog costs over HTTP: all columns of ten thousand tables in one request."""

from __future__ import annotations

import asyncio
import http.client
import json
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from arco.api.app import create_app
from arco.api.server import serve
from arco.api.session import Session
from arco.engine import snapshot
from arco.query.pool import QueryPool
from arco.runtime import AsyncioRuntime
from arco.service.settings import Settings
from arco.service.workspace import Workspace, open_workspace
from bench.results import Measurement, seconds, spelled

RUNTIME = AsyncioRuntime()
TABLES = 10_000
COLUMNS = 20
TABLES_AT_ONCE = 1_000
RUNS = 5
GOAL = "<= 1 s"
FORMS = {
    "lines of JSON": "application/x-ndjson",
    "Arrow stream": "application/vnd.apache.arrow.stream",
    "JSON": "application/json",
}


async def measurements() -> AsyncIterator[Measurement]:
    """All lines of the table, each as it is ready."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(directory=Path(folder), fsync=False)
        await _filled(settings)
        async for each in bulk_reads(settings):
            yield each


async def bulk_reads(settings: Settings) -> AsyncIterator[Measurement]:
    """One request for every column, in each form; the first is answered from disk."""
    async with _Serving(settings) as port:
        for form, accept in FORMS.items():
            taken, size = [], 0
            for _ in range(RUNS + 1):
                start = time.perf_counter()
                size = len(await asyncio.to_thread(_asked, port, "/columns", accept=accept))
                taken.append(time.perf_counter() - start)
            what = f"all columns of {TABLES:,} tables, {form}"
            note = f"{TABLES * COLUMNS:,} columns, {size / 1e6:,.0f} MB; the first of this form "
            note += f"{spelled(taken[0])}"
            yield Measurement(what, seconds(taken[1:]), GOAL, note)


class _Serving:
    """A server of a workspace that is opened cold; its port."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def __aenter__(self) -> int:
        self.workspace: Workspace = await open_workspace(self._settings, RUNTIME)
        self._queries = QueryPool(RUNTIME)
        app = create_app(Session(self.workspace, self._queries, "bench"))
        ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._task = asyncio.ensure_future(serve(app, "127.0.0.1", port=0, ready=ready.set_result))
        return int((await ready).rpartition(":")[2])

    async def __aexit__(self, *reason: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._queries.close()


async def _filled(settings: Settings) -> None:
    columns = [{"name": f"column_{each}", "type": "bigint"} for each in range(COLUMNS)]
    serving = _Serving(settings)
    async with serving as port:
        namespace = {"changes": [{"change": "create_namespace", "name": "lake"}]}
        await asyncio.to_thread(_asked, port, "/catalog/changes", body=namespace)
        for first in range(0, TABLES, TABLES_AT_ONCE):
            changes = [
                {"change": "create_table", "name": f"lake.t{number:06d}", "columns": columns}
                for number in range(first, first + TABLES_AT_ONCE)
            ]
            body = {"changes": changes}
            await asyncio.to_thread(_asked, port, "/catalog/changes", body=body)
        await snapshot.publish(serving.workspace.database)


def _asked(port: int, path: str, *, accept: str = "*/*", body: Any = None) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    headers = {"Content-Type": "application/json", "Accept": accept}
    try:
        method = "GET" if body is None else "POST"
        connection.request(method, f"/api/v1{path}", json.dumps(body), headers)
        answer = connection.getresponse()
        content = answer.read()
        assert answer.status == 200, content[:1000]
        return content
    finally:
        connection.close()


__all__ = ["measurements"]
