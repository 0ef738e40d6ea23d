"""Points at which a process can be made to die: before or after a named operation of its store.

The process runs the code that production runs; only the store it is handed is wrapped. Must not
know what the process does.
"""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Awaitable, Callable, Iterable, Iterator
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from arco.engine.commit import decode_commit
from arco.store.port import Store
from arco.store.scoped import ScopedStore
from arco.testing.stores import WRITES, Call, WrappedStore

T = TypeVar("T")
LOG_KIND = "log"
PAYLOAD_KIND = "log naming a payload"
KINDS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), kind)
    for pattern, kind in (
        (r"FORMAT\.json\Z", "format"),
        (r"head\.json\Z", "head hint"),
        (r"lead\.(json|lock)\Z", "lead beat"),
        (r"log/", LOG_KIND),
        (r"payload/", "payload"),
        (r"data/search/", "search file"),
        (r"data/.*\.parquet\Z", "snapshot file"),
        (r"data/", "snapshot index"),
        (r"lanes/roster/", "roster"),
        (r"lanes/", "lane batch"),
        (r"logs/", "task log"),
        (r"warehouse/[^/]+/_delta_log/", "delta entry"),
        (r"warehouse/[^/]+/_file_lists/", "file list"),
        (r"warehouse/[^/]+/_prepared/", "prepared entry"),
        (r"warehouse/", "data file"),
        (r"certificates/", "certificate"),
    )
)
SCOPE = re.compile(r"tenant=[^/]+/workspace=([^/]+)/")
MAIN = "main"


class Moment(Enum):
    """When the process dies."""

    BEFORE = "before"
    """The store has not been asked."""
    AFTER = "after"
    """The store has acted and answered; nobody in the process has heard it."""


class Failpoint(msgspec.Struct, frozen=True, order=True):
    """The first operation of this verb on an object of this kind."""

    verb: str
    kind: str
    moment: Moment = Moment.BEFORE

    def __str__(self) -> str:
        return f"{self.moment.value} {self.verb} {self.kind}"


class StoppingStore(WrappedStore):
    """Ends the process at its point, the first time it is reached.

    `reached`: each verb and kind that was asked, in order; False for what was asked together with
    another of them.
    """

    def __init__(
        self, store: Store, point: Failpoint | None, stop: Callable[[], None] | None = None
    ) -> None:
        super().__init__(store)
        self._point = point
        self._stop = stop or die
        self._committed: dict[str, tuple[str, ...]] = {}
        self.reached: dict[tuple[str, str], bool] = {}

    async def create(self, key: str, data: bytes) -> bool:
        # What a slot is called hangs on what it says, which `around` is not told.
        self._committed = {key: kinds_of(key, data)}
        return await super().create(key, data)

    async def around(self, call: Call, answer: Callable[[], Awaitable[T]]) -> T:
        """The answer, unless the process ends."""
        kinds = self._committed.pop(call.key, None) if call.verb == "create" else None
        found = kinds or kinds_of(call.key)
        fresh = [kind for kind in found if (call.verb, kind) not in self.reached]
        # What stands in one slot happens in one moment: it is one point.
        self.reached.update({(call.verb, kind): kind == fresh[0] for kind in fresh})
        self._pass(Moment.BEFORE, call.verb, kinds=found)
        result = await answer()
        self._pass(Moment.AFTER, call.verb, kinds=found)
        return result

    def _pass(self, moment: Moment, verb: str, *, kinds: tuple[str, ...]) -> None:
        if any(Failpoint(verb, kind, moment) == self._point for kind in kinds):
            self._stop()


def kinds_of(key: str, data: bytes = b"") -> tuple[str, ...]:
    """What sort of object a name stands for; a new slot also by the events it holds.

    >>> kinds_of("tenant=a/workspace=main/lanes/roster/00000000000000000000.json")
    ('roster',)
    """
    scope = SCOPE.match(key)
    inside = key[scope.end() :] if scope else key
    kind = next((kind for pattern, kind in KINDS if pattern.match(inside)), "other")
    if scope and scope[1] != MAIN:
        return (f"{kind} of workspace {scope[1]}",)
    if kind != LOG_KIND or not data:
        return (kind,)
    commit = decode_commit(data, int(Path(key).stem))
    payload = (PAYLOAD_KIND,) if commit.events_payload else ()
    types = dict.fromkeys(wire.type for wire in commit.events)
    return (*payload, *(f"{LOG_KIND} {name}" for name in types)) or (LOG_KIND,)


def points(reached: Iterable[tuple[str, str]]) -> Iterator[Failpoint]:
    """Both moments of everything that changes the store: between two of them, nothing is lost
    that the other one does not lose.
    """
    for verb, kind in reached:
        if verb in WRITES:
            yield from (Failpoint(verb, kind, moment) for moment in Moment)


def stop_by_file(path: Path) -> None:
    """This process ends at the point that the file names, which is removed first: the process
    that is started in its place goes on. No file: nothing happens.
    """
    if not path.exists():
        return
    point = msgspec.json.decode(path.read_bytes(), type=Failpoint)
    create = ScopedStore.create

    async def stopping(store: ScopedStore, *written: Any) -> bool:
        def stop() -> None:
            path.unlink()
            die()

        one = StoppingStore(_Create(store, create), point, stop)
        return await one.create(*written)

    ScopedStore.create = stopping  # type: ignore[assignment, method-assign]


class _Create(WrappedStore):
    """A scoped store whose `create` is the one it had before."""

    def __init__(
        self, store: ScopedStore, create: Callable[[ScopedStore, str, bytes], Awaitable[bool]]
    ) -> None:
        super().__init__(store)
        self._scoped = store
        self._before = create

    async def create(self, key: str, data: bytes) -> bool:
        return await self._before(self._scoped, key, data)


def die() -> None:
    """The process ends as by `kill -9`: nothing of it runs any more."""
    os.kill(os.getpid(), signal.SIGKILL)


__all__ = [
    "KINDS",
    "Failpoint",
    "Moment",
    "StoppingStore",
    "die",
    "kinds_of",
    "points",
    "stop_by_file",
]
