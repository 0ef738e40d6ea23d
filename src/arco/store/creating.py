"""Creating an object under a name that nobody else will use, also when an answer is lost.

A log asks for as long as it takes, because others wait for its slot; what is created here concerns
one attempt, which may fail: the tries are few. Must not know what the bytes mean.
"""

from __future__ import annotations

from arco.runtime import Runtime
from arco.store.port import Store, StoreFault

TRIES = 4
RETRY_SECONDS = 0.1


async def create_patiently(store: Store, runtime: Runtime, *, key: str, data: bytes) -> bool:
    """True: the object is durable and ours. False: somebody else's has the name.

    Raises: StoreFault when the last of the tries had no definite answer either.
    Cost: 1 PUT; after a lost answer 1 more, and 1 GET when the first had arrived.
    """
    for tries in range(TRIES - 1):
        try:
            return await _created(store, key, data=data, is_known=tries == 0)
        except StoreFault as fault:
            if fault.fatal:
                raise
        await runtime.sleep(RETRY_SECONDS * 2**tries)
    return await _created(store, key, data=data, is_known=False)


async def create_alone(store: Store, runtime: Runtime, *, key: str, data: bytes) -> None:
    """The object is durable, under a name that nobody else can have.

    Raises: StoreFault when the last of the tries had no definite answer either, or the name is said
    to be taken and our bytes do not stand there.
    Cost: 1 PUT; after a lost answer 1 more, and 1 GET when the name is said to be taken.
    """
    fault = StoreFault(f"{key} is said to be taken, but what was written does not stand there")
    for tries in range(TRIES):
        try:
            if await _created(store, key, data=data, is_known=False):
                return
        except StoreFault as found:
            if found.fatal:
                raise
            fault = found
        if tries < TRIES - 1:
            await runtime.sleep(RETRY_SECONDS * 2**tries)
    raise fault


async def _created(store: Store, key: str, *, data: bytes, is_known: bool) -> bool:
    """`is_known`: nothing of ours can stand there yet."""
    if await store.create(key, data):
        return True
    if is_known or await store.get(key) != data:
        return False
    await store.confirm(key)
    return True


__all__ = ["RETRY_SECONDS", "TRIES", "create_alone", "create_patiently"]
