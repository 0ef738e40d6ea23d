"""A trial of what this process may do in a store, on objects of its own that it removes again.

Each right is used once, in an order in which a missing one spoils no other answer. Must not know
what the objects of a workspace are.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec

from arco.errors import ArcoError
from arco.runtime import Runtime
from arco.service.findings import Finding, bad, doubtful, good, left_out, refused
from arco.store import keys
from arco.store.port import Store

BODY = b"arco doctor"
SKEW_SECONDS_MAX = 300.0
"""A request that names a time further ahead is refused, and so are signed requests before long."""
SKEW_SECONDS_NOTED = 30.0
TIME_HINT = "let a time service (chrony, systemd-timesyncd) set this machine's clock"
COLLECTS = "processes without this right work; whoever leads deletes what nothing needs, with it"
UNFIT = "use a service that creates an object only if its name is free (If-None-Match)"


class _Written(msgspec.Struct):
    """Between which two readings of our clock the store wrote, and what its own clock said."""

    asked_at: float = 0.0
    answered_at: float = 0.0
    modified_at: float | None = None


async def rights_found(store: Store, runtime: Runtime) -> AsyncIterator[Finding]:
    """A finding for each right, and one for the store's clock.

    Cost: about ten requests. What is written is deleted; where that is denied, the collector does.
    """
    folder = keys.probe_folder(f"{runtime.entropy(128):032x}")
    key, hint = f"{folder}object", f"{folder}hint"
    yield await _read_missing(store, key)
    written = _Written(asked_at=runtime.now().timestamp())
    created = await _created(store, key)
    written.answered_at = runtime.now().timestamp()
    yield created
    if created.fix:
        yield left_out("clock", "the store's clock shows on objects that are written")
        return
    yield await _read(store, key)
    yield await _listed(store, folder, written=written)
    yield await _overwritten(store, hint)
    yield await _deleted(store, [key, hint])
    yield _clock(written)


async def _read_missing(store: Store, key: str) -> Finding:
    try:
        found = await store.get(key)
    except ArcoError as error:
        return refused("look", error)
    if found is not None:
        return bad("look", "an object that nobody wrote is read", fix=UNFIT)
    return good("look", "an object that is not there is said to be missing")


async def _created(store: Store, key: str) -> Finding:
    try:
        # "Taken" is our own request, applied although its answer was lost: the name is ours.
        await store.create(key, BODY)
        if await store.create(key, b"another"):
            return bad("create", "a name that was taken was given away again", fix=UNFIT)
    except ArcoError as error:
        return refused("create", error)
    return good("create", "a free name is taken once")


async def _read(store: Store, key: str) -> Finding:
    try:
        found = await store.get(key, start=5)
    except ArcoError as error:
        return refused("get", error)
    if found != BODY[5:]:
        return bad("get", "what is read is not what was written", fix=UNFIT)
    return good("get", "objects and ranges of them are read")


async def _listed(store: Store, folder: str, *, written: _Written) -> Finding:
    try:
        entries = await store.list(folder)
    except ArcoError as error:
        return refused("list", error)
    if not entries:
        return bad("list", "an object that was just written is not listed", fix=UNFIT)
    written.modified_at = entries[0].modified_at
    return good("list", "a folder shows what is in it")


async def _overwritten(store: Store, key: str) -> Finding:
    try:
        await store.put(key, BODY)
        await store.put(key, BODY)
    except ArcoError as error:
        return doubtful("put", f"hints are not rewritten: {error.message}", fix=error.hint)
    return good("put", "hints are rewritten")


async def _deleted(store: Store, names: list[str]) -> Finding:
    try:
        for name in names:
            await store.delete(name)
        remaining = [name for name in names if await store.get(name) is not None]
    except ArcoError as error:
        left = f"{error.message}; {store.location(names[0])} stays until it is collected"
        return doubtful("delete", left, fix=f"{error.hint}; {COLLECTS}")
    if remaining:
        return bad("delete", "an object that was deleted is still read", fix=UNFIT)
    return good("delete", "what was written for this trial is gone")


def _clock(written: _Written) -> Finding:
    stamp = written.modified_at
    if stamp is None:
        return left_out("clock", "the store's clock shows on objects that are listed")
    # Many stores cut their times to whole seconds.
    ahead, behind = written.asked_at - (stamp + 1.0), stamp - written.answered_at
    skew = max(ahead, behind, 0.0)
    where = "ahead of" if ahead > behind else "behind"
    said = f"this machine's clock is {skew:,.0f} s {where} the store's"
    if skew > SKEW_SECONDS_MAX:
        return bad("clock", said, fix=TIME_HINT)
    if skew > SKEW_SECONDS_NOTED:
        return doubtful("clock", said, fix=TIME_HINT)
    return good("clock", f"this machine's clock agrees with the store's within {skew + 1:,.0f} s")


__all__ = ["rights_found"]
