"""A store with an ingester and a folder on it, for the unit tests of lanes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from arco.engine.database import Database
from arco.engine.domain import DOMAIN as ENGINE
from arco.engine.lanes.batches import (
    Fact,
)
from arco.engine.lanes.folder import Folder
from arco.engine.lanes.ingest import Ingester
from arco.engine.lanes.tables import (
    QUARANTINE,
)
from arco.engine.verify import Verifier
from arco.model import Domain, Table
from arco.runtime import AsyncioRuntime
from arco.store.memory import MemoryStore
from arco.testing.ledger import BALANCES, LEDGER, NOTES
from arco.testing.stores import CountingStore

RUNTIME = AsyncioRuntime()


EMPTY = Domain("ledger", (BALANCES, NOTES), {})


class Workplace:
    """A store, and the parts that work on it."""

    def __init__(self, database: Database, store: CountingStore) -> None:
        self.database = database
        self.store = store
        self.ingester = Ingester(database, linger_seconds=0.001)
        self.folder = Folder(database)

    def rows(self, table: Table[Any]) -> list[Any]:
        return list(self.database.state.range(table))

    @property
    def balances(self) -> dict[str, int]:
        return {row.account: row.amount for row in self.rows(BALANCES)}

    @property
    def codes(self) -> list[str]:
        return [row.code for row in self.rows(QUARANTINE)]


async def workplace(store: Any = None, domains: Sequence[Domain] = (LEDGER,)) -> Workplace:
    counting = CountingStore(store or MemoryStore())
    database = await Database.open(counting, RUNTIME, domains=domains, writer="test")
    return Workplace(database, counting)


def fact(body: Any, **more: Any) -> Fact:
    raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return Fact(type="ledger.amount_noted", payload=msgspec.Raw(raw), **more)


def amount(number: int, token: str = "t", **more: Any) -> Fact:
    return fact({"account": "a", "amount": number, "token": token}, **more)


async def problems(store: MemoryStore) -> list[str]:
    report = await Verifier(store, RUNTIME, (LEDGER, ENGINE)).run()
    return [finding.problem for finding in report.findings]
