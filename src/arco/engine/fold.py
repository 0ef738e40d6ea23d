"""Folding: events become changes, the only way state ever differs.

Law F4: replay and live use this function and no other. Must not know what any event means.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from arco.engine.registry import Registry, WireEvent
from arco.engine.tables import Overlay
from arco.model import Event, Misses


def fold(registry: Registry, overlay: Overlay, *, events: Iterable[Event]) -> None:
    """Lay the changes of `events` over the overlay, one event after the other.

    Raises: NotLoaded, for what any of them misses.
    """
    misses = Misses()
    for event in events:
        with misses:
            overlay.apply(list(registry.reducer(event.payload)(overlay, event.payload)))
    misses.settle()


def decode(registry: Registry, wires: Sequence[WireEvent]) -> tuple[list[Event], list[WireEvent]]:
    """The events this release knows, in order, and those it does not (law F7)."""
    known: list[Event] = []
    unknown: list[WireEvent] = []
    for wire in wires:
        event = registry.decode(wire)
        if event is None:
            unknown.append(wire)
        else:
            known.append(event)
    return known, unknown


__all__ = ["decode", "fold"]
