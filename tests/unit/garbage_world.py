"""An engine on a clock that a test moves, with everything that collects its snapshot files."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from arco.engine import snapshot
from arco.engine.collect import Pass, collect, survey
from arco.engine.database import Database
from arco.engine.domain import DOMAIN as ENGINE
from arco.engine.retention import Policy, begin_pass
from arco.engine.snapshot_files import snapshot_files
from arco.engine.verify import Verifier
from arco.runtime import AsyncioRuntime
from arco.store.memory import MemoryStore
from arco.store.port import Store
from arco.testing.registry import NAMES, REGISTRY, take_name

HOUR = timedelta(hours=1)
POLICY = Policy(window=24 * HOUR, snapshots_newest=2, snapshots_daily=0, grace=HOUR, delay=HOUR)


class MovedClock(AsyncioRuntime):
    """Real time, moved ahead as far as a test says."""

    def __init__(self) -> None:
        super().__init__()
        self.ahead = timedelta()

    def now(self) -> datetime:
        return super().now() + self.ahead


class Garden:
    """One workspace and the hands that tend it."""

    def __init__(self, policy: Policy = POLICY) -> None:
        self.clock = MovedClock()
        self.store: Store = MemoryStore(self.clock)
        self.policy = policy

    async def opened(self, store: Store | None = None) -> Database:
        """A process of its own."""
        return await Database.open(
            store or self.store, self.clock, domains=[REGISTRY], writer="test"
        )

    def wait(self, **more: float) -> None:
        """Time passes."""
        self.clock.ahead += timedelta(**more)

    async def collect(self, database: Database) -> Pass:
        """One pass."""
        return await collect(
            database,
            [snapshot_files(database, self.policy)],
            policy=self.policy,
            begin=begin_pass(self.policy),
        )

    async def survey(self, database: Database) -> Pass:
        """What a pass would do."""
        return await survey(
            database,
            [snapshot_files(database, self.policy)],
            policy=self.policy,
            begin=begin_pass(self.policy),
        )

    async def files(self) -> set[str]:
        """Every object below `data/`."""
        return {entry.key for entry in await self.store.list("data/")}

    async def problems(self) -> Sequence[str]:
        """What a full verification finds."""
        report = await Verifier(self.store, self.clock, [REGISTRY, ENGINE]).run()
        return [finding.problem for finding in report.findings]

    async def grow(self, database: Database, *names: str) -> None:
        """Each name is taken and followed by a snapshot."""
        for name in names:
            await database.transact(take_name(name, f"token-{name}"))
            assert await snapshot.publish(database)


async def names_in(database: Database) -> list[str]:
    """The names that are taken."""
    return await database.asked(lambda state: [row.name for row in state.range(NAMES)])


def with_policy(**changes: object) -> Policy:
    """The policy of the tests, changed."""
    return msgspec.structs.replace(POLICY, **changes)


__all__ = ["HOUR", "POLICY", "Garden", "MovedClock", "names_in", "with_policy"]
