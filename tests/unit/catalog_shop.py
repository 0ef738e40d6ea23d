"""A small catalog that is asked for changes, for proving decisions without an engine."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import msgspec

from arco.catalog.changes import CatalogChange
from arco.catalog.decisions.asking import Asker, Surveyed
from arco.catalog.decisions.deciding import decide
from arco.catalog.domain import DOMAIN
from arco.catalog.finding import find
from arco.catalog.kinds import Found, Kind
from arco.model import Payload
from arco.testing.folding import MemoryState

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class Shop:
    """A catalog in memory, a clock that only goes on when told, and one asker."""

    def __init__(self, surveyed: Mapping[str, Surveyed] | None = None) -> None:
        self.state = MemoryState(DOMAIN)
        self.now = NOON
        self.said: list[Payload] = []
        self._surveyed = surveyed or {}
        self._asked = 0

    def ask(self, change: str, name: str, **given: Any) -> tuple[Payload, ...]:
        """What the change made happen; it is folded."""
        body = {"change": change, "name": name, **given}
        command: Any = msgspec.convert(body, CatalogChange)  # type: ignore[arg-type]
        self._asked += 1
        asker = Asker(
            actor="ann",
            owner="ann",
            mint=lambda name: self._id(name),
            folder=lambda object_id: f"warehouse/{object_id}/",
            surveyed=self._surveyed,
        )
        events = decide(command, asker, state=self.state, now=self.now)
        payloads = tuple(event.payload for event in events)
        for payload in payloads:
            self.state.fold([payload])
        self.said += payloads
        return payloads

    def find(self, kind: Kind, name: str) -> Found:
        """The object."""
        return find(self.state, kind, name=name)

    def wait(self, days: float) -> None:
        """Time passes."""
        self.now += timedelta(days=days)

    def _id(self, name: str) -> str:
        text = sha256(f"{self._asked}:{name}".encode()).hexdigest()
        return f"{text[:8]}-{text[8:12]}-7{text[13:16]}-8{text[17:20]}-{text[20:32]}"


def shop_with_orders(**surveyed: Surveyed) -> Shop:
    """A shop with `main.sales.eu` and a managed table `sales.orders` of three columns."""
    shop = Shop(surveyed)
    shop.ask("create_namespace", "sales", comment="What is sold.")
    shop.ask("create_namespace", "sales.eu")
    columns = [
        {"name": "id", "type": "bigint", "nullable": False},
        {"name": "Amount", "type": "decimal(10, 2)"},
        {"name": "lines", "type": "array<struct<sku: text, n: int not null>>"},
    ]
    shop.ask("create_table", "sales.orders", columns=columns, tags={"layer": "gold"})
    return shop
