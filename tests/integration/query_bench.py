"""A pool of query workers and the tables that tests ask it about."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from collections.abc import Coroutine, Sequence
from typing import Any

import msgspec
import pytest

from arco.errors import ArcoError
from arco.model import Table
from arco.query.arrow import rows_to_ipc
from arco.query.names import TableName, close_names
from arco.query.pool import QueryPool, Result
from arco.query.protocol import Ask, Format, Inline, Missing, Provision
from arco.runtime import AsyncioRuntime

GIBIBYTE = 1024**3


class Person(msgspec.Struct, frozen=True):
    id: int
    name: str
    tags: tuple[str, ...] = ()


PEOPLE_TABLE = Table("hr.people", Person, ("id",))
PEOPLE = rows_to_ipc(PEOPLE_TABLE, [Person(1, "Zoë", ("a",)), Person(2, "李😀")])
TABLES: dict[str, Provision] = {
    "hr.people": Inline(PEOPLE),
    "system.catalog.tables": Inline(PEOPLE),
    "people": Inline(PEOPLE),
}


async def provide(needed: Sequence[TableName]) -> list[Provision]:
    return [
        TABLES.get(table.dotted().lower()) or Missing(close_names(table.dotted(), TABLES))
        for table in needed
    ]


class Bench:
    """One loop and one pool for the file: workers outlive tests as they do requests."""

    def __init__(self) -> None:
        self.runner = asyncio.Runner()
        self.pool = QueryPool(AsyncioRuntime(), memory_bytes=2 * GIBIBYTE)

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(work)

    def run(self, sql: str, **options: Any) -> Result:
        provider = options.pop("provider", provide)
        ask = Ask(sql, **{"format": Format.JSON, **options})
        result: Result = self.do(self.pool.run(ask, provider))
        return result

    def rows(self, sql: str, **options: Any) -> Any:
        return json.loads(self.run(sql, **options).body)

    def code(self, sql: str, **options: Any) -> str:
        with pytest.raises(ArcoError) as refusal:
            self.run(sql, **options)
        assert refusal.value.hint
        return refusal.value.code


def worker_pids() -> list[int]:
    listed = subprocess.run(
        ["ps", "-o", "pid=,args=", "--ppid", str(os.getpid())],
        capture_output=True,
        text=True,
        check=True,
    )
    return [int(line.split()[0]) for line in listed.stdout.splitlines() if "query.worker" in line]


__all__ = ["PEOPLE", "PEOPLE_TABLE", "Bench", "Person", "provide", "worker_pids"]
