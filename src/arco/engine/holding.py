"""Holding a slot for as long as something reads it: a pin with an end, whatever happens to us.

Law L6: what the state at the slot refers to is not collected meanwhile. Must not know what reads.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

from arco.engine.database import Database
from arco.engine.pins import CreatePin, create_pin, drop_pin
from arco.errors import NotFound

HOLD_MAX = timedelta(days=7)
"""A holder that died is forgotten after this."""


@asynccontextmanager
async def held(database: Database, purpose: str) -> AsyncIterator[int]:
    """The newest slot, which stays readable inside, with everything that its state refers to.

    Cost: a commit before and one after.
    """
    slot = await database.refresh()
    name = f"{purpose}-{database.runtime.entropy(64):016x}"
    until = database.runtime.now() + HOLD_MAX
    command = CreatePin(name=name, slot=slot, expires_at=until, reason=f"{purpose} in flight")
    await database.transact(create_pin(command))
    try:
        yield slot
    finally:
        with suppress(NotFound):
            await database.transact(drop_pin(name))


__all__ = ["HOLD_MAX", "held"]
