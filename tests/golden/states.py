"""A state as text: every row of every table in key order, so that two states can be compared.

Fields that have their default are left out, at any depth: a column or a field that a later release
adds with a default does not differ. Must not know how the state came about.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec

from arco.engine.domain import DOMAIN as ENGINE
from arco.engine.fold import decode, fold
from arco.engine.history import Replay
from arco.engine.log import Log
from arco.engine.registry import Registry, WireEvent
from arco.engine.tables import Overlay, Tables
from arco.model import State
from arco.runtime import Runtime
from arco.service.workspace import DOMAINS
from arco.store.port import Store
from tests.golden.schemas import TABLES


async def folded(store: Store, runtime: Runtime) -> str:
    """The state that today's reducers fold the whole log to, no snapshot used."""
    registry = Registry((*DOMAINS, ENGINE))
    tables = Tables(registry.tables.values())
    async for seq, wires in slots(store, runtime):
        known, unknown = decode(registry, wires)
        assert not unknown, f"slot {seq}: {unknown[0].type} is no event of today"
        overlay = Overlay(tables)
        fold(registry, overlay, events=known)
        tables.apply(overlay.changes, seq)
    return "".join(lines(tables))


async def event_types(store: Store, runtime: Runtime) -> set[tuple[str, int]]:
    """(type, version) of every event in the log."""
    return {(wire.type, wire.version) async for _, wires in slots(store, runtime) for wire in wires}


async def slots(store: Store, runtime: Runtime) -> AsyncIterator[tuple[int, Sequence[WireEvent]]]:
    """Number and events of every slot, from the first to the head."""
    log = Log(store, runtime)
    replay = Replay(store, runtime, Registry((*DOMAINS, ENGINE)))
    for seq in range(await log.head() + 1):
        slot = await log.read(seq)
        assert slot is not None, f"slot {seq} is gone"
        yield seq, await replay.events(slot.commit)


def known_events() -> set[tuple[str, int]]:
    """(type, version) of every event that today's domains know."""
    return {
        (domain.event_type(payload), payload.VERSION)
        for domain in (*DOMAINS, ENGINE)
        for payload in domain.reducers
    }


def lines(state: State) -> Iterator[str]:
    """`table {row}`, one line a row."""
    for name in sorted(TABLES):
        for row in state.range(TABLES[name]):
            yield f"{name} {msgspec.json.encode(plain(row), order='sorted').decode()}\n"


def plain(value: Any) -> Any:
    """The value as JSON knows it, defaults left out."""
    if isinstance(value, msgspec.Struct):
        fields = msgspec.structs.fields(value)
        given = {field.encode_name: getattr(value, field.name) for field in fields}
        defaults = {field.encode_name: _default(field) for field in fields}
        return {n: plain(item) for n, item in given.items() if item != defaults[n]}
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value.isoformat() if isinstance(value, datetime) else value


def _default(field: msgspec.structs.FieldInfo) -> Any:
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return field.default
