"""What the leader and its Ray driver say to each other, and what a node is handed: frames of JSON.

Ray carries the bytes of an `Order` and of its answer, and never an object of anybody's code. Must
not know Ray.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from arco.execution.protocol import Offer
from arco.orchestration.outcomes import TaskError


class Order(msgspec.Struct, frozen=True):
    """What a node is handed."""

    offer: Offer
    """The attempt, as a worker service is offered it."""
    deployment: str
    """The present deployment: a process that loaded the project under another loads it anew."""


class Submit(msgspec.Struct, frozen=True, kw_only=True, tag="submit"):
    """Have this order performed by some node. One with the same dispatch id takes its place."""

    dispatch_id: str
    name: str
    """What Ray's own pages and logs call it."""
    cpus: float
    memory_bytes: int
    order: msgspec.Raw
    """An `Order`."""


class Release(msgspec.Struct, frozen=True, tag="release"):
    """Nobody waits for the attempt: take it out of Ray's queue, or end its process."""

    dispatch_id: str
    grace_seconds: float
    """How long it may take to end by itself."""


class Joined(msgspec.Struct, frozen=True, tag="joined"):
    """The driver is part of the cluster."""

    version: str
    """Of Ray."""
    nodes: int
    cpus: float
    memory_bytes: int


class NotJoined(msgspec.Struct, frozen=True, tag="not_joined"):
    """The driver could not become part of the cluster, and ends."""

    error: TaskError


class Parted(msgspec.Struct, frozen=True, tag="parted"):
    """Ray has the attempt no more."""

    dispatch_id: str
    error: TaskError | None = None
    """None: the node says that a server heard how it ended."""


ToDriver: TypeAlias = Submit | Release
FromDriver: TypeAlias = Joined | NotJoined | Parted

__all__ = ["FromDriver", "Joined", "NotJoined", "Order", "Parted", "Release", "Submit", "ToDriver"]
