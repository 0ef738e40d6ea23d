"""Pins on a server: slots that stay readable under a name."""

from __future__ import annotations

from collections.abc import Iterator

from arco.client.asking import Asked, Asker
from arco.client.operations import CREATE_PIN, DROP_PIN, SHOW_PINS
from arco.client.paging import paged
from arco.wire.pins import PinnedSlot, PinRequest


class Pins:
    """What is kept, however old it gets."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    def list(self) -> Iterator[PinnedSlot]:
        """Pins by name."""
        return paged(self._asker, SHOW_PINS, rows=lambda page: page.pins)

    def create(
        self,
        name: str,
        *,
        slot: int | None = None,
        expires_hours: float | None = None,
        reason: str = "",
        key: str = "",
    ) -> PinnedSlot:
        """The pin: it keeps the slot, without one the newest. Idempotent: by `key`, a UUIDv7."""
        body = PinRequest(name=name, slot=slot, expires_hours=expires_hours, reason=reason)
        return self._asker.ask(CREATE_PIN, Asked(body=body, key=key))

    def drop(self, name: str, *, key: str = "") -> bool:
        """Let the pin go: what only it kept becomes garbage. Raises: NotFound PIN_NOT_FOUND."""
        return self._asker.ask(DROP_PIN, Asked(place={"name": name}, key=key)).changed


__all__ = ["Pins"]
