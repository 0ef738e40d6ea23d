"""A database whose disk is full, or fails, for a while: it says so, keeps nothing half, and goes on
when the disk does. Law L2 and L3 through errors of the operating system.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from arco.engine import snapshot
from arco.engine.database import OUTCOME_SECONDS, Database
from arco.engine.domain import DOMAIN as ENGINE
from arco.engine.lanes.folder import Folder
from arco.engine.lanes.ingest import Ingester
from arco.engine.verify import Verifier
from arco.errors import Unavailable
from arco.model import State
from arco.runtime import AsyncioRuntime, run
from arco.store.folder import System
from arco.store.local import LocalStore
from arco.testing.ledger import LEDGER, NOTES, noted
from arco.testing.registry import REGISTRY, TOKENS, add

RUNTIME = AsyncioRuntime()
DOMAINS = (REGISTRY, LEDGER)
SILENCE_SECONDS = 0.2
HINT = "head.json"
TROUBLES = [
    (call, number)
    for call in ("write", "open", "link")
    for number in (errno.ENOSPC, errno.EDQUOT, errno.EIO)
]


class Kernel:
    """An operating system in which one call fails while `trouble` says so."""

    def __init__(self) -> None:
        self.trouble: tuple[str, int] | None = None

    def system(self) -> System:
        """The calls of a store."""
        healthy = System()
        calls = ("write", "open", "link")
        failing = {call: self._failing(call, getattr(healthy, call)) for call in calls}
        return msgspec.structs.replace(healthy, **failing)

    def _failing(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def called(*arguments: Any, **named: Any) -> Any:
            opens_to_read = name == "open" and not arguments[1] & (os.O_WRONLY | os.O_RDWR)
            if self.trouble and self.trouble[0] == name and not opens_to_read:
                raise OSError(self.trouble[1], os.strerror(self.trouble[1]))
            return call(*arguments, **named)

        return called


def tokens(state: State) -> set[str]:
    """What was carried out."""
    return {row.token for row in state.range(TOKENS)}


def reason(number: int) -> str:
    """What the operator reads."""
    return os.strerror(number) if number == errno.EIO else "is full"


def contents(root: Path) -> dict[str, bytes]:
    """Every object that a reader could find, but for the hint, which comes behind the answer."""
    found = (path for path in root.rglob("*") if path.is_file() and path.name != HINT)
    return {str(path): path.read_bytes() for path in found if ".arco-" not in path.name}


@pytest.mark.parametrize(("call", "number"), TROUBLES)
def test_a_disk_in_trouble_is_named_keeps_nothing_half_and_loses_nothing(
    tmp_path: Path, call: str, number: int
) -> None:
    kernel = Kernel()
    store = LocalStore(tmp_path, RUNTIME, system=kernel.system())

    async def story() -> None:
        database = await Database.open(store, RUNTIME, domains=DOMAINS, writer="a")
        await database.transact(add("orders", 1, token="before"))
        before = contents(tmp_path)
        kernel.trouble, database.outcome_seconds = (call, number), SILENCE_SECONDS
        with pytest.raises(Unavailable) as refused:
            await snapshot.publish(database)
        with pytest.raises(Unavailable) as unknown:
            await database.transact(add("orders", 1, token="during"))
        assert refused.value.hint and unknown.value.hint
        assert (refused.value.code, unknown.value.code) == ("STORE_FAULT", "OUTCOME_UNKNOWN")
        assert reason(number) in refused.value.message and reason(number) in unknown.value.message
        assert contents(tmp_path) == before
        kernel.trouble, database.outcome_seconds = None, OUTCOME_SECONDS
        await database.transact(add("orders", 1, token="during"))
        assert await snapshot.publish(database)
        ingester = Ingester(database)
        await ingester.append([noted("p", 0)])
        await ingester.close()
        while await Folder(database).step():
            pass
        await database.close()

    run(story())
    run(expect_everything_once(tmp_path))


async def expect_everything_once(root: Path) -> None:
    """What a process that starts now sees of it, and what a verification finds."""
    store = LocalStore(root, RUNTIME)
    database = await Database.open(store, RUNTIME, domains=DOMAINS, writer="b")
    assert await database.asked(tokens) == {"before", "during"}
    assert [row.times for row in await database.asked(lambda s: list(s.range(NOTES)))] == [1]
    assert (await Verifier(store, RUNTIME, (*DOMAINS, ENGINE)).run()).findings == ()
