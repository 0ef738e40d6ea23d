"""A process that races others for names: `python -m tests.integration.racer STORE WHAT NAMES ME`.

It says `ready`, starts when it is told to, and prints for each name whether it is its own.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from arco.engine.database import Database
from arco.errors import AlreadyExists, Unavailable
from arco.runtime import AsyncioRuntime, Runtime, run
from arco.store.local import LocalStore
from arco.store.open import open_store
from arco.store.port import Store
from arco.testing.registry import REGISTRY, take_name

AT_ONCE = 20
OPENINGS = 20
Claim = Callable[[str], Awaitable[bool]]


async def race(store: Store, runtime: Runtime, *, what: str, names: int, me: str) -> None:
    """Every name is asked for once; some at a time, as by the requests of a server."""
    claim = await CLAIMS[what](store, runtime, me=me)
    print("ready", flush=True)
    sys.stdin.readline()
    won: dict[str, bool] = {}
    for start in range(0, names, AT_ONCE):
        some = [str(number) for number in range(start, min(start + AT_ONCE, names))]
        won |= dict(zip(some, await runtime.gather(map(claim, some)), strict=True))
    print(json.dumps(won), flush=True)


async def objects(store: Store, runtime: Runtime, *, me: str) -> Claim:
    """A name is an object's."""

    async def claim(name: str) -> bool:
        return await store.create(f"data/{name}", me.encode())

    return claim


async def decisions(store: Store, runtime: Runtime, *, me: str) -> Claim:
    """A name is a row's, and the token says whose."""
    database = await _database(store, runtime, me=me)

    async def claim(name: str) -> bool:
        while True:
            try:
                await database.transact(take_name(name, f"{me}-{name}"))
                return True
            except AlreadyExists:
                return False
            except Unavailable:
                # Its outcome is not known: it is asked again, with its token.
                await runtime.sleep(0.05)

    return claim


async def _database(store: Store, runtime: Runtime, *, me: str) -> Database:
    for _ in range(OPENINGS):
        try:
            return await Database.open(store, runtime, domains=[REGISTRY], writer=me)
        except Unavailable:
            await runtime.sleep(0.1)
    raise AssertionError("the database could not be opened")


CLAIMS: dict[str, Callable[..., Awaitable[Claim]]] = {"objects": objects, "decisions": decisions}


if __name__ == "__main__":
    place, what, names, me = sys.argv[1:]
    clock = AsyncioRuntime()
    opened = open_store(place, clock) if "://" in place else LocalStore(Path(place), clock)
    run(race(opened, clock, what=what, names=int(names), me=me))

__all__ = ["decisions", "objects", "race"]
