"""A process of one release on a store that processes of another release use, too.

`python -m tests.integration.release_program EARLIER|LATER PROJECT`: a command a line comes in, an
answer a line goes out. The later release is this one and a domain with one event more.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from arco.engine import snapshot
from arco.engine.database import Database
from arco.engine.domain import DOMAIN as ENGINE
from arco.engine.verify import Verifier
from arco.errors import ArcoError
from arco.model import Change, Decision, Domain, Event, Payload, Put, State, Table
from arco.orchestration.commands.deployments import (
    ChangeDynamicPartitions,
    add_dynamic_partitions,
)
from arco.orchestration.tables import DYNAMIC_PARTITIONS
from arco.runtime import AsyncioRuntime, run
from arco.service.settings import Settings
from arco.service.workspace import DOMAINS, open_scope

EARLIER, LATER = "earlier", "later"
RUNTIME = AsyncioRuntime()


class Wish(msgspec.Struct, frozen=True):
    """What somebody wished for."""

    name: str


class WishMade(Payload, frozen=True):
    """Somebody wished for something: the earlier release knows of no wishes."""

    name: str


WISHES = Table("wishes.wishes", Wish, ("name",))


def wish_made(state: State, event: WishMade) -> Iterator[Change]:
    """The wish stands."""
    yield Put(WISHES, Wish(event.name))


RELEASES = {
    EARLIER: DOMAINS,
    LATER: (*DOMAINS, Domain("wishes", (WISHES,), {WishMade: wish_made})),
}


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What a process knows."""

    seq: int
    values: list[str]
    """The dynamic partitions: an event of both releases adds one."""
    wishes: list[str] = []


def add(value: str) -> Decision:
    """A decision of both releases."""
    return add_dynamic_partitions(ChangeDynamicPartitions(name="regions", values=(value,)))


def wish(name: str) -> Decision:
    """A decision that only the later release makes."""

    def decide(state: State, now: datetime) -> Sequence[Event]:
        return [Event(WishMade(name=name))]

    return decide


def shown(state: State, seq: int, *, release: str) -> Shown:
    """What the state says."""
    values = [row.value for row in state.range(DYNAMIC_PARTITIONS, "regions")]
    wishes = [row.name for row in state.range(WISHES)] if release == LATER else []
    return Shown(seq=seq, values=values, wishes=wishes)


async def told(database: Database, line: str, *, release: str) -> Any:
    """The answer to one command."""
    verb, _, word = line.strip().partition(" ")
    match verb:
        case "add":
            return (await database.transact(add(word))).seq
        case "wish":
            return (await database.transact(wish(word))).seq
        case "snapshot":
            return await snapshot.publish(database)
        case "verify":
            verifier = Verifier(database.store, RUNTIME, (*RELEASES[release], ENGINE))
            return [finding.problem for finding in (await verifier.run()).findings]
        case _:
            seq = await database.refresh()
            return await database.asked(lambda state: shown(state, seq, release=release))


async def serve(release: str, project: Path) -> None:
    """Answer until nobody asks any more."""
    store = open_scope(Settings(directory=project), RUNTIME)
    database = await Database.open(store, RUNTIME, domains=RELEASES[release], writer=release)
    while line := await RUNTIME.thread(sys.stdin.readline):
        try:
            answer: Any = {"answer": await told(database, line, release=release)}
        except ArcoError as error:
            answer = {"refused": error.code}
        print(msgspec.json.encode(answer).decode(), flush=True)


if __name__ == "__main__":
    run(serve(sys.argv[1], Path(sys.argv[2])))
