"""What the engine knows of the domains: payload classes by wire name, reducers by payload class,
tables by name, and the same for facts.

Law F7: an event that is not registered decodes to its wire form and is reported, never guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache, partial
from typing import Any

import msgspec

from arco.engine.index import Index
from arco.engine.lanes.batches import Fact
from arco.engine.lanes.events import FactsFolded, FactsFoldedV2, facts_folded
from arco.engine.lanes.remembering import facts_folded_and_dated
from arco.model import Domain, Event, Names, Payload, Reducer, State, Table

NOTHING = msgspec.Raw(b"{}")


class WireEvent(msgspec.Struct, frozen=True, omit_defaults=True):
    """An event as it stands in a commit; the payload is decoded by its type and version."""

    type: str
    payload: msgspec.Raw
    version: int = 1
    actor: str = ""
    trace: str = ""


class FactDecoder(msgspec.Struct, frozen=True):
    """What reads the payloads of one type and version of facts."""

    one: msgspec.json.Decoder[Any]
    many: msgspec.json.Decoder[list[Any]]
    """Of a JSON array of them."""


class Registry:
    """The domains of one engine, indexed for reading and writing events."""

    def __init__(self, domains: Sequence[Domain]) -> None:
        self.domains = tuple(domains)
        self.tables: dict[str, Table[Any]] = {}
        self._reducers: dict[type[Payload], Reducer] = {}
        self._types: dict[type[Payload], tuple[str, int]] = {}
        self._names: dict[type[Payload], Names] = {}
        self._decoders: dict[tuple[str, int], msgspec.json.Decoder[Any]] = {}
        self._fact_payloads: dict[tuple[str, int], type[Payload]] = {}
        self._fact_types: dict[type[Payload], tuple[str, int]] = {}
        self._fact_decoders: dict[tuple[str, int], FactDecoder] = {}
        for domain in self.domains:
            self._add(domain)

    def _add(self, domain: Domain) -> None:
        for table in domain.tables:
            assert table.name.startswith(f"{domain.name}."), table.name
            assert table.name not in self.tables, f"two tables are named {table.name}"
            self.tables[table.name] = table
        for payload, reducer in domain.reducers.items():
            name = (domain.event_type(payload), payload.VERSION)
            assert name not in self._decoders, f"two events are named {name}"
            self._types[payload] = name
            self._reducers[payload] = reducer
            self._decoders[name] = _decoder(payload)
        self._names.update(domain.names)
        if FactsFolded in domain.reducers:
            self._reducers[FactsFolded] = partial(facts_folded, tables=self.tables)
            self._reducers[FactsFoldedV2] = partial(facts_folded_and_dated, tables=self.tables)
        for payload, reducer in domain.facts.items():
            name = (domain.event_type(payload), payload.VERSION)
            assert name not in self._fact_decoders, f"two facts are named {name}"
            self._reducers[payload] = reducer
            self._fact_decoders[name] = _fact_decoder(payload)
            self._fact_types[payload] = name
            self._fact_payloads[name] = payload

    def reducer(self, payload: Payload) -> Reducer:
        """The reducer of this payload's class."""
        return self._reducers[type(payload)]

    def names(self, state: State, payload: Payload) -> Iterable[str]:
        """The stored objects that the event refers to, before it is folded."""
        names = self._names.get(type(payload))
        return names(state, payload) if names else ()

    def name(self, payload: Payload) -> tuple[str, int]:
        """Type and version of an event, as they stand in a commit."""
        return self._types[type(payload)]

    def encode(self, event: Event) -> WireEvent:
        """The event's wire form."""
        name, version = self._types[type(event.payload)]
        raw = msgspec.Raw(msgspec.json.encode(event.payload, order="sorted"))
        return WireEvent(name, raw, version, event.actor, event.trace)

    def decode(self, wire: WireEvent) -> Event | None:
        """The event, or None when this release does not know its type and version."""
        decoder = self._decoders.get((wire.type, wire.version))
        if decoder is None:
            return None
        payload = decoder.decode(wire.payload)
        if isinstance(payload, FactsFolded) and not self._knows_tables(payload):
            return None
        return Event(payload, wire.actor, wire.trace)

    def unknown(self, index: Index) -> WireEvent | None:
        """The first event or table of a snapshot that this release does not know, as an event."""
        known = self._decoders
        strange = [
            WireEvent(name, NOTHING, version)
            for name, version in index.events
            if (name, version) not in known
        ]
        strange += [WireEvent(name, NOTHING) for name in index.tables if name not in self.tables]
        return strange[0] if strange else None

    def fact_decoder(self, fact_type: str, version: int) -> FactDecoder | None:
        """What reads a fact of this type and version; None when this release does not know it."""
        return self._fact_decoders.get((fact_type, version))

    def fact_type(self, payload: type[Payload]) -> tuple[str, int]:
        """Type and version of a fact, as they stand in a lane."""
        return self._fact_types[payload]

    def is_open(self, fact_type: str, version: int) -> bool:
        """True when anybody may send such facts: they are declared open, or nobody knows them and a
        later release might open them. What a domain of ours without open facts may once be told is
        for our own processes.
        """
        payload = self._fact_payloads.get((fact_type, version))
        if payload is not None:
            return any(payload in domain.open_facts for domain in self.domains)
        name = fact_type.partition(".")[0]
        known = [domain for domain in self.domains if domain.name == name]
        return not known or bool(known[0].open_facts)

    def fact(self, payload: Payload) -> Fact:
        """What was observed, as it stands in a lane."""
        fact_type, version = self.fact_type(type(payload))
        raw = msgspec.Raw(msgspec.json.encode(payload))
        return Fact(type=fact_type, version=version, payload=raw)

    def _knows_tables(self, folded: FactsFolded) -> bool:
        """A fold into a table of a later release must not be snapshotted without its rows."""
        return all(changes.table in self.tables for changes in folded.changes)


@cache
def _decoder(payload: type[Payload]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(payload)


@cache
def _fact_decoder(payload: type[Payload]) -> FactDecoder:
    several: Any = list[payload]  # type: ignore[valid-type]
    return FactDecoder(_decoder(payload), msgspec.json.Decoder(several))


__all__ = ["FactDecoder", "Registry", "WireEvent"]
