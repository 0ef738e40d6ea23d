"""Ways in which stored bytes get damaged, and a look at everything that a workspace serves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from arco.catalog.tables import TABLES
from arco.engine.domain import DOMAIN as ENGINE
from arco.engine.past import state_at
from arco.engine.verify import Finding, Verifier
from arco.errors import ArcoError
from arco.formats import reading
from arco.formats.dataset import Dataset
from arco.formats.inspecting import inspect_tables
from arco.model import State, Table
from arco.service.workspace import Workspace, assemble
from arco.store.keys import Scope
from arco.store.local import LocalStore
from arco.store.scoped import ScopedStore
from arco.testing.registry import TOKENS
from tests.integration.life import ALL_DOMAINS, Place
from tests.unit.garbage_world import MovedClock

Damage = Callable[[bytes, bytes], bytes | None]
"""What stands there instead of the first bytes; the second are another object's of its kind."""
PAST_SLOTS = (3, 12, 30)


def flipped(position: float) -> Damage:
    """One bit is another, so far into the object."""

    def damage(data: bytes, _: bytes) -> bytes:
        at = min(int(len(data) * position), len(data) - 1)
        return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]

    return damage


def zeroed(data: bytes, _: bytes) -> bytes:
    """A block in the middle was never written."""
    start, end = len(data) // 3, len(data) * 2 // 3
    return data[:start] + bytes(end - start) + data[end:]


DAMAGES: dict[str, Damage] = {
    "first bit": flipped(0.0),
    "middle bit": flipped(0.5),
    "last bit": flipped(1.0),
    "cut": lambda data, other: data[: len(data) // 2],
    "empty": lambda data, other: b"",
    "longer": lambda data, other: data + b"\n",
    "zeroed": zeroed,
    "swapped": lambda data, other: other,
    "gone": lambda data, other: None,
}


class Refusal(msgspec.Struct, frozen=True):
    """Why something was not served."""

    text: str
    hint: str


Seen = dict[str, Any]
"""What a workspace serves, or a Refusal, by what was asked."""


class Look(msgspec.Struct, frozen=True):
    """What a store served once, and what a verification found."""

    seen: Seen
    findings: tuple[Finding, ...]
    places: dict[str, str] = {}
    """Where each user table's objects are, below `warehouse/`."""

    def refused(self) -> dict[str, Refusal]:
        """What was not served."""
        return {name: each for name, each in self.seen.items() if isinstance(each, Refusal)}

    def lies(self, truth: Look) -> list[str]:
        """What was served, and is otherwise in an unharmed workspace."""
        served = self.seen.keys() - self.refused().keys()
        return sorted(name for name in served if self.seen[name] != truth.seen.get(name))


async def look(place: Place) -> Look:
    """Everything that a process which starts now serves, and what `arco verify` says."""
    clock = MovedClock()
    root = LocalStore(Path(place.store), clock)
    store = ScopedStore(root, Scope())
    verifier = Verifier(store, clock, (*ALL_DOMAINS, ENGINE))
    try:
        report = await verifier.run()
        inspected = await inspect_tables(store, clock, state=verifier.tables)
        findings = (*report.findings, *inspected.findings)
    except ArcoError as error:
        findings = (Finding("verify", error.message, error.hint),)
    try:
        workspace = await assemble(place.settings, clock, root=root, domains=ALL_DOMAINS)
    except ArcoError as error:
        return Look({"start": _refusal(error)}, findings)
    seen = {name: await _answer(ask) for name, ask in _questions(workspace)}
    rows = await workspace.database.asked(partial(_rows, table=TABLES))
    return Look(seen, findings, {row.name: row.table_id for row in rows})


def _questions(workspace: Workspace) -> Iterator[tuple[str, Callable[[], Any]]]:
    database = workspace.database
    for table in database.registry.tables.values():
        yield table.name, partial(database.asked, partial(_rows, table=table))
    for slot in PAST_SLOTS:
        yield f"slot {slot}", partial(_then, workspace, slot)
    for name in ("first", "second"):
        yield f"data of n.{name}", partial(_data, workspace, name)


def _rows(state: State, table: Table[Any]) -> list[Any]:
    return list(state.range(table))


async def _then(workspace: Workspace, slot: int) -> list[Any]:
    past = await state_at(workspace.database, slot)
    return await past.asked(partial(_rows, table=TOKENS))


async def _data(workspace: Workspace, name: str) -> list[Any]:
    rows = await workspace.database.asked(partial(_rows, table=TABLES))
    (row,) = (row for row in rows if row.name == name)
    location = workspace.store.location(f"warehouse/{row.table_id}")
    versions = range((row.version or 0) + 1)
    pinned = [Dataset(reading.dataset(location, version)) for version in versions]
    return [each.to_arrow().to_pylist() for each in pinned]


async def _answer(ask: Callable[[], Any]) -> Any:
    try:
        return await ask()
    except (ArcoError, OSError, ValueError) as error:
        return _refusal(error)


def _refusal(error: Exception) -> Refusal:
    if isinstance(error, ArcoError):
        return Refusal(error.message, error.hint)
    return Refusal(str(error), "")


__all__ = ["DAMAGES", "Damage", "Look", "Refusal", "Seen", "look"]
